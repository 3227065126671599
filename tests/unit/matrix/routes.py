"""Who may use which route of the server: one line a route and method.  A new route needs a line here.

    ANYBODY        needs no session
    SIGNED_IN      every active person of this firm
    LEAVING        and somebody who was disabled, for as long as a device may bring what was typed
    ADMINISTRATOR  whoever's role administers; others hear 403
    LOOPBACK       by address, not by person

Who may not: without a session of this firm a navigation goes to /sign-in (303) and a script hears 401.  The pages of
web/ are in `pages.py`.
"""

from __future__ import annotations

ANYBODY, SIGNED_IN, LEAVING, ADMINISTRATOR, LOOPBACK = "anybody", "signed in", "leaving", "administrator", "loopback"

ROUTES = {
    # sync
    "POST /sync": LEAVING,
    "POST /sync/check": SIGNED_IN,
    "GET /live": SIGNED_IN,
    # files
    "OPTIONS /uploads": ANYBODY,  # what the server is able to; says nothing of anybody
    "POST /uploads": LEAVING,
    "POST /uploads/safe": LEAVING,
    "HEAD /uploads/{id}": LEAVING,
    "PATCH /uploads/{id}": LEAVING,
    "GET /attachments/{hash}": SIGNED_IN,  # and 404 without a row that the person sees: test_attachments.py
    "HEAD /attachments/{hash}": SIGNED_IN,
    # signing in and out
    "GET /sign-in": ANYBODY,
    "POST /sign-in": ANYBODY,
    "POST /sign-out": ANYBODY,
    "GET /invite/{token}": ANYBODY,  # whoever holds the link
    "POST /invite/{token}": ANYBODY,
    "GET /setup": ANYBODY,  # whoever holds the link that the console showed
    "POST /setup": ANYBODY,
    "GET /sign-in/code": SIGNED_IN,
    "POST /sign-in/code": SIGNED_IN,
    "GET /me/devices": SIGNED_IN,
    "POST /me/devices": SIGNED_IN,
    "GET /me/password": SIGNED_IN,
    "POST /me/password": SIGNED_IN,
    "GET /sign-in/second": ANYBODY,  # whoever has just typed the right password
    "POST /sign-in/second": ANYBODY,
    "GET /sign-in/second/set-up": ANYBODY,
    "POST /sign-in/second/set-up": ANYBODY,
    "GET /me/sign-in": SIGNED_IN,
    "GET /me/proof": SIGNED_IN,
    "POST /me/proof": SIGNED_IN,
    "GET /me/passkeys/new": SIGNED_IN,
    "POST /me/passkeys/new": SIGNED_IN,
    "POST /me/passkeys/removed": SIGNED_IN,
    "GET /me/authenticator": SIGNED_IN,
    "POST /me/authenticator": SIGNED_IN,
    "POST /me/authenticator/off": SIGNED_IN,
    "GET /me/recovery-codes": SIGNED_IN,
    "POST /me/recovery-codes": SIGNED_IN,
    # devices
    "GET /me/devices/{id}": SIGNED_IN,  # one's own, else 404
    "POST /me/devices/{id}": SIGNED_IN,
    "GET /me/devices/left/{id}": SIGNED_IN,
    "POST /devices/leave": ANYBODY,  # a device takes itself off the list, by a cookie that may be over
    "POST /devices/word": ANYBODY,  # one whose session is over asks what becomes of it
    "GET /devices/word/{word}": ANYBODY,  # whoever holds the word that the device was given
    "GET /wiped": ANYBODY,
    "GET /admin/devices": ADMINISTRATOR,
    "POST /admin/devices": ADMINISTRATOR,
    "GET /admin/devices/{id}": ADMINISTRATOR,
    "POST /admin/devices/{id}": ADMINISTRATOR,
    "POST /admin/people/{id}/second-factor": ADMINISTRATOR,
    "GET /admin/audit": ADMINISTRATOR,
    "GET /admin/audit.csv": ADMINISTRATOR,
    # notices
    "GET /push/key": SIGNED_IN,
    "POST /push/subscription": SIGNED_IN,
    "DELETE /push/subscription": SIGNED_IN,
    "POST /me/notices/test": SIGNED_IN,
    # in and out, each within what the person may see
    "GET /export": SIGNED_IN,
    "GET /export/{name}": SIGNED_IN,
    "GET /export/expenses.csv": SIGNED_IN,
    "GET /import": SIGNED_IN,
    "POST /import": SIGNED_IN,
    "GET /import/{name}": SIGNED_IN,
    "POST /import/{name}": SIGNED_IN,
    "GET /import/{name}/report": SIGNED_IN,
    "GET /import/{name}/result": SIGNED_IN,
    "POST /import/{name}/result": SIGNED_IN,
    "GET /import/{name}/errors.csv": SIGNED_IN,
    "POST /import/{name}/end": SIGNED_IN,
    # administration
    "GET /admin": ADMINISTRATOR,
    "GET /admin/people": ADMINISTRATOR,
    "GET /admin/people/new": ADMINISTRATOR,
    "POST /admin/people/new": ADMINISTRATOR,
    "GET /admin/people/{id}": ADMINISTRATOR,
    "POST /admin/people/{id}": ADMINISTRATOR,
    "POST /admin/people/{id}/activity": ADMINISTRATOR,
    "GET /admin/people/{id}/leave": ADMINISTRATOR,
    "POST /admin/people/{id}/leave": ADMINISTRATOR,
    "POST /admin/people/{id}/invites": ADMINISTRATOR,
    "POST /admin/people/{id}/codes": ADMINISTRATOR,
    "GET /admin/departments": ADMINISTRATOR,
    "POST /admin/departments": ADMINISTRATOR,
    "GET /admin/roles": ADMINISTRATOR,
    "POST /admin/roles": ADMINISTRATOR,
    "GET /admin/approvals": ADMINISTRATOR,
    "POST /admin/approvals": ADMINISTRATOR,
    "GET /admin/approvals/new": ADMINISTRATOR,
    "POST /admin/approvals/new": ADMINISTRATOR,
    "GET /admin/approvals/{id}": ADMINISTRATOR,
    "POST /admin/approvals/{id}": ADMINISTRATOR,
    "POST /admin/approvals/{id}/activity": ADMINISTRATOR,
    "GET /admin/approvals/{id}/versions": ADMINISTRATOR,
    "GET /admin/approvals/{id}/versions/{number}": ADMINISTRATOR,
    "GET /admin/expenses": ADMINISTRATOR,
    "POST /admin/expenses": ADMINISTRATOR,
    "GET /admin/policies": ADMINISTRATOR,
    "POST /admin/policies": ADMINISTRATOR,
    "GET /admin/conflicts": ADMINISTRATOR,
    "POST /admin/conflicts": ADMINISTRATOR,
    "GET /admin/conflicts.csv": ADMINISTRATOR,
    "GET /admin/pool": ADMINISTRATOR,
    "POST /admin/pool": ADMINISTRATOR,
    "GET /admin/robots": ADMINISTRATOR,
    "POST /admin/robots": ADMINISTRATOR,
    "GET /admin/status": ADMINISTRATOR,
    # watching: states in words for whoever asks, figures for the machine itself
    "GET /healthz": ANYBODY,
    "GET /healthz/serving": ANYBODY,
    "GET /metrics": LOOPBACK,
    # the same for everybody, holds nothing of anybody
    "GET /sw.js": ANYBODY,
    "GET /manifest.webmanifest": ANYBODY,
    "GET /static/{path}": ANYBODY,
    "GET /_/{path}": ANYBODY,
    # web/: see pages.py
    "GET /{path}": SIGNED_IN,
    "POST /{path}": SIGNED_IN,
}

# What stands for a part of an address that names something.
PARTS = {
    "id": "spare",
    "hash": "0" * 64,
    "token": "nothing",
    "name": "nothing",
    "number": "1",
    "path": "customers",
    "word": "nothing",
}
PARTS_OF = {
    "/export/{name}": {"name": "accounts.csv"},
    "/static/{path}": {"path": "app.css"},
    "/_/{path}": {"path": "nothing"},
    "/admin/approvals/{id}": {"id": "trip"},
    "/admin/approvals/{id}/activity": {"id": "trip"},
    "/admin/approvals/{id}/versions": {"id": "trip"},
    "/admin/approvals/{id}/versions/{number}": {"id": "trip"},
}

PIECE = {"tus-resumable": "1.0.0", "content-type": "application/offset+octet-stream"}
# What a request must carry so that it is not turned away for its form.
HEADERS_OF = {"/uploads": {"tus-resumable": "1.0.0"}, "/uploads/{id}": PIECE}
