"""Cards of an address book become records: the person, the company of the person, and what has no field.

What no field takes (fax, nickname, second address, anniversary …) goes into the note with its name before
it, so that nothing that somebody typed is lost; pictures and programs' own bookkeeping are counted only.
"""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import unquote

from .record import Record
from .vcard_lines import Card, Property, read_cards

CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
NOT_SPOKEN = {"fax": ("Fax", "传真"), "pager": ("Pager", "寻呼机")}
NOTED = {
    "NICKNAME": ("Nickname", "昵称"),
    "ROLE": ("Role", "角色"),
    "ANNIVERSARY": ("Anniversary", "纪念日"),
    "X-MS-ANNIVERSARY": ("Anniversary", "纪念日"),
    "X-ABDATE": ("Date", "日期"),
    "X-ABRELATEDNAMES": ("Related", "关系人"),
    "RELATED": ("Related", "关系人"),
    "X-MS-MANAGER": ("Manager", "经理"),
    "X-MS-ASSISTANT": ("Assistant", "助理"),
    "X-MS-SPOUSE": ("Spouse", "配偶"),
    "X-MS-IMADDRESS": ("Chat", "聊天"),
    "X-QQ": ("QQ", "QQ"),
    "IMPP": ("Chat", "聊天"),
    "X-MS-TEL": ("Telephone", "电话"),
}
ADDRESS, BIRTHDAY = ("Address", "地址"), ("Birthday", "生日")
WEBSITE, ORGANISATION = ("Website", "网址"), ("Organisation", "单位")

WECHAT = "wechat|weixin|微信"

# Labels that say no more than the type of a phone does.
DULL_LABELS = {"iphone", "mobile", "home", "work", "main", "other", "手机", "住宅", "工作", "主要", "其他"}
PHONES_OWN_TAGS = {"my contacts", "mycontacts", "starred in android"}


def read_records(text: str) -> tuple[list[Record], Counter]:
    """(records, how many of which properties were left out).  Raises BadFile if the file has no card."""
    cards = read_cards(text)
    return [_record(card) for card in cards], sum((card.skipped for card in cards), Counter())


def _record(card: Card) -> Record:
    record = Record(
        card.number, cells=_cells(card), problems=list(card.problems), remarks=list(card.remarks), is_card=True
    )
    company, department = _organisation(card)
    is_company = _is_company(card, company)
    side = "account" if is_company else "contact"
    record.put(f"{side}.name", "FN", company if is_company else person_name(card))
    if company and not is_company:
        record.put("account.name", "ORG", company)
        record.put("contact.department", "ORG", department)
    if not is_company:
        record.put("contact.title", "TITLE", card.text("TITLE") or card.text("ROLE"))
        record.put("contact.wechat", "X-WECHAT", _wechat(card))
    for email in card.all("EMAIL"):
        record.put(f"{side}.emails", "EMAIL", re.sub(r"^mailto:", "", email.text, flags=re.I))
    for tag in card.all("CATEGORIES"):
        for word in tag.parts(","):
            record.put(f"{side}.tags", "CATEGORIES", "" if word.lower() in PHONES_OWN_TAGS else word)
    note = _Notes(record, f"{side}.note", bool(CJK.search(card.text("FN") + company)))
    _phones(card, record, side, note)
    _addresses(card, record, side, bool(company), note)
    _birthday(card, record, is_company, note)
    _websites(card, record, bool(company), note)
    _notes(card, note)
    return record


class _Notes:
    """Collects the lines of a note, in the language of the card."""

    def __init__(self, record: Record, target: str, chinese: bool) -> None:
        self.record, self.target, self.chinese = record, target, chinese

    def line(self, column: str, label: tuple[str, str] | str, text: str) -> None:
        if text.strip():
            word = label if isinstance(label, str) else label[self.chinese]
            self.record.put(self.target, column, f"{word}：{text}" if self.chinese else f"{word}: {text}")


def person_name(card: Card) -> str:
    """The name as it is said: family name first in Chinese, Japanese and Korean, else as the card shows it.

    A card without a name is listed by phones under its e-mail or number, and so it is here.
    """
    family, given, *rest = [*(card.all("N")[0].parts() if card.all("N") else []), "", ""]
    if CJK.search(family + given) and not re.search(r"[A-Za-z]", family + given):
        return family + (rest[0] if rest and CJK.search(rest[0]) else "") + given
    spoken = " ".join(part for part in (given, rest[0] if rest else "", family) if part)
    return card.text("FN") or spoken or card.text("NICKNAME") or card.text("EMAIL") or _number(card.text("TEL"))


