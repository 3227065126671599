"""POST /sync: one round trip. What it says is in `sync/PROTOCOL.md`; what it decides is elsewhere."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from sync.ids import is_id
from sync.schema import schema_hash

from . import record
from .accept import accept_operations
from .pull import Cursor, StartAgain, count_rows, pull, read_cursor, stamp

PROTOCOL = 1
MOST_BYTES = 1_000_000
MOST_OPERATIONS = 1_000
# Level 5 gives nearly the size of 9 at a third of the time.
GZIP_LEVEL = 5


class Refuse(Exception):
    def __init__(self, status: int, error: str, reason: str = "") -> None:
        self.response = JSONResponse({"error": error} | ({"reason": reason} if reason else {}), status)


async def sync(request: Request, firm) -> Response:
    from .request import signed_in

    session = signed_in(request, firm)
    try:
        asked = await _read(request)
        with firm.read(session.user_id) as db:
            cursor = read_cursor(asked["cursor"], firm.epoch, session.user_id, record.current_seq(db))
    except Refuse as refuse:
        return refuse.response
    except StartAgain:
        return JSONResponse({"error": "start_again"}, 409)
    skew_ms = firm.clock() - asked["clock"] if "clock" in asked else 0
    ops = asked["ops"]
    outcomes = []
    if ops:
        known = cursor.since if asked["cursor"] else None
        job = lambda db: accept_operations(  # noqa: E731
            db, firm, session.user_id, session.device_id, ops, skew_ms, known
        )
        outcomes = await firm.write(job)
    lines = await run_in_threadpool(_answer, firm, session.user_id, asked["cursor"], outcomes)
    return _stream(request, lines)


# --- the request -------------------------------------------------------------------------------------


async def _read(request: Request) -> dict:
    body = await _body(request)
    try:
        asked = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Refuse(400, "malformed", f"not JSON: {error}") from None
    _check_shape(asked)
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


def _check_shape(asked: object) -> None:
    def need(is_so: bool, why: str) -> None:
        if not is_so:
            raise Refuse(400, "malformed", why)

    need(isinstance(asked, dict), "the request is a JSON object")
    if asked.get("protocol") != PROTOCOL:
        need(isinstance(asked.get("protocol"), int), "protocol is a number")
        raise Refuse(426, "too_old")
    need(isinstance(asked.get("cursor"), str), "cursor is text")
    need(isinstance(asked.get("clock", 0), int), "clock is a number of milliseconds")
    ops = asked.get("ops")
    need(isinstance(ops, list), "ops is a list")
    if len(ops) > MOST_OPERATIONS:
        raise Refuse(413, "too_large")
    for number, op in enumerate(ops):
        need(isinstance(op, dict) and is_id(op.get("id")), f"operation {number} has no id")
        need(isinstance(op.get("group"), str | None), f"operation {number}: group is an id")


# --- the answer --------------------------------------------------------------------------------------


def _answer(firm, user_id: str, cursor_text: str, outcomes: list[dict]) -> Iterable[str]:
    """The lines to send. Read after the operations are in force, so that their rows are among them."""
    with firm.read(user_id) as db:
        cursor = read_cursor(cursor_text, firm.epoch, user_id, record.current_seq(db))
        rows = count_rows(db) if cursor_text == "" else 0
    return _lines(firm, user_id, cursor, rows, outcomes)


def _lines(firm, user_id: str, cursor: Cursor, rows: int, outcomes: list[dict]) -> Iterator[str]:
    hello = {
        "protocol": PROTOCOL,
        "epoch": firm.epoch,
        "schema": schema_hash(),
        "user": user_id,
        "timezone": firm.timezone,
        "now": firm.clock(),
        "rows": rows,
    }
    yield _json({"hello": hello})
    for outcome in outcomes:
        yield _json({"outcome": outcome})
    yield from pull(lambda: firm.read(user_id), cursor, stamp(firm.epoch, user_id))


def _json(value: dict) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def _stream(request: Request, lines: Iterable[str]) -> StreamingResponse:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    encoded: Iterable[bytes] = (line.encode() for line in lines)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        encoded = _gzip(encoded)
    return StreamingResponse(encoded, media_type="application/x-ndjson", headers=headers)


def _gzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Compress a stream, flushing where it has grown: a slow line shows progress, a small answer stays one piece."""
    deflate = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, 31)
    pending = 0
    for chunk in chunks:
        pending += len(chunk)
        piece = deflate.compress(chunk)
        if pending > 65_536:
            piece += deflate.flush(zlib.Z_SYNC_FLUSH)
            pending = 0
        if piece:
            yield piece
    yield deflate.flush()
