"""Who sees a request for approval, and who never does: a draft, people who take part, viewers of its customer."""

from __future__ import annotations

import json

import pytest

from server import record, scope
from server.record import Author
from sync.entities import BY_NAME
from sync.operations import defaults

from ..device import Device, exchange, new_id, projection
from ..small_firm import as_server, op

# Words and amounts of a request, each found nowhere else.
SECRETS = ("Geheimrat", "Zirbelholz", "Quastenflosser", "Wolpertinger", "Lindwurm", "987654321", "a5" * 32, "b6" * 32)
TITLE, REASON, NOTE, FILE, REMARK, CENTS, HASH, RECEIPT = SECRETS


def put(firm, entity: str, row_id: str, **fields) -> None:
    """A row as the server writes it."""
    given = {name: None for name in BY_NAME[entity].by_name} | defaults(BY_NAME[entity], None, 0) | fields
    row = {"id": row_id} | {name: json.dumps(v) if isinstance(v, list) else v for name, v in given.items()}
    author = Author(fields.get("owner_id"), None, new_id(), firm.clock())
    firm.write_now(lambda db: record.insert(db, BY_NAME[entity], row, author, firm.touched))


def change(firm, entity: str, row_id: str, **patch) -> None:
    patch = {name: json.dumps(v) if isinstance(v, list) else v for name, v in patch.items()}

    def job(db):
        row = dict(db.execute(f"SELECT * FROM {entity} WHERE id = ?", (row_id,)).fetchone())
        record.update(db, BY_NAME[entity], row, patch, Author(None, None, new_id(), firm.clock()), firm.touched)

    firm.write_now(job)


def request(firm, row_id="request", applicant="rita", people=("boss",), **fields) -> None:
    """A request that was submitted, with everything that hangs on it."""
    draft(firm, row_id, applicant, **fields)
    submit(firm, row_id, applicant, people)


def draft(firm, row_id="request", owner="rita", **fields) -> None:
    with firm.look() as db:
        if not db.execute("SELECT 1 FROM approval_definition").fetchone():
            as_server(
                firm,
                op("approval_definition", "claim", name="Claim", kind="expense_claim", current=1),
                op("definition_version", "claim-1", definition_id="claim", number=1, fallback_id="boss"),
                op("expense_category", "taxi", name="Taxi"),
            )
    given = {"definition_id": "claim", "version_id": "claim-1", "title": TITLE, "reason": REASON, "currency": "CNY"}
    put(firm, "approval", row_id, owner_id=owner, amount_cents=int(CENTS), **(given | fields))
    line = {"spent_on": "2026-11-20", "category_id": "taxi", "amount_cents": int(CENTS), "note": NOTE}
    account = {"account_id": fields.get("account_id")}
    put(firm, "expense_line", f"{row_id}-line", approval_id=row_id, owner_id=owner, **line, **account)
    file = {"target_entity": "expense_line", "target_id": f"{row_id}-line", "media_type": "image/jpeg", "bytes": 5}
    put(firm, "attachment", f"{row_id}-file", approval_id=row_id, owner_id=owner, hash=RECEIPT, name=FILE, **file)


def submit(firm, row_id="request", applicant="rita", people=("boss",)) -> None:
    for entity, one in (("expense_line", "line"), ("attachment", "file")):
        change(firm, entity, f"{row_id}-{one}", applicant_id=applicant)
    known = {"approval_id": row_id, "applicant_id": applicant}
    content = json.dumps({"title": TITLE, "amount_cents": int(CENTS)})
    put(firm, "approval_revision", f"{row_id}-r1", number=1, hash=HASH, version_id="claim-1", content=content, **known)
    step = {"revision": 1, "position": 1, "mode": "order", "state": "active", "asked_ids": list(people)}
    put(firm, "approval_step", f"{row_id}-s1", waiting_ids=list(people), **step, **known)
    put(firm, "approval_action", f"{row_id}-a1", verb="submit", note=REMARK, owner_id=applicant, **known)
    state = {"state": "pending", "revision": 1, "revision_hash": HASH, "submitted_at_ms": firm.clock()}
    change(firm, "approval", row_id, applicant_id=applicant, people_ids=list(people), **state)


OF_A_REQUEST = ("approval", "approval_revision", "approval_step", "approval_action", "expense_line", "attachment")


