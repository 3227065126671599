"""Contacts as vCard 4.0 (RFC 6350), as phones and mail programs read them.

Names are given whole (FN): which part is the family's cannot be told from the name, so no N is made up.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

LINE_BYTES = 75


def cards(contacts: Iterable[Mapping]) -> bytes:
    """One file of cards. A contact has the columns of its entity and account_name."""
    return b"".join(card(contact) for contact in contacts)


def card(contact: Mapping) -> bytes:
    organisation = ";".join(text(part) for part in (contact["account_name"], contact["department"]) if part)
    lines = [
        "BEGIN:VCARD",
        "VERSION:4.0",
        f"UID:{text(contact['id'])}",
        f"FN:{text(contact['name'])}",
        f"ORG:{organisation}" if contact["account_name"] else "",
        _line("TITLE", contact["title"]),
        *(_line("TEL", phone) for phone in json.loads(contact["phones"] or "[]")),
        *(_line("EMAIL", email) for email in json.loads(contact["emails"] or "[]")),
        # The address is one text here: it stands where the street does.
        f"ADR:;;{text(contact['address'])};;;;" if contact["address"] else "",
        _line("BDAY", (contact["birthday"] or "").replace("-", "")),
        _line("X-WECHAT", contact["wechat"]),
        _categories(json.loads(contact["tags"] or "[]")),
        _line("NOTE", contact["note"]),
        "END:VCARD",
    ]
    return b"".join(fold(line) for line in lines if line)


def _line(name: str, value: str | None) -> str:
    return f"{name}:{text(value)}" if value else ""


def _categories(tags: list[str]) -> str:
    return "CATEGORIES:" + ",".join(text(tag) for tag in tags) if tags else ""


def text(value: str) -> str:
    """Escaped as RFC 6350 3.4 has it."""
    escaped = value.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;")
    return escaped.replace("\r\n", "\n").replace("\n", "\\n")


def fold(line: str) -> bytes:
    """At most 75 bytes a line, never cutting a character in two; a following line begins with a space."""
    pieces, piece = [], b""
    for char in line:
        encoded = char.encode()
        if len(piece) + len(encoded) > LINE_BYTES - (1 if pieces else 0):
            pieces.append(piece)
            piece = b""
        piece += encoded
    return b"\r\n ".join([*pieces, piece]) + b"\r\n"
