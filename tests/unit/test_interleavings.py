"""Any order of edits, moves of scope, cuts and lost answers: at rest, devices equal the server and nothing is lost.

A hypothesis state machine over the real accept and pull code and a protocol client; it covers promises 1
to 6 of the architecture.  `make soak` runs it longer.
"""

from __future__ import annotations

import itertools
import json
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from ..device import Device, projection
from ..small_firm import as_server, make_firm, op

PEOPLE = ("boss", "mona", "rita", "ron", "sam")
# Each person has two devices; one of them has a clock a year off.
DEVICES = st.integers(0, 2 * len(PEOPLE) - 1)
NTH = st.integers(0, 1_000)
YEAR_MS = 365 * 86_400_000


class Interleavings(RuleBasedStateMachine):
    @initialize()
    def start(self):
        self.folder = Path(tempfile.mkdtemp())
        self.firm = make_firm(self.folder)
        self.unique = itertools.count(100_000)
        self.devices = [Device(self.firm, name, "phone") for name in PEOPLE]
        self.devices += [Device(self.firm, name, "tablet", YEAR_MS) for name in PEOPLE]

    def text(self) -> str:
        """A value found nowhere else, so that a lost one is noticed."""
        return f"typed-{next(self.unique)}"

    def held(self, device, entity, nth):
        rows = sorted(device.rows.get(entity, {}))
        return rows[nth % len(rows)] if rows else None

    # --- people at work

    @rule(d=DEVICES)
    def add_account(self, d):
        device = self.devices[d]
        device.add("account", name=self.text(), kind="customer", owner_id=device.user_id)

    @rule(d=DEVICES, nth=NTH, field=st.sampled_from(["name", "industry", "note"]))
    def edit_account(self, d, nth, field):
        device = self.devices[d]
        if account := self.held(device, "account", nth):
            device.edit("account", account, **{field: self.text()})

    @rule(d=DEVICES, nth=NTH, lat=st.integers(1, 80), both=st.booleans())
    def edit_place(self, d, nth, lat, both):
        device = self.devices[d]
        if account := self.held(device, "account", nth):
            device.edit("account", account, address=self.text(), **({"lat_e6": lat} if both else {}))

    @rule(d=DEVICES, nth=NTH)
    def edit_phones(self, d, nth):
        device = self.devices[d]
        if account := self.held(device, "account", nth):
            old = json.loads(device.rows["account"][account]["phones"])
            device.edit("account", account, phones=([str(next(self.unique))], old[:1]))

    @rule(d=DEVICES, nth=NTH)
    def add_contact(self, d, nth):
        device = self.devices[d]
        if account := self.held(device, "account", nth):
            device.add("contact", account_id=account, name=self.text(), owner_id=device.user_id)

    @rule(d=DEVICES, nth=NTH)
    def edit_contact(self, d, nth):
        device = self.devices[d]
        if contact := self.held(device, "contact", nth):
            device.edit("contact", contact, title=self.text())

    @rule(d=DEVICES, nth=NTH, to=NTH)
    def move_contact(self, d, nth, to):
        device = self.devices[d]
        contact, account = self.held(device, "contact", nth), self.held(device, "account", to)
        if contact and account:
            device.edit("contact", contact, account_id=account)

    @rule(d=DEVICES, nth=NTH, entity=st.sampled_from(["contact", "account", "event"]))
    def delete_row(self, d, nth, entity):
        device = self.devices[d]
        if row := self.held(device, entity, nth):
            device.delete(entity, row)

    @rule(d=DEVICES, nth=NTH, guest=st.sampled_from(PEOPLE), start=st.integers(1, 50))
    def add_event(self, d, nth, guest, start):
        device = self.devices[d]
        account = self.held(device, "account", nth)
        device.add(
            "event", title=self.text(), kind="visit", start_ms=start, end_ms=start + 10,
            account_id=account, attendee_ids=[guest], owner_id=device.user_id,
        )  # fmt: skip

    @rule(d=DEVICES, nth=NTH, start=st.integers(1, 50), guest=st.sampled_from(PEOPLE))
    def edit_event(self, d, nth, start, guest):
        device = self.devices[d]
        if event := self.held(device, "event", nth):
            device.edit("event", event, start_ms=start, end_ms=start + 10, attendee_ids=([], [guest]))

    @rule(d=DEVICES, nth=NTH, guest=st.sampled_from(PEOPLE))
    def share(self, d, nth, guest):
        device = self.devices[d]
        if account := self.held(device, "account", nth):
            device.add("account_member", account_id=account, user_id=guest, access="write")

    # --- the office

    @rule(d=DEVICES, nth=NTH, to=st.sampled_from([*PEOPLE, None]))
    def hand_over(self, d, nth, to):
        if account := self.held(self.devices[d], "account", nth):
            as_server(self.firm, op("account", account, owner_id=to))

    @rule(who=st.sampled_from(["rita", "ron", "sam"]), place=st.sampled_from(["north", "south", "sales"]))
    def move_person(self, who, place):
        as_server(self.firm, op("user", who, department_id=place))

    # --- the network

    @rule(d=DEVICES)
    def sync(self, d):
        self.devices[d].sync()

    @rule(d=DEVICES, lines=st.integers(0, 6))
    def sync_cut(self, d, lines):
        self.devices[d].sync(cut_after=lines)

    @rule(d=DEVICES)
    def send_twice(self, d):
        self.devices[d].sync(cut_after=0)
        self.devices[d].sync()

    # --- at rest

    def teardown(self):
        if not hasattr(self, "firm"):
            return
        try:
            for _ in range(2):
                for device in self.devices:
                    device.sync()
            self.check_at_rest()
        finally:
            self.firm.close()
            shutil.rmtree(self.folder)

    def check_at_rest(self):
        written = self.everything_written()
        for device in self.devices:
            assert device.outbox == [], "a queue did not drain"
            assert device.all_rows() == projection(self.firm, device.user_id), device.id
            refused = {refused_op["id"] for refused_op in device.refused}
            for typed in device.typed:
                assert typed["id"] in device.outcomes
                if typed["id"] not in refused:
                    values = [*typed.get("set", {}).values(), *itertools.chain(*typed.get("add", {}).values())]
                    for value in values:
                        assert not str(value).startswith("typed-") or value in written, f"lost: {typed}"

    def everything_written(self) -> str:
        found = []
        with self.firm.look() as db:
            for table in ("history", "conflict", "account", "contact", "event"):
                found += [" ".join(map(str, row)) for row in db.execute(f"SELECT * FROM {table}")]
        return "\n".join(found)


QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck)}


def test_interleavings_converge_and_lose_nothing():
    run_state_machine_as_test(Interleavings, settings=settings(max_examples=60, stateful_step_count=50, **QUIET))


@pytest.mark.soak
def test_many_interleavings_converge_and_lose_nothing():
    run_state_machine_as_test(Interleavings, settings=settings(max_examples=600, stateful_step_count=120, **QUIET))
