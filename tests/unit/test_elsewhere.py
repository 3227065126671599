"""What lies on the server only is said where a device's list ends, with a link to the same page from there."""

from __future__ import annotations

import pytest

from server.pages import Pages
from tests.unit.desk import NOW_MS, Desk

DAY = 86_400_000
NAMES = {"account", "account_summary", "contact", "customers", "search", "tasks", "person", "me"}
PART = {"host": "device", "waiting": 0, "refused": 0, "last_ms": NOW_MS, "state": "synced"}
PART |= {"window_ms": NOW_MS - 180 * DAY, "accounts_elsewhere": 12_345}
WHOLE = PART | {"window_ms": None, "accounts_elsewhere": 0}


@pytest.fixture(scope="module")
def pages() -> Pages:
    return Pages(names=NAMES)


@pytest.fixture
def desk(pages) -> Desk:
    desk = Desk(pages)
    desk.add("role", "rep", name="Rep", data_scope="own")
    desk.person("anna", "Anna")
    desk.add("account", "a1", name="王芳贸易")
    desk.add("contact", "c1", name="王芳", account_id="a1")
    desk.add("activity", "v1", kind="call", at_ms=NOW_MS, body="Rang", account_id="a1", contact_ids=["c1"])
    desk.add("task", "t1", title="Quote", assignee_id="anna", done_at_ms=NOW_MS)
    return desk


LISTS = [
    ("/customers/a1", "server=1"),
    ("/customers/a1?type=task", "type=task&server=1"),
    ("/customers/a1/summary?days=365", "days=365&server=1"),
    ("/contacts/c1", "/contacts/c1?server=1"),
    ("/tasks?show=done", "show=done&who=me&server=1"),
    ("/search?q=wf", "q=wf&server=1"),
    ("/people/anna", "/people/anna?server=1"),
]


@pytest.mark.parametrize(("address", "link"), LISTS)
def test_a_list_that_ends_with_the_window_says_so_and_leads_on(desk, address, link):
    shown = desk.get(address, sync=PART)

    assert "Older than 28 May 2026: on the server." in shown.text
    assert [href for href in shown.links if href.endswith(link)]
    assert "on the server." not in desk.get(address, sync=WHOLE).text


@pytest.mark.parametrize("address", ["/customers", "/customers?q=wf", "/customers?q=nobody", "/search?q=wf"])
def test_customers_that_are_not_here_are_counted(desk, address):
    shown = desk.get(address, sync=PART)

    assert "12,345 more customers are on the server." in shown.text
    assert [href for href in shown.links if href.endswith("server=1")]
    assert "more customers" not in desk.get(address, sync=WHOLE).text


def test_a_long_list_of_the_server_goes_on_at_the_server(desk):
    for n in range(60):
        desk.add("account", f"b{n:02}", name=f"B{n:02}")
        desk.add("activity", f"w{n:02}", kind="call", at_ms=NOW_MS - n, account_id="a1")

    for address, mark in (("/customers?server=1", "after="), ("/customers/a1?server=1", "before=")):
        more = [href for href in desk.get(address).links if mark in href]
        assert more and all("server=1" in href for href in more)


def test_a_list_that_goes_on_here_does_not_speak_of_the_server(desk):
    for n in range(60):
        desk.add("activity", f"w{n:02}", kind="call", at_ms=NOW_MS - n, account_id="a1")

    assert "on the server." not in desk.get("/customers/a1", sync=PART).text


def test_how_far_back_devices_go_is_a_setting_like_the_others(desk):
    first = desk.post(desk.get("/me"), "settings-form", p__window_days="90")
    kept = desk.row("preference", "anna")["window_days"]
    everything = desk.post(desk.get("/me"), "settings-form", p__window_days="0")
    shown = desk.get("/me", sync=PART)

    assert (kept, desk.row("preference", "anna")["window_days"]) == (90, 0)
    assert first.errors == everything.errors == {}
    assert 'value="0" selected' in shown.html
    assert "Now since 28 May 2026. What is older is on the server." in shown.text
    desk.post(shown, "settings-form", p__window_days="")
    assert desk.row("preference", "anna")["window_days"] is None


@pytest.mark.parametrize("address", ["/customers/a2", "/customers/a2/summary", "/customers", "/people/anna"])
def test_nothing_in_the_window_is_not_never(desk, address):
    desk.add("account", "a2", name="Quiet Ltd")

    assert "Not since 28 May 2026" in desk.get(address, sync=PART).text
    assert "Not since" not in desk.get(address, sync=WHOLE).text
