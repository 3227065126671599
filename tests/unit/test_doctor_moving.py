"""What the doctor says of a firm that is on its way to another machine, and of a machine that follows one."""

import shutil
import threading
import time
from contextlib import contextmanager

import pytest

from server import doctor
from server.backup import frozen, moving, restore, standby
from server.backup.replicator import places_of
from server.config import read_settings
from server.doctor import away
from server.sign_in import sealing

from ..disaster.machine import wait_until
from ..small_firm import make_firm
from .replicas import off_site

NOW_MS = int(time.time() * 1000)


@pytest.fixture
def settings(tmp_path):
    make_firm(tmp_path / "firm").close()
    return settings_of(tmp_path, "firm")


def settings_of(tmp_path, name: str):
    return read_settings(
        {
            "ROADBOOK_DATA": str(tmp_path / name),
            "ROADBOOK_URL": "http://localhost:8000",
            "ROADBOOK_REPLICA": f"file://{tmp_path}/replica",
        }
    )


def told(settings) -> dict[str, doctor.Finding]:
    return {finding.name: finding for finding in doctor.examine(settings.data)}


@contextmanager
def following(settings):
    follower = standby.Follower(settings, lambda words: None)
    running = threading.Thread(target=follower.run)
    running.start()
    try:
        wait_until((settings.data / "standby" / "roadbook.db-txid").exists, "it follows")
        yield
    finally:
        follower.end()
        running.join(30)
        assert not running.is_alive()


def test_nothing_is_said_of_a_firm_that_stays_where_it_is(settings):
    assert {"move", "standby"} & set(told(settings)) == set()


def test_a_freeze_that_was_not_finished_fails_and_says_both_ways_out(settings):
    frozen.set_mark(settings.data / "roadbook.db", NOW_MS)

    found = told(settings)["move"]

    assert (found.state, time.strftime("%Y-%m-%d") in found.words) == ("failed", True)
    assert "roadbook freeze" in found.way_out and "roadbook thaw" in found.way_out


def test_a_firm_that_was_handed_over_is_told_as_such_and_lacks_no_replica(settings):
    moving.freeze(settings, NOW_MS)

    found = told(settings)["move"]

    assert (found.state, "handed over" in found.words) == ("warning", True)
    assert "systemctl disable" in found.way_out and "roadbook thaw" in found.way_out
    assert away.check_replica(settings).state == "ok"
    moving.thaw(settings, NOW_MS)
    assert "move" not in told(settings)


def test_a_firm_that_is_written_to_but_counts_as_handed_over_fails(settings):
    (settings.data / frozen.HANDED_OVER).write_text("{}")

    assert told(settings)["move"].state == "failed"
    assert "nothing is replicated" in told(settings)["move"].words


def test_a_firm_that_comes_back_to_where_it_was_handed_over_is_replicated_again(settings):
    moving.freeze(settings, NOW_MS)
    for file in settings.data.glob("roadbook.db*"):
        file.unlink()

    restore.restore(settings, restore.Source(), NOW_MS)

    assert list(places_of([settings])) == [settings.data / "roadbook.db"]
    assert "move" not in told(settings)


def test_a_standby_says_whether_it_follows_and_since_when_nothing_came(settings, tmp_path):
    off_site(settings)
    second = settings_of(tmp_path, "second")
    with following(second):
        while_it_follows = told(second)["standby"]

    after = told(second)["standby"]

    assert (while_it_follows.state, after.state) == ("ok", "failed")
    assert "last change" in while_it_follows.words
    assert "roadbook-standby" in after.way_out and "roadbook promote" in after.way_out


def test_a_standby_without_the_key_of_authenticator_apps_says_so_beforehand(settings, tmp_path):
    firm = make_firm(tmp_path / "third")
    sealed = sealing.seal(firm.path, "rita", b"secret")
    firm.write_now(lambda db: db.execute("INSERT INTO totp VALUES ('rita', ?, 0, 1)", (sealed,)))
    firm.close()
    off_site(settings_of(tmp_path, "third"))
    second = settings_of(tmp_path, "second")
    with following(second):
        pass
    before = sorted(path.name for path in (second.data / "standby").iterdir())

    found = told(second)["authenticator apps"]

    assert (found.state, found.words[:6], str(second.data) in found.way_out) == ("warning", "1 of 1", True)
    assert sorted(path.name for path in (second.data / "standby").iterdir()) == before
    shutil.copy(tmp_path / "third" / sealing.KEY_FILE, second.data)
    assert "authenticator apps" not in told(second)


def test_what_is_left_of_a_standby_beside_a_firm_is_named(settings):
    (settings.data / "standby").mkdir()

    assert "rm -r" in told(settings)["standby"].way_out
