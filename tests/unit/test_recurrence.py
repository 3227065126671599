"""Series: rules, their days held against python-dateutil, their instants where clocks change."""

from __future__ import annotations

import itertools
import random
from datetime import datetime, timedelta

import pytest
from dateutil.rrule import rrulestr

from sync.recurrence import MOST_OCCURRENCES, next_occurrence, occurrences
from sync.rule_days import LONGEST_DAYS, days
from sync.rules import check, parse, text_of
from tests.random_rules import random_rule
from tests.twin_cases import expected, named, outcome

EPOCH = datetime(1970, 1, 1)
HOUR_MS = 3_600_000
DAY_MS = 86_400_000
# Tuesday, 24 November 2026, 09:00 in Shanghai.
NINE_MS = 1_795_482_000_000


@pytest.mark.parametrize(**named("recurrence", "rule"))
def test_rule_case(case):
    assert outcome("rule", case) == expected(case)


@pytest.mark.parametrize(**named("recurrence", "occurrences"))
def test_occurrences_case(case):
    assert outcome("occurrences", case) == expected(case)


@pytest.mark.parametrize(**named("recurrence", "next_occurrence"))
def test_next_occurrence_case(case):
    assert outcome("next_occurrence", case) == expected(case)


@pytest.mark.parametrize(**named("recurrence", "occurrence_on"))
def test_occurrence_on_case(case):
    assert outcome("occurrence_on", case) == expected(case)


@pytest.mark.parametrize(**named("recurrence", "cut"))
def test_cut_case(case):
    assert outcome("cut", case) == expected(case)


@pytest.mark.parametrize(**named("recurrence", "overlapping"))
def test_overlapping_case(case):
    assert outcome("overlapping", case) == expected(case)


@pytest.mark.parametrize(**named("recurrence", "rule_parts"))
def test_rule_parts_case(case):
    assert outcome("rule_parts", case) == expected(case)


@pytest.mark.parametrize(**named("ids", "derived_id"))
def test_derived_id_case(case):
    assert outcome("derived_id", case) == expected(case)


def test_days_are_those_of_dateutil():
    dice = random.Random("dateutil")
    for _ in range(2_000):
        text, first = random_rule(dice), dice.randint(17_000, 22_000)
        ours = days(first, parse(text), None, first, first + 3_000)[:12]
        # Where no day fits, dateutil looks on to the year 9999.
        theirs = itertools.islice(rrulestr(text, dtstart=EPOCH + timedelta(first)), len(ours))
        assert ours == [(moment - EPOCH).days for moment in theirs], text


def test_a_window_holds_what_the_whole_series_has_there():
    dice = random.Random("windows")
    for _ in range(500):
        rule, first = parse(random_rule(dice)), dice.randint(17_000, 22_000)
        begin = first + dice.randint(-50, 3_000)
        end = begin + dice.randint(0, 400)
        whole = days(first, rule, None, first, first + 4_000)
        assert days(first, rule, None, begin, end) == [day for day in whole if begin <= day <= end], text_of(rule)


def test_a_rule_reads_back_as_it_is_written():
    dice = random.Random("text")
    for _ in range(500):
        text = check(random_rule(dice))
        assert check(text) == text


def test_a_window_gives_a_thousand_at_most():
    found = occurrences(NINE_MS, NINE_MS + HOUR_MS, "FREQ=DAILY", "UTC", 0, NINE_MS, NINE_MS + 5_000 * DAY_MS)

    assert len(found) == MOST_OCCURRENCES
    assert found[0][0] == NINE_MS


def test_a_rule_that_no_day_fits_comes_to_an_end():
    never = "BYMONTH=2;BYMONTHDAY=30"
    for rule in ("FREQ=DAILY;INTERVAL=7;BYDAY=MO", f"FREQ=YEARLY;{never}", f"FREQ=DAILY;{never}"):
        assert next_occurrence(NINE_MS, NINE_MS + HOUR_MS, rule, "UTC", 0, NINE_MS) is None
        assert next_occurrence(NINE_MS, NINE_MS + HOUR_MS, f"{rule};COUNT=5", "UTC", 0, NINE_MS) is None


def test_a_window_years_later_looks_at_no_day_before_it(monkeypatch):
    looked_at = []
    from sync import rule_days

    real = rule_days._fitting
    monkeypatch.setattr(rule_days, "_fitting", lambda *given: looked_at.append(given) or real(*given))
    begin = NINE_MS // DAY_MS + LONGEST_DAYS // 2

    assert len(days(NINE_MS // DAY_MS, parse("FREQ=DAILY;INTERVAL=3"), None, begin, begin + 6)) in (2, 3)
    assert len(looked_at) < 6
