"""Operations in: one outcome each, merge by policy, nothing typed is lost."""

import json

from ..device import Device, new_id
from ..small_firm import as_server, op


def two_devices(firm, first="rita", second="mona", **account):
    """Two people who both hold one account, made by the first."""
    one, two = Device(firm, first), Device(firm, second)
    account_id = one.add("account", name="Acme", kind="customer", owner_id=first, **account)
    one.sync()
    two.sync()
    return one, two, account_id


def value(firm, entity, row_id, name):
    with firm.look() as db:
        return db.execute(f"SELECT {name} FROM {entity} WHERE id = ?", (row_id,)).fetchone()[0]


def open_conflicts(firm):
    with firm.look() as db:
        return [dict(row) for row in db.execute("SELECT * FROM conflict WHERE settled_at_ms IS NULL")]


def test_edits_of_different_fields_both_survive(firm):
    one, two, account = two_devices(firm)

    one.edit("account", account, industry="Steel")
    edit = two.edit("account", account, region="North")
    one.sync()
    two.sync()

    assert value(firm, "account", account, "industry") == "Steel"
    assert value(firm, "account", account, "region") == "North"
    assert two.outcomes[edit["id"]]["is"] == "merged"
    assert open_conflicts(firm) == []


def test_edits_of_one_field_keep_the_later_and_the_other_as_a_conflict(firm):
    one, two, account = two_devices(firm)

    earlier = two.edit("account", account, industry="Glass")
    later = one.edit("account", account, industry="Steel")
    one.sync()
    two.sync()  # arrives last, but was edited first

    assert value(firm, "account", account, "industry") == "Steel"
    assert two.outcomes[earlier["id"]]["is"] == "conflict"
    assert one.outcomes[later["id"]]["is"] == "applied"
    [conflict] = open_conflicts(firm)
    assert json.loads(conflict["kept"]) == {"industry": "Steel"}
    assert json.loads(conflict["lost"]) == {"industry": "Glass"}
    assert json.loads(conflict["base"]) == {"industry": None}
    assert (conflict["kept_by"], conflict["lost_by"]) == ("rita", "mona")


def test_later_edit_wins_even_when_it_arrives_first_or_last(firm):
    one, two, account = two_devices(firm)

    one.edit("account", account, industry="Steel")
    later = two.edit("account", account, industry="Glass")
    one.sync()
    two.sync()

    assert value(firm, "account", account, "industry") == "Glass"
    assert two.outcomes[later["id"]]["is"] == "conflict"
    [conflict] = open_conflicts(firm)
    assert json.loads(conflict["lost"]) == {"industry": "Steel"}


def test_clock_a_year_ahead_wins_nothing(firm):
    one, two, account = two_devices(firm)
    two.clock_ahead_ms = 365 * 86_400_000

    two.edit("account", account, industry="Glass")
    one.edit("account", account, industry="Steel")
    one.sync()
    two.sync()

    assert value(firm, "account", account, "industry") == "Steel"


def test_field_group_travels_together(firm):
    one, two, account = two_devices(firm)
    event = one.add(
        "event", title="Visit", kind="visit", start_ms=1000, end_ms=2000, account_id=account, owner_id="rita"
    )
    one.sync()
    two.sync()

    one.edit("event", event, start_ms=5000, end_ms=6000)
    two.edit("event", event, end_ms=3000)
    one.sync()
    two.sync()

    assert (value(firm, "event", event, "start_ms"), value(firm, "event", event, "end_ms")) == (1000, 3000)
    [conflict] = open_conflicts(firm)
    assert json.loads(conflict["lost"])["start_ms"] == 5000
    assert json.loads(conflict["kept"]) == {"start_ms": 1000, "end_ms": 3000, "is_all_day": 0}


def test_sets_take_additions_and_removals_of_both_sides(firm):
    one, two, account = two_devices(firm, phones=["111111"])

    one.edit("account", account, phones=(["222222"], []))
    two.edit("account", account, phones=(["333333"], ["111111"]))
    one.sync()
    two.sync()

    assert json.loads(value(firm, "account", account, "phones")) == ["222222", "333333"]
    assert open_conflicts(firm) == []


