"""A replica for tests that need one as it is at one moment: everything off-site, and nothing running."""

from server.backup import moving


def off_site(settings) -> None:
    moving.wait_off_site(settings, settings.data / "roadbook.db", patience_s=20)