def synced(firm, user_id: str) -> Device:
    device = Device(firm, user_id)
    device.sync()
    return device


def holds(device: Device) -> set[str]:
    return {name for name in OF_A_REQUEST if device.rows.get(name)}


def equals_server(device: Device) -> bool:
    device.sync()
    return device.all_rows() == projection(device.firm, device.user_id) and device.prove() == []


# --- who takes part -----------------------------------------------------------------------------------


def test_a_draft_is_its_authors_alone(firm):
    draft(firm)
    assert holds(synced(firm, "rita")) == {"approval", "expense_line", "attachment"}
    for other in ("boss", "mona", "ron", "sam"):
        assert holds(synced(firm, other)) == set()


def test_whoever_takes_part_and_whoever_reaches_the_applicant_holds_all_of_it(firm):
    request(firm, people=("sam",))
    for person in ("rita", "sam", "mona", "boss"):
        device = synced(firm, person)
        assert holds(device) == set(OF_A_REQUEST), person
        assert equals_server(device)
    assert holds(synced(firm, "ron")) == set()


def test_whoever_is_asked_later_is_sent_what_was_there_before(firm):
    request(firm)
    sam = synced(firm, "sam")
    assert holds(sam) == set()
    change(firm, "approval", "request", people_ids=["boss", "sam"])
    assert equals_server(sam)
    assert holds(sam) == set(OF_A_REQUEST)


def test_what_happens_to_a_request_comes_to_whoever_takes_part(firm):
    request(firm, people=("sam",))
    sam = synced(firm, "sam")
    put(firm, "approval_action", "later", verb="comment", approval_id="request", applicant_id="rita", owner_id="boss")
    change(firm, "approval_step", "request-s1", waiting_ids=[])
    assert equals_server(sam)
    assert "later" in sam.rows["approval_action"]


def test_people_who_come_and_go_hold_exactly_what_they_should(firm):
    request(firm, people=("sam",))
    request(firm, "other", "ron", people=("boss",))
    sam = synced(firm, "sam")
    for people in (["boss"], ["sam"], ["boss"], ["boss", "sam"]):
        change(firm, "approval", "request", people_ids=people)
        assert equals_server(sam)
        assert bool(holds(sam)) == ("sam" in people)


def test_there_and_back_between_two_syncs_restores_every_row(firm):
    request(firm, people=("sam",))
    sam = synced(firm, "sam")
    before = sam.all_rows()
    change(firm, "approval", "request", people_ids=["boss"])
    change(firm, "approval", "request", people_ids=["sam"])
    sam.sync()
    del before["approval"], sam.rows["approval"]["request"]["version"]
    assert {name: rows for name, rows in sam.all_rows().items() if name != "approval"} == before


def test_whoever_loses_one_way_to_a_request_keeps_it_by_the_other(firm):
    request(firm, people=("mona",))
    mona = synced(firm, "mona")
    change(firm, "approval", "request", people_ids=["boss"])
    assert equals_server(mona) and holds(mona) == set(OF_A_REQUEST)
    change(firm, "approval", "request", people_ids=["mona"])
    as_server(firm, op("user", "rita", 1, department_id="south"))
    assert equals_server(mona) and holds(mona) == set(OF_A_REQUEST)
    change(firm, "approval", "request", people_ids=[])
    assert equals_server(mona) and holds(mona) == set()


def test_moving_somebody_takes_nobody_out_of_a_request(firm):
    request(firm, people=("sam",))
    sam = synced(firm, "sam")
    as_server(firm, op("user", "ron", 1, department_id="south"), op("department", "north", 1, parent_id="south"))
    assert equals_server(sam) and holds(sam) == set(OF_A_REQUEST)


def test_whoever_leaves_forgets_and_whoever_comes_back_holds_it_again(firm):
    request(firm, people=("sam",))
    sam = synced(firm, "sam")
    as_server(firm, op("user", "sam", 1, is_active=0))
    sam.sync()
    assert holds(sam) == set()
    as_server(firm, op("user", "sam", 1, is_active=1))
    assert equals_server(sam) and holds(sam) == set(OF_A_REQUEST)


