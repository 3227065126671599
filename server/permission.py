"""May this person write this row? Raises Rejected with a reason that tells nothing about unseen rows.

A row that does not exist and a row that the person may not see are refused with the same words.

since, throughout: the sequence number that the person's device knows of; see `scope.access`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from json import loads

from sync.entities import BY_NAME
from sync.model import AUTHOR, SERVER_ONLY, Bucket, Entity

from . import scope
from .database import sqlite3


class Rejected(Exception):
    """An operation is not in force. reason is a code that both hosts can say in the person's language."""

    def __init__(self, reason: str, **detail) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


def check_new(db: sqlite3.Connection, user_id: str, entity: Entity, row: dict, since: int | None = None) -> None:
    """May this person add this row?"""
    if entity.writers == SERVER_ONLY or entity.name == "conflict":
        raise Rejected("server_only")
    if entity.name == "account_member":
        _check_shares(db, user_id, row["account_id"])
    if entity.one_per_person and row["id"] != row["owner_id"]:
        raise Rejected("not_yours")
    for bucket in entity.buckets:
        if bucket.kind == "account" and entity.name != "account":
            for key in bucket_keys(entity, bucket, row):
                _check_level(scope.access(db, user_id, "account", key, since), bucket.column)
    _check_new_owner(db, user_id, entity, row)


def _check_new_owner(db: sqlite3.Connection, user_id: str, entity: Entity, row: dict) -> None:
    if "owner_id" not in entity.by_name:
        return
    owner = row.get("owner_id")
    if owner == user_id or (owner is None and entity.name == "account"):
        return
    if entity.writers == AUTHOR or not scope.access(db, user_id, "person", owner):
        raise Rejected("not_yours", field="owner_id")


def check_edit(
    db: sqlite3.Connection, user_id: str, entity: Entity, row: dict, edit, since: int | None = None
) -> None:
    """May this person change this row, as it is now, in this way?"""
    if entity.writers == SERVER_ONLY:
        raise Rejected("server_only")
    if row.get("deleted"):
        # Whoever had it until it was deleted may bring it back: that took everyone out of an account.
        since = min(row["version"] - 1, row["version"] if since is None else since)
    _check_level(level(db, user_id, entity, row, since))
    if entity.writers == AUTHOR and row.get("owner_id") != user_id:
        raise Rejected("only_author")
    if entity.name == "account_member":
        _check_shares(db, user_id, row["account_id"])
    if edit.delete and entity.name == "conflict":
        raise Rejected("server_only")
    if edit.set.get("owner_id", row.get("owner_id")) != row.get("owner_id"):
        _check_gives_away(db, user_id, row.get("owner_id"), edit.set["owner_id"])


def _check_gives_away(db: sqlite3.Connection, user_id: str, old: str | None, new: str | None) -> None:
    """Whoever reaches the owner may name another one; an ownerless row may be claimed."""
    mine = old is None or old == user_id or scope.access(db, user_id, "person", old)
    claims_for_other = old is None and new != user_id and not scope.access(db, user_id, "person", new)
    if not mine or claims_for_other:
        raise Rejected("not_yours", field="owner_id")


def _check_shares(db: sqlite3.Connection, user_id: str, account_id: str | None) -> None:
    """Who works on an account is decided by its owner, or by whoever reaches the owner."""
    _check_level(scope.access(db, user_id, "account", account_id), "account_id")
    owner = db.execute("SELECT owner_id FROM account WHERE id = ?", (account_id,)).fetchone()[0]
    if owner is not None and not scope.access(db, user_id, "person", owner):
        raise Rejected("not_yours")


def check_references(
    db: sqlite3.Connection, user_id: str, entity: Entity, edit, since: int | None = None
) -> None:
    """Whatever the operation points to must exist and be visible to the person."""
    for name, key in references(entity, edit):
        target = BY_NAME[entity.by_name[name].ref]
        row = db.execute(f"SELECT * FROM {target.name} WHERE id = ? AND deleted = 0", (key,)).fetchone()
        if row is None or level(db, user_id, target, dict(row), since) is None:
            raise Rejected("not_found", field=name)


def references(entity: Entity, edit) -> Iterator[tuple[str, str]]:
    """(field name, id) of every reference that an operation sets or adds."""
    for name, value in edit.set.items():
        if entity.by_name[name].ref and value is not None:
            yield name, value
    for name, values in edit.add.items():
        if entity.by_name[name].ref:
            for value in values:
                yield name, value


def level(
    db: sqlite3.Connection, user_id: str, entity: Entity, row: dict, since: int | None = None
) -> str | None:
    """'write', 'read' or None: the best this person holds on this row through any of its buckets."""
    best = None
    for kind, key in row_buckets(entity, row):
        held = scope.access(db, user_id, kind, key, since)
        if held == "write":
            return held
        best = best or held
    return best


def row_buckets(entity: Entity, row: dict) -> Iterator[tuple[str, str]]:
    """(kind, key) of every bucket this row is in."""
    for bucket in entity.buckets:
        for key in bucket_keys(entity, bucket, row):
            yield bucket.kind, key


def bucket_keys(entity: Entity, bucket: Bucket, row: dict) -> Iterable[str]:
    if bucket.kind == "firm":
        return ("",)
    if bucket.only_without and row.get(bucket.only_without) is not None:
        return ()
    value = row.get(bucket.column)
    if value is None:
        return ()
    return loads(value) if scope.is_set(entity, bucket) else (value,)


def _check_level(held: str | None, field: str = "") -> None:
    detail = {"field": field} if field else {}
    if held is None:
        raise Rejected("not_found", **detail)
    if held == "read":
        raise Rejected("read_only", **detail)
