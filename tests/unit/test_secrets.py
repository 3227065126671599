"""No secret is written where it may be read: not in the log, the console, an answer, a process's arguments, a repr.

A real server and a real replicator run with secrets in their settings while secrets go through every path, also where
something breaks; then everything that they said is searched.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from server.config import EVERY_SETTING, WrongSetting, read_settings
from server.firm import Firm
from server.sign_in import codes, invites
from tests.small_firm import as_server, op

ROOT = Path(__file__).parents[2]
WAIT_S = 90

IN_SETTINGS = {
    "ROADBOOK_SMTP": "smtps://roadbook:kanari-smtp@127.0.0.1:1",
    "ROADBOOK_REPLICA": "s3://bucket/roadbook?endpoint=http://127.0.0.1:1&region=x",
    "ROADBOOK_REPLICA_KEY": "kanari-key",
    "ROADBOOK_REPLICA_SECRET": "kanari-secret",
    "ROADBOOK_METRICS": "token:kanari-metrics-token-of-many-letters",
}
TYPED = {"password": "kanari-password-1", "wrong": "kanari-wrong-password", "link": "kanari-token", "code": "KANARIAB"}


class Served:
    """The server's process, everything it said, and everything that it was told that nobody else may know."""

    def __init__(self, folder: Path) -> None:
        self.data, self.log = folder / "firm", folder / "log"
        firm = Firm.open(self.data)
        as_server(firm, op("role", "boss", name="Boss", data_scope="everything", is_admin=1))
        as_server(firm, op("user", "anna", name="Anna", role_id="boss"))
        self.invite = firm.write_now(lambda db: invites.make_invite(db, "anna", None, firm.clock()))
        self.code = firm.write_now(lambda db: codes.make_code(db, "anna", None, firm.clock()))
        firm.close()
        with socket.create_server(("127.0.0.1", 0)) as found:
            port = found.getsockname()[1]
        self.url = f"http://localhost:{port}"
        self.environ = {name: text for name, text in os.environ.items() if not name.startswith("ROADBOOK_")}
        self.environ |= {"ROADBOOK_DATA": str(self.data), "ROADBOOK_URL": self.url, "ROADBOOK_PORT": str(port)}
        self.environ |= IN_SETTINGS
        self.secrets = {"kanari", self.invite, self.code}
        self.answers: list[str] = []
        self.processes: list[subprocess.Popen] = []
        self.arguments = ""

    def start(self, *argv: str) -> subprocess.Popen:
        with open(self.log, "ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "server", *argv], cwd=ROOT, env=self.environ, stdout=log, stderr=log
            )
        self.processes.append(process)
        return process

    def ask(self, browser: httpx2.Client, method: str, path: str, **more) -> httpx2.Response:
        answer = browser.request(method, self.url + path, **more)
        # What somebody typed into a field that is no secret may stand there again; cookies are their owner's.
        self.answers.append(f"{method} {path} {answer.status_code} {answer.text}")
        self.secrets |= {value for value in answer.cookies.values() if len(value) > 15}
        return answer

    def end(self) -> None:
        for process in self.processes:
            self.arguments += _arguments(process.pid)
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            process.wait(WAIT_S)

    def said(self) -> str:
        return self.log.read_text("utf-8", "replace")


def _arguments(pid: int) -> str:
    """The arguments of a process and all its children, as every user of the machine may read them."""
    told = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ") + "\n"
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for task in Path(f"/proc/{pid}/task").iterdir():
        children += (task / "children").read_text().split()
    return told + "".join(_arguments(int(child)) for child in set(children))


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """After everything has been tried."""
    made = Served(tmp_path_factory.mktemp("secrets"))
    made.start("serve")
    replicator = made.start("replicate")
    try:
        _until(lambda: httpx2.get(made.url + "/sw.js").status_code == 200)
        _go_through(made)
        _break(made)
        _until(lambda: "litestream" in _arguments(replicator.pid))
    finally:
        made.end()
    for argv in (["doctor"], ["status"], ["backup", "--help"]):
        ran = subprocess.run(
            [sys.executable, "-m", "server", *argv], cwd=ROOT, env=made.environ, capture_output=True, timeout=WAIT_S
        )
        made.answers.append((ran.stdout + ran.stderr).decode("utf-8", "replace"))
    with sqlite3.connect(made.data / "roadbook.db") as db:
        made.secrets |= {row[0] for row in db.execute("SELECT password_hash FROM credential")}
        # The private key, in lines: what a log would have of it.
        pem = db.execute("SELECT value FROM meta WHERE name LIKE 'vapid%'").fetchone()[0]
        made.secrets |= {line for line in str(pem).splitlines() if len(line) > 20 and "-----" not in line}
    return made


def _until(holds) -> None:
    end = time.monotonic() + WAIT_S
    while True:
        try:
            if holds():
                return
        except (OSError, httpx2.HTTPError):
            pass
        assert time.monotonic() < end
        time.sleep(0.1)