def test_somebody_who_was_named_while_away_for_good_sees_it_on_coming_back(firm):
    as_server(firm, op("user", "sam", 1, is_active=0))
    request(firm, people=("sam",))
    as_server(firm, op("user", "sam", 1, is_active=1))
    assert holds(synced(firm, "sam")) == set(OF_A_REQUEST)


@pytest.mark.parametrize("cut", range(1, 9))
def test_a_round_that_breaks_off_anywhere_ends_at_the_same(firm, cut):
    request(firm, people=("sam",))
    request(firm, "second", people=("boss",))
    sam = Device(firm, "sam", chunk=1)
    sam.sync(cut_after=cut)
    change(firm, "approval", "request", people_ids=[])
    change(firm, "approval", "second", people_ids=["sam"])
    sam.sync(cut_after=cut)
    sam.sync()  # a round that goes on ends where it began to
    assert equals_server(sam)


def test_whoever_takes_part_adds_a_row_of_their_own_and_changes_no_other(firm):
    request(firm, people=("sam",))
    sam = synced(firm, "sam")
    sam.edit("approval", "request", title="Mine")
    sam.edit("expense_line", "request-line", note="Mine")
    sam.sync()
    assert [sam.outcomes[op["id"]]["is"] for op in sam.typed] == ["rejected", "rejected"]
    assert firm.write_now(lambda db: scope.access(db, "sam", "approval", "request")) == "read"
    with firm.look() as db:
        assert db.execute("SELECT count(*) FROM conflict").fetchone()[0] == 0


def test_the_poke_of_a_change_reaches_who_takes_part_and_nobody_else(firm):
    request(firm, people=("sam",))
    firm.touched.clear()
    touched = set()

    def job(db):
        row = dict(db.execute("SELECT * FROM approval_step").fetchone())
        author = Author(None, None, new_id(), firm.clock())
        record.update(db, BY_NAME["approval_step"], row, {"state": "done"}, author, touched)
        return scope.members(db, touched)

    assert firm.write_now(job) == {"sam", "rita", "mona", "boss"}


# --- who only sees the customer -----------------------------------------------------------------------


@pytest.fixture
def named(firm):
    """Sam sees Acme, as Rita does; Rita's request, sent and not, names it."""
    as_server(
        firm,
        op("account", "acme", name="Acme", owner_id="rita"),
        op("account_member", "shared", account_id="acme", user_id="sam", access="write"),
        op("activity", "visit", kind="visit", account_id="acme", owner_id="rita"),
    )
    request(firm, account_id="acme")
    draft(firm, "draft", account_id="acme")
    return firm


def all_that_is_shown(firm, user_id: str) -> str:
    """Every view that pages read, as this person, in one text."""
    with firm.read(user_id) as db:
        shown = [
            [tuple(row) for row in db.execute(f"SELECT * FROM temp.{name}")]
            for (name,) in db.execute("SELECT name FROM temp.sqlite_master WHERE type IN ('view', 'table')").fetchall()
        ]
    return json.dumps(shown, default=str)


