"""What lies off-site now, fetched with Litestream itself: the only judge of what a replica holds."""

from __future__ import annotations

import subprocess
from pathlib import Path

from server.backup import litestream
from server.backup.replica import Place

PATIENCE_S = 60


def fetch(place: Place, database: Path, to: Path) -> None:
    """place: of the firm. database: the file that was replicated. Raises AssertionError with what Litestream said."""
    told = to.with_name(to.name + ".told")
    litestream.write_configuration(told, litestream.configuration({database: place.database}))
    fetched = subprocess.run(
        [litestream.program(), "restore", "-no-expand-env", "-config", told, "-o", to, database],
        env=litestream.environment(), capture_output=True, text=True, timeout=PATIENCE_S,
    )  # fmt: skip
    assert fetched.returncode == 0, fetched.stderr
