"""Whether the audit log is whole, and whether the secrets of authenticator apps can be read here."""

from __future__ import annotations

from pathlib import Path

from server import audit
from server.sign_in import sealing

from .finding import Finding


def check_audit(db) -> Finding:
    found = audit.verify(db)
    if found.broken_at is None:
        return Finding("audit log", "ok", f"{found.entries} entries, unbroken")
    way_out = "find out who can write the database; a copy from before shows what the log said"
    return Finding("audit log", "failed", f"changed or cut at entry {found.broken_at}", way_out)


def check_sign_in_key(db, folder: Path) -> Finding:
    """One app stands for all: they are encrypted with one key."""
    row = db.execute("SELECT user_id, secret FROM totp ORDER BY since_ms DESC, user_id LIMIT 1").fetchone()
    if row is None:
        return Finding("authenticator apps", "ok", "nobody uses one")
    try:
        sealing.unseal(folder, row[0], row[1])
    except sealing.Unreadable:
        words = f"{sealing.KEY_FILE} is missing, or not the one that their secrets were encrypted with"
        way_out = f"put the right {sealing.KEY_FILE} into {folder}, or: roadbook second-factor PERSON"
        return Finding("authenticator apps", "warning", words, way_out)
    return Finding("authenticator apps", "ok", "their secrets can be read")
