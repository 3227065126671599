"""Any definitions, commands, races, absences and leavings, in any batches, against a model of their own.

Devices hold old rows and decide on what they show; what comes of it is foretold by `approval_model`, which is written
from sync/APPROVALS.md alone. After every exchange the server's rows are held against the model, and the promises of
approvals are asked of the rows themselves.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from server.approvals import substitutes
from server.firm import Firm

from .. import small_firm
from ..device import Device, exchange
from ..simulator.world import _copy_files, _fast_disk
from ..small_firm import as_server, op
from .approval_held import Held
from .approval_model import BOSS, DECISIONS, OF_APPROVERS, SHANGHAI, Model

ASKERS = ("ann", "bob")
DECIDERS = ("ann", "cat", "dan", "eve")
PEOPLE = ("ann", "bob", "cat", "dan", "eve")
DEVICES = [(name, kind) for name in (*PEOPLE, BOSS) for kind in ("phone", "tablet")]
TITLES, AMOUNTS = ("Laptop", "Desk"), (100, 900)

STEPS = st.lists(
    st.fixed_dictionaries(
        {
            "ids": st.lists(st.sampled_from((*DECIDERS, BOSS)), min_size=1, max_size=3, unique=True),
            "mode": st.sampled_from(("order", "all", "any")),
            "from": st.sampled_from((0, 0, 0, 500)),
        }
    ),
    min_size=1,
    max_size=3,
)
PICK = st.sampled_from((0, 0, 0, 1, 1, 2, 3, 4))
VERBS = st.sampled_from(("submit", "submit", "submit", "recall", "void", "comment"))
DECIDE = st.sampled_from(DECISIONS)
# On which device; whether it hears first what is new; whether it sends at once.
WHEN = st.tuples(st.sampled_from(("phone", "phone", "tablet")), st.booleans(), st.booleans())


class Approvals(Held, RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=_fast_disk()))
        _copy_files(_made_firm(), self.folder)
        self.clock = small_firm.Clock()
        self.firm = Firm.open(self.folder, self.clock)
        self.devices: dict[tuple[str, str], Device] = {}
        self.judged: dict[str, dict] = {}  # operation id -> what every answer to it says
        self.trail: dict[str, dict] = {}
        self.titles = 0

    def teardown(self) -> None:
        self.firm.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @initialize(first=STEPS, second=STEPS)
    def define(self, first, second) -> None:
        definitions = {"first": first, "second": second}
        self.model = Model(definitions, PEOPLE)
        for name, steps in definitions.items():
            definition = op("approval_definition", name, name=name, kind="general", current=1)
            as_server(self.firm, definition, _version(name, steps))
        self.ask_for("ann", "first", AMOUNTS[0])

    def device(self, which: tuple[str, str]) -> Device:
        """One that was last in use when the firm began."""
        if which not in self.devices:
            device = self.devices[which] = Device(self.firm, *which)
            device.cursor, device.hello, rows = _SYNCED[which[0]]
            device.rows = {name: dict(held) for name, held in rows.items()}
        return self.devices[which]

    # --- what happens -------------------------------------------------------------------------------

    @rule(
        when=WHEN,
        request=PICK,
        who=PICK,
        verb=st.sampled_from(("approve", "approve", "approve", "return", *OF_APPROVERS)),
        other=st.sampled_from((*PEOPLE, BOSS)),
        pick=PICK,
        forge=st.sampled_from(("", "", "", "", "", "", "step", "hash", "guess")),
    )
    def somebody_decides(self, **given) -> None:
        self.decide(**given)

    @rule(
        request=PICK,
        who=PICK,
        verb=st.sampled_from((*["approve"] * 5, "return", *OF_APPROVERS)),
        other=st.sampled_from((*PEOPLE, BOSS)),
        pick=PICK,
    )
    def somebody_decides_at_once(self, **given) -> None:
        self.decide(**given, when=("phone", True, True), forge="")

    @rule(request=PICK, amount=st.sampled_from(AMOUNTS), who=PICK, verb=DECIDE, pick=PICK)
    def somebody_decides_on_what_is_being_changed(self, request, amount, who, verb, pick) -> None:
        """Both have seen the same; the applicant's line is better."""
        title = TITLES[pick % 2]
        which = (self._asked(request, who), "tablet")
        self.sync(which, None, 3)
        self.change(("phone", True, True), request, title, amount, "submit")
        self.decide(("tablet", False, True), request, 0, verb, "cat", pick, "hash" if pick else "", which)

    @rule(
        what=st.sampled_from(("ask_for", "change", "change", "command", "command")),
        when=WHEN,
        request=PICK,
        who=PICK,
        verb=VERBS,
        amount=st.sampled_from(AMOUNTS),
        pick=PICK,
    )
    def applicant_does(self, what, when, request, who, verb, amount, pick) -> None:
        if what == "change":
            self.change(when, request, TITLES[pick % 2], amount, verb)
        elif what == "command":
            self.command(when, request, who, verb, bool(pick % 2))
        elif len(self.model.requests) < 3:
            self.ask_for(ASKERS[pick % 2], ("first", "second")[who % 2], amount)

    @rule(which=st.sampled_from(DEVICES), cut=st.sampled_from((None, None, 0, 1, 4)), batch=st.integers(0, 3))
    def device_is_heard(self, which, cut, batch) -> None:
        self.sync(which, cut, batch)

    @rule(which=st.sampled_from(DEVICES), picks=st.lists(st.integers(0, 50), min_size=1, max_size=6))
    def device_sends_again(self, which, picks) -> None:
        self.send_again(which, picks)

    @rule(
        what=st.sampled_from(("wait", "be_away", "be_away", "leave")),
        which=st.sampled_from(DEVICES),
        other=st.sampled_from((*PEOPLE, BOSS)),
        n=st.integers(-1, 1),
    )
    def time_passes(self, what, which, other, n) -> None:
        if what == "be_away":
            self.be_away(which, other, n)
        elif what == "leave":
            self.leave_or_come_back(("dan", "eve")[n % 2])
        else:
            self.wait((12, 1, 30)[n])

    # --- what people do on their devices ------------------------------------------------------------

    def ask_for(self, who, definition, amount) -> None:
        """Written and sent at once, so that there is something to decide."""
        device = self.device((who, "phone"))
        fields = {"definition_id": definition, "version_id": f"{definition}-1", "title": TITLES[0]}
        approval = device.add("approval", amount_cents=amount, currency="CNY", **fields)
        device.add("approval_action", approval_id=approval, verb="submit")
        self.sync((who, "phone"), None, 0)

    def change(self, when, request, title, amount, then) -> None:
        """The applicant changes it, and does something with it in the same breath."""
        which = (self._owner(request), when[0])
        if row := self._shown(which, when, request):
            if row["state"] == "pending":
                self.device(which).add("approval_action", approval_id=row["id"], verb="recall")
            self.device(which).edit("approval", row["id"], title=title, amount_cents=amount)
            self.device(which).add("approval_action", approval_id=row["id"], verb=then, note="So it is")
            self._may_send(which, when)

    def command(self, when, request, who, verb, is_exact) -> None:
        which = ((self._owner(request), self._owner(request), BOSS, *PEOPLE)[who], when[0])
        if row := self._shown(which, when, request):
            seen = {"revision_hash": row["revision_hash"]} if verb == "recall" and is_exact else {}
            self.device(which).add("approval_action", approval_id=row["id"], verb=verb, note="So it is", **seen)
            self._may_send(which, when)

    def decide(self, when, request, who, verb, other, pick, forge, which=None) -> None:
        """On what the device shows, which may be old; forge: on another step or revision than that."""
        which = which or (self._asked(request, who), when[0])
        row, device = self._shown(which, when, request), self.device(which)
        steps = self._steps(device, row["id"]) if row else []
        if not steps or not row["revision_hash"]:
            return  # not here, or a line broke off before its steps came
        shown = [step for step in steps if step["state"] == "active" or forge == "step"] or steps
        hashes = sorted(one["hash"] for one in _hanging(device, "approval_revision", row["id"]))
        seen = {"hash": (hashes or ["1" * 64])[pick % (len(hashes) or 1)], "guess": "0" * 64}
        seen = seen.get(forge, row["revision_hash"])
        fields = {"step_id": shown[pick % len(shown)]["id"], "revision_hash": seen}
        if verb in ("reject", "return"):
            fields["note"] = "Because"
        done = [step["id"] for step in steps if step["state"] == "done"]
        if verb == "return" and done and pick:
            fields["to_step_id"] = done[pick % len(done)]
        if verb in ("transfer", "add_before", "add_after"):
            fields["target_ids"] = [other]
        if verb in ("add_before", "add_after"):
            fields["mode"] = ("order", "all", "any")[pick % 3]
        device.add("approval_action", approval_id=row["id"], verb=verb, **fields)
        self._may_send(which, when)

    def be_away(self, which, substitute, begins) -> None:
        today = (datetime.fromtimestamp(self.clock.ms / 1000, UTC) + SHANGHAI).date()
        days = {"from_on": today + timedelta(days=begins), "until_on": today + timedelta(days=begins + 1)}
        self.device(which).add("substitute", substitute_id=substitute, **{k: v.isoformat() for k, v in days.items()})

    def _request(self, pick: int) -> str | None:
        """One of the newest, rather than any."""
        newest = list(self.model.requests)[::-1]
        return newest[pick % len(newest)] if newest else None

    def _owner(self, request: int) -> str:
        known = self.model.requests.get(self._request(request))
        return known.owner if known else ASKERS[0]

    def _asked(self, request: int, who: int) -> str:
        """Rather somebody who is waited for."""
        known = self.model.requests.get(self._request(request))
        turn = known.open_turn[1] if known and known.open_turn else None
        return (*(turn.waiting if turn else ()), *(turn.asked if turn else ()), *DECIDERS[1:], BOSS, *ASKERS)[who]

    def _shown(self, which, when, request: int) -> dict | None:
        """The request as this device has it: now, or from when it last heard."""
        device = self.device(which)
        if when[1]:
            self.sync(which, None, 3)
        return device.rows.get("approval", {}).get(self._request(request))

    def _may_send(self, which, when) -> None:
        if when[2]:
            self.sync(which, None, 3)

    @staticmethod
    def _steps(device: Device, approval_id: str) -> list[dict]:
        held = _hanging(device, "approval_step", approval_id)
        return sorted(held, key=lambda step: (step["position"], step["opened_at_ms"] or 0, step["version"]))

    # --- what travels -------------------------------------------------------------------------------

    def sync(self, which, cut, batch) -> None:
        """In batches of any size; the last answer may break off. What changes a request goes alone, for the model."""
        device = self.device(which)
        waiting = [one for one in device.outbox if one["id"] not in device.outcomes]
        while waiting:
            size = 1 if waiting[0]["entity"] != "approval_action" else 1 + batch
            sent = [one for one in waiting[:size] if size == 1 or one["entity"] == "approval_action"]
            waiting = waiting[len(sent) :]
            self._send(device, sent, cut if not waiting else None)
        self._send(device, [], cut)

    def send_again(self, which, picks) -> None:
        """What was judged long ago, in another order and another batch: one outcome, no effect."""
        device = self.device(which)
        old = [one for one in device.typed if one["id"] in self.judged]
        if not old:
            return
        before = self._count()
        self._send(device, [old[pick % len(old)] for pick in picks], 0)
        assert self._count() == before

    def wait(self, hours) -> None:
        self.clock.ms += hours * 3_600_000
        self.firm.write_now(lambda db: substitutes.keep_up(db, self.firm))
        self._compare()

    def leave_or_come_back(self, who) -> None:
        is_active = int(who not in self.model.active)
        as_server(self.firm, op("user", who, 1, is_active=is_active))
        if is_active:
            self.model.active.add(who)
        else:
            self.model.leave(who)
        self._compare()

    def _send(self, device: Device, ops: list[dict], cut: int | None) -> None:
        lines = list(exchange(self.firm, device.user_id, device.id, device.cursor, ops, device.now()))
        outcomes = [line["outcome"] for line in map(json.loads, lines) if "outcome" in line]
        assert [one["id"] for one in outcomes] == [one["id"] for one in ops]
        for operation, outcome in zip(ops, outcomes, strict=True):
            if operation["id"] in self.judged:
                assert outcome == self.judged[operation["id"]], "one outcome"
            else:
                self.judged[operation["id"]] = outcome
                self._foretell(device.user_id, operation, outcome)
        device.take(lines if cut is None else lines[:cut])
        self._compare()


