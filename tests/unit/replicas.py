"""A replica for tests that need one as it is at one moment: everything off-site, and nothing running."""

from pathlib import Path

from server.backup import moving


def off_site(settings) -> None:
    moving.wait_off_site(settings, settings.data / "roadbook.db", patience_s=20)


def replicated_environment(tmp_path: Path, monkeypatch) -> dict[str, str]:
    """This process's settings from here on: a firm with a replica in a folder beside it."""
    environ = {
        "ROADBOOK_DATA": str(tmp_path / "firm"),
        "ROADBOOK_URL": "http://localhost:8000",
        "ROADBOOK_PORT": "0",
        "ROADBOOK_REPLICA": f"file://{tmp_path}/replica",
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return environ
