"""Who holds which bucket.

`regrant_people`, `regrant_accounts` and `regrant_approvals` keep the `membership` table; they run in the
writer's transaction, in the same change that made them necessary.  What follows for reading is in `views`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable

from sync.model import Bucket, Entity

from .database import sqlite3


def is_set(entity: Entity, bucket: Bucket) -> bool:
    field = entity.by_name.get(bucket.column)
    return field is not None and field.type == "set"


# --- who may -----------------------------------------------------------------------------------------


# How long after losing a bucket a person's device may still bring what was typed before it could know.
GRACE_MS = 30 * 86_400_000


def access(db: sqlite3.Connection, user_id: str, kind: str, key: str | None, since: int | None = None) -> str | None:
    """'write', 'read' or None: what this person may do with the rows of a bucket now.

    since: what the person's device knows of (its cursor).  A bucket lost, or lowered to reading, after that still
    counts, for a while: what was typed without signal is taken before the rows go.
    """
    if key is None:
        return None
    found = db.execute(
        "SELECT access, until_seq, until_at_ms > clock_ms() - :grace, written_until_seq,"
        " written_until_at_ms > clock_ms() - :grace FROM membership"
        " WHERE user_id = :user_id AND kind = :kind AND key = :key",
        {"grace": GRACE_MS, "user_id": user_id, "kind": kind, "key": key},
    ).fetchone()
    if found is None:
        return None
    level, until_seq, is_recent, written_until_seq, was_written_recently = found
    if until_seq is not None and not (is_recent and _is_news(until_seq, since)):
        return None
    if level == "read" and was_written_recently and _is_news(written_until_seq, since):
        return "write"
    return level


def _is_news(until_seq: int, since: int | None) -> bool:
    """Whether a device that knows of `since` cannot know of this loss yet."""
    return since is not None and until_seq > since


def members(db: sqlite3.Connection, buckets: Iterable[tuple[str, str]]) -> set[str]:
    """The people who hold any of these buckets, or have just lost it (they must hear of that too)."""
    rows = db.execute(
        "SELECT DISTINCT m.user_id FROM json_each(?) AS b CROSS JOIN membership AS m INDEXED BY membership_kind_key"
        " ON m.kind = b.value ->> 0 AND m.key = b.value ->> 1",
        (json.dumps(list(buckets)),),
    )
    return {row[0] for row in rows}


# --- granting ----------------------------------------------------------------------------------------


# The buckets that follow from people alone; who holds the others depends on a row.
OF_PEOPLE = "('firm', 'private', 'person')"


def regrant_people(db: sqlite3.Connection, seq: int) -> set[tuple[str, str]]:
    """Recompute firm, private and person buckets of everyone, then the accounts and approvals that follow.

    Needed after any change of a person, a role or the department tree.  Returns the buckets whose
    membership changed.
    """
    wanted = _people_buckets(db)
    held = {
        (row["user_id"], row["kind"], row["key"])
        for row in db.execute(
            f"SELECT user_id, kind, key FROM membership WHERE until_seq IS NULL AND kind IN {OF_PEOPLE}"
        )
    }
    for user_id, kind, key in wanted - held:
        _enter(db, seq, user_id, kind, key, "write")
    for user_id, kind, key in held - wanted:
        _leave(db, seq, user_id, kind, key)
    changed = wanted ^ held
    owners = {key for _, kind, key in changed if kind == "person"}
    touched = {(kind, key) for _, kind, key in changed}
    came_or_went = {user_id for user_id, kind, _ in changed if kind == "firm"}
    accounts = _accounts_of(db, owners, with_ownerless=bool(came_or_went)) | _accounts_shared_with(db, came_or_went)
    touched |= regrant_approvals(db, seq, _approvals_with(db, came_or_went))
    return touched | regrant_accounts(db, seq, accounts)


def _people_buckets(db: sqlite3.Connection) -> set[tuple[str, str, str]]:
    wanted: set[tuple[str, str, str]] = set()
    for viewer, owners in reach(db).items():
        wanted.add((viewer, "firm", ""))
        wanted.add((viewer, "private", viewer))
        wanted.update((viewer, "person", owner) for owner in owners)
    return wanted


def reach(db: sqlite3.Connection) -> dict[str, set[str]]:
    """Whose rows each active person's data scope reaches, the person always included."""
    people = db.execute(
        "SELECT u.id, u.department_id, u.manager_id, u.is_active, r.data_scope FROM user AS u"
        " LEFT JOIN role AS r ON r.id = u.role_id WHERE u.deleted = 0"
    ).fetchall()
    reports: dict[str, list[str]] = defaultdict(list)
    in_department: dict[str, list[str]] = defaultdict(list)
    for person in people:
        reports[person["manager_id"]].append(person["id"])
        in_department[person["department_id"]].append(person["id"])
    below: dict[str, list[str]] = defaultdict(list)
    for department in db.execute("SELECT id, parent_id FROM department WHERE deleted = 0"):
        below[department["parent_id"]].append(department["id"])

    found: dict[str, set[str]] = {}
    for person in people:
        if not person["is_active"]:
            continue
        owners = {person["id"]}
        data_scope, department = person["data_scope"], person["department_id"]
        if data_scope == "everything":
            owners.update(other["id"] for other in people)
        elif data_scope == "reports":
            owners |= _descend(person["id"], reports)
        elif data_scope == "department" and department:
            owners.update(in_department[department])
        elif data_scope == "below" and department:
            for place in _descend(department, below):
                owners.update(in_department[place])
        found[person["id"]] = owners
    return found


