"""A failing list of steps becomes as small as it can be while it fails in the same way (delta debugging)."""

from __future__ import annotations

import time
from collections.abc import Callable

from .steps import play
from .witness import Violation
from .world import World


def failure_of(script: list[dict]) -> Violation | Exception | None:
    """How this list of steps fails, in a world of its own."""
    world = World()
    try:
        for step in script:
            play(world, step)
    except Exception as error:  # a crash of the server's own code is a failure like any other
        return error
    finally:
        world.close()
    return None


def kind_of(error: Exception | None) -> str:
    return getattr(error, "promise", type(error).__name__)


def shrink(script: list[dict], still_fails: Callable[[list[dict]], bool], seconds: float) -> list[dict]:
    """Leave out ever smaller parts as long as it still fails, and until time is up."""
    end = time.monotonic() + seconds
    size = max(1, len(script) // 2)
    while size and time.monotonic() < end:
        stop, is_smaller = len(script), False
        while stop > 0 and time.monotonic() < end:
            tried = script[: max(0, stop - size)] + script[stop:]
            if still_fails(tried):
                script, is_smaller = tried, True
            stop -= size
        size = size if size == 1 and is_smaller else size // 2
    return script


def smallest(script: list[dict], error: Exception, seconds: float = 60) -> list[dict]:
    """The part of a failing script that matters."""
    kind = kind_of(error)
    return shrink(script, lambda tried: kind_of(failure_of(tried)) == kind, seconds)
