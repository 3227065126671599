"""Files reach the server in pieces and in any order with their rows, and leave it only for whoever sees a row."""

import random
from base64 import b64encode
from hashlib import sha256

import pytest

from server.attachments import collection, known
from server.attachments.store import Store, store_of
from tests import files
from tests.unit.attaching import Attaching, hash_of

DAY_MS = 86_400_000


@pytest.fixture
def office(firm):
    return Attaching(firm)


def on_disk(firm) -> list[str]:
    folder = firm.path / "attachments"
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


# --- row and bytes meet ------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["row", "bytes"])
def test_row_and_bytes_meet_in_any_order(office, first):
    content = files.png()
    if first == "row":
        row = office.row("rita", content)
        assert office.stored(row) is None
        office.upload("rita", content)
    else:
        office.upload("rita", content)
        row = office.row("rita", content)

    office.device("rita").sync()
    assert office.device("rita").rows["attachment"][row]["stored_at_ms"]
    answer = office.get("rita", content)
    assert (answer.status_code, answer.content) == (200, content)


def test_whoever_decides_sees_the_receipt_and_nobody_else(office):
    content = files.png()
    approval = office.draft("rita", "trip")
    office.row("rita", content, approval=approval)
    office.upload("rita", content)
    assert office.get("mona", content).status_code == 404  # a draft is private

    office.does("rita", "submit", approval)

    assert office.get("mona", content).content == content
    for other in ("ron", "sam"):
        assert office.get(other, content).status_code == 404


def test_without_a_row_nobody_is_given_bytes_not_even_who_brought_them(office):
    content = files.png()
    office.upload("rita", content)

    assert office.get("rita", content).status_code == 404


def test_a_hash_that_somebody_heard_of_gives_no_file(office):
    content = files.png()
    office.row("rita", content)
    office.upload("rita", content)

    row = office.row("sam", content)

    assert office.stored(row) is None
    assert office.get("sam", content).status_code == 404
    assert office.create("sam", content).status_code == 201  # whoever has the bytes shows them
    office.upload("sam", content)
    assert office.get("sam", content).content == content


def test_a_deleted_row_takes_its_bytes_along_and_is_no_clash_with_their_arrival(office):
    content = files.png()
    row = office.row("rita", content)
    phone = office.device("rita")
    office.upload("rita", content)  # the phone has not heard of it

    phone.delete("attachment", row)
    phone.sync()

    assert phone.outcomes[phone.typed[-1]["id"]]["is"] == "applied"
    assert office.get("rita", content).status_code == 404


def test_a_row_that_says_something_else_of_bytes_that_are_here_is_refused(office):
    content = files.png()
    office.upload("rita", content)

    office.row("rita", content, media_type="application/pdf")

    outcome = office.device("rita").outcomes[office.device("rita").typed[-1]["id"]]
    assert (outcome["is"], outcome["reason"]) == ("rejected", "not_the_file")


def test_a_row_that_was_wrong_about_its_file_says_what_it_is_once_the_bytes_are_here(office):
    content = files.png()
    row = office.row("rita", content, media_type="application/pdf", bytes=7)

    office.upload("rita", content)
    office.device("rita").sync()

    told = office.device("rita").rows["attachment"][row]
    assert (told["media_type"], told["bytes"]) == ("image/png", len(content))
    assert office.get("rita", content).headers["content-type"] == "image/png"


# --- in pieces ---------------------------------------------------------------------------------------


def test_an_upload_goes_on_at_any_byte(office):
    content = files.noise_png(60_000)
    row = office.row("rita", content)
    address = office.create("rita", content).headers["location"]
    dice, at = random.Random(5), 0
    while at < len(content):
        end = min(len(content), at + dice.randrange(1, 9_000))
        answer = office.send("rita", address, content[at:end], at)
        assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(end))
        at = end
        if at < len(content):
            found = office.offset("rita", address)
            assert (found.headers["upload-offset"], found.headers["upload-length"]) == (str(at), str(len(content)))

    assert office.stored(row)
    assert office.get("rita", content).content == content
    assert on_disk(office.firm) == [hash_of(content)]


def test_who_begins_again_is_led_to_what_has_come_already(office):
    content = files.noise_png(9_000)
    address = office.create("rita", content).headers["location"]
    office.send("rita", address, content[:4_000])

    again = office.create("rita", content).headers["location"]

    assert again == address
    assert office.offset("rita", again).headers["upload-offset"] == "4000"


