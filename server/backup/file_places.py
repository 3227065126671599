"""Where files lie away from this machine: a folder, a bucket, a folder on another machine, all asked the same way.

Each file has the SHA-256 of its bytes as its name, below the first two letters of it.  One that has its name there is
whole: what is on its way has another.  Knows no firm and no database.
"""

from __future__ import annotations

import asyncio
import os
import posixpath
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import asyncssh
import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from .replica import Place

HASH = re.compile(r"[0-9a-f]{64}")
TAKES_S = 60
CONNECTING_TAKES_S = 15


class Unreachable(Exception):
    """The place does not answer, or refuses; the message says what it said."""


class FilePlace(Protocol):
    async def names(self) -> set[str]:
        """Of all files that are there."""
        ...

    async def put(self, hash: str, content: bytes) -> None: ...

    async def get(self, hash: str) -> bytes | None:
        """None where it is not there."""
        ...

    async def remove(self, hash: str) -> None: ...


@asynccontextmanager
async def opened(place: Place) -> AsyncIterator[FilePlace]:
    """place: of a firm's attachments. Everything that goes wrong in it is raised as Unreachable."""
    try:
        if place.kind == "sftp":
            async with _connected(place) as sftp:
                yield _OnMachine(sftp, place.path)
        else:
            yield _InStore(_store(place), Path(place.path) if place.kind == "file" else None)
    except (BaseError, asyncssh.Error, OSError, TimeoutError, asyncio.IncompleteReadError) as error:
        raise Unreachable(_said(error)) from error


class _InStore:
    """A folder or a bucket. folder: where it is one of this machine's."""

    def __init__(self, store, folder: Path | None) -> None:
        self._store, self._folder = store, folder

    async def names(self) -> set[str]:
        found = set()
        async for several in obstore.list(self._store):
            found |= {name for one in several if HASH.fullmatch(name := one["path"].rpartition("/")[2])}
        return found

    async def put(self, hash: str, content: bytes) -> None:
        async with asyncio.timeout(TAKES_S):
            await obstore.put_async(self._store, _path(hash), content)
        if self._folder:
            await asyncio.to_thread(_flush, self._folder / _path(hash))

    async def get(self, hash: str) -> bytes | None:
        try:
            async with asyncio.timeout(TAKES_S):
                return bytes(await (await obstore.get_async(self._store, _path(hash))).bytes_async())
        except FileNotFoundError:
            return None

    async def remove(self, hash: str) -> None:
        try:
            await obstore.delete_async(self._store, _path(hash))
        except FileNotFoundError:
            return


class _OnMachine:
    def __init__(self, sftp: asyncssh.SFTPClient, folder: str) -> None:
        self._sftp, self._folder = sftp, folder

    async def names(self) -> set[str]:
        found: set[str] = set()
        for below in await self._listed(self._folder):
            if re.fullmatch("[0-9a-f]{2}", below):
                found |= set(filter(HASH.fullmatch, await self._listed(posixpath.join(self._folder, below))))
        return found

    async def put(self, hash: str, content: bytes) -> None:
        path = posixpath.join(self._folder, _path(hash))
        async with asyncio.timeout(TAKES_S):
            await self._sftp.makedirs(posixpath.dirname(path), exist_ok=True)
            # A name of its own: the server and a freeze may bring the same file at once.
            coming = f"{path}.new-{secrets.token_hex(4)}"
            async with self._sftp.open(coming, "wb") as file:
                await file.write(content)
                await _flushed(file)
            await self._sftp.posix_rename(coming, path)

    async def get(self, hash: str) -> bytes | None:
        path = posixpath.join(self._folder, _path(hash))
        try:
            async with asyncio.timeout(TAKES_S), self._sftp.open(path, "rb") as file:
                return await file.read()
        except asyncssh.SFTPNoSuchFile:
            return None

    async def remove(self, hash: str) -> None:
        try:
            await self._sftp.remove(posixpath.join(self._folder, _path(hash)))
        except asyncssh.SFTPNoSuchFile:
            return

    async def _listed(self, folder: str) -> list[str]:
        try:
            return list(await self._sftp.listdir(folder))
        except asyncssh.SFTPNoSuchFile:
            return []


async def _flushed(file) -> None:
    """On the other machine's disk, where its server can say so."""
    try:
        await file.fsync()
    except asyncssh.SFTPOpUnsupported:
        return


def _store(place: Place):
    if place.kind == "file":
        return LocalStore(place.path, mkdir=True)
    given = {"region": place.region, "virtual_hosted_style_request": not place.is_path_style}
    if place.endpoint:
        given["endpoint"] = _endpoint(place)
    if place.key:
        given |= {"access_key_id": place.key, "secret_access_key": place.secret}
    waits = {"timeout": timedelta(seconds=TAKES_S), "connect_timeout": timedelta(seconds=CONNECTING_TAKES_S)}
    return S3Store(
        place.bucket,
        prefix=place.path,
        **given,
        client_options={**waits, "allow_http": place.endpoint.startswith("http://")},
        retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=TAKES_S)},
    )


def _endpoint(place: Place) -> str:
    """With the bucket in the host name, the address to ask has it already."""
    if place.is_path_style:
        return place.endpoint
    scheme, _, host = place.endpoint.partition("://")
    return f"{scheme}://{place.bucket}.{host}"


@asynccontextmanager
async def _connected(place: Place) -> AsyncIterator[asyncssh.SFTPClient]:
    trusted = asyncssh.import_known_hosts(f"[{place.host}]:{place.port},{place.host} {place.host_key}\n")
    async with (
        asyncssh.connect(
            place.host,
            place.port,
            username=place.user,
            known_hosts=trusted,
            client_keys=[place.key] if place.key else None,
            password=place.secret or None,
            agent_path=None,
            config=None,
            connect_timeout=CONNECTING_TAKES_S,
            login_timeout=CONNECTING_TAKES_S,
            keepalive_interval=15,
        ) as connection,
        connection.start_sftp_client() as sftp,
    ):
        yield sftp


def _path(hash: str) -> str:
    return f"{hash[:2]}/{hash}"


def _flush(file: Path) -> None:
    """The file, and the name that it has got."""
    for path in (file, file.parent):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _said(error: BaseException) -> str:
    """In one line, without what a library adds for its own people."""
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__)[:300]
