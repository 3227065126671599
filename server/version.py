"""Which release this is: said in pyproject.toml and nowhere else."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path

PROJECT = Path(__file__).parent.parent / "pyproject.toml"


@cache
def version() -> str:
    """Of the checkout or release archive that runs; of the installed package where there is neither."""
    try:
        return tomllib.loads(PROJECT.read_text("utf-8"))["project"]["version"]
    except OSError:
        return metadata.version("roadbook")