def test_second_sending_of_the_same_operation_changes_nothing(firm):
    one, two, account = two_devices(firm)
    one.edit("account", account, industry="Steel")

    one.sync(cut_after=0)  # the server took it, the answer was lost
    version = value(firm, "account", account, "version")
    two.sync()
    two.edit("account", account, industry="Glass")
    two.sync()
    one.sync()

    assert value(firm, "account", account, "industry") == "Glass"
    assert open_conflicts(firm) == []
    assert one.outbox == []
    assert value(firm, "account", account, "version") == version + 1


def test_own_earlier_edit_is_no_conflict(firm):
    one, _, account = two_devices(firm)

    one.edit("account", account, industry="Steel")
    one.edit("account", account, industry="Glass")
    one.sync()

    assert value(firm, "account", account, "industry") == "Glass"
    assert open_conflicts(firm) == []


def test_done_wins_over_not_done(firm):
    one, two, account = two_devices(firm)
    task = one.add("task", title="Call", account_id=account, owner_id="rita", assignee_id="rita")
    one.sync()
    two.sync()

    one.edit("task", task, done_at_ms=5000)
    two.edit("task", task, title="Call back", done_at_ms=None)
    one.sync()
    two.sync()

    assert value(firm, "task", task, "done_at_ms") == 5000
    assert value(firm, "task", task, "title") == "Call back"


def test_edit_of_a_deleted_row_brings_it_back_and_asks(firm):
    one, two, account = two_devices(firm)
    contact = one.add("contact", name="Wang Fang", account_id=account, owner_id="rita")
    one.sync()
    two.sync()

    one.delete("contact", contact)
    two.edit("contact", contact, title="Buyer")
    one.sync()
    two.sync()

    assert value(firm, "contact", contact, "deleted") == 0
    assert value(firm, "contact", contact, "title") == "Buyer"
    [conflict] = open_conflicts(firm)
    assert (conflict["kind"], conflict["kept_by"], conflict["lost_by"]) == ("delete", "mona", "rita")


def test_deleting_a_row_that_someone_changed_asks(firm):
    one, two, account = two_devices(firm)
    contact = one.add("contact", name="Wang Fang", account_id=account, owner_id="rita")
    one.sync()
    two.sync()

    two.edit("contact", contact, title="Buyer")
    one.delete("contact", contact)
    two.sync()
    one.sync()

    assert value(firm, "contact", contact, "deleted") == 0
    assert [conflict["kind"] for conflict in open_conflicts(firm)] == ["delete"]


def test_settling_a_conflict_is_an_ordinary_group(firm):
    one, two, account = two_devices(firm)
    two.edit("account", account, industry="Glass")
    one.edit("account", account, industry="Steel")
    one.sync()
    two.sync()
    one.sync()
    [conflict] = open_conflicts(firm)

    group = new_id()
    one.edit("account", account, group, industry="Glass")
    one.edit("conflict", conflict["id"], group, settled_at_ms=one.now(), settled_by="rita")
    one.sync()

    assert open_conflicts(firm) == []
    assert value(firm, "account", account, "industry") == "Glass"


def test_rejected_operation_blocks_nothing_and_takes_its_group_along(firm):
    one, _, account = two_devices(firm)
    group = new_id()

    bad = one.edit("account", account, group, level="z")
    with_it = one.edit("account", account, group, industry="Steel")
    good = one.edit("account", account, region="North")
    one.sync()

    assert one.outcomes[bad["id"]]["reason"] == "not_a_choice"
    assert one.outcomes[with_it["id"]]["reason"] == "with_others"
    assert one.outcomes[good["id"]]["is"] == "applied"
    assert value(firm, "account", account, "industry") is None
    assert one.refused == [bad, with_it]


def test_row_out_of_scope_is_refused_like_one_that_does_not_exist(firm):
    _, _, account = two_devices(firm)
    stranger = Device(firm, "sam")
    stranger.sync()

    forged = stranger.edit("account", account, base=5, industry="Mine")
    invented = stranger.edit("account", new_id(), base=5, industry="Mine")
    hung = stranger.add("activity", account_id=account, kind="call", at_ms=1, owner_id="sam")
    stranger.sync()

    assert stranger.outcomes[forged["id"]]["reason"] == "not_found"
    assert stranger.outcomes[invented["id"]]["reason"] == "not_found"
    assert stranger.refused[2]["row"] == hung
    assert value(firm, "account", account, "industry") is None


