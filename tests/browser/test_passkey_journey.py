"""Passkeys in a real browser with a virtual authenticator: made, used, removed, and of no use anywhere else."""

from __future__ import annotations

import json

import pytest

from server.app import create_app
from server.firm import wall_clock_ms
from server.sign_in import passwords
from tests.browser.phone import PHONE, Phone, served_app, whole_app
from tests.browser.served import session_cookie
from tests.unit.shell import PASSWORD, password_hash, settings


class Key:
    """A virtual authenticator in one page: of a phone that syncs its passkeys, opened by its owner's finger."""

    def __init__(self, context, page) -> None:
        self.cdp = context.new_cdp_session(page)
        self.cdp.send("WebAuthn.enable", {"enableUI": False})
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        made = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self.id = {"authenticatorId": made["authenticatorId"]}

    def credentials(self) -> list[dict]:
        return self.cdp.send("WebAuthn.getCredentials", self.id)["credentials"]

    def put(self, credential: dict) -> None:
        self.cdp.send("WebAuthn.addCredential", {**self.id, "credential": credential})

    def is_opened_by_its_owner(self, is_opened: bool) -> None:
        self.cdp.send("WebAuthn.setUserVerified", {**self.id, "isUserVerified": is_opened})


@pytest.fixture
def office(request, firm, chromium):
    """Rita's phone in front of a served firm. Browsers know passkeys at localhost, never at 127.0.0.1.

    Without the app's worker, which takes its time to start, but where a test is about it.
    """
    workers = getattr(request, "param", "block")
    firm.clock = wall_clock_ms
    firm.write_now(lambda conn: passwords.store(conn, "rita", "rita", password_hash()))
    with served_app(firm) as (faults, url):
        here = url.replace("127.0.0.1", "localhost")
        faults.app = create_app(firm, settings(firm.path, here), **whole_app())
        context = chromium.new_context(**PHONE, service_workers=workers)
        yield Phone(firm, faults, here, context)
        context.close()


def make_passkey(phone: Phone) -> Key:
    phone.context.add_cookies([session_cookie(phone.firm, "rita", phone.url)])
    phone.open("/me/sign-in")
    key = Key(phone.context, phone.page)
    phone.page.get_by_role("link", name="Add a passkey").click()
    phone.page.get_by_label("Name of the passkey").fill("Rita's phone")
    phone.page.get_by_role("button", name="Make a passkey").click()
    phone.page.get_by_text("Rita's phone").wait_for()
    return key


def sign_out(phone: Phone) -> None:
    """As if the session had ended: what signing out does to the device is told elsewhere."""
    phone.context.clear_cookies(name="roadbook")
    phone.open("/sign-in")


def passkey_rows(firm) -> list:
    with firm.look() as conn:
        return conn.execute("SELECT user_id, sign_count, last_used_ms FROM passkey").fetchall()


@pytest.mark.parametrize("office", ["allow"], indirect=True)
def test_a_person_makes_a_passkey_and_signs_in_with_it_in_the_installed_app(office):
    key = make_passkey(office)
    assert len(key.credentials()) == 1
    assert key.credentials()[0]["rpId"] == "localhost"
    key.is_opened_by_its_owner(False)  # else the page's own offer is taken before anybody taps
    sign_out(office)
    key.is_opened_by_its_owner(True)

    if office.page.url.endswith("/sign-in"):
        office.page.get_by_role("button", name="Sign in with a passkey").click()
    office.page.wait_for_url(office.url + "/")

    office._wait_for_first_sync("/customers")
    assert office.host == "device"
    with office.firm.look() as conn:
        started = [row[0] for row in conn.execute("SELECT started_by FROM session ORDER BY created_at_ms")]
    assert started == ["password", "passkey"]
    assert office.problems == []


def test_without_the_owners_finger_the_passkey_opens_nothing(office):
    key = make_passkey(office)
    key.is_opened_by_its_owner(False)
    sign_out(office)

    office.page.get_by_role("button", name="Sign in with a passkey").click()

    office.page.get_by_text("No passkey was used").wait_for()
    assert office.page.url.split("?")[0].endswith("/sign-in")


def test_a_removed_passkey_opens_nothing_and_the_password_still_does(office):
    key = make_passkey(office)
    office.page.get_by_role("button", name="Remove Rita's phone").click()
    office.page.get_by_text("Sign in with your finger").wait_for()
    key.is_opened_by_its_owner(False)
    sign_out(office)
    key.is_opened_by_its_owner(True)

    office.page.get_by_role("button", name="Sign in with a passkey").click()
    office.page.get_by_text("This passkey does not open this Roadbook").wait_for()

    key.is_opened_by_its_owner(False)
    office.type_sign_in("rita", PASSWORD)
    office.page.wait_for_url(office.url + "/", wait_until="commit")


def test_a_signed_answer_is_good_once_and_for_this_site_only(office):
    key = make_passkey(office)
    key.is_opened_by_its_owner(False)
    sign_out(office)
    key.is_opened_by_its_owner(True)
    # Catch what the page sends, before it is sent.
    caught = office.page.evaluate("""async () => {
      const form = document.querySelector("form[data-passkey]");
      return new Promise((answer) => {
        form.addEventListener("submit", (event) => {
          const { value } = form.querySelector("[name=passkey]");
          if (value) { event.preventDefault(); event.stopImmediatePropagation(); answer(value); }
        });
        form.requestSubmit();
      });
    }""")

    first = office.context.request.post(
        office.url + "/sign-in", form={"passkey": caught}, headers={"origin": office.url}, max_redirects=0
    )
    again = office.context.request.post(
        office.url + "/sign-in", form={"passkey": caught}, headers={"origin": office.url}, max_redirects=0
    )

    assert json.loads(caught)["type"] == "public-key"
    assert (first.status, again.status) == (303, 422)


def test_a_browser_at_another_address_is_offered_none(office):
    office.page.goto(office.url.replace("localhost", "127.0.0.1") + "/sign-in")

    # The app says localhost to whoever asks it: a browser elsewhere refuses to sign for that name.
    office.page.get_by_role("button", name="Sign in with a passkey").click()

    office.page.get_by_text("No passkey was used").wait_for()


def test_without_a_signal_the_page_says_that_it_needs_one(office):
    office.context.add_cookies([session_cookie(office.firm, "rita", office.url)])
    office.open("/me/sign-in")
    Key(office.context, office.page)
    office.open("/me/passkeys/new")
    office.go_offline()

    office.page.get_by_role("button", name="Make a passkey").click()

    office.page.get_by_text("This needs the network").wait_for()
    assert passkey_rows(office.firm) == []


def test_a_fresh_proof_by_passkey_lets_the_form_go_on(office):
    make_passkey(office)
    office.firm.write_now(lambda conn: conn.execute("UPDATE session SET proven_at_ms = 0"))

    office.open("/me/sign-in")
    office.page.get_by_role("button", name="Remove Rita's phone").click()
    office.page.get_by_role("button", name="Go on with a passkey").click()
    office.page.get_by_text("Sign in with your finger").wait_for()

    assert passkey_rows(office.firm) == []


def test_a_passkey_is_the_second_factor_that_a_role_needs(office):
    office.firm.write_now(lambda conn: conn.execute("INSERT INTO second_factor_role VALUES ('rep')"))
    office.open("/sign-in")
    Key(office.context, office.page)
    office.type_sign_in("rita", PASSWORD)
    office.page.get_by_role("button", name="Make a passkey").click()

    office.page.wait_for_url(office.url + "/")

    assert len(passkey_rows(office.firm)) == 1
