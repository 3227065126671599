"""One machine with Roadbook behind Caddy, for all tests that only ask it."""

from __future__ import annotations

import pytest

from .fronted import Fronted


@pytest.fixture(scope="package")
def fronted(tmp_path_factory):
    made = Fronted(tmp_path_factory.mktemp("fronted") / "machine")
    try:
        made.start()
        yield made
    finally:
        made.close()
