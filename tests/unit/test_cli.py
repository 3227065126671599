import os
import re
import resource
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from server import cli
from tests.unit.shell import add_person, client, id_of, open_firm, signed_in_client

ROOT = Path(__file__).parents[2]


@pytest.fixture
def firm(tmp_path, monkeypatch):
    monkeypatch.setenv("ROADBOOK_DATA", str(tmp_path))
    monkeypatch.setenv("ROADBOOK_URL", "http://localhost:8000")
    firm = open_firm(tmp_path)
    yield firm
    firm.close()


def run(capsys, *argv):
    """The command's exit status and what it printed."""
    with pytest.raises(SystemExit) as ended:
        cli.main(list(argv))
    return ended.value.code, capsys.readouterr().out


def test_code_signs_the_named_person_in(firm, capsys):
    firm.clock.now_ms = cli_now_ms()
    status, out = run(capsys, "code", "anna")
    code = re.search(r"^  (\w{4} \w{4})$", out, re.M)[1]

    assert status == 0
    assert client(firm).post("/sign-in", data={"code": code}).status_code == 303


def cli_now_ms():
    from server.firm import wall_clock_ms

    return wall_clock_ms()


def test_invite_with_a_role_adds_the_person(firm, capsys):
    firm.clock.now_ms = cli_now_ms()
    status, out = run(capsys, "invite", "Ben Otto", "--role", "Salesperson")
    link = re.search(r"http://localhost:8000(/invite/\S+)", out)[1]

    assert status == 0
    assert "Welcome, Ben Otto" in client(firm).get(link).text


def test_admin_makes_somebody_an_administrator(firm, capsys):
    ben = add_person(firm, "Ben Otto")

    assert run(capsys, "admin", "Ben Otto")[0] == 0

    with firm.look() as conn:
        role_id = conn.execute("SELECT role_id FROM user WHERE id = ?", (ben,)).fetchone()[0]
    assert role_id == id_of(firm, "Administrator", "role")


def test_admin_in_a_new_firm_shows_the_setup_link(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ROADBOOK_DATA", str(tmp_path))
    monkeypatch.setenv("ROADBOOK_URL", "https://crm.example.com")

    assert "https://crm.example.com/setup?token=" in run(capsys, "admin")[1]


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (["code", "nobody"], "nobody has the login, name or id 'nobody'"),
        (
            ["invite", "Ben", "--role", "King"],
            "there is no role 'King'; there are: Administrator, Finance, Salesperson",
        ),
        (["admin"], "set up already"),
    ],
)
def test_a_command_that_cannot_says_why(firm, capsys, argv, why):
    assert why in run(capsys, *argv)[0]


def test_two_people_of_one_name_are_told_apart_by_id(firm, capsys):
    one = add_person(firm, "王芳")
    add_person(firm, "王芳")

    assert "more than one person" in run(capsys, "code", "王芳")[0]
    assert run(capsys, "code", one)[0] == 0


def test_a_missing_setting_ends_the_command_with_its_name(monkeypatch, capsys):
    monkeypatch.delenv("ROADBOOK_DATA", raising=False)

    assert "ROADBOOK_DATA is not set" in run(capsys, "serve")[0]


