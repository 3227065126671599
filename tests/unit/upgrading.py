"""A machine with releases side by side, as deployment/install.sh makes it, run by real processes instead of systemd."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

from server.firm import Firm
from server.sign_in import sessions
from tests.conftest import ROOT
from tests.small_firm import make_firm

OLD, NEW = "0.1.0", "9.0.0"
CODE = ("server", "service_worker", "sync", "web", "deployment")
# A test need not be as patient as an administrator.
PATIENCE = {"STEADY_S = 2.0": "STEADY_S = 0.3", "ILL_S = 10.0": "ILL_S = 3.0"}
TAKES_S = 120

# Stands for systemctl: stops and starts `serve` of whatever release the link names. A file `kill-before-stop` beside
# it, or `kill-after-start`, ends whoever asks, in the middle of what it does.
CONTROL = '''
import os, signal, subprocess, sys, time
from pathlib import Path
here, step = Path(__file__).parent, sys.argv[1]
def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
noted = here / "server.pid"
pid = int(noted.read_text()) if noted.exists() else 0
for moment in ("before", "after"):
    if moment == "after" and step == "stop" and pid and alive(pid):
        os.kill(pid, signal.SIGTERM)
        until = time.monotonic() + 20
        while alive(pid) and time.monotonic() < until:
            time.sleep(0.02)
    if moment == "after" and step == "start" and not (pid and alive(pid)):
        current = here / "roadbook" / "current"
        with open(here / "log", "ab") as log:
            child = subprocess.Popen([str(current / ".venv/bin/python"), "-P", "-m", "server", "serve"], cwd=current,
                env=os.environ | {"PYTHONPATH": str(current.resolve())}, stdout=log, stderr=log, start_new_session=True)
        noted.write_text(str(child.pid))
    fatal = here / f"kill-{moment}-{step}"
    if fatal.exists():
        fatal.unlink()
        os.kill(os.getppid(), signal.SIGKILL)
'''

MIGRATION = '''

@migrations()
def m9999_colour(db: Database) -> None:
    db.conn.execute("CREATE TABLE colour (id TEXT PRIMARY KEY NOT NULL, shade TEXT)")
    db.conn.execute("INSERT INTO colour SELECT id, 'green' FROM account")
'''
FAILING = MIGRATION + '    db.conn.execute("INSERT INTO no_such_table VALUES (1)")\n'
# Serves whoever asks, and says that it is ill: only where a real server runs, so that the rehearsal cannot know.
ILL = '''

from server.watching import health as _health
from server.watching.part import FAILED as _FAILED
from server.watching.part import Part as _Part

_health.check_disk = lambda folder: _Part("disk", _FAILED, "cannot_write", {"why": "made ill by a test"})
'''


class UpgradeMachine:
    """folder: its disk, with `roadbook/releases`, `data` and what stands for systemd."""

    def __init__(self, folder: Path, has_all_pages: bool = False) -> None:
        self.folder, self.roadbook, self.data = folder, folder / "roadbook", folder / "data"
        self.port, self.has_all_pages = _free_port(), has_all_pages
        self.lay(OLD)
        (self.roadbook / "current").symlink_to(f"releases/{OLD}")
        (folder / "control.py").write_text(CONTROL)
        firm = make_firm(self.data)
        self.cookie = firm.write_now(lambda db: _signed_in(db, firm))
        firm.close()

    @property
    def environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ROADBOOK_")}
        return kept | {
            "ROADBOOK_DATA": str(self.data),
            "ROADBOOK_URL": f"http://localhost:{self.port}",
            "ROADBOOK_PORT": str(self.port),
        }

    def lay(self, version: str, migration: str = "", serving: str = "") -> Path:
        """A release: the code that is being tested, under another version. Its environment is the one of the tests."""
        release = self.roadbook / "releases" / version
        release.mkdir(parents=True)
        for name in CODE:
            shutil.copytree(Path(_compiled().name) / name, release / name)
        if not self.has_all_pages:
            _leave_small_pages(release / "web" / "pages")
        project = (ROOT / "pyproject.toml").read_text("utf-8")
        number = next(line for line in project.splitlines() if line.startswith("version = "))
        (release / "pyproject.toml").write_text(project.replace(number, f'version = "{version}"', 1))
        (release / "deployment" / "COMMIT").write_text("0" * 40)
        (release / ".venv").symlink_to(Path(sys.executable).parents[1])
        for file, more in (("server/migrations.py", migration), ("server/serve.py", serving)):
            if more:
                with open(release / file, "a", encoding="utf-8") as opened:
                    opened.write(more)
        (release / ".whole").touch()
        return release

    def control(self, step: str) -> None:
        subprocess.run([sys.executable, self.folder / "control.py", step], env=self.environ, check=True, timeout=60)

    def start(self) -> None:
        self.control("start")
        wait_until(lambda: self.health()[1].get("version"), "the server answers", self.log)

    def upgrade(self, *arguments: object) -> subprocess.CompletedProcess:
        """`roadbook upgrade` of the release in use."""
        process = self.begin(*arguments)
        try:
            out, wrong = process.communicate(timeout=TAKES_S)
        finally:
            process.kill()
        return subprocess.CompletedProcess([], process.returncode, out, wrong)

    def begin(self, *arguments: object) -> subprocess.Popen:
        current = (self.roadbook / "current").resolve()
        command = [sys.executable, "-P", "-m", "server", "upgrade", "--roadbook", self.roadbook]
        control = f"{sys.executable} {self.folder / 'control.py'}"
        return subprocess.Popen(
            [*command, "--stop", f"{control} stop", "--start", f"{control} start", *map(str, arguments)],
            cwd=current,
            env=self.environ | {"PYTHONPATH": str(current)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def health(self) -> tuple[int, dict]:
        status, _, body = self.ask("GET", "/healthz/serving")
        return status, json.loads(body) if status else {}

    def sync(self, **asked) -> list[dict]:
        """The lines of an answer to Rita's phone; none where nobody answers."""
        body = json.dumps({"protocol": 1, "schema": "of a test", "cursor": "", **asked}).encode()
        status, _, answer = self.ask("POST", "/sync", body)
        return [json.loads(line) for line in answer.splitlines()] if status == 200 else []

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, dict, bytes]:
        import http.client

        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Host": f"localhost:{self.port}", "Cookie": f"roadbook={self.cookie}"}
        try:
            connection.request(method, path, body, headers | ({"Content-Type": "application/json"} if body else {}))
            answer = connection.getresponse()
            return answer.status, dict(answer.headers), answer.read()
        except (OSError, http.client.HTTPException):
            return 0, {}, b""
        finally:
            connection.close()

    @property
    def version(self) -> str:
        return os.readlink(self.roadbook / "current").rpartition("/")[2]

    @property
    def pid(self) -> int:
        return int((self.folder / "server.pid").read_text())

    def log(self) -> str:
        file = self.folder / "log"
        return file.read_text(errors="replace")[-2000:] if file.exists() else ""

    def end(self) -> None:
        for fatal in self.folder.glob("kill-*"):
            fatal.unlink()
        if (self.folder / "server.pid").exists():
            self.control("stop")


