"""Robots that tell groups, and what could not be delivered. Functions that change something run in a write job."""

from __future__ import annotations

import json

from server.admin.changes import Refused, fresh_id
from server.notices.queue import KINDS
from server.notices.reach import ROBOT_HOSTS, NotAllowed, Reach
from server.person import LANGUAGES

MOST_LETTERS = {"name": 120, "url": 500, "secret": 200}
SHOWN_FAILURES = 100
FAILURES_MS = 14 * 86_400_000


def robots(conn) -> list[dict]:
    found = conn.execute("SELECT * FROM group_robot ORDER BY name, id")
    return [{**dict(row), "kinds": json.loads(row["kinds"])} for row in found]


def robot(conn, robot_id: str) -> dict:
    """Raises Refused where there is none."""
    found = next((one for one in robots(conn) if one["id"] == robot_id), None)
    if found is None:
        raise Refused("not_found")
    return found


def as_typed(conn, form: dict[str, str], kinds: list[str], origins: frozenset[str]) -> dict:
    """The fields of a robot from a form. Raises Refused, with the field."""
    names = ("name", "kind", "url", "secret", "department_id", "language")
    fields = {name: form.get(name, "").strip() for name in names}
    for name, most in MOST_LETTERS.items():
        if len(fields[name]) > most:
            raise Refused("too_long", field=name, most=most)
    if not fields["name"]:
        raise Refused("required", field="name")
    if fields["kind"] not in ROBOT_HOSTS:
        raise Refused("unknown_robot", field="kind")
    try:
        Reach(ROBOT_HOSTS[fields["kind"]], origins).check(fields["url"])
    except NotAllowed as refused:
        raise Refused(refused.reason, field="url") from None
    if fields["department_id"] and not _is_department(conn, fields["department_id"]):
        raise Refused("not_found", field="department_id")
    return fields | {
        "kinds": [kind for kind in KINDS if kind in kinds],
        "department_id": fields["department_id"] or None,
        "language": fields["language"] if fields["language"] in LANGUAGES else "zh-Hans",
        "is_active": 1 if form.get("is_active") else 0,
    }


def _is_department(conn, department_id: str) -> bool:
    found = conn.execute("SELECT 1 FROM department WHERE id = ? AND deleted = 0", (department_id,))
    return found.fetchone() is not None


def save(conn, firm, robot_id: str, fields: dict) -> str:
    """Add one, or change it. An empty secret leaves the one that is there."""
    if robot_id:
        fields = fields | {"secret": fields["secret"] or robot(conn, robot_id)["secret"]}
    robot_id = robot_id or fresh_id(firm)
    conn.execute(
        "INSERT INTO group_robot"
        " (id, name, kind, url, secret, kinds, department_id, language, is_active, changed_at_ms)"
        " VALUES (:id, :name, :kind, :url, :secret, :kinds, :department_id, :language, :is_active, :now)"
        " ON CONFLICT (id) DO UPDATE SET name = :name, kind = :kind, url = :url, secret = :secret, kinds = :kinds,"
        " department_id = :department_id, language = :language, is_active = :is_active, changed_at_ms = :now",
        fields | {"id": robot_id, "kinds": json.dumps(fields["kinds"]), "now": firm.clock()},
    )
    return robot_id


def delete(conn, robot_id: str) -> None:
    conn.execute("DELETE FROM group_robot WHERE id = ?", (robot_id,))


def failures(conn, now_ms: int) -> list[dict]:
    """What was given up of late, newest first: to whom, by which way, why; what it was about is theirs."""
    found = conn.execute(
        "SELECT d.way, d.reason, d.tries, d.done_at_ms, n.kind, u.name, g.name AS robot FROM delivery d"
        " JOIN notice n ON n.id = d.notice_id LEFT JOIN user u ON u.id = n.user_id"
        " LEFT JOIN group_robot g ON g.id = d.target WHERE d.state = 'failed' AND d.done_at_ms > ?"
        " ORDER BY d.done_at_ms DESC, d.id DESC LIMIT ?",
        (now_ms - FAILURES_MS, SHOWN_FAILURES),
    )
    return [dict(row) for row in found]


def delayed(conn) -> int:
    """How many deliveries failed and are to be tried again."""
    return conn.execute("SELECT count(*) FROM delivery WHERE state = 'waiting' AND tries > 0").fetchone()[0]
