"""Whether the server in this container serves: status 0 or 1, for the container's own health check."""

from __future__ import annotations

import os
import sys
import urllib.request

ADDRESS = f"http://127.0.0.1:{os.environ.get('ROADBOOK_PORT', '8000')}/healthz/serving"


def main() -> None:
    try:
        with urllib.request.urlopen(ADDRESS, timeout=8):
            pass
    except OSError as error:
        sys.exit(f"not healthy: {error}")


if __name__ == "__main__":
    main()
