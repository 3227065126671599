"""The new release over a copy of a firm, before anybody is served by it: it changes the copy's form and answers.

Nothing that a server does by itself is started: people must not be told things twice.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx2

from server.config import read_settings
from server.firm import Firm

from .result import Failed

URL = "http://localhost:8000"
ASKED = ("/healthz/serving", "/sign-in", "/sw.js")


def answers(folder: Path) -> None:
    """Raises Failed where the firm does not open or something does not answer."""
    from server.app import create_app

    try:
        firm = Firm.open(folder)
    except Exception as error:
        raise Failed(f"the database cannot be brought to this release's form: {_said(error)}") from error
    try:
        settings = read_settings({}, data=folder, host="127.0.0.1", port=8000, url=URL)
        asyncio.run(_ask(create_app(firm, settings)))
    finally:
        firm.close()


async def _ask(app) -> None:
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url=URL) as browser:
        for path in ASKED:
            answer = await browser.get(path)
            if answer.status_code != 200:
                raise Failed(f"{path} answers {answer.status_code}: {answer.text[:300]}")


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
