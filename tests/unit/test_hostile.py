"""A hostile client at the sync endpoint: refused with a reason, told nothing, and the next request works.

Over HTTP against the real app.  Rita is the one who attacks; what belongs to Sam she may never hear of.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from server.app import create_app
from server.record import current_seq
from server.sign_in import sessions
from sync.entities import BY_NAME
from sync.values import EARLIEST_MS, LARGEST, LATEST_MS

from ..device import named, new_id
from ..small_firm import as_server, op
from .shell import settings as app_settings
from .shell import shared_parts

SECRET = "Geheimrat"
URL = "http://localhost:8000"


class Attacker:
    """Whoever is signed in as this person and sends what they like."""

    def __init__(self, firm, app, user_id: str = "rita") -> None:
        self.firm, self.user_id = firm, user_id
        self.http = TestClient(app, base_url=URL, follow_redirects=False)
        started = {"device_id": f"device-{user_id}", "device_name": "Phone", "started_by": "password"}
        self.http.cookies.set(
            "roadbook",
            firm.write_now(lambda db: sessions.start(db, user_id=user_id, now_ms=firm.clock(), **started)),
        )

    def post(self, body: bytes | dict, path: str = "/sync", **headers):
        if isinstance(body, dict):
            body = json.dumps(body).encode()
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.post(path, content=body, headers={"content-type": "application/json", **names})

    def send(self, *ops: dict, **more):
        return self.post({"protocol": 1, "schema": "", "cursor": "", "ops": list(ops), **more})

    def outcomes(self, *ops: dict, **more) -> list[dict]:
        answer = self.send(*ops, **more)
        assert answer.status_code == 200, answer.text
        return outcomes_in(answer, ops)

    def cursor(self) -> str:
        return json.loads(self.send().text.splitlines()[-1])["end"]["cursor"]


@pytest.fixture
def rita(firm):
    as_server(
        firm,
        op("account", "hers", name="Acme", owner_id="rita"),
        op("account", "secret", name=SECRET, owner_id="sam"),
        op("contact", "secret-contact", name=SECRET, account_id="secret", owner_id="sam"),
        op("activity", "secret-call", kind="call", at_ms=5, body=SECRET, account_id="secret", owner_id="sam"),
        op("sticky", "secret-note", body=SECRET, owner_id="sam"),
    )
    app = create_app(firm, app_settings(firm.path, URL), **shared_parts())
    attacker = Attacker(firm, app)
    attacker.app = app
    return attacker


def edit(entity: str, row: str, base: int = 0, **more) -> dict:
    return {"id": new_id(), "entity": entity, "row": row, "base": base, "at": 1_795_500_000_000, **more}


def everything(firm) -> dict[str, list[tuple]]:
    with firm.look() as db:
        return {name: [tuple(row) for row in db.execute(f"SELECT * FROM {name}")] for name in (*BY_NAME, "history")}


def outcomes_in(answer, ops: Sequence[dict]) -> list[dict]:
    lines = map(json.loads, named(answer.text.splitlines(), list(ops)))
    return [line["outcome"] for line in lines if "outcome" in line]


def works(attacker: Attacker) -> None:
    """The next good request is served, and takes effect."""
    [outcome] = attacker.outcomes(edit("account", "hers", LARGEST, set={"note": "still here"}))
    assert outcome["is"] == "applied"


# --- operations ---------------------------------------------------------------------------------------

HOSTILE = {
    "somebody else's owner": edit("account", "new-1", set={"name": "x", "owner_id": "sam"}),
    "an owner who does not exist": edit("account", "new-1", set={"name": "x", "owner_id": "nobody"}),
    "what the server alone sets": edit("account", "hers", set={"owner_since_ms": 1}),
    "a handover said to be done": edit("handover", "new-2", set={"from_id": "rita", "to_id": "ron", "done_at_ms": 1}),
    "a handover of a stranger's": edit("handover", "new-2", set={"from_id": "sam", "to_id": "rita"}),
    "one's own role": edit("user", "rita", LARGEST, set={"role_id": "boss"}),
    "a busy row": edit("busy", "new-3", set={"user_id": "sam", "event_id": "e", "start_ms": 1, "end_ms": 2}),
    "a conflict of one's own making": edit("conflict", "new-4", set={"target_id": "secret"}),
    "a row out of scope": edit("account", "secret", LARGEST, set={"name": "mine now"}),
    "a row out of scope, as new": edit("account", "secret", set={"name": "mine now"}),
    "a deletion out of scope": edit("account", "secret", LARGEST, delete=True),
    "a child of a row out of scope": edit("contact", "new-5", set={"name": "x", "account_id": "secret"}),
    "access to a row out of scope": edit("account_member", "new-6", set={"account_id": "secret", "user_id": "rita"}),
    "a comment on a row out of scope": edit(
        "comment",
        "new-7",
        set={"target_entity": "account", "target_id": "secret", "account_id": "secret", "body": "?"},
    ),
    "a reference out of scope": edit("account", "hers", set={"parent_id": "secret"}),
    "somebody else's preferences": edit("preference", "sam", set={"language": "en"}),
    "a negative version": edit("account", "hers", -1, set={"name": "x"}),
    "a huge version": edit("account", "hers", 2**80, set={"name": "x"}),
    "half a version": edit("account", "hers", 0.5, set={"name": "x"}),
    "true for a version": edit("account", "hers", True, set={"name": "x"}),
    "text for a time": {**edit("account", "hers", set={"name": "x"}), "at": "now"},
    "an endless time": {**edit("account", "hers", set={"name": "x"}), "at": 10**40},
    "infinity": {**edit("account", "hers", set={"name": "x"}), "at": float("inf")},
    "a lone surrogate": edit("account", "hers", set={"name": "\ud800"}),
    "a lone surrogate in a name of a field": edit("account", "hers", set={"\udfff": "x"}),
    "a lone surrogate for an entity": edit("\ud800", "hers", set={"name": "x"}),
    "a lone surrogate for a key": edit("account", "hers", **{"\ud83d": 1}),
    "SQL for an entity": edit("account; DROP TABLE account", "hers", set={"name": "x"}),
    "SQL for a field": edit("account", "hers", set={"name = '' --": "x"}),
    "SQL for a row": edit("account", "' OR 1=1 --", set={"name": "x"}),
    "a table of the server": edit("session", "hers", set={"token_hash": "x"}),
    "a time in the year 9999": edit("activity", "new-8", set={"kind": "call", "at_ms": 253_402_300_799_000}),
    "a time before 1900": edit("activity", "new-8", set={"kind": "call", "at_ms": EARLIEST_MS - 1}),
    "a huge number": edit("account", "hers", set={"employees": 2**60}),
    "a long text": edit("account", "hers", set={"name": "x" * 201}),
    "a huge set": edit("account", "hers", add={"tags": [f"tag {number}" for number in range(20_000)]}),
    "a set that is none": edit("account", "hers", add={"name": ["x"]}),
    "a deep value": edit("account", "hers", set={"name": json.loads("[" * 500 + "]" * 500)}),
    "an object for a value": edit("account", "hers", set={"name": {"$ne": None}}),
    "an empty id": edit("account", "", set={"name": "x"}),
    "a long id": edit("account", "x" * 65, set={"name": "x"}),
    "deleting and changing at once": edit("account", "hers", set={"name": "x"}, delete=True),
    "a group that is no id": edit("account", "hers", set={"name": "x"}, group="\ud800"),
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_hostile_operation_is_refused_tells_nothing_and_blocks_nothing(firm, rita, hostile):
    before = everything(firm)
    hostile = {**hostile, "id": new_id()}

    answer = rita.send(hostile)

    assert answer.status_code == 200
    [outcome] = outcomes_in(answer, [hostile])
    assert (outcome["is"], bool(outcome["reason"])) == ("rejected", True)
    assert SECRET not in answer.text
    assert everything(firm) == before
    assert rita.outcomes(hostile) == [outcome]
    works(rita)


@pytest.mark.parametrize("shape", ["edit", "new", "delete", "child", "reference", "member", "owner"])
def test_refusal_is_the_same_for_a_row_that_is_absent_and_one_that_is_not_yours(rita, shape):
    def refusal(row: str, user: str) -> str:
        hostile = {
            "edit": edit("account", row, 7, set={"name": "x"}),
            "new": edit("contact", f"{row}-contact", 7, set={"name": "x"}),
            "delete": edit("activity", f"{row}-call", 7, delete=True),
            "child": edit("contact", "new-1", set={"name": "x", "account_id": row}),
            "reference": edit("task", "new-2", set={"title": "x", "contact_id": f"{row}-contact"}),
            "member": edit("account_member", "new-3", set={"account_id": row, "user_id": "rita"}),
            "owner": edit("event", "new-4", set={"title": "x", "start_ms": 1, "end_ms": 2, "account_id": row}),
        }[shape]
        [outcome] = rita.outcomes(hostile)
        assert outcome.pop("id") == hostile["id"]
        return json.dumps(outcome).replace(row, "ROW")

    assert refusal("secret", "sam") == refusal("absent", "nobody")


def test_ids_of_other_peoples_operations_are_refused_and_their_outcomes_not_told(firm, rita):
    sam = Attacker(firm, rita.app, "sam")
    theirs = edit("account", "secret", LARGEST, set={"note": SECRET})
    assert sam.outcomes(theirs)[0]["is"] == "applied"

    [outcome] = rita.outcomes({**edit("account", "hers", set={"note": "x"}), "id": theirs["id"]})

    assert (outcome["is"], outcome["seq"], outcome["reason"]) == ("rejected", None, "used_id")
    works(rita)


@pytest.mark.parametrize("at", [-LARGEST, EARLIEST_MS - 1, LATEST_MS + 1, LARGEST])
@pytest.mark.parametrize("clock", [None, 1, LARGEST, -LARGEST])
def test_edit_at_an_impossible_time_is_noted_at_a_possible_one(firm, rita, at, clock):
    hers = Attacker(firm, rita.app, "mona")
    [theirs] = hers.outcomes(edit("account", "hers", LARGEST, set={"industry": "Steel"}))
    more = {} if clock is None else {"clock": clock}

    outcomes = rita.outcomes(
        {**edit("account", "hers", set={"industry": "Glass"}), "at": at},
        {**edit("account", "new-1", set={"name": "New"}), "at": at},
        {**edit("activity", "new-2", set={"kind": "call", "account_id": "new-1"}), "at": at},
        **more,
    )

    assert theirs["is"] == "applied" and {outcome["is"] for outcome in outcomes} <= {"applied", "merged", "conflict"}
    with firm.look() as db:
        for table in ("account", "activity", "conflict"):
            for column in ("created_at_ms", "updated_at_ms"):
                worst = db.execute(f"SELECT min({column}), max({column}) FROM {table}").fetchone()
                assert all(ms is None or EARLIEST_MS <= ms <= firm.clock() for ms in worst), (table, column, *worst)


# --- batches ------------------------------------------------------------------------------------------


def test_batches_replayed_and_reordered_have_one_effect(firm, rita):
    ops = [edit("account", f"new-{number}", set={"name": f"n{number}"}) for number in range(6)]
    ops += [edit("account", f"new-{number}", LARGEST, add={"tags": [f"t{number}"]}) for number in range(6)]
    first = {outcome["id"]: outcome for outcome in rita.outcomes(*ops)}
    after = everything(firm)

    for batch in (ops[::-1], ops[3:9], [ops[0]] * 50, ops + ops):
        assert all(outcome == first[outcome["id"]] for outcome in rita.outcomes(*batch))

    assert everything(firm) == after


def test_one_id_for_two_operations_of_a_batch_has_the_effect_of_the_first(firm, rita):
    one = edit("account", "new-1", set={"name": "First"})

    outcomes = rita.outcomes(one, {**edit("account", "new-2", set={"name": "Second"}), "id": one["id"]})

    assert outcomes[0] == outcomes[1]
    with firm.look() as db:
        assert db.execute("SELECT count(*) FROM account WHERE id LIKE 'new-%'").fetchone()[0] == 1


def test_group_as_large_as_a_request_is_all_or_nothing(firm, rita):
    before, group = everything(firm), new_id()
    ops = [edit("account", f"new-{number}", set={"name": "x"}, group=group) for number in range(999)]

    outcomes = rita.outcomes(*ops, edit("account", "secret", 1, set={"name": "x"}, group=group))

    assert {outcome["is"] for outcome in outcomes} == {"rejected"}
    assert everything(firm) == before
    works(rita)


@pytest.mark.parametrize("count", [1_001, 10_000])
def test_too_many_operations_are_refused_before_any_is_judged(firm, rita, count):
    before = everything(firm)

    answer = rita.send(*[{"id": "x", "row": "y"}] * count)

    assert (answer.status_code, answer.json()) == (413, {"error": "too_large"})
    assert everything(firm) == before
    works(rita)


# --- cursors ------------------------------------------------------------------------------------------


def test_cursor_of_another_person_another_life_or_the_future_starts_again(firm, rita):
    mine = rita.cursor()
    theirs = Attacker(firm, rita.app, "sam").cursor()
    stamp, since, *rest = mine.split(".")
    with firm.look() as db:
        future = current_seq(db) + 1_000
    cursors = [
        theirs,
        ".".join(["0" * len(stamp), since, *rest]),
        ".".join([stamp, str(future), str(future), *rest[1:]]),
        ".".join([stamp, "-1", *rest]),
        ".".join([stamp, "9" * 400, "9" * 400, *rest[1:]]),
        ".".join([stamp, "１", *rest]),
        mine + ".more",
        mine[:-1] + "\x00",
        "\ud800",
        "' OR 1=1 --",
        "." * 100,
    ]
    for cursor in cursors:
        answer = rita.send(cursor=cursor)
        assert SECRET not in answer.text
        if cursor not in (mine + ".more", mine[:-1] + "\x00"):
            assert (answer.status_code, answer.json()) == (409, {"error": "start_again"}), cursor
    works(rita)


# --- bodies -------------------------------------------------------------------------------------------


def endless(piece: bytes, megabytes: int):
    for _ in range(megabytes * 1_000_000 // len(piece)):
        yield piece


VALID = json.dumps({"protocol": 1, "schema": "", "cursor": "", "ops": []}).encode()
BODIES = {
    "a hundred megabytes": (lambda: endless(b" " * 100_000, 100), {}, 413),
    "a gzip bomb": (lambda: gzip.compress(b"[" * 100_000_000), {"content-encoding": "gzip"}, 413),
    "a bomb behind a valid request": (
        lambda: gzip.compress(VALID + b" " * 50_000_000),
        {"content-encoding": "gzip"},
        413,
    ),
    "what is not gzip": (lambda: VALID, {"content-encoding": "gzip"}, 400),
    "half a gzip": (lambda: gzip.compress(VALID)[:20], {"content-encoding": "gzip"}, 400),
    "an encoding nobody knows": (lambda: VALID[1:], {"content-encoding": "br"}, 400),
    "deep JSON": (lambda: b"[" * 400_000, {}, 400),
    "deep and closed JSON": (lambda: b'{"a":' * 100_000 + b"1" + b"}" * 100_000, {}, 400),
    "invalid UTF-8": (lambda: b'{"protocol": 1, "cursor": "\xff\xfe", "ops": []}', {}, 400),
    "UTF-16": (lambda: VALID.decode().encode("utf-16"), {}, 400),
    "a NUL": (lambda: VALID + b"\x00", {}, 400),
    "nothing": (lambda: b"", {}, 400),
    "a list": (lambda: b"[]", {}, 400),
    "a number of ten thousand digits": (lambda: VALID[:-1] + b', "clock": ' + b"9" * 10_000 + b"}", {}, 400),
    "a clock of forty digits": (lambda: VALID[:-1] + b', "clock": ' + b"9" * 40 + b"}", {}, 400),
    "half a chunk": (lambda: b'{"protocol": 1, "cursor": "", "chunk": 100.5}', {}, 400),
    "a tiny chunk": (lambda: b'{"protocol": 1, "cursor": "", "chunk": 1}', {}, 400),
    "another protocol": (lambda: b'{"protocol": 99, "cursor": ""}', {}, 426),
    "no protocol": (lambda: b'{"cursor": ""}', {}, 400),
    "ops that are no list": (lambda: b'{"protocol": 1, "cursor": "", "ops": {"a": 1}}', {}, 400),
    "an operation that is none": (lambda: b'{"protocol": 1, "cursor": "", "ops": [7]}', {}, 400),
}


@pytest.mark.parametrize(("body", "headers", "status"), BODIES.values(), ids=BODIES)
def test_hostile_body_is_refused_with_a_reason(firm, rita, body, headers, status):
    before = everything(firm)

    answer = rita.post(body(), **headers)

    assert answer.status_code == status, answer.text
    assert answer.json()["error"] in ("malformed", "too_large", "too_old")
    assert everything(firm) == before
    works(rita)


@pytest.mark.parametrize(
    "sums",
    [7, {"session": "x"}, {"\ud800": "x"}, {"account": 7}, {"account": {"aa": 7}}, {"account": {"\ud800": "x"}}],
)
def test_hostile_proof_is_refused_or_answered_without_a_secret(rita, sums):
    cursor = rita.cursor()
    asked = {"protocol": 1, "schema": "x", "cursor": cursor, "sums": sums}

    answer = rita.post(asked, "/sync/check")

    assert answer.status_code in (400, 409)
    assert SECRET not in answer.text
    works(rita)


# --- anything at all ----------------------------------------------------------------------------------

KNOWN = ("hers", "secret", "rita", "account", "name", "", "\ud800", "\x00")
TEXTS = st.one_of(st.text(max_size=12), st.sampled_from(KNOWN))
NUMBERS = st.one_of(st.integers(-(2**70), 2**70), st.sampled_from([0, 1, -1, LARGEST, -LARGEST]), st.floats())
ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)
MEMBERS = st.lists(ANYTHING, max_size=2)
FIELDS = sorted({f.name for entity in BY_NAME.values() for f in entity.fields})
OPERATIONS = st.fixed_dictionaries(
    {
        "id": st.one_of(st.uuids().map(str), ANYTHING),
        "entity": st.one_of(st.sampled_from(sorted(BY_NAME)), ANYTHING),
        "row": st.one_of(st.sampled_from(["hers", "secret", "rita", "new-1"]), ANYTHING),
        "base": st.one_of(st.sampled_from([0, 5, LARGEST]), ANYTHING),
        "at": st.one_of(st.integers(-LARGEST, LARGEST), ANYTHING),
    },
    optional={
        "set": st.one_of(st.dictionaries(st.sampled_from(FIELDS), ANYTHING, max_size=3), ANYTHING),
        "add": st.one_of(st.dictionaries(st.sampled_from(FIELDS), MEMBERS, max_size=2), ANYTHING),
        "remove": ANYTHING,
        "delete": st.one_of(st.booleans(), ANYTHING),
        "group": ANYTHING,
        "again": st.one_of(st.booleans(), ANYTHING),
    },
)
REQUESTS = st.one_of(
    ANYTHING,
    st.fixed_dictionaries(
        {"protocol": st.just(1), "schema": TEXTS, "cursor": st.one_of(st.just(""), TEXTS)},
        optional={
            "ops": st.one_of(st.lists(OPERATIONS, max_size=4), ANYTHING),
            "clock": st.one_of(st.integers(-LARGEST, LARGEST), ANYTHING),
            "known": ANYTHING,
            "chunk": ANYTHING,
        },
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(asked=REQUESTS)
def test_any_json_is_answered_or_refused_and_tells_nothing(rita, asked):
    answer = rita.post(json.dumps(asked).encode())

    assert answer.status_code in (200, 400, 409, 413, 426), answer.text
    assert SECRET not in answer.text
    for line in answer.text.splitlines():
        json.loads(line)
    with rita.firm.look() as db:
        assert db.execute("SELECT count(*) FROM account WHERE name = ? AND owner_id = 'sam'", (SECRET,)).fetchone()[0]
