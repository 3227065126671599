"""A firm on another machine: moved with everything, or taken over by a standby. Real servers, replicators, devices."""

import http.client
import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time

import pytest

from server.backup import frozen, in_use, moving
from server.backup.moving import NotMoved
from server.backup.nightly import tell_administrators
from server.config import read_settings
from server.database import connect_writer
from server.firm import Firm
from server.sign_in import sessions
from server.writer import Frozen
from sync.schema import schema_hash

from ..conftest import ROOT
from ..device import Device, new_id
from ..disaster.drill import Typing, connect, judge, known_to, make_people, wait_until_safe
from ..disaster.machine import Machine, plain_environment, wait_until
from ..disaster.storage import in_folder
from ..small_firm import Clock, as_server, make_firm, op
from .replicas import off_site
from .shell import client


@pytest.fixture
def machines(tmp_path):
    made: list[Machine] = []

    def make(replica: dict[str, str]) -> Machine:
        made.append(Machine(tmp_path / f"machine {len(made)}", replica))
        return made[-1]

    yield make
    for machine in made:
        machine.die()


def command(machine: Machine, *argv: str, status: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "server", *argv],
        cwd=ROOT, env=plain_environment() | machine.environ, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def ask(phone, method: str, path: str, **headers) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", phone.port, timeout=30)
    headers = {"Host": f"localhost:{phone.port}", "Cookie": phone._cookie, "Accept": "text/html"} | headers
    connection.request(method, path, "{}" if method == "POST" else None, headers)
    answer = connection.getresponse()
    answer.content = answer.read().decode()
    connection.close()
    return answer


def test_a_firm_moves_to_another_machine_and_no_device_begins_anew(machines, tmp_path):
    replica, dice = in_folder(tmp_path / "replica"), random.Random(60)
    old = machines(replica)
    phones = make_people(old.data)
    old.start()
    connect(phones, old)
    wait_until_safe(phones[0], old)
    typing = Typing(phones, 60)
    time.sleep(1)

    told = command(old, "freeze")

    time.sleep(0.3)
    typing.end()
    assert "On the new machine: roadbook restore" in told
    assert any(phone.outbox for phone in phones)
    page = ask(phones[0], "GET", "/people")
    assert page.status == 200
    refused = ask(phones[0], "POST", "/uploads", Accept="application/json", Origin=f"http://localhost:{old.port}")
    assert refused.status != 200
    acknowledged = {op_id: op for phone in phones for op_id, op in phone.acknowledged.items()}
    epochs = {phone.hello["epoch"] for phone in phones}
    cursors = {phone.id: phone.cursor for phone in phones}

    new = machines(replica)
    told = command(new, "restore")
    assert "phones go on as if nothing had happened" in told
    new.start()
    connect(phones, new)
    for phone in phones:
        held = {row_id: row for rows in phone.rows.values() for row_id, row in rows.items()}
        started_again = []
        phone._start_again = lambda cut_after, started_again=started_again: started_again.append(cut_after)
        assert phone.try_sync(), new.log()
        assert started_again == [] and cursors[phone.id] and held
    dice.shuffle(phones)
    for phone in phones * 2:
        assert phone.try_sync(), new.log()

    result = judge(phones, new, acknowledged, 0, 0)
    assert (result.lost, result.doubled, result.differing, result.waiting) == ([], [], [], 0)
    assert {phone.hello["epoch"] for phone in phones} == epochs
    assert "another machine has taken this firm over" in command(old, "thaw", status=1)
    wait_until_safe(phones[0], new)


def test_a_standby_takes_over_from_a_server_that_was_killed(machines, tmp_path):
    replica, dice = in_folder(tmp_path / "replica"), random.Random(62)
    first = machines(replica)
    phones = make_people(first.data)
    first.start()
    connect(phones, first)
    wait_until_safe(phones[0], first)
    second = machines(replica)
    second._run("standby")
    followed = second.data / "standby" / "roadbook.db-txid"
    wait_until(followed.exists, "the standby follows", second.log)
    begun = followed.read_text()
    assert "is a standby: roadbook promote" in command(second, "serve", status=1)
    typing = Typing(phones, 62)
    wait_until(lambda: followed.read_text() != begun, "the standby goes on", second.log)
    first.die()
    typing.end()
    acknowledged = {op_id: op for phone in phones for op_id, op in phone.acknowledged.items()}

    told = command(second, "promote")

    assert "send again" in told
    behind = len(acknowledged.keys() - known_to(second))
    second.start()
    connect(phones, second)
    for _ in range(4):
        dice.shuffle(phones)
        for phone in phones:
            assert phone.try_sync(), second.log()
    result = judge(phones, second, acknowledged, behind, 0)
    assert (result.lost, result.doubled, result.differing, result.waiting) == ([], [], [], 0)
    assert not (second.data / "standby").exists()
    wait_until_safe(phones[0], second)


