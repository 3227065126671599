"""Refused sign-ins in the audit log: enough of them to see an attack, never so many that they fill the disk.

Of each hour the first MOST_AN_HOUR are noted one by one; how many more there were is noted once, when the next one
comes after that hour.  What was typed is noted nowhere: people type passwords into the login field.
"""

from __future__ import annotations

import ipaddress

from server.audit import note

HOUR_MS = 3_600_000
MOST_AN_HOUR = 10


def note_failure(db, at_ms: int, user_id: str | None, action: str, how: str, address: str) -> None:
    """In a write job. user_id: whose login it was, where it is somebody's. how: password, code, passkey, ….

    action: sign_in_failed, proof_failed, passkey_suspect.
    """
    hour = at_ms // HOUR_MS
    row = db.execute("SELECT hour, noted, more FROM audit_failures").fetchone()
    if row is None or row[0] != hour:
        if row and row[2]:
            note(db, at_ms, "", "", "sign_ins_failed", "", {"more": row[2], "hour_ms": row[0] * HOUR_MS})
        row = (hour, 0, 0)
    is_noted = row[1] < MOST_AN_HOUR
    if is_noted:
        # Nobody knows who tried: the person is what it was tried on.
        about = f"user/{user_id}" if user_id else ""
        note(db, at_ms, "", "", action, about, {"by": how, "network": network(address)})
    db.execute(
        "INSERT INTO audit_failures (id, hour, noted, more) VALUES (1, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET hour = excluded.hour, noted = excluded.noted, more = excluded.more",
        (hour, row[1] + is_noted, row[2] + (not is_noted)),
    )


def network(address: str) -> str:
    """Where somebody came from, told less exactly than it is known: the log is kept for years."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if ip.version == 6 and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return str(ipaddress.ip_network((ip, 24 if ip.version == 4 else 48), strict=False))
