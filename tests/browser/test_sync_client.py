"""The device's sync client against the real server, over a network that does what networks do."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from server import errors, sync_endpoint
from sync.latin import pinyin_table_text
from sync.model_json import model_json
from sync.schema import device_script, schema_hash
from tests.browser.served import Faults, plain_settings, serve, session_cookie
from tests.conftest import ROOT
from tests.device import Device, exchange, projection
from tests.small_firm import as_server, op

MODEL = {**model_json(), "script": device_script(), "hash": schema_hash(), "pinyin": pinyin_table_text()}
BENCH = "/tests/browser/sync_client/bench.js"
IN_A_MINUTE = 10**9


@pytest.fixture
def wire(firm, chromium):
    """A firm on a socket, the faults in front of it, and a browser page that holds the client."""
    faults = Faults(_app(firm))
    with serve(faults) as url:
        context = chromium.new_context()
        page = context.new_page()
        page.goto(f"{url}/tests/browser/blank.html")
        page.evaluate(f"import('{BENCH}').then((bench) => (window.bench = bench))")
        yield Wire(firm, faults, url, context, page)
        context.close()


def _app(firm) -> Starlette:
    async def sync(request):
        return await sync_endpoint.sync(request, firm)

    async def cut(request):
        request.app.state.faults.plan = [{"cut": int(request.path_params["bytes"])}]
        return Response()

    routes = [
        Route("/sync", sync, methods=["POST"]),
        Route("/cut/{bytes}", cut, methods=["POST"]),
        Mount("/", StaticFiles(directory=ROOT)),
    ]
    app = Starlette(routes=routes, exception_handlers=errors.HANDLERS)
    app.state.firm, app.state.settings = firm, plain_settings()
    return app


class Wire:
    def __init__(self, firm, faults, url, context, page) -> None:
        self.firm, self.faults, self.url, self.context, self.page = firm, faults, url, context, page
        faults.app.state.faults = faults

    def sign_in(self, user_id: str) -> None:
        self.context.add_cookies([session_cookie(self.firm, user_id, self.url)])

    def call(self, name: str, *arguments):
        return self.page.evaluate("([name, values]) => window.bench[name](...values)", [name, list(arguments)])

    def open(self, user_id: str = "rita", **options) -> None:
        self.sign_in(user_id)
        self.call("open", MODEL, options)

    def sync(self) -> str:
        return self.call("sync")

    def edit(self, *operations) -> list[dict]:
        return self.call("edit", *operations)

    @property
    def states(self) -> list[str]:
        return [entry["state"] for entry in self.call("entries")]

    def history(self, row_id: str) -> list:
        with self.firm.look() as db:
            return db.execute("SELECT * FROM history WHERE row_id = ?", (row_id,)).fetchall()


def stock(firm) -> SimpleNamespace:
    """Rita's customer with what hangs on it, and one of Sam's."""
    rita, sam = Device(firm, "rita", "desk"), Device(firm, "sam", "desk")
    account = rita.add("account", name="王芳贸易", kind="customer", owner_id="rita", phones=["138 0013 8000"])
    contact = rita.add("contact", account_id=account, name="王芳", owner_id="rita")
    call = rita.add("activity", account_id=account, kind="call", at_ms=5, owner_id="rita", body='"values":[1]\n{"end"')
    other = sam.add("account", name="South", kind="customer", owner_id="sam")
    rita.sync()
    sam.sync()
    return SimpleNamespace(rita=rita, sam=sam, account=account, contact=contact, call=call, other=other)


def first_answer_size(firm) -> int:
    return sum(len(line.encode()) for line in exchange(firm, "rita", "fresh", "", [], firm.clock()))


def change(entity: str, row: str, base: int = 0, **fields) -> dict:
    return {"entity": entity, "row": row, "base": base, "set": fields}


# --- rows down ---------------------------------------------------------------------------------------


def test_first_sync_equals_the_projection_and_the_second_moves_nothing(wire):
    things = stock(wire.firm)
    wire.open()

    assert wire.sync() == ""
    held = wire.call("rows")
    assert held == projection(wire.firm, "rita")
    assert things.other not in held["account"]
    progress = wire.page.evaluate("window.bench.heard.progress")
    assert progress[-1] == [sum(map(len, held.values()))] * 2

    changed = wire.page.evaluate("window.bench.heard.changed.length")
    assert wire.sync() == ""
    assert wire.page.evaluate("window.bench.heard.changed.length") == changed
    assert wire.call("rows") == held


def test_search_key_is_derived_for_rows_from_the_wire(wire):
    things = stock(wire.firm)
    wire.open()
    wire.sync()

    key = wire.call("row", "account", things.account)["search_key"]

    assert "wangfang" in key and "8000" in key


def test_answer_cut_at_any_byte_then_asked_again_equals_one_that_was_not_cut(wire):
    stock(wire.firm)
    wire.sign_in("rita")
    wire.faults.is_plain = True
    size = first_answer_size(wire.firm)
    positions = [0, 1, *range(60, size, size // 36), size - 1]

    wrong = wire.call("cutAt", MODEL, positions, projection(wire.firm, "rita"))

    assert wrong == []


def test_cut_in_a_compressed_answer_is_noticed_and_mended(wire):
    stock(wire.firm)
    wire.open()
    wire.faults.plan = [{"cut": 300}]

    assert wire.sync() == "cut"
    assert wire.call("status")["state"] == "synced"  # passes by itself
    assert wire.sync() == ""
    assert wire.call("rows") == projection(wire.firm, "rita")


def test_losing_scope_forgets_rows_and_coming_back_restores_them(wire):
    things = stock(wire.firm)
    wire.open()
    wire.sync()

    as_server(wire.firm, op("account", things.account, owner_id="sam"))
    wire.sync()
    assert "account" not in wire.call("rows")
    assert wire.call("all", "SELECT count(*) AS n FROM activity") == [{"n": 0}]
    assert wire.call("rows") == projection(wire.firm, "rita")

    as_server(wire.firm, op("account", things.account, owner_id="rita"))
    wire.sync()
    assert wire.call("rows") == projection(wire.firm, "rita")


def test_restored_server_makes_the_device_start_again_and_keeps_the_outbox(wire):
    stock(wire.firm)
    wire.open()
    wire.sync()
    wire.edit(change("account", "new-one", name="Typed before the restore", kind="customer"))

    wire.firm.epoch = "another-life"
    assert wire.sync() == ""

    assert wire.call("entries") == []
    assert wire.call("row", "account", "new-one")["version"] > 0
    assert wire.call("rows") == projection(wire.firm, "rita")


# --- operations up -----------------------------------------------------------------------------------


def test_edit_shows_at_once_and_becomes_the_servers(wire):
    things = stock(wire.firm)
    wire.open()
    wire.sync()
    version = wire.call("row", "account", things.account)["version"]

    wire.edit(change("account", things.account, version, level="a"))
    row = wire.call("row", "account", things.account)
    assert (row["level"], row["version"]) == ("a", version)
    assert wire.call("status")["state"] == "saved"

    assert wire.sync() == ""
    assert wire.call("entries") == [] and wire.call("all", "SELECT * FROM base") == []
    assert wire.call("rows") == projection(wire.firm, "rita")
    assert wire.call("row", "account", things.account)["level"] == "a"


def test_answer_that_is_lost_leads_to_one_effect(wire):
    stock(wire.firm)
    wire.open()
    wire.sync()
    wire.edit(change("account", "acme", name="Acme", kind="customer"))
    wire.faults.plan = [{"lost": True}]

    assert wire.sync() == "cut"
    assert wire.states == ["waiting"]
    assert wire.sync() == ""

    assert len(wire.history("acme")) == 1
    assert wire.call("entries") == []


def test_cut_after_the_outcome_keeps_the_edit_in_sight_until_its_row_comes(wire):
    things = stock(wire.firm)
    wire.open()
    wire.sync()
    version = wire.call("row", "account", things.account)["version"]
    wire.edit(change("account", things.account, version, level="b"))
    wire.faults.is_plain = True
    wire.faults.plan = [{"cut": 420}]  # behind the outcome, inside the rows

    assert wire.sync() == "cut"
    assert wire.states == ["acked"]
    assert wire.call("row", "account", things.account)["level"] == "b"

    wire.sync()
    assert wire.call("entries") == []
    assert wire.call("rows") == projection(wire.firm, "rita")


def test_edit_made_while_a_cut_answer_waits_to_go_on_is_not_dropped_early(wire):
    things = stock(wire.firm)
    wire.open()
    wire.faults.is_plain = True
    wire.faults.plan = [{"cut": first_answer_size(wire.firm) - 100}]
    assert wire.sync() == "cut" and wire.call("meta", "mid_round") == "1"
    version = wire.call("row", "account", things.account)["version"]
    wire.edit(change("account", things.account, version, level="c"))

    assert wire.sync() == ""

    assert wire.call("entries") == []
    assert wire.call("rows") == projection(wire.firm, "rita")
    assert wire.call("row", "account", things.account)["level"] == "c"


def test_server_state_slides_in_under_an_unsent_edit(wire):
    things = stock(wire.firm)
    wire.open()
    wire.sync()
    version = wire.call("row", "account", things.account)["version"]
    wire.edit(change("account", things.account, version, level="z"))
    wire.sync()
    assert wire.states == ["refused"]
    things.rita.edit("account", things.account, website="wangfang.example")
    things.rita.sync()

    assert wire.sync() == ""

    row = wire.call("row", "account", things.account)
    assert (row["level"], row["website"]) == ("z", "wangfang.example")
    assert row["version"] == projection(wire.firm, "rita")["account"][things.account]["version"]


def test_many_operations_are_packed_and_halved_where_the_server_finds_them_too_many(wire):
    wire.open()
    wire.sync()
    for n in range(8):
        wire.edit(change("account", f"acme-{n}", name=f"Acme {n}", kind="customer", note="x" * 300))
    wire.faults.plan = [{"status": 413, "error": "too_large"}, {"status": 413, "error": "too_large"}]

    assert wire.sync() == ""

    sent = [len(asked["ops"]) for asked in wire.faults.asked]
    assert sent[1:5] == [8, 4, 2, 6]
    assert wire.faults.headers[1]["content-encoding"] == "gzip"
    assert all("x_user" not in operation for asked in wire.faults.asked for operation in asked["ops"])
    assert len(projection(wire.firm, "rita")["account"]) == 8
    assert wire.call("entries") == []


# --- what the person must settle ---------------------------------------------------------------------


def test_refused_operation_waits_for_its_author_and_blocks_nothing(wire):
    things = stock(wire.firm)
    wire.open()
    wire.sync()
    wire.edit(change("user", "rita", name="Rita the First"))
    wire.edit(change("sticky", "note-1", body="Bring samples", account_id=things.account))

    assert wire.sync() == ""

    [entry] = wire.call("entries")
    assert (entry["state"], entry["reason"]) == ("refused", "server_only")
    assert wire.call("row", "user", "rita")["name"] == "Rita the First"  # what was typed is still in sight
    assert "note-1" in projection(wire.firm, "rita")["sticky"]
    assert wire.call("status")["state"] == "needs_you"

    assert wire.call("discard", entry["n"]) == "user"
    assert wire.call("rows") == projection(wire.firm, "rita")


def test_edit_of_a_refused_row_mends_it_with_all_that_was_typed(wire):
    wire.open()
    wire.sync()
    wire.edit(
        change("account", "acme", name="Acme", kind="customer", website="acme.example", level="z"),
        change("activity", "first-call", kind="call", account_id="acme", at_ms=5),
    )
    wire.sync()
    assert wire.states == ["refused", "refused"]

    wire.edit(change("account", "acme", level="a"))
    assert wire.states == ["waiting", "waiting"]
    assert wire.sync() == ""

    assert wire.call("entries") == []
    row = projection(wire.firm, "rita")["account"]["acme"]
    assert (row["name"], row["website"], row["level"]) == ("Acme", "acme.example", "a")
    assert wire.call("rows") == projection(wire.firm, "rita")


def test_refused_operation_can_be_sent_again_under_a_new_id(wire):
    things = stock(wire.firm)
    wire.open()
    wire.sync()
    wire.edit(change("contact", "li-na", name="李娜", account_id=things.other))
    wire.sync()
    [refused] = wire.call("entries")
    assert refused["state"] == "refused"

    as_server(wire.firm, op("account", things.other, owner_id="rita"))
    assert wire.call("retry", refused["n"]) is True
    assert wire.sync() == ""

    assert wire.call("entries") == []
    assert "li-na" in projection(wire.firm, "rita")["contact"]
    assert wire.faults.asked[-1]["ops"][0]["id"] != refused["id"]


def test_discarding_a_new_row_discards_what_was_done_to_it_since(wire):
    wire.open()
    wire.sync()
    wire.edit(change("account", "acme", name="Acme", kind="customer", level="z"))
    wire.sync()
    [refused] = wire.call("entries")

    wire.call("discard", refused["n"])

    assert wire.call("entries") == [] and wire.call("row", "account", "acme") is None


# --- what stands in the way --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ({"portal": True}, "portal"),
        ({"status": 401, "error": "signed_out"}, "signed_out"),
        ({"status": 426, "error": "too_old"}, "too_old"),
        ({"status": 503, "error": "down"}, "server"),
        ({"status": 400, "error": "malformed"}, "malformed"),
        ({"wait_s": 1.5}, "offline"),
    ],
)
def test_failure_is_named_and_keeps_the_outbox(wire, fault, why):
    wire.open(patience={"answerMs": 1_000, "silenceMs": 1_000})
    wire.sync()
    wire.edit(change("account", "acme", name="Acme", kind="customer"))
    wire.faults.plan = [fault]

    assert wire.sync() == why
    status = wire.call("status")
    assert status["state"] == ("saved" if why == "offline" else "cannot")
    assert (status["waiting"], status["why"]) == (1, why)

    assert wire.sync() == ""
    assert wire.call("entries") == []
    assert len(wire.history("acme")) == 1


def test_nobody_signed_in_is_said(wire):
    wire.call("open", MODEL, {})

    assert wire.sync() == "signed_out"


# --- another person on the same device ---------------------------------------------------------------


def test_unsent_edits_are_never_sent_in_another_persons_name_and_never_lost(wire):
    stock(wire.firm)
    wire.open("rita")
    wire.sync()
    [edit] = wire.edit(change("account", "acme", name="Rita's", kind="customer"))

    wire.context.clear_cookies()
    wire.sign_in("sam")
    assert wire.sync() == ""
    assert wire.call("rows") == projection(wire.firm, "sam")
    assert wire.call("entries") == [] and wire.call("meta", "user") == "sam"
    assert wire.history("acme") == []
    assert [kept["id"] for kept in wire.call("kept")] == [edit["id"]]

    wire.context.clear_cookies()
    wire.sign_in("rita")
    assert wire.sync() == ""
    [made] = wire.history("acme")
    assert made["user_id"] == "rita"
    assert wire.call("kept") == [] and wire.call("entries") == []
    assert wire.call("rows") == projection(wire.firm, "rita")


def test_outbox_of_a_replica_made_anew_waits_until_the_server_says_who_is_signed_in(wire):
    wire.open("rita")
    wire.sync()
    wire.edit(change("account", "acme", name="Rita's", kind="customer"))
    wire.call("close")
    wire.context.clear_cookies()
    wire.sign_in("sam")
    wire.call("open", {**MODEL, "hash": "newer"}, {})

    wire.sync()

    assert wire.history("acme") == []
    assert len(wire.call("kept")) == 1
    assert [len(asked["ops"]) for asked in wire.faults.asked] == [0] * len(wire.faults.asked)


def test_unsent_edit_outlives_a_replica_made_anew(wire):
    things = stock(wire.firm)
    wire.open("rita")
    wire.sync()
    version = wire.call("row", "account", things.account)["version"]
    wire.edit(change("account", things.account, version, level="b"))
    wire.call("close")

    wire.call("open", {**MODEL, "hash": "newer"}, {})
    assert wire.states == ["waiting"]
    assert wire.sync() == ""

    assert wire.call("entries") == []
    assert wire.call("row", "account", things.account)["level"] == "b"
    assert wire.call("rows") == projection(wire.firm, "rita")
    assert wire.page.evaluate("window.bench.heard.newSchema") > 0
