"""Files that come with a form are kept before it is read: a refused form has lost neither words nor photos."""

import pytest

from tests import files
from tests.unit.attaching import Attaching, hash_of


@pytest.fixture
def office(firm):
    return Attaching(firm)


FORM = {
    "row.a": "approval//0",
    "a.definition_id": "trip",
    "a.version_id": "trip-1",
    "a.title": "Train",
    "row.r": "attachment//0",
    "r.target_entity": "approval",
    "r.target_id": "@a",
    "r.approval_id": "@a",
}


def post(office, *contents, by="rita", **more):
    sent = [("r.file", (name, content, "text/plain")) for name, content in contents]
    # A browser sends an empty part where nothing was chosen.
    return office.browser(by).post("/stickies", data=FORM | more, files=sent or [("r.file", ("", b"", "text/plain"))])


def attachments(office) -> list[dict]:
    with office.firm.look() as db:
        return [dict(row) for row in db.execute("SELECT * FROM attachment ORDER BY rowid")]


def test_a_form_with_several_photos_makes_a_row_for_each(office):
    one, two = files.png(), files.jpeg()

    answer = post(office, ("C:\\photos\\one.png", one), ("two.jpg", two))

    assert answer.status_code == 303
    rows = attachments(office)
    assert [(row["name"], row["media_type"], row["bytes"]) for row in rows] == [
        ("one.png", "image/png", len(one)),
        ("two.jpg", "image/jpeg", len(two)),
    ]
    assert all(row["stored_at_ms"] and row["target_id"] == row["approval_id"] for row in rows)
    assert office.get("rita", one).content == one
    assert office.get("rita", two).content == two


def test_without_a_file_the_form_makes_no_row_of_one(office):
    assert post(office).status_code == 303
    assert attachments(office) == []


def test_a_file_of_a_wrong_kind_is_refused_beside_its_input_and_saves_nothing(office):
    answer = post(office, ("receipt.jpg", b"<svg onload=alert(1)>"))

    assert answer.status_code == 422
    assert attachments(office) == []
    with office.firm.look() as db:
        assert db.execute("SELECT count(*) FROM approval").fetchone()[0] == 0


def test_a_file_that_is_too_large_is_refused_in_words(office):
    answer = post(office, ("large.png", b"\x89PNG\r\n\x1a\n" + bytes(20_000_001)))

    assert answer.status_code == 422


def test_photos_of_a_refused_form_are_kept_and_saved_with_the_next(office):
    content, more = files.png(), files.jpeg()
    assert post(office, ("one.png", content), **{"a.title": "x" * 500}).status_code == 422
    assert attachments(office) == []
    kept = {"r.hash": hash_of(content), "r.name": "one.png", "r.media_type": "image/png", "r.bytes": str(len(content))}

    assert post(office, ("two.jpg", more), **kept).status_code == 303

    assert [row["name"] for row in attachments(office)] == ["one.png", "two.jpg"]
    assert office.get("rita", content).content == content


def test_a_file_that_belongs_to_no_slot_is_refused(office):
    sent = [("a.file", ("one.png", files.png(), "image/png"))]

    assert office.browser("rita").post("/stickies", data=FORM, files=sent).status_code == 400


def test_a_form_of_a_hundred_megabytes_is_refused(office):
    answer = office.browser("rita").post(
        "/stickies", data=FORM, files=[("r.file", ("large.png", bytes(110_000_000), "image/png"))]
    )

    assert answer.status_code == 413
