"""Where a firm is kept away from this machine: ROADBOOK_REPLICA as a place, with what lets us in.

A place is a folder, a bucket or a folder on another machine; the replica of the database and the files of attachments
lie below it, each firm's below a place of its own.  Nothing here connects to anything, and nothing that is printed
(`str`, `repr`) holds a secret.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit

# Services that speak S3 and know buckets only as a part of the host name.
HOST_STYLE = (".amazonaws.com", ".aliyuncs.com", ".myqcloud.com", ".volces.com")
DEFAULT_REGION = "us-east-1"
SFTP_PORT = 22


@dataclass(frozen=True)
class Place:
    """kind: 'file', 's3' or 'sftp'. path: from / on; below an S3 bucket without a slash at either end.

    S3: bucket, endpoint ('' for Amazon's own), region, is_path_style (the bucket is said in the path, not in the host
    name), key and secret ('' where the machine itself is trusted). SFTP: host, port, user, host_key (`ssh-ed25519
    AAAA…`), key (the path of a private key's file) or secret (a password).
    """

    kind: str
    path: str
    bucket: str = ""
    endpoint: str = ""
    region: str = ""
    is_path_style: bool = False
    host: str = ""
    port: int = 0
    user: str = ""
    host_key: str = ""
    key: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)

    def below(self, *names: str) -> Place:
        """A place inside this one."""
        return replace(self, path="/".join([self.path.rstrip("/"), *names]).removeprefix("" if self.is_rooted else "/"))

    @property
    def is_rooted(self) -> bool:
        return self.kind != "s3"

    @property
    def database(self) -> Place:
        """Where Litestream keeps a firm's database."""
        return self.below("database")

    @property
    def attachments(self) -> Place:
        """Where a firm's files are."""
        return self.below("attachments")

    def __str__(self) -> str:
        if self.kind == "file":
            return f"file://{self.path}"
        if self.kind == "sftp":
            return f"sftp://{self.user}@{self.host}:{self.port}{self.path}"
        return f"s3://{self.bucket}/{self.path}" + (f" at {self.endpoint}" if self.endpoint else "")


class WrongPlace(ValueError):
    """Not a place that a replica can be kept at; the message says what is missing or wrong, and holds no secret."""


def read_place(text: str) -> Place:
    """ROADBOOK_REPLICA without what lets us in. Raises WrongPlace."""
    url = urlsplit(text)
    if url.scheme not in _READERS:
        raise WrongPlace("an address that begins with file:///, s3:// or sftp:// is needed")
    if url.password is not None:
        raise WrongPlace("a password does not belong in the address, but in ROADBOOK_REPLICA_SECRET")
    if url.fragment:
        raise WrongPlace("write %23 for # in a name")
    return _READERS[url.scheme](url)


def with_credentials(place: Place, key: str, secret: str, host_key: str) -> Place:
    """The same place with what lets us in. Raises WrongPlace where something is missing or given for nothing."""
    if place.kind == "file":
        _none_of(key, secret, host_key)
        return place
    if place.kind == "s3":
        if bool(key) != bool(secret):
            raise WrongPlace("S3 needs ROADBOOK_REPLICA_KEY and ROADBOOK_REPLICA_SECRET together")
        return replace(place, key=key, secret=secret)
    if bool(key) == bool(secret):
        raise WrongPlace(
            "SFTP needs either ROADBOOK_REPLICA_KEY (the path of a private key's file)"
            " or ROADBOOK_REPLICA_SECRET (a password)"
        )
    if key and not key.startswith("/"):
        raise WrongPlace("with SFTP, ROADBOOK_REPLICA_KEY is the path of a private key's file, from / on")
    if len(host_key.split()) < 2:
        raise WrongPlace(
            "SFTP needs ROADBOOK_REPLICA_HOST_KEY, so that nobody else answers in the other machine's name:"
            f" the last two words of what ssh-keyscan -p {place.port} -t ed25519 {place.host} says"
        )
    return replace(place, key=key, secret=secret, host_key=" ".join(host_key.split()[:2]))


def lies_in(place: Place, folder: Path) -> bool:
    """Whether it would be lost together with this folder."""
    return place.kind == "file" and Path(place.path).is_relative_to(folder)


def _none_of(*given: str) -> None:
    if any(given):
        raise WrongPlace("a file:/// replica needs no ROADBOOK_REPLICA_KEY, _SECRET or _HOST_KEY")


def _file(url) -> Place:
    if url.netloc or url.query or not url.path.startswith("/") or not _clean(url.path):
        raise WrongPlace("a folder from / on is needed, as in file:///mnt/backups/roadbook")
    return Place("file", "/" + _clean(url.path))


def _s3(url) -> Place:
    asked = _query(url.query, {"endpoint", "region", "path_style"})
    if not url.hostname or url.username is not None or url.port:
        raise WrongPlace("the name of a bucket is needed after s3://, and its server as ?endpoint=https://…")
    if not _clean(url.path):
        raise WrongPlace("a folder in the bucket is needed, as in s3://bucket/roadbook")
    endpoint = asked.get("endpoint", "")
    server = urlsplit(endpoint)
    if endpoint and (server.scheme not in ("http", "https") or not server.hostname or server.path.strip("/")):
        raise WrongPlace("endpoint is the address of a server, as in ?endpoint=https://oss-cn-hangzhou.aliyuncs.com")
    return Place(
        "s3",
        _clean(url.path),
        bucket=url.netloc,
        endpoint=endpoint.rstrip("/"),
        region=asked.get("region", DEFAULT_REGION),
        is_path_style=_is_path_style(asked.get("path_style", ""), server.hostname or "amazonaws.com"),
    )


def _is_path_style(said: str, host: str) -> bool:
    """What was said; else what the server of this name is known to want. MinIO and most others want it."""
    if said not in ("", "yes", "no"):
        raise WrongPlace("path_style is yes or no")
    return said == "yes" if said else not f".{host}".endswith(HOST_STYLE)


def _sftp(url) -> Place:
    _query(url.query, set())
    if not url.hostname or not url.username or not _clean(url.path):
        raise WrongPlace("user, host and a folder are needed, as in sftp://roadbook@backup.example.com/srv/roadbook")
    return Place(
        "sftp", "/" + _clean(url.path), host=url.hostname, port=url.port or SFTP_PORT, user=unquote(url.username)
    )


def _query(text: str, known: set[str]) -> dict[str, str]:
    asked = dict(parse_qsl(text, keep_blank_values=True))
    if unknown := sorted(asked.keys() - known):
        raise WrongPlace(
            f"{quote(unknown[0])} means nothing here" + "".join(f", {name} does" for name in sorted(known))
        )
    return asked


def _clean(path: str) -> str:
    """A path without empty parts, and none that leads out of it again."""
    parts = [part for part in unquote(path).split("/") if part]
    if any(part in (".", "..") for part in parts):
        raise WrongPlace("a path without . and .. is needed")
    return "/".join(parts)


_READERS = {"file": _file, "s3": _s3, "sftp": _sftp}
