"""A notice in words: its English sentence of the catalogue, in one person's language and time zone."""

from __future__ import annotations

import json
from collections.abc import Mapping

from server.notices.recipients import Recipient
from web.text import Text


def sentence(notice: Mapping, person: Recipient, now_ms: int, language: str = "") -> str:
    """One line, as it is shown on a locked screen."""
    text = Text(language or person.language, person.timezone, now_ms)
    values = {name: _worded(text, value) for name, value in json.loads(notice["given"]).items()}
    one, many = notice["sample"], notice["sample_many"]
    said = text.ngettext(one, many, values.pop("n", 0), **values) if many else text.gettext(one, **values)
    return " ".join(str(said).split())


def _worded(text: Text, value: object) -> object:
    match value:
        case {"time": int(ms)}:
            return text.time_of(ms)
        case {"moment": int(ms)}:
            return text.moment(ms)
        case {"day": int() | str() as day}:
            return text.day_of(day)
        case {"money": [int(cents), currency]}:
            return text.money(cents, currency)
        case {"text": str(english)}:
            return text.gettext(english)
    return value
