"""How what went wrong becomes an answer: one place, in words a person can act on.

Scripts get JSON with a code, people get a page with one next step.  An answer never shows a traceback
or a path of this machine; those go to the log.
"""

from __future__ import annotations

from contextlib import suppress

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from server import disk
from server.html import show, who
from server.request import SignedOut, is_navigation, sign_in_path
from server.security import headers_for
from server.writer import Frozen

# Where even the page that explains a failure fails: in every language, since nobody can say whose it is.
LAST_RESORT = """\
That did not work. What you typed was not saved: go back and try again.
出错了。您刚才填写的内容没有保存，请返回后重试。
出錯了。您剛才填寫的內容沒有儲存，請返回後重試。
"""

CODES = {
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    429: "too_many",
    503: "frozen",
    507: "no_room",
}
# How long a firm that is being moved may be left alone: it then answers elsewhere.
MOVING_S = "30"


class Forbidden(Exception):
    """The person is signed in and may not do this."""


async def signed_out(request: Request, error: SignedOut) -> Response:
    """Navigations go to sign in and come back; a script hears 401 and keeps what it holds."""
    if is_navigation(request) and request.method in ("GET", "HEAD"):
        return RedirectResponse(sign_in_path(request), 303)
    if is_navigation(request):
        return show(request, "signed_out.html", status=401, fields=await typed_fields(request))
    # htmx follows HX-Redirect with a whole page; other scripts do not know it.
    return JSONResponse({"error": "signed_out"}, 401, {"HX-Redirect": "/sign-in"})


async def typed_fields(request: Request) -> list[tuple[str, str]]:
    """What a form held that arrived while nobody was signed in: nothing typed is lost."""
    async with request.form() as form:
        return [(name, value) for name, value in form.multi_items() if isinstance(value, str)]


async def http_error(request: Request, error: HTTPException) -> Response:
    if error.status_code in (204, 304):
        return Response(status_code=error.status_code, headers=error.headers)
    return problem(request, error.status_code, dict(error.headers or {}))


async def forbidden(request: Request, error: Forbidden) -> Response:
    return problem(request, 403)


async def frozen(request: Request, error: Frozen) -> Response:
    return problem(request, 503, {"Retry-After": MOVING_S})


async def broken(request: Request, error: Exception) -> Response:
    """Anything unforeseen; Starlette raises it again, for the log.

    It runs outside all middleware, so the headers are added here.
    """
    try:
        answer = problem(request, 507 if disk.refusal(request.app.state.firm.path, error) else 500)
    except Exception:  # the page needs the database too, and that may be what is broken
        answer = PlainTextResponse(f"{LAST_RESORT}{getattr(request.state, 'request_id', '')}\n", 500)
    for name, value in headers_for(request.app.state.settings.is_https).items():
        answer.headers.setdefault(name, value)
    if hasattr(request.state, "request_id"):
        answer.headers["X-Request-ID"] = request.state.request_id
    return answer


def problem(request: Request, status: int, headers: dict[str, str] | None = None) -> Response:
    """A page for a person, a code for a script."""
    if is_navigation(request):
        _look_who(request)
        answer = show(request, "problem.html", status=status, code=status)
        answer.headers.update(headers or {})
        return answer
    return JSONResponse({"error": CODES.get(status, "failed")}, status, headers)


def _look_who(request: Request) -> None:
    """Let the page be in the person's language, with the way back; where nobody is signed in, it does without."""
    with suppress(SignedOut):
        who(request)


HANDLERS = {SignedOut: signed_out, Forbidden: forbidden, Frozen: frozen, HTTPException: http_error, Exception: broken}
