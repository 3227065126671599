"""Pages that only the server has (sign-in, administration, import): their templates and how they are shown.

They share the look and the words of web/ but not its page convention: they need no device to run them.
A package with such pages keeps its templates in its own `templates` folder, extending `base.html`.

    return show(request, "devices.html", me=me, devices=rows)
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from server.person import language_of, me_of, timezone_of
from server.request import Session, signed_in
from web.build.templates import nothing_for_null
from web.text import Text

HERE = Path(__file__).parent
FOLDERS = [HERE / "templates", *(HERE / part / "templates" for part in ("sign_in", "admin", "imports"))]


def show(request: Request, template: str, *, me: dict | None = None, status: int = 200, **context) -> HTMLResponse:
    """Render a server page. me: whoever is signed in (see person.me_of), or None."""
    firm = request.app.state.firm
    text = text_for(request, me)
    names = {
        "me": me,
        "lang": text.lang,
        "tz": text.tz,
        "path": request.url.path,
        "now_ms": text.now_ms,
        "firm_name": firm_name(firm),
        "errors": {},
        "values": {},
    }
    html = _environment().get_template(template).render({**text.functions(), **names, **context})
    return HTMLResponse(html, status, {"Vary": "Accept-Language, Cookie"})


def text_for(request: Request, me: dict | None = None) -> Text:
    """The text functions in the language and time zone of whoever asks."""
    firm = request.app.state.firm
    return Text(language_of(me, request), timezone_of(me, firm), firm.clock())


def who(request: Request) -> tuple[Session, dict]:
    """The session and the `me` of whoever asks. Raises SignedOut."""
    firm = request.app.state.firm
    session = signed_in(request, firm)
    with firm.look() as conn:
        return session, me_of(conn, session.user_id)


def firm_name(firm) -> str:
    """The name of the top department, which is the firm's; '' before the first set-up."""
    with firm.look() as conn:
        row = conn.execute(
            "SELECT name FROM department WHERE parent_id IS NULL AND deleted = 0 ORDER BY position, id LIMIT 1"
        ).fetchone()
    return row[0] if row else ""


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(FOLDERS),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=nothing_for_null,
        auto_reload=False,
    )
