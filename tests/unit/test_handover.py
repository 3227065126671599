"""Handovers: everything that was somebody's is another's at once, and whoever leaves leaves nothing behind."""

import itertools
import json
import random

from ..device import Device, new_id, projection
from ..small_firm import PEOPLE, START_MS, as_server, op
from .test_accept import value

DAY_MS = 86_400_000
LATER_MS = START_MS + 10 * DAY_MS


def give_rita_work(firm):
    """Two accounts with a visit to come, an open task and a past visit each; a contact and a task of her own."""
    ops = []
    for name in ("acme", "bolt"):
        ops += [
            op("account", name, name=name.title(), kind="customer", owner_id="rita"),
            op("event", f"{name}-next", title="Visit", kind="visit", start_ms=LATER_MS, end_ms=LATER_MS + 1,
               account_id=name, owner_id="rita"),
            op("event", f"{name}-past", title="Visit", kind="visit", start_ms=1000, end_ms=2000,
               account_id=name, owner_id="rita"),
            op("task", f"{name}-task", title="Call", account_id=name, owner_id="rita", assignee_id="rita"),
        ]  # fmt: skip
    ops += [
        op("contact", "friend", name="Wang Fang", owner_id="rita"),
        op("task", "own", title="Tidy up", owner_id="rita", assignee_id="rita"),
        op("task", "done", title="Done", owner_id="rita", assignee_id="rita", done_at_ms=5),
        op("event", "series", title="Weekly", kind="meeting", start_ms=1000, end_ms=2000, rrule="FREQ=WEEKLY",
           timezone="Asia/Shanghai", owner_id="rita"),
        op("event", "ended", title="Was weekly", kind="meeting", start_ms=1000, end_ms=2000,
           rrule="FREQ=WEEKLY;COUNT=3", timezone="Asia/Shanghai", owner_id="rita"),
    ]  # fmt: skip
    as_server(firm, *ops)


def hand_over(device, **fields):
    """A handover that Mona's phone (or another's) queues and sends; the outcome."""
    given = {"from_id": "rita", "to_id": "ron"} | fields
    row_id = device.add("handover", **given)
    device.sync()
    return row_id, device.outcomes[device.typed[-1]["id"]]


def owners(firm, entity):
    with firm.look() as db:
        return dict(db.execute(f"SELECT id, owner_id FROM {entity} WHERE deleted = 0"))


def synced(firm, *names):
    devices = [Device(firm, name) for name in names]
    for device in devices:
        device.sync()
    return devices


def test_everything_goes_along_and_the_sheet_says_what(firm):
    give_rita_work(firm)
    mona, ron, rita = synced(firm, "mona", "ron", "rita")

    handover, outcome = hand_over(mona)

    assert outcome["is"] == "applied"
    assert owners(firm, "account") == {"acme": "ron", "bolt": "ron"}
    assert owners(firm, "contact") == {"friend": "ron"}
    assert owners(firm, "event") == {
        "acme-next": "ron", "bolt-next": "ron", "series": "ron",
        "acme-past": "rita", "bolt-past": "rita", "ended": "rita",
    }  # fmt: skip
    assert owners(firm, "task") == {"acme-task": "ron", "bolt-task": "ron", "own": "ron", "done": "rita"}
    for device in (mona, ron, rita):
        device.sync()
        assert device.all_rows() == projection(firm, device.user_id)
    row = ron.rows["handover"][handover]
    assert json.loads(row["counts"]) == {"account": 2, "contact": 1, "event": 3, "task": 3}
    assert row["done_at_ms"] is not None
    sheet = {(item["target_entity"], item["target_id"]): item for item in ron.rows["handover_item"].values()}
    assert len(sheet) == 9
    assert sheet["account", "acme"]["title"] == "Acme"
    assert (sheet["event", "acme-next"]["at_ms"], sheet["event", "acme-next"]["account_id"]) == (LATER_MS, "acme")
    assert not rita.rows["account"]


def test_only_chosen_accounts_go_with_what_hangs_on_them(firm):
    give_rita_work(firm)
    as_server(firm, op("account", "foreign", name="Foreign", kind="customer", owner_id="sam"))
    [mona] = synced(firm, "mona")

    hand_over(mona, account_ids=["acme", "foreign", new_id()])

    assert owners(firm, "account") == {"acme": "ron", "bolt": "rita", "foreign": "sam"}
    assert owners(firm, "contact") == {"friend": "rita"}
    moved = {"acme-next": "ron", "bolt-next": "rita", "series": "rita"}
    assert {name: owner for name, owner in owners(firm, "event").items() if name in moved} == moved
    assert owners(firm, "task")["acme-task"] == "ron" and owners(firm, "task")["own"] == "rita"


def test_appointments_and_tasks_stay_where_they_are_not_wanted(firm):
    give_rita_work(firm)
    [mona] = synced(firm, "mona")

    hand_over(mona, with_events=0, with_tasks=0)

    assert set(owners(firm, "account").values()) == {"ron"}
    assert set(owners(firm, "event").values()) == set(owners(firm, "task").values()) == {"rita"}