def test_a_wrong_offset_changes_nothing_and_says_the_right_one(office):
    content = files.noise_png(9_000)
    address = office.create("rita", content).headers["location"]
    office.send("rita", address, content[:4_000])

    for at in (0, 3_999, 4_001, 10**9):
        answer = office.send("rita", address, b"x", at)
        assert (answer.status_code, answer.headers["upload-offset"]) == (409, "4000")


def test_what_is_there_already_need_not_be_sent(office):
    content = files.png()
    office.upload("rita", content)

    answer = office.create("rita", content)

    assert (answer.status_code, answer.json()["error"]) == (409, "have_it")


def test_a_piece_whose_checksum_is_wrong_is_taken_back(office):
    content = files.noise_png(9_000)
    address = office.create("rita", content).headers["location"]
    wrong = {"Upload-Checksum": "sha256 " + b64encode(sha256(b"other").digest()).decode()}
    right = {"Upload-Checksum": "sha256 " + b64encode(sha256(content[:5_000]).digest()).decode()}

    assert office.send("rita", address, content[:5_000], **wrong).status_code == 460
    assert office.offset("rita", address).headers["upload-offset"] == "0"
    assert office.send("rita", address, content[:5_000], **right).headers["upload-offset"] == "5000"


def test_bytes_that_are_not_what_was_announced_are_refused_and_dropped(office):
    content, other = files.png(), files.png(colour=b"abc")
    address = office.create("rita", content, hash=hash_of(other)).headers["location"]

    answer = office.send("rita", address, content)

    assert (answer.status_code, answer.json()["error"]) == (422, "wrong_hash")
    assert on_disk(office.firm) == []
    assert office.offset("rita", address).status_code == 404


@pytest.mark.parametrize(
    "content",
    [
        b"<!doctype html><script>alert(1)</script>",
        b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        files.zipped(),
        files.jpeg(after=b"<script >alert(1)</script>"),
        files.png() + files.zipped(),
        files.pdf(b"<html >"),
    ],
)
def test_other_kinds_of_files_are_refused_and_dropped(office, content):
    address = office.create("rita", content).headers["location"]

    answer = office.send("rita", address, content)

    assert (answer.status_code, answer.json()["error"]) == (422, "wrong_file_type")
    assert "JPEG" in answer.json()["reason"]
    assert on_disk(office.firm) == []


def test_what_is_too_large_is_refused_before_a_byte_of_it_came(office):
    answer = office.create("rita", b"x", size=100_000_000)

    assert (answer.status_code, answer.json()["error"]) == (413, "file_too_large")
    assert "20 MB" in answer.json()["reason"]
    assert office.create("rita", b"", size=0).status_code == 422


def test_more_than_was_announced_is_refused_and_taken_back(office):
    content = files.noise_png(9_000)
    address = office.create("rita", content).headers["location"]
    office.send("rita", address, content[:100])

    assert office.send("rita", address, content, 100).status_code == 413
    assert office.offset("rita", address).headers["upload-offset"] == "100"


def test_an_upload_is_its_persons_alone(office):
    address = office.create("rita", files.png()).headers["location"]

    assert office.offset("ron", address).status_code == 404
    assert office.send("ron", address, files.png()).status_code == 404


def test_an_upload_that_nobody_finishes_goes_after_seven_days(office):
    content = files.noise_png(9_000)
    address = office.create("rita", content).headers["location"]
    office.send("rita", address, content[:4_000])
    office.firm.clock.ms += 7 * DAY_MS + 1_000

    assert office.offset("rita", address).status_code == 410
    collection.keep_up(office.firm)

    assert on_disk(office.firm) == []
    assert office.create("rita", content).headers["location"] != address


def test_one_person_cannot_fill_the_disk(office, monkeypatch):
    monkeypatch.setattr(known, "MOST_A_DAY", 10_000)
    office.upload("rita", files.noise_png(7_000))

    answer = office.create("rita", files.noise_png(7_000, seed=2))

    assert (answer.status_code, answer.json()["error"]) == (429, "too_many_uploads")
    assert office.create("ron", files.noise_png(7_000)).status_code == 201
    office.firm.clock.ms += DAY_MS + 1_000
    assert office.create("rita", files.noise_png(7_000, seed=2)).status_code == 201


def test_who_does_not_speak_the_protocol_is_told_which(office):
    answer = office.browser("rita").post("/uploads", headers={"Upload-Length": "5"})

    assert (answer.status_code, answer.headers["tus-version"]) == (412, "1.0.0")
    told = office.browser("rita").options("/uploads")
    assert told.headers["tus-extension"] == "creation,expiration,checksum"
    assert told.headers["tus-max-size"] == "20000000"


