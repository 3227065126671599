"""No page mixes languages: in Chinese, a firm whose data has no Latin letters sees none but names and formats."""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qsl, urlsplit

import pytest

from server.pages import Form, NotFound, Pages, Viewer
from sync.entities import BY_NAME
from tests import page_rows
from tests.conftest import ROOT
from tests.unit.desk import Desk
from tests.unit.visible import english_words
from web.reasons import REASONS

CHINESE = ("zh-Hans", "zh-Hant")
ME = page_rows.ME | {"name": "王芳", "language": None}
SYNC = {"host": "device", "waiting": 2, "refused": 1, "last_ms": page_rows.NOW_MS - 60_000, "state": "needs_you"}
SYNC |= {"window_ms": page_rows.NOW_MS - 180 * page_rows.DAY, "accounts_elsewhere": 12_345}

# Pages that no link leads to, or that look different when asked like this.
MORE_ADDRESSES = (
    "/trouble/offline?from=/",
    "/trouble/unsent?from=/tasks/new",
    "/trouble/not_ready",
    "/trouble/not_found",
    "/trouble/failed",
    "/outbox/chip",
    "/search?q=王",
    "/search?q=没有的",
    "/customers?q=没有的",
    "/people?q=没有的",
    "/customers?level=a&sort=quiet",
    "/schedule?view=week&who=team",
    "/schedule?who=nobody",
    "/tasks?show=done",
    "/tasks?view=list&who=all",
    "/team?kind=visit",
    "/activities/new?q=没有的",
    "/relations/new?account=acc-wang",
    "/comments/new?entity=account&id=acc-wang",
    "/customers/acc-wang/summary?days=all",
    "/history/account/acc-wang",
    "/customers?server=1",
    "/search?q=王&server=1",
    "/conflicts?whose=all",
    "/conflicts?whose=all&kind=proposal",
    "/conflicts?state=settled&whose=all",
    "/conflicts?q=没有的",
    "/conflicts/several?c1=conf-1&c2=conf-3&c3=conf-6&c4=conf-7&c5=conf-8&c6=settled",
    "/conflicts/several",
    "/approvals?box=mine",
    "/approvals?box=copies",
    "/approvals?box=done",
    "/approvals?box=all",
    "/approvals?q=没有的",
    "/approvals/app-wait?seen=x",
    "/approvals/app-stand",
    "/approvals/app-mine",
    "/approvals/app-back",
    "/approvals/app-no",
    "/approvals/app-void",
    "/approvals/new?definition=def-leave",
    "/approvals/new?definition=def-claim&like=app-mine",
    "/approvals/new?definition=def-old",
    "/approvals/app-back/edit",
    "/approvals/app-mine/edit",
    "/approvals/app-done/edit",
    "/approvals/several",
    "/approvals/app-owed/pay",
    "/approvals/count",
    "/me/substitutes/sub-mine/edit",
    "/locked?next=/",
)
MOST_OF_ONE_PAGE = 5
# Fields and parts of documents that no person writes, or that a person does.
NO_WORDS = (
    *("query", "unit", "timezone", "target_id", "currency", "key"),
    *("value", "hash", "revision_hash", "asks", "receipt_no"),
)
WORDS_IN_DOCUMENTS = ("label", "hint", "choices", "name", "title", "reason", "payee", "note")


@pytest.fixture(scope="module")
def pages() -> Pages:
    return Pages()


@pytest.fixture(scope="module")
def desk(pages) -> Desk:
    """The rows of tests/page_rows.py, without their Latin letters, and unsent edits in each state."""
    desk = Desk(pages, now_ms=page_rows.NOW_MS)
    for entity, rows in page_rows.rows().items():
        for row in rows:
            desk.add(entity, **without_latin(entity, row))
    tell_the_past(desk)
    edits = [("waiting", "task", "task-open"), ("acked", "activity", "act-visit"), ("refused", "account", "acc-wang")]
    for state, entity, row_id in edits:
        desk.queue(entity, row_id, state, "too_long" if state == "refused" else None, {"most": 200}, set={"note": "新"})
    return desk


