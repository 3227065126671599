"""The device proves with the real server that it holds what it should, and is mended where it does not."""

from __future__ import annotations

import pytest
from starlette.routing import Route

from server.digest import check_endpoint
from tests.browser.test_sync_client import _app, change, stock
from tests.browser.test_sync_client import wire as plain_wire  # noqa: F401
from tests.device import projection


@pytest.fixture
def wire(plain_wire, firm):
    async def check(request):
        return await check_endpoint(request, firm)

    app = _app(firm)
    app.router.routes.insert(0, Route("/sync/check", check, methods=["POST"]))
    app.state.faults = plain_wire.faults
    plain_wire.faults.app = app
    return plain_wire


def proved(wire) -> dict:
    """Of a device that is not behind."""
    mended = wire.call("prove")
    assert isinstance(mended, dict), mended
    assert not mended["isBehind"]
    return mended


def spoil(wire, sql: str) -> None:
    wire.call("spoil", sql)


def test_device_that_holds_what_it_should_is_sent_no_rows(wire):
    stock(wire.firm)
    wire.open()
    wire.sync()

    assert proved(wire) == {"entities": [], "groups": 0, "isBehind": False}

    assert len(wire.faults.checked) == 1
    assert set(wire.faults.checked[0]["sums"]) == set(wire.call("rows"))


@pytest.mark.parametrize(
    "harm",
    [
        "DELETE FROM contact",
        "UPDATE account SET name = 'Something else'",
        "INSERT INTO activity (id, kind, at_ms, version) VALUES ('left-over-01', 'call', 5, 3)",
        "UPDATE contact SET version = 1",
        "DELETE FROM account; DELETE FROM activity",
    ],
)
def test_rows_that_differ_are_mended(wire, harm):
    stock(wire.firm)
    wire.open()
    wire.sync()
    for statement in harm.split(";"):
        spoil(wire, statement)
    assert wire.call("rows") != projection(wire.firm, "rita")

    assert proved(wire)["groups"] > 0

    assert wire.call("rows") == projection(wire.firm, "rita")
    assert proved(wire)["groups"] == 0


def test_pages_hear_what_was_mended_and_others_hear_nothing(wire):
    stock(wire.firm)
    wire.open()
    wire.sync()
    heard = "window.bench.heard.changed"
    before = wire.page.evaluate(f"{heard}.length")
    assert proved(wire)["entities"] == []
    assert wire.page.evaluate(f"{heard}.length") == before

    spoil(wire, "DELETE FROM contact")

    assert proved(wire)["entities"] == ["contact"]
    assert wire.page.evaluate(f"{heard}.at(-1)") == ["contact"]


def test_row_with_an_unsent_edit_counts_as_the_servers_and_keeps_what_was_typed(wire):
    things = stock(wire.firm)
    wire.open()
    wire.sync()
    version = wire.call("row", "account", things.account)["version"]
    wire.edit(change("account", things.account, version, level="b"))
    new = f"new-{things.account[-2:]}"  # of the group that is mended below
    wire.edit(change("account", new, name="Not sent yet", kind="customer"))

    assert proved(wire)["groups"] == 0

    spoil(wire, "UPDATE base SET row = json_set(row, '$.name', 'Something else') WHERE entity = 'account'")
    wire.faults.plan = [{"status": 503, "error": "down"}] * 9
    assert proved(wire)["groups"] == 1
    row = wire.call("row", "account", things.account)
    assert (row["name"], row["level"]) == ("王芳贸易", "b")
    assert wire.call("row", "account", new)["name"] == "Not sent yet"

    wire.faults.plan = []
    wire.sync()
    assert wire.call("rows") == projection(wire.firm, "rita")


def test_device_that_is_behind_syncs_and_asks_once_more(wire):
    things = stock(wire.firm)
    wire.open()
    wire.sync()
    things.rita.edit("account", things.account, website="new.example")
    things.rita.sync()

    assert proved(wire)["groups"] == 0

    assert len(wire.faults.checked) == 2
    assert wire.call("rows") == projection(wire.firm, "rita")


def test_wish_to_sync_during_a_proof_is_granted_after_it(wire):
    stock(wire.firm)
    wire.open()
    wire.sync()
    wire.edit(change("account", "acme", name="Acme", kind="customer"))
    wire.faults.check_plan = [{"wait_s": 0.5}]

    wire.page.evaluate("async () => { const proof = bench.prove(); await bench.sync(); await proof; }")

    assert wire.call("entries") == []
    assert len(wire.history("acme")) == 1


def test_wish_to_sync_during_a_proof_that_fails_is_granted_all_the_same(wire):
    wire.open()
    wire.sync()
    wire.edit(change("account", "acme", name="Acme", kind="customer"))
    wire.faults.check_plan = [{"wait_s": 0.3, "portal": True}]

    proof = "async () => { const proof = bench.prove(); const sync = await bench.sync(); return [await proof, sync]; }"
    assert wire.page.evaluate(proof) == ["portal", ""]

    assert wire.call("entries") == []


def test_proof_that_cannot_be_asked_is_said_and_changes_nothing(wire):
    stock(wire.firm)
    wire.open()
    wire.sync()
    wire.faults.check_plan = [{"portal": True}, {"cut": 5}]

    assert wire.call("prove") == "portal"
    assert wire.call("prove") == "cut"

    assert wire.call("rows") == projection(wire.firm, "rita")


def test_sums_are_those_of_the_protocol(wire):
    """A value worked out by hand with another tool: the text of a row, a group of two, an entity of two groups."""
    wire.open()
    wire.sync()
    spoil(wire, "DELETE FROM department")
    for name in ("row-1-aa", "row-0-aa", "row-2-bb"):
        spoil(wire, f"INSERT INTO department (id, name, position, version) VALUES ('{name}', '王 \"x\"', 0, 7)")

    wire.call("prove")

    from hashlib import sha256

    def total(*texts: str) -> str:
        return sha256("\n".join(texts).encode()).hexdigest()[:16]

    def text(name: str) -> str:
        return f'["{name}","王 \\"x\\"",null,0,7,null,null,null,null]'

    groups = [f"aa:{total(text('row-0-aa'), text('row-1-aa'))}", f"bb:{total(text('row-2-bb'))}"]
    assert wire.faults.checked[0]["sums"]["department"] == total(*groups)
