"""POST /sync: one round trip. What it says is in `sync/PROTOCOL.md`; what it decides is elsewhere."""

from __future__ import annotations

import hashlib
import itertools
import json
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from sync.ids import is_id
from sync.schema import schema_hash
from sync.values import LARGEST

from . import collect, holding, record
from .accept import accept_operations
from .packing import encoding_for, packed
from .pull import ROWS_IN_A_CHUNK, Cursor, StartAgain, count_rows, pull, read_cursor, stamp
from .upgrade import trial
from .writer import Job

PROTOCOL = 1
MOST_BYTES = 1_000_000
MOST_OPERATIONS = 1_000
FEWEST_ROWS_IN_A_CHUNK = 100
# What fits is sent in one piece with its length; more is streamed as it is read.
WHOLE_BYTES = 32_768
# Below this, compression's own bytes and headers are no smaller.
SMALL_BYTES = 1_000
# So long an answer waits for the replica: most are then told that all is safe, and need not hear it another time.
SETTLE_S = 0.2


class Refuse(Exception):
    def __init__(self, status: int, error: str, reason: str = "") -> None:
        # A reason repeats what was sent, which may be no text at all.
        told = {"reason": reason.encode(errors="replace").decode()} if reason else {}
        self.response = JSONResponse({"error": error} | told, status)


@dataclass(frozen=True)
class Asked:
    """What a device sends, as PROTOCOL.md has it. clock 0: it does not say what its clock shows."""

    cursor: str
    known: str = ""
    chunk: int = ROWS_IN_A_CHUNK
    clock: int = 0
    ops: tuple[dict, ...] = ()
    schema: str = ""
    unsent: int | None = None


async def sync(request: Request, firm) -> Response:
    from .request import signed_in_or_leaving

    session = signed_in_or_leaving(request, firm)
    try:
        asked = _asked(await read_json(request))
        request.state.told = asked.schema, asked.unsent
        outcomes = await _judged(firm, session.user_id, session.device_id, asked)
        if asked.ops:
            await firm.offsite.settle(SETTLE_S)
        word = getattr(request.state, "wipe", "")
        return await respond(request, firm, lambda: answer(firm, session.user_id, asked, outcomes, word))
    except Refuse as refuse:
        return refuse.response
    except StartAgain:
        return JSONResponse({"error": "start_again"}, 409)


async def _judged(firm, user_id: str, device_id: str, asked: Asked) -> list[dict]:
    since = known_seq(firm, user_id, asked)
    if not asked.ops:
        return []
    return await firm.write(judging(firm, user_id, device_id, asked, since))


def known_seq(firm, user_id: str, asked: Asked) -> int | None:
    """The sequence number that the device knows of. Raises StartAgain."""
    with firm.look() as db:
        cursor = _cursor(firm, db, user_id, asked.cursor)
    return cursor.since if asked.cursor else None


def judging(firm, user_id: str, device_id: str, asked: Asked, since: int | None) -> Job:
    """The writer job that judges what a device sent."""
    skew_ms = firm.clock() - asked.clock if asked.clock else 0
    return lambda db: accept_operations(db, firm, user_id, device_id, list(asked.ops), skew_ms, since)


def _cursor(firm, db, user_id: str, text: str, window_ms: int = holding.EVERYTHING) -> Cursor:
    seq = record.current_seq(db)
    return read_cursor(text, firm.epoch, user_id, seq, window_ms, collect.collected_seq(db))


# --- the request -------------------------------------------------------------------------------------


async def read_json(request: Request) -> dict:
    body = await _body(request)
    try:
        asked = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Refuse(400, "malformed", f"not JSON: {error}") from None
    need(isinstance(asked, dict), "the request is a JSON object")
    if asked.get("protocol") != PROTOCOL:
        need(isinstance(asked.get("protocol"), int), "protocol is a number")
        raise Refuse(426, "too_old")
    need(isinstance(asked.get("cursor"), str), "cursor is text")
    return asked


async def _body(request: Request) -> bytes:
    """The body, decompressed, never more than MOST_BYTES of it in memory."""
    gzipped = request.headers.get("content-encoding", "") == "gzip"
    inflate = zlib.decompressobj(31) if gzipped else None
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += inflate.decompress(chunk, MOST_BYTES + 1) if inflate else chunk
            if len(body) > MOST_BYTES or (inflate and inflate.unconsumed_tail):
                raise Refuse(413, "too_large")
    except zlib.error:
        raise Refuse(400, "malformed", "the body is not gzip") from None
    except ClientDisconnect:
        raise Refuse(400, "malformed", "the request was cut") from None
    return bytes(body)


def need(is_so: bool, why: str) -> None:
    if not is_so:
        raise Refuse(400, "malformed", why)