def _hanging(device: Device, entity: str, approval_id: str) -> list[dict]:
    return [row for row in device.rows.get(entity, {}).values() if row["approval_id"] == approval_id]


def _version(name: str, steps: list[dict]) -> dict:
    told = []
    for n, step in enumerate(steps):
        when = [{"field": "amount", "op": ">=", "value": step["from"]}] if step["from"] else []
        who = {"kind": "person", "ids": step["ids"]}
        told.append({"key": f"s{n}", "name": f"Step {n}", "mode": step["mode"], "days": 0, "who": who, "when": when})
    documents = {"steps": told, "form": [], "starters": {}, "cc": {}}
    fields = {key: json.dumps(value) for key, value in documents.items()}
    version = op("definition_version", f"{name}-1", definition_id=name, number=1, fallback_id=BOSS, **fields)
    return version | {"add": {"asks": ["amount"]}}


_MADE: list[Path] = []
_SYNCED: dict[str, tuple] = {}


def _made_firm() -> Path:
    """The people, made once a process."""
    if not _MADE:
        folder = Path(tempfile.mkdtemp(dir=_fast_disk(), prefix="machine-"))
        firm = Firm.open(folder, small_firm.Clock())
        roles = (("boss", "everything", 1), ("staff", "own", 0))
        ops = [op("role", name, name=name, data_scope=scope, is_admin=admin) for name, scope, admin in roles]
        ops.append(op("user", BOSS, name="Boss", role_id="boss"))
        ops += [op("user", name, name=name.title(), role_id="staff", manager_id=BOSS) for name in PEOPLE]
        as_server(firm, *ops)
        for name in (*PEOPLE, BOSS):
            device = Device(firm, name)
            device.sync()
            _SYNCED[name] = device.cursor, device.hello, device.rows
        firm.close()
        _MADE.append(folder)
    return _MADE[0]


QUIETLY = {"deadline": None, "suppress_health_check": list(HealthCheck), "phases": (Phase.generate, Phase.shrink)}


def test_any_way_of_asking_and_deciding_is_what_the_model_says():
    run_state_machine_as_test(Approvals, settings=settings(max_examples=35, stateful_step_count=40, **QUIETLY))


@pytest.mark.soak
def test_any_long_way_of_asking_and_deciding_is_what_the_model_says():
    run_state_machine_as_test(Approvals, settings=settings(max_examples=2_000, stateful_step_count=80, **QUIETLY))
