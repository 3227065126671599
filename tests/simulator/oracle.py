"""Who may see what, worked out once more from the tables and the domain's words, without the server's scope code.

It is slow and plain on purpose: membership, views, cursors and forgets are all held against it.
"""

from __future__ import annotations

import json

from sync.entities import ENTITIES
from sync.model import Entity
from sync.schema import wire_columns


class Oracle:
    """What each person may see at one moment of the database."""

    def __init__(self, db) -> None:
        self.db = db
        self.people = {row["id"]: dict(row) for row in db.execute("SELECT * FROM user WHERE deleted = 0")}
        self.roles = {row["id"]: dict(row) for row in db.execute("SELECT * FROM role")}
        self.places = {
            row["id"]: row["parent_id"] for row in db.execute("SELECT id, parent_id FROM department WHERE deleted = 0")
        }
        self.owners = {
            row["id"]: row["owner_id"] for row in db.execute("SELECT id, owner_id FROM account WHERE deleted = 0")
        }
        self.shared = {
            (row["account_id"], row["user_id"])
            for row in db.execute("SELECT account_id, user_id FROM account_member WHERE deleted = 0")
        }
        self.taking_part = {
            (row["id"], user_id)
            for row in db.execute("SELECT id, people_ids FROM approval WHERE deleted = 0")
            for user_id in json.loads(row["people_ids"] or "[]")
        }
        self._reached: dict[str, set[str]] = {}

    def is_active(self, user_id: str) -> bool:
        return user_id in self.people and bool(self.people[user_id]["is_active"])

    def sees(self, user_id: str, entity: Entity, row: dict) -> bool:
        return self.is_active(user_id) and any(
            self._holds(user_id, bucket.kind, key)
            for bucket in entity.buckets
            if not (bucket.only_without and row.get(bucket.only_without) is not None)
            for key in self._keys(entity, bucket, row)
        )

    def rows(self, user_id: str) -> dict[str, dict[str, dict]]:
        """entity -> id -> row, as a device that lacks nothing has them."""
        found = {}
        for entity in ENTITIES:
            columns = ", ".join(wire_columns(entity))
            everything = self.db.execute(f"SELECT {columns} FROM main.{entity.name} WHERE deleted = 0")
            rows = {row["id"]: row for row in map(dict, everything) if self.sees(user_id, entity, row)}
            if rows:
                found[entity.name] = rows
        return found

    def _keys(self, entity: Entity, bucket, row: dict) -> list[str]:
        if bucket.kind == "firm":
            return [""]
        value = row.get(bucket.column)
        if value is None:
            return []
        is_set = bucket.column in entity.by_name and entity.by_name[bucket.column].type == "set"
        return json.loads(value) if is_set else [value]

    def _holds(self, user_id: str, kind: str, key: str) -> bool:
        if kind == "firm":
            return True
        if kind == "private":
            return key == user_id
        if kind == "person":
            return key in self._reach(user_id)
        if kind == "approval":
            return (key, user_id) in self.taking_part
        if key not in self.owners:
            return False
        owner = self.owners[key]
        return owner is None or owner in self._reach(user_id) or (key, user_id) in self.shared

    def _reach(self, user_id: str) -> set[str]:
        if user_id not in self._reached:
            others = {other for other in self.people if self._reaches(user_id, other)}
            self._reached[user_id] = others | {user_id}
        return self._reached[user_id]

    def _reaches(self, user_id: str, other: str) -> bool:
        me, place = self.people[user_id], self.people[other]["department_id"]
        data_scope = self.roles[me["role_id"]]["data_scope"] if me["role_id"] in self.roles else "own"
        if data_scope == "everything":
            return True
        if data_scope == "reports":
            return user_id in self._above(other, lambda one: self.people.get(one, {}).get("manager_id"))
        if data_scope == "department":
            return place is not None and place == me["department_id"]
        if data_scope == "below":
            mine = me["department_id"]
            return mine is not None and place is not None and mine in {place, *self._above(place, self.places.get)}
        return False

    @staticmethod
    def _above(start: str, parent_of) -> set[str]:
        found: set[str] = set()
        one = parent_of(start)
        while one and one not in found:
            found.add(one)
            one = parent_of(one)
        return found
