"""Who looks at a page, in which language and which time zone.  Shows nothing and decides no rights."""

from __future__ import annotations

from starlette.requests import Request

LANGUAGES = ("en", "zh-Hans", "zh-Hant")
_TRADITIONAL = ("zh-hant", "zh-tw", "zh-hk", "zh-mo")

_ME = (
    "SELECT user.id, user.name, user.title, user.role_id, user.department_id,"
    " coalesce(role.is_admin, 0) AS is_admin, preference.language, preference.timezone, preference.theme"
    " FROM user LEFT JOIN role ON role.id = user.role_id LEFT JOIN preference ON preference.id = user.id"
    " WHERE user.id = ?"
)


def me_of(conn, user_id: str) -> dict:
    """The `me` of every template: the person's row and preferences, from a scoped or an unscoped reader."""
    row = conn.execute(_ME, (user_id,)).fetchone()
    return dict(row) if row else {"id": user_id, "name": "", "is_admin": 0}


def language_of(me: dict | None, request: Request) -> str:
    """What the person chose, else what the browser asks for."""
    chosen = me.get("language") if me else None
    return chosen if chosen in LANGUAGES else accepted_language(request.headers.get("accept-language", ""))


def timezone_of(me: dict | None, firm) -> str:
    return (me.get("timezone") if me else None) or firm.timezone


def accepted_language(header: str) -> str:
    """The first language of an Accept-Language header that Roadbook speaks, else English."""
    ranked = sorted((_weighed(part) for part in header.split(",")), key=lambda pair: -pair[0])
    for weight, tag in ranked:
        if weight <= 0:
            continue
        if tag == "zh" or tag.startswith("zh-"):
            return "zh-Hant" if tag.startswith(_TRADITIONAL) else "zh-Hans"
        if tag == "en" or tag.startswith("en-"):
            return "en"
    return "en"


def _weighed(part: str) -> tuple[float, str]:
    tag, _, rest = part.strip().partition(";")
    _, _, weight = rest.partition("q=")
    try:
        return (float(weight) if weight else 1.0), tag.strip().lower()
    except ValueError:
        return 0.0, tag.strip().lower()
