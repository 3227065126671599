"""python -m tests.simulator run --seed N --steps M | replay FILE | shrink FILE"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from .report import run_and_report
from .shrink import failure_of, smallest


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description="Months of a firm in seconds.")
    todo = parser.add_subparsers(dest="todo", required=True)
    run = todo.add_parser("run", help="choose steps by a seed; what fails is made small and written to a file")
    run.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    run.add_argument("--steps", type=int, default=1_000)
    run.add_argument("--times", type=int, default=1, help="so many seeds, one after the other")
    for name, what in (("replay", "play the steps of a file"), ("shrink", "make the steps of a file fewer")):
        todo.add_parser(name, help=what).add_argument("file", type=Path)
    asked = parser.parse_args()
    if asked.todo == "run":
        return max(_run(seed, asked.steps) for seed in range(asked.seed, asked.seed + asked.times))
    return _replay(asked.file, asked.todo == "shrink")


def _run(seed: int, steps: int) -> int:
    started = time.monotonic()
    failed = run_and_report(seed, steps)
    print(failed or f"seed {seed}: {steps} steps, every promise kept, {time.monotonic() - started:.1f} s")
    return int(failed is not None)


def _replay(file: Path, is_to_shrink: bool) -> int:
    script = [json.loads(line) for line in file.read_text().splitlines() if line.strip()]
    error = failure_of(script)
    if error is None:
        print(f"{len(script)} steps, every promise kept")
        return 0
    if is_to_shrink:
        script = smallest(script, error)
        file.write_text("".join(json.dumps(step, ensure_ascii=False) + "\n" for step in script))
    print(f"{len(script)} steps: {type(error).__name__}: {error}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
