"""Any order of edits, days that pass, windows that people choose, accounts that go quiet and tombstones let go of:
at rest each device holds exactly its part, proves it, and nothing that was typed is lost.

`tests/simulator` plays whole firms; this one plays the few people and the small numbers at which what is held changes
all the time.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from server import collect, holding, hot_accounts
from server.accept import accept_as_server
from web.dates import DAY_MS

from ..device import Device, held_projection
from ..small_firm import as_server, make_firm, op

PEOPLE = ("boss", "mona", "rita", "sam")
# Each person has two devices; the second takes rows one by one.
DEVICES = st.integers(0, 2 * len(PEOPLE) - 1)
NTH = st.integers(0, 1_000)
DAYS_AGO = st.integers(-2, 400)
QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck)}


class Holdings(RuleBasedStateMachine):
    @initialize()
    def start(self):
        self.folder = Path(tempfile.mkdtemp())
        self.firm = make_firm(self.folder)
        self.unique = itertools.count(100_000)
        self.devices = [Device(self.firm, name, "phone") for name in PEOPLE]
        self.devices += [Device(self.firm, name, "tablet", chunk=1) for name in PEOPLE]

    def text(self) -> str:
        """A value found nowhere else, so that a lost one is noticed."""
        return f"typed-{next(self.unique)}"

    def held(self, device, entity, nth):
        rows = sorted(device.rows.get(entity, {}))
        return rows[nth % len(rows)] if rows else None

    def at_ms(self, days: int) -> int:
        return self.firm.clock() - days * DAY_MS

    # --- people at work

    @rule(d=DEVICES)
    def add_account(self, d):
        self.devices[d].add("account", name=self.text())

    @rule(d=DEVICES, nth=NTH)
    def edit_account(self, d, nth):
        device = self.devices[d]
        if account := self.held(device, "account", nth):
            device.edit("account", account, industry=self.text())

    @rule(d=DEVICES, nth=NTH, entity=st.sampled_from(["contact", "task"]))
    def add_to_account(self, d, nth, entity):
        device = self.devices[d]
        name = "name" if entity == "contact" else "title"
        device.add(entity, account_id=self.held(device, "account", nth), **{name: self.text()})

    @rule(d=DEVICES, nth=NTH, to=NTH)
    def move_contact(self, d, nth, to):
        device = self.devices[d]
        if contact := self.held(device, "contact", nth):
            device.edit("contact", contact, account_id=self.held(device, "account", to))

    @rule(d=DEVICES, nth=NTH, days=DAYS_AGO)
    def finish_task(self, d, nth, days):
        device = self.devices[d]
        if task := self.held(device, "task", nth):
            device.edit("task", task, done_at_ms=self.at_ms(days))

    @rule(d=DEVICES, nth=NTH, days=DAYS_AGO, kind=st.sampled_from(["call", "note"]))
    def add_activity(self, d, nth, days, kind):
        device = self.devices[d]
        account = self.held(device, "account", nth)
        device.add("activity", account_id=account, kind=kind, at_ms=self.at_ms(days), body=self.text())

    @rule(d=DEVICES, nth=NTH, days=DAYS_AGO)
    def move_activity(self, d, nth, days):
        device = self.devices[d]
        if activity := self.held(device, "activity", nth):
            device.edit("activity", activity, at_ms=self.at_ms(days))

    @rule(d=DEVICES, nth=NTH, entity=st.sampled_from(["contact", "account", "activity"]))
    def delete_row(self, d, nth, entity):
        device = self.devices[d]
        if row := self.held(device, entity, nth):
            device.delete(entity, row)

    @rule(d=DEVICES, days=st.sampled_from([None, 0, 7, 30, 300]))
    def choose_days(self, d, days):
        device = self.devices[d]
        if device.user_id in device.rows.get("preference", {}):
            device.edit("preference", device.user_id, window_days=days)
        else:
            device.add("preference", device.user_id, window_days=days)

    # --- the office, and time

    @rule(d=DEVICES, nth=NTH, to=st.sampled_from([*PEOPLE, None]))
    def hand_over(self, d, nth, to):
        if account := self.held(self.devices[d], "account", nth):
            # Whether it is still there or not.
            change = op("account", account, owner_id=to)
            self.firm.write_now(lambda db: accept_as_server(db, self.firm, [change]))

    @rule(who=st.sampled_from(["rita", "sam"]), place=st.sampled_from(["north", "south"]))
    def move_person(self, who, place):
        as_server(self.firm, op("user", who, department_id=place))

    @rule(days=st.sampled_from([1, 10, 100]), is_kept=st.booleans())
    def days_pass(self, days, is_kept):
        self.firm.clock.ms += days * DAY_MS
        while is_kept and self.firm.write_now(lambda db: collect.collect(db, self.firm)):
            pass

    # --- the network

    @rule(d=DEVICES)
    def sync(self, d):
        self.devices[d].sync()

    @rule(d=DEVICES, lines=st.integers(0, 9))
    def sync_cut(self, d, lines):
        self.devices[d].sync(cut_after=lines)

    # --- at rest

    def teardown(self):
        if not hasattr(self, "firm"):
            return
        try:
            for _ in range(3):
                for device in self.devices:
                    device.sync()
            written = self.everything_written()
            for device in self.devices:
                self.check(device, written)
        finally:
            self.firm.close()
            shutil.rmtree(self.folder)

    def check(self, device, written: str):
        assert device.outbox == [], "a queue did not drain"
        assert device.all_rows() == held_projection(self.firm, device.user_id, device.hello["window_ms"]), device.id
        assert device.prove() == [], device.id
        refused = {refused_op["id"] for refused_op in device.refused}
        for typed in device.typed:
            assert typed["id"] in device.outcomes
            for value in typed.get("set", {}).values() if typed["id"] not in refused else ():
                assert not str(value).startswith("typed-") or value in written, f"lost: {typed}"

    def everything_written(self) -> str:
        found = []
        with self.firm.look() as db:
            for table in ("history", "conflict", "account", "contact", "task", "activity"):
                found += [" ".join(map(str, row)) for row in db.execute(f"SELECT * FROM {table}")]
        return "\n".join(found)


@pytest.fixture
def little(monkeypatch):
    """Whoever sees more than three accounts holds two; a dozen rows are too many."""
    monkeypatch.setattr(hot_accounts, "MOST_ACCOUNTS", 3)
    monkeypatch.setattr(hot_accounts, "HOT_ACCOUNTS", 2)
    monkeypatch.setattr(holding, "MANY_ACCOUNTS", 4)
    monkeypatch.setattr(holding, "ROW_BYTES", {})
    monkeypatch.setattr(holding, "MOST_BYTES", 30 * holding.OTHER_ROW_BYTES)


def test_devices_hold_their_part_whatever_happens(little):
    run_state_machine_as_test(Holdings, settings=settings(max_examples=30, stateful_step_count=50, **QUIET))


@pytest.mark.soak
def test_devices_hold_their_part_whatever_happens_for_long(little):
    run_state_machine_as_test(Holdings, settings=settings(max_examples=600, stateful_step_count=100, **QUIET))
