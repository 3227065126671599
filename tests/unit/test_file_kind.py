"""What may be attached is told by its bytes; whatever could be two things at once is neither."""

import random

import pytest

from sync.file_kind import kind_of
from tests import files
from tests.twin_cases import expected, named, outcome

GOOD = {
    "image/jpeg": files.jpeg(),
    "image/png": files.png(),
    "image/webp": files.webp(),
    "image/heic": files.heic(),
    "application/pdf": files.pdf(),
}


@pytest.mark.parametrize(**named("files", "file_kind"))
def test_kind_of_a_file_case(case):
    assert outcome("file_kind", case) == expected(case)


@pytest.mark.parametrize(**named("files", "with_files"))
def test_files_of_a_form_case(case):
    assert outcome("with_files", case) == expected(case)


@pytest.mark.parametrize(**named("files", "file_name"))
def test_name_of_a_file_case(case):
    assert outcome("file_name", case) == expected(case)


@pytest.mark.parametrize("media_type", GOOD)
def test_each_kind_is_known_by_its_bytes_and_only_whole(media_type):
    content = GOOD[media_type]

    assert kind_of(content) == media_type
    for end in range(len(content) - (2 if media_type == "application/pdf" else 1)):
        assert kind_of(content[:end]) is None, end


@pytest.mark.parametrize("media_type", GOOD)
def test_what_is_broken_gives_an_answer_and_no_error(media_type):
    dice = random.Random(media_type)
    for _ in range(3_000):
        content = bytearray(GOOD[media_type])
        for _ in range(dice.randrange(1, 6)):
            content[dice.randrange(len(content))] = dice.randrange(256)
        assert kind_of(bytes(content)) in (None, media_type, *GOOD)


@pytest.mark.parametrize("media_type", [kind for kind in GOOD if kind != "application/pdf"])
@pytest.mark.parametrize("more", [b"<script>", b"%PDF-1.4", files.zipped(), files.zipped(comment=b"x" * 9)])
def test_what_could_be_read_as_something_else_too_is_refused(media_type, more):
    assert kind_of(GOOD[media_type] + more) is None
    # Where such a file really carries it: in a segment that belongs to it.
    if media_type == "image/jpeg":
        comment = b"\xff\xfe" + (len(more) + 2).to_bytes(2, "big") + more
        assert kind_of(files.jpeg().replace(b"\xff\xc0", comment + b"\xff\xc0", 1)) is None


def test_a_photo_with_a_film_behind_it_is_a_photo():
    assert kind_of(files.jpeg(after=b"\0\0\0\x18ftypmp42" + b"\x07" * 400)) == "image/jpeg"
