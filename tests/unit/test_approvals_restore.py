"""A server that was put back from a copy makes the same of the same, in whatever order devices come back."""

import itertools
import random

import pytest

from ..device import projection
from .approving import MANAGER, Firm, people
from .test_restore import Copy

# Of two who both approve, either may be last.
WHOEVER = ("updated_by", "created_by")
# What differs between two lives: numbers and times.
TIMES = {
    "version", "created_at_ms", "updated_at_ms", "submitted_at_ms", "decided_at_ms", "due_at_ms", "opened_at_ms",
    "done_at_ms", "closed_at_ms", "effect_at_ms", "voided_at_ms", "paid_at_ms",
}  # fmt: skip
ENTITIES = ("approval", "approval_revision", "approval_step", "approval_action", "expense_line")


@pytest.fixture
def at(firm):
    return Firm(firm)


def everything(at):
    """Every row, without numbers; of a time, whether there is one."""
    with at.firm.look() as db:
        return {
            entity: {
                row["id"]: {name: (value is not None) if name in TIMES else value for name, value in dict(row).items()}
                for row in db.execute(f"SELECT * FROM {entity} ORDER BY id")
            }
            for entity in ENTITIES
        }


def differences(before, after):
    return [
        (entity, row_id, name, value, after[entity].get(row_id, {}).get(name, "no row"))
        for entity, rows in before.items()
        for row_id, row in rows.items()
        for name, value in row.items()
        if name not in WHOEVER and after[entity].get(row_id, {}).get(name, "no row") != value
    ] + [(entity, row_id) for entity in after for row_id in after[entity].keys() - before[entity].keys()]


def put_back(at, copy, names):
    devices = [at.device(name) for name in names]
    for device in devices:
        device.sync()
    at.firm = copy.put_back(*at.devices.values())
    for device in devices * 6:
        device.sync()


def whole_life(at, copy_after, tmp_path):
    """A request that goes every way; the copy is taken after so many commands."""
    at.define("long", people("money", "kim", "lee"), people("top", "boss", "mona", mode="all"), asks=["lines"])
    rita = at.device("rita")
    request = at.draft("rita", "long")
    line = rita.add("expense_line", approval_id=request, spent_on="2026-11-24", category_id="travel",
                    amount_cents=100, currency="CNY")  # fmt: skip
    rita.sync()
    for name in ("kim", "lee", "sam", "ron", "boss", "mona"):
        at.device(name).sync()
    deeds = [
        lambda: at.does("rita", "submit", request),
        lambda: at.does("kim", "transfer", request, target_ids=["sam"]),
        lambda: at.does("sam", "approve", request, sanctioned=f'{{"{line}":"50"}}'),
        lambda: at.does("lee", "add_before", request, target_ids=["ron"]),
        lambda: at.does("ron", "approve", request),
        lambda: at.does("lee", "return", request),
        lambda: at.does("rita", "submit", request),
        lambda: at.does("lee", "approve", request),
        lambda: at.does("boss", "return", request),
        lambda: at.sent("rita", rita.sync() or rita.edit("approval", request, reason="Better")),
        lambda: at.does("rita", "submit", request),
        lambda: at.does("kim", "approve", request),
        lambda: at.does("lee", "approve", request),
        lambda: at.does("mona", "approve", request),
        lambda: at.does("boss", "approve", request),
    ]
    copy = None
    for n, deed in enumerate(deeds):
        if n == copy_after:
            copy = Copy(at.firm, tmp_path)
        assert deed()["is"] in ("applied", "merged"), n
    assert at.state(request) == "approved"
    return request, copy


@pytest.mark.parametrize("copy_after", [0, 1, 3, 6, 8, 11, 14])
@pytest.mark.parametrize("seed", range(3))
def test_the_same_comes_of_the_same(at, tmp_path, copy_after, seed):
    _, copy = whole_life(at, copy_after, tmp_path)
    before = everything(at)
    names = ["rita", "kim", "lee", "sam", "ron", "boss", "mona"]
    random.Random(seed).shuffle(names)

    put_back(at, copy, names)

    found = differences(before, everything(at))
    assert found == [], "\n".join(map(str, found))
    with at.firm.look() as db:
        assert db.execute("SELECT count(*) FROM waiting").fetchone()[0] == 0
    for name in names:
        device = at.device(name)
        assert device.outbox == device.refused == []
        assert device.all_rows() == projection(at.firm, name)


@pytest.mark.parametrize("names", list(itertools.permutations(["rita", "mona", "kim"])))
def test_a_race_that_is_lost_is_decided_anew_and_by_one_only(at, tmp_path, names):
    """Who comes back first is first: the other one is told, whoever that was before."""
    at.define("offer", people("two", "mona", "kim", mode="any"))
    draft = at.draft("rita", "offer")
    at.device("rita").sync()
    copy = Copy(at.firm, tmp_path)
    at.does("rita", "submit", draft)
    for name in ("mona", "kim"):
        at.device(name).sync()
    typed = {name: at.says(name, "approve", draft) for name in ("mona", "kim")}
    for name in ("mona", "kim"):
        at.sent(name, typed[name])

    put_back(at, copy, names)

    assert at.state(draft) == "approved"
    effects = sorted(a["effect"] for a in at.rows("approval_action", draft) if a["verb"] == "approve")
    assert effects == ["already_decided", "in_force"]


def test_what_is_typed_after_the_restore_on_steps_of_before_counts(at, tmp_path):
    """Mona's phone saw the step in the earlier life; it is there again, under the same name."""
    draft = at.draft("rita", at.define("leave", MANAGER))
    at.device("rita").sync()
    copy = Copy(at.firm, tmp_path)
    at.does("rita", "submit", draft)
    mona = at.device("mona")
    mona.sync()
    typed = at.says("mona", "approve", draft)
    at.firm = copy.put_back(*at.devices.values())
    for name in ("mona", "mona", "rita", "rita", "mona"):
        at.device(name).sync()
    assert mona.outcomes[typed["id"]]["is"] in ("applied", "merged")
    assert at.state(draft) == "approved"
