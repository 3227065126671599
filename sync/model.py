"""The vocabulary in which Roadbook's entities are declared.

An entity is declared once, in `sync/entities.py`, with the words of this module.  From that
declaration come the server's tables, the device's tables, form validation on both hosts, the merge
policy of every field and the buckets that decide who holds a row.  Nothing here knows of HTTP, of a
clock or of a database.
"""

from __future__ import annotations

from dataclasses import dataclass, field

# How concurrent edits of one field (or field group) are settled; see domain policy in PROTOCOL.md.
ASK = "ask"  # keep the later edit, keep the other one as an open conflict
LAST = "last"  # the later edit wins, the other one stays in history
UNION = "union"  # sets: additions and removals of both sides
DONE_WINS = "done_wins"  # a value beats no value
SERVER = "server"  # the server decides; a concurrent change is refused, never merged
ONCE = "once"  # set when the row is made, never changed afterwards

# Who may send operations on an entity.
ANYONE = "anyone"  # whoever may write the row's bucket
AUTHOR = "author"  # whoever may write may add; only the author (owner_id) edits or deletes
SERVER_ONLY = "server_only"  # no device may

SQL_TYPES = {
    "text": "TEXT",
    "prose": "TEXT",
    "enum": "TEXT",
    "date": "TEXT",
    "ref": "TEXT",
    "set": "TEXT",
    "json": "TEXT",
    "flag": "INTEGER",
    "count": "INTEGER",
    "instant": "INTEGER",
    "money": "INTEGER",
    "answers": "TEXT",
}


@dataclass(frozen=True)
class Field:
    """One column of an entity.

    type: a key of SQL_TYPES.  `date` is 'YYYY-MM-DD', `instant` is UTC milliseconds, `flag` is 0 or 1,
        `set` is a JSON array of distinct strings, `json` is any JSON text made by the server.  `money` is hundredths
        of a currency's unit, whatever the currency; `answers` is a JSON object of key -> text, keys in order, without
        what is empty, changed as one.
    most: longest text in code points, largest count, or most members of a set.
    of: what a set holds: 'phone', 'email', 'tag' or 'ref'; what a text is: 'rule', see rules.py, or 'clock' (HH:MM);
        what answers are: 'money', or any text; what a count is: 'rate', typed as a decimal and kept in millionths.
    ref: the entity that a `ref` (or a set of refs) points to.
    group: fields of one group travel together: they are changed, and clash, as one.
    default: the value a new row takes when none is given; '@me' is the person, '@now' the time.
    by_server: the server alone sets it, from what it accepts; a device's operation may not name it.
    """

    name: str
    type: str
    required: bool = False
    least: int = 0
    most: int = 0
    choices: tuple[str, ...] = ()
    of: str = ""
    ref: str = ""
    group: str = ""
    merge: str = ASK
    default: object = None
    by_server: bool = False

    @property
    def sql_type(self) -> str:
        return SQL_TYPES[self.type]

    @property
    def unit(self) -> str:
        """The name under which this field merges: its group's, or its own."""
        return self.group or self.name


@dataclass(frozen=True)
class Bucket:
    """One reason for a row to be held by a person: a bucket kind and the column that names its key.

    kind: 'firm' (everyone; no column), 'account' (whoever sees the account), 'person' (the person and
        whoever's data scope reaches the person), 'private' (the person alone), 'approval' (whoever takes part in the
        approval beside its applicant).
    column: the field holding the key; a set field puts the row into one bucket per member.
    only_without: the bucket counts only while this other column is NULL.
    """

    kind: str
    column: str = ""
    only_without: str = ""


@dataclass(frozen=True)
class Entity:
    """One kind of row.

    fields: in display order.  Every table also has the columns of STAMPS.
    buckets: the row is visible to members of any of them.
    writers: ANYONE, AUTHOR or SERVER_ONLY.
    search: columns that feed the derived `search_key` column, or () for none.
    one_per_person: the row's id is its owner's id.
    ordered: pairs of fields of which the first may not be greater.
    ages_by: the instant after which a row grows old; devices need not hold what is older than their window.
        NULL in it: the row never grows old.
    ageless_with: a row that has this other field stays, whatever its age.
    """

    name: str
    fields: tuple[Field, ...]
    buckets: tuple[Bucket, ...]
    writers: str = ANYONE
    search: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    one_per_person: bool = False
    ordered: tuple[tuple[str, str], ...] = ()
    ages_by: str = ""
    ageless_with: str = ""
    by_name: dict[str, Field] = field(init=False, repr=False, compare=False)
    by_unit: dict[str, tuple[Field, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {f.name: f for f in self.fields})
        units = dict.fromkeys(f.unit for f in self.fields)
        object.__setattr__(self, "by_unit", {unit: tuple(f for f in self.fields if f.unit == unit) for unit in units})

    def unit_fields(self, unit: str) -> tuple[Field, ...]:
        """The fields that merge under this name, in order."""
        return self.by_unit.get(unit, ())


# Columns every entity has besides its fields: set by the host that accepts an edit, never by a form.
# version is the sequence number of the last accepted change (0: not yet known to the server).
STAMPS = (
    ("version", "INTEGER"),
    ("created_at_ms", "INTEGER"),
    ("created_by", "TEXT"),
    ("updated_at_ms", "INTEGER"),
    ("updated_by", "TEXT"),
)


def text(name: str, most: int = 200, **more) -> Field:
    return Field(name, "text", most=most, **more)


def prose(name: str, most: int = 20_000, **more) -> Field:
    return Field(name, "prose", most=most, **more)


def enum(name: str, *choices: str, **more) -> Field:
    return Field(name, "enum", choices=choices, **more)


def date(name: str, **more) -> Field:
    return Field(name, "date", **more)


def instant(name: str, **more) -> Field:
    return Field(name, "instant", **more)


def flag(name: str, **more) -> Field:
    return Field(name, "flag", most=1, default=more.pop("default", 0), **more)


def count(name: str, most: int = 2**53 - 1, **more) -> Field:
    return Field(name, "count", most=most, **more)


def ref(name: str, entity: str, **more) -> Field:
    return Field(name, "ref", ref=entity, **more)


def members(name: str, of: str, most: int = 50, **more) -> Field:
    """A set field; its default is the empty set."""
    return Field(name, "set", of=of, most=most, merge=UNION, default="[]", **more)


def money(name: str, most: int = 10**14, **more) -> Field:
    """An amount in hundredths; its name ends in `_cents`."""
    return Field(name, "money", most=most, **more)


def answers(name: str, most: int = 50_000, **more) -> Field:
    """What was filled into a form that an administrator made; nothing is the empty object."""
    return Field(name, "answers", most=most, default="{}", **more)


def document(name: str, **more) -> Field:
    return Field(name, "json", most=100_000, **more)
