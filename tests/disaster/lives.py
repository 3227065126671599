"""One machine after another, each with what the replica of the one before had; every one of them burns."""

from __future__ import annotations

import random
import time
from pathlib import Path

from .drill import Result, Typing, connect, make_people, recover, wait_until_safe
from .machine import Machine
from .phone import Phone
from .storage import Line


def lives(
    folder: Path, replica: dict[str, str], line: Line | None, drills: int, seed: int
) -> tuple[list[Result], list[Phone]]:
    """line: to the replica; every other time it is cut before the machine dies."""
    dice, results = random.Random(f"{seed} {folder.name}"), []
    machine = Machine(folder / "0", replica)
    phones = make_people(machine.data)
    machine.start()
    try:
        for number in range(1, drills + 1):
            connect(phones, machine)
            wait_until_safe(phones[0], machine)
            typing = Typing(phones, seed * 1_000 + number)
            time.sleep(0.5 + dice.random())
            if line and number % 2:
                line.cut()
                time.sleep(0.5 + dice.random())
            machine.burn()
            typing.end()
            if line:
                line.mend()
            machine = Machine(folder / str(number), replica)
            results.append(recover(phones, machine, dice))
    finally:
        machine.die()
    return results, phones
