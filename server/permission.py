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


class NoAccess(Rejected):
    """This person may not, or may no longer: whoever could before makes a proposal instead."""


class Missing(NoAccess):
    """A row that the operation names is not there at all; whoever sent it is told no more than NoAccess says."""

    def __init__(self, row_id: str, field: str = "") -> None:
        super().__init__("not_found", **({"field": field} if field else {}))
        self.row_id = row_id


def check_new(db: sqlite3.Connection, user_id: str, entity: Entity, row: dict, since: int | None = None) -> None:
    """May this person add this row?"""
    check_addable(db, user_id, entity, row)
    series = _series_of(db, user_id, entity, row, since)
    for column, key in accounts_named(entity, row):
        if not _names(series, column, key):
            _check_level(_access(db, user_id, "account", key, since), column)


def check_addable(db: sqlite3.Connection, user_id: str, entity: Entity, row: dict) -> None:
    """The same, wherever the row hangs."""
    if entity.writers == SERVER_ONLY or entity.name == "conflict":
        raise Rejected("server_only")
    if entity.name == "account_member":
        _check_shares(db, user_id, row["account_id"])
    if entity.one_per_person and row["id"] != row["owner_id"]:
        raise Rejected("not_yours")
    _check_new_owner(db, user_id, entity, row)
    _check_still_here(db, user_id, entity, row)


def accounts_named(entity: Entity, row: dict) -> Iterator[tuple[str, str]]:
    """(column, id) of every account that a row hangs on."""
    for bucket in entity.buckets:
        if bucket.kind == "account" and entity.name != "account":
            for key in bucket_keys(entity, bucket, row):
                yield bucket.column, key


def _check_new_owner(db: sqlite3.Connection, user_id: str, entity: Entity, row: dict) -> None:
    if "owner_id" not in entity.by_name:
        return
    owner = row.get("owner_id")
    if owner == user_id or (owner is None and entity.name == "account"):
        return
    if _names(_series_of(db, user_id, entity, row), "owner_id", owner):
        return
    if entity.writers == AUTHOR or not scope.access(db, user_id, "person", owner):
        raise Rejected("not_yours", field="owner_id")


def _series_of(
    db: sqlite3.Connection, user_id: str, entity: Entity, given: dict, since: int | None = None
) -> dict | None:
    """The series that a new appointment is one of, or takes over from.

    Whoever may write a series may give its days rows of their own, which name whatever the series names.
    """
    if entity.name != "event" or not given.get("series_id"):
        return None
    found = db.execute("SELECT * FROM event WHERE id = ? AND deleted = 0", (given["series_id"],)).fetchone()
    if found is None or level(db, user_id, entity, dict(found), since) != "write":
        return None
    return dict(found)


def _names(series: dict | None, column: str, key: str | None) -> bool:
    """Whether the series itself points there."""
    if series is None or series.get(column) is None:
        return False
    return key in loads(series[column]) if column.endswith("_ids") else key == series[column]


def _check_still_here(db: sqlite3.Connection, user_id: str, entity: Entity, given: dict) -> None:
    """Nothing is given to somebody who has left; what they bring themselves is handed over."""
    for name in ("owner_id", "assignee_id"):
        person = given.get(name) if name in entity.by_name else None
        if person is not None and person != user_id and not is_active(db, person):
            raise Rejected("has_left", field=name)


def is_active(db: sqlite3.Connection, user_id: str) -> bool:
    found = db.execute("SELECT 1 FROM user WHERE id = ? AND is_active = 1 AND deleted = 0", (user_id,))
    return found.fetchone() is not None


def check_edit(
    db: sqlite3.Connection, user_id: str, entity: Entity, row: dict, edit, since: int | None = None
) -> None:
    """May this person change this row, as it is now, in this way?"""
    if entity.writers == SERVER_ONLY:
        raise Rejected("server_only")
    _check_claim(db, user_id, entity, row, edit)
    if row.get("deleted"):
        # Whoever had it until it was deleted may bring it back: that took everyone out of an account.
        since = min(row["version"] - 1, row["version"] if since is None else since)
    _check_level(level(db, user_id, entity, row, since))
    check_author(user_id, entity, row)
    if entity.name == "account_member":
        _check_shares(db, user_id, row["account_id"])
    if edit.delete and entity.name == "conflict":
        raise Rejected("server_only")
    if entity.name == "handover":
        _check_frozen(user_id, row, edit)
    if edit.set.get("owner_id", row.get("owner_id")) != row.get("owner_id"):
        _check_gives_away(db, user_id, entity, row.get("owner_id"), edit.set["owner_id"])
    _check_still_here(db, user_id, entity, edit.set)


def check_author(user_id: str, entity: Entity, row: dict) -> None:
    if entity.writers == AUTHOR and row.get("owner_id") != user_id:
        raise Rejected("only_author")


