"""Drives the replica's test worker from Python: runs JavaScript in it, stops it, breaks what it stands on."""

from __future__ import annotations

import contextlib
import functools
import http.server
import threading
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import ROOT, _Quiet

HERE = "/tests/browser/replica"

_SEND = """async ([scope, name, code, arg]) => {
  const registration = await navigator.serviceWorker.getRegistration(scope);
  const { port1, port2 } = new MessageChannel();
  const answer = new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
  registration.active.postMessage({ name, code, arg }, [port2]);
  return answer;
}"""

_REGISTER = """async ([script, scope]) => {
  const registration = await navigator.serviceWorker.register(script, { scope, type: "module" });
  const worker = registration.installing ?? registration.waiting ?? registration.active;
  while (worker.state !== "activated") await new Promise((ok) => (worker.onstatechange = ok));
}"""


class WorkerError(Exception):
    """What the code threw in the worker: name, message and cause."""

    def __init__(self, error: dict):
        super().__init__(f"{error['name']}: {error['message']}\n{error['stack']}")
        self.name, self.message, self.cause = error["name"], error["message"], error["cause"]


class Worker:
    """One registration of the test worker. worker("1 + arg", 1) evaluates in it; name is its replica's."""

    def __init__(self, page, scope: str = f"{HERE}/", script: str = f"{HERE}/worker.js", name: str = "roadbook"):
        self.page, self.scope, self.name = page, scope, name
        page.evaluate(_REGISTER, [script, scope])

    def __call__(self, expression: str, arg=None):
        return self.do(f"return ({expression});", arg)

    def do(self, statements: str, arg=None):
        answer = self.page.evaluate(_SEND, [self.scope, self.name, statements, arg])
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer.get("result")

    def begin(self, statements: str, arg=None) -> None:
        """Start them without waiting for their end."""
        self.page.evaluate(f"(message) => {{ ({_SEND})(message); }}", [self.scope, self.name, statements, arg])

    def stop(self) -> None:
        """Kill the worker's thread, as a phone does; the next message starts it again."""
        stop_workers(self.page)


def stop_workers(page) -> None:
    if hasattr(page, "firefox"):
        return page.firefox.stop_workers()
    session = page.context.new_cdp_session(page)
    session.send("ServiceWorker.enable")
    session.send("ServiceWorker.stopAllWorkers")
    session.detach()


class _Told(_Quiet):
    """The checkout over HTTP; `?csp=` in an address becomes its policy, and GET /told/<what> is written down."""

    told: list[str]

    def do_GET(self):
        if self.path.startswith("/told/"):
            self.told.append(self.path.removeprefix("/told/"))
            self.send_response(204)
            self.end_headers()
        else:
            super().do_GET()

    def end_headers(self):
        query = urllib.parse.urlsplit(self.path).query
        if policy := urllib.parse.parse_qs(query).get("csp"):
            self.send_header("Content-Security-Policy", policy[0])
        super().end_headers()


class Site:
    """The checkout at `url`; `told` holds what workers said was done, in order."""

    def __init__(self, port: int, told: list[str]):
        self.url = f"http://127.0.0.1:{port}"
        self.blank = f"{self.url}/tests/browser/blank.html"
        self.told = told


@contextlib.contextmanager
def serve(root: Path = ROOT) -> Iterator[Site]:
    told: list[str] = []
    handler = functools.partial(type("Told", (_Told,), {"told": told}), directory=str(root))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Site(server.server_port, told)
    server.shutdown()
