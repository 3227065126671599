"""Administration in words: data scopes, and why a change was refused."""

from __future__ import annotations

from server.admin.changes import Refused
from web.text import Text


def scopes(text: Text) -> list[tuple[str, str]]:
    """Data scope -> what it means to the person who chooses it."""
    _ = text.gettext
    return [
        ("own", _("Own customers")),
        ("reports", _("Own customers and those of direct reports")),
        ("department", _("Customers of the department")),
        ("below", _("Customers of the department and those below it")),
        ("everything", _("All customers of the firm")),
    ]


def refusal(text: Text, refused: Refused) -> str:
    _ = text.gettext
    own = {
        "last_admin": _("Nobody could administer Roadbook after that. Make somebody else an administrator first."),
        "own_manager": _("That would make somebody their own manager."),
        "below_itself": _("A department cannot be below itself."),
        "not_empty": _("People or departments are still in it. Move them first."),
        "in_use": _("People still hold this role. Give them another first."),
        "inactive": _("This person is inactive. Activate them first."),
        "changed_meanwhile": _("Somebody else changed this in the meantime. Look at it again, then save."),
    }
    return own.get(refused.reason) or text.reason(refused.reason, refused.detail)