@pytest.mark.parametrize("metadata", ["", "hash", "hash !!", "hash YWJj", "name YWJj"])
def test_an_upload_without_a_good_hash_is_refused(office, metadata):
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "5", "Upload-Metadata": metadata}

    assert office.browser("rita").post("/uploads", headers=headers).status_code == 400


def test_uploads_need_somebody_signed_in(office):
    from tests.unit.shell import client

    stranger = client(office.firm)
    assert stranger.post("/uploads", headers={"Tus-Resumable": "1.0.0"}).status_code == 401
    assert stranger.get(f"/attachments/{hash_of(b'x')}").status_code in (303, 401)


# --- a full disk -------------------------------------------------------------------------------------


def test_a_full_disk_is_said_before_the_database_suffers(office, monkeypatch):
    monkeypatch.setattr("server.attachments.store.shutil.disk_usage", lambda place: type("Usage", (), {"free": 10**6}))

    answer = office.create("rita", files.png())

    assert (answer.status_code, answer.json()["error"]) == (507, "no_room")
    assert "administrator" in answer.json()["reason"]
    assert on_disk(office.firm) == []


def test_a_disk_that_is_full_in_the_middle_leaves_nothing_half_written(office):
    content = files.noise_png(9_000)
    address = office.create("rita", content).headers["location"]
    partial = store_of(office.firm).partial / address.rsplit("/", 1)[1]
    partial.unlink()
    partial.symlink_to("/dev/full")  # a device on which every write finds the disk full

    answer = office.send("rita", address, content)

    assert (answer.status_code, answer.json()["error"]) == (507, "no_room")
    assert office.get("rita", content).status_code == 404


# --- giving ------------------------------------------------------------------------------------------


def test_a_file_comes_with_everything_that_keeps_it_from_running(office):
    content = files.png()
    office.row("rita", content)
    office.upload("rita", content)

    headers = office.get("rita", content).headers

    assert headers["content-type"] == "image/png"
    assert headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-disposition"].startswith("inline; filename*=UTF-8''receipt.png")
    assert headers["cache-control"] == "private, no-cache"


def test_parts_and_what_is_known_already(office):
    content = files.noise_png(9_000)
    office.row("rita", content)
    office.upload("rita", content)

    part = office.get("rita", content, Range="bytes=100-199")
    assert (part.status_code, part.content) == (206, content[100:200])
    etag = office.get("rita", content).headers["etag"]
    assert office.get("rita", content, **{"If-None-Match": etag}).status_code == 304
    head = office.browser("rita").head(f"/attachments/{hash_of(content)}")
    assert (head.status_code, head.headers["content-length"], head.content) == (200, str(len(content)), b"")


@pytest.mark.parametrize("hash", ["x", "../../roadbook.db", "..%2f..%2froadbook.db", "A" * 64])
def test_nothing_but_files_is_given(office, hash):
    assert office.browser("rita").get(f"/attachments/{hash}").status_code == 404


# --- what is let go of, what was lost ----------------------------------------------------------------


def test_bytes_that_no_row_names_go_after_thirty_days(office):
    content, kept = files.png(), files.png(colour=b"abc")
    row = office.row("rita", content)
    office.row("rita", kept)
    office.upload("rita", content)
    office.upload("rita", kept)
    office.device("rita").sync()
    collection.keep_up(office.firm)
    office.device("rita").delete("attachment", row)
    office.device("rita").sync()
    collection.keep_up(office.firm)

    office.firm.clock.ms += 29 * DAY_MS
    collection.keep_up(office.firm)
    assert on_disk(office.firm) == sorted([hash_of(content), hash_of(kept)])
    office.firm.clock.ms += 2 * DAY_MS
    collection.keep_up(office.firm)

    assert on_disk(office.firm) == [hash_of(kept)]


def test_rows_whose_bytes_are_gone_say_so_and_take_them_again(office):
    content = files.png()
    row = office.row("rita", content)
    office.upload("rita", content)
    store_of(office.firm).remove(hash_of(content))
    assert office.get("rita", content).status_code == 404

    collection.keep_up(office.firm)

    assert office.stored(row) is None
    office.upload("rita", content)
    assert office.stored(row)
    assert office.get("rita", content).content == content


def test_a_store_says_what_it_lacks_room_for(tmp_path):
    from server.attachments.store import NoRoom

    with pytest.raises(NoRoom):
        Store(tmp_path, free=lambda place: 10).check_room(1)
