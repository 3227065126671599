"""What the server writes to its log while a test runs, as the lines it would write: for tests of what may stand there.

with logged() as lines:
    …
    assert "secret" not in lines.text()
"""

from __future__ import annotations

import io
import json
import logging
import threading
from contextlib import contextmanager

from server.watching import log


class Lines:
    def __init__(self, stream: io.StringIO, handler: log.Lines) -> None:
        self._stream, self._handler = stream, handler

    def text(self) -> str:
        self._handler.flush()
        return self._stream.getvalue()

    def all(self) -> list[dict]:
        return [json.loads(line) for line in self.text().splitlines()]

    def requests(self) -> list[dict]:
        return [line for line in self.all() if line["logger"] == "server.request"]


@contextmanager
def logged(kind: str = "json"):
    """The log of everything in this process, from now to the end; how it was before comes back."""
    root, hook = logging.getLogger(), threading.excepthook
    handlers, level = list(root.handlers), root.level
    levels = {name: logging.getLogger(name).level for name in log.OWN}
    stream = io.StringIO()
    handler = log.setup(kind, stream)
    try:
        yield Lines(stream, handler)
    finally:
        handler.close()
        root.handlers[:] = handlers
        root.setLevel(level)
        for name, before in levels.items():
            logging.getLogger(name).setLevel(before)
        logging.captureWarnings(False)
        threading.excepthook = hook
