"""A small firm in which people ask and decide: definitions, devices of everybody, and short words for commands."""

from __future__ import annotations

import json

from ..device import Device, new_id
from ..small_firm import as_server, op

MANAGER = {"key": "boss", "name": "Manager", "mode": "order", "days": 2, "who": {"kind": "manager"}}


def people(key: str, *ids: str, mode: str = "order", **more) -> dict:
    return {"key": key, "name": key.title(), "mode": mode, "days": 0, "who": {"kind": "person", "ids": ids}} | more


class Firm:
    """rita and ron ask, mona is their manager, boss is hers; kim and lee decide about money, cass pays."""

    def __init__(self, firm) -> None:
        self.firm = firm
        as_server(
            firm,
            op("role", "finance", name="Finance", data_scope="own"),
            op("role", "cashier", name="Cashier", data_scope="own", is_cashier=1),
            *(op("user", name, name=name.title(), role_id="finance", department_id="south") for name in ("kim", "lee")),
            op("user", "cass", name="Cass", role_id="cashier", department_id="south"),
            op("expense_category", "travel", name="Travel"),
            *(op("user", name, manager_id=above) for name, above in MANAGERS.items()),
        )
        self.devices: dict[str, Device] = {}

    def define(self, name: str, *steps: dict, kind: str = "general", fallback: str = "boss", **documents) -> str:
        """A definition with one version, `name-1`."""
        given = {"form": [], "starters": {}, "cc": {}} | documents
        texts = {key: json.dumps(given[key]) for key in ("form", "starters", "cc")}
        version = op("definition_version", f"{name}-1", definition_id=name, number=1, fallback_id=fallback,
                     steps=json.dumps(steps), **texts)  # fmt: skip
        version["add"] = {"asks": documents.get("asks", [])}
        as_server(self.firm, op("approval_definition", name, name=name, kind=kind, current=1), version)
        return name

    def device(self, user_id: str, name: str = "phone") -> Device:
        if (user_id, name) not in self.devices:
            self.devices[user_id, name] = Device(self.firm, user_id, name)
            self.devices[user_id, name].sync()
        return self.devices[user_id, name]

    def draft(self, by: str, definition: str, group: str | None = None, **fields) -> str:
        given = {"definition_id": definition, "version_id": f"{definition}-1", "title": "Please"} | fields
        return self.device(by).add("approval", group=group, **given)

    def ask(self, by: str, definition: str, **fields) -> str:
        """A request that is submitted and here."""
        approval = self.draft(by, definition, **fields)
        outcome = self.does(by, "submit", approval)
        assert outcome["is"] == "applied", outcome
        return approval

    def says(self, by: str, verb: str, approval: str, device: str = "phone", **fields) -> dict:
        """A command that is typed and not yet sent; what was seen is what the device shows. Returns the operation."""
        phone = self.device(by, device)
        seen = phone.rows.get("approval", {}).get(approval, {})
        if verb not in ("submit", "comment", "nudge", "void", "pay", "repay", "recall"):
            fields = {"revision_hash": seen.get("revision_hash"), "step_id": self.active(phone, approval)} | fields
        if verb in ("reject", "return", "void", "comment"):
            fields = {"note": "Because"} | fields
        phone.add("approval_action", approval_id=approval, verb=verb, **fields)
        return phone.typed[-1]

    def does(self, by: str, verb: str, approval: str, device: str = "phone", **fields) -> dict:
        """The same, with everything up to date and sent at once. Returns the outcome."""
        self.device(by, device).sync()
        typed = self.says(by, verb, approval, device, **fields)
        return self.sent(by, typed, device)

    def sent(self, by: str, typed: dict, device: str = "phone") -> dict:
        phone = self.device(by, device)
        phone.sync()
        return phone.outcomes[typed["id"]]

    @staticmethod
    def active(phone: Device, approval: str) -> str | None:
        found = [
            step["id"]
            for step in phone.rows.get("approval_step", {}).values()
            if step["approval_id"] == approval and step["state"] == "active"
        ]
        return found[0] if found else None

    # --- what the server has

    def row(self, entity: str, row_id: str) -> dict:
        with self.firm.look() as db:
            return dict(db.execute(f"SELECT * FROM {entity} WHERE id = ?", (row_id,)).fetchone())

    def rows(self, entity: str, approval: str, order: str = "rowid") -> list[dict]:
        with self.firm.look() as db:
            found = db.execute(f"SELECT * FROM {entity} WHERE approval_id = ? ORDER BY {order}", (approval,))
            return [dict(row) for row in found]

    def state(self, approval: str) -> str:
        return self.row("approval", approval)["state"]

    def waiting(self, approval: str) -> list[str]:
        return json.loads(self.row("approval", approval)["waiting_ids"] or "[]")

    def way(self, approval: str) -> list[tuple[str, str, list[str]]]:
        """(key, state, who is asked) of the steps that are not void."""
        return [
            (step["key"], step["state"], json.loads(step["asked_ids"]))
            for step in self.rows("approval_step", approval, "position, rowid")
            if step["state"] != "void"
        ]

    def told(self, user_id: str) -> list[str]:
        with self.firm.look() as db:
            rows = db.execute("SELECT sample FROM notice WHERE user_id = ? ORDER BY id", (user_id,))
            return [row[0] for row in rows]


MANAGERS = {"rita": "mona", "ron": "mona", "mona": "boss", "sam": "boss"}

__all__ = ["MANAGER", "MANAGERS", "Firm", "new_id", "people"]
