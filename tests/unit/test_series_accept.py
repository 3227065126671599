"""Series on the server: one row for a day that two people change apart, who may do so, and what others see as busy."""

from __future__ import annotations

import json

import pytest

from sync.ids import derived_id
from sync.recurrence import occurrence_on

from ..device import Device, new_id
from ..small_firm import as_server, op

# Tuesday, 24 November 2026, 09:00 in Shanghai.
NINE_MS = 1_795_482_000_000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
ON = "2026-12-01"
SERIES = {
    "title": "Round", "kind": "meeting", "start_ms": NINE_MS, "end_ms": NINE_MS + HOUR_MS, "rrule": "FREQ=WEEKLY",
    "timezone": "Asia/Shanghai", "owner_id": "rita", "place": "Room 1",
}  # fmt: skip


def people(firm, **fields) -> tuple[Device, Device, str]:
    """Rita's series with Sam, who is of another department; both phones hold it."""
    rita, sam = Device(firm, "rita"), Device(firm, "sam")
    series = rita.add("event", **SERIES | {"attendee_ids": ["sam"]} | fields)
    rita.sync()
    sam.sync()
    return rita, sam, series


def own_row(device: Device, series: str, on: str = ON, **changes) -> str:
    """What the page sends when one day of a series is changed."""
    planned = device.rows["event"][series]
    times = [planned[name] for name in ("start_ms", "end_ms", "rrule", "timezone", "is_all_day")]
    start_ms, end_ms, _ = occurrence_on(*times, on)
    names = ("title", "kind", "place", "timezone", "owner_id", "account_id", "is_all_day")
    plain = {name: planned[name] for name in names if planned[name] is not None}
    sets = {"attendee_ids": json.loads(planned["attendee_ids"]), "contact_ids": json.loads(planned["contact_ids"])}
    given = plain | sets | {"start_ms": start_ms, "end_ms": end_ms, "series_id": series, "occurrence_on": on}
    return device.add("event", derived_id(series, on), **given | changes)


def row(firm, entity: str, row_id: str) -> dict:
    with firm.look() as db:
        return dict(db.execute(f"SELECT * FROM {entity} WHERE id = ?", (row_id,)).fetchone())


def busy(firm, user_id: str) -> list[dict]:
    with firm.look() as db:
        found = db.execute("SELECT * FROM busy WHERE user_id = ? AND deleted = 0 ORDER BY start_ms", (user_id,))
        return [dict(line) for line in found]


def conflicts(firm) -> list[dict]:
    with firm.look() as db:
        return [dict(line) for line in db.execute("SELECT * FROM conflict")]


def test_two_people_change_one_day_apart_and_both_changes_are_in_one_row(firm):
    rita, sam, series = people(firm)

    day = own_row(rita, series, start_ms=NINE_MS + 7 * DAY_MS + HOUR_MS, end_ms=NINE_MS + 7 * DAY_MS + 2 * HOUR_MS)
    assert own_row(sam, series, place="Room 2") == day
    rita.sync()
    sam.sync()

    merged = row(firm, "event", day)
    assert (merged["place"], merged["start_ms"]) == ("Room 2", NINE_MS + 7 * DAY_MS + HOUR_MS)
    assert conflicts(firm) == []
    assert sam.refused == rita.refused == []


def test_both_move_one_day_and_are_asked_which_time_is_right(firm):
    rita, sam, series = people(firm)

    own_row(rita, series, start_ms=NINE_MS + 8 * DAY_MS, end_ms=NINE_MS + 8 * DAY_MS + HOUR_MS)
    own_row(sam, series, start_ms=NINE_MS + 9 * DAY_MS, end_ms=NINE_MS + 9 * DAY_MS + HOUR_MS)
    rita.sync()
    sam.sync()

    [conflict] = conflicts(firm)
    assert conflict["unit"] == "time"
    assert json.loads(conflict["base"])["start_ms"] == NINE_MS + 7 * DAY_MS


def test_one_cancels_the_day_that_the_other_moves(firm):
    rita, sam, series = people(firm)

    day = own_row(rita, series, cancelled_at_ms=NINE_MS)
    own_row(sam, series, start_ms=NINE_MS + 9 * DAY_MS, end_ms=NINE_MS + 9 * DAY_MS + HOUR_MS)
    rita.sync()
    sam.sync()

    merged = row(firm, "event", day)
    assert (merged["cancelled_at_ms"], merged["start_ms"]) == (NINE_MS, NINE_MS + 9 * DAY_MS)


def test_whoever_takes_somebody_along_or_leaves_out_is_heard_beside_another_change(firm):
    rita, sam, series = people(firm, attendee_ids=["sam", "mona"])

    day = own_row(rita, series, place="Room 2")
    own_row(sam, series, attendee_ids=["sam", "ron"])
    rita.sync()
    sam.sync()

    assert json.loads(row(firm, "event", day)["attendee_ids"]) == ["sam", "ron"]
    assert row(firm, "event", day)["place"] == "Room 2"


