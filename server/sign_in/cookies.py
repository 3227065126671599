"""Small cookies on the way in: one names the browser that a passkey is asked of, one a sign-in that is half done.

Like the session's they are out of reach of scripts and of other sites; they open nothing by themselves.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from server.sign_in.secrets import new_token

BROWSER = "roadbook-browser"
STEP = "roadbook-step"
LONGEST_TOKEN = 100


def read(request: Request, name: str) -> str:
    """'' where there is none."""
    value = request.cookies.get(_full(request, name), "")
    return value if len(value) <= LONGEST_TOKEN else ""


def give(request: Request, answer: Response, name: str, value: str, seconds: int) -> None:
    secure = request.app.state.settings.is_https
    answer.set_cookie(
        _full(request, name), value, max_age=seconds, path="/", secure=secure, httponly=True, samesite="strict"
    )


def take(request: Request, answer: Response, name: str) -> None:
    secure = request.app.state.settings.is_https
    answer.delete_cookie(_full(request, name), path="/", secure=secure, httponly=True, samesite="strict")


def browser_of(request: Request) -> str:
    """The secret that names this browser, a new one where it has none: to be given with `name_browser`."""
    return read(request, BROWSER) or new_token()


def name_browser(request: Request, answer: Response, browser: str) -> Response:
    if read(request, BROWSER) != browser:
        give(request, answer, BROWSER, browser, 86_400)
    return answer


def _full(request: Request, name: str) -> str:
    return f"__Host-{name}" if request.app.state.settings.is_https else name
