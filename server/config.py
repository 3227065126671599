"""Roadbook's settings: read from the environment, typed, once, when a command starts.

A missing or wrong setting stops the start with its name and an example.  Every setting is described in
deployment/ADMINISTRATION.md.  Nothing else in Roadbook reads the environment, and nothing is read twice.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from starlette.config import Config

from server.backup.replica import Place, lies_in, read_place, with_credentials
from server.notices.mail import MailServer, read_server
from server.setting_values import (
    read_address,
    read_contact,
    read_folder,
    read_log_kind,
    read_origins,
    read_port,
    read_proxies,
    read_public_url,
    read_url_pattern,
)
from server.watching.access import Access, read_access

REQUIRED = object()

# A firm's folder is named by its host name, or by the part of it that ROADBOOK_URL leaves open.
FIRM_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


class WrongSetting(Exception):
    """A setting is missing or cannot be used; the message names it and shows a good one."""


@dataclass(frozen=True)
class Settings:
    """data: the firm's folder. url: the address people open, without a slash at its end.

    contact: where push services may complain to, '' for url. smtp: None where no e-mail is sent.
    log: 'json', 'text', or '' for what suits where it goes to. metrics: who may read measures.
    home: the folder of what serves every firm of this machine. replica: the firm's place away from it, None without.
    copies: the folder of its nightly copies.
    """

    data: Path
    host: str
    port: int
    url: str
    trusted_proxies: str
    push_origins: frozenset[str]
    robot_origins: frozenset[str]
    smtp: MailServer | None
    mail_from: str
    contact: str
    home: Path
    replica: Place | None
    copies: Path
    log: str
    metrics: Access

    @property
    def is_https(self) -> bool:
        return self.url.startswith("https://")


@dataclass(frozen=True)
class Setting:
    """One environment variable: how its text becomes a value, and what to show who got it wrong."""

    name: str
    attribute: str
    read: Callable[[str], object]
    example: str
    default: object = REQUIRED
    # Whether a wrong value may be shown to whoever reads the message, or the log that it goes to.
    is_secret: bool = False


def read_settings(environ: Mapping[str, str] = os.environ, firm: str | None = None, **given: object) -> Settings:
    """All settings of one firm; firm: which, where ROADBOOK_FIRMS holds several.

    given (attribute -> value) stands in for variables, as `roadbook run` needs.  Raises WrongSetting.
    """
    config = Config(environ=environ)
    given = _of_firm(config, firm) | given
    values = {s.attribute: _read(config, s) for s in SETTINGS if s.attribute not in given}
    values |= given
    values.setdefault("home", values["data"])
    values["replica"] = _replica(config, values["home"], firm)
    values["copies"] = _copies(config, values["data"], firm)
    return Settings(**values)


def _replica(config: Config, home: Path, firm: str | None) -> Place | None:
    """Where this firm is kept away from this machine: below a place of its own where there are several."""
    place = _read(config, REPLICA)
    key, secret, host_key = (_read(config, setting) for setting in REPLICA_CREDENTIALS)
    if place is None:
        if key or secret or host_key:
            raise WrongSetting(f"ROADBOOK_REPLICA is not set. For example: ROADBOOK_REPLICA={REPLICA.example}")
        return None
    try:
        place = with_credentials(place, key, secret, host_key)
    except ValueError as wrong:
        raise WrongSetting(f"ROADBOOK_REPLICA is {place}: {wrong}. For example: {GOOD_PLACES[place.kind]}") from None
    if lies_in(place, home):
        raise WrongSetting(
            f"ROADBOOK_REPLICA is {place}: in {home} it would be lost with what it is a copy of."
            f" For example: ROADBOOK_REPLICA={REPLICA.example}"
        )
    return place.below(firm) if firm else place


def _copies(config: Config, data: Path, firm: str | None) -> Path:
    """Where this firm's nightly copies are: a folder of its own where there are several."""
    copies = _read(config, COPIES)
    if copies is None:
        return data / "copies"
    return copies / firm if firm else copies


