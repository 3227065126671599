"""A small WebDriver BiDi client: enough of Firefox for tests that must not pass in Chromium alone.

A page has `goto` and `evaluate` as Playwright's pages have, so that a driver written for one runs on both.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from websockets.sync.client import ClientConnection, connect

# Loopback only: no first-run pages, updates, telemetry, captive portal or remote settings.
PREFERENCES = {
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "browser.safebrowsing.downloads.remote.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.push.connection.enabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.dns.disablePrefetch": True,
    "network.http.speculative-parallel-limit": 0,
    "services.settings.server": "http://127.0.0.1:1",
    "toolkit.telemetry.enabled": False,
}

START_SECONDS = 60
ANSWER_SECONDS = 60

# Like Playwright's evaluate: an expression, or a function that takes one argument; the result as JSON.
_EVALUATE = """async (argument) => {
  const value = await (%s);
  const result = typeof value === "function" ? await value(JSON.parse(argument)) : value;
  return JSON.stringify(result) ?? "null";
}"""

# Runs in the browser's own window: pages may not stop workers.
_STOP_WORKERS = """async () => {
  const manager = Cc["@mozilla.org/serviceworkers/manager;1"].getService(Ci.nsIServiceWorkerManager);
  const registrations = manager.getAllRegistrations();
  for (let i = 0; i < registrations.length; i++) {
    const registration = registrations.queryElementAt(i, Ci.nsIServiceWorkerRegistrationInfo);
    await registration.activeWorker?.terminateWorker();
  }
}"""


def find() -> str | None:
    """The path of a Firefox, or None."""
    return os.environ.get("ROADBOOK_FIREFOX") or shutil.which("firefox-esr") or shutil.which("firefox")


class FirefoxError(Exception):
    """What Firefox answered instead of a result, or the exception that a script threw."""


@contextlib.contextmanager
def start(profile: Path) -> Iterator[Firefox]:
    """A headless Firefox with this profile directory, gone at the end."""
    profile.mkdir(exist_ok=True)
    lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in PREFERENCES.items())
    (profile / "user.js").write_text("".join(lines))
    command = [find(), "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", "0"]
    command.append("--remote-allow-system-access")  # for stop_workers
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        address = _address(process)
        with connect(f"{address}/session", max_size=None, open_timeout=START_SECONDS) as socket:
            firefox = Firefox(process, socket)
            yield firefox
            firefox.close()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _address(process: subprocess.Popen) -> str:
    """Where BiDi listens; everything that Firefox prints later is read and forgotten."""
    giving_up = threading.Timer(START_SECONDS, process.kill)
    giving_up.start()
    for line in process.stderr:
        if found := re.search(r"WebDriver BiDi listening on (ws://\S+)", line):
            giving_up.cancel()
            threading.Thread(target=process.stderr.read, daemon=True).start()
            return found[1]
    raise FirefoxError("Firefox ended before it listened")


class Firefox:
    """One running browser."""

    def __init__(self, process: subprocess.Popen, socket: ClientConnection):
        self._process, self._socket, self._ids = process, socket, itertools.count(1)
        self.send("session.new", {"capabilities": {}})

    def send(self, method: str, params: dict) -> dict:
        """One BiDi command and its result; events are passed over."""
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        end = time.monotonic() + ANSWER_SECONDS
        while True:
            answer = json.loads(self._socket.recv(timeout=max(0, end - time.monotonic())))
            if answer.get("id") == number:
                if answer["type"] == "error":
                    raise FirefoxError(f"{method}: {answer['error']}: {answer['message']}")
                return answer["result"]

    def new_page(self, private: bool = False) -> Page:
        """A tab; private: with storage, cookies and workers of its own."""
        params = {"type": "tab"}
        if private:
            params["userContext"] = self.send("browser.createUserContext", {})["userContext"]
        return Page(self, self.send("browsingContext.create", params)["context"])

    def stop_workers(self) -> None:
        """Terminate every service worker, as Firefox does when it needs memory."""
        window = self.send("browsingContext.getTree", {"moz:scope": "chrome"})["contexts"][0]["context"]
        self._call(window, _STOP_WORKERS)

    def _call(self, context: str, function: str, *arguments: str) -> str | None:
        params = {
            "functionDeclaration": function,
            "awaitPromise": True,
            "target": {"context": context},
            "arguments": [{"type": "string", "value": argument} for argument in arguments],
        }
        answer = self.send("script.callFunction", params)
        if answer["type"] == "exception":
            raise FirefoxError(answer["exceptionDetails"]["text"])
        return answer["result"].get("value")

    def kill(self) -> None:
        """All its processes at once, as when the phone's battery is taken out."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        if self._process.poll() is None:
            self.send("browser.close", {})
            self._process.wait(START_SECONDS)


class Page:
    """One tab."""

    def __init__(self, firefox: Firefox, context: str):
        self.firefox, self._context = firefox, context

    def goto(self, url: str) -> None:
        self.firefox.send("browsingContext.navigate", {"context": self._context, "url": url, "wait": "complete"})

    def reload(self) -> None:
        self.firefox.send("browsingContext.reload", {"context": self._context, "wait": "complete"})

    def evaluate(self, expression: str, argument=None):
        """The value of an expression, or of a function called with the argument; both as JSON."""
        return json.loads(self.firefox._call(self._context, _EVALUATE % expression, json.dumps(argument)))

    def wait_for(self, expression: str, seconds: float = 20):
        """Ask until it is true, also across navigations; what it was then."""
        end = time.monotonic() + seconds
        while True:
            with contextlib.suppress(FirefoxError):
                if value := self.evaluate(expression):
                    return value
            if time.monotonic() > end:
                raise FirefoxError(f"never became true: {expression}")
            time.sleep(0.02)

    def click(self, selector: str) -> None:
        self.evaluate("(selector) => document.querySelector(selector).click()", selector)

    def fill(self, selector: str, text: str) -> None:
        self.evaluate(
            "([selector, text]) => { const input = document.querySelector(selector); input.value = text;"
            " input.dispatchEvent(new Event('input', {bubbles: true}));"
            " input.dispatchEvent(new Event('change', {bubbles: true})); }",
            [selector, text],
        )

    def content(self) -> str:
        return self.evaluate("document.documentElement.outerHTML")

    def close(self) -> None:
        self.firefox.send("browsingContext.close", {"context": self._context})

    def set_offline(self, offline: bool) -> None:
        """For the page's own requests only: Firefox lets its workers through. To cut those, stop the server."""
        conditions = {"type": "offline"} if offline else None
        params = {"networkConditions": conditions, "contexts": [self._context]}
        self.firefox.send("emulation.setNetworkConditions", params)