def _check_claim(db: sqlite3.Connection, user_id: str, entity: Entity, row: dict, edit) -> None:
    """Whoever claims an account that lay in the pool, and comes second, is told who was faster."""
    owner = row.get("owner_id")
    if entity.name != "account" or edit.set.get("owner_id") != user_id or owner in (None, user_id):
        return
    taken = db.execute(
        "SELECT old FROM history WHERE row_id = ? AND unit = 'owner_id' AND seq > ? AND in_force = 1"
        " ORDER BY seq LIMIT 1",
        (row["id"], edit.base),
    ).fetchone()
    was_free = taken is not None and loads(taken["old"])["owner_id"] is None
    if was_free and _has_held(db, user_id, "account", row["id"]):
        if not is_active(db, user_id):
            raise Rejected("not_found")  # whoever has left hears of no colleague
        name = db.execute("SELECT name FROM user WHERE id = ?", (owner,)).fetchone()
        seen = _name_as_seen(db, user_id, row, edit.base)
        raise Rejected("claimed", by=owner, name=name[0] if name else "", account=seen)


def _name_as_seen(db: sqlite3.Connection, user_id: str, account: dict, base: int) -> str:
    """What the account was called when this person saw it last: what it was called later is not theirs to know."""
    until_seq = db.execute(
        "SELECT until_seq FROM membership WHERE user_id = ? AND kind = 'account' AND key = ?", (user_id, account["id"])
    ).fetchone()[0]
    renamed = db.execute(
        "SELECT old FROM history WHERE row_id = ? AND entity = 'account' AND unit = 'name' AND seq > ? AND in_force = 1"
        " ORDER BY seq LIMIT 1",
        (account["id"], base if until_seq is None else min(base, until_seq - 1)),
    ).fetchone()
    return loads(renamed["old"])["name"] if renamed else account["name"]


def _check_frozen(user_id: str, handover: dict, edit) -> None:
    """A handover is done when it is there: only its receiver says, once, that it was received."""
    named = {*edit.set, *edit.add, *edit.remove}
    if edit.delete or named - {"received_at_ms"} or (named and edit.set["received_at_ms"] is None):
        raise Rejected("fixed")
    if user_id != handover["to_id"]:
        raise Rejected("not_yours")


def _check_gives_away(
    db: sqlite3.Connection, user_id: str, entity: Entity, old: str | None, new: str | None
) -> None:
    """Whoever reaches the owner may name another one; an ownerless row may be claimed. Only accounts have a pool."""
    if new is None and entity.name != "account":
        raise Rejected("required", field="owner_id")
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
    db: sqlite3.Connection, user_id: str, entity: Entity, edit, since: int | None = None, or_held: bool = False
) -> None:
    """Whatever the operation points to must exist and be visible to the person; or_held: or have been before."""
    series = _series_of(db, user_id, entity, edit.set, since)
    for name, key in references(entity, edit):
        if _names(series, name, key):
            continue
        target = BY_NAME[entity.by_name[name].ref]
        found = db.execute(f"SELECT * FROM {target.name} WHERE id = ? AND deleted = 0", (key,)).fetchone()
        if found is None:
            raise Missing(key, name)
        row = dict(found)
        if level(db, user_id, target, row, since) is None and not (or_held and has_held(db, user_id, target, row)):
            raise NoAccess("not_found", field=name)


def references(entity: Entity, edit) -> Iterator[tuple[str, str]]:
    """(field name, id) of every reference that an operation sets or adds."""
    for name, value in edit.set.items():
        if value is not None and entity.by_name[name].ref:
            yield name, value
    for name, values in edit.add.items():
        # A handover takes of these accounts what its giver owns, and says nothing of the others.
        if entity.by_name[name].ref and entity.name != "handover":
            for value in values:
                yield name, value


def level(
    db: sqlite3.Connection, user_id: str, entity: Entity, row: dict, since: int | None = None
) -> str | None:
    """'write', 'read' or None: the best this person holds on this row through any of its buckets."""
    best = None
    for kind, key in row_buckets(entity, row):
        held = _access(db, user_id, kind, key, since)
        if held == "write":
            return held
        best = best or held
    return best


def _access(db: sqlite3.Connection, user_id: str, kind: str, key: str, since: int | None) -> str | None:
    held = scope.access(db, user_id, kind, key, since)
    if held is None and kind == "account":
        # Somebody who has left and still brings an account of their own, with what hangs on it.
        mine = db.execute("SELECT 1 FROM account WHERE id = ? AND owner_id = ?", (key, user_id)).fetchone()
        return "write" if mine else None
    return held


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
    if held == "write":
        return
    raise NoAccess("read_only" if held else "not_found", **({"field": field} if field else {}))


# --- who could, before -------------------------------------------------------------------------------


def has_held(db: sqlite3.Connection, user_id: str, entity: Entity, row: dict) -> bool:
    """Whether this person could write this row at some time: through a bucket it is in, or has left."""
    if any(_has_held(db, user_id, kind, key) for kind, key in row_buckets(entity, row)):
        return True
    left = db.execute(
        "SELECT 1 FROM moved JOIN membership AS m ON m.kind = moved.kind AND m.key = moved.key"
        " WHERE moved.row_id = ? AND moved.entity = ? AND m.user_id = ? AND m.first_seq <= moved.seq"
        " AND (m.access = 'write' OR m.written_until_seq IS NOT NULL) LIMIT 1",
        (row["id"], entity.name, user_id),
    )
    return left.fetchone() is not None


def _has_held(db: sqlite3.Connection, user_id: str, kind: str, key: str) -> bool:
    held = db.execute(
        "SELECT 1 FROM membership WHERE user_id = ? AND kind = ? AND key = ?"
        " AND (access = 'write' OR written_until_seq IS NOT NULL)",
        (user_id, kind, key),
    )
    return held.fetchone() is not None
