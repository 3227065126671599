"""Which encoding is this file in?  Bytes become text, or a refusal that says what to do.

Order: byte order mark, UTF-16 by its zero bytes, strict UTF-8, then Chinese against Western by how common
the characters would be.  Never drops or replaces a byte silently: every answer decodes the whole file.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from charset_normalizer import from_bytes

from .record import BadFile

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins with the mark of UTF-16 LE: must be asked first
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# Where the mainland's and Taiwan's standards keep their everyday characters, as the two bytes of their code.
EVERYDAY = (("gb2312", 0xB0A1, 0xD7F9), ("big5", 0xA440, 0xC67E))
CHINESE = ("gb18030", "big5hkscs")

# Real Chinese text is nearly all everyday characters; Western or mistaken text read as Chinese is not.
COMMON_ENOUGH = 0.75

OTHERS = ["cp1252", "shift_jis", "euc_kr", "cp1251", "cp1250", "cp1254", "latin_1"]


@dataclass(frozen=True)
class Text:
    """The text of a file with `\\n` line ends untouched, and the encoding that it was in."""

    text: str
    encoding: str


def decode(data: bytes) -> Text:
    """Decode a whole file.  Raises BadFile where it is empty or plainly not text."""
    if not data.strip():
        raise BadFile("empty_file")
    _refuse_other_kinds(data)
    for encoding in _candidates(data):
        text = _try(data, encoding)
        if text is not None:
            return Text(text, encoding)
    raise BadFile("unknown_encoding")


def _refuse_other_kinds(data: bytes) -> None:
    if data.startswith(b"PK\x03\x04") or data.startswith(b"\xd0\xcf\x11\xe0"):
        raise BadFile("spreadsheet_file")


def _candidates(data: bytes):
    """Encodings to try, likeliest first; the first that decodes every byte is taken."""
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            yield encoding
    yield from _utf16_without_mark(data)
    if b"\x00" not in data:
        yield "utf-8"
        yield from _chinese(data)
        yield from _by_statistics(data)
        yield "latin_1"


def _utf16_without_mark(data: bytes):
    """UTF-16 shows as zero bytes on one side only: line ends, commas and digits have a zero high byte."""
    if len(data) % 2 or b"\x00" not in data:
        return
    even, odd = data[0::2].count(0), data[1::2].count(0)
    if odd > even:
        yield "utf-16-le"
    elif even > odd:
        yield "utf-16-be"


def _chinese(data: bytes):
    """GB18030 or Big5, the better one first, if the text that it would make is everyday Chinese."""
    scores = {encoding: _common_share(data, encoding) for encoding in CHINESE}
    for encoding, score in sorted(scores.items(), key=lambda item: -item[1]):
        if score >= COMMON_ENOUGH:
            yield encoding


def _common_share(data: bytes, encoding: str) -> float:
    """Of the characters outside ASCII and punctuation, the share that is among the everyday ones."""
    text = _try(data, encoding)
    if text is None:
        return 0.0
    letters = [at for at, char in enumerate(text) if ord(char) > 0x7F and char.isalpha()]
    common = sum(_is_everyday(text[at]) and not _is_inside_a_word(text, at) for at in letters)
    return common / len(letters) if letters else 0.0


def _is_inside_a_word(text: str, at: int) -> bool:
    """M邦ller: a Chinese character between two Latin letters is an accented letter, misread."""
    around = text[at - 1 : at] + text[at + 1 : at + 2]
    return len(around) == 2 and around.isascii() and around.isalpha()


def _is_everyday(char: str) -> bool:
    return any(
        first <= int.from_bytes(char.encode(standard, "ignore"), "big") <= last for standard, first, last in EVERYDAY
    )


def _by_statistics(data: bytes):
    best = from_bytes(data, cp_isolation=OTHERS).best()
    if best is not None:
        # Where two code pages say the same, the one that Windows in the West writes is meant.
        yield "cp1252" if _try(data, "cp1252") == str(best) else best.encoding


def _try(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None