def tell_the_past(desk: Desk) -> None:
    """A history of every kind of line."""
    desk.past(1, "account", "acc-wang", "+")
    desk.past(2, "account", "acc-wang", "level", {"level": "a"}, {"level": None}, by="user-li")
    desk.past(3, "account", "acc-wang", "owner_id", {"owner_id": "user-li"}, {"owner_id": None}, by=None)
    desk.past(4, "account", "acc-wang", "phones", {"phones": '["1"]'}, {"phones": "[]"})
    late = {"next_contact_on": "2026-12-01"}
    desk.past(5, "account", "acc-wang", "next_contact_on", {"next_contact_on": None}, late, in_force=0)
    desk.past(6, "account", "acc-wang", "-", {"deleted": 0}, {"deleted": 1})
    desk.past(7, "account", "acc-wang", "-", {"deleted": 1}, {"deleted": 0}, by=None)
    for n, clash in enumerate(desk.rows("conflict")):
        desk.past(10 + n, "conflict", clash["id"], "+", by=None)
        desk.past(30 + n, "conflict", clash["id"], "settled_at_ms", {"settled_at_ms": None}, {"settled_at_ms": 1})


@pytest.fixture(scope="module")
def empty_desk(pages) -> Desk:
    return Desk(pages, now_ms=page_rows.NOW_MS)


def without_latin(entity: str, row: dict) -> dict:
    return {
        name: told(entity, name)(value) if is_typed(entity, name) and value else value for name, value in row.items()
    }


def told(entity: str, name: str):
    return document_in_chinese if BY_NAME[entity].by_name[name].type == "json" and entity != "conflict" else in_chinese


def is_typed(entity: str, name: str) -> bool:
    """Whether people type it freely: what they choose from a list is for the pages to translate."""
    declared = BY_NAME[entity].by_name.get(name)
    free = declared and (declared.type in ("text", "prose", "json") or declared.of in ("tag", "email"))
    return bool(free) and name not in NO_WORDS


def in_chinese(text: str) -> str:
    """Latin words become a letter; JSON keeps its names."""
    return re.sub(r'[A-Za-z]+(?![\w]*":)', "甲", text)


def document_in_chinese(text: str) -> str:
    """What people typed into a document; keys, ids and kinds stay."""

    def walk(value: object, is_words: bool) -> object:
        if isinstance(value, dict):
            return {key: walk(one, key in WORDS_IN_DOCUMENTS) for key, one in value.items()}
        if isinstance(value, list):
            return [walk(one, is_words) for one in value]
        return in_chinese(value) if is_words and isinstance(value, str) else value

    return json.dumps(walk(json.loads(text), False), ensure_ascii=False)


def render(desk: Desk, address: str, lang: str, **more) -> str:
    parts = urlsplit(address)
    page, params = desk.pages.match(parts.path)
    viewer = Viewer(ME, lang, desk.tz, desk.now_ms, **{"sync": SYNC} | more)
    return desk.pages.render(desk.db, page, parts.path, params, dict(parse_qsl(parts.query)), viewer)


def found_pages(desk: Desk, lang: str) -> dict[str, dict[str, str]]:
    """Page name -> address -> HTML, of what links lead to from Today, some of each page."""
    found: dict[str, dict[str, str]] = {}
    left = ["/", *MORE_ADDRESSES]
    for address in left:
        match = desk.pages.match(urlsplit(address).path)
        shown = found.setdefault(match[0].name, {}) if match else {}
        if not match or address in shown or (len(shown) >= MOST_OF_ONE_PAGE and address not in MORE_ADDRESSES):
            continue
        try:
            shown[address] = render(desk, address, lang)
        except NotFound:
            continue
        left += links(shown[address])
    return found


