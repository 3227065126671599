"""One run by a seed, and what is said when it fails: the seed, and a script that fails in the same way."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from .scheduler import choose
from .shrink import smallest
from .steps import play
from .world import World


def run_and_report(seed: int, steps: int) -> str | None:
    """None, or how the run failed, with the smallest script that was found to do so."""
    script: list[dict] = []
    world = World()
    try:
        for step in choose(world, seed, steps):
            script.append(step)
            error = _play(world, step)
            if error:
                return _told(seed, steps, script, error)
    finally:
        world.close()
    return None


def _play(world: World, step: dict) -> Exception | None:
    try:
        play(world, step)
    except Exception as error:  # a crash of the server's own code is a failure like any other
        return error
    return None


def _told(seed: int, steps: int, script: list[dict], error: Exception) -> str:
    small = smallest(script, error)
    text = "".join(json.dumps(step, ensure_ascii=False) + "\n" for step in small)
    file = Path(tempfile.gettempdir()) / f"simulator-seed-{seed}.jsonl"
    file.write_text(text)
    return (
        f"seed {seed}, {steps} steps: {type(error).__name__}: {error}\n"
        f"{len(small)} of {len(script)} steps fail like this (python -m tests.simulator replay {file}):\n{text}"
    )
