"""A push that shows nothing and makes a device sync: so that one which is to be emptied hears it before it is opened.

Nothing depends on it.  The push service keeps it for as long as the order of an ordinary notice would be of use.
"""

from __future__ import annotations

import asyncio
import json
import logging

from server.notices import push

MESSAGE = json.dumps({"wake": 1}).encode()
log = logging.getLogger(__name__)
# Tasks are held until they are done: the loop itself keeps only weak references.
_under_way: set[asyncio.Task] = set()


def wake(courier, places: list[dict], now_ms: int) -> None:
    """Begin to push to these subscriptions; nobody waits for it."""
    for place in places:
        task = asyncio.get_running_loop().create_task(_push(courier, place, now_ms))
        _under_way.add(task)
        task.add_done_callback(_under_way.discard)


async def _push(courier, place: dict, now_ms: int) -> None:
    notice = {"kind": "approval", "urgency": "high", "until_ms": None, "key": "wake", "address": "/"}
    outcome = await push.send(courier.web, courier.push_reach, courier.vapid, place, notice, MESSAGE, now_ms)
    if not outcome.is_sent:
        log.info("a device could not be woken: %s", outcome.reason)