def found_in(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


def test_the_secrets_would_be_found(named):
    assert found_in(all_that_is_shown(named, "rita")) == list(SECRETS)
    assert found_in(json.dumps(synced(named, "rita").rows)) == list(SECRETS)


def test_whoever_sees_the_customer_is_sent_and_shown_nothing_of_a_request(named):
    sam = synced(named, "sam")
    assert "acme" in sam.rows["account"]
    assert found_in(json.dumps(sam.rows)) == []
    assert found_in(all_that_is_shown(named, "sam")) == []
    assert holds(sam) == set()


def test_a_conflict_about_a_request_is_its_authors_alone(named):
    """Two devices of the applicant change the same field of a draft while apart."""
    phone, tablet, sam = synced(named, "rita"), Device(named, "rita", "tablet"), synced(named, "sam")
    tablet.sync()
    for device in (phone, tablet):
        device.edit("approval", "draft", title=f"{TITLE} {device.id}")
        device.edit("expense_line", "draft-line", note=f"{NOTE} {device.id}")
    phone.sync()
    tablet.sync()
    with named.look() as db:
        asked = [tuple(row) for row in db.execute("SELECT target_entity, account_id FROM conflict ORDER BY 1")]
    assert asked == [("approval", None), ("expense_line", None)]
    assert len(tablet.rows["conflict"]) == 2
    assert equals_server(sam) and "conflict" not in sam.rows
    assert found_in(all_that_is_shown(named, "sam")) == []


def test_a_proposal_that_names_a_lost_customer_is_its_authors_alone(named):
    sam = synced(named, "sam")
    with named.look() as db:
        version = db.execute("SELECT version FROM account_member").fetchone()[0]
    delete = {"id": new_id(), "entity": "account_member", "row": "shared", "base": version, "at": 0, "delete": True}
    as_server(named, delete)
    named.clock.ms += 40 * 86_400_000
    fields = {"definition_id": "claim", "version_id": "claim-1", "account_id": "acme", "payee": "Basilisk"}
    sam.add("approval", title="For Acme", **fields)
    sam.sync()
    for other in ("rita", "mona", "boss"):
        assert "Basilisk" not in json.dumps(synced(named, other).rows), other


def test_outcomes_of_a_guess_say_the_same_as_for_nothing(named):
    def told(row_ids):
        named_by = {
            "approval": {"title": "x"},
            "expense_line": {"note": "x"},
            "attachment": {"name": "x"},
            "approval_action": {"note": "x"},
        }
        ops = [
            {"id": new_id(), "entity": entity, "row": row_ids[entity], "base": 10**9, "at": 0, "set": fields}
            for entity, fields in named_by.items()
        ]
        hangs = {"verb": "comment", "approval_id": row_ids["approval"], "note": "?"}
        ops.append({"id": new_id(), "entity": "approval_action", "row": new_id(), "base": 0, "at": 0, "set": hangs})
        cursor = synced(named, "sam").cursor
        lines = map(json.loads, exchange(named, "sam", "phone-sam", cursor, ops, named.clock()))
        return [{**one["outcome"], "id": ""} for one in lines if "outcome" in one]

    real = {"approval": "request", "expense_line": "request-line", "attachment": "request-file",
            "approval_action": "request-a1"}  # fmt: skip
    assert told(real) == told({name: f"no-such-{name}" for name in real})


def test_a_proof_mends_with_nothing_of_a_request(named):
    sam = synced(named, "sam")
    sam.rows["approval"] = {"request": dict.fromkeys(("id", *BY_NAME["approval"].by_name), None) | {"id": "request"}}
    assert sam.prove()
    assert not sam.rows["approval"]
    assert found_in(json.dumps(sam.rows)) == []


def test_a_change_of_a_request_wakes_no_customer(named):
    """An account that went quiet stays quiet: a device that held it again would tell that something happened there."""
    named.write_now(
        lambda db: db.execute("UPDATE membership SET held_until_seq = 1 WHERE user_id = 'sam' AND key = 'acme'")
    )
    change(named, "expense_line", "request-line", note=NOTE)
    change(named, "approval", "request", title=TITLE)
    with named.look() as db:
        held = "SELECT held_until_seq FROM membership WHERE user_id = 'sam' AND key = 'acme'"
        assert db.execute(held).fetchone()[0] == 1


# --- the past -----------------------------------------------------------------------------------------


def history(firm, user_id: str, row_id: str) -> str:
    with firm.read(user_id) as db:
        rows = db.execute("SELECT entity, unit, old, new FROM history WHERE row_id = ?", (row_id,)).fetchall()
    return json.dumps([tuple(row) for row in rows])


def test_what_was_written_in_a_draft_stays_its_authors_after_it_was_sent(firm):
    draft(firm, reason="Basilisk")
    change(firm, "approval", "request", reason=REASON)
    change(firm, "expense_line", "request-line", note="Basilisk")
    change(firm, "expense_line", "request-line", note=NOTE)
    submit(firm)
    for row_id in ("request", "request-line"):
        assert "Basilisk" in history(firm, "rita", row_id)
        assert "Basilisk" not in history(firm, "boss", row_id)
        assert "Basilisk" not in history(firm, "mona", row_id)


def test_what_happens_after_it_was_sent_is_history_for_everybody_who_sees_it(firm):
    request(firm, people=("sam",))
    change(firm, "approval", "request", reason="Basilisk")
    change(firm, "approval", "request", reason=REASON)
    assert "Basilisk" in history(firm, "sam", "request")
    assert "Basilisk" in history(firm, "mona", "request")
    assert history(firm, "ron", "request") == "[]"
