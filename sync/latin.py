"""Search keys: a name as it is typed, in pinyin, by initials, or by the digits of a phone number.

A page searches with `search_key LIKE '%' || fold(:q) || '%'`.  Both hosts compute the key with this and
never send it.  The readings come from data/pinyin.txt (see data/make_pinyin.py).  Twin:
service_worker/latin.js, with the same cases.
"""

from __future__ import annotations

import json
import re
import unicodedata
from functools import cache
from pathlib import Path

from .tidy import SPACE, single_spaced

_LONGEST_WITH_SURNAME = 4

# Between words, and LIKE's own wildcards: in a pattern any of them stands for "anything".
_BETWEEN = re.compile(f"[{SPACE}!-/:-@\\[-`{{-~\\xb7‐-‟•…、。〃〈-】〔-〟・]+")
_LATIN_WORD = re.compile("[0-9a-z\\xdf-\\u024f\\u0370-\\u052f]+")
_ACCENTED = re.compile("[\\xc0-\\u024f\\u1e00-\\u1eff]")
_ACCENTS = re.compile("[\\u0300-\\u036f]+")
_ASCII = re.compile("[\\x00-\\x7f]*")
_NOT_DIGITS = re.compile("[^0-9]+")


def fold(text: str | None) -> str:
    """What was typed in a search box, as the inside of a LIKE pattern: lower case, '%' between words."""
    return _BETWEEN.sub("%", _plain(text or "")).strip("%")


def latin(text: str) -> tuple[str, str]:
    """The Han characters of a text in pinyin without tones, and their initials: 王芳 → ('wangfang', 'wf').

    A text of at most four Han characters that begins with a family name has that name's reading.
    """
    return _joined(_syllables(_plain(text), with_surname=True))


def search_key(*texts: str | None) -> str:
    """The search key of a row from its search columns; a set's JSON text gives digits of phone numbers."""
    parts: dict[str, None] = {}
    for text in texts:
        for part in _parts(text or ""):
            parts[part] = None
    return " ".join(part for part in parts if part)


def pinyin_table_text() -> str:
    """The table that latin.js is given as `loadPinyin(text)`."""
    return Path(__file__).with_name("data").joinpath("pinyin.txt").read_text(encoding="utf-8")


def _parts(text: str) -> list[str]:
    members = _members(text)
    if members is not None:
        return [_plain(member) if "@" in member else _NOT_DIGITS.sub("", _plain(member)) for member in members]
    plain = _plain(text)
    parts = [plain]
    if _ACCENTED.search(plain):
        parts.append(_unaccented(plain))
    syllables = _syllables(plain, with_surname=True)
    if syllables:
        parts += _joined(syllables)
        # People type a rare family name as they read it, right or wrong.
        parts += _joined(_syllables(plain, with_surname=False))
    else:
        parts.append(_word_initials(parts[-1]))
    return parts


def _members(text: str) -> list[str] | None:
    """The texts of a JSON array, or None for any other text."""
    if not text.startswith("["):
        return None
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return [member for member in members if isinstance(member, str)]


def _plain(text: str) -> str:
    if _ASCII.fullmatch(text):
        return single_spaced(text.lower())
    return single_spaced(unicodedata.normalize("NFKC", text).lower())


def _unaccented(plain: str) -> str:
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", plain)))


def _word_initials(plain: str) -> str:
    words = _LATIN_WORD.findall(plain)
    return "".join(word[0] for word in words) if len(words) > 1 else ""


def _joined(syllables: list[str]) -> tuple[str, str]:
    full = "".join(syllables)
    initials = "".join(syllable[0] for syllable in syllables)
    return full, initials if len(syllables) > 1 else ""


def _syllables(plain: str, with_surname: bool) -> list[str]:
    """The readings of the Han characters in a text, words before single characters."""
    if _ASCII.fullmatch(plain):
        return []
    table = _table()
    syllables: list[str] = []
    start = 0
    if with_surname and sum(character in table.readings for character in plain) <= _LONGEST_WITH_SURNAME:
        start, syllables = _longest(table.surnames, plain, 0)
    while start < len(plain):
        length, found = _longest(table.words, plain, start)
        if length:
            syllables += found
        elif reading := table.readings.get(plain[start]):
            syllables.append(reading)
        start += length or 1
    return syllables


def _longest(entries: dict[str, list[tuple[str, list[str]]]], plain: str, start: int) -> tuple[int, list[str]]:
    """Length and syllables of the longest entry that stands here, or 0 and none."""
    for characters, syllables in entries.get(plain[start : start + 1], ()):
        if plain.startswith(characters, start):
            return len(characters), list(syllables)
    return 0, []


class _Table:
    """The readings of pinyin.txt; its format is described in data/make_pinyin.py."""

    def __init__(self, text: str):
        lines = dict(line.split(" ", 1) for line in text.splitlines())
        first, codes = lines["block"].split(" ", 1)
        syllables = lines["syllables"].split(" ")
        self.readings: dict[str, str] = {}
        for code_point, syllable in enumerate(_decoded(codes, syllables), int(first, 16)):
            self.readings[chr(code_point)] = syllable
        for entry in lines["also"].split(" "):
            self.readings[entry[0]] = entry[1:]
        self.readings = {character: syllable for character, syllable in self.readings.items() if syllable != "-"}
        self.words = _by_first_character(lines["words"])
        self.surnames = _by_first_character(lines["surnames"])


def _decoded(codes: str, syllables: list[str]) -> list[str]:
    alphabet = {chr(code): index for index, code in enumerate(c for c in range(33, 127) if chr(c) not in '"\\')}
    singles = len(alphabet) - 4
    decoded = []
    position = 0
    while position < len(codes):
        index = alphabet[codes[position]]
        if index >= singles:
            position += 1
            index = singles + (index - singles) * len(alphabet) + alphabet[codes[position]]
        decoded.append(syllables[index])
        position += 1
    return decoded


def _by_first_character(line: str) -> dict[str, list[tuple[str, list[str]]]]:
    """First character -> (characters, syllables), longest first."""
    entries: dict[str, list[tuple[str, list[str]]]] = {}
    for entry in line.split(","):
        characters, *syllables = entry.split(" ")
        entries.setdefault(characters[0], []).append((characters, syllables))
    for listed in entries.values():
        listed.sort(key=lambda entry: -len(entry[0]))
    return entries


@cache
def _table() -> _Table:
    return _Table(pinyin_table_text())
