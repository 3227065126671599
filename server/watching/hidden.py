"""What never stands in a log, whoever wrote the message: the last net, below code that puts nothing of it there.

Addresses of people, what lets somebody in, and what was asked for.  A new kind of secret is one more line here.
"""

from __future__ import annotations

import re

HIDDEN = (
    # An e-mail address, and login and password in an address.
    (re.compile(r"//[^/\s@]+@"), "//…@"),
    (re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+"), "…"),
    # What was asked for, typed or searched.
    (re.compile(r"\?[\w.%+-]+=\S*"), "?…"),
    (re.compile(r"(?i)\b(bearer|basic|vapid)\s+\S+"), r"\1 …"),
    (re.compile(r"(?i)\b(password|secret|token|key|code)=\S+"), r"\1=…"),
    # A token: ids are shorter, words have no digits.
    (re.compile(r"(?=[\w-]*\d)[A-Za-z0-9_-]{40,}"), "…"),
)


def hidden(text: str) -> str:
    for pattern, instead in HIDDEN:
        text = pattern.sub(instead, text)
    return text