def _go_through(made: Served) -> None:
    """Every path that a secret takes, well and badly."""
    shown = {"headers": {"accept": "text/html", "sec-fetch-mode": "navigate"}}
    with httpx2.Client(timeout=WAIT_S) as browser:
        assert made.ask(browser, "POST", "/sign-in", data={"code": made.code}, **shown).status_code == 303
    with httpx2.Client(timeout=WAIT_S) as browser:
        form = {"login": "anna", "password": TYPED["password"]}
        made.ask(browser, "POST", f"/invite/{made.invite}", data=form | {"login": "x"}, **shown)
        made.ask(browser, "POST", f"/invite/{made.invite}", data=form, **shown)
        made.ask(browser, "GET", f"/invite/{TYPED['link']}", **shown)
        made.ask(browser, "GET", f"/setup?token={TYPED['link']}", **shown)
        made.ask(browser, "POST", "/me/password", data=form | {"old_password": TYPED["wrong"]}, **shown)
        made.ask(browser, "POST", "/me/notices/test", **shown)
        app = made.ask(browser, "GET", "/me/authenticator", **shown).text
        # Shown to its owner, to be typed into the app: there and nowhere else.
        if found := re.search(r"[A-Z2-7 ]{32,}", app):
            made.answers.pop()
            made.secrets |= {found[0], found[0].replace(" ", "")}
        own_code = made.ask(browser, "POST", "/sign-in/code", **shown).text
        if found := re.search(r"\b[A-Z0-9]{4}[ -][A-Z0-9]{4}\b", own_code):
            made.answers.pop()
            made.secrets |= {found[0], found[0].replace(" ", "")}
        made.ask(browser, "POST", "/sync", content=b'{"protocol":1,"kanari":')
        made.ask(browser, "POST", "/sync", content=b'{"protocol":1,"cursor":"kanari","ops":[]}')
        made.ask(browser, "GET", "/nowhere?password=kanari-query", **shown)
    with httpx2.Client(timeout=WAIT_S) as browser:
        for login, password in (("anna", TYPED["wrong"]), (TYPED["password"], "x"), ("anna", TYPED["password"])):
            made.ask(browser, "POST", "/sign-in", data={"login": login, "password": password}, **shown)
        made.ask(browser, "POST", "/sign-in", data={"code": TYPED["code"]}, **shown)
        made.ask(browser, "GET", "/metrics", headers={"authorization": "Bearer kanari-wrong-bearer"})


def _break(made: Served) -> None:
    """Something that no code foresees: tables are gone. Secrets are on their way through at that moment."""
    with sqlite3.connect(made.data / "roadbook.db", timeout=WAIT_S) as db:
        for table in ("sign_in_attempt", "sign_in_code", "invite"):
            db.execute(f"DROP TABLE {table}")
    # uvicorn closes a line on which something broke.
    shown = {"headers": {"accept": "text/html", "sec-fetch-mode": "navigate", "connection": "close"}}
    with httpx2.Client(timeout=WAIT_S) as browser:
        broken = [
            made.ask(browser, "POST", "/sign-in", data={"login": "anna", "password": TYPED["password"]}, **shown),
            made.ask(browser, "POST", "/sign-in", data={"code": TYPED["code"]}, **shown),
            made.ask(browser, "GET", f"/invite/{TYPED['link']}", **shown),
        ]
    assert [answer.status_code for answer in broken] == [500, 500, 500]


def found_in(text: str, served: Served) -> list[str]:
    return [line[:300] for line in text.splitlines() if any(secret in line for secret in served.secrets)]


def test_what_is_searched_has_something_in_it(served):
    assert "Traceback" in served.said() or "no such table" in served.said()
    assert len(served.secrets) >= 8 and len(served.answers) > 15


def test_the_log_and_the_console_hold_no_secret(served):
    assert found_in(served.said(), served) == []


def test_no_answer_and_no_command_says_a_secret(served):
    # A name typed as login comes back in the form; what was typed as password does not.
    told = [text for text in served.answers if f'value="{TYPED["password"]}"' not in text]
    for text in told:
        head, _, body = text.partition(" ")
        assert found_in(re.sub(r"(GET|POST) /\S*", "", f"{head} {body}", count=1), served) == []


def test_the_arguments_of_no_process_hold_a_secret(served):
    assert "litestream" in served.arguments
    assert found_in(served.arguments, served) == []


def test_settings_show_none_of_their_secrets(tmp_path):
    environ = IN_SETTINGS | {"ROADBOOK_DATA": str(tmp_path), "ROADBOOK_URL": "https://x.example"}
    shown = repr(read_settings(environ))

    assert "kanari" not in shown and "127.0.0.1" in shown


# Where something listens and lies: no place for a secret.
PLAIN = ("ROADBOOK_FIRMS", "ROADBOOK_HOST", "ROADBOOK_TRUSTED_PROXIES")
MAY_HOLD_ONE = [each for each in EVERY_SETTING if each.name not in PLAIN]


@pytest.mark.parametrize("setting", MAY_HOLD_ONE, ids=lambda each: each.name)
def test_a_wrong_setting_is_named_without_what_is_secret_in_it(setting, tmp_path):
    """Each in turn holds an address with a password in it, and something that makes it wrong."""
    environ = IN_SETTINGS | {"ROADBOOK_DATA": str(tmp_path), "ROADBOOK_URL": "https://x.example"}
    given = "kanari-alone" if setting.is_secret else "nonsense://login:kanari-in-address@host:no-port/ x"
    environ |= {setting.name: given}
    try:
        shown = repr(read_settings(environ))
    except WrongSetting as wrong:
        shown = str(wrong)

    assert "kanari" not in shown
