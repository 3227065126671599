"""A second machine that follows: what install.sh starts there, what it never starts, and when it refuses."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ..conftest import ROOT
from .checkout import URL, install, take_checkout

# systemctl as far as it is asked here: it knows what is enabled, and writes down what it is told.
SYSTEMCTL = """#!/bin/sh
case $1 in
is-enabled) grep -qx "$3" {known} ;;
is-active) exit 1 ;;
*) echo "$*" >>{told} ;;
esac
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    return take_checkout(tmp_path_factory.mktemp("admin") / "roadbook")


def services(tmp_path: Path, question: str, enabled: str = "", has_firm: bool = False, **known: str) -> tuple:
    """What a part of services.sh does on a machine with these services, and what systemctl was told."""
    made = {name: tmp_path / name for name in ("bin", "firm", "enabled", "told")}
    for name in ("bin", "firm"):
        made[name].mkdir(exist_ok=True)
    made["enabled"].write_text(enabled.replace(" ", "\n") + "\n")
    made["told"].write_text("")
    if has_firm:
        (made["firm"] / "roadbook.db").touch()
    systemctl = made["bin"] / "systemctl"
    systemctl.write_text(SYSTEMCTL.format(known=made["enabled"], told=made["told"]))
    systemctl.chmod(0o755)
    (tmp_path / "roadbook.env").write_text(f"ROADBOOK_DATA={made['firm']}\nROADBOOK_REPLICA=file:///mnt/nas\n")
    known = {
        "root": "", "dry": "no", "start": "yes", "with_caddy": "no", "standby": "no", "restart": "yes",
        "kind": "domain", "replica": "", "settings": tmp_path / "roadbook.env",
    } | known  # fmt: skip
    parts = "".join(f". {ROOT}/deployment/install/{part}.sh\n" for part in ("steps", "services"))
    said = "".join(f"{name}='{value}'\n" for name, value in known.items())
    done = subprocess.run(
        ["sh", "-euc", f"{parts}{said}is_running() {{ true; }}\nPATH={made['bin']}:$PATH\n{question}"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stderr, made["told"].read_text().splitlines()


def test_a_second_machine_follows_and_neither_serves_nor_replicates(tmp_path):
    status, said, told = services(tmp_path, "start_all", "roadbook roadbook-replica", standby="yes")

    assert status == 0, said
    assert {"disable -q roadbook", "disable -q roadbook-replica", "enable -q roadbook-standby"} < set(told)
    assert "stop roadbook roadbook-replica" in told and "restart roadbook-standby" in told
    assert not [line for line in told if re.match(r"(enable|start|restart).* roadbook(-replica)?$", line)]


def test_a_machine_that_follows_goes_on_following_when_the_script_runs_again(tmp_path):
    told = services(tmp_path, "start_all", "roadbook-standby")[2]

    assert "restart roadbook-standby" in told
    assert not [line for line in told if re.search(r"(enable|restart)\b.* (roadbook|roadbook-replica)$", line)]


@pytest.mark.parametrize("enabled", ["", "roadbook roadbook-replica"])
def test_a_machine_that_serves_is_made_no_standby_by_the_script(tmp_path, enabled):
    for has_firm in (False, True):
        told = services(tmp_path, "start_all", enabled, has_firm)[2]

        assert "restart roadbook" in told
        assert [line for line in told if "standby" in line] == []


def test_a_standby_that_was_promoted_serves_and_follows_no_more(tmp_path):
    told = services(tmp_path, "start_all", "roadbook-standby", has_firm=True)[2]

    assert {"disable -q roadbook-standby", "enable -q roadbook", "enable -q roadbook-replica"} < set(told)


def test_a_machine_with_a_firm_of_its_own_cannot_become_a_standby(tmp_path):
    status, said, _ = services(tmp_path, "check_standby", has_firm=True, standby="yes")

    assert (status, "has a firm of its own" in said) == (1, True), said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--url", URL, "--standby"], "say which, with --replica"),
        (["--url", "https://*.example.com", "--firms", "--standby", "--replica", "s3://b/r"], "is for one firm"),
    ],
)
def test_a_standby_that_could_follow_nothing_is_refused(checkout, tmp_path, arguments, said):
    done = install(checkout, "--root", tmp_path / "image", *arguments)

    assert (done.returncode, said in done.stdout) == (1, True), done.stdout
    assert list((tmp_path / "image").iterdir()) == []


@pytest.mark.parametrize(
    ("replica", "has_firm", "starts"),
    [("file:///mnt/nas", False, True), ("file:///mnt/nas", True, False), ("", False, False)],
)
def test_the_service_starts_only_where_there_is_something_to_follow_and_no_firm(tmp_path, replica, has_firm, starts):
    """Its conditions, run as systemd would: a name in braces is a setting's value."""
    if not all(shutil.which(program, path="/bin:/usr/bin") for program in ("grep", "test")):
        pytest.skip("grep or test is not here")
    settings = tmp_path / "roadbook.env"
    settings.write_text(f"ROADBOOK_DATA={tmp_path}\n" + (f"ROADBOOK_REPLICA={replica}\n" if replica else ""))
    if has_firm:
        (tmp_path / "roadbook.db").touch()
    unit = (ROOT / "deployment/systemd/roadbook-standby.service").read_text()
    conditions = re.findall(r"^ExecCondition=(.+)$", unit, re.MULTILINE)

    met = [
        subprocess.run(
            ["sh", "-c", one.replace("/etc/roadbook/roadbook.env", str(settings))],
            env={"ROADBOOK_DATA": str(tmp_path)}, timeout=20, check=False,
        ).returncode == 0
        for one in conditions
    ]  # fmt: skip

    assert len(met) == 2 and all(met) is starts
    # Ended by a promotion it stays ended; whatever else ends it, it comes back.
    assert "\nRestart=on-failure\n" in unit


def test_what_closes_the_standby_in_is_what_closes_the_replicator_in():
    def closed(unit: str) -> list[str]:
        text = (ROOT / f"deployment/systemd/{unit}.service").read_text()
        return re.findall(r"^(?:Protect|Private|Restrict|System|Capab|Memory|NoNew|Device|Lock)\w+=.*$", text, re.M)

    assert closed("roadbook-standby") == closed("roadbook-replica")