def test_owner_cannot_be_forged(firm):
    one, _, _ = two_devices(firm)

    one.add("account", name="Theirs", kind="customer", owner_id="sam")
    one.sync()

    assert [one.outcomes[op["id"]]["reason"] for op in one.refused] == ["not_yours"]


def test_only_the_author_edits_an_activity(firm):
    one, two, account = two_devices(firm)
    visit = one.add("activity", account_id=account, kind="visit", at_ms=1, body="Talked", owner_id="rita")
    one.sync()
    two.sync()

    edit = two.edit("activity", visit, body="Changed")
    two.sync()

    assert two.outcomes[edit["id"]]["reason"] == "only_author"


def test_directory_is_the_servers(firm):
    one = Device(firm, "rita")
    one.sync()

    edit = one.edit("user", "rita", role_id="boss")
    one.sync()

    assert one.outcomes[edit["id"]]["reason"] == "server_only"


def test_used_id_of_another_person_is_refused(firm):
    one, two, account = two_devices(firm)
    edit = one.edit("account", account, industry="Steel")
    one.sync()

    two.outbox.append(edit | {"set": {"industry": "Glass"}})
    two.sync()

    assert two.refused[0]["id"] == edit["id"]
    assert value(firm, "account", account, "industry") == "Steel"


def test_busy_rows_follow_an_appointment(firm):
    one = Device(firm, "rita")
    event = one.add(
        "event", title="Visit", kind="visit", start_ms=1000, end_ms=2000, owner_id="rita", attendee_ids=["sam"]
    )
    one.sync()
    sam = Device(firm, "sam")
    sam.sync()
    assert {row["user_id"] for row in sam.rows["busy"].values()} == {"rita", "sam"}

    one.edit("event", event, attendee_ids=([], ["sam"]), start_ms=1500)
    one.sync()
    sam.sync()
    assert [(row["user_id"], row["start_ms"]) for row in sam.rows["busy"].values()] == [("rita", 1500)]

    one.edit("event", event, cancelled_at_ms=5)
    one.sync()
    sam.sync()
    assert sam.rows["busy"] == {}


def test_end_before_start_is_refused(firm):
    one = Device(firm, "rita")
    one.add("event", title="Visit", kind="visit", start_ms=2000, end_ms=1000, owner_id="rita")
    one.sync()

    assert [one.outcomes[op["id"]]["reason"] for op in one.refused] == ["end_before_start"]


def test_preference_made_on_two_devices_is_one_row(firm):
    phone, tablet = Device(firm, "rita", "phone"), Device(firm, "rita", "tablet")

    phone.add("preference", "rita", language="en", owner_id="rita")
    tablet.add("preference", "rita", language="zh-Hans", owner_id="rita")
    phone.sync()
    tablet.sync()

    assert value(firm, "preference", "rita", "language") == "zh-Hans"
    as_server(firm, op("department", "east", name="East"))


def test_what_was_typed_before_the_device_could_know_of_lost_access_is_taken(firm):
    one, _, account = two_devices(firm)
    edit = one.edit("account", account, industry="Steel")
    visit = one.add("activity", account_id=account, kind="visit", at_ms=1, body="Talked", owner_id="rita")

    as_server(firm, op("account", account, owner_id="sam"))
    one.sync()

    assert one.outcomes[edit["id"]]["is"] == "merged"
    assert value(firm, "activity", visit, "body") == "Talked"
    assert not one.rows["account"] and not one.rows.get("activity")

    late = one.edit("account", account, base=1, industry="Glass")
    one.sync()
    assert one.outcomes[late["id"]]["reason"] == "proposed"
    assert value(firm, "account", account, "industry") == "Steel"


def test_account_knows_since_when_its_owner_has_it(firm):
    one, _, account = two_devices(firm)
    made_ms = value(firm, "account", account, "owner_since_ms")
    assert made_ms == value(firm, "account", account, "created_at_ms")

    one.edit("account", account, industry="Steel")
    one.sync()
    assert value(firm, "account", account, "owner_since_ms") == made_ms

    as_server(firm, op("account", account, owner_id="sam"))
    assert value(firm, "account", account, "owner_since_ms") > made_ms

    as_server(firm, op("account", account, owner_id=None))
    assert value(firm, "account", account, "owner_since_ms") is None
    with firm.look() as db:
        assert not db.execute("SELECT 1 FROM history WHERE unit = 'owner_since_ms'").fetchone()
