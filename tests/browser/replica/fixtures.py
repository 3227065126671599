"""Fixtures of the replica's tests; each test module imports what it uses."""

from __future__ import annotations

import pytest

from .driver import Worker, serve


@pytest.fixture(scope="session")
def site():
    with serve() as started:
        yield started


@pytest.fixture
def page(chromium, site):
    """A page of a browser profile of its own: nothing is stored in it yet."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(site.blank)
    yield page
    context.close()


@pytest.fixture
def worker(page):
    """A running worker without a replica."""
    return Worker(page)


@pytest.fixture(scope="module")
def shared_page(chromium, site):
    context = chromium.new_context()
    page = context.new_page()
    page.goto(site.blank)
    yield page
    context.close()


@pytest.fixture
def replica(shared_page, request):
    """A running worker with an empty replica, open. The worker is the module's, the replica the test's own."""
    worker = Worker(shared_page, name=f"replica of {request.node.name}")
    worker.do("await open();")
    return worker
