"""make bench: figures, with limits beside them; nothing fails because a machine is slow or shared."""

from __future__ import annotations

import sys

from playwright.sync_api import sync_playwright

from . import device, replica, server_pages
from .figures import Figures


def main(names: list[str]) -> None:
    """names: which groups to run; all where none is named."""
    wanted = names or ["device", "replica", "server"]
    if "server" in wanted:
        server_pages.run()
    with sync_playwright() as playwright:
        if "device" in wanted:
            device.run(playwright)
        if "replica" in wanted:
            figures = Figures("The replica by itself")
            for name, measured in replica.run(playwright).items():
                figures.tell(name, measured, "")


if __name__ == "__main__":
    main(sys.argv[1:])
