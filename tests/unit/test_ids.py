import pytest

from sync.ids import uuid7
from tests.twin_cases import expected, named, outcome


@pytest.mark.parametrize(**named("ids", "uuid7"))
def test_uuid7_case(case):
    assert outcome("uuid7", case) == expected(case)


@pytest.mark.parametrize(**named("ids", "is_id"))
def test_is_id_case(case):
    assert outcome("is_id", case) == expected(case)


def test_later_ids_sort_later():
    ids = [uuid7(ms, b"\xff" * 10) for ms in (1, 255, 256, 2**32, 2**40)]

    assert ids == sorted(ids)


def test_too_few_random_bytes_are_an_error():
    with pytest.raises(ValueError, match="10 random bytes"):
        uuid7(0, b"short")
