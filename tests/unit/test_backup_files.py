"""Files outlive the machine: in a folder, a bucket and on another machine, each a real one."""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import pytest

from server.attachments.collection import keep_up
from server.attachments.store import store_of
from server.backup import files
from server.backup.file_places import Unreachable, opened
from server.backup.files import FilesAway
from server.backup.replica import read_place, with_credentials
from server.firm import Firm
from tests import own_loop
from tests.disaster.storage import KEYS, Line, in_bucket, s3_server, sftp_server
from tests.files import png

from .attaching import TUS, Attaching, hash_of

PHOTOS = [png(10 + n, 10) for n in range(6)]


def place_of(told: dict):
    place = read_place(told["ROADBOOK_REPLICA"])
    credentials = [told.get(f"ROADBOOK_REPLICA_{name}", "") for name in ("KEY", "SECRET", "HOST_KEY")]
    return with_credentials(place, *credentials)


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    with s3_server(tmp_path_factory.mktemp("s3") / "log") as port:
        yield port


@pytest.fixture(params=["folder", "bucket", "machine"])
def place(request, tmp_path):
    if request.param == "folder":
        yield place_of({"ROADBOOK_REPLICA": f"file://{tmp_path}/away"})
    elif request.param == "bucket":
        told = in_bucket(request.getfixturevalue("bucket"), "firm")
        yield place_of(told).below(tmp_path.name)
    else:
        (tmp_path / "machine").mkdir()
        with sftp_server(tmp_path / "machine", "open sesame") as told:
            yield place_of(told)


@pytest.fixture
def people(firm):
    return Attaching(firm)


@contextmanager
def bringing(firm, place):
    """The duty, as the app runs it."""
    firm.files = FilesAway(firm, place)
    loop = asyncio.new_event_loop()
    duty = loop.create_task(firm.files.run())
    thread = threading.Thread(target=lambda: _until_cancelled(loop, duty), daemon=True)
    thread.start()
    try:
        yield firm.files
    finally:
        loop.call_soon_threadsafe(duty.cancel)
        thread.join(20)


def _until_cancelled(loop, duty) -> None:
    with suppress(asyncio.CancelledError):
        loop.run_until_complete(duty)


def wait_for(condition, what: str, seconds: float = 40) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"never: {what}"
        time.sleep(0.05)


def names_at(place) -> set[str]:
    async def ask():
        async with opened(place.attachments) as away:
            return await away.names()

    return own_loop.run(ask())


