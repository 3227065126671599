"""The app as people see it: every main page fits, can be read by everybody, and can be drawn.

    ROADBOOK_SCREENSHOTS=1 python -m pytest tests/browser/test_screenshots.py

also writes the pictures of README.md and of the manifest.  It is always the same Wednesday morning in the sample
firm, for the server and for the worker, so that pictures differ only where the app does.
"""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from starlette.responses import Response

from server.firm import Firm
from server.sample import make_sample
from server.watching.counts import note
from tests.browser.phone import phone_at, whole_app
from tests.browser.small_png import size, small
from tests.conftest import ROOT

FOLDER = ROOT / "web" / "static" / "screenshots"
IS_WRITING = os.environ.get("ROADBOOK_SCREENSHOTS") == "1"
LARGEST_BYTES = 150 * 1024

# 09:41 in Shanghai, where the sample firm is.
NOW_MS = int(datetime(2026, 11, 25, 1, 41, tzinfo=UTC).timestamp() * 1000)

AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}

PHONE, DESKTOP, NARROW = (360, 800), (1280, 800), (320, 640)


@dataclass(frozen=True)
class Picture:
    """path: a page's address, or the name of one of `places`. is_sharp: in the phone's own, denser pixels."""

    name: str
    person: str
    path: str
    size: tuple[int, int] = PHONE
    scheme: str = "light"
    is_sharp: bool = True


PICTURES = (
    Picture("today", "lina", "/"),
    Picture("customers", "tomas", "/customers"),
    Picture("customer", "tomas", "account"),
    Picture("approval", "wangfang", "claim to decide"),
    Picture("week", "tomas", "/schedule?view=week", DESKTOP, is_sharp=False),
    Picture("desktop", "tomas", "account", DESKTOP, "dark", is_sharp=False),
)

PAGES = (
    "/", "/customers", "/customers?q=a", "account", "account/edit", "contact", "/customers/new", "/activities/new",
    "/schedule", "/schedule?view=week", "/events/new", "/tasks", "/tasks/new", "/search?q=an", "/outbox",
    "/pool", "account/people", "/handovers", "handover", "/conflicts", "conflict",
    "several", "history", "/approvals", "/approvals?box=mine", "/approvals/new", "leave", "claim", "claim/lines",
    "claim/lines/new", "ended", "/expenses", "/me/substitutes", "/me/substitutes/new", "/me/notices",
    "/me/reminders", "/people", "/me", "/me/devices", "/me/app-lock", "/me/sign-in", "/import", "/export",
)  # fmt: skip

# Of somebody who decides.
DECIDING = ("/", "/approvals", "/approvals/several", "to decide", "claim to decide", "/expenses?period=year")

# Of somebody who administers.
ADMINISTERING = (
    "/admin", "/admin/status", "/admin/status?span=hours", "/admin/status?span=weeks", "/admin/audit", "/admin/devices",
    "/admin/devices/browser-user-lina", "/admin/people/user-lina",
)  # fmt: skip


@pytest.fixture(scope="module")
def sites(chromium, tmp_path_factory):
    """A phone each for a Chinese and an English salesperson of the sample firm, and a manager; first sync done."""
    firm = Firm.open(tmp_path_factory.mktemp("sample"), lambda: NOW_MS)
    make_sample(firm, NOW_MS)
    look = {"timezone_id": "Asia/Shanghai", "device_scale_factor": 2, "reduced_motion": "reduce"}
    with ExitStack() as phones:
        found = {}
        for person, locale in (("lina", "zh-CN"), ("tomas", "en-GB"), ("wangfang", "zh-CN"), ("anna", "en-GB")):
            site = phones.enter_context(phone_at(firm, chromium, locale=locale, **look))
            site.faults.app = ThatMorning(site.faults.app)
            site.sign_in(f"user-{person}", "/")
            found[person] = site
        yield found
    firm.close()


class ThatMorning:
    """ASGI in front of the app: the service worker's clock starts at NOW_MS."""

    def __init__(self, app) -> None:
        self.app = app
        clock = f"const began = Date.now(), real = Date.now; Date.now = () => {NOW_MS} + real() - began;"
        worker = b'import "/clock.js";\n' + whole_app()["assets"].find("/sw.js").body
        self.scripts = {"/clock.js": clock.encode(), "/sw.js": worker}

    async def __call__(self, scope, receive, send) -> None:
        script = self.scripts.get(scope["path"]) if scope["type"] == "http" else None
        await (Response(script, media_type="text/javascript") if script else self.app)(scope, receive, send)


@pytest.fixture(scope="module")
def places(sites):
    """Addresses of rows, by person: the ones with most to show.  Who only administers has no customers."""
    return {person: places_of(sites[person].firm, f"user-{person}") for person in ("lina", "tomas", "wangfang")}


