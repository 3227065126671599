"""The pages between a stranger and a session, and those that ask again, as people see them: on a narrow phone with
large text, by a screen reader, in the dark.  The server alone makes them, so no worker is in the way.
"""

from __future__ import annotations

import pyotp
import pytest

from server.firm import Firm
from server.sign_in import setup
from tests.browser.phone import served_app
from tests.browser.test_screenshots import DESKTOP, NARROW, PHONE, broken, findings, overflow
from tests.unit.shell import PASSWORD, open_firm, signed_in_client
from tests.unit.test_totp import set_up

LOCALES = {"en-GB": "Is it you?", "zh-CN": "请确认是您本人"}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A firm where Anna has an authenticator app, and its address."""
    firm = open_firm(tmp_path_factory.mktemp("signing"))
    made = set_up(firm, signed_in_client(firm))
    assert isinstance(made, pyotp.TOTP)
    firm.clock.now_ms += 20 * 60_000
    with served_app(firm) as (_faults, url):
        yield firm, url
    firm.close()


@pytest.fixture
def browser(chromium, served, request):
    """A browser that nobody is signed in to, in the language that the test names."""
    context = chromium.new_context(locale=getattr(request, "param", "en-GB"), service_workers="block")
    yield Browser(context.new_page(), served[1])
    context.close()


class Browser:
    def __init__(self, page, url: str) -> None:
        self.page, self.url = page, url

    def open(self, path: str) -> None:
        assert self.page.goto(self.url + path).status == 200

    def give_password(self) -> None:
        self.open("/sign-in")
        self.page.fill("[name=login]", "anna")
        self.page.fill("[name=password]", PASSWORD)
        self.page.press("[name=password]", "Enter")
        self.page.wait_for_url("**/sign-in/second*")

    def is_fit_for_everybody(self) -> None:
        width, height = NARROW
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
        self.page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert overflow(self) == 0
        assert broken(self) == []
        self.page.evaluate("document.documentElement.style.fontSize = ''")
        for (width, height), scheme in ((PHONE, "light"), (DESKTOP, "dark")):
            self.page.set_viewport_size({"width": width, "height": height})
            self.page.emulate_media(color_scheme=scheme)
            assert overflow(self) == 0
            assert findings(self) == []


@pytest.mark.parametrize("browser", LOCALES, indirect=True)
def test_signing_in_with_a_second_factor_is_possible_for_everybody(browser):
    browser.open("/sign-in")
    browser.is_fit_for_everybody()
    browser.give_password()
    browser.is_fit_for_everybody()


@pytest.mark.parametrize("browser", LOCALES, indirect=True)
def test_being_asked_again_is_possible_for_everybody(browser, served):
    firm, _url = served
    signed_in = signed_in_client(firm)
    cookie = {"name": "roadbook", "value": signed_in.cookies["roadbook"], "url": served[1]}
    browser.page.context.add_cookies([cookie])
    firm.write_now(lambda conn: conn.execute("UPDATE session SET proven_at_ms = 1"))

    browser.open("/me/authenticator")

    assert browser.page.title().startswith(tuple(LOCALES.values()))
    browser.is_fit_for_everybody()


@pytest.mark.parametrize("path", ["/me/sign-in", "/me/authenticator", "/me/passkeys/new", "/me/password"])
def test_choosing_how_to_sign_in_is_possible_for_everybody(browser, served, path):
    firm, url = served
    cookie = {"name": "roadbook", "value": signed_in_client(firm).cookies["roadbook"], "url": url}
    browser.page.context.add_cookies([cookie])

    browser.open(path)

    browser.is_fit_for_everybody()


def test_setting_a_firm_up_is_possible_for_everybody(chromium, tmp_path):
    firm = Firm.open(tmp_path / "new")
    token = firm.write_now(lambda conn: setup.make_link(conn, firm.clock()))
    context = chromium.new_context(locale="en-GB", service_workers="block")
    with served_app(firm) as (_faults, url):
        browser = Browser(context.new_page(), url)
        browser.open(f"/setup?token={token}")
        browser.is_fit_for_everybody()
    context.close()
    firm.close()
