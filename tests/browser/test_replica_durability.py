"""Kill the worker, or the whole browser, in the middle of writes: exactly what was acknowledged is there."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import QUIET

from .replica.driver import Worker
from .replica.fixtures import page, site, worker  # noqa: F401

ROWS = 40

# Writes batches for ever, of rows and one outbox entry; each is told to the test once it is durable.
WRITE = """
  await open();
  const body = "x".repeat(400);
  for (let batch = (replica.value("SELECT max(batch) FROM note") ?? 0) + 1; ; batch++) {
    await replica.tx((r) => {
      queue(r, 1_000_000 + batch);
      r.run("INSERT INTO note (id, batch, body) SELECT :batch * 1000 + value, :batch, :body FROM json_each(:v)",
        { ":batch": batch, ":body": body, ":v": JSON.stringify([...Array(arg).keys()]) });
    });
    await fetch(`/told/${batch}`);
  }
"""
BATCHES = "replica.all('SELECT batch, count(*) AS rows FROM note WHERE batch > 0 GROUP BY batch ORDER BY batch')"


def assert_exactly_the_acknowledged_batches(worker, told: list[str]):
    worker.do("await open();")
    batches = worker(BATCHES)
    numbers = [batch["batch"] for batch in batches]
    acknowledged = max(map(int, told), default=0)

    assert worker("replica.rebuilt") is None or acknowledged == 0
    assert worker("replica.value('PRAGMA integrity_check')") == "ok"
    assert numbers == list(range(1, len(numbers) + 1))
    assert {batch["rows"] for batch in batches} <= {ROWS}
    # One more may have reached the disk before its acknowledgement reached us.
    assert acknowledged <= len(numbers) <= acknowledged + 1
    entries = [1_000_000 + number for number in numbers]
    assert worker("replica.all('SELECT n FROM outbox ORDER BY n').map((row) => row.n)") == entries
    assert worker("(await storedTyped()).map((entry) => entry.n)") == entries


def test_worker_killed_in_the_middle_of_writes(worker, site):
    site.told.clear()
    for kill in range(8):
        worker.begin(WRITE, ROWS)
        before = len(site.told)
        wait_until(lambda before=before: len(site.told) > before)
        time.sleep(0.007 * kill)

        worker.stop()

        time.sleep(0.05)  # an acknowledgement may be on its way
        assert_exactly_the_acknowledged_batches(worker, site.told)
        worker("replica.close()")
    assert len(site.told) > 8


def test_browser_killed_in_the_middle_of_writes(playwright, chromium_path, site, tmp_path):
    site.told.clear()
    for kill in range(2):
        with browser(playwright, chromium_path, tmp_path) as (process, page):
            page.goto(site.blank)
            worker = Worker(page)
            if kill:
                assert_exactly_the_acknowledged_batches(worker, site.told)
                worker("replica.close()")
            before = len(site.told)
            worker.begin(WRITE, ROWS)
            wait_until(lambda before=before: len(site.told) > before + 10)

            os.killpg(process.pid, signal.SIGKILL)

            process.wait()
            time.sleep(0.1)
    with browser(playwright, chromium_path, tmp_path) as (_, page):
        page.goto(site.blank)
        assert_exactly_the_acknowledged_batches(Worker(page), site.told)


@contextlib.contextmanager
def browser(playwright, path: str, profile: Path):
    """A browser in a process group of its own, that can be killed as a whole."""
    port_file = profile / "DevToolsActivePort"
    port_file.unlink(missing_ok=True)
    for lock in profile.glob("Singleton*"):
        lock.unlink()
    command = [path, *QUIET, "--headless=new", "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: port_file.exists() and port_file.read_text().count("\n"))
        port = port_file.read_text().split()[0]
        connected = playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{port}")
        yield process, connected.contexts[0].new_page()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until(is_so, seconds: float = 20):
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            pytest.fail("waited in vain")
        time.sleep(0.01)