def back_from(place, folder):
    """As the command does it, where no event loop runs."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(files.fetch_back, folder, place).result()


def safe(people, by: str, *contents: bytes) -> list[str]:
    answer = people.browser(by).post("/uploads/safe", json={"hashes": [hash_of(one) for one in contents]}, headers=TUS)
    assert answer.status_code == 200
    return answer.json()["safe"]


def test_files_are_brought_away_soon_and_come_back_whole_after_the_disk_is_lost(people, firm, place, tmp_path):
    people.upload("rita", PHOTOS[0])
    with bringing(firm, place) as away:
        wait_for(lambda: away.is_safe(hash_of(PHOTOS[0])), "what was there before is away")
        for photo in PHOTOS[1:]:
            people.upload("rita", photo)
        wait_for(lambda: away.position().waiting == 0, "all are away")
    assert names_at(place) == {hash_of(photo) for photo in PHOTOS}
    shutil.rmtree(firm.path / "attachments")

    back = back_from(place, firm.path)
    again = back_from(place, firm.path)

    assert (back.files, back.bytes, back.missing) == (len(PHOTOS), sum(map(len, PHOTOS)), ())
    assert again.files == 0
    for photo in PHOTOS:
        assert store_of(firm).path(hash_of(photo)).read_bytes() == photo


def test_file_counts_as_safe_only_once_it_is_away_and_for_whoever_brought_it(people, firm, tmp_path):
    place = place_of({"ROADBOOK_REPLICA": f"file://{tmp_path}/away"})
    people.upload("rita", PHOTOS[0])
    assert safe(people, "rita", PHOTOS[0]) == [hash_of(PHOTOS[0])]  # without a replica there is nothing to wait for
    firm.files = FilesAway(firm, place)
    assert safe(people, "rita", PHOTOS[0]) == []

    with bringing(firm, place) as away:
        wait_for(lambda: away.position().waiting == 0, "it is away")

        assert safe(people, "rita", PHOTOS[0], PHOTOS[1]) == [hash_of(PHOTOS[0])]
        assert safe(people, "ron", PHOTOS[0]) == []


def test_place_that_cannot_be_reached_keeps_nothing_up_and_is_gone_on_with_when_it_comes_back(people, firm, bucket):
    line = Line(bucket)
    place = place_of(KEYS | {"ROADBOOK_REPLICA": f"s3://firm/cut?endpoint=http://127.0.0.1:{line.port}"})
    line.cut()
    people.upload("rita", PHOTOS[0])

    with bringing(firm, place) as away:
        wait_for(lambda: away.position().error, "the failure is told")
        told = away.position()
        line.mend()
        wait_for(lambda: away.position().waiting == 0, "it is away")

    assert told.waiting == 1 and told.oldest_ms and not away.position().error
    line.close()


def test_bringing_goes_on_where_it_stood_after_a_restart_and_sends_nothing_twice(people, firm, tmp_path):
    place = place_of({"ROADBOOK_REPLICA": f"file://{tmp_path}/away"})
    people.upload("rita", PHOTOS[0])
    with bringing(firm, place) as away:
        wait_for(lambda: away.position().waiting == 0, "it is away")
    there = tmp_path / "away" / "attachments" / hash_of(PHOTOS[0])[:2] / hash_of(PHOTOS[0])
    written_at = there.stat().st_mtime_ns
    people.upload("rita", PHOTOS[1])

    with bringing(firm, place) as away:
        wait_for(lambda: away.position().waiting == 0, "the other one, too")

    assert there.stat().st_mtime_ns == written_at and len(names_at(place)) == 2


def test_damaged_copy_is_not_put_in_place_and_a_missing_one_is_named(people, firm, tmp_path):
    place = place_of({"ROADBOOK_REPLICA": f"file://{tmp_path}/away"})
    for photo in PHOTOS[:3]:
        people.upload("rita", photo)
    with bringing(firm, place) as away:
        wait_for(lambda: away.position().waiting == 0, "all are away")
    damaged, missing, whole = map(hash_of, PHOTOS[:3])
    folder = tmp_path / "away" / "attachments"
    (folder / damaged[:2] / damaged).write_bytes(b"something else")
    (folder / missing[:2] / missing).unlink()
    shutil.rmtree(firm.path / "attachments")

    back = back_from(place, firm.path)

    assert back.files == 1 and back.missing == tuple(sorted((damaged, missing)))
    assert store_of(firm).has(whole) and not store_of(firm).has(damaged)


def test_file_that_is_damaged_here_is_not_brought_away_and_is_asked_for_again(people, firm, tmp_path):
    place = place_of({"ROADBOOK_REPLICA": f"file://{tmp_path}/away"})
    row = people.row("rita", PHOTOS[0])
    people.upload("rita", PHOTOS[0])
    store_of(firm).path(hash_of(PHOTOS[0])).write_bytes(b"rotten")

    with bringing(firm, place):
        wait_for(lambda: not store_of(firm).has(hash_of(PHOTOS[0])), "it is let go of")
        keep_up(firm)
        assert people.stored(row) is None and names_at(place) == set()
        people.upload("rita", PHOTOS[0])
        wait_for(lambda: names_at(place) == {hash_of(PHOTOS[0])}, "it is away")

    assert people.stored(row)


def test_what_went_here_stays_away_as_long_as_a_point_in_time_can_be_restored(people, firm, tmp_path):
    place = place_of({"ROADBOOK_REPLICA": f"file://{tmp_path}/away"})
    people.upload("rita", PHOTOS[0])
    with bringing(firm, place) as away:
        wait_for(lambda: away.position().waiting == 0, "it is away")
    firm.write_now(lambda db: db.execute("DELETE FROM stored_file").rowcount)

    clock = firm.clock
    for days, is_there in ((0, True), (39, True), (41, False)):
        firm.clock = lambda days=days: clock() + days * 86_400_000
        with bringing(firm, place) as away:
            wait_for(lambda away=away: away._there is not None, "it was looked")
            wait_for(lambda is_there=is_there: bool(names_at(place)) == is_there, f"{days} days later")


def test_server_that_lost_its_files_takes_them_from_the_device_though_its_database_knows_them(people, firm):
    row = people.row("rita", PHOTOS[0])
    people.upload("rita", PHOTOS[0])
    shutil.rmtree(firm.path / "attachments")

    # Before the server has noticed, and after.
    assert people.create("rita", PHOTOS[0]).status_code == 201
    keep_up(firm)
    assert people.stored(row) is None
    people.upload("rita", PHOTOS[0])

    assert people.stored(row) and people.get("rita", PHOTOS[0]).content == PHOTOS[0]


def test_wrong_password_and_a_stranger_in_the_machines_name_are_told(firm, tmp_path):
    with sftp_server(tmp_path, "open sesame") as told:
        with pytest.raises(Unreachable, match=r"(?i)permission|auth"):
            names_at(place_of(told | {"ROADBOOK_REPLICA_SECRET": "wrong"}))
        with pytest.raises(Unreachable, match=r"(?i)host key"):
            stranger = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIrQXtzjUvRvJGLTzDDrOvVCLrHwmA8rVX4BYrlVXBmD"
            names_at(place_of(told | {"ROADBOOK_REPLICA_HOST_KEY": stranger}))


def test_restored_firm_that_names_nothing_asks_the_place_for_nothing(tmp_path):
    Firm.open(tmp_path / "firm").close()

    place = place_of({"ROADBOOK_REPLICA": "s3://b/r?endpoint=http://127.0.0.1:1"})

    assert back_from(place, tmp_path / "firm") == files.FetchedBack(0, 0, ())
