"""What may be asked for: definitions, their order, and their versions, of which none is ever changed.

Functions that change something run in a write job; `by` is the administrator. What a person types is the matter of
`approvals_draft`; what a definition means in words is `approvals_words`'.
"""

from __future__ import annotations

import json
from dataclasses import replace

from server.admin.approvals_money import in_order, moved
from server.admin.changes import Refused, change, find, make
from server.approvals.definition import ASKS, Definition, parse

KINDS = ("general", "expense_request", "advance", "expense_claim")


def definitions(conn) -> list[dict]:
    """All of them by subject, in order, with how many requests were ever submitted and how many wait."""
    rows = conn.execute(
        "SELECT d.*,"
        " (SELECT count(*) FROM approval AS a WHERE a.definition_id = d.id AND a.deleted = 0"
        "  AND a.applicant_id IS NOT NULL) AS requests,"
        " (SELECT count(*) FROM approval AS a WHERE a.definition_id = d.id AND a.deleted = 0"
        "  AND a.state = 'pending') AS pending"
        " FROM approval_definition AS d WHERE d.deleted = 0 ORDER BY d.position, d.id"
    ).fetchall()
    subjects = list(dict.fromkeys(row["subject"] or "" for row in rows))
    return [dict(row) for row in sorted(rows, key=lambda row: subjects.index(row["subject"] or ""))]


def subjects(conn) -> list[str]:
    return list(dict.fromkeys(one["subject"] for one in definitions(conn) if one["subject"]))


def definition(conn, definition_id: str) -> dict:
    """Raises Refused."""
    return dict(find(conn, "approval_definition", definition_id))


def is_in_use(conn, definition_id: str) -> bool:
    """Whether anything was ever begun with it."""
    asked = "SELECT 1 FROM approval WHERE definition_id = ? LIMIT 1"
    return conn.execute(asked, (definition_id,)).fetchone() is not None


def versions(conn, definition_id: str) -> list[dict]:
    """Newest first, with the name of whoever made each."""
    rows = conn.execute(
        "SELECT v.*, u.name AS author FROM definition_version AS v LEFT JOIN user AS u ON u.id = v.created_by"
        " WHERE v.definition_id = ? AND v.deleted = 0 ORDER BY v.number DESC, v.id",
        (definition_id,),
    )
    return [dict(row) for row in rows]


def version(conn, definition_id: str, number: int) -> dict:
    """Raises Refused."""
    found = next((one for one in versions(conn, definition_id) if one["number"] == number), None)
    if found is None:
        raise Refused("not_found")
    return found


def current(conn, definition_id: str) -> dict:
    """The version that new requests are made with. Raises Refused."""
    return version(conn, definition_id, definition(conn, definition_id)["current"])


def save(conn, firm, by: str, definition_id: str, seen_version: int, about: dict, documents: dict) -> str:
    """A new definition where definition_id is ''; else its next version, if anything but its name differs.

    about: name, subject, kind. documents: what `definition.check` has seen. Returns the id. Raises Refused, also where
    somebody changed the row since it was seen: the job is undone then, with the version that it made.
    """
    if not definition_id:
        last = conn.execute("SELECT coalesce(max(position), -1) FROM approval_definition").fetchone()[0]
        place = {"current": 1, "position": min(last + 1, 10_000)}
        definition_id = make(conn, firm, by, "approval_definition", about | place)
        _make_version(conn, firm, by, definition_id, 1, documents)
        return definition_id
    row = definition(conn, definition_id)
    if row["kind"] != about["kind"] and is_in_use(conn, definition_id):
        raise Refused("kind_is_fixed", field="kind")
    if not same(parse(documents), parse(current(conn, definition_id))):
        number = versions(conn, definition_id)[0]["number"] + 1
        _make_version(conn, firm, by, definition_id, number, documents)
        about = about | {"current": number}
    change(conn, firm, by, "approval_definition", definition_id, seen_version, about)
    return definition_id


def same(one: Definition, other: Definition) -> bool:
    """Whether both ask for the same and go the same way."""
    return _bare(one) == _bare(other)


def switch(conn, firm, by: str, definition_id: str, seen_version: int, is_active: int) -> None:
    """Off: nobody begins a new request; those that are there go on."""
    change(conn, firm, by, "approval_definition", definition_id, seen_version, {"is_active": is_active})


def move(conn, firm, by: str, definition_id: str, step: int) -> None:
    """One place up (-1) or down (1) among those of its subject."""
    rows = definitions(conn)
    subject = definition(conn, definition_id)["subject"] or ""
    of_subject = moved([one["id"] for one in rows if (one["subject"] or "") == subject], definition_id, step)
    at = iter(of_subject)
    in_order(
        conn,
        firm,
        by,
        "approval_definition",
        [next(at) if (one["subject"] or "") == subject else one["id"] for one in rows],
    )


def _make_version(conn, firm, by: str, definition_id: str, number: int, documents: dict) -> None:
    texts = {name: _json(documents[name]) for name in ("form", "starters", "steps", "cc")}
    row = {"definition_id": definition_id, "number": number, "asks": list(documents["asks"])}
    make(conn, firm, by, "definition_version", row | texts | {"fallback_id": documents["fallback_id"]})


def _bare(one: Definition) -> Definition:
    asks = tuple(ask for ask in ASKS if ask in one.asks)
    return replace(one, asks=asks, version_id=None, definition_id=None, number=0)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
