"""History: what became of a row, in words, for whoever sees it, and the way back to any value."""

from __future__ import annotations

import itertools

import pytest

from server.accept import accept_as_server, accept_operations
from server.pages import NotFound, Pages, Viewer
from server.person import me_of
from sync.entities import BY_NAME
from sync.forms import Context, operations_from_form
from tests.device import new_id
from tests.unit.desk import Shown

UTC = "UTC"


@pytest.fixture(scope="module")
def pages() -> Pages:
    return Pages()


class Office:
    """People at the server's own pages, each with a device."""

    def __init__(self, firm, pages: Pages) -> None:
        self.firm, self.pages = firm, pages

    def edit(self, who: str, entity: str, row: str, base: int | None = None, device: str = "", **more) -> dict:
        """base: as the person sees it, where it is not said."""
        seen = self.version(entity, row) if base is None else base
        fields = {name: value for name, value in more.items() if name not in ("add", "remove", "delete")}
        op = {"id": new_id(), "entity": entity, "row": row, "base": seen, "at": self.firm.clock()}
        op |= {name: more[name] for name in ("add", "remove", "delete") if name in more}
        return self._accept(who, device or f"{who}-phone", [op | ({"set": fields} if fields else {})])[0]

    def version(self, entity: str, row: str) -> int:
        found = self.row(entity, row)
        return found["version"] if found else 0

    def row(self, entity: str, row: str) -> dict | None:
        with self.firm.look() as conn:
            found = conn.execute(f"SELECT * FROM {entity} WHERE id = ?", (row,)).fetchone()
        return dict(found) if found else None

    def get(self, who: str, address: str) -> Shown:
        path, _, query = address.partition("?")
        page, params = self.pages.match(path)
        given = dict(pair.split("=") for pair in query.split("&") if pair)
        with self.firm.read(who) as conn:
            viewer = Viewer(me_of(conn, who), "en", UTC, self.firm.clock())
            return Shown(self.pages.render(conn, page, path, params, given, viewer), address)

    def post(self, who: str, shown: Shown, form: int) -> list[dict]:
        context = Context(BY_NAME, who, self.firm.clock(), "2026-11-24", UTC, new_id)
        result = operations_from_form(shown.form(form, {}, {}), context)
        assert result.errors == {}
        return self._accept(who, f"{who}-phone", result.ops)

    def _accept(self, who: str, device: str, ops: list[dict]) -> list[dict]:
        outcomes = self.firm.write_now(lambda db: accept_operations(db, self.firm, who, device, ops))
        assert all(outcome["is"] != "rejected" for outcome in outcomes), outcomes
        return outcomes


@pytest.fixture
def office(firm, pages) -> Office:
    office = Office(firm, pages)
    office.edit("rita", "account", "0193aaaa-acme", name="Acme", level="b", owner_id="rita")
    return office


ACME = "0193aaaa-acme"
HERE = f"/history/account/{ACME}"


def test_every_change_is_told_newest_first_with_who_and_from_what_to_what(office):
    office.edit("rita", "account", ACME, level="a")
    office.edit("mona", "account", ACME, note="Ring on Monday")
    office.edit("mona", "account", ACME, note="Ring on Friday", device="mona-desk")

    shown = office.get("rita", HERE)

    order = ["Mona", "Ring on", "Note", "Level B → A", "Made", "You"]
    places = list(itertools.accumulate(order, lambda at, part: shown.text.index(part, at), initial=0))
    assert places == sorted(places)
    assert "Ring on <del>Monday</del><ins>Friday</ins>" in shown.html


def test_a_value_is_put_back_by_an_ordinary_edit_and_that_is_undone_the_same_way(office):
    office.edit("rita", "account", ACME, level="a")
    shown = office.get("rita", HERE)

    [form] = shown.forms_with("a.*")
    outcome = office.post("rita", shown, form)[0]

    assert outcome["is"] == "applied"
    assert office.row("account", ACME)["level"] == "b"
    again = office.get("rita", HERE)
    office.post("rita", again, again.forms_with("a.*")[0])
    assert office.row("account", ACME)["level"] == "a"


def test_the_form_goes_to_the_rows_own_page_so_that_a_device_can_keep_it(office):
    office.edit("rita", "account", ACME, level="a")

    html = office.get("rita", HERE).html

    assert f'action="/customers/{ACME}"' in html
    assert f'name="next" value="/customers/{ACME}"' in html


def test_a_set_is_put_back_as_it_was(office):
    office.edit("rita", "account", ACME, add={"tags": ["vip", "tea"]})
    office.edit("rita", "account", ACME, remove={"tags": ["tea"]}, add={"tags": ["new"]})
    shown = office.get("rita", HERE)

    assert "Tags tea new" in shown.text
    office.post("rita", shown, shown.forms_with("a.tags")[0])

    assert sorted(office.row("account", ACME)["tags"].strip("[]").split(",")) == ['"tea"', '"vip"']


