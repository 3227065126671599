"""A phone in front of the real app: sign in, tap, go offline, come back, let the worker die.

`phone_at` is one phone in front of one server; journeys of several people share one server (`served_app`) and give
each a Phone of their own.  A phone touches the app only as a person or a browser does, never its rows.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from functools import cache

from playwright.sync_api import Error

from server.app import create_app
from server.assets import Assets
from server.pages import Pages
from tests.browser.served import Faults, serve, session_cookie
from tests.device import projection
from tests.unit.shell import settings

# Playwright waits for a promise without end, and some are never kept: of IndexedDB while its site is being emptied.
NO_ANSWER = "new Promise((answer) => setTimeout(answer, 3000, 'no answer in 3 s'))"

PHONE = {"viewport": {"width": 390, "height": 844}, "locale": "en-GB"}


@cache
def whole_app() -> dict:
    """Every page and every file: the same for every firm, and slow to make."""
    return {"pages": Pages(), "assets": Assets()}


@contextmanager
def served_app(firm):
    """The app over this firm on a socket: the faults in front of it, and its address."""
    faults = Faults(None)
    with serve(faults) as url:
        faults.app = create_app(firm, settings(firm.path, url), **whole_app())
        yield faults, url


@contextmanager
def phone_at(firm, browser, **options):
    """The app over this firm on a socket, and one phone in front of it."""
    with served_app(firm) as (faults, url):
        context = browser.new_context(**PHONE | options)
        try:
            yield Phone(firm, faults, url, context)
        finally:
            context.close()


class Phone:
    def __init__(self, firm, faults, url, context, line=None) -> None:
        """line: the phone's own line to the server (line.py); without one, offline is emulated by the browser."""
        self.firm, self.faults, self.context, self.line = firm, faults, context, line
        self.url = line.url if line else url
        self.page = context.pages[0] if context.pages else context.new_page()
        self.problems: list[str] = []
        self.taps = 0
        context.on("weberror", lambda error: self.problems.append(str(error.error)))

    def sign_in(self, user_id: str = "rita", path: str = "/customers") -> None:
        """Signed in, first sync done, and back on a page that the worker made."""
        self.context.add_cookies([session_cookie(self.firm, user_id, self.url)])
        self.open(path)
        self._wait_for_first_sync(path)

    def sign_in_by_form(self, login: str, password: str) -> None:
        """As a person does it, from an app that knows nobody; the first sync is done."""
        self.open("/")
        self.type_sign_in(login, password)
        self.page.wait_for_url(self.url + "/")
        self._wait_for_first_sync("/")

    def type_sign_in(self, login: str, password: str) -> None:
        self.page.fill("[name=login]", login)
        self.page.fill("[name=password]", password)
        self.page.press("[name=password]", "Enter")

    def _wait_for_first_sync(self, path: str) -> None:
        self.wait_for("(await caches.keys()).length && navigator.serviceWorker.controller")
        for _ in range(100):
            self.open(path)
            if self.host == "device":
                return
            self.page.wait_for_timeout(100)
        raise AssertionError("pages never came from the replica")

    def tap(self, selector: str) -> None:
        """One tap of a person, counted in `taps`."""
        self.page.locator(selector).first.tap()
        self.taps += 1

    def tap_through(self, selector: str) -> None:
        """A tap that leads to another page, which is there afterwards.

        Not by the browser's navigation events: htmx sets the address of a page that is already there once more.
        """
        self.page.evaluate("window.isBehind = true")
        self.tap(selector)
        self.wait_for("!window.isBehind && document.readyState === 'complete'")

    def open(self, path: str):
        return self.page.goto(self.url + path)

    @property
    def host(self) -> str:
        return self.page.locator("body").get_attribute("data-host")

    def wait_for(self, condition: str, seconds: float = 15, every_s: float = 0.05) -> None:
        """condition: an expression that may await; a page that reloads meanwhile, or never answers, is asked again."""
        last: object = None
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                last = self.page.evaluate(f"() => Promise.race([(async () => Boolean({condition}))(), {NO_ANSWER}])")
            except Error as error:  # the page went away under the question
                last = error
            if last is True:
                return
            time.sleep(every_s)
        raise AssertionError(f"never true: {condition}; last: {last}")

    def wait_for_notifications(self, condition: str, seconds: float = 20) -> None:
        """The same of what the system shows.

        Asked rarely: Chromium forgets a notification that it is asked for while it shows it.
        """
        time.sleep(1)
        self.wait_for(condition, seconds, every_s=1)

    def wait_for_chip(self, state: str) -> None:
        self.page.locator(f"#sync-status [data-state={state}]").wait_for()

    def go_offline(self) -> None:
        if self.line:
            self.line.cut()
        else:
            self.context.set_offline(True)

    def go_online(self) -> None:
        if self.line:
            self.line.mend()
        else:
            self.context.set_offline(False)
        self.page.evaluate("dispatchEvent(new Event('online'))")

    def stop_worker(self) -> None:
        """As a phone does after half a minute: the next event starts it anew."""
        session = self.context.new_cdp_session(self.page)
        session.send("ServiceWorker.enable")
        session.send("ServiceWorker.stopAllWorkers")
        session.detach()

    def dispatch_sync(self, tag: str) -> None:
        """What Background Sync does when the browser notices a signal."""
        session = self.context.new_cdp_session(self.page)
        found = []
        session.on("ServiceWorker.workerRegistrationUpdated", lambda event: found.extend(event["registrations"]))
        session.send("ServiceWorker.enable")
        self.page.wait_for_timeout(100)
        there = {"origin": self.url, "registrationId": found[0]["registrationId"]}
        session.send("ServiceWorker.dispatchSyncEvent", {**there, "tag": tag, "lastChance": False})
        session.detach()

    def add_customer(self, name: str, **fields) -> None:
        self.open("/customers/new")
        self.page.fill("[name='a.name']", name)
        for field, value in fields.items():
            self.page.fill(f"[name='a.{field}']", value)
        self.page.click("main form button[type=submit]")

    def customers(self) -> list[dict]:
        return list(projection(self.firm, "rita").get("account", {}).values())