def links(html: str) -> list[str]:
    return [href.replace("&amp;", "&").partition("#")[0] for href in re.findall(r'href="(/[^"]*)"', html)]


@pytest.mark.parametrize("lang", CHINESE)
def test_every_page_of_a_chinese_firm_is_chinese_throughout(desk, lang):
    found = found_pages(desk, lang)

    assert {page.name for page in desk.pages.pages} <= {name for name, shown in found.items() if shown}
    assert mixed({address: html for shown in found.values() for address, html in shown.items()}) == {}


@pytest.mark.parametrize("lang", CHINESE)
def test_every_page_of_a_new_firm_is_chinese_throughout(empty_desk, lang):
    found = found_pages(empty_desk, lang)

    assert mixed({address: html for shown in found.values() for address, html in shown.items()}) == {}


@pytest.mark.parametrize("lang", CHINESE)
def test_every_state_of_sync_is_said_in_chinese(desk, lang):
    states = ("saved", "sending", "synced", "needs_you", "cannot")
    shown = {
        f"{address} {state} {waiting} {last_ms}": render(desk, address, lang, sync=SYNC | sync)
        for address in ("/", "/outbox", "/me")
        for state in states
        for waiting in (0, 1, 2)
        for last_ms in (None, page_rows.NOW_MS)
        for sync in [{"state": state, "waiting": waiting, "refused": waiting, "last_ms": last_ms}]
    }

    assert mixed(shown) == {}


LOCK = {"lease_days": 30, "lock_kind": "", "lock_minutes": 5, "lock_asked": False, "lock_spent": False}
LOCK |= {"lock_wait_s": 0, "lock_key": "", "lock_challenge": "AAAA"}


@pytest.mark.parametrize("lang", CHINESE)
def test_every_state_of_the_lock_is_said_in_chinese(desk, lang):
    whys = [None, *sorted(set(re.findall(r"code == '([a-z_]+)'", lock_page())))]
    shown = {
        f"{address} {more} {why}": render(desk, address, lang, sync=SYNC | LOCK | more, form=Form({}, {"why": why}))
        for address in ("/locked", "/me/app-lock", "/me")
        for kind in ("", "pin", "passkey")
        for more in (
            {"lock_kind": kind, "locked": ""},
            {"lock_kind": kind, "locked": "lease"},
            {"lock_kind": kind, "locked": "lease", "lease_days": 1},
            {"lock_kind": kind, "locked": "set_up", "lock_asked": True},
            {"lock_kind": kind, "locked": "app", "lock_wait_s": 1},
            {"lock_kind": kind, "locked": "app", "lock_spent": True, "lock_wait_s": 30},
        )
        for why in whys
    }

    assert len(whys) > 3
    assert mixed(shown) == {}


def lock_page() -> str:
    return (ROOT / "web" / "pages" / "_app_lock.html").read_text("utf-8")


@pytest.mark.parametrize("lang", CHINESE)
def test_every_refusal_is_said_in_chinese(desk, lang):
    detail = {"most": 200, "least": 1, "name": "王", "part": "X", "place": "X", "label": "王"}
    errors = {f"a.{code}": (code, detail) for code in REASONS}

    shown = render(desk, "/customers/new", lang, form=Form(errors, {"a.name": "王"}))

    assert mixed({"/customers/new": shown}) == {}


def mixed(shown: dict[str, str]) -> dict[str, list[str]]:
    """Address -> the English words there, of pages that have some."""
    return {address: words for address, html in shown.items() if (words := english_words(html))}


def test_an_english_word_on_a_chinese_page_is_noticed():
    html = (
        '<p lang="zh">客户 <b>Customers</b></p><a aria-label="Open" href="/customers">x</a><script>let words</script>'
    )

    assert english_words(html) == ["Customers", "Open"]


def test_letters_of_addresses_zones_and_names_are_no_words():
    assert english_words("<p>Roadbook li@example.com Asia/Shanghai https://example.com/word CSV wf</p>") == []
