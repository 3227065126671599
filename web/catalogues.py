"""The translations: gettext catalogues in web/locale, read once.

A text that a catalogue lacks is shown in English, which is its id: a missing translation never hides a word.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

LOCALE_FOLDER = Path(__file__).parent / "locale"


@dataclass(frozen=True)
class Catalogue:
    """messages: English -> text.  plurals: English singular -> forms, in the order of the language."""

    lang: str
    messages: dict[str, str] = field(default_factory=dict)
    plurals: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def plural(self, one: str, many: str, n: int) -> str:
        forms = self.plurals.get(one)
        if forms is None:
            return one if n == 1 else many
        return forms[0] if len(forms) == 1 or n == 1 else forms[1]


@cache
def catalogue(lang: str) -> Catalogue:
    return read_catalogue(lang, LOCALE_FOLDER)


def read_catalogue(lang: str, folder: Path) -> Catalogue:
    """The catalogue of a language; empty where there is no file.  Fuzzy and empty entries do not count."""
    file = folder / lang / "LC_MESSAGES" / "roadbook.po"
    if not file.exists():
        return Catalogue(lang)
    with file.open("rb") as source:
        entries = read_po(source)
    messages, plurals = {}, {}
    for entry in entries:
        if not entry.id or entry.fuzzy:
            continue
        if isinstance(entry.id, tuple | list):
            forms = tuple(entry.string)
            if all(forms):
                plurals[entry.id[0]] = forms
        elif entry.string:
            messages[entry.id] = entry.string
    return Catalogue(lang, messages, plurals)
