"""A file whose bytes are all here is looked at, and taken or refused: the one way in, by whichever door it came."""

from __future__ import annotations

import os

from starlette.concurrency import run_in_threadpool

from sync.file_kind import MOST_BYTES, kind_of
from sync.form_files import KeptFile, file_name
from sync.ids import RANDOM_BYTES, uuid7
from sync.values import Refused

from . import known
from .store import NoRoom, Store, hash_of, store_of


async def take_upload(firm, user_id: str, upload_id: str, hash: str) -> None:
    """A complete upload becomes a file, or is dropped. Raises Refused, WrongHash, NoRoom."""
    store = store_of(firm)
    try:
        content = await run_in_threadpool(store.verified, upload_id, hash)
        media_type = await run_in_threadpool(_kind, content)
    except NoRoom:
        raise
    except Exception:
        await forget(firm, upload_id)
        raise
    await _keep(firm, store, user_id, upload_id, hash, media_type, len(content))


async def take(firm, user_id: str, name: str, content: bytes) -> KeptFile:
    """Content that came in one piece becomes a file. Raises Refused."""
    store = store_of(firm)
    media_type = await run_in_threadpool(_kind, content)
    hash = await run_in_threadpool(hash_of, content)
    upload_id = uuid7(firm.clock(), os.urandom(RANDOM_BYTES))
    now_ms = firm.clock()
    with firm.look() as db:
        is_here = known.has_shown(db, user_id, hash) and store.has(hash)
        if not is_here:
            _check_limits(db, user_id, len(content), now_ms)
    if not is_here:
        try:
            await run_in_threadpool(store.receive, upload_id, content)
            await _keep(firm, store, user_id, upload_id, hash, media_type, len(content))
        except NoRoom:
            raise Refused("no_room", {}) from None
    return KeptFile(hash, file_name(name), media_type, len(content))


async def forget(firm, upload_id: str) -> None:
    await run_in_threadpool(store_of(firm).drop, upload_id)
    await firm.write(lambda db: db.execute("DELETE FROM upload WHERE id = ?", (upload_id,)).rowcount)


async def _keep(firm, store: Store, user_id: str, upload_id: str, hash: str, media_type: str, size: int) -> None:
    def job(db) -> None:
        store.put_in_place(upload_id, hash)
        known.keep(db, firm, user_id, hash, media_type, size)
        db.execute("DELETE FROM upload WHERE id = ?", (upload_id,))

    await firm.write(job)
    firm.files.note()


def _kind(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise Refused("file_too_large", {"most": MOST_BYTES})
    media_type = kind_of(content)
    if media_type is None:
        raise Refused("wrong_file_type" if content else "file_empty", {})
    return media_type


def _check_limits(db, user_id: str, more: int, now_ms: int) -> None:
    try:
        known.check_limits(db, user_id, more, now_ms)
    except known.TooMany:
        raise Refused("too_many_uploads", {}) from None
