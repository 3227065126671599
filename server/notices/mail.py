"""One e-mail: plain words and a link, sent through the firm's own server.

One notice keeps one Message-ID however often it is sent, so that a second copy is known as one.
"""

from __future__ import annotations

import asyncio
import hashlib
import smtplib
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate
from urllib.parse import unquote, urlsplit

from server.notices.outcome import SENT, Outcome
from server.notices.recipients import Recipient
from web.text import Text

TIMEOUT_S = 20
PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}


@dataclass(frozen=True)
class MailServer:
    """scheme: 'smtp' (STARTTLS, or nothing is sent), 'smtps' (TLS from the start), 'smtp+plain' (a near relay)."""

    scheme: str
    host: str
    port: int
    login: str
    password: str = field(repr=False)


def read_server(url: str) -> MailServer:
    """From the setting. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError("an address like smtps://login:password@mail.example.com is needed")
    login, password = unquote(parts.username or ""), unquote(parts.password or "")
    return MailServer(parts.scheme, parts.hostname, parts.port or PORTS[parts.scheme], login, password)


def sender_of(server: MailServer, chosen: str, url: str) -> str:
    return chosen or (server.login if "@" in server.login else f"roadbook@{urlsplit(url).hostname}")


def compose(notice: Mapping, said: str, person: Recipient, url: str, sender: str, now_ms: int) -> EmailMessage:
    """Raises ValueError where the address can be no address."""
    text = Text(person.language, person.timezone, now_ms)
    message = EmailMessage()
    message["From"] = Address("Roadbook", addr_spec=sender)
    message["To"] = person.email
    message["Subject"] = said
    message["Date"] = formatdate(now_ms / 1000)
    message["Message-ID"] = message_id(notice, url)
    # Out-of-office robots leave such mail alone.
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message["Content-Language"] = person.language
    chosen = text.gettext("What you are told, and how, is chosen here:")
    message.set_content(f"{said}\n{url}{notice['address']}\n\n-- \n{chosen}\n{url}/me/notices\n")
    return message


def message_id(notice: Mapping, url: str) -> str:
    name = hashlib.sha256(f"{notice['key']}\n{notice['user_id']}\n{notice['made_at_ms']}".encode()).hexdigest()[:32]
    return f"<{name}@{urlsplit(url).hostname}>"


async def send(server: MailServer, message: EmailMessage) -> Outcome:
    try:
        await asyncio.to_thread(_send, server, message)
    except smtplib.SMTPRecipientsRefused as refused:
        code, words = next(iter(refused.recipients.values()))
        return Outcome(f"smtp {code} {_said(words)}", is_final=code >= 500)
    except smtplib.SMTPResponseException as error:
        # Whoever may not sign in may tomorrow; a message that is refused stays refused.
        is_final = error.smtp_code >= 500 and isinstance(error, smtplib.SMTPDataError)
        return Outcome(f"smtp {error.smtp_code} {_said(error.smtp_error)}", is_final=is_final)
    except (smtplib.SMTPException, OSError, ssl.SSLError) as error:
        return Outcome(f"no_answer {type(error).__name__}")
    except (UnicodeError, ValueError):
        return Outcome("bad_address", is_final=True)
    return SENT


def _send(server: MailServer, message: EmailMessage) -> None:
    with opened(server) as client:
        client.send_message(message)


@contextmanager
def opened(server: MailServer) -> Iterator[smtplib.SMTP]:
    """A connection that is secured and signed in. Raises smtplib.SMTPException, OSError."""
    context = ssl.create_default_context()
    if server.scheme == "smtps":
        client = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_S, context=context)
    else:
        client = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)
    with client:
        if server.scheme == "smtp":
            client.starttls(context=context)
        if server.login:
            client.login(server.login, server.password)
        yield client


def _said(words: bytes | str) -> str:
    return (words.decode("utf-8", "replace") if isinstance(words, bytes) else words)[:120].strip()
