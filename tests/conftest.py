"""Fixtures shared by all tests: a real Chromium, and a page in it that can import our modules."""

from __future__ import annotations

import asyncio
import functools
import http.server
import resource
import threading
from pathlib import Path
from typing import ClassVar

import pytest

from deployment.browser import find

ROOT = Path(__file__).parent.parent

# Keeps Chromium from asking the outside world for anything: tests stay on loopback.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item, nextitem):
    """A test that drives no browser may run a loop of its own.

    Once Playwright has started, its loop counts as running in this thread for good, also while nothing asks it for
    anything; asyncio.run then refuses to work in every later test of the process.
    """
    if nextitem is None or "playwright" in item.fixturenames:
        return (yield)
    browsers = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    try:
        return (yield)
    finally:
        asyncio._set_running_loop(browsers)


@pytest.fixture
def firm(tmp_path):
    """A small firm with people in it (see small_firm.py)."""
    from .small_firm import make_firm

    made = make_firm(tmp_path / "firm")
    yield made
    made.close()


@pytest.fixture
def few_files():
    """What most systems give a process that does not ask; children inherit it."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1_024, before[1]), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.fixture(scope="session")
def playwright():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def chromium_path() -> str:
    path = find()
    if not path:
        pytest.fail("no Chromium: run make test, which installs one or says how")
    return path


@pytest.fixture(scope="session")
def chromium(playwright, chromium_path):
    browser = playwright.chromium.launch(executable_path=chromium_path, args=QUIET)
    yield browser
    browser.close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    extensions_map: ClassVar = {
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }

    def log_message(self, *_):
        pass

    def end_headers(self):
        self.send_header("Service-Worker-Allowed", "/")
        self.send_header("Cache-Control", "no-store")
        super().end_headers()


@pytest.fixture(scope="session")
def checkout_url():
    """The checkout itself over HTTP, so that a page can import a module by its path."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(ROOT)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def js(chromium, checkout_url):
    """Run JavaScript in a page: js("(await import('/service_worker/latin.js')).latin(arg)", arg)."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{checkout_url}/tests/browser/blank.html")

    def run(expression: str, arg=None):
        return page.evaluate("async (arg) => { return " + expression + "; }", arg)

    yield run
    context.close()
