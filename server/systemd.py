"""What systemd is told of the server: that it serves, that it is alive, that it stops.

Nothing happens where systemd does not ask for it (NOTIFY_SOCKET is no setting of Roadbook's), and nothing here may
hold the server up or end it.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress

# Well below WatchdogSec in deployment/systemd/roadbook.service.
ALIVE_EVERY_S = 10

READY = "READY=1"
STOPPING = "STOPPING=1"


async def tell_alive() -> None:
    """Called from the event loop: one that is stuck says nothing, and systemd starts the server anew."""
    tell("WATCHDOG=1")


def tell(state: str) -> None:
    """sd_notify(3)."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock, suppress(OSError):
        sock.setblocking(False)
        # A name that begins with @ is in no file system.
        sock.connect("\0" + address[1:] if address[0] == "@" else address)
        sock.send(state.encode())
