"""make audit: are there known holes in what Roadbook is made of?

Asks the Python advisory service about every locked package, and holds vendored code to deployment/vendored.toml.  Says
plainly where the service cannot be reached: then nothing is known, and that is a failure, not a pass.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCK = "requirements.lock"
# What code of others is recognised by, below these folders.
FOLDERS = ("web/static", "service_worker", "server")
MARKS = ("*.min.js", "*.mjs", "*.wasm", "*.min.css", "*.woff2", "*.gz")
WAIT_S = 300
# The last is of a mirror that knows packages and no advisories: by itself pip-audit takes that for a pass.
UNREACHABLE = (
    "ConnectionError", "Max retries exceeded", "Failed to resolve", "timed out", "Connection refused",
    "could not be audited",
)  # fmt: skip


def main() -> int:
    problems = [*wrong_vendored(), *wrong_packages()]
    for problem in problems:
        print(f"failed   {problem}")
    if not problems:
        print("ok       vendored code is as listed; no known hole in a locked package")
    return 1 if problems else 0


def wrong_vendored(root: Path = ROOT) -> list[str]:
    """What is not as listed, listed and not there, or there and not listed."""
    listed = tomllib.loads((root / "deployment" / "vendored.toml").read_text("utf-8"))["vendored"]
    wrong = []
    for each in listed:
        path = root / each["file"]
        if not path.is_file():
            wrong.append(f"{each['file']} is listed in deployment/vendored.toml and is not there")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != each["sha256"]:
            wrong.append(f"{each['file']} is not {each['name']} {each['version']} as it was published: fetch it again")
        elif each["version"] not in path.name:
            wrong.append(f"{each['file']}: the version {each['version']} belongs in its name")
    found = {
        str(path.relative_to(root)) for folder in FOLDERS for mark in MARKS for path in (root / folder).rglob(mark)
    }
    unlisted = found - {each["file"] for each in listed}
    return wrong + [f"{name} is not listed in deployment/vendored.toml" for name in sorted(unlisted)]


def wrong_packages(lock: Path = ROOT / LOCK) -> list[str]:
    # strict: a package that nobody could be asked about is no package without holes.
    options = ["--strict", "--require-hashes", "--disable-pip", "--requirement", str(lock)]
    argv = [sys.executable, "-m", "pip_audit", *options]
    try:
        ran = subprocess.run(argv, capture_output=True, text=True, timeout=WAIT_S, check=False)
    except subprocess.TimeoutExpired:
        return ["the advisory service does not answer: nothing is known. Try again where there is a network"]
    return judged(ran.returncode, ran.stdout + ran.stderr)


def judged(status: int, said: str) -> list[str]:
    """What pip-audit's ending and its words mean."""
    if "No module named pip_audit" in said:
        return ["pip-audit is not installed: .venv/bin/pip install pip-audit"]
    if any(word in said for word in UNREACHABLE):
        return ["the advisory service cannot be reached: nothing is known. Try again where there is a network"]
    return [] if status == 0 else [f"pip-audit:\n{said}".strip()]


if __name__ == "__main__":
    sys.exit(main())
