"""Files that people bring and take out: nothing in them runs, on this site or in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from urllib.parse import unquote

import pytest
from starlette.testclient import TestClient

from server.app import create_app
from server.attachments import serving
from server.spreadsheet import csv_bytes, plain_cell, safe_cell
from sync.entities import BY_NAME
from tests import files
from tests.small_firm import as_server, op
from tests.unit.attaching import Attaching, hash_of
from tests.unit.matrix.people import parts
from tests.unit.shell import settings

GOOD = {
    "image/jpeg": files.jpeg(),
    "image/png": files.png(),
    "image/webp": files.webp(),
    "image/heic": files.heic(),
    "application/pdf": files.pdf(),
}
# What a browser could run, or be talked into running.
BAD = {
    "html": b"<!doctype html><script>alert(1)</script>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "svg with a declaration": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "script": b"alert(document.cookie)",
    "worker": b"self.addEventListener('fetch', e => e.respondWith(new Response('x')))",
    "xml": b"<?xml version='1.0'?><x/>",
    "zip": files.zipped(),
    "picture with a page in it": files.jpeg() + b"<html><script>alert(1)</script>",
    "picture that is a zip": files.png() + files.zipped(),
    "pdf with a page before it": b"<script>alert(1)</script>" + files.pdf(),
    "gif": b"GIF89a" + b"\0" * 40,
    "nothing": b"x",
}
HOSTILE_NAMES = [
    "invoice.html",
    "invoice.svg",
    "../../etc/passwd",
    'a"; filename="b.html',
    "收据.exe",
    "a.png.js",
    "x;y=z.htm",
]


@pytest.fixture
def office(firm):
    return Attaching(firm)


def test_there_is_a_file_here_of_every_kind_that_may_be_attached():
    declared = set(BY_NAME["attachment"].by_name["media_type"].choices)

    assert set(GOOD) == declared == set(serving.ENDINGS)


@pytest.mark.parametrize("media_type", GOOD)
def test_a_file_of_every_kind_comes_as_what_it_is_and_can_run_nothing(office, media_type):
    content = GOOD[media_type]
    office.row("rita", content, media_type)
    office.upload("rita", content)

    headers = office.get("rita", content).headers

    assert headers["content-type"] == media_type
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["x-frame-options"] == "DENY"
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src" not in policy and "frame-ancestors 'none'" in policy
    assert policy.startswith("sandbox;") or media_type == "application/pdf"
    assert "no-store" in headers["cache-control"] or "private" in headers["cache-control"]


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("said", ["image/png", "application/pdf"])
def test_what_could_run_is_not_taken_whatever_it_is_called(office, kind, said):
    content = BAD[kind]
    office.row("rita", content, said)
    address = office.create("rita", content).headers["location"]

    assert office.send("rita", address, content).status_code == 422
    assert office.get("rita", content).status_code == 404


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_file_is_saved_under_a_name_that_opens_it_as_what_it_is(office, name):
    content = files.noise_png(900)
    office.row("rita", content, name=name)
    office.upload("rita", content)

    disposition = office.get("rita", content).headers["content-disposition"]

    assert re.fullmatch(r"inline; filename\*=UTF-8''[A-Za-z0-9%._~-]+", disposition)
    assert unquote(disposition.partition("''")[2]).endswith(".png")


def test_files_have_addresses_that_hold_nothing_but_files(office):
    """A path of its own: no page, script or worker is served below it."""
    routes = [route.path for route in office.browser("boss").app.routes if route.path.startswith("/attachments")]

    assert routes == ["/attachments/{hash}"]
    assert hash_of(b"x") not in office.browser("boss").get("/").text


# --- what is taken out ----------------------------------------------------------------------------------

FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "@SUM(1)", "\t=1+1", "\r=1+1", '=HYPERLINK("http://x")']


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_cell_that_a_spreadsheet_would_run_gets_an_apostrophe_and_loses_it_on_the_way_back(formula):
    [_, line] = csv.reader(io.StringIO(csv_bytes(["name"], [[formula]]).decode("utf-8-sig"), newline=""))

    assert line[0].startswith("'")
    assert plain_cell(safe_cell(formula)) == formula


@pytest.mark.parametrize("number", ["+86 138 0013 8000", "-5", "-1.50", "+4930123456"])
def test_numbers_are_left_as_they_are(number):
    assert safe_cell(number) == number


@pytest.mark.parametrize(
    "path",
    [
        "/export/accounts.csv",
        "/export/contacts.csv",
        "/export/activities.csv",
        "/export/contacts.vcf",
        "/export/expenses.csv",
        "/admin/conflicts.csv",
        "/admin/audit.csv",
    ],
)
def test_every_export_is_saved_as_what_it_is_and_holds_no_formula(office, path):
    evil = "=cmd|' /C calc'!A0"
    as_server(
        office.firm,
        op("account", "a", name=evil, note=evil, address=evil, owner_id="rita"),
        op("contact", "c", name=evil, title=evil, account_id="a", owner_id="rita"),
        op("activity", "v", kind="call", at_ms=5, body=evil, account_id="a", owner_id="rita"),
        op("user", "evil", name=evil, role_id="rep"),
    )

    browser = TestClient(create_app(office.firm, settings(office.firm.path), **parts()), base_url="http://localhost:8000")
    browser.cookies = office.browser("boss").cookies
    answer = browser.get(path)

    assert answer.status_code == 200
    kind = "text/vcard" if path.endswith(".vcf") else "text/csv"
    assert answer.headers["content-type"].startswith(kind)
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    if kind == "text/csv":
        cells = [cell for line in csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))) for cell in line]
        assert [cell for cell in cells if re.match(r"[=@\t\r]|\+(?![\d ]+$)", cell)] == []
        if path.startswith("/export/") and "expenses" not in path:
            assert f"'{evil}" in cells
