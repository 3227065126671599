"""/uploads: files come in pieces, by tus 1.0.0 with creation, expiration and checksum.

One that was cut goes on at the byte where it stopped, for seven days.  The bytes may come before their row or after it.
Nothing is judged here but the pieces; what a complete file is, `taking` says.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import formatdate

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server.request import signed_in_or_leaving
from sync.file_kind import MOST_BYTES
from sync.ids import RANDOM_BYTES, uuid7
from sync.values import Refused
from web.reasons import REASONS

from ..upgrade import trial
from . import known, taking
from .store import NoRoom, WrongHash, store_of

TUS = {"Tus-Resumable": "1.0.0", "Cache-Control": "no-store"}
ABILITIES = {
    "Tus-Version": "1.0.0",
    "Tus-Extension": "creation,expiration,checksum",
    "Tus-Checksum-Algorithm": "sha256",
    "Tus-Max-Size": str(MOST_BYTES),
}
LIFE_MS = 7 * 86_400_000
AT_ONCE = 256_000
MOST_ASKED = 100
# How long one that comes again waits for what is left of the connection that broke.
PATIENCE_S = 5
SETTLE_S = 2.0


class Refusal(Exception):
    def __init__(self, status: int, code: str, **headers: str) -> None:
        super().__init__(code)
        self.answer = _refuse(status, code, headers)


class Taken:
    """Which uploads are being written to now: one connection at a time, the newest."""

    def __init__(self) -> None:
        self._by_id: dict[str, tuple[asyncio.Event, asyncio.Event]] = {}

    @asynccontextmanager
    async def hold(self, upload_id: str) -> AsyncIterator[asyncio.Event]:
        """Gives an event: somebody else wants it. Raises Refusal (423) where the one before does not let go."""
        if upload_id in self._by_id:
            wanted, free = self._by_id[upload_id]
            wanted.set()
            try:
                await asyncio.wait_for(free.wait(), PATIENCE_S)
            except TimeoutError:
                raise Refusal(423, "locked") from None
        if upload_id in self._by_id:
            raise Refusal(423, "locked")
        mine = self._by_id[upload_id] = (asyncio.Event(), asyncio.Event())
        try:
            yield mine[0]
        finally:
            del self._by_id[upload_id]
            mine[1].set()


async def safe(request: Request) -> Response:
    """Which of these files this person has brought, and are away from this machine: devices may let go of them.

    So must be what says that they are here: bytes that no row knows of come back to nobody.
    """
    firm = request.app.state.firm
    session = signed_in_or_leaving(request, firm)
    asked = await _hashes(request)
    with firm.look() as db:
        shown = [hash for hash in asked if known.has_shown(db, session.user_id, hash)]
    away = [hash for hash in shown if firm.files.is_safe(hash)]
    if away and (trial.is_on(firm.path) or not await firm.offsite.settle(SETTLE_S)):
        away = []
    return JSONResponse({"safe": away}, headers=TUS)


async def _hashes(request: Request) -> list[str]:
    """At most a hundred. Raises Refusal."""
    try:
        asked = (await request.json())["hashes"]
        if isinstance(asked, list) and len(asked) <= MOST_ASKED and all(isinstance(hash, str) for hash in asked):
            return asked
    except (ValueError, TypeError, KeyError):
        pass
    raise Refusal(400, "malformed")


async def safe_or_refused(request: Request) -> Response:
    try:
        return await safe(request)
    except Refusal as refusal:
        return refusal.answer


async def uploads(request: Request) -> Response:
    return await _answer(request, {"OPTIONS": _abilities, "POST": _create})


async def upload(request: Request) -> Response:
    return await _answer(request, {"HEAD": _where, "PATCH": _go_on})


async def _answer(request: Request, by_method: dict) -> Response:
    if request.method != "OPTIONS" and request.headers.get("tus-resumable") != "1.0.0":
        return Response(status_code=412, headers={**TUS, "Tus-Version": "1.0.0"})
    try:
        return await by_method[request.method](request)
    except Refusal as refusal:
        return refusal.answer
    except NoRoom:
        return _refuse(507, "no_room", {})


async def _abilities(request: Request) -> Response:
    return Response(status_code=204, headers=TUS | ABILITIES)


async def _create(request: Request) -> Response:
    firm = request.app.state.firm
    session = signed_in_or_leaving(request, firm)
    size, hash = _length(request), _announced(request)
    now_ms = firm.clock()
    with firm.look() as db:
        # After a restore the database may know of bytes that are not here: they are wanted once more.
        if known.has_shown(db, session.user_id, hash) and store_of(firm).has(hash):
            raise Refusal(409, "have_it")
        begun = db.execute(
            "SELECT id, expires_at_ms FROM upload WHERE user_id = ? AND hash = ? AND bytes = ? AND expires_at_ms > ?",
            (session.user_id, hash, size, now_ms),
        ).fetchone()
    if begun and store_of(firm).size(begun["id"]) is not None:
        return Response(status_code=201, headers=_headers(begun["id"], begun["expires_at_ms"]))
    return await _begin(firm, session.user_id, hash, size, now_ms)


async def _begin(firm, user_id: str, hash: str, size: int, now_ms: int) -> Response:
    store, upload_id = store_of(firm), uuid7(now_ms, os.urandom(RANDOM_BYTES))

    def job(db) -> None:
        known.check_limits(db, user_id, size, now_ms)
        db.execute("INSERT INTO upload VALUES (?, ?, ?, ?, ?)", (upload_id, user_id, hash, size, now_ms + LIFE_MS))

    await run_in_threadpool(store.check_room, size)
    await run_in_threadpool(store.begin, upload_id)
    try:
        await firm.write(job)
    except known.TooMany:
        store.drop(upload_id)
        raise Refusal(429, "too_many_uploads", **{"Retry-After": "3600"}) from None
    return Response(status_code=201, headers=_headers(upload_id, now_ms + LIFE_MS))


async def _where(request: Request) -> Response:
    found, at = _found(request)
    headers = _headers(found["id"], found["expires_at_ms"]) | {"Upload-Length": str(found["bytes"])}
    return Response(status_code=200, headers=headers | {"Upload-Offset": str(at)})


async def _go_on(request: Request) -> Response:
    if request.headers.get("content-type") != "application/offset+octet-stream":
        raise Refusal(415, "malformed")
    found, _ = _found(request)
    async with request.app.state.uploads.hold(found["id"]) as wanted:
        found, at = _found(request)
        if request.headers.get("upload-offset") != str(at):
            raise Refusal(409, "wrong_offset", **{"Upload-Offset": str(at)})
        at = await _receive(request, found, at, wanted)
        if at == found["bytes"]:
            await _finish(request, found)
    headers = _headers(found["id"], found["expires_at_ms"])
    return Response(status_code=204, headers=headers | {"Upload-Offset": str(at)})


async def _receive(request: Request, found, at: int, wanted: asyncio.Event) -> int:
    """Write what comes until it ends, breaks or is wanted elsewhere. Returns how far the file reaches."""
    store, begun_at = store_of(request.app.state.firm), at
    announced, seen = _checksum(request), hashlib.sha256()
    async for piece in _pieces(request, wanted):
        if at + len(piece) > found["bytes"]:
            store.cut(found["id"], begun_at)
            raise Refusal(413, "too_large")
        seen.update(piece)
        await run_in_threadpool(store.append, found["id"], at, piece)
        at += len(piece)
    if announced and seen.digest() != announced:
        store.cut(found["id"], begun_at)
        raise Refusal(460, "wrong_checksum", **{"Upload-Offset": str(begun_at)})
    return at


async def _pieces(request: Request, wanted: asyncio.Event) -> AsyncIterator[bytes]:
    """The body in pieces worth a write; what arrived before a break is given, too."""
    stream, stop = request.stream().__aiter__(), asyncio.ensure_future(wanted.wait())
    held, coming = bytearray(), None
    try:
        while True:
            coming = asyncio.ensure_future(anext(stream, None))
            await asyncio.wait({coming, stop}, return_when=asyncio.FIRST_COMPLETED)
            piece = None if not coming.done() else _piece(coming)
            held += piece or b""
            if held and (piece is None or len(held) >= AT_ONCE):
                yield bytes(held)
                held.clear()
            if piece is None:
                return
    finally:
        stop.cancel()
        if coming and not coming.done():
            coming.cancel()


def _piece(coming: asyncio.Future) -> bytes | None:
    """What came; None at the end, also where the connection broke."""
    try:
        return coming.result()
    except ClientDisconnect:
        return None


async def _finish(request: Request, found) -> None:
    try:
        await taking.take_upload(request.app.state.firm, found["user_id"], found["id"], found["hash"])
    except WrongHash:
        raise Refusal(422, "wrong_hash") from None
    except Refused as refused:
        raise Refusal(422, refused.code) from None


def _found(request: Request):
    """This person's upload of that address, and how far it has come. Raises Refusal."""
    firm = request.app.state.firm
    session = signed_in_or_leaving(request, firm)
    with firm.look() as db:
        found = db.execute(
            "SELECT * FROM upload WHERE id = ? AND user_id = ?", (request.path_params["id"], session.user_id)
        ).fetchone()
    at = store_of(firm).size(found["id"]) if found else None
    if found is None or at is None:
        raise Refusal(404, "not_found")
    if found["expires_at_ms"] <= firm.clock():
        raise Refusal(410, "expired")
    return found, at


