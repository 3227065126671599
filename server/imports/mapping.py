"""Which column is which field: guesses from header words and from the shape of the values, and their use.

A guess is only ever a proposal that a person sees; a column that nothing speaks for is left out, and the
page says so.  Applying a mapping moves text into records and changes none of it.
"""

from __future__ import annotations

import re
from functools import cache

from server.export_columns import ACCOUNT_COLUMNS, CONTACT_COLUMNS
from web.text import Text

from .csv_file import Table
from .record import Record
from .targets import PROSE, SETS, TARGET_BY_WORD, TWINS, WORDS, plain

# The columns that our own error files add: never data.
ERROR_COLUMNS = ("roadbook row", "roadbook column", "roadbook value", "roadbook reason")

PHONE = re.compile(r"^(?!\d+\.\d+$)[+(]?\d[\d\s().+-]{5,}(\s*[/,;、，；]\s*[+(]?\d[\d\s().+-]{5,})*$")
EMAIL = re.compile(r"^\S+@\S+\.\w+$")
COMPANY = re.compile(
    r"(公司|集团|集團|工厂|工廠|厂|廠|\b(ltd|inc|llc|gmbh|corp|corporation|company|co|ag|plc|s\.?a)\.?)$", re.I
)
PERSON = re.compile(r"^[\u4e00-\u9fff]{2,4}$|^[A-Z][\w'-]+ [A-Z][\w'-]+$")
ADDRESS = re.compile(r"(省|市|区|縣|县|路|街|号|號).*\d|\b(street|road|avenue|st|rd|ave)\b", re.I)
# What values show by themselves; the second group is too weak against a header that says something else.
SHAPES = (("contact.phones", PHONE), ("contact.emails", EMAIL), ("account.name", COMPANY))
WEAK_SHAPES = (("account.address", ADDRESS), ("contact.name", PERSON))
NOT_PHONES = {
    "fax", "传真", "傳真", "pager", "opportunity_id", "id", "no", "number", "编号", "編號", "latitude", "longitude"
}

# Header words that alone say nothing about whose they are: decided by what else the file has.
OPEN_NAMES = {"name", "名称", "名稱"}

# Beside a column of mobile numbers, the word for the phone that stands on the company's desk.
LANDLINES = {"phone", "telephone", "tel", "电话", "電話"}

# The header of a well-known public data set, whose revenue is in millions without saying so.
MILLIONS = {"account", "sector", "year_established", "revenue", "employees"}


def guess(table: Table, kind: str = "") -> dict[str, str]:
    """column -> target ('' for none), each target once except sets and notes.

    kind: 'accounts' or 'contacts' where the person said what the file holds; '' to find out.
    """
    found = {column: _by_header(column) for column in table.columns}
    for place, column in enumerate(table.columns):
        if not found[column] and plain(column) not in ERROR_COLUMNS_PLAIN:
            found[column] = _by_shape(column, table.samples(place, 20))
    return _settle(found, kind)


def has_mapping_for_names(mapping: dict[str, str]) -> bool:
    """A row needs at least a customer's or a contact's name."""
    return bool({"account.name", "contact.name"} & set(mapping.values()))


def records(table: Table, mapping: dict[str, str]) -> list[Record]:
    """Every row of the table as a record, misfits included, in the order of the file."""
    made = [_record(table.columns, number, cells, mapping) for number, cells in table.rows]
    return sorted(made + table.misfits, key=lambda record: record.number)


def _record(columns: list[str], number: int, cells: list[str], mapping: dict[str, str]) -> Record:
    record = Record(number, cells=dict(zip(columns, cells, strict=True)))
    for column, text in zip(columns, cells, strict=True):
        target = mapping.get(column, "")
        if target in PROSE and text and _by_header(column) not in PROSE:
            # Any column may be kept in the note; its name says what the text is.
            record.put(target, column, f"{column}: {text}")
        elif target in WORDS:
            record.put(target, column, text)
    return record


