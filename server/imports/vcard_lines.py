"""vCard text becomes cards of properties: versions 2.1, 3.0 and 4.0, and what phones make of them.

vobject reads the lines (folding, quoted-printable with soft line breaks, groups, parameters, charsets).
Its own reading of values is left aside: it ends a text at the first comma that 2.1 files and careless 3.0
files do not escape, which loses the rest of a note, and one damaged photo makes it give up a whole file.
"""

from __future__ import annotations

import io
import quopri
import re
from collections import Counter
from dataclasses import dataclass, field

from vobject.base import ParseError, getLogicalLines, textLineToContentLine

from .record import BadFile, Problem

# Never read, only counted: pictures, keys, sounds and programs' own bookkeeping.
SKIPPED = frozenset(
    "PHOTO LOGO KEY SOUND X-MS-OL-DESIGN X-MS-CARDPICTURE X-ABADR REV PRODID UID LABEL TZ GEO LANG MAILER CLASS "
    "SOURCE NAME SORT-STRING PROFILE CLIENTPIDMAP FBURL CALURI CALADRURI GENDER AGENT X-ACTIVITY-ALIAS "
    "X-MS-OL-DEFAULT-POSTAL-ADDRESS X-PHONETIC-FIRST-NAME X-PHONETIC-MIDDLE-NAME X-PHONETIC-LAST-NAME".split()
)
PROPERTY = re.compile(r"^(?:[\w-]+\.)?([\w-]+)[;:]")
HEAD = re.compile(r'^[^:"]*(?:"[^"]*"[^:"]*)*:')
UNESCAPED = re.compile(r'\\([\\,;:"nN])')


@dataclass(frozen=True)
class Property:
    """One line of a card.  types: lower-case TYPE words; value: decoded from its transport, still escaped."""

    name: str
    types: frozenset[str]
    value: str
    group: str = ""

    @property
    def text(self) -> str:
        return unescape(self.value).strip()

    def parts(self, separator: str = ";") -> list[str]:
        """The components of a structured value, or the members of a list."""
        return [unescape(part).strip() for part in re.split(rf"(?<!\\){separator}", self.value)]


@dataclass
class Card:
    number: int
    properties: list[Property] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    remarks: list[Problem] = field(default_factory=list)
    skipped: Counter = field(default_factory=Counter)

    def all(self, *names: str) -> list[Property]:
        return [one for one in self.properties if one.name in names]

    def text(self, name: str) -> str:
        """The first value that is not blank of a property, or ''."""
        return next((one.text for one in self.all(name) if one.text), "")

    def label(self, group: str) -> str:
        """What an Apple address book calls the property of this group, or ''."""
        found = next((one.text for one in self.all("X-ABLABEL") if group and one.group == group), "")
        return re.sub(r"^_\$!<(.*)>!\$_$", r"\1", found)


def read_cards(text: str) -> list[Card]:
    """Every card of a file.  Raises BadFile if there is none.  A line that cannot be read spoils its card only."""
    cards: list[Card] = []
    card, after_skipped = None, False
    for line, _ in getLogicalLines(io.StringIO(text.lstrip("\ufeff")), allowQP=True):
        match = PROPERTY.match(line)
        name = match.group(1).upper() if match else ""
        mark = line.strip().upper()
        if mark == "BEGIN:VCARD":
            card, after_skipped = Card(len(cards) + 1), False
            cards.append(card)
        elif card is None or mark == "END:VCARD":
            card = None
        elif name in SKIPPED:
            card.skipped[name] += 1
            after_skipped = True
        elif match or not after_skipped:  # else: a picture's data, from a program that does not fold
            after_skipped = False
            _add(card, line)
    if not cards:
        raise BadFile("no_cards")
    return cards


def unescape(value: str) -> str:
    return UNESCAPED.sub(lambda match: "\n" if match.group(1) in "nN" else match.group(1), value)


def _add(card: Card, line: str) -> None:
    try:
        read = textLineToContentLine(_loud_head(line))
    except UnicodeDecodeError:
        read = textLineToContentLine(_mended(line))
        card.remarks.append(Problem(read.name, read.value[:200], "damaged_characters"))
    except (ParseError, ValueError, LookupError) as error:  # not a property at all; a charset nobody knows
        reason = "unknown_charset" if isinstance(error, LookupError) else "unreadable_line"
        card.problems.append(Problem("", line[:200], reason))
        return
    types = [*read.params.get("TYPE", ()), *read.singletonparams]
    words = frozenset(word.strip().lower() for value in types for word in value.split(","))
    card.properties.append(Property(read.name, words, read.value.replace("\r\n", "\n"), read.group or ""))


def _mended(line: str) -> str:
    """The line with its quoted-printable value decoded here, a visible mark for each byte that is damaged."""
    head = HEAD.match(line).group()
    charset = re.search(r"CHARSET=([\w-]+)", head, re.I)
    value = quopri.decodestring(line[len(head) :].encode()).decode(charset.group(1) if charset else "utf-8", "replace")
    return re.sub(r";(ENCODING=)?QUOTED-PRINTABLE", "", head, flags=re.I) + value


def _loud_head(line: str) -> str:
    """vobject knows the name of an encoding only in capitals; some phones write it small."""
    head = HEAD.match(line)
    if not head or "quoted-printable" not in head.group().lower():
        return line
    return re.sub("quoted-printable", "QUOTED-PRINTABLE", head.group(), flags=re.I) + line[head.end() :]