# --- one process --------------------------------------------------------------------------------------------


@pytest.fixture
def settings(tmp_path):
    make_firm(tmp_path / "firm").close()
    return read_settings(
        {
            "ROADBOOK_DATA": str(tmp_path / "firm"),
            "ROADBOOK_URL": "http://localhost:8000",
            "ROADBOOK_REPLICA": f"file://{tmp_path}/replica",
        }
    )


def test_the_writer_of_a_frozen_firm_changes_nothing_and_refuses_no_reader(settings):
    firm = Firm.open(settings.data, Clock())
    frozen.set_mark(settings.data / "roadbook.db", 1)

    with pytest.raises(Frozen):
        as_server(firm, op("account", "acme", name="Acme", kind="customer", owner_id="rita"))
    several = [firm.writer.submit(lambda db, n=n: tell_administrators(db, firm) or n) for n in range(5)]
    assert all(isinstance(one.exception(20), Frozen) for one in several)
    assert firm.write_now(lambda db: db.execute("SELECT count(*) FROM account").fetchone()[0]) == 0
    rita = Device(firm, "rita")
    rita.sync()
    assert rita.rows["user"]
    firm.close()
    Firm.open(settings.data, Clock()).close()


def test_devices_of_a_frozen_firm_are_told_to_come_again_and_keep_what_they_have(settings):
    def asked(browser):
        assert browser.get("/stickies").status_code == 200
        return browser.post("/sync", json={"protocol": 1, "schema": schema_hash(), "cursor": "", "ops": [made]})

    made = op("sticky", new_id(), body="Typed while frozen", owner_id="rita")
    firm = Firm.open(settings.data, Clock())
    with browser_of(firm, "rita") as browser:
        moving.freeze(settings, 1)
        told = asked(browser)
        assert (told.status_code, told.headers["Retry-After"]) == (503, "30")
    firm.close()

    firm = Firm.open(settings.data, Clock())
    with browser_of(firm, "rita", browser.cookies) as browser:
        assert asked(browser).status_code == 503
        assert moving.thaw(settings, 2)
        lines = [json.loads(line) for line in asked(browser).text.splitlines()]
    firm.close()
    assert [line["outcome"]["is"] for line in lines if "outcome" in line] == ["applied"]


def browser_of(firm, user_id: str, cookies=None):
    """Signed in; as long as it is open, the server does by itself what it does."""
    browser = client(firm)
    if cookies is None:
        given = {"user_id": user_id, "device_id": "phone", "device_name": "Phone", "started_by": "password"}
        token = firm.write_now(lambda db: sessions.start(db, **given, now_ms=firm.clock()))
        cookies = {"roadbook": token}
    browser.cookies.update(cookies)
    return browser


def test_a_freeze_that_cannot_bring_everything_off_site_is_given_up(settings, tmp_path):
    (tmp_path / "replica").write_text("a file where a folder should be")

    with pytest.raises(NotMoved, match="not frozen any more"):
        moving.freeze(settings, 1, patience_s=0)

    firm = Firm.open(settings.data, Clock())
    as_server(firm, op("account", "acme", name="Acme", kind="customer", owner_id="rita"))
    firm.close()


def test_a_freeze_that_was_not_done_is_nobodys_last_word(settings):
    """What was written after it was given up may be on devices only, which must be made to bring it."""
    from server.backup import restore

    frozen.set_mark(settings.data / "roadbook.db", int(time.time() * 1000))
    off_site(settings)
    frozen.take_mark(settings.data / "roadbook.db")
    shutil.rmtree(settings.data)

    assert restore.restore(settings, restore.Source(), int(time.time() * 1000)).is_new_life