def test_other_attendees_stay_and_the_giver_goes(firm):
    as_server(
        firm,
        op("event", "visit", title="Visit", kind="visit", start_ms=LATER_MS, end_ms=LATER_MS, owner_id="rita")
        | {"add": {"attendee_ids": ["rita", "sam"]}},
        op("task", "hers", title="Call", owner_id="mona", assignee_id="rita"),
    )
    [mona] = synced(firm, "mona")

    hand_over(mona)

    assert json.loads(value(firm, "event", "visit", "attendee_ids")) == ["sam"]
    assert (value(firm, "task", "hers", "owner_id"), value(firm, "task", "hers", "assignee_id")) == ("mona", "ron")


def test_giver_keeps_reading_until_a_day(firm):
    give_rita_work(firm)
    as_server(firm, op("account_member", "m", account_id="bolt", user_id="rita", access="write"))
    mona, rita = synced(firm, "mona", "rita")

    hand_over(mona, keep="read", keep_until="2027-01-31")
    rita.sync()

    assert set(rita.rows["account"]) == {"acme", "bolt"}
    kept = [(row["access"], row["until_on"]) for row in rita.rows["account_member"].values()]
    assert kept == [("read", "2027-01-31")] * 2
    edit = rita.edit("account", "acme", industry="Steel")
    rita.sync()
    assert rita.outcomes[edit["id"]]["reason"] == "proposed"


def test_giver_who_keeps_nothing_is_no_member_any_more(firm):
    give_rita_work(firm)
    as_server(firm, op("account_member", "m", account_id="bolt", user_id="rita", access="write"))
    mona, rita = synced(firm, "mona", "rita")

    hand_over(mona)
    rita.sync()

    assert not rita.rows["account"] and not rita.rows["account_member"]


def test_unsent_edits_of_the_giver_arrive_before_the_rows_go(firm):
    give_rita_work(firm)
    mona, rita = synced(firm, "mona", "rita")
    edit = rita.edit("account", "acme", industry="Steel")
    visit = rita.add("activity", account_id="acme", kind="visit", at_ms=1_000, body="Talked")

    hand_over(mona, keep="read")
    rita.sync()

    assert rita.outcomes[edit["id"]]["is"] == "merged"
    assert value(firm, "account", "acme", "industry") == "Steel"
    assert value(firm, "activity", visit, "body") == "Talked"


def test_who_may_hand_over(firm):
    give_rita_work(firm)
    mona, rita, sam, boss = synced(firm, "mona", "rita", "sam", "boss")

    assert hand_over(rita)[1]["reason"] in ("handover_own", "handover_out_of_reach")
    assert hand_over(sam)[1]["reason"] == "not_yours"
    assert hand_over(mona, to_id="sam")[1]["reason"] == "handover_out_of_reach"
    assert hand_over(mona, to_id="rita")[1]["reason"] == "handover_to_giver"
    as_server(firm, op("user", "ron", is_active=0))
    assert hand_over(mona, to_id="ron")[1]["reason"] == "has_left"
    assert set(owners(firm, "account").values()) == {"rita"}
    assert hand_over(boss, to_id="sam")[1]["is"] == "applied"
    assert hand_over(mona, from_id="mona", to_id="rita")[1]["is"] == "applied"


def test_done_handover_is_frozen_and_only_its_receiver_receives_it(firm):
    give_rita_work(firm)
    mona, ron = synced(firm, "mona", "ron")
    handover, _ = hand_over(mona)
    mona.sync()
    ron.sync()

    refused = [
        mona.edit("handover", handover, note="Changed"),
        mona.edit("handover", handover, received_at_ms=mona.now()),
        mona.edit("handover", handover, account_ids=["acme"]),
        mona.delete("handover", handover),
        mona.edit("handover", handover, done_at_ms=5),
    ]
    mona.sync()
    assert [mona.outcomes[one["id"]]["is"] for one in refused] == ["rejected"] * 5

    received = ron.edit("handover", handover, received_at_ms=ron.now())
    ron.sync()
    assert ron.outcomes[received["id"]]["is"] == "applied"
    taken_back = ron.edit("handover", handover, received_at_ms=None)
    ron.sync()
    assert ron.outcomes[taken_back["id"]]["reason"] == "fixed"


def test_handover_back_undoes(firm):
    give_rita_work(firm)
    mona, rita = synced(firm, "mona", "rita")
    before = owners(firm, "account"), owners(firm, "event"), owners(firm, "task"), owners(firm, "contact")

    hand_over(mona)
    hand_over(mona, from_id="ron", to_id="rita")

    assert (owners(firm, "account"), owners(firm, "event"), owners(firm, "task"), owners(firm, "contact")) == before
    rita.sync()
    assert rita.all_rows() == projection(firm, "rita")


def test_several_receivers_in_one_group(firm):
    give_rita_work(firm)
    mona, _ = synced(firm, "mona", "ron")
    group = new_id()
    mona.add("handover", group=group, from_id="rita", to_id="ron", account_ids=["acme"])
    mona.add("handover", group=group, from_id="rita", to_id="mona")
    mona.sync()

    assert mona.refused == []
    assert owners(firm, "account") == {"acme": "ron", "bolt": "mona"}


