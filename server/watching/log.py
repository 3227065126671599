"""The log: one line a thing that happened, as JSON for machines or as text for people. It names nobody.

A line holds what code says in its own words, never what somebody typed: no values of an exception but those that are
known to hold none, no local variables, no query strings, no addresses with ids in them.  Lines are written by a
thread of their own: whoever reads them slowly holds up no answer, and what does not fit is counted.

    setup("json", sys.stderr)
"""

from __future__ import annotations

import json
import logging
import queue
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path

from server.database import sqlite3

from .hidden import hidden
from .request_id import current

ROOT = str(Path(__file__).parents[2]) + "/"
OWN = ("server", "sync", "web")
# Attributes of a record that become fields of its line, in this order.
FIELDS = ("method", "route", "status", "ms", "bytes", "firm")
# Their messages name types, columns and attributes, not what is in them. A class of ours may say the same of itself
# with `is_fit_for_logs = True`.
SAYS_NO_VALUES = (sqlite3.Error, TypeError, AttributeError, NameError, ImportError, MemoryError, RecursionError)
# What waits to be written; more is dropped and counted.
MOST_WAITING = 10_000
CLOSING_S = 2.0


def setup(kind: str, stream=None) -> Lines:
    """All loggers of the process write to this stream, from now on. kind: 'json' or 'text'."""
    handler = Lines(stream or sys.stderr, _as_json if kind == "json" else _as_text)
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
        if isinstance(old, Lines):
            old.close()
    root.addHandler(handler)
    # Libraries speak of addresses that they ask for: only what they warn of is wanted.
    root.setLevel(logging.WARNING)
    for name in OWN:
        logging.getLogger(name).setLevel(logging.INFO)
    logging.captureWarnings(True)
    threading.excepthook = _thread_failed
    return handler


def is_on_terminal(stream=None) -> bool:
    return (stream or sys.stderr).isatty()


def _thread_failed(args: threading.ExceptHookArgs) -> None:
    logging.getLogger("server").error("a thread failed", exc_info=(args.exc_type, args.exc_value, args.exc_traceback))


class Lines(logging.Handler):
    """Keeps lines until they are written; says how many it had to drop."""

    def __init__(self, stream, form) -> None:
        super().__init__()
        self._stream, self._form = stream, form
        self._waiting: queue.SimpleQueue[dict | threading.Event | None] = queue.SimpleQueue()
        self._dropped = 0
        self._thread = threading.Thread(target=self._write_all, name="log", daemon=True)
        self._thread.start()

    # logging's own lock is not needed: the queue has one.
    def createLock(self) -> None:
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        if self._waiting.qsize() >= MOST_WAITING:
            self._dropped += 1
            return
        try:
            self._waiting.put(line_of(record))
        except Exception:  # a message that cannot be made must not fail what it tells of
            self._waiting.put({"time": record.created, "level": "error", "message": "a line of the log was unfit"})

    def close(self) -> None:
        if self._thread.is_alive():
            self._waiting.put(None)
            self._thread.join(CLOSING_S)
        super().close()

    def flush(self) -> None:
        """Wait until what was said so far is written."""
        done = threading.Event()
        self._waiting.put(done)
        done.wait(CLOSING_S)

    def _write_all(self) -> None:
        is_open = True
        while is_open:
            lines = [self._waiting.get()]
            with suppress(queue.Empty):
                while len(lines) < 256:
                    lines.append(self._waiting.get_nowait())
            is_open = None not in lines
            if self._dropped:
                dropped, self._dropped = self._dropped, 0
                lines.append({"time": time.time(), "level": "warning", "message": f"{dropped} lines were dropped"})
            # Whoever read the lines has gone: nothing else can be done about it.
            with suppress(OSError, ValueError):
                self._stream.write("".join(self._form(line) for line in lines if isinstance(line, dict)))
                self._stream.flush()
            for line in lines:
                if isinstance(line, threading.Event):
                    line.set()


def line_of(record: logging.LogRecord) -> dict:
    """What a line says, in order."""
    line = {
        "time": record.created,
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": _message(record),
        # A stream may end in a task that is of no request.
        "request_id": record.__dict__.get("request_id") or current.get(),
    }
    if not line["request_id"]:
        del line["request_id"]
    for name in FIELDS:
        if name in record.__dict__:
            line[name] = record.__dict__[name]
    if record.exc_info and record.exc_info[1]:
        line["error"] = told(record.exc_info[1])
    return line


def _message(record: logging.LogRecord) -> str:
    said = record.getMessage()
    if record.name.partition(".")[0] not in OWN:
        # What others add below their first line are the values of what failed.
        said = said.partition("\n")[0]
    return hidden(said)


def told(error: BaseException) -> list[str]:
    """An exception and those that led to it, last first: kind and places in the code, no values."""
    lines, seen = [], set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        lines.append(_kind(error))
        lines += [
            f"  {frame.filename.removeprefix(ROOT)}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__, limit=-30)
        ]
        if isinstance(error, BaseExceptionGroup):
            lines += [f"  | {line}" for one in error.exceptions for line in told(one)]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return lines


def _kind(error: BaseException) -> str:
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    if isinstance(error, OSError):
        return f"{kind}: {error.strerror}" if error.strerror and isinstance(error.errno, int) else kind
    if isinstance(error, SAYS_NO_VALUES) or getattr(error, "is_fit_for_logs", False):
        return f"{kind}: {hidden(str(error))}"
    return kind


def _as_json(line: dict) -> str:
    return json.dumps(line | {"time": _time(line["time"])}, ensure_ascii=False, separators=(",", ":")) + "\n"


def _as_text(line: dict) -> str:
    """For a person at a terminal."""
    shown = [f"{name}={line[name]}" for name in (*FIELDS, "request_id") if line.get(name, "") != ""]
    words = [_time(line["time"]), f"{line['level']:7}", line["message"], *shown]
    return " ".join(words) + "\n" + "".join(f"    {one}\n" for one in line.get("error", ()))


def _time(at_s: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at_s)) + f".{int(at_s % 1 * 1000):03}Z"