def _asked(asked: dict) -> Asked:
    known, clock = asked.get("known", ""), asked.get("clock", 0)
    chunk, ops = asked.get("chunk", ROWS_IN_A_CHUNK), asked.get("ops", [])
    need(isinstance(known, str), "known is text")
    need(_is_whole(clock), "clock is a number of milliseconds")
    need(
        _is_whole(chunk) and FEWEST_ROWS_IN_A_CHUNK <= chunk <= ROWS_IN_A_CHUNK,
        f"chunk is a number from {FEWEST_ROWS_IN_A_CHUNK} to {ROWS_IN_A_CHUNK}",
    )
    need(isinstance(ops, list), "ops is a list")
    if len(ops) > MOST_OPERATIONS:
        raise Refuse(413, "too_large")
    for number, op in enumerate(ops):
        need(isinstance(op, dict) and is_id(op.get("id")), f"operation {number} has no id")
        need(isinstance(op.get("group"), str | None), f"operation {number}: group is an id")
    schema, unsent = asked.get("schema", ""), asked.get("unsent")
    need(isinstance(schema, str), "schema is text")
    need(unsent is None or (_is_whole(unsent) and unsent >= 0), "unsent is a number")
    return Asked(asked["cursor"], known, chunk, clock, tuple(ops), schema[:80], unsent)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST


# --- the answer --------------------------------------------------------------------------------------


def answer(firm, user_id: str, asked: Asked, outcomes: list[dict], wipe: str = "") -> Iterator[str]:
    """The lines to send. Read after the operations are in force, so that their rows are among them.

    wipe: the word of a device that is to be emptied once it has brought what it has.

    Raises StartAgain before the first line.
    """
    holds = holding.decide(firm, user_id)
    with firm.look() as db:
        seq = record.current_seq(db)
        cursor = _cursor(firm, db, user_id, asked.cursor, holds.window_ms)
        hello = _hello(firm, db, user_id, holds, wipe)
    if asked.cursor == "":
        hello["rows"] = _rows_to_come(firm, user_id, holds)
    safe = trial.safe_seq(firm.path, firm.offsite.safe_seq(seq))
    lines = pull(
        lambda: firm.read(user_id),
        cursor,
        stamp(firm.epoch, user_id),
        asked.chunk,
        safe if safe < seq else None,
        firm.measures.note_rows,
    )
    is_known = asked.cursor != "" and asked.known == hello["key"]
    greeting = [] if is_known else [as_line({"hello": hello})]
    return itertools.chain(greeting, (as_line({"outcome": _briefly(outcome)}) for outcome in outcomes), lines)


def _briefly(outcome: dict) -> dict:
    """Outcomes are in the order of the operations: an id would only be said again."""
    return {name: value for name, value in outcome.items() if name != "id" and value not in (None, "", {})}


def _rows_to_come(firm, user_id: str, holds: holding.Holding) -> int:
    if holds.rows is not None:
        return holds.rows
    with firm.read(user_id) as db:
        return count_rows(db, holds.window_ms)


def _hello(firm, db, user_id: str, holds: holding.Holding, wipe: str = "") -> dict:
    hello = {
        "protocol": PROTOCOL,
        "epoch": firm.epoch,
        "schema": schema_hash(),
        "user": user_id,
        "timezone": firm.timezone,
        "window_ms": None if holds.window_ms == holding.EVERYTHING else holds.window_ms,
    }
    if holds.is_part:
        hello["accounts"] = [holds.accounts_held, holds.accounts_visible]
    if not db.execute("SELECT 1 FROM main.user WHERE id = ? AND is_active = 1 AND deleted = 0", (user_id,)).fetchone():
        hello["farewell"] = True
    if wipe:
        # A release that knows of no wipe takes leave, which is nearly the same.
        hello |= {"farewell": True, "wipe": wipe}
    return hello | {"key": hashlib.sha256(as_line(hello).encode()).hexdigest()[:8]}


def as_line(value: dict) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


async def respond(request: Request, firm, lines_of) -> Response:
    """Send lines as they are made; the few of an ordinary round are sent whole, with their length."""
    accepted = encoding_for(request.headers.get("accept-encoding", ""))
    pieces, encoding, is_all = await firm.pull(lambda: _pieces(lines_of, accepted))
    # The charset would be said again in every answer; JSON has but one.
    headers = {"Cache-Control": "no-store", "Content-Type": "application/x-ndjson"}
    if encoding:
        headers["Content-Encoding"] = encoding
    if is_all:
        return Response(b"".join(pieces), headers=headers)
    return StreamingResponse(_made(firm, pieces), headers=headers | {"X-Accel-Buffering": "no"})


def _pieces(lines_of, encoding: str) -> tuple[Iterable[bytes], str, bool]:
    """What to send, how it is encoded, and whether that is all of it, made already."""
    lines, first, is_all = _first_bytes(lines_of)
    if is_all and len(first) < SMALL_BYTES:
        encoding = ""
    pieces: Iterable[bytes] = itertools.chain([first], (line.encode() for line in lines))
    if encoding:
        pieces = packed(encoding, pieces)
    return (list(pieces) if is_all else pieces), encoding, is_all


def _first_bytes(lines_of) -> tuple[Iterator[str], bytes, bool]:
    """The lines that are left, the first ones as bytes, and whether these are all."""
    lines, first = lines_of(), bytearray()
    for line in lines:
        first += line.encode()
        if len(first) > WHOLE_BYTES:
            return lines, bytes(first), False
    return lines, bytes(first), True


async def _made(firm, pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    """Each piece made in a thread when the one before has gone out."""
    waiting = iter(pieces)
    while (piece := await firm.pull(lambda: next(waiting, None))) is not None:
        yield piece