def places_of(firm, user_id: str) -> dict[str, str]:
    with firm.read(user_id) as conn:

        def first(sql: str) -> str:
            return conn.execute(sql, {"me": user_id}).fetchone()[0]

        account = first("""
            SELECT a.id FROM account a
            WHERE a.owner_id = :me AND a.level IS NOT NULL AND a.kind = 'customer'
            ORDER BY (SELECT count(*) FROM activity v WHERE v.account_id = a.id) DESC, a.id LIMIT 1""")
        contact = first("SELECT id FROM contact ORDER BY id LIMIT 1")
        conflict = first("SELECT max(id) FROM conflict")
        handover = first("SELECT max(id) FROM handover")
        leave = first("SELECT id FROM approval_definition ORDER BY position, id LIMIT 1")
        claim = first("""
            SELECT max(a.id) FROM approval a WHERE a.owner_id = :me
            AND (SELECT count(*) FROM expense_line l WHERE l.approval_id = a.id) > 0""")
        ended = first("SELECT min(id) FROM approval WHERE owner_id = :me")
        waits = "SELECT {} FROM approval a WHERE state = 'pending' AND waiting_ids LIKE '%' || :me || '%'"
        asked = first(waits.format("min(a.id)")) or ended
        asked_for_money = first(waits.format("max(a.id)")) or ended
    return {
        "account": f"/customers/{account}",
        "account/edit": f"/customers/{account}/edit",
        "account/people": f"/customers/{account}/people",
        "contact": f"/contacts/{contact}",
        "handover": f"/handovers/{handover}" if handover else "/handovers",
        "conflict": f"/conflicts/{conflict}" if conflict else "/conflicts",
        "several": f"/conflicts/several?c1={conflict}",
        "history": f"/history/account/{account}",
        "leave": f"/approvals/new?definition={leave}",
        "claim": f"/approvals/{claim}",
        "claim/lines": f"/approvals/{claim}/lines",
        "claim/lines/new": f"/approvals/{claim}/lines/new",
        "ended": f"/approvals/{ended}",
        "to decide": f"/approvals/{asked}",
        "claim to decide": f"/approvals/{asked_for_money}",
    }


def show(site, path: str, size: tuple[int, int] = PHONE, scheme: str = "light") -> None:
    site.page.set_viewport_size({"width": size[0], "height": size[1]})
    site.page.emulate_media(color_scheme=scheme)
    assert site.open(path).status == 200


def overflow(site) -> int:
    """How many pixels the page could be scrolled sideways."""
    return site.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def broken(site) -> list[str]:
    """Links back that are cut without a sign of it, and headings with a word that does not fit whole."""
    return site.page.evaluate("""[...document.querySelectorAll('.back, h1')].filter((each) => {
        each.style.overflowWrap = 'normal';
        return each.scrollWidth > each.clientWidth;
    }).map((each) => each.textContent)""")


def findings(site) -> list[str]:
    """What axe finds on the whole page at once: it takes what a bar covers until one scrolls for covered for good."""
    width, height = site.page.evaluate("[innerWidth, document.documentElement.scrollHeight]")
    site.page.set_viewport_size({"width": width, "height": height})
    found = Axe().run(site.page, options=AXE).response["violations"]
    return [f"{each['id']}: {node['html'][:160]}" for each in found for node in each["nodes"]]


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_picture_can_be_drawn(sites, places, picture):
    site = sites[picture.person]
    show(site, places[picture.person].get(picture.path, picture.path), picture.size, picture.scheme)
    site.wait_for_chip("synced")
    while site.page.locator("[data-notice] button").count():  # this morning's reminders, answered
        site.page.locator("[data-notice] button").last.click()
        site.page.wait_for_timeout(50)

    drawn = site.page.screenshot(scale="device" if picture.is_sharp else "css", animations="disabled")

    assert site.host == "device"
    assert size(drawn) == tuple(side * (2 if picture.is_sharp else 1) for side in picture.size)
    if IS_WRITING:
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / f"{picture.name}.png").write_bytes(small(sites["lina"].context.browser, drawn))


def test_pictures_are_small_and_the_manifest_says_their_size():
    manifest = json.loads((ROOT / "web" / "static" / "manifest.webmanifest").read_text("utf-8"))
    files = {file.name: file.read_bytes() for file in FOLDER.iterdir()}

    said = {entry["src"].rpartition("/")[2]: entry["sizes"] for entry in manifest["screenshots"]}

    assert set(files) == {f"{picture.name}.png" for picture in PICTURES}
    assert said == {name: "x".join(map(str, size(files[name]))) for name in said}
    assert {name: len(body) for name, body in files.items() if len(body) > LARGEST_BYTES} == {}


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("person", ["lina", "tomas"])
def test_page_fits_a_narrow_phone_with_text_of_twice_the_size(sites, places, person, path):
    site = sites[person]
    show(site, places[person].get(path, path), NARROW)

    site.page.evaluate("document.documentElement.style.fontSize = '200%'")

    assert overflow(site) == 0
    assert site.problems == []


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (DESKTOP, "dark")], ids=["phone", "dark desktop"])
def test_page_can_be_used_by_everybody(sites, places, path, size, scheme):
    person = "lina" if size == PHONE else "tomas"
    site = sites[person]

    show(site, places[person].get(path, path), size, scheme)

    assert overflow(site) == 0
    assert findings(site) == []


@pytest.mark.parametrize("path", ADMINISTERING)
def test_administering_is_possible_for_everybody(sites, path):
    site = sites["anna"]
    site.firm.write_now(lambda db: note(db, site.firm.timezone, NOW_MS, {"syncs": 7, "conflicts": 1}, {"wal_bytes": 9}))
    show(site, path, NARROW)
    site.page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert overflow(site) == 0
    assert broken(site) == []

    for size_, scheme in ((PHONE, "light"), (DESKTOP, "dark")):
        show(site, path, size_, scheme)
        site.page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
        assert overflow(site) == 0
        assert findings(site) == []


@pytest.mark.parametrize("path", DECIDING)
def test_deciding_is_possible_for_everybody(sites, places, path):
    site = sites["wangfang"]
    address = places["wangfang"].get(path, path)
    show(site, address, NARROW)
    site.page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert overflow(site) == 0

    for size_, scheme in ((PHONE, "light"), (DESKTOP, "dark")):
        show(site, address, size_, scheme)
        assert overflow(site) == 0
        assert findings(site) == []