def _length(request: Request) -> int:
    text = request.headers.get("upload-length", "")
    if not text.isdecimal() or len(text) > 15:
        raise Refusal(400, "malformed")
    size = int(text)
    if size > MOST_BYTES:
        raise Refusal(413, "file_too_large", **{"Tus-Max-Size": str(MOST_BYTES)})
    if size == 0:
        raise Refusal(422, "file_empty")
    return size


def _announced(request: Request) -> str:
    """The hash that the metadata names."""
    pairs = [pair.strip().split(" ") for pair in request.headers.get("upload-metadata", "").split(",")]
    named = {pair[0]: pair[1] for pair in pairs if len(pair) == 2}
    try:
        hash = b64decode(named.get("hash", ""), validate=True).decode("ascii")
    except ValueError:
        hash = ""
    if len(hash) != 64 or set(hash) - set("0123456789abcdef"):
        raise Refusal(400, "malformed")
    return hash


def _checksum(request: Request) -> bytes | None:
    given = request.headers.get("upload-checksum")
    if given is None:
        return None
    kind, _, text = given.partition(" ")
    try:
        digest = b64decode(text, validate=True)
    except ValueError:
        digest = b""
    if kind != "sha256" or len(digest) != 32:
        raise Refusal(400, "malformed")
    return digest


def _headers(upload_id: str, expires_at_ms: int) -> dict[str, str]:
    expires = formatdate(expires_at_ms / 1000, usegmt=True)
    return TUS | {"Location": f"/uploads/{upload_id}", "Upload-Expires": expires}


def _refuse(status: int, code: str, headers: dict[str, str]) -> Response:
    body = {"error": code} | ({"reason": REASONS[code]} if code in REASONS else {})
    return JSONResponse(body, status, TUS | headers)


# A piece may be a whole file.
routes = [
    Route("/uploads", uploads, methods=["POST", "OPTIONS"]),
    Route("/uploads/safe", safe_or_refused, methods=["POST"]),
    Route("/uploads/{id}", upload, methods=["HEAD", "PATCH"], max_body_size=MOST_BYTES),
]
