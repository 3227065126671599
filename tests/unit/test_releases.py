"""Databases and phones of every earlier release go on with this one (tests/fixtures/releases)."""

from __future__ import annotations

import json
import lzma
import re
from contextlib import closing
from pathlib import Path

import pytest

from server.backup.check import check
from server.database import sqlite3
from server.firm import Firm
from server.migrations import migrations
from server.pages import Pages
from server.sign_in import sessions
from sync.entities import ENTITIES
from tests.conftest import ROOT

from .shell import client

RELEASES = ROOT / "tests" / "fixtures" / "releases"
NAMES = sorted(file.name.removesuffix(".json") for file in RELEASES.glob("*.json"))
# Of the release that is being made: their fixture is added with it.
UNRELEASED = {"m0010_keys", "m0011_wipe", "m0012_watching"}
PAGES = ("/", "/customers", "/schedule", "/tasks", "/people", "/me", "/conflicts", "/search?q=a", "/approvals")


@pytest.fixture(scope="module")
def pages():
    return Pages()


@pytest.fixture(params=NAMES)
def name(request) -> str:
    return request.param


@pytest.fixture
def said(name) -> dict:
    return json.loads((RELEASES / f"{name}.json").read_text("utf-8"))


@pytest.fixture
def folder(name, tmp_path) -> Path:
    (tmp_path / "roadbook.db").write_bytes(lzma.decompress((RELEASES / f"{name}.db.xz").read_bytes()))
    # Beside a database that was here all the time.
    with closing(sqlite3.connect(tmp_path / "roadbook.db")) as db:
        epoch = db.execute("SELECT value FROM meta WHERE name = 'epoch'").fetchone()[0]
        seq = db.execute("SELECT seq FROM counter").fetchone()[0]
    (tmp_path / "life.json").write_text(json.dumps({"epoch": epoch, "seq": seq}))
    return tmp_path


def rows_of(file: Path) -> dict[str, list[dict]]:
    """Every row of every entity, by the columns that there are."""
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as db:
        db.row_factory = sqlite3.Row
        tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        names = [entity.name for entity in ENTITIES if entity.name in tables]
        return {name: [dict(row) for row in db.execute(f"SELECT * FROM {name} ORDER BY id")] for name in names}


def browser_of(firm, said):
    token = firm.write_now(
        lambda db: sessions.start(
            db,
            user_id=said["user"],
            device_id="phone-of-an-earlier-release",
            device_name="Phone",
            started_by="password",
            now_ms=firm.clock(),
        )
    )
    browser = client(firm)
    browser.cookies.set("roadbook", token)
    return browser


def lines_of(answer) -> list[dict]:
    return [json.loads(line) for line in answer.text.splitlines()]


def test_every_released_migration_is_in_a_fixture():
    covered = {name for said in RELEASES.glob("*.json") for name in json.loads(said.read_text("utf-8"))["migrations"]}
    released = {migration.name for migration in migrations._migrations} - UNRELEASED

    assert released <= covered, "add what the last release left: see tests/fixtures/releases/README.md"


def test_database_of_an_earlier_release_keeps_every_row(folder):
    before = rows_of(folder / "roadbook.db")

    Firm.open(folder).close()

    after = rows_of(folder / "roadbook.db")
    for entity, rows in before.items():
        kept = [{column: row[column] for column in old} for old, row in zip(rows, after[entity], strict=True)]
        assert kept == rows, entity
    assert sum(map(len, before.values())) > 1_000
    assert check(folder / "roadbook.db").rows["account"] > 100  # which asks integrity_check, too


def test_pages_show_what_an_earlier_release_left(folder, said, pages):
    firm = Firm.open(folder)
    try:
        browser = browser_of(firm, said)
        browser.app.state.pages = pages
        shown = {path: browser.get(path) for path in PAGES}
        customer = re.search(r'href="(/customers/[^/"?]+)"', shown["/customers"].text.replace("/customers/new", ""))[1]
        shown[customer] = browser.get(customer)
    finally:
        firm.close()

    assert {path: answer.status_code for path, answer in shown.items()} == dict.fromkeys(shown, 200)


def test_phone_of_an_earlier_release_goes_on_and_its_edits_are_taken(folder, name, said):
    firm = Firm.open(folder)
    try:
        browser = browser_of(firm, said)
        firm.clock = lambda: said["edits"]["clock"] + 1_000
        answer = browser.post("/sync", json=said["edits"])
        # The first release knew cursors of another form: it fetches its rows again, and keeps its outbox.
        assert (answer.status_code, answer.text) == (409, '{"error":"start_again"}') or name != "0002"
        if answer.status_code == 409:
            cursor = lines_of(browser.post("/sync", json=said["first"]))[-1]["end"]["cursor"]
            answer = browser.post("/sync", json=said["edits"] | {"cursor": cursor})
        names = {row["name"] for row in rows_of(folder / "roadbook.db")["account"]}
    finally:
        firm.close()

    outcomes = [line["outcome"]["is"] for line in lines_of(answer) if "outcome" in line]
    assert outcomes == ["applied"] * len(said["edits"]["ops"])
    assert "end" in lines_of(answer)[-1]
    assert {"Typed in the old release", "Renamed in the old release"} <= names


def test_phone_of_an_earlier_release_with_nothing_new_is_told_nothing_new(folder, name, said):
    if name == "0002":
        pytest.skip("cursors had another form: it fetches its rows again")
    firm = Firm.open(folder)
    try:
        lines = lines_of(browser_of(firm, said).post("/sync", json=said["quiet"]))
    finally:
        firm.close()

    rows = sum(len(line["values"]) for line in lines if "rows" in line)
    assert "end" in lines[-1] and rows < 50


def test_new_phone_of_an_earlier_release_is_given_all_that_its_person_sees(folder, said):
    firm = Firm.open(folder)
    try:
        browser = browser_of(firm, said)
        lines = lines_of(browser.post("/sync", json=said["first"]))
        with firm.read(said["user"]) as db:
            seen = db.execute("SELECT count(*) FROM account").fetchone()[0]
    finally:
        firm.close()

    given = sum(len(line["values"]) for line in lines if line.get("rows") == "account")
    assert given == seen > 0 and "end" in lines[-1]
