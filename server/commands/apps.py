"""What is said of authenticator apps when a firm comes to a machine, or leaves it: the key of their secrets is in no
backup, so it travels by hand, or people are let in without it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from server.database import connect_reader, sqlite3
from server.sign_in import sealing, totp


def told_on_arrival(folder: Path) -> str:
    """'' where all of them can be checked here."""
    lost, apps = _counted(folder)
    if not lost:
        return ""
    key = folder / sealing.KEY_FILE
    return (
        f"\n{lost} of {apps} authenticator apps open nothing here, because {key.name} is in no backup. Copy it from the"
        f" old machine's folder to {key} (owned by roadbook, mode 600) before anybody sets up a new app. If it is gone:"
        " recovery codes and passkeys work without it; for whoever has neither: roadbook second-factor PERSON"
    )


def told_on_leaving(folder: Path) -> str:
    """'' where nobody has one that the key here opens."""
    lost, apps = _counted(folder)
    if lost == apps:
        return ""
    key = folder / sealing.KEY_FILE
    need = f"authenticator apps need it (those of {apps} people)"
    return f"\nCopy {key} over by hand, too: it is in no backup, and {need}."


def _counted(folder: Path) -> tuple[int, int]:
    try:
        with closing(connect_reader(folder / "roadbook.db")) as db:
            return totp.unreadable(db, folder)
    except sqlite3.Error:  # a database from before there were any
        return 0, 0