def _by_header(column: str) -> str:
    """The target that a header's words name, with a unit in it looked at first."""
    word = plain(re.sub(r"\(\d+\)$", "", column))
    bare = plain(re.sub(r"[(（\[].*$", "", column))
    target = TARGET_BY_WORD.get(word) or export_headers().get(word) or TARGET_BY_WORD.get(bare) or ""
    return _revenue_unit(column) if target == "account.annual_revenue" else target


@cache
def export_headers() -> dict[str, str]:
    """The headers of our own exports, in every language -> target."""
    texts = [Text(lang, "UTC", 0) for lang in ("en", "zh-Hans", "zh-Hant")]
    columns = [*ACCOUNT_COLUMNS.items(), *CONTACT_COLUMNS.items()]
    return {plain(text.gettext(header)): target for text in texts for target, header in columns if target in WORDS}


def _revenue_unit(column: str) -> str:
    if re.search(r"百万|百萬|\bmillions?\b|\bm\b|mio", column, re.I):
        return "account.annual_revenue_m"
    if re.search(r"万|萬", column):
        return "account.annual_revenue_wan"
    if re.search(r"千|\bthousands?\b|\bk\b", column, re.I):
        return "account.annual_revenue_k"
    return "account.annual_revenue"


def _by_shape(column: str, samples: list[str]) -> str:
    if not samples or plain(column) in NOT_PHONES:
        return ""
    for target, shape in SHAPES + (WEAK_SHAPES if column.startswith("#") else ()):
        if sum(bool(shape.search(sample)) for sample in samples) >= 0.6 * len(samples):
            return target
    return ""


def _settle(found: dict[str, str], kind: str) -> dict[str, str]:
    """Decide between customer and contact where a header leaves it open, then drop doubles."""
    targets = {target for column, target in found.items() if plain(column) not in OPEN_NAMES}
    for column in found:
        if plain(column) in OPEN_NAMES and found[column] == "contact.name":
            found[column] = _open_name(targets, kind)
    targets = set(found.values())
    has_mobile = any(target == "contact.phones" and plain(column) not in LANDLINES for column, target in found.items())
    for column, target in found.items():
        found[column] = _owner_of(column, target, "account.name" in targets, "contact.name" in targets, has_mobile)
    if {plain(column) for column in found} >= MILLIONS:
        found[next(column for column in found if plain(column) == "revenue")] = "account.annual_revenue_m"
    return _once_each(found)


def _open_name(targets: set[str], kind: str) -> str:
    """A column called just 'name': the company's, unless the file has that elsewhere or is about people."""
    if "account.name" in targets:
        return "contact.name" if "contact.name" not in targets else ""
    if "contact.name" in targets or kind == "accounts" or (not kind and _is_about_accounts(targets)):
        return "account.name"
    return "contact.name"


def _owner_of(column: str, target: str, has_account: bool, has_contact: bool, has_mobile: bool) -> str:
    """A phone, address or note is the customer's or the contact's, by who is in the file and by the word."""
    wrong = (target.startswith("contact.") and not has_contact) or (target.startswith("account.") and not has_account)
    if wrong and (has_account or has_contact) and target in TWINS:
        return TWINS[target]
    if has_account and has_contact and has_mobile and plain(column) in LANDLINES:
        return "account.phones"
    return target


def _is_about_accounts(targets: set[str]) -> bool:
    """More that only companies have than that only people have."""
    telling = targets - TWINS.keys()
    of_accounts = sum(target.startswith("account.") for target in telling)
    return of_accounts > sum(target.startswith("contact.") for target in telling)


def _once_each(found: dict[str, str]) -> dict[str, str]:
    taken: set[str] = set()
    for column, target in found.items():
        if target in taken and target not in SETS | PROSE:
            found[column] = ""
        taken.add(target)
    return found


ERROR_COLUMNS_PLAIN = {plain(column) for column in ERROR_COLUMNS}
