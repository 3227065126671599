"""The one Jinja2 environment: the server renders with it, the compiler parses with it.

What a template may see is said here once: the names of its context and the text functions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, Undefined

# SQL parameters that every page's host gives.
HOST_PARAMETERS = ("me", "now_ms", "today", "tz", "lang")

# What a template sees beside its queries.
CONTEXT_NAMES = (
    "me",
    "lang",
    "path",
    "params",
    "query",
    "today",
    "now_ms",
    "tz",
    "partial",
    "form",
    "sync",
)

# Seen by imported macros too; web/text.py and web/text.js are their only home.
TEXT_FUNCTIONS = (
    "_",
    "ngettext",
    "time_of",
    "date_of",
    "day_of",
    "moment",
    "since",
    "weekday_of",
    "month_of",
    "iso",
    "number",
    "money",
    "amount",
    "reason",
    "differences",
)

# How many of a function's first arguments are English texts that the catalogues translate.
TRANSLATED = {"_": 1, "ngettext": 2}


def environment(folder: Path, functions: dict | None = None) -> Environment:
    """The environment over a folder of templates; functions are the text functions by name."""
    made = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=Undefined,
        finalize=nothing_for_null,
        auto_reload=False,
        cache_size=-1,
    )
    made.filters["from_json"] = from_json
    made.globals.update(functions or {})
    return made


def nothing_for_null(value: object) -> object:
    """A column that is NULL prints as nothing, not as 'None'."""
    return "" if value is None else value


def from_json(text: object) -> object:
    """What a set or JSON column holds; nothing (NULL, '') is an empty list."""
    if text is None or text == "" or isinstance(text, Undefined):
        return []
    return json.loads(text) if isinstance(text, str) else text


def template_names(folder: Path) -> Iterable[str]:
    return sorted(file.name for file in folder.glob("*.html"))
