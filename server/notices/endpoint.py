"""What browsers say about being pushed to, and the test of everybody's own ways: `routes`."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server.html import show, text_for, who
from server.notices import recipients, subscriptions, words
from server.notices.deliveries import Parcel
from server.notices.reach import NotAllowed
from server.notices.spread import places
from server.person import LANGUAGES, accepted_language
from web.reasons import N_

MOST_BYTES = 8_000


async def key(request: Request) -> Response:
    """The firm's key for push services, and whether e-mail is sent at all."""
    who(request)
    courier = request.app.state.courier
    return JSONResponse({"key": courier.vapid.public_key, "email": courier.means.has_mail})


async def subscription(request: Request) -> Response:
    """POST a browser's subscription, DELETE it by its endpoint. Both may come again and again."""
    session, _ = who(request)
    firm, courier = request.app.state.firm, request.app.state.courier
    given = await _json(request)
    if request.method == "DELETE":
        endpoint = given.get("endpoint") if isinstance(given, dict) else None
        await firm.write(lambda db: subscriptions.drop(db, session.user_id, str(endpoint)))
        return Response(status_code=204)
    try:
        found = subscriptions.check(given, courier.push_reach)
    except subscriptions.Unfit as unfit:
        return JSONResponse({"error": unfit.reason}, 422)
    except NotAllowed as refused:
        return JSONResponse({"error": refused.reason, "host": refused.host}, 422)
    language = _language(given, request)
    await firm.write(
        lambda db: subscriptions.keep(db, session.user_id, session.device_id, found, language, firm.clock())
    )
    return Response(status_code=204)


async def _json(request: Request) -> object:
    body = await request.body()
    try:
        return json.loads(body) if len(body) <= MOST_BYTES else None
    except ValueError:
        return None


def _language(given: dict, request: Request) -> str:
    """What the page was in, else what the browser asks for."""
    said = given.get("language")
    return said if said in LANGUAGES else accepted_language(request.headers.get("accept-language", ""))


async def test(request: Request) -> Response:
    """Send the person a notice by every way, now, and say what came of each."""
    session, _ = who(request)
    firm, courier = request.app.state.firm, request.app.state.courier
    with firm.look() as db:
        person = recipients.read(db, [session.user_id], firm.timezone).get(session.user_id)
    results = []
    # Whatever is switched off for this or that kind: what is tested is the way.
    for way, target in places("test", person, [], courier.means.has_mail) if person else []:
        place = _place(person, way, target)
        parcel = Parcel(way, target, (0,), (_test_notice(session.user_id, firm.clock()),), (person,), place, 0)
        outcome = await courier.hand_over(parcel)
        if outcome.is_gone:
            await firm.write(lambda db, endpoint=place["endpoint"]: subscriptions.drop(db, session.user_id, endpoint))
        results.append(words.result(text_for(request), way, place, person, outcome))
    return show(request, "notices_test.html", results=results)


def _place(person: recipients.Recipient, way: str, target: str) -> dict:
    if way == "push":
        return next(one for one in person.subscriptions if one["id"] == target)
    return person.robot if way == "robot" else {}


def _test_notice(user_id: str, now_ms: int) -> dict:
    """As a row of the table that is in no table."""
    return {
        "key": f"test:{now_ms}",
        "user_id": user_id,
        "kind": "decision",
        "sample": N_("This is a test. It works."),
        "sample_many": None,
        "given": "{}",
        "address": "/me/notices",
        "approval": None,
        "urgency": "high",
        "made_at_ms": now_ms,
        "until_ms": None,
        "tries": 0,
        "reason": None,
    }


routes = [
    Route("/push/key", key),
    Route("/push/subscription", subscription, methods=["POST", "DELETE"]),
    Route("/me/notices/test", test, methods=["POST"]),
]
