"""Who is already there: customers and contacts by name and by phone, and colleagues by name.

`Known` is read once through the importing person's own view, so a duplicate that the person may not see is
never shown.  Names are compared without legal form, width, case and punctuation; phones as dialled numbers.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache

import phonenumbers

LEGAL_FORM = re.compile(
    r"(股份有限公司|有限责任公司|有限責任公司|有限公司|集团公司|公司|集团|集團|"
    r"\b(co|company|corp|corporation|inc|incorporated|ltd|limited|llc|plc|gmbh|ag|sa|srl|bv|ab|oy|pte|pty)\b)$"
)
MOBILE_TYPES = {phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}
CHINESE_MOBILE = re.compile(r"^(?:(?:\+|00)?86)?(1[3-9]\d{9})$")


@dataclass
class Found:
    """A customer or contact that exists, or that an earlier row of the file makes.

    row: its columns where it is in the firm, else None.  number: the file's row where it is new.
    """

    entity: str
    id: str
    name: str
    account_id: str | None = None
    row: dict | None = None
    number: int = 0


@dataclass(frozen=True)
class Duplicate:
    """by: 'name' or 'phone'; value: what is the same."""

    found: Found
    by: str
    value: str


@dataclass(frozen=True)
class Person:
    id: str
    name: str
    is_reached: bool


@dataclass
class Index:
    """Customers, or contacts, by what they can be recognised by."""

    region: str = "CN"
    by_name: dict[str, list[Found]] = field(default_factory=dict)
    by_phone: dict[str, list[Found]] = field(default_factory=dict)

    def add(self, found: Found, names: list[str], phones: list[str]) -> None:
        for key in {name_key(name) for name in names if name}:
            self.by_name.setdefault(key, []).append(found)
        for key in {phone_key(phone, self.region) for phone in phones}:
            self.by_phone.setdefault(key, []).append(found)


@dataclass
class Known:
    """read_only: customers that the importing person may see and not change."""

    accounts: Index
    contacts: Index
    people: dict[str, list[Person]]
    read_only: set[str] = field(default_factory=set)

    def account_duplicate(self, name: str, phones: list[str]) -> Duplicate | None:
        named = self.accounts.by_name.get(name_key(name))
        if named:
            # Of several, the one that is written the same.
            best = next((found for found in named if found.name == name), named[0])
            return Duplicate(best, "name", best.name)
        return self._by_phone(self.accounts, phones, lambda found, key: True)

    def contact_duplicate(self, name: str, phones: list[str], account_id: str | None) -> Duplicate | None:
        """Two people may share a name (in two companies) and colleagues a desk's number: neither is flagged."""
        key = name_key(name)
        same_person = self._by_phone(
            self.contacts, phones, lambda found, phone: is_mobile(phone) or name_key(found.name) == key
        )
        if same_person:
            return same_person
        for found in self.contacts.by_name.get(key, ()):
            if account_id is None or found.account_id is None or found.account_id == account_id:
                return Duplicate(found, "name", found.name)
        return None

    def _by_phone(self, index: Index, phones: list[str], counts) -> Duplicate | None:
        for phone in phones:
            key = phone_key(phone, index.region)
            for found in index.by_phone.get(key, ()):
                if counts(found, key):
                    return Duplicate(found, "phone", phone)
        return None


def read_known(firm, user_id: str | None, region: str = "CN") -> Known:
    """What this person may see, or everything where the firm itself imports (user_id None)."""
    if user_id is None:
        with firm.look() as conn:
            return _read(conn, Known(Index(region), Index(region), {}), reached=None)
    with firm.look() as conn:
        reached = _keys(conn, user_id, "kind = 'person'") | {user_id}
        read_only = _keys(conn, user_id, "kind = 'account' AND access = 'read'")
    with firm.read(user_id) as conn:
        return _read(conn, Known(Index(region), Index(region), {}, read_only), reached)


def find_people(firm, wanted: str) -> list[str]:
    """Ids of the colleagues with this login, name or id; one who is meant by login or id is meant alone."""
    with firm.look() as conn:
        rows = conn.execute(
            "SELECT u.id, u.name, c.login FROM user AS u LEFT JOIN credential AS c ON c.user_id = u.id"
            " WHERE u.deleted = 0 ORDER BY u.id"
        ).fetchall()
    exactly = [row["id"] for row in rows if wanted in (row["id"], row["login"])]
    return exactly or [row["id"] for row in rows if name_key(row["name"]) == name_key(wanted)]


def who_else(people: list[str]) -> str:
    """Why find_people did not find one person, and what to do."""
    return "several colleagues are called that; use the login" if people else "no colleague has this login or name"


def _keys(conn, user_id: str, condition: str) -> set[str]:
    held = f"SELECT key FROM membership WHERE user_id = ? AND until_seq IS NULL AND {condition}"
    return {row[0] for row in conn.execute(held, (user_id,))}


def _read(conn, known: Known, reached: set[str] | None) -> Known:
    for row in conn.execute("SELECT * FROM account WHERE deleted = 0 ORDER BY id"):
        found = Found("account", row["id"], row["name"] or "", None, dict(row))
        known.accounts.add(found, [row["name"], row["short_name"]], json.loads(row["phones"] or "[]"))
    for row in conn.execute("SELECT * FROM contact WHERE deleted = 0 ORDER BY id"):
        found = Found("contact", row["id"], row["name"] or "", row["account_id"], dict(row))
        known.contacts.add(found, [row["name"]], json.loads(row["phones"] or "[]"))
    for row in conn.execute("SELECT id, name FROM user WHERE deleted = 0 AND is_active = 1 ORDER BY id"):
        person = Person(row["id"], row["name"], reached is None or row["id"] in reached)
        known.people.setdefault(name_key(row["name"]), []).append(person)
    return known


@lru_cache(maxsize=100_000)
def name_key(name: str) -> str:
    """A name as it is compared: 示例机电有限公司 and 示例机电, 'ACME Corp.' and 'Acme' are one."""
    folded = re.sub(r"[\W_]+", " ", unicodedata.normalize("NFKC", name).casefold()).strip()
    bare = folded
    while (shorter := LEGAL_FORM.sub("", bare).strip()) != bare and shorter:
        bare = shorter
    return bare.replace(" ", "") or name.strip()


@lru_cache(maxsize=200_000)
def phone_key(phone: str, region: str = "CN") -> str:
    """A number as it is dialled from abroad, with its extension; only its digits where it is no full number."""
    main, extension = _split_extension(phone)
    digits = re.sub(r"[^\d+]", "", main)
    chinese = CHINESE_MOBILE.match(digits)
    if chinese and region == "CN":
        return f"+86{chinese.group(1)}{extension}"
    try:
        parsed = phonenumbers.parse(main, region)
    except phonenumbers.NumberParseException:
        return digits + extension
    if not phonenumbers.is_valid_number(parsed):
        return digits + extension
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) + extension


def _split_extension(phone: str) -> tuple[str, str]:
    match = re.match(r"^(.*?\d.*?)\s*(?:extn|ext|x|转|轉|分机|分機|内线|內線|#)\.?\s*(\d+)$", phone, re.I)
    return (match.group(1), f"x{match.group(2)}") if match else (phone, "")


@lru_cache(maxsize=50_000)
def is_mobile(key: str) -> bool:
    """Whether a phone_key is one person's number as far as one can tell."""
    if CHINESE_MOBILE.match(key):
        return True
    if not key.startswith("+") or "x" in key:
        return False
    return phonenumbers.number_type(phonenumbers.parse(key)) in MOBILE_TYPES
