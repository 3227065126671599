"""The replica's promises in Firefox: the same tests, in another engine. Skipped where there is no Firefox."""

from __future__ import annotations

import time

import pytest

from . import firefox
from .replica.driver import Worker
from .replica.fixtures import replica, site, worker  # noqa: F401
from .test_replica import *  # noqa: F403
from .test_replica_durability import (
    ROWS,
    WRITE,
    assert_exactly_the_acknowledged_batches,
    test_worker_killed_in_the_middle_of_writes,  # noqa: F401
    wait_until,
)
from .test_replica_recovery import *  # noqa: F403
from .test_replica_workers import (  # noqa: F401
    second,
    test_policy_of_the_app_lets_sqlite_run_and_a_stricter_one_is_an_error,
    test_second_worker_waits_until_the_first_lets_go_and_sees_all_it_wrote,
)

pytestmark = pytest.mark.skipif(not firefox.find(), reason="there is no Firefox here")

# What only Chromium's protocol can do.
del test_real_quota_is_reported_as_no_room_and_edits_fit_once_there_is_some  # noqa: F821


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with firefox.start(tmp_path_factory.mktemp("firefox")) as started:
        yield started


@pytest.fixture(scope="module")
def shared_page(browser, site):
    page = browser.new_page()
    page.goto(site.blank)
    return page


@pytest.fixture
def page(browser, site):
    page = browser.new_page(private=True)
    page.goto(site.blank)
    yield page
    page.close()


def test_browser_killed_in_the_middle_of_writes(site, tmp_path):
    site.told.clear()
    with firefox.start(tmp_path) as killed:
        page = killed.new_page()
        page.goto(site.blank)
        Worker(page).begin(WRITE, ROWS)
        wait_until(lambda: len(site.told) > 10)

        killed.kill()

    time.sleep(0.1)
    with firefox.start(tmp_path) as started:
        page = started.new_page()
        page.goto(site.blank)
        assert_exactly_the_acknowledged_batches(Worker(page), site.told)
