"""Whether the audit log is whole, and whether the secrets of authenticator apps can be read here."""

from __future__ import annotations

from pathlib import Path

from server import audit
from server.sign_in import sealing, totp

from .finding import Finding


def check_audit(db) -> Finding:
    found = audit.verify(db)
    if found.broken_at is None:
        return Finding("audit log", "ok", f"{found.entries} entries, unbroken")
    way_out = "find out who can write the database; a copy from before shows what the log said"
    return Finding("audit log", "failed", f"changed or cut at entry {found.broken_at}", way_out)


def check_sign_in_key(db, folder: Path) -> Finding:
    """Each app: after a machine was lost there may be some of an earlier key beside those of the present one."""
    lost, apps = totp.unreadable(db, folder)
    if not apps:
        return Finding("authenticator apps", "ok", "nobody uses one")
    if not lost:
        return Finding("authenticator apps", "ok", "their secrets can be read")
    key = sealing.KEY_FILE
    words = f"{lost} of {apps} open nothing: {key} is missing, or not the one that their secrets were encrypted with"
    way_out = (
        f"copy the right {key} into {folder}, see BACKUPS.md. Recovery codes and passkeys work without it; for whoever"
        " has neither: roadbook second-factor PERSON"
    )
    return Finding("authenticator apps", "warning", words, way_out)
