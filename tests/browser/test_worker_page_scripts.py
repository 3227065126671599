"""The small behaviours of pages: drafts, check-in, installation, storage, and what sync has to say."""

from __future__ import annotations

import re

import pytest

from tests.browser.phone import phone_at
from tests.browser.served import session_cookie
from tests.small_firm import make_firm

NAME = "[name='a.name']"


@pytest.fixture(scope="module")
def phone(chromium, tmp_path_factory):
    """One phone for all: each test has a tab of its own, and leaves nothing in the outbox."""
    firm = make_firm(tmp_path_factory.mktemp("firm"))
    here = {"permissions": ["geolocation"], "geolocation": {"latitude": 52.52, "longitude": 13.405}}
    with phone_at(firm, chromium, **here) as found:
        found.sign_in()
        yield found
    firm.close()


@pytest.fixture
def site(phone):
    phone.page.evaluate("localStorage.clear()")
    phone.page = phone.context.new_page()
    phone.open("/customers")
    yield phone
    phone.context.pages[0].close()


def test_typing_survives_a_reload_and_a_wrong_turn_until_it_is_saved(site):
    site.page.on("dialog", lambda dialog: dialog.accept())
    site.open("/customers/new")
    site.page.fill(NAME, "Half a name")
    site.page.reload()
    assert site.page.input_value(NAME) == "Half a name"

    site.page.click("nav.tabs a[href='/me']")
    site.open("/customers/new")
    assert site.page.input_value(NAME) == "Half a name"

    site.page.click("main form button[type=submit]")
    site.page.wait_for_url(re.compile(r"/customers/[0-9a-f-]{36}$"))
    site.open("/customers/new")
    assert site.page.input_value(NAME) == ""


def test_draft_of_a_refused_form_is_kept_and_a_saved_one_is_not(site):
    site.open("/customers/new")
    site.page.fill(NAME, "Acme")
    site.page.fill("[name='a.phones']", "12")
    site.page.click("main form button[type=submit]")
    site.page.locator("[role=alert]").wait_for()
    site.page.fill("[name='a.phones']", "030 1234567")

    site.page.click("main form button[type=submit]")
    site.page.wait_for_url(re.compile(r"/customers/[0-9a-f-]{36}$"))

    assert site.page.evaluate("Object.keys(sessionStorage)") == []


def test_check_in_asks_on_a_tap_only_and_shows_what_it_saves(site):
    site.open("/activities/new")
    assert site.page.input_value("[name='a.checkin_lat_e6']") == ""

    site.page.click("[data-checkin]")
    site.page.locator("[data-checkin-result]", has_text="52.52").wait_for()

    assert site.page.input_value("[name='a.checkin_lat_e6']") == "52520000"
    assert site.page.input_value("[name='a.checkin_lng_e6']") == "13405000"
    assert int(site.page.input_value("[name='a.checkin_at_ms']")) > 0


def test_forbidden_position_says_what_to_do(site):
    site.context.clear_permissions()
    site.open("/activities/new")

    site.page.click("[data-checkin]")

    site.page.locator("[data-checkin-result]", has_text="or save without it").wait_for()
    assert site.page.input_value("[name='a.checkin_lat_e6']") == ""
    site.context.grant_permissions(["geolocation"])


def test_install_is_offered_only_after_the_first_useful_act(site):
    site.open("/me")
    site.page.evaluate("dispatchEvent(new Event('beforeinstallprompt'))")
    assert site.page.locator("[data-install]").is_hidden()

    site.add_customer("Acme")
    site.page.wait_for_url(re.compile(r"/customers/[0-9a-f-]{36}$"))
    site.open("/me")
    site.page.evaluate("dispatchEvent(new Event('beforeinstallprompt'))")

    assert site.page.locator("[data-install]").is_visible()


def test_storage_in_use_is_shown(site):
    site.open("/me")

    site.page.locator("[data-storage]", has_text="MB used of").wait_for()


def test_storage_is_told_in_gigabytes_from_a_thousand_megabytes_on_in_each_language(site):
    site.open("/me")
    site.page.locator("[data-storage]", has_text="MB used of").wait_for()

    def told(lang: str, usage: int, quota: int) -> str:
        return site.page.evaluate(
            """async ([lang, usage, quota]) => {
              document.documentElement.lang = lang;
              navigator.storage.estimate = async () => ({ usage, quota });
              document.dispatchEvent(new Event('htmx:after:swap'));
              await new Promise((done) => setTimeout(done, 100));
              return document.querySelector('[data-storage]').textContent;
            }""",
            [lang, usage, quota],
        )

    assert told("en", 999_900_000, 10_737_418_240).startswith("999.9 MB used of 10.7 GB. ")
    assert told("en", 999_960_000, 1_234_567_890_123).startswith("1.0 GB used of 1,234.6 GB. ")
    assert told("zh-Hans", 1_000_000_000, 2_000_000_000).startswith("已用 1.0 GB，共 2.0 GB。")
    assert told("zh-Hant", 12_000_000, 2_040_000_000).startswith("已用 12 MB，共 2.0 GB。")


def test_first_copy_shows_how_far_it_is(site):
    site.page.evaluate("document.body.dataset.host = 'server'")
    # Again and again, as it comes: this phone's own sync says meanwhile that all is here.
    site.page.evaluate("""() => setInterval(() =>
      new BroadcastChannel('roadbook').postMessage({ type: 'progress', rows: 30, total: 120 }), 50)""")

    site.page.wait_for_selector("[data-notice=first-sync] progress[value='30'][max='120']")
    site.page.locator("[data-notice=first-sync]", has_text="30 of 120 rows are here").wait_for()
    site.open("/customers")


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"doing": "connecting"}, "Waiting for the server"),
        ({"doing": "slow"}, "The line is slow"),
        ({"why": "offline"}, "goes on by itself where it stopped"),
        ({"why": "storage_full"}, "no space left"),
    ],
)
def test_first_copy_that_does_not_move_says_why(site, told, words):
    site.page.evaluate("document.body.dataset.host = 'server'")
    status = {"type": "status", "state": "synced", "waiting": 0, "refused": 0, "last_ms": None, "is_whole": False}
    status |= {"why": "", "doing": "", "rows": 3, "rows_expected": 9, "retry_in_ms": 0} | told

    site.page.evaluate(
        "(status) => setInterval(() => new BroadcastChannel('roadbook').postMessage(status), 50)", status
    )

    site.page.locator("[data-notice=first-sync]", has_text=words).wait_for()
    site.open("/customers")


def test_signed_out_device_goes_on_working_and_offers_to_sign_in(site):
    site.context.clear_cookies()
    site.add_customer("Signed out")
    site.page.wait_for_url(re.compile(r"/customers/[0-9a-f-]{36}$"))
    link = site.page.locator("[data-notice=obstacle] a")
    link.wait_for()
    assert link.get_attribute("href").startswith("/sign-in?next=%2Fcustomers%2F")
    site.wait_for_chip("cannot")

    site.context.add_cookies([session_cookie(site.firm, "rita", site.url)])
    site.go_online()
    site.wait_for_chip("synced")
    link.wait_for(state="detached")
    assert "Signed out" in [row["name"] for row in site.customers()]
