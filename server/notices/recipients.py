"""Whom a notice reaches, by which ways, and when not: what people chose, read for many of them at once.

Decides nothing about what anybody is told; whoever has left is told nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from server.database import sqlite3
from server.person import LANGUAGES

# What a firm speaks where nobody said anything.
_CHINESE_ZONES = {"Asia/Shanghai": "zh-Hans", "Asia/Urumqi": "zh-Hans", "Asia/Hong_Kong": "zh-Hant"}
_CHINESE_ZONES |= {"Asia/Macau": "zh-Hant", "Asia/Taipei": "zh-Hant"}


@dataclass(frozen=True)
class Recipient:
    """subscriptions: rows of push_subscription. email: where to, '' for nowhere. wants_email: chosen, beside pushes."""

    user_id: str
    name: str
    language: str
    timezone: str
    department_id: str | None
    off: frozenset[str]
    email: str
    wants_email: bool
    robot: dict | None
    quiet_from: str
    quiet_until: str
    subscriptions: tuple[dict, ...] = field(default=())

    def takes(self, kind: str, way: str) -> bool:
        return f"{kind}:{way}" not in self.off

    def quiet_until_ms(self, now_ms: int) -> int | None:
        """When this person's quiet hours end, where it is quiet now."""
        return quiet_end_ms(now_ms, self.quiet_from, self.quiet_until, self.timezone)


_PEOPLE = """
SELECT u.id, u.name, u.department_id, u.emails, p.language, p.timezone, p.notice_off, p.notice_email,
  p.robot_kind, p.robot_url, p.robot_secret, p.quiet_from, p.quiet_until
FROM user u LEFT JOIN preference p ON p.id = u.id AND p.deleted = 0
WHERE u.deleted = 0 AND u.is_active = 1 AND u.id IN (SELECT value FROM json_each(?))
"""


def read(db: sqlite3.Connection, user_ids: Iterable[str], firm_timezone: str) -> dict[str, Recipient]:
    """By id; whoever is not active is left out."""
    listed = json.dumps(sorted(set(user_ids)))
    subscriptions: dict[str, list[dict]] = {}
    for row in db.execute(
        "SELECT * FROM push_subscription WHERE user_id IN (SELECT value FROM json_each(?))"
        " ORDER BY seen_at_ms DESC, id",
        (listed,),
    ):
        subscriptions.setdefault(row["user_id"], []).append(dict(row))
    return {
        row["id"]: _recipient(row, subscriptions.get(row["id"], []), firm_timezone)
        for row in db.execute(_PEOPLE, (listed,))
    }


def _recipient(row: sqlite3.Row, subscriptions: list[dict], firm_timezone: str) -> Recipient:
    own = json.loads(row["emails"] or "[]")
    robot = None
    if row["robot_kind"] and row["robot_url"]:
        robot = {"kind": row["robot_kind"], "url": row["robot_url"], "secret": row["robot_secret"] or ""}
    return Recipient(
        user_id=row["id"],
        name=row["name"] or "",
        language=_language(row["language"], subscriptions, firm_timezone),
        timezone=row["timezone"] or firm_timezone,
        department_id=row["department_id"],
        off=frozenset(json.loads(row["notice_off"] or "[]")),
        email=row["notice_email"] or (own[0] if own else ""),
        wants_email=bool(row["notice_email"]),
        robot=robot,
        quiet_from=row["quiet_from"] or "",
        quiet_until=row["quiet_until"] or "",
        subscriptions=tuple(subscriptions),
    )


def _language(chosen: str | None, subscriptions: list[dict], firm_timezone: str) -> str:
    """What the person chose, else what their device speaks, else what is spoken where the firm is."""
    heard = [chosen, *(one["language"] for one in subscriptions)]
    return next((one for one in heard if one in LANGUAGES), _CHINESE_ZONES.get(firm_timezone, "en"))


def quiet_end_ms(now_ms: int, start: str, end: str, timezone: str) -> int | None:
    """When quiet hours end, which may run over midnight; None where it is not quiet."""
    if not start or not end or start == end:
        return None
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo("UTC")
    now = datetime.fromtimestamp(now_ms / 1000, zone)
    clock = now.strftime("%H:%M")
    is_quiet = start <= clock < end if start < end else clock >= start or clock < end
    if not is_quiet:
        return None
    day = now.date() if clock < end else now.date() + timedelta(days=1)
    hours, minutes = (int(part) for part in end.split(":"))
    ends = datetime(day.year, day.month, day.day, hours, minutes, tzinfo=zone)
    # Where clocks are put forward the hour may not exist: never an instant that has passed.
    return max(int(ends.timestamp() * 1000), now_ms + 1)