def test_an_edit_that_lost_is_there_and_can_be_taken(office):
    seen = office.version("account", ACME)
    office.edit("rita", "account", ACME, next_contact_on="2026-12-01")
    late = {"id": new_id(), "entity": "account", "row": ACME, "base": seen, "at": office.firm.clock() - 60_000}
    office._accept("mona", "mona-phone", [late | {"set": {"next_contact_on": "2026-12-24"}}])
    shown = office.get("rita", HERE)

    assert "Changed, but not in force" in shown.text
    office.post("rita", shown, next(n for n in shown.forms_with("a.*") if "12-24" in str(shown.form(n, {}, {}))))

    assert office.row("account", ACME)["next_contact_on"] == "2026-12-24"


def test_conflicts_and_how_they_ended_are_told(office):
    seen = office.version("account", ACME)
    office.edit("rita", "account", ACME, region="East")
    office.edit("mona", "account", ACME, base=seen, region="West")
    with office.firm.look() as conn:
        [clash] = conn.execute("SELECT id FROM conflict").fetchall()

    assert "Region changed in two places" in office.get("rita", HERE).text
    office.edit("rita", "conflict", clash["id"], settled_at_ms=office.firm.clock(), settled_by="rita")

    shown = office.get("rita", HERE)
    assert "Settled: Region changed in two places" in shown.text
    assert f"/conflicts/{clash['id']}" in shown.links


def test_new_owners_are_named(office):
    office.edit("mona", "account", ACME, owner_id="ron")

    assert "New owner" in office.get("mona", HERE).text
    assert "Rita → Ron" in office.get("mona", HERE).text


def test_handovers_and_the_rule_of_the_pool_are_told_in_words(office):
    office.edit("mona", "handover", "0193aaaa-hand", from_id="rita", to_id="ron", add={"account_ids": [ACME]})
    rule = {"id": new_id(), "entity": "account", "row": ACME, "base": 0, "at": 0, "set": {"owner_id": None}}
    office.firm.write_now(lambda db: accept_as_server(db, office.firm, [rule]))

    shown = office.get("mona", HERE)

    assert "Handed over: Rita → Ron" in shown.text and "/handovers/0193aaaa-hand" in shown.links
    assert "A rule of the shared pool" in shown.text


def test_a_deleted_row_is_brought_back_by_whoever_saw_it_and_nobody_is_asked(office):
    office.edit("rita", "account", ACME, level="a")
    office.edit("rita", "account", ACME, delete=True)
    shown = office.get("mona", HERE)

    outcome = office.post("mona", shown, shown.forms_with("d.kind")[0])[0]

    assert "It was deleted." in shown.text
    assert outcome["is"] == "applied"
    assert office.row("account", ACME)["deleted"] == 0
    assert office.row("account", ACME)["level"] == "a"
    assert "Brought back" in office.get("rita", HERE).text


def test_nobody_learns_of_rows_that_they_may_not_see(office):
    with pytest.raises(NotFound):
        office.get("sam", HERE)

    office.edit("rita", "account", ACME, delete=True)

    with pytest.raises(NotFound):
        office.get("sam", HERE)


def test_whoever_lost_a_customer_before_it_was_deleted_does_not_see_its_past(office):
    office.edit("mona", "account", ACME, owner_id="ron")
    office.edit("ron", "account", ACME, delete=True)

    with pytest.raises(NotFound):
        office.get("rita", HERE)
    assert "It was deleted." in office.get("ron", HERE).text


def test_only_the_author_puts_back_what_only_the_author_may_change(office):
    office.edit("rita", "activity", "0193aaaa-call", kind="call", body="Rang", account_id=ACME)
    office.edit("rita", "activity", "0193aaaa-call", body="Rang twice")

    assert office.get("rita", "/history/activity/0193aaaa-call").forms_with("a.*")
    assert not office.get("mona", "/history/activity/0193aaaa-call").forms_with("a.*")


def test_fifty_changes_are_shown_at_once_and_the_rest_on_the_next_page(office):
    for n in range(60):
        office.edit("rita", "account", ACME, employees=n + 1)

    first = office.get("rita", HERE)
    older = next(link for link in first.links if "before=" in link)

    assert first.html.count('class="entry"') == 50
    assert office.get("rita", older).html.count('class="entry"') == 11


def test_the_history_of_one_row_is_found_by_its_index(office):
    page, _ = office.pages.match(HERE)
    with office.firm.read("rita") as conn:
        for query in page.queries:
            given = dict.fromkeys(query.parameters)
            plan = [row[3] for row in conn.execute(f"EXPLAIN QUERY PLAN {query.sql}", given)]
            assert "SCAN line" not in plan, query.name
