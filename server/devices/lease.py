"""What the firm asks of devices: how many days without contact one may still be read, and whether it has a lock.

Both are rows that every device holds; devices hold themselves to them (service_worker/lease.js, app_lock.js).
"""

from __future__ import annotations

from server.admin.changes import Refused, change, make
from sync.ids import derived_id

# Long enough for a holiday, and for a phone that waits in a drawer until Monday; most phones meet the server daily.
DEFAULT_DAYS = 30
MOST_DAYS = 400
DAYS, LOCK = "lease_days", "app_lock"


def lease_days(conn) -> int:
    """0: devices never lock by themselves."""
    text = _value(conn, DAYS)
    return int(text) if text and text.isascii() and text.isdigit() else DEFAULT_DAYS


def asks_for_lock(conn) -> bool:
    return _value(conn, LOCK) == "required"


def set_lease_days(conn, firm, by: str, text: str) -> int:
    """Raises Refused."""
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise Refused("not_a_number", field="lease_days")
    if int(text) > MOST_DAYS:
        raise Refused("out_of_range", field="lease_days", least=0, most=MOST_DAYS)
    _set(conn, firm, by, DAYS, str(int(text)))
    return int(text)


def ask_for_lock(conn, firm, by: str, is_asked: bool) -> None:
    _set(conn, firm, by, LOCK, "required" if is_asked else "free")


def _value(conn, key: str) -> str | None:
    row = _row(conn, key)
    return row["value"] if row else None


def _row(conn, key: str):
    asked = "SELECT * FROM firm_setting WHERE key = ? AND deleted = 0 ORDER BY id LIMIT 1"
    return conn.execute(asked, (key,)).fetchone()


def _set(conn, firm, by: str, key: str, value: str) -> None:
    row = _row(conn, key)
    if row is None:
        make(conn, firm, by, "firm_setting", {"key": key, "value": value}, derived_id("firm_setting", key))
    elif row["value"] != value:
        change(conn, firm, by, "firm_setting", row["id"], row["version"], {"value": value})