def take_over(device: Device, series: str, on: str, **changes) -> str:
    """What the page sends for "this one and all after it"."""
    group, new = new_id(), derived_id(series, on, "following")
    device.edit("event", series, group=group, rrule="FREQ=WEEKLY;UNTIL=20261207")
    times = {"start_ms": NINE_MS + 14 * DAY_MS, "end_ms": NINE_MS + 14 * DAY_MS + HOUR_MS}
    own = {"series_id": series, "occurrence_on": on, "attendee_ids": ["sam"]}
    device.add("event", new, group=group, **SERIES | times | own | changes)
    return new


def test_two_people_let_a_series_take_over_from_the_same_day_and_both_changes_are_in_it(firm):
    rita, sam, series = people(firm)

    new = take_over(rita, series, "2026-12-08", place="Room 2")
    assert take_over(sam, series, "2026-12-08", title="Big round") == new
    rita.sync()
    sam.sync()

    merged = row(firm, "event", new)
    assert (merged["place"], merged["title"], merged["rrule"]) == ("Room 2", "Big round", "FREQ=WEEKLY")
    assert conflicts(firm) == []


def test_a_day_changed_while_somebody_ended_the_series_before_it_goes_along(firm):
    rita, sam, series = people(firm)

    new = take_over(rita, series, "2026-12-08")
    day = own_row(sam, series, on="2026-12-15", place="Room 2")
    rita.sync()
    sam.sync()

    assert row(firm, "event", day)["place"] == "Room 2"
    taken_over = next(line for line in busy(firm, "sam") if line["event_id"] == new)
    assert json.loads(taken_over["skipped"]) == ["2026-12-15"]


def test_an_attendee_without_access_to_the_customer_may_change_a_day(firm):
    rita = Device(firm, "rita")
    account = rita.add("account", name="Acme", kind="customer", owner_id="rita")
    contact = rita.add("contact", name="王芳", account_id=account, owner_id="rita")
    rita.sync()
    rita, sam, series = people(firm, account_id=account, contact_ids=[contact])

    day = own_row(sam, series, place="Room 2")
    sam.sync()

    assert sam.refused == []
    made = row(firm, "event", day)
    assert (made["owner_id"], made["account_id"]) == ("rita", account)


def test_a_series_opens_nothing_to_whoever_does_not_take_part(firm):
    rita, _, series = people(firm)
    ron = Device(firm, "ron")
    ron.sync()
    ron.rows.setdefault("event", {})[series] = rita.rows["event"][series]

    own_row(ron, series)
    ron.sync()

    assert [outcome["is"] for outcome in ron.outcomes.values()] == ["rejected"]


def test_a_series_is_busy_as_a_series_and_skips_days_with_rows_of_their_own(firm):
    _, sam, series = people(firm)

    [whole] = busy(firm, "sam")
    assert (whole["rrule"], whole["timezone"], whole["skipped"]) == ("FREQ=WEEKLY", "Asia/Shanghai", "[]")
    day = own_row(sam, series, start_ms=NINE_MS + 8 * DAY_MS, end_ms=NINE_MS + 8 * DAY_MS + HOUR_MS)
    sam.sync()

    whole, single = busy(firm, "sam")
    assert whole["skipped"] == f'["{ON}"]'
    assert (single["event_id"], single["rrule"]) == (day, None)


def test_a_day_that_is_off_is_skipped_and_busy_for_nobody(firm):
    rita, _, series = people(firm)

    own_row(rita, series, cancelled_at_ms=NINE_MS)
    rita.sync()

    [whole] = busy(firm, "rita")
    assert whole["skipped"] == f'["{ON}"]'


def test_a_series_that_takes_over_skips_what_the_earlier_one_had_moved(firm):
    rita, _, series = people(firm)
    own_row(rita, series, on="2026-12-15", place="Room 2")
    rita.sync()

    new = take_over(rita, series, "2026-12-08")
    rita.sync()

    taken_over = next(line for line in busy(firm, "rita") if line["event_id"] == new)
    assert json.loads(taken_over["skipped"]) == ["2026-12-15"]
    own_row(rita, series=new, on="2026-12-22")
    rita.sync()
    taken_over = next(line for line in busy(firm, "rita") if line["event_id"] == new)
    assert json.loads(taken_over["skipped"]) == ["2026-12-15", "2026-12-22"]


def test_an_appointment_that_lasts_whole_days_is_busy_from_midnight_to_midnight(firm):
    rita = Device(firm, "rita")
    as_server(firm, op("preference", "rita", owner_id="rita", timezone="Europe/Berlin"))
    noon_ms = NINE_MS + 10 * HOUR_MS  # 12:00 in Berlin

    times = {"start_ms": noon_ms, "end_ms": noon_ms + HOUR_MS, "is_all_day": 1}
    rita.add("event", title="Fair", kind="other", owner_id="rita", **times)
    rita.sync()

    [whole] = busy(firm, "rita")
    assert (whole["start_ms"], whole["end_ms"]) == (noon_ms - 12 * HOUR_MS, noon_ms + 12 * HOUR_MS)


@pytest.mark.parametrize("rule", ["FREQ=HOURLY", "every week"])
def test_a_rule_that_nobody_can_follow_is_refused_by_name(firm, rule):
    rita = Device(firm, "rita")

    rita.add("event", **SERIES | {"rrule": rule})
    rita.sync()

    [outcome] = rita.outcomes.values()
    assert (outcome["is"], outcome["reason"], outcome["detail"]["field"]) == ("rejected", "bad_rule", "rrule")