@cache
def _compiled() -> tempfile.TemporaryDirectory:
    """The code that is being tested, compiled once: every release that is laid is started several times."""
    folder = tempfile.TemporaryDirectory(prefix="roadbook-tests-")
    for name in CODE:
        shutil.copytree(ROOT / name, Path(folder.name) / name)
    services = Path(folder.name) / "server" / "upgrade" / "services.py"
    text = services.read_text("utf-8")
    for own, here in PATIENCE.items():
        assert own in text
        text = text.replace(own, here)
    services.write_text(text, "utf-8")
    subprocess.run([sys.executable, "-m", "compileall", "-q", folder.name], stdin=subprocess.DEVNULL, check=True)
    return folder


def _leave_small_pages(folder: Path) -> None:
    """Two stand for those of web/, which take seconds to read each time."""
    for page in folder.glob("[!_]*"):
        page.unlink()
    for page in (ROOT / "tests" / "unit" / "shell_pages").glob("[!_]*"):
        shutil.copy(page, folder)


def wait_until(condition, what: str, more=lambda: "", seconds: float = 150) -> None:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"never: {what}. {more()}")
        time.sleep(0.05)


def _signed_in(db, firm: Firm) -> str:
    return sessions.start(
        db,
        user_id="rita",
        device_id="phone-rita",
        device_name="Phone",
        started_by="password",
        now_ms=int(time.time() * 1000),
    )


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]