def test_a_freeze_whose_last_word_may_have_come_is_not_given_up_but_gone_on_with(settings, monkeypatch):
    from server.backup import restore

    whole, times = moving.wait_off_site, []

    def cut_at_the_end(*given, **more):
        times.append(whole(*given, **more))
        if len(times) == 2:
            raise moving.NotReplicated("the answer was cut")

    monkeypatch.setattr(moving, "wait_off_site", cut_at_the_end)
    now_ms = int(time.time() * 1000)
    with pytest.raises(NotMoved, match=r"stays frozen.*roadbook freeze goes on"):
        moving.freeze(settings, now_ms)
    with pytest.raises(Frozen):
        firm = Firm.open(settings.data, Clock())
        try:
            as_server(firm, op("account", "acme", name="Acme", kind="customer", owner_id="rita"))
        finally:
            firm.close()

    moving.freeze(settings, now_ms)

    shutil.rmtree(settings.data)
    assert not restore.restore(settings, restore.Source(), now_ms).is_new_life


def test_without_a_replica_a_copy_is_carried_over_and_begins_a_new_life(tmp_path):
    from server.backup import restore

    environ = {"ROADBOOK_URL": "http://localhost:8000"}
    make_firm(tmp_path / "old").close()
    old = read_settings(environ | {"ROADBOOK_DATA": str(tmp_path / "old")})
    new = read_settings(environ | {"ROADBOOK_DATA": str(tmp_path / "new")})

    handed = moving.freeze(old, 1)
    report = restore.restore(new, restore.Source(handed.copy), int(time.time() * 1000))

    assert report.is_new_life
    firm = Firm.open(new.data)
    as_server(firm, op("account", "acme", name="Acme", kind="customer", owner_id="rita"))
    firm.close()
    before = Firm.open(old.data)
    epoch = before.epoch
    before.close()
    assert moving.thaw(old, 2) is False
    after = Firm.open(old.data)
    assert after.epoch != epoch
    after.close()


def test_a_replica_that_was_frozen_once_and_thawed_begins_a_new_life_when_restored(settings):
    """The mark in an older state of the replica proves nothing about what came afterwards."""
    from datetime import UTC, datetime

    from server.backup import restore

    now_ms = int(time.time() * 1000)
    moving.freeze(settings, now_ms)
    time.sleep(1.1)
    while_frozen = datetime.now(UTC)
    time.sleep(1.1)
    assert moving.thaw(settings, now_ms) is True
    off_site(settings)

    assert restore.restore(settings, restore.Source(None, while_frozen), now_ms).is_new_life


def test_what_is_written_after_a_thaw_is_asked_of_devices_though_the_machine_is_lost_at_once(settings):
    """The replica still has the freeze as its last word, and must not say that it is final."""
    from server.backup import restore

    now_ms = int(time.time() * 1000)
    moving.freeze(settings, now_ms)
    moving.thaw(settings, now_ms)
    firm = Firm.open(settings.data, Clock())
    as_server(firm, op("account", "acme", name="Acme", kind="customer", owner_id="rita"))
    firm.close()
    shutil.rmtree(settings.data)

    assert restore.restore(settings, restore.Source(), now_ms).is_new_life


def test_the_end_of_a_frost_is_off_site_before_anything_is_written(settings, tmp_path):
    """Else a second restore would take an earlier word for the last one, in the name of the same life."""
    from server.backup import restore

    now_ms = int(time.time() * 1000)
    moving.freeze(settings, now_ms)
    shutil.rmtree(settings.data)

    assert not restore.restore(settings, restore.Source(), now_ms).is_new_life
    shutil.rmtree(settings.data)

    assert restore.restore(settings, restore.Source(), now_ms).is_new_life


def test_where_the_end_of_a_frost_cannot_be_told_a_new_life_begins(settings, tmp_path, monkeypatch):
    from server.backup import restore

    now_ms = int(time.time() * 1000)
    moving.freeze(settings, now_ms)
    shutil.rmtree(settings.data)
    monkeypatch.setattr(moving, "wait_off_site", lambda *_, **__: (_ for _ in ()).throw(moving.NotReplicated("away")))

    assert restore.restore(settings, restore.Source(), now_ms).is_new_life
    monkeypatch.undo()
    Firm.open(settings.data).close()


def test_the_machine_that_handed_over_replicates_no_further(settings):
    from server.backup.replicator import places_of

    assert places_of([settings])
    moving.freeze(settings, int(time.time() * 1000))

    assert places_of([settings]) == {}
    moving.thaw(settings, int(time.time() * 1000))
    assert places_of([settings])


