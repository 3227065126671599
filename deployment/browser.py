"""Find the Chromium that the browser tests drive, or install one, or say what to install.

Used by `make test` and `make bench`.  A Debian package is preferred; Playwright's own download is the
second way (Ubuntu's `chromium` package is only a snap).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

HOW = """\
The browser tests need Chromium. Install one of
    sudo apt-get install chromium          (Debian)
    {python} -m playwright install --with-deps chromium
or name one: ROADBOOK_CHROMIUM=/path/to/chromium make test"""


def find() -> str | None:
    """The path of a usable Chromium, or None."""
    named = os.environ.get("ROADBOOK_CHROMIUM")
    if named:
        return named
    for name in ("chromium", "google-chrome-stable", "google-chrome"):
        path = shutil.which(name)
        if path and not _is_snap_stub(path):
            return path
    return _playwrights_own()


def _is_snap_stub(path: str) -> bool:
    with open(path, "rb") as file:
        return b"snap" in file.read(2_000)


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if os.path.exists(path) else None


def install() -> None:
    """Try the ways that need no person; silent failure is fine, `find` judges."""
    may_use_apt = os.geteuid() == 0 and shutil.which("apt-get")
    if may_use_apt:
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], env=environment, check=False)
        packages = ["chromium", "fonts-noto-cjk"]
        subprocess.run(["apt-get", "install", "-y", "-qq", *packages], env=environment, check=False)
    if not find():
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)


def main() -> None:
    if not find():
        install()
    if not find():
        sys.exit(HOW.format(python=sys.executable))


if __name__ == "__main__":
    main()
