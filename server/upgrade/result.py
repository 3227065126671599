"""What a step in a process of its own came to: one line of JSON, the last one that it prints."""

from __future__ import annotations

import json


class Failed(Exception):
    """A step could not be done; the message says why and what to do."""


def told(done: dict) -> str:
    return json.dumps(done | {"ok": True})


def failed(why: str) -> str:
    return json.dumps({"ok": False, "why": why})


def read(output: str) -> dict | None:
    """None where nothing of the kind was printed."""
    lines = output.strip().splitlines()
    try:
        found = json.loads(lines[-1])
        return found if isinstance(found.get("ok"), bool) else None
    except (IndexError, ValueError, AttributeError):
        return None