def test_a_standby_that_did_not_follow_to_the_end_fetches_the_rest_first(settings, tmp_path):
    from server.backup import standby

    second = second_machine(tmp_path)
    off_site(settings)
    follow_for_a_moment(second)
    firm = Firm.open(settings.data, Clock())
    as_server(firm, op("account", "acme", name="Acme", kind="customer", owner_id="rita"))
    firm.close()
    off_site(settings)

    report = standby.promote(second, int(time.time() * 1000))

    assert report.found.rows["account"] == 1 and report.is_new_life
    Firm.open(second.data).close()


def test_a_standby_is_not_promoted_where_nobody_knows_what_it_lacks(settings, tmp_path):
    from server.backup import standby
    from server.backup.restore import NotRestored

    second = second_machine(tmp_path)
    off_site(settings)
    follow_for_a_moment(second)
    os.rename(tmp_path / "replica", tmp_path / "away")

    with pytest.raises(NotRestored, match=r"would be lost.*systemctl start roadbook-standby"):
        standby.promote(second, 1)

    os.rename(tmp_path / "away", tmp_path / "replica")
    assert standby.promote(second, int(time.time() * 1000)).found.seq


def test_a_standby_of_an_earlier_release_says_what_it_needs_and_keeps_what_it_followed(settings, tmp_path):
    from server.backup import standby
    from server.backup.restore import NotRestored

    second = second_machine(tmp_path)
    db = connect_writer(settings.data / "roadbook.db")
    db.execute("INSERT INTO _sqlite_migrations VALUES (99, 'roadbook', 'm9999_future', 'now')")
    db.close()
    off_site(settings)
    follow_for_a_moment(second)

    with pytest.raises(NotRestored, match=r"newer Roadbook.*install\.sh of that release"):
        standby.promote(second, 1)

    assert (second.data / "standby" / "roadbook.db").exists()
    (second.data / "standby" / "roadbook.db").write_bytes(b"damaged")
    with pytest.raises(NotRestored, match="roadbook restore fetches the firm"):
        standby.promote(second, 1)
    with pytest.raises(in_use.CannotOpen, match="is a standby"):
        Firm.open(second.data)


def test_nobody_begins_to_follow_while_a_standby_is_promoted(settings, tmp_path, monkeypatch):
    """A service that is started anew in the middle would take what is being put in place for what it follows."""
    from server.backup import standby

    second = second_machine(tmp_path)
    off_site(settings)
    follow_for_a_moment(second)
    catch_up, refused = standby._catch_up, []

    def while_another_begins(*given) -> None:
        follower = standby.Follower(second, lambda words: None)
        threading.Timer(5, follower.end).start()
        with pytest.raises(standby.NotStandby, match="followed already") as told:
            follower.run()
        refused.append(told.value)
        catch_up(*given)

    monkeypatch.setattr(standby, "_catch_up", while_another_begins)

    assert standby.promote(second, int(time.time() * 1000)).is_new_life and refused
    assert not standby.is_followed(second.data)


def second_machine(tmp_path):
    """The settings of one beside the first, which follows the same replica."""
    return read_settings(
        {
            "ROADBOOK_DATA": str(tmp_path / "second"),
            "ROADBOOK_URL": "http://localhost:8000",
            "ROADBOOK_REPLICA": f"file://{tmp_path}/replica",
        }
    )


def follow_for_a_moment(settings) -> None:
    from server.backup.standby import Follower

    follower = Follower(settings, lambda words: None)
    running = threading.Thread(target=follower.run)
    running.start()
    wait_until((settings.data / "standby" / "roadbook.db-txid").exists, "it follows")
    follower.end()
    running.join(30)
    assert not running.is_alive()


def test_files_of_attachments_are_off_site_before_a_freeze_is_done_and_come_back(settings):
    from server.attachments.store import Store, hash_of
    from server.backup import files

    content = b"a receipt"
    hash = hash_of(content)
    store = Store(settings.data / "attachments")
    store.receive("new", content)
    store.put_in_place("new", hash)
    firm = Firm.open(settings.data, Clock())
    firm.write_now(
        lambda db: db.execute(
            "INSERT INTO stored_file (hash, media_type, bytes, stored_at_ms) VALUES (?, 'image/png', ?, 1)",
            (hash, len(content)),
        )
    )
    firm.close()

    moving.freeze(settings, int(time.time() * 1000))
    shutil.rmtree(settings.data / "attachments")

    assert files.fetch_back(settings.data, settings.replica).missing == ()
    assert store.path(hash).read_bytes() == content
