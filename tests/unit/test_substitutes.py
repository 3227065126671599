"""Who decides for whoever is away: on which days, in whose time zone, and who never."""

from __future__ import annotations

from datetime import UTC, datetime

from server.approvals import substitutes

from ..device import Device
from ..small_firm import as_server, op

DAY = ("2026-12-01", "2026-12-03")


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


# Noon in Shanghai.
NOON = at("2026-12-02T04:00")


def away(firm, owner, substitute, days=DAY, row=None):
    as_server(
        firm,
        op("substitute", row or f"{owner}-{substitute}", substitute_id=substitute, from_on=days[0], until_on=days[1],
           owner_id=owner),
    )  # fmt: skip


def deciders(firm, user_id, at_ms=NOON):
    with firm.look() as db:
        return substitutes.deciders(db, user_id, at_ms)


def stands_in_for(firm, actor, *asked, at_ms=NOON):
    with firm.look() as db:
        return substitutes.stands_in_for(db, actor, asked, at_ms)


def say_away(device, substitute, days=DAY, row=None):
    """As the person's own phone sends it; the outcome."""
    device.add("substitute", row, substitute_id=substitute, from_on=days[0], until_on=days[1])
    device.sync()
    return device.outcomes[device.typed[-1]["id"]]


def phone(firm, user_id):
    device = Device(firm, user_id)
    device.sync()
    return device


# --- who decides --------------------------------------------------------------------------------------


def test_whoever_is_here_decides_alone(firm):
    assert deciders(firm, "mona") == ["mona"]
    assert stands_in_for(firm, "ron", "mona") is None


def test_a_substitute_is_asked_beside_whoever_is_away(firm):
    away(firm, "mona", "ron")
    assert deciders(firm, "mona") == ["mona", "ron"]
    assert stands_in_for(firm, "ron", "boss", "mona") == "mona"
    assert stands_in_for(firm, "mona", "ron") is None


def test_the_first_and_the_last_day_count_in_the_time_zone_of_whoever_is_away(firm):
    away(firm, "mona", "ron")
    begins, ends = at("2026-11-30T16:00"), at("2026-12-03T16:00")  # midnights in Shanghai
    assert [len(deciders(firm, "mona", ms)) for ms in (begins - 1, begins, ends - 1, ends)] == [1, 2, 2, 1]
    as_server(firm, op("preference", "mona", timezone="America/New_York", owner_id="mona"))
    begins, ends = at("2026-12-01T05:00"), at("2026-12-04T05:00")
    assert [len(deciders(firm, "mona", ms)) for ms in (begins - 1, begins, ends - 1, ends)] == [1, 2, 2, 1]


def test_a_substitute_who_is_away_is_followed_by_theirs(firm):
    away(firm, "mona", "ron")
    away(firm, "ron", "sam", ("2026-12-02", "2026-12-02"))
    assert deciders(firm, "mona") == ["mona", "ron", "sam"]
    assert stands_in_for(firm, "sam", "mona") == "mona"
    assert deciders(firm, "mona", NOON + 86_400_000) == ["mona", "ron"]


def test_a_circle_that_stands_in_the_tables_ends_where_it_closes(firm):
    away(firm, "mona", "ron")
    firm.write_now(
        lambda db: db.execute(
            "INSERT INTO substitute (id, substitute_id, from_on, until_on, owner_id, version)"
            " VALUES ('x', 'mona', '2026-12-01', '2026-12-03', 'ron', 1)"
        )
    )
    assert deciders(firm, "mona") == ["mona", "ron"]
    assert deciders(firm, "ron") == ["ron", "mona"]


def test_whoever_has_left_is_passed_over_and_decides_for_nobody(firm):
    away(firm, "mona", "ron")
    away(firm, "ron", "sam")
    as_server(firm, op("user", "ron", 1, is_active=0))
    assert deciders(firm, "mona") == ["mona", "sam"]
    assert stands_in_for(firm, "ron", "mona") is None


def test_an_absence_that_was_taken_back_counts_no_more(firm):
    away(firm, "mona", "ron")
    mona = phone(firm, "mona")
    mona.delete("substitute", "mona-ron")
    mona.sync()
    assert deciders(firm, "mona") == ["mona"]


# --- may it be ----------------------------------------------------------------------------------------


def test_nobody_stands_in_for_themselves(firm):
    outcome = say_away(phone(firm, "mona"), "mona")
    assert (outcome["is"], outcome["reason"]) == ("rejected", "substitute_self")


