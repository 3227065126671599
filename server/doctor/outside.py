"""What a firm needs of others: a certificate that is valid, a mail server that takes its mail, push services within
reach, a clock that agrees with theirs. Connects and says hello; sends nothing to anybody."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx2
from cryptography import x509

from server.database import connect_reader, sqlite3
from server.notices import mail
from server.notices.reach import NotAllowed, origin_of, web_client

from .finding import Finding
from .folder import SET_CLOCK

TIMEOUT_S = 10
CERTIFICATE_DAYS = 14
# S3 refuses what is signed by a clock that is off by a quarter of an hour; phones' clocks are judged by ours.
CLOCK_S = 300
MOST_ORIGINS = 8


def examine_outside(settings) -> Iterator[Finding]:
    yield check_certificate(settings.url, time.time())
    yield check_mail(settings.smtp)
    yield from asyncio.run(_examine_services(settings))


# --- the certificate ----------------------------------------------------------------------------------


def check_certificate(url: str, now_s: float, context: ssl.SSLContext | None = None) -> Finding:
    """Of whatever answers at the firm's own address. context: whom to trust; left out, whom this machine trusts."""
    parts = urlsplit(url)
    name = "certificate"
    if parts.scheme != "https":
        return Finding(name, "ok", f"{url} is this machine itself: none is needed")
    host, port = parts.hostname, parts.port or 443
    try:
        distrust = _distrust(host, port, context or ssl.create_default_context())
        until = _certificate(host, port).not_valid_after_utc
    except OSError as error:
        words = f"{url} does not answer: {_said(error)}"
        return Finding(name, "failed", words, "start the proxy that does TLS (Caddy), and check the name's address")
    return _judged(until, now_s, distrust)


def _judged(until: datetime, now_s: float, distrust: str) -> Finding:
    days = (until.timestamp() - now_s) / 86_400
    renew = "the proxy renews it by itself where it can: look at its log (journalctl -u caddy)"
    if days <= 0:
        return Finding("certificate", "failed", f"not valid since {until:%Y-%m-%d}", renew)
    if distrust:
        way_out = "phones need a certificate that they trust: see INSTALL.md, or install its authority on each of them"
        return Finding("certificate", "failed", f"this machine does not trust it: {distrust}", way_out)
    if days <= CERTIFICATE_DAYS:
        return Finding("certificate", "warning", f"valid until {until:%Y-%m-%d} only, {days:.0f} days", renew)
    return Finding("certificate", "ok", f"valid until {until:%Y-%m-%d}")


def _distrust(host: str, port: int, context: ssl.SSLContext) -> str:
    """Why a browser would not trust it; '' where it would. Raises OSError."""
    try:
        with (
            socket.create_connection((host, port), TIMEOUT_S) as plain,
            context.wrap_socket(plain, server_hostname=host),
        ):
            return ""
    except ssl.SSLCertVerificationError as error:
        return error.verify_message


def _certificate(host: str, port: int) -> x509.Certificate:
    """Whatever it is worth. Raises OSError."""
    context = ssl.create_default_context()
    context.check_hostname = False
    # It is only read, and nothing is said to whoever shows it.
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((host, port), TIMEOUT_S) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        return x509.load_der_x509_certificate(secured.getpeercert(binary_form=True))


# --- e-mail -------------------------------------------------------------------------------------------


def check_mail(server: mail.MailServer | None) -> Finding:
    """Signs in and leaves again."""
    name = "e-mail"
    if server is None:
        return Finding(name, "ok", "not configured: nobody is written to")
    place = f"{server.host}:{server.port}"
    try:
        with mail.opened(server):
            pass
    except smtplib.SMTPAuthenticationError as error:
        return Finding(name, "failed", f"{place} refuses the login ({error.smtp_code})", "check ROADBOOK_SMTP")
    except smtplib.SMTPNotSupportedError:
        way_out = "use smtps:// (port 465), or smtp+plain:// for a relay on this machine"
        return Finding(name, "failed", f"{place} offers no STARTTLS or no sign-in", way_out)
    except (smtplib.SMTPException, OSError) as error:
        words = f"{place} cannot be used: {_said(error)}"
        return Finding(name, "failed", words, "check ROADBOOK_SMTP: its scheme, host and port, and the network")
    return Finding(name, "ok", f"{place} takes the login" if server.login else f"{place} answers")


# --- push services, storage, and their clocks ---------------------------------------------------------


async def _examine_services(settings) -> list[Finding]:
    origins = push_origins(settings)
    asked = [*origins, *([_storage(settings.replica)] if _storage(settings.replica) else [])]
    async with web_client(settings.push_origins | set(asked[len(origins) :])) as web:
        answers = dict(zip(asked, await asyncio.gather(*(_ask(web, origin) for origin in asked)), strict=True))
    found = [check_push({origin: answers[origin] for origin in origins})]
    times = [answer for answer in answers.values() if isinstance(answer, float)]
    if times:
        found.append(check_clock_beside(times, time.time()))
    return found


def push_origins(settings) -> list[str]:
    """Of the push services that this firm's devices are subscribed with."""
    file = settings.data / "roadbook.db"
    if not file.exists():
        return []
    try:
        with closing(connect_reader(file)) as db:
            endpoints = [row[0] for row in db.execute("SELECT endpoint FROM push_subscription")]
    except sqlite3.Error:
        return []
    return sorted({origin_of(urlsplit(endpoint)) for endpoint in endpoints})[:MOST_ORIGINS]


def _storage(place) -> str:
    if place is None or place.kind != "s3":
        return ""
    return place.endpoint or f"https://s3.{place.region}.amazonaws.com"


async def _ask(web: httpx2.AsyncClient, origin: str) -> float | str:
    """What the clock of a service shows, 0 where it does not say; or why it cannot be reached."""
    try:
        answer = await asyncio.wait_for(web.request("HEAD", origin + "/"), TIMEOUT_S)
    except (httpx2.HTTPError, NotAllowed, TimeoutError) as error:
        return _said(error)
    try:
        return parsedate_to_datetime(answer.headers["date"]).timestamp()
    except (KeyError, ValueError, TypeError):
        return 0.0


def check_push(answers: dict[str, float | str]) -> Finding:
    if not answers:
        return Finding("push services", "ok", "no device is subscribed")
    away = {origin: why for origin, why in answers.items() if isinstance(why, str)}
    if not away:
        return Finding("push services", "ok", f"{len(answers)} within reach")
    words = "; ".join(f"{origin}: {why}" for origin, why in away.items())
    way_out = "let the server connect to them over https; until then, their people are told by e-mail or robot alone"
    return Finding("push services", "warning", f"out of reach: {words}", way_out)


def check_clock_beside(times: list[float], now_s: float) -> Finding:
    """Against the clocks of whoever answered; the one in the middle, so that one wrong clock means nothing."""
    told = sorted(each for each in times if each)
    if not told:
        return Finding("clock and others", "ok", "nobody said what time it is")
    off_s = now_s - told[len(told) // 2]
    if abs(off_s) > CLOCK_S:
        words = f"{abs(off_s):,.0f} seconds {'ahead of' if off_s > 0 else 'behind'} the clocks of others"
        return Finding("clock and others", "failed", words, SET_CLOCK)
    return Finding("clock and others", "ok", f"within {max(1, abs(off_s)):.0f} s of the clocks of others")


def _said(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
