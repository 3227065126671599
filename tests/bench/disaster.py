"""Twenty machines that burn while people type: what was acknowledged, what was lost, what devices had to bring again.

One life after another: each machine begins with what the replica of the one before had.  Half of them keep it in a
folder, half in a bucket; of these, every other bucket is out of reach when its machine dies.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.disaster.drill import Result
from tests.disaster.lives import lives
from tests.disaster.phone import Phone
from tests.disaster.storage import Line, in_bucket, in_folder, s3_server

from .figures import median
from .sync_peers import Beside

DRILLS = 20


def run(drills: int = DRILLS, seed: int = 0) -> None:
    with tempfile.TemporaryDirectory() as folder, s3_server(Path(folder) / "s3.log") as port:
        line, base = Line(port), Path(folder)
        try:
            _tell("a folder", *lives(base / "f", in_folder(base / "replica"), None, drills // 2, seed))
            _tell("a bucket", *lives(base / "b", in_bucket(line.port, "firm"), line, drills - drills // 2, seed))
        finally:
            line.close()


def _tell(where: str, results: list[Result], phones: list[Phone]) -> None:
    table = Beside(f"{len(results)} machines that burn, their replica in {where}")
    behind = [result.behind for result in results]
    table.tell("edits acknowledged", results[-1].acknowledged, "")
    table.at_most("edits lost", sum(len(result.lost) + result.waiting for result in results), 0, "")
    table.at_most("edits there twice", sum(len(result.doubled) for result in results), 0, "")
    table.at_most(
        "differences between a device and the server", sum(len(result.differing) for result in results), 0, ""
    )
    table.tell("edits that devices brought again, median", median(behind), "")
    table.tell("edits that devices brought again, most", max(behind), "")
    rounds = sum(phone.rounds for phone in phones)
    table.tell("answers that found all off-site", 100 * sum(phone.was_safe_at_once for phone in phones) / rounds, "%")
    table.tell("restore, median", median([result.restore_s for result in results]), "s")
    table.tell("restore, most", max(result.restore_s for result in results), "s")