def _descend(start: str, children: dict[str, list[str]]) -> set[str]:
    """start and everything below it; a cycle ends where it closes."""
    found, waiting = {start}, [start]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found


def _accounts_of(db: sqlite3.Connection, owners: Iterable[str], with_ownerless: bool) -> set[str]:
    found: set[str] = set()
    for owner in owners:
        found.update(row[0] for row in db.execute("SELECT id FROM account WHERE owner_id = ?", (owner,)))
    if with_ownerless:
        found.update(row[0] for row in db.execute("SELECT id FROM account WHERE owner_id IS NULL"))
    return found


def _accounts_shared_with(db: sqlite3.Connection, user_ids: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for user_id in user_ids:
        shared = db.execute("SELECT account_id FROM account_member WHERE user_id = ? AND deleted = 0", (user_id,))
        found.update(row[0] for row in shared)
    return found


def _approvals_with(db: sqlite3.Connection, user_ids: set[str]) -> set[str]:
    if not user_ids:
        return set()
    rows = db.execute(
        "SELECT id FROM approval WHERE EXISTS (SELECT 1 FROM json_each(people_ids)"
        " WHERE value IN (SELECT value FROM json_each(?)))",
        (json.dumps(sorted(user_ids)),),
    )
    return {row[0] for row in rows}


# Owner and whoever reaches the owner; account members; everyone for an account without an owner.
WANTED_FOR_ACCOUNT = """
SELECT m.user_id, 'write' AS access FROM account AS a
  JOIN membership AS m ON m.kind = 'person' AND m.key = a.owner_id AND m.until_seq IS NULL
  WHERE a.id = :id AND a.deleted = 0
UNION
SELECT am.user_id, am.access FROM account AS a
  JOIN account_member AS am ON am.account_id = a.id AND am.deleted = 0
  JOIN user AS u ON u.id = am.user_id AND u.is_active = 1 AND u.deleted = 0
  WHERE a.id = :id AND a.deleted = 0
UNION
SELECT u.id, 'write' FROM account AS a
  JOIN user AS u ON u.is_active = 1 AND u.deleted = 0
  WHERE a.id = :id AND a.deleted = 0 AND a.owner_id IS NULL
"""


def regrant_accounts(db: sqlite3.Connection, seq: int, account_ids: Iterable[str]) -> set[tuple[str, str]]:
    """Recompute who sees these accounts. Returns the account buckets whose membership changed."""
    touched = set()
    for account_id in account_ids:
        # 'write' sorts after 'read', so it wins where a person is entitled twice.
        wanted = dict(sorted(tuple(row) for row in db.execute(WANTED_FOR_ACCOUNT, {"id": account_id})))
        held = dict(
            tuple(row)
            for row in db.execute(
                "SELECT user_id, access FROM membership WHERE kind = 'account' AND key = ? AND until_seq IS NULL",
                (account_id,),
            )
        )
        if wanted == held:
            continue
        touched.add(("account", account_id))
        for user_id, level in wanted.items():
            if user_id not in held:
                _enter(db, seq, user_id, "account", account_id, level)
            elif held[user_id] != level:
                _change_level(db, seq, user_id, account_id, level)
        for user_id in held.keys() - wanted.keys():
            _leave(db, seq, user_id, "account", account_id)
    return touched


WANTED_FOR_APPROVAL = """
SELECT DISTINCT u.id FROM approval AS a, json_each(a.people_ids) AS takes_part
  JOIN user AS u ON u.id = takes_part.value AND u.is_active = 1 AND u.deleted = 0
  WHERE a.id = :id AND a.deleted = 0
"""


def regrant_approvals(db: sqlite3.Connection, seq: int, approval_ids: Iterable[str]) -> set[tuple[str, str]]:
    """Recompute who takes part in these approvals. Returns the approval buckets whose membership changed.

    To read is enough: what somebody does with a request is a row of their own that points to it.
    """
    touched = set()
    for approval_id in approval_ids:
        wanted = {row[0] for row in db.execute(WANTED_FOR_APPROVAL, {"id": approval_id})}
        held = {
            row[0]
            for row in db.execute(
                "SELECT user_id FROM membership WHERE kind = 'approval' AND key = ? AND until_seq IS NULL",
                (approval_id,),
            )
        }
        for user_id in wanted - held:
            _enter(db, seq, user_id, "approval", approval_id, "read")
        for user_id in held - wanted:
            _leave(db, seq, user_id, "approval", approval_id)
        if wanted != held:
            touched.add(("approval", approval_id))
    return touched


def _enter(db: sqlite3.Connection, seq: int, user_id: str, kind: str, key: str, level: str) -> None:
    db.execute(
        "INSERT INTO membership (user_id, kind, key, access, first_seq, from_seq, held_from_seq)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET access = excluded.access, from_seq = excluded.from_seq, until_seq = NULL,"
        " until_at_ms = NULL, held_from_seq = excluded.held_from_seq, held_until_seq = NULL,"
        " written_until_seq = iif(access = 'write', until_seq, written_until_seq),"
        " written_until_at_ms = iif(access = 'write', until_at_ms, written_until_at_ms)",
        (user_id, kind, key, level, seq, seq, seq),
    )


def _change_level(db: sqlite3.Connection, seq: int, user_id: str, account_id: str, level: str) -> None:
    """Whoever may only read from now on is remembered as somebody who wrote: a device may bring more."""
    db.execute(
        "UPDATE membership SET access = :level,"
        " written_until_seq = iif(:level = 'read', :seq, NULL),"
        " written_until_at_ms = iif(:level = 'read', clock_ms(), NULL)"
        " WHERE user_id = :user_id AND kind = 'account' AND key = :account_id",
        {"level": level, "seq": seq, "user_id": user_id, "account_id": account_id},
    )


def _leave(db: sqlite3.Connection, seq: int, user_id: str, kind: str, key: str) -> None:
    db.execute(
        "UPDATE membership SET until_seq = :seq, until_at_ms = clock_ms(),"
        " held_until_seq = coalesce(held_until_seq, :seq) WHERE user_id = :user_id AND kind = :kind AND key = :key",
        {"seq": seq, "user_id": user_id, "kind": kind, "key": key},
    )


def wake(db: sqlite3.Connection, seq: int, account_ids: Iterable[str]) -> None:
    """Somebody changed these accounts, or what hangs on them: devices that had let them go hold them again."""
    for account_id in account_ids:
        db.execute(
            "UPDATE membership INDEXED BY membership_quiet SET held_from_seq = ?, held_until_seq = NULL"
            " WHERE key = ? AND kind = 'account' AND until_seq IS NULL AND held_until_seq IS NOT NULL",
            (seq, account_id),
        )