# --- whoever leaves -----------------------------------------------------------------------------------


def held_by_nobody_active(firm):
    """Accounts, contacts, appointments to come and open tasks with somebody who is not active."""
    now = firm.clock()
    gone = "IN (SELECT id FROM user WHERE is_active = 0 OR deleted = 1)"
    with firm.look() as db:
        return [
            tuple(row)
            for row in db.execute(
                f"SELECT 'account', id FROM account WHERE owner_id {gone} AND deleted = 0"
                f" UNION ALL SELECT 'contact', id FROM contact WHERE owner_id {gone} AND account_id IS NULL"
                " AND deleted = 0"
                f" UNION ALL SELECT 'event', id FROM event WHERE owner_id {gone} AND end_ms >= {now} AND deleted = 0"
                f" UNION ALL SELECT 'task', id FROM task WHERE (owner_id {gone} OR assignee_id {gone})"
                " AND done_at_ms IS NULL AND deleted = 0"
            )
        ]


def test_disabled_person_leaves_everything_to_the_manager(firm):
    give_rita_work(firm)
    as_server(firm, op("user", "rita", manager_id="mona"))

    as_server(firm, op("user", "rita", is_active=0))

    assert set(owners(firm, "account").values()) == {"mona"}
    assert held_by_nobody_active(firm) == []
    with firm.look() as db:
        [row] = db.execute("SELECT * FROM handover").fetchall()
    assert (row["from_id"], row["to_id"]) == ("rita", "mona") and row["done_at_ms"]


def test_disabled_manager_is_passed_over(firm):
    give_rita_work(firm)
    as_server(firm, op("user", "rita", manager_id="mona"), op("user", "mona", manager_id="sam", is_active=0))

    as_server(firm, op("user", "rita", is_active=0))

    assert set(owners(firm, "account").values()) == {"sam"}


def test_without_a_manager_the_administrator_takes_over(firm):
    give_rita_work(firm)

    as_server(firm, op("user", "rita", is_active=0))

    assert set(owners(firm, "account").values()) == {"boss"}


def test_nothing_is_orphaned_by_any_sequence_of_disablings(firm):
    give_rita_work(firm)
    for order in itertools.islice(itertools.permutations([name for name in PEOPLE if name != "boss"]), 0, None, 5):
        chance = random.Random("".join(order))
        for name in PEOPLE:
            as_server(firm, op("user", name, is_active=1, manager_id=chance.choice([None, *PEOPLE])))
            as_server(firm, op("account", new_id(), name="More", kind="customer", owner_id=name))
        for name in order:
            as_server(firm, op("user", name, is_active=0))
            assert held_by_nobody_active(firm) == []


def test_nothing_is_given_to_somebody_who_has_left(firm):
    give_rita_work(firm)
    [mona] = synced(firm, "mona")
    gives = mona.edit("account", "acme", owner_id="ron")
    assigns = mona.edit("task", "acme-task", assignee_id="ron")

    as_server(firm, op("user", "ron", is_active=0))
    mona.sync()

    assert [mona.outcomes[one["id"]]["reason"] for one in (gives, assigns)] == ["has_left", "has_left"]
    assert held_by_nobody_active(firm) == []


def test_what_a_disabled_person_still_brings_is_taken_and_stays_with_nobody(firm):
    give_rita_work(firm)
    as_server(firm, op("user", "rita", manager_id="mona"))
    [rita] = synced(firm, "rita")
    edit = rita.edit("account", "acme", industry="Steel")
    new = rita.add("account", name="New", kind="customer", owner_id="rita")
    rita.add("task", title="Call", account_id=new, owner_id="rita")

    as_server(firm, op("user", "rita", is_active=0))
    rita.sync()

    assert rita.outcomes[edit["id"]]["is"] in ("applied", "merged") and rita.refused == []
    assert value(firm, "account", "acme", "industry") == "Steel"
    assert value(firm, "account", new, "owner_id") == "mona"
    assert held_by_nobody_active(firm) == []
    assert rita.all_rows() == {}


def test_what_comes_to_a_disabled_person_later_is_passed_on_when_their_device_sends_the_same_again(firm):
    as_server(firm, op("user", "rita", manager_id="mona"))
    [rita] = synced(firm, "rita")
    rita.add("account", "acme", name="Acme", kind="customer", owner_id="rita")
    as_server(firm, op("user", "rita", is_active=0))
    for name in ("", "bolt", "cone"):
        if name:
            as_server(firm, op("account", name, name=name.title(), kind="customer", owner_id="rita"))
        rita.sync(cut_after=0)  # it hears nothing, and sends the same again

        assert held_by_nobody_active(firm) == []

    changes = history_of(firm, "acme", "owner_id")
    assert [change["op_id"] == rita.typed[0]["id"] for change in changes] == [False]


def history_of(firm, row_id, unit):
    with firm.look() as db:
        return db.execute("SELECT * FROM history WHERE row_id = ? AND unit = ?", (row_id, unit)).fetchall()
