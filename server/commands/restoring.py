"""restored: a firm's file was put back from a copy."""

from __future__ import annotations

from server import audit

from .in_firm import tell


def add_to(commands) -> None:
    restored = commands.add_parser("restored", help="say that the firm's file was put back from a copy")
    restored.set_defaults(command=tell(begin_new_life))


def begin_new_life(firm, url: str) -> str:
    firm.begin_new_life()
    firm.write_now(lambda db: audit.note(db, firm.clock(), "", "", "restored"))
    return (
        "This firm's file counts as put back from a copy: every device fetches its rows anew and sends again"
        " what the copy does not have. Start the server now; nobody has to do anything."
    )
