"""Pages that only the server has (sign-in, administration, import): their templates and how they are shown.

They share the look and the words of web/ but not its page convention: they need no device to run them.
A package with such pages keeps its templates in its own `templates` folder, extending `base.html`; they may
import web's icons (`_icons.html`).

    session, me = who(request)
    return show(request, "devices.html", devices=rows)
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from server.pages import speaking, text_functions
from server.person import language_of, me_of, timezone_of
from server.request import Session, signed_in
from web.build.templates import from_json, nothing_for_null
from web.text import Text

HERE = Path(__file__).parent
WEB_PAGES = HERE.parent / "web" / "pages"
PARTS = ("audit", "sign_in", "admin", "devices", "imports", "notices")
FOLDERS = [HERE / "templates", *(HERE / part / "templates" for part in PARTS), WEB_PAGES]


def show(request: Request, template: str, *, me: dict | None = None, status: int = 200, **context) -> HTMLResponse:
    """Render a server page. me: whoever is signed in; left out, whom `who` found, or nobody."""
    firm = request.app.state.firm
    me = me or getattr(request.state, "me", None)
    text = text_for(request)
    names = {
        "me": me,
        "lang": text.lang,
        "tz": text.tz,
        "path": request.url.path,
        "now_ms": text.now_ms,
        "firm_name": firm_name(firm),
        # What to say to whoever looks into the log.
        "request_id": getattr(request.state, "request_id", ""),
        "errors": {},
        "values": {},
    }
    with speaking(text):
        html = _environment().get_template(template).render({**names, **context})
    return HTMLResponse(html, status, {"Vary": "Accept-Language, Cookie"})


def text_for(request: Request) -> Text:
    """The text functions in the language and time zone of whoever asks."""
    firm, me = request.app.state.firm, getattr(request.state, "me", None)
    return Text(language_of(me, request), timezone_of(me, firm), firm.clock())


def macros(template: str):
    """The macros of a template as functions, to be called while `speaking`: names of fields and values in a file."""
    return _environment().get_template(template).module


def who(request: Request) -> tuple[Session, dict]:
    """The session and the `me` of whoever asks. Raises SignedOut."""
    firm = request.app.state.firm
    session = signed_in(request, firm)
    with firm.look() as conn:
        request.state.me = me_of(conn, session.user_id)
    return session, request.state.me


def firm_name(firm) -> str:
    """The name of the top department, which is the firm's; '' before the first set-up."""
    with firm.look() as conn:
        row = conn.execute(
            "SELECT name FROM department WHERE parent_id IS NULL AND deleted = 0 ORDER BY position, id LIMIT 1"
        ).fetchone()
    return row[0] if row else ""


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(FOLDERS),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=nothing_for_null,
        auto_reload=False,
    )
    made.filters["from_json"] = from_json
    made.globals.update(text_functions())
    return made
