"""Text as people type and paste it, made regular.

Character classes are spelt out because Python's and JavaScript's own (`\\s`, `strip`) differ.
Twin: service_worker/tidy.js.
"""

from __future__ import annotations

import re

# For use inside [...] of a pattern.
SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200b\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff"
SEPARATOR = "\\n\\r,;，、；"
NOT_SEPARATOR = ",;，、；"

_BREAKS = re.compile("[\\t-\\r\\x85\\u2028\\u2029]+")
_LINE_ENDS = re.compile("\\r\\n?")
_SPACE_CHARACTERS = "".join(re.findall(f"[{SPACE}]", "".join(map(chr, range(0x10000)))))
_SPACES = re.compile(f"[{SPACE}]+")
_DASHES = re.compile("[‐‑‒–—―−]")
# Direction and joiner marks, which phones put around numbers that are copied from their contacts.
_MARKS = re.compile("[\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2064\\u2066-\\u2069\\ufeff]")
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


def trimmed(text: str) -> str:
    """Without space at either end."""
    return text.strip(_SPACE_CHARACTERS)


def one_line(text: str) -> str:
    """Line breaks and tabs are spaces; none at either end."""
    return trimmed(_BREAKS.sub(" ", text))


def several_lines(text: str) -> str:
    """Line ends are LF; no space at either end."""
    return trimmed(_LINE_ENDS.sub("\n", text))


def single_spaced(text: str) -> str:
    """Every run of space is one blank; none at either end."""
    return trimmed(_SPACES.sub(" ", text))


def narrow(text: str) -> str:
    """Full-width letters, digits and signs as ASCII, every dash a hyphen, single spaces."""
    return single_spaced(_DASHES.sub("-", text.translate(_WIDE)))


def without_marks(text: str) -> str:
    """Without invisible marks."""
    return _MARKS.sub("", text)
