"""make bench: figures, with limits beside them; nothing fails because a machine is slow or shared."""

from __future__ import annotations

import sys

from playwright.sync_api import sync_playwright

from . import (
    approvals,
    device,
    disaster,
    firms,
    idle,
    install,
    load,
    notices,
    reminders,
    replica,
    restore,
    server_pages,
    sync_handover,
    sync_many,
    sync_rounds,
    sync_scale,
    upgrade,
)
from .sync_peers import Beside

# Together: `sync`.
SYNC = {
    "rounds": sync_rounds.run,
    "scale": sync_scale.run,
    "operations": sync_many.operations,
    "crowd": sync_many.crowd,
    "handover": sync_handover.run,
}
APART = {
    "server": server_pages.run,
    "idle": idle.run,
    "notices": notices.run,
    "reminders": reminders.run, "disaster": disaster.run,
    "install": install.run,
    "firms": firms.run,
    "load": load.run,
    "restore": restore.run,
    "upgrade": upgrade.run,
}
# Rows durable in the replica, five accounts to fifty activities.
AT_LEAST = {"bulk_rows_per_s": 60_000}
BROWSER = ("device", "approvals", "replica")
ALL = (*APART, *SYNC, *BROWSER)


def main(names: list[str]) -> None:
    """names: which groups to run; all where none is named."""
    wanted = [each for name in names or ALL for each in (SYNC if name == "sync" else (name,))]
    if unknown := set(wanted) - set(ALL):
        sys.exit(f"No such group: {', '.join(sorted(unknown))}. There are: sync, {', '.join(ALL)}.")
    for name, work in (APART | SYNC).items():
        if name in wanted:
            work()
    if set(wanted) & set(BROWSER):
        _in_browser(wanted)


def _in_browser(wanted: list[str]) -> None:
    with sync_playwright() as playwright:
        if "device" in wanted:
            device.run(playwright)
        if "approvals" in wanted:
            approvals.run(playwright)
        if "replica" in wanted:
            table = Beside("The replica by itself")
            for name, measured in replica.run(playwright).items():
                if name in AT_LEAST:
                    table.at_least(name, measured, AT_LEAST[name], "")
                else:
                    table.tell(name, measured, "")


if __name__ == "__main__":
    main(sys.argv[1:])
