"""GET /attachments/HASH: the bytes, for whoever sees a row that names them; for everybody else they are not there.

What they are is told by the bytes, never by the row, and no browser may run anything that lies in them.
"""

from __future__ import annotations

from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from server.request import signed_in

from .store import store_of

_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# Browsers show no PDF inside a sandbox; they run nothing of this site in their viewer, either.
_POLICIES = {"application/pdf": _POLICY}

# Of every kind that sync.file_kind lets in.
ENDINGS = {
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "image/webp": (".webp",),
    "image/heic": (".heic", ".heif"),
    "application/pdf": (".pdf",),
}


async def attachment(request: Request) -> Response:
    """Raises SignedOut, HTTPException(404)."""
    firm = request.app.state.firm
    session = signed_in(request, firm)
    found = await run_in_threadpool(_seen, firm, session.user_id, request.path_params["hash"])
    if found is None:
        raise HTTPException(404)
    media_type, name, path = found
    headers = {
        "ETag": f'"{request.path_params["hash"]}"',
        # The bytes never change, whether this person may have them does: the browser asks each time, and is told 304.
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": _POLICIES.get(media_type, f"sandbox; {_POLICY}"),
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(_safe_name(name, media_type), safe='')}",
        "Vary": "Cookie",
    }
    if headers["ETag"] in _known(request):
        return Response(status_code=304, headers=headers)
    return FileResponse(path, headers=headers, media_type=media_type)


def _safe_name(name: str | None, media_type: str) -> str:
    """A name under which what is saved is opened as what it is: what somebody calls a photo may be `invoice.html`."""
    endings = ENDINGS[media_type]
    name = name or f"file{endings[0]}"
    return name if name.lower().endswith(endings) else name + endings[0]


def _known(request: Request) -> list[str]:
    return [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]


def _seen(firm, user_id: str, hash: str):
    with firm.read(user_id) as db:
        row = db.execute(
            "SELECT f.media_type, a.name FROM attachment a JOIN main.stored_file f ON f.hash = a.hash"
            " WHERE a.hash = ? AND a.stored_at_ms IS NOT NULL ORDER BY a.id LIMIT 1",
            (hash,),
        ).fetchone()
    path = store_of(firm).path(hash)
    return (row["media_type"], row["name"], path) if row and path.is_file() else None


routes = [Route("/attachments/{hash}", attachment, methods=["GET", "HEAD"])]
