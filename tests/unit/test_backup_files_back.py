"""Files that are missing here come back from where they were brought, and what stands in the way is told."""

from __future__ import annotations

import shutil

import pytest

from server.attachments.collection import keep_up
from server.attachments.store import store_of
from server.backup.file_places import Unreachable
from server.backup.offsite import Replicated
from server.upgrade import trial
from tests.disaster.storage import KEYS

from .attaching import hash_of
from .test_backup_files import (
    PHOTOS,
    back_from,
    bringing,
    people,  # noqa: F401
    place_of,
    safe,
    wait_for,
)


@pytest.fixture
def place(tmp_path):
    return place_of({"ROADBOOK_REPLICA": f"file://{tmp_path}/away"})


@pytest.fixture
def spoilt(place, tmp_path):
    """No file whose hash begins like that of the first photo can be kept there."""
    in_the_way = tmp_path / "away" / "attachments" / hash_of(PHOTOS[0])[:2]
    in_the_way.parent.mkdir(parents=True)
    in_the_way.write_text("a file where a folder should be")
    return in_the_way


def test_server_fetches_what_is_missing_here_and_loses_no_row_meanwhile(people, firm, place):
    rows = [people.row("rita", photo) for photo in PHOTOS[:2]]
    for photo in PHOTOS[:2]:
        people.upload("rita", photo)
    with bringing(firm, place) as away:
        wait_for(lambda: away.position().waiting == 0, "both are away")
    shutil.rmtree(firm.path / "attachments")
    shutil.rmtree(place.attachments.path + "/" + hash_of(PHOTOS[1])[:2])

    firm.files = type(away)(firm, place)
    keep_up(firm)  # before it is known what is away
    assert all(map(people.stored, rows))
    with bringing(firm, place) as away:
        wait_for(lambda: away._there is not None, "it was looked")
        keep_up(firm)
        wait_for(lambda: store_of(firm).has(hash_of(PHOTOS[0])), "it came back")
        assert people.stored(rows[0]) and people.stored(rows[1]) is None


def test_refusal_in_the_middle_is_told_in_its_own_words_and_gone_on_with(people, firm, place, spoilt):
    for photo in PHOTOS[:3]:
        people.upload("rita", photo)

    with bringing(firm, place) as away:
        wait_for(lambda: away.position().error, "the failure is told")
        told = away.position().error
        spoilt.unlink()
        wait_for(lambda: away.position().waiting == 0, "all are away")

    assert "TaskGroup" not in told and "Error:" not in told


def test_place_that_is_away_while_files_come_back_is_told_as_such(people, firm):
    for photo in PHOTOS[:2]:
        people.upload("rita", photo)
    shutil.rmtree(firm.path / "attachments")
    nowhere = place_of({"ROADBOOK_REPLICA": "s3://bucket/b?endpoint=http://127.0.0.1:1"} | KEYS)

    with pytest.raises(Unreachable):
        back_from(nowhere, firm.path)


def test_file_that_cannot_be_read_here_keeps_no_other_here(people, firm, place, caplog):
    for photo in PHOTOS[:4]:
        people.upload("rita", photo)
    path = store_of(firm).path(hash_of(PHOTOS[0]))
    path.unlink()
    path.mkdir()

    with bringing(firm, place) as away:
        wait_for(lambda: away.position().waiting == 1, "the others are away")
    assert "cannot be read" in caplog.text and "cannot be brought" not in caplog.text


def test_file_is_safe_only_once_the_database_that_knows_it_is_off_site_too(people, firm, place):
    people.upload("rita", PHOTOS[0])
    with bringing(firm, place) as away:
        wait_for(lambda: away.position().waiting == 0, "it is away")
        assert safe(people, "rita", PHOTOS[0])

        firm.offsite = Replicated(firm, None)  # nothing ever answers

        assert safe(people, "rita", PHOTOS[0]) == []


def test_file_is_not_safe_while_a_release_is_on_trial(people, firm):
    people.upload("rita", PHOTOS[0])
    trial.begin(firm.path, 0)

    assert safe(people, "rita", PHOTOS[0]) == []
    trial.end(firm.path)
    assert safe(people, "rita", PHOTOS[0])