def test_whoever_has_left_is_no_substitute(firm):
    mona = phone(firm, "mona")
    as_server(firm, op("user", "ron", 1, is_active=0))
    outcome = say_away(mona, "ron")
    assert (outcome["is"], outcome["reason"]) == ("rejected", "has_left")


def test_an_absence_can_be_made_shorter_although_its_substitute_has_left(firm):
    away(firm, "mona", "ron")
    mona = phone(firm, "mona")
    as_server(firm, op("user", "ron", 1, is_active=0))
    mona.edit("substitute", "mona-ron", from_on="2026-12-01", until_on="2026-12-01")
    mona.sync()
    assert mona.outcomes[mona.typed[-1]["id"]]["is"] == "applied"


def test_only_the_person_says_who_stands_in(firm):
    mona = phone(firm, "mona")
    mona.add("substitute", substitute_id="mona", from_on=DAY[0], until_on=DAY[1], owner_id="boss")
    mona.sync()
    assert mona.refused and not deciders(firm, "boss")[1:]


def test_a_circle_is_refused_and_stays_on_the_phone(firm):
    away(firm, "mona", "ron")
    away(firm, "ron", "sam")
    sam = phone(firm, "sam")
    outcome = say_away(sam, "mona")
    assert (outcome["is"], outcome["reason"]) == ("rejected", "substitute_cycle")
    assert len(sam.refused) == 1


def test_a_circle_on_no_common_day_is_none(firm):
    away(firm, "mona", "ron", ("2026-12-01", "2026-12-02"))
    away(firm, "ron", "sam", ("2026-12-02", "2026-12-05"))
    assert say_away(phone(firm, "sam"), "mona", ("2026-12-03", "2026-12-09"))["is"] == "applied"


def test_an_edit_that_would_close_a_circle_is_refused(firm):
    away(firm, "mona", "ron", ("2026-12-01", "2026-12-02"))
    ron = phone(firm, "ron")
    assert say_away(ron, "mona", ("2026-12-03", "2026-12-04"), "rons")["is"] == "applied"
    ron.edit("substitute", "rons", from_on="2026-12-02", until_on="2026-12-04")
    ron.sync()
    assert ron.outcomes[ron.typed[-1]["id"]]["reason"] == "substitute_cycle"


def test_bringing_an_absence_back_may_not_close_a_circle(firm):
    ron = phone(firm, "ron")
    say_away(ron, "mona", row="rons")
    ron.delete("substitute", "rons")
    ron.sync()
    away(firm, "mona", "ron")
    ron.edit("substitute", "rons", base=0, reason="late")
    ron.sync()
    assert ron.outcomes[ron.typed[-1]["id"]]["reason"] == "substitute_cycle"


# --- whose absence has begun --------------------------------------------------------------------------


def pending(firm, row_id="request", waiting=("mona",), **more):
    ids = {name: f'["{name}"]' for name in waiting}
    fields = {"title": "Laptop", "state": "pending", "owner_id": "rita", "applicant_id": "rita"} | more
    as_server(
        firm,
        op("approval_definition", "leave", name="Leave", kind="general", current=1),
        op("definition_version", "leave-1", definition_id="leave", number=1, fallback_id="boss"),
        {**op("approval", row_id, definition_id="leave", version_id="leave-1", **fields),
         "add": {"waiting_ids": list(ids), "people_ids": list(ids)}},
    )  # fmt: skip


def people(firm, row_id="request"):
    with firm.look() as db:
        return db.execute("SELECT people_ids FROM approval WHERE id = ?", (row_id,)).fetchone()[0]


def keep_up(firm):
    return firm.write_now(lambda db: substitutes.keep_up(db, firm))


def test_whoever_stands_in_takes_part_from_the_day_the_absence_begins(firm):
    pending(firm)
    away(firm, "mona", "ron")
    firm.clock.ms = at("2026-11-30T15:00")
    assert keep_up(firm) == 0
    firm.clock.ms = at("2026-11-30T16:00")
    assert keep_up(firm) == 1
    assert people(firm) == '["mona","ron"]'
    assert keep_up(firm) == 0, "once is enough"


def test_the_applicant_never_stands_in_for_whoever_decides(firm):
    pending(firm)
    away(firm, "mona", "rita")
    firm.clock.ms = NOON
    assert keep_up(firm) == 0
    assert people(firm) == '["mona"]'


def test_nobody_joins_what_is_decided(firm):
    pending(firm, state="approved")
    away(firm, "mona", "ron")
    firm.clock.ms = NOON
    assert keep_up(firm) == 0
