"""A new release arrives on a device where somebody works: nothing typed is lost, and nothing is reloaded unasked."""

from __future__ import annotations

import re
import shutil

import pytest

from server.app import create_app
from server.assets import Assets
from tests.browser.phone import phone_at, whole_app
from tests.conftest import ROOT
from tests.unit.shell import settings

RELEASE = "getComputedStyle(document.documentElement).getPropertyValue('--release')"


@pytest.fixture(scope="module")
def next_release(tmp_path_factory) -> Assets:
    """The same app with one style sheet changed."""
    root = tmp_path_factory.mktemp("release")
    for folder in ("service_worker", "web"):
        shutil.copytree(ROOT / folder, root / folder)
    with (root / "web/static/css/base.css").open("a") as style:
        style.write(":root { --release: 2; }\n")
    return Assets(root)


@pytest.fixture
def site(firm, chromium, next_release):
    """A phone at work, and `deploy` for its server."""
    with phone_at(firm, chromium) as phone:
        shared = whole_app() | {"assets": next_release}
        next_app = create_app(firm, settings(firm.path, phone.url), **shared)

        def deploy() -> None:
            phone.faults.app = next_app
            phone.page.evaluate("navigator.serviceWorker.getRegistration().then((found) => found.update())")
            phone.page.locator("[data-notice=update]").wait_for()

        phone.deploy = deploy
        phone.sign_in()
        yield phone


def test_new_release_waits_for_a_tap_and_what_was_unsent_arrives_once(site):
    site.faults.plan = [{"status": 503, "error": "down"}] * 50
    site.add_customer("Typed in the old release")
    site.page.wait_for_url(re.compile(r"/customers/[0-9a-f-]{36}$"))
    site.open("/customers")

    site.deploy()
    site.open("/customers")
    assert site.page.evaluate(RELEASE) == ""  # the old worker still answers, with the old files
    site.page.click("[data-notice=update] button")
    site.wait_for(f"{RELEASE} === '2'")

    assert "Typed in the old release" in site.page.inner_text("main")
    site.faults.plan = []
    site.go_online()
    site.wait_for_chip("synced")
    assert [row["name"] for row in site.customers()] == ["Typed in the old release"]


def test_page_in_which_somebody_types_is_not_reloaded_and_can_still_be_saved(site):
    site.open("/customers/new")
    site.page.fill("[name='a.name']", "Half a name")

    site.deploy()
    site.page.click("[data-notice=update] button")
    site.wait_for("(await navigator.serviceWorker.getRegistration()).waiting === null")
    site.page.wait_for_timeout(300)

    assert site.page.input_value("[name='a.name']") == "Half a name"
    site.page.click("main form button[type=submit]")
    site.page.wait_for_url(re.compile(r"/customers/[0-9a-f-]{36}$"))
    assert site.page.evaluate(RELEASE) == "2"
    site.wait_for_chip("synced")
    assert [row["name"] for row in site.customers()] == ["Half a name"]