def _organisation(card: Card) -> tuple[str, str]:
    parts = [part for org in card.all("ORG")[:1] for part in org.parts() if part]
    return (parts[0], " / ".join(parts[1:])) if parts else ("", "")


def _is_company(card: Card, company: str) -> bool:
    has_person = any(part for name in card.all("N") for part in name.parts())
    says_so = card.text("X-ABSHOWAS").upper() == "COMPANY" or card.text("KIND").lower() in ("org", "organization")
    return bool(company) and (says_so or (not has_person and card.text("FN") in ("", company)))


def _phones(card: Card, record: Record, side: str, note: _Notes) -> None:
    for phone in card.all("TEL"):
        number, label = _number(phone.text), card.label(phone.group)
        kind = next((kind for kind in NOT_SPOKEN if kind in phone.types), "")
        if kind:
            note.line("TEL", NOT_SPOKEN[kind], number)
        elif re.search(r"assistant|助理", label, re.I):
            note.line("TEL", label, number)
        else:
            record.put(f"{side}.phones", "TEL", number)
            note.line("TEL", label, "" if not label or label.lower() in DULL_LABELS else number)


def _number(text: str) -> str:
    """A tel: address as people write numbers."""
    bare = re.sub(r"^tel:", "", text, flags=re.I)
    return re.sub(r";ext=", " ext. ", unquote(bare), flags=re.I).split(";")[0].strip()


def _addresses(card: Card, record: Record, side: str, has_company: bool, note: _Notes) -> None:
    addresses = [(address, one_line_address(address)) for address in card.all("ADR")]
    addresses = [pair for pair in addresses if pair[1]]
    work = next((text for address, text in addresses if "home" not in address.types), "")
    if has_company:
        record.put("account.address", "ADR", work)
    if side == "account":
        taken = work
    else:
        taken = addresses[0][1] if addresses else ""
        record.put("contact.address", "ADR", taken)
    for _, text in addresses:
        if text != taken and not (has_company and text == work):
            note.line("ADR", ADDRESS, text)


def one_line_address(address: Property) -> str:
    """Large to small in Chinese, small to large elsewhere."""
    box, extra, street, city, region, code, country = (
        re.sub(r"\s*[\n\r]+\s*", ", ", part).strip(" ,") for part in [*address.parts(), *[""] * 7][:7]
    )
    if CJK.search(street + city + region):
        return "".join([country, region, city, street, extra, box, f" {code}" if code else ""])
    return ", ".join(part for part in (box, extra, street, city, f"{region} {code}".strip(), country) if part)


def _birthday(card: Card, record: Record, is_company: bool, note: _Notes) -> None:
    text = card.text("BDAY")
    whole = re.match(r"^(\d{4})-?(\d\d)-?(\d\d)(?:[T ].*)?$", text)
    if whole and not is_company:
        record.put("contact.birthday", "BDAY", "-".join(whole.groups()))
    else:
        # Without a year (--0203) it is no date that a field could hold.
        note.line("BDAY", BIRTHDAY, re.sub(r"^--(\d\d)-?(\d\d)$", r"\1-\2", text))


def _websites(card: Card, record: Record, has_company: bool, note: _Notes) -> None:
    for place, url in enumerate(card.all("URL")):
        if has_company and place == 0:
            record.put("account.website", "URL", url.text)
        else:
            note.line("URL", WEBSITE, url.text)


def _wechat(card: Card) -> str:
    """From X-WECHAT, or an instant-messaging address that says wechat."""
    chats = [one for one in card.all("IMPP") if re.search(WECHAT, one.text + card.label(one.group), re.I)]
    found = card.text("X-WECHAT") or (chats[0].text if chats else "")
    return re.sub(r"^(wechat|weixin|x-apple):", "", found, flags=re.I)


def _notes(card: Card, note: _Notes) -> None:
    for one in card.all("NOTE"):
        note.record.put(note.target, "NOTE", one.text)
    for org in card.all("ORG")[1:]:
        note.line("ORG", ORGANISATION, " / ".join(part for part in org.parts() if part))
    for one in card.all(*NOTED):
        if one.name == "ROLE" and not card.text("TITLE"):
            continue
        if one.name == "IMPP" and re.search(WECHAT, one.text, re.I):
            continue
        label = card.label(one.group) or NOTED[one.name]
        note.line(one.name, label, ", ".join(part for part in one.parts() if part))


def _cells(card: Card) -> dict[str, str]:
    """Every property that was read, for the error file; several of one name in one cell."""
    cells: dict[str, str] = {}
    for one in card.properties:
        if one.name not in ("VERSION", "X-ABLABEL"):
            cells[one.name] = f"{cells[one.name]}; {one.text}" if one.name in cells else one.text
    return cells