def test_a_taken_port_is_said_plainly(firm, monkeypatch, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("ROADBOOK_PORT", str(taken.getsockname()[1]))

        said = run(capsys, "serve")[0]

    assert "Stop what uses it" in said and "ROADBOOK_PORT=8010" in said


def test_a_port_that_is_none_is_said_plainly(firm, monkeypatch, capsys):
    monkeypatch.setenv("ROADBOOK_HOST", "192.0.2.1")

    assert "ROADBOOK_HOST=127.0.0.1" in run(capsys, "serve")[0]
    with pytest.raises(SystemExit):
        cli.parsed(["run", "--port", "99999999"])
    assert "a number from 0 to 65535 is needed" in capsys.readouterr().err


@pytest.mark.parametrize(
    "argv",
    [["code", "anna"], ["invite", "anna"], ["admin"], ["admin", "anna"], ["audit", "verify"], ["restored"],
     ["second-factor", "anna"], ["export", "accounts.csv", "--for", "anna"], ["import", "x.csv"]],
    ids=" ".join,
)  # fmt: skip
def test_no_command_begins_a_firm_where_a_setting_is_wrong(tmp_path, monkeypatch, capsys, argv):
    monkeypatch.setenv("ROADBOOK_DATA", str(tmp_path / "mistyped"))
    monkeypatch.setenv("ROADBOOK_URL", "http://localhost:8000")

    assert "there is no firm in" in run(capsys, *argv)[0]
    assert not (tmp_path / "mistyped").exists()


@pytest.mark.parametrize("name", ["import", "export"])
def test_help_needs_no_settings(monkeypatch, capsys, name):
    monkeypatch.delenv("ROADBOOK_DATA", raising=False)

    status, out = run(capsys, name, "--help")

    assert status == 0 and f"usage: roadbook {name}" in out


def test_each_command_s_help_says_what_it_does(capsys):
    commands = next(action for action in cli.parser()._actions if action.choices).choices

    assert [name for name, known in commands.items() if known.add_help and not known.description] == []


def test_a_sample_takes_no_folder_that_holds_something_else(tmp_path, capsys):
    (tmp_path / "letter.txt").write_text("mine")
    folders = [path.name for path in tmp_path.parent.iterdir()]

    assert "is not empty and holds no firm" in run(capsys, "run", "--port", "0", "--data", str(tmp_path))[0]
    assert [path.name for path in tmp_path.parent.iterdir()] == folders


@pytest.fixture
def served(firm, tmp_path):
    """A `roadbook serve` of the firm, and its address; the firm is set up."""
    port = free_port()
    settings = {"ROADBOOK_DATA": str(tmp_path), "ROADBOOK_URL": "http://localhost", "ROADBOOK_PORT": port}
    command = [sys.executable, "-m", "server", "serve"]
    server = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    server.stdout.readline()
    yield server, f"http://127.0.0.1:{port}"
    server.kill()
    server.communicate()


def test_a_served_firm_answers_and_stops_when_told(served):
    server, url = served
    page = open_url(f"{url}/sign-in").read().decode()
    server.send_signal(signal.SIGTERM)

    assert "Nordlicht" in page
    assert server.wait(10) == 0


def test_a_served_firm_may_have_thousands_of_devices_listening(few_files, served):
    server, url = served
    open_url(f"{url}/sign-in").read()

    soft, hard = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
    assert soft >= min(hard, 20_000)


def test_an_open_stream_does_not_hold_the_server_up_and_logs_no_error(firm, served):
    server, url = served
    firm.clock.now_ms = cli_now_ms()
    token = signed_in_client(firm).cookies["roadbook"]
    stream = open_url(urllib.request.Request(f"{url}/live", headers={"Cookie": f"roadbook={token}"}))
    assert stream.readline().startswith(b"retry: ")
    server.send_signal(signal.SIGTERM)

    assert server.wait(20) == 0
    # uvicorn says so when it has to cut an answer off.
    assert [line for line in server.stderr if '"level":"info"' not in line] == []


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as found:
        return str(found.getsockname()[1])


def open_url(asked):
    # The socket listens before the app is ready: the request waits in its queue.
    return urllib.request.urlopen(asked, timeout=60)


@pytest.mark.parametrize("argv", [["restore", "--dry-run"], ["drill"]], ids=" ".join)
def test_whoever_waits_for_the_replica_is_told_so(firm, tmp_path_factory, monkeypatch, capsys, argv):
    monkeypatch.setenv("ROADBOOK_REPLICA", f"file://{tmp_path_factory.mktemp('empty')}")
    with pytest.raises(SystemExit) as ended:
        cli.main(argv)

    assert ended.value.code and "Asking file://" in capsys.readouterr().err