def read_hosted(environ: Mapping[str, str] = os.environ) -> list[Settings]:
    """The settings of every firm that this machine hosts: one, or those whose folders lie in ROADBOOK_FIRMS."""
    firms = read_firms_folder(environ)
    if firms is None:
        return [read_settings(environ)]
    return [read_settings(environ, firm) for firm in firms_in(firms)]


def read_firms_folder(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Where several firms are; None where this machine hosts one."""
    return _read(Config(environ=environ), FIRMS)


def read_process_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """What holds for the process whatever it hosts: data and url are the folder and the pattern of several firms."""
    firms = read_firms_folder(environ)
    if firms is None:
        return read_settings(environ)
    config = Config(environ=environ)
    settings = read_settings(environ, "firm", data=firms, url=_read(config, FIRMS_URL))
    return replace(settings, replica=_replica(config, firms, None))


def firms_in(folder: Path) -> list[str]:
    """The names of the firms' folders: those that hold a database, or will when they are first opened."""
    try:
        found = [path.name for path in folder.iterdir() if path.is_dir()]
    except OSError as error:
        raise WrongSetting(f"ROADBOOK_FIRMS: {folder} cannot be read: {error.strerror}") from None
    return sorted(name for name in found if FIRM_NAME.fullmatch(name))


def read_data_folder(environ: Mapping[str, str] = os.environ, firm: str | None = None) -> Path:
    """Only the firm's folder: all that commands need which serve nothing."""
    config = Config(environ=environ)
    return _of_firm(config, firm).get("data") or _read(config, SETTINGS[0])


def _of_firm(config: Config, firm: str | None) -> dict[str, object]:
    """What follows from where several firms are: the folder and the address of the one that is named."""
    firms = _read(config, FIRMS)
    if firms is None:
        if firm is not None:
            raise WrongSetting("--firm names one of several firms, but ROADBOOK_FIRMS is not set")
        return {}
    if config("ROADBOOK_DATA", default=""):
        raise WrongSetting("ROADBOOK_DATA and ROADBOOK_FIRMS are both set: one firm, or a folder of several?")
    if firm is None:
        raise WrongSetting("ROADBOOK_FIRMS holds several firms: name one, as in roadbook --firm acme.example.com …")
    if not FIRM_NAME.fullmatch(firm):
        raise WrongSetting(f"{firm!r} is no host name: small letters, digits, dots and hyphens, as acme.example.com")
    return {"data": firms / firm, "home": firms, "url": _read(config, FIRMS_URL).replace("*", firm)}


def _read(config: Config, setting: Setting):
    text = _text(config, setting.name)
    if not text and setting.default is REQUIRED:
        raise WrongSetting(f"{setting.name} is not set. For example: {setting.name}={setting.example}")
    if not text:
        return setting.default
    try:
        return setting.read(text)
    except ValueError as wrong:
        given = "set, and not shown" if setting.is_secret else repr(_shown(text))
        message = f"{setting.name} is {given}: {wrong}. For example: {setting.name}={setting.example}"
        raise WrongSetting(message) from None


def _text(config: Config, name: str) -> str:
    """What the variable says, or where NAME_FILE is set the file of that name: secrets then stand in no environment."""
    path = config(name + "_FILE", default="").strip()
    if not path:
        return config(name, default="").strip()
    if config(name, default="").strip():
        raise WrongSetting(f"{name} and {name}_FILE are both set: leave one of them out")
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise WrongSetting(
            f"{name}_FILE is {path!r}: it cannot be read: {why}. The path of a file that Roadbook's user may read is"
            f" needed. For example: {name}_FILE=/etc/roadbook/{name.removeprefix('ROADBOOK_').lower()}"
        ) from None


def _shown(text: str) -> str:
    """What was set, without a password or token in it."""
    return re.sub(r"^token:.*", "token:…", re.sub(r"(//[^/@]*?):[^/]*@", r"\1:…@", text))


FIRMS = Setting("ROADBOOK_FIRMS", "firms", read_folder, "/var/lib/roadbook/firms", default=None)
FIRMS_URL = Setting("ROADBOOK_URL", "url", read_url_pattern, "https://*.example.com", default="https://*")

SETTINGS = (
    Setting("ROADBOOK_DATA", "data", read_folder, "/var/lib/roadbook"),
    Setting("ROADBOOK_URL", "url", read_public_url, "https://roadbook.example.com"),
    Setting("ROADBOOK_HOST", "host", str, "127.0.0.1", default="127.0.0.1"),
    Setting("ROADBOOK_PORT", "port", read_port, "8000", default=8000),
    Setting("ROADBOOK_TRUSTED_PROXIES", "trusted_proxies", read_proxies, "127.0.0.1", default="127.0.0.1"),
    Setting("ROADBOOK_SMTP", "smtp", read_server, "smtps://login:password@mail.example.com", default=None),
    Setting("ROADBOOK_MAIL_FROM", "mail_from", read_address, "roadbook@example.com", default=""),
    Setting("ROADBOOK_CONTACT", "contact", read_contact, "it@example.com", default=""),
    Setting("ROADBOOK_PUSH_ORIGINS", "push_origins", read_origins, "https://push.example.com", default=frozenset()),
    Setting("ROADBOOK_ROBOT_ORIGINS", "robot_origins", read_origins, "https://robots.example.com", default=frozenset()),
    Setting("ROADBOOK_LOG", "log", read_log_kind, "json", default=""),
    Setting("ROADBOOK_METRICS", "metrics", read_access, "loopback", Access("loopback"), is_secret=True),
)

COPIES = Setting("ROADBOOK_COPIES", "copies", read_folder, "/mnt/second-disk/copies", default=None)
REPLICA = Setting("ROADBOOK_REPLICA", "replica", read_place, "s3://bucket/roadbook?region=eu-central-1", default=None)
REPLICA_CREDENTIALS = (
    Setting("ROADBOOK_REPLICA_KEY", "replica_key", str, "AKIAIOSFODNN7EXAMPLE", default=""),
    Setting("ROADBOOK_REPLICA_SECRET", "replica_secret", str, "wJalrXUtnFEMI", default=""),
    Setting("ROADBOOK_REPLICA_HOST_KEY", "replica_host_key", str, "ssh-ed25519 AAAAC3Nza", default=""),
)
# What belongs together, for whoever left a part of it out.
GOOD_PLACES = {
    "file": "ROADBOOK_REPLICA=file:///mnt/nas/roadbook and nothing else",
    "s3": "ROADBOOK_REPLICA_KEY=AKIAIOSFODNN7EXAMPLE and ROADBOOK_REPLICA_SECRET=wJalrXUtnFEMI",
    "sftp": "ROADBOOK_REPLICA_KEY=/etc/roadbook/replica_key and ROADBOOK_REPLICA_HOST_KEY=ssh-ed25519 AAAAC3Nza",
}

EVERY_SETTING = (*SETTINGS, FIRMS, COPIES, REPLICA, *REPLICA_CREDENTIALS)

# What stands in the same file for somebody else: the proxy of deployment/compose.yaml.
OF_OTHERS = {"ROADBOOK_HOSTNAME"}


def unknown_settings(environ: Mapping[str, str] = os.environ) -> list[str]:
    """What is set and means nothing, in words: a setting that is misspelled would otherwise be missed by nobody."""
    known = {setting.name + end for setting in EVERY_SETTING for end in ("", "_FILE")} | OF_OTHERS
    return [
        f"{name} means nothing" + "".join(f": is {meant} meant?" for meant in get_close_matches(name, known, 1, 0.8))
        for name in sorted(environ)
        if name.startswith("ROADBOOK_") and name not in known
    ]
