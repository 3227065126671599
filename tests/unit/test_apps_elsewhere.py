"""Authenticator apps of a firm that came to another machine: what is said of their key, and nobody is locked out."""

import re
import shutil
import threading
import time

import pyotp
import pytest

from server import let_in
from server.backup import moving, standby
from server.cli import main
from server.config import read_settings
from server.doctor.signing_in import check_sign_in_key
from server.firm import Firm
from server.sign_in import sealing, totp

from ..disaster.machine import wait_until
from ..small_firm import make_firm
from .replicas import off_site, replicated_environment

NOW_MS = 1_795_500_000_000
SECRET = pyotp.random_base32()


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """A firm with a replica in a folder, in which Rita and Ron have an app; the environment is this firm's."""
    environ = replicated_environment(tmp_path, monkeypatch)
    firm = make_firm(tmp_path / "firm")
    for person in ("rita", "ron"):
        has_app(firm, person)
    firm.close()
    return read_settings(environ)


def has_app(firm, person: str) -> None:
    sealed = sealing.seal(firm.path, person, SECRET.encode())
    firm.write_now(lambda db: db.execute("INSERT OR REPLACE INTO totp VALUES (?, ?, 0, 1)", (person, sealed)))


def said(capsys, *argv: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(list(argv))
    answer = capsys.readouterr()
    return answer.out + (ended.value.code if isinstance(ended.value.code, str) else "")


def lost_with_its_disk(settings) -> bytes:
    """What the key was."""
    key = (settings.data / sealing.KEY_FILE).read_bytes()
    shutil.rmtree(settings.data)
    return key


def test_restore_on_another_machine_says_what_to_copy_and_what_to_do_where_it_is_gone(settings, capsys):
    off_site(settings)
    lost_with_its_disk(settings)

    told = said(capsys, "restore")

    assert "2 of 2 authenticator apps open nothing here" in told
    assert f"to {settings.data}/sign_in.key" in told and "roadbook second-factor PERSON" in told


def test_restore_says_nothing_of_the_key_where_it_is_there(settings, capsys):
    off_site(settings)

    assert "authenticator" not in said(capsys, "restore")


def test_no_backup_holds_the_key(settings, tmp_path, capsys):
    key = (settings.data / sealing.KEY_FILE).read_bytes()
    off_site(settings)
    said(capsys, "backup")

    kept = [*(tmp_path / "replica").rglob("*"), *(settings.data / "copies").rglob("*")]

    assert kept and [path for path in kept if path.name == sealing.KEY_FILE] == []
    assert [path for path in kept if path.is_file() and key in path.read_bytes()] == []


def test_promote_says_it_and_the_key_that_was_copied_beforehand_is_found(settings, tmp_path, monkeypatch, capsys):
    off_site(settings)
    for name, has_key in (("without", False), ("with", True)):
        second = read_settings(
            {"ROADBOOK_DATA": str(tmp_path / name), "ROADBOOK_URL": "http://localhost:8000"}
            | {"ROADBOOK_REPLICA": f"file://{tmp_path}/replica"}
        )
        monkeypatch.setenv("ROADBOOK_DATA", str(second.data))
        followed(second)
        if has_key:
            shutil.copy(settings.data / sealing.KEY_FILE, second.data)

        told = said(capsys, "promote")

        assert ("2 of 2 authenticator apps open nothing here" in told) is not has_key
        assert "systemctl disable roadbook-standby" in told


def followed(settings) -> None:
    follower = standby.Follower(settings, lambda words: None)
    running = threading.Thread(target=follower.run)
    running.start()
    wait_until((settings.data / "standby" / "roadbook.db-txid").exists, "it follows")
    follower.end()
    running.join(30)


def test_freeze_says_that_the_key_is_to_be_carried_over_and_thaw_that_it_was_taken_away(settings, capsys):
    assert f"Copy {settings.data}/sign_in.key over by hand" in said(capsys, "freeze")
    assert "authenticator" not in said(capsys, "thaw")
    moving.freeze(settings, int(time.time() * 1000))
    (settings.data / sealing.KEY_FILE).unlink()

    assert "2 of 2 authenticator apps open nothing here" in said(capsys, "thaw")


def test_freeze_says_nothing_of_a_key_that_nobody_needs(settings, capsys):
    firm = Firm.open(settings.data)
    firm.write_now(lambda db: db.execute("DELETE FROM totp"))
    firm.close()

    assert "sign_in.key" not in said(capsys, "freeze")


def test_the_doctor_counts_apps_of_an_earlier_key_though_somebody_set_up_a_new_one(settings):
    (settings.data / sealing.KEY_FILE).unlink()
    firm = Firm.open(settings.data)
    has_app(firm, "sam")

    with firm.look() as db:
        found = check_sign_in_key(db, firm.path)
    firm.close()

    assert (found.state, found.words[:17]) == ("warning", "2 of 3 open nothi")
    assert "second-factor PERSON" in found.way_out


@pytest.mark.parametrize("spoil", [lambda key: key.unlink(), lambda key: (key.unlink(), key.mkdir())])
def test_without_the_key_no_digits_open_until_the_command_takes_the_app_away_which_is_noted(settings, spoil):
    spoil(settings.data / sealing.KEY_FILE)
    firm = Firm.open(settings.data)
    right = pyotp.TOTP(SECRET).generate_otp(NOW_MS // totp.STEP_MS)
    with pytest.raises(sealing.Unreadable):
        firm.write_now(lambda db: totp.check(db, firm.path, "rita", right, NOW_MS))

    let_in.reset_second_factor(firm, settings.url, "rita")

    with firm.look() as db:
        left = [row[0] for row in db.execute("SELECT user_id FROM totp")]
        noted = db.execute("SELECT subject FROM audit WHERE action = 'second_factor_reset'").fetchall()
    firm.close()
    assert left == ["ron"] and [row[0] for row in noted] == ["user/rita"]


def test_the_guide_says_what_the_commands_say_of_the_key():
    from ..conftest import ROOT

    guide = (ROOT / "deployment/BACKUPS.md").read_text("utf-8")
    section = guide.partition("## The key of authenticator apps")[2].partition("\n## ")[0]

    assert {"sign_in.key", "roadbook second-factor"} <= set(re.findall(r"`([^`]+?)(?: [A-Z]+)?`", section))
