"""install.sh fills a folder as it would a machine: what it makes, what it leaves alone, what it refuses."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from ..conftest import ROOT
from .checkout import URL, install, take_checkout
from .tools import program

UNITS = ("roadbook", "roadbook-replica", "roadbook-standby")
REPLICA = "file:///mnt/backup/roadbook"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    return take_checkout(tmp_path_factory.mktemp("admin") / "roadbook")


@pytest.fixture(scope="module")
def image(checkout, tmp_path_factory):
    """A folder that install.sh filled, after a run that was cut off while it laid the release."""
    image = tmp_path_factory.mktemp("image")
    half = image / "opt/roadbook/releases" / version(checkout)
    half.mkdir(parents=True)
    (half / "half").write_text("")
    done = install(checkout, "--root", image, "--url", URL, "--email", "it@example.com", "--replica", REPLICA)
    assert done.returncode == 0, done.stdout
    return image


def version(checkout: Path) -> str:
    told = subprocess.run(
        ["sh", checkout / "deployment/version.sh", checkout], capture_output=True, check=True, text=True
    )
    return told.stdout.strip()


def mode(path: Path) -> str:
    return oct(path.stat().st_mode & 0o7777)[2:]


def stamps(folder: Path) -> dict[str, tuple[int, int, int]]:
    found = [(path, path.lstat()) for path in folder.rglob("*")]
    return {str(path): (stat.st_mtime_ns, stat.st_ino, stat.st_mode) for path, stat in found}


def test_everything_is_where_the_guide_says_and_closed_to_others(image, checkout):
    current = image / "opt/roadbook/current"

    assert os.readlink(current) == f"releases/{version(checkout)}"
    assert {path: mode(image / path) for path in ("var/lib/roadbook", "etc/roadbook/roadbook.env")} == {
        "var/lib/roadbook": "700",
        "etc/roadbook/roadbook.env": "640",
    }
    assert mode(image / "usr/local/bin/roadbook") == "755"
    for unit in UNITS:
        assert (image / f"etc/systemd/system/{unit}.service").is_file()
    assert not (current / "tests").exists()
    # What is half of an earlier run is gone, and nobody but root may change what runs.
    assert not (current / "half").exists()
    assert [path for path in current.rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o022] == []


def test_what_was_laid_runs(image, tmp_path):
    current = image / "opt/roadbook/current"
    done = subprocess.run(
        [".venv/bin/python", "-m", "server", "doctor"],
        cwd=current, capture_output=True, text=True, timeout=120, check=False,
        env=os.environ | {"ROADBOOK_DATA": str(tmp_path), "ROADBOOK_URL": URL},
    )  # fmt: skip

    assert "SQLite build" in done.stdout, done.stderr
    # Pinned: exactly what the lock file says is there.
    frozen = subprocess.run(
        [".venv/bin/python", "-m", "pip", "list", "--format=freeze"],
        cwd=current,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    pinned = set(re.findall(r"^([\w.-]+==\S+)", (ROOT / "requirements.lock").read_text("utf-8"), re.MULTILINE))
    found = {line.lower().replace("_", "-") for line in frozen.split()}
    assert {line for line in found - pinned if not line.startswith(("pip==", "setuptools=="))} == set()


def test_a_second_run_changes_nothing_and_says_so(image, checkout):
    before = stamps(image)
    done = install(checkout, "--root", image)

    assert done.returncode == 0, done.stdout
    assert "Nothing to change" in done.stdout
    assert stamps(image) == before


def test_settings_that_are_there_stay(image, checkout, tmp_path):
    own = copied(image, tmp_path)
    settings = own / "etc/roadbook/roadbook.env"
    written = settings.read_text() + "ROADBOOK_SMTP=smtps://a:b@mail.example.com\n# a remark\n"
    settings.write_text(written)

    assert install(checkout, "--root", own).returncode == 0
    assert settings.read_text() == written


def test_a_replica_may_be_named_later_and_the_services_may_write_there_alone(image, checkout, tmp_path):
    own = copied(image, tmp_path)
    settings = own / "etc/roadbook/roadbook.env"
    settings.write_text("".join(line for line in settings.open() if "REPLICA" not in line))
    done = install(
        checkout,
        "--root",
        own,
        "--replica",
        "s3://bucket/roadbook",
        ROADBOOK_REPLICA_KEY="id",
        ROADBOOK_REPLICA_SECRET="s'$&",
    )

    assert done.returncode == 0, done.stdout
    assert settings.read_text().splitlines()[-3:] == [
        "ROADBOOK_REPLICA=s3://bucket/roadbook", "ROADBOOK_REPLICA_KEY=id", "ROADBOOK_REPLICA_SECRET=s'$&",
    ]  # fmt: skip
    assert "s'$&" not in done.stdout
    for unit in UNITS:
        writes = (image / f"etc/systemd/system/{unit}.service.d/places.conf").read_text()
        assert "ReadWritePaths=/mnt/backup/roadbook\n" in writes


def installed_anew(image: Path, tmp_path: Path, checkout: Path, *arguments: str) -> tuple[Path, str]:
    """As if on a machine of its own, with the release that is laid already."""
    own = copied(image, tmp_path)
    shutil.rmtree(own / "etc")
    done = install(checkout, "--root", own, *arguments)
    assert done.returncode == 0, done.stdout
    again = install(checkout, "--root", own)
    assert "Nothing to change" in again.stdout, again.stdout
    return own, done.stdout


def test_several_firms_get_a_folder_and_certificates_on_demand(image, checkout, tmp_path):
    own, _ = installed_anew(image, tmp_path, checkout, "--firms", "--url", "https://*.example.com")

    assert (own / "etc/roadbook/roadbook.env").read_text().splitlines()[-2:] == [
        "ROADBOOK_FIRMS=/var/lib/roadbook/firms",
        "ROADBOOK_URL=https://*.example.com",
    ]
    assert mode(own / "var/lib/roadbook/firms") == "700"
    assert "ask http://127.0.0.1:8000/hosted" in (own / "etc/roadbook/Caddyfile").read_text()


def test_root_makes_nothing_through_a_link_in_the_servers_own_folder(image, checkout, tmp_path):
    own, _ = installed_anew(image, tmp_path, checkout, "--firms", "--url", "https://*.example.com")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    (own / "var/lib/roadbook/firms").rmdir()
    (own / "var/lib/roadbook/firms").symlink_to(elsewhere)

    install(checkout, "--root", own)

    assert mode(elsewhere) == "755"


def test_a_network_without_a_domain_gets_a_certificate_once_and_a_page(image, checkout, tmp_path):
    own, _ = installed_anew(image, tmp_path, checkout, "--lan", "roadbook.lan")
    lan = own / "etc/roadbook/lan"

    assert "ROADBOOK_URL=https://roadbook.lan\n" in (own / "etc/roadbook/roadbook.env").read_text()
    assert (mode(lan / "root.key"), mode(lan / "page/roadbook.crt")) == ("640", "644")
    assert "tls internal" in (own / "etc/roadbook/Caddyfile").read_text()


def test_an_own_configuration_of_caddy_is_left_alone(image, checkout, tmp_path):
    own = copied(image, tmp_path)
    (own / "etc/caddy/Caddyfile").write_text("blog.example.com {\n}\n")
    done = install(checkout, "--root", own)

    assert (own / "etc/caddy/Caddyfile").read_text() == "blog.example.com {\n}\n"
    assert "is your own and stays as it is. Add this as its first line" in done.stdout


def test_what_differs_is_put_right(image, checkout, tmp_path):
    own = copied(image, tmp_path)
    (own / "etc/roadbook/roadbook.env").chmod(0o644)
    (own / "etc/systemd/system/roadbook.service").write_text("")
    done = install(checkout, "--root", own)

    assert mode(own / "etc/roadbook/roadbook.env") == "640"
    assert (own / "etc/systemd/system/roadbook.service").read_text() == (
        checkout / "deployment/systemd/roadbook.service"
    ).read_text()
    assert "mode of /etc/roadbook/roadbook.env" in done.stdout


def test_another_release_is_left_to_the_command_that_can_go_back(image, checkout, tmp_path):
    newer = take_checkout(tmp_path / "newer")
    (newer / "server/newer.py").write_text("")
    before = stamps(image)
    done = install(newer, "--root", image)

    assert done.returncode == 1
    assert f"roadbook upgrade {newer}" in done.stdout
    assert stamps(image) == before


def test_a_standby_which_has_no_firm_to_copy_changes_to_another_release_by_the_same_script(image, checkout, tmp_path):
    newer = take_checkout(tmp_path / "newer")
    (newer / "server/newer.py").write_text("")
    own = copied(image, tmp_path)
    done = install(newer, "--root", own, "--standby", "--dry-run")
    (own / "var/lib/roadbook/roadbook.db").touch()
    serving = install(newer, "--root", own, "--dry-run")

    assert (done.returncode, f"release {version(newer)} in use" in done.stdout) == (0, True), done.stdout
    assert (serving.returncode, "roadbook upgrade" in serving.stdout) == (1, True)


def test_a_dry_run_says_everything_and_does_nothing(checkout, tmp_path):
    done = install(checkout, "--root", tmp_path / "image", "--url", URL, "--dry-run")

    assert done.returncode == 0, done.stdout
    assert "would: release" in done.stdout and "would: file /etc/roadbook/roadbook.env" in done.stdout
    assert list((tmp_path / "image").iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "which address will people open?"),
        (["--url"], "--url needs a value"),
        (["--url", "http://roadbook.example.com"], "begins with https://"),
        (["--url", "https://roadbook.example.com/crm"], "without path or port"),
        (["--url", "https://roadbook.example.com:8443"], "without path or port"),
        (["--url", "https://Roadbook.example.com"], "small letters"),
        (["--url", "https://roadbook"], "whole host name"),
        (["--url", "https://203.0.113.7"], "names, not for numbers"),
        (["--url", "https://*.example.com"], "add --firms"),
        (["--url", URL, "--firms"], "has a *"),
        (["--url", URL, "--colour", "red"], "--colour is not known"),
    ],
)
def test_wrong_arguments_change_nothing_and_show_a_right_one(checkout, tmp_path, arguments, said):
    done = install(checkout, "--root", tmp_path / "image", *arguments)

    assert done.returncode == 1
    assert said in done.stdout
    assert list((tmp_path / "image").iterdir()) == []


def test_another_address_than_the_one_that_is_served_is_refused(image, checkout):
    done = install(checkout, "--root", image, "--url", "https://other.example.com")

    assert done.returncode == 1
    assert f"this machine serves {URL}" in done.stdout


def test_only_root_installs(checkout):
    parts = "".join((checkout / f"deployment/install/{part}.sh").read_text() for part in ("steps", "machine"))
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.getuid() == 0 else []
    done = subprocess.run(
        [*nobody, "sh", "-euc", f"{parts}\nroot= dry=no arguments='--url {URL}'\ncheck_root"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert (done.returncode, f"Try: sudo sh deployment/install.sh --url {URL}" in done.stderr) == (1, True), done.stderr


def test_an_untried_system_is_said_and_one_without_packages_refused(checkout, tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text('ID=alpine\nVERSION_ID="3.20"\n')

    assert (
        "Tried are Debian 12 and 13, Ubuntu 22.04 and 24.04"
        in install(checkout, "--root", tmp_path, "--url", URL, "--dry-run").stdout
    )


def asked(checkout: Path, question: str, **known: str) -> subprocess.CompletedProcess:
    """One check of machine.sh by itself."""
    known = {
        "root": "",
        "log": "/dev/null",
        "dry": "no",
        "with_caddy": "yes",
        "port": "8000",
        "settings": "roadbook.env",
    } | known
    said = "".join(f"{name}='{value}'\n" for name, value in known.items())
    parts = "".join(f". {checkout}/deployment/install/{part}.sh\n" for part in ("steps", "machine"))
    return subprocess.run(
        ["sh", "-euc", f"{parts}{said}{question}"], capture_output=True, text=True, timeout=60, check=False
    )


def test_a_full_disk_is_said_with_how_much_is_needed(checkout):
    done = asked(checkout, "check_room", room_needed="99999999")

    assert done.returncode == 1
    assert re.search(r"has \d+ MB left; Roadbook needs 99999999 MB", done.stderr)


def test_a_taken_port_is_said_with_what_has_taken_it(checkout):
    if not shutil.which("ss") or not shutil.which("systemctl"):
        pytest.skip("ss or systemctl is not here")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = asked(checkout, "check_ports", port=str(taken.getsockname()[1]))

    assert done.returncode == 1
    assert re.search(r"is taken by (python|pytest)\S*\. Stop it, or write ROADBOOK_PORT", done.stderr), done.stderr


def test_an_old_python_is_passed_over(checkout, tmp_path):
    (tmp_path / "python3").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "python3").chmod(0o755)
    done = asked(checkout, f'PATH={tmp_path} find_python; echo "found:$python"', PYTHON="python3")

    assert "found:\n" in done.stdout


@pytest.mark.parametrize("unit", UNITS)
def test_services_are_on_a_short_leash(image, unit):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not here")
    path = image / f"etc/systemd/system/{unit}.service"
    score = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", path],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", score.stdout)
    if not exposure:
        pytest.skip(f"this systemd-analyze cannot judge a file: {score.stderr.strip()}")

    assert float(exposure[1]) <= 1.5


@pytest.mark.parametrize("unit", UNITS)
def test_units_say_nothing_that_systemd_does_not_know(image, unit, tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not here")
    # The paths of this image, so that what the unit starts is there.
    for name in UNITS:
        text = (image / f"etc/systemd/system/{name}.service").read_text()
        (tmp_path / f"{name}.service").write_text(re.sub(r"(?<==)/opt/", f"{image}/opt/", text))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / f"{unit}.service"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert [line for line in done.stderr.splitlines() if str(tmp_path) in line or "roadbook" in line] == []


def test_the_command_reads_settings_as_systemd_does_and_runs_nothing_in_them(image, tmp_path):
    (tmp_path / ".venv/bin").mkdir(parents=True)
    python = tmp_path / ".venv/bin/python"
    python.write_text('#!/bin/sh\nenv | grep ^ROADBOOK_\necho "$@"\n')
    python.chmod(0o755)
    settings = tmp_path / "roadbook.env"
    settings.write_text(
        "# remark\nROADBOOK_REPLICA=s3://b/p?endpoint=https://x.example&region=$HOME`id`\n"
        "ROADBOOK_MAIL_FROM=\"a b\"\nROADBOOK_CONTACT='c d'\n\nnonsense\nROADBOOK_URL=https://x.example"
    )
    text = (image / "usr/local/bin/roadbook").read_text()
    text = text.replace("/etc/roadbook/roadbook.env", str(settings)).replace("/opt/roadbook/current", str(tmp_path))
    text = text.replace("runuser -u roadbook --", "env").replace(
        "= roadbook ]", f"= {os.environ.get('USER', '') or 'x'} ]"
    )
    (tmp_path / "roadbook").write_text(text)
    done = subprocess.run(
        ["sh", tmp_path / "roadbook", "doctor", "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )
    if os.getuid():
        assert "Try: sudo roadbook doctor --json" in done.stderr
        return

    assert set(done.stdout.splitlines()) == {
        "ROADBOOK_REPLICA=s3://b/p?endpoint=https://x.example&region=$HOME`id`", "ROADBOOK_MAIL_FROM=a b",
        "ROADBOOK_CONTACT=c d", "ROADBOOK_URL=https://x.example", "-P -m server doctor --json",
    }  # fmt: skip


def test_scripts_are_plain_sh():
    scripts = sorted((ROOT / "deployment").rglob("*.sh"))
    checker = program("shellcheck", "shellcheck")
    done = subprocess.run(
        [checker, "-s", "sh", "-S", "warning", "-e", "SC2154,SC2034,SC1090,SC1091,SC2148", *scripts],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.stdout == ""


def copied(image: Path, tmp_path: Path) -> Path:
    """The image with files of its own but for the release, which nothing here changes."""
    own = tmp_path / "image"
    shutil.copytree(image, own, symlinks=True, ignore=lambda folder, names: {"releases"} & set(names))
    releases = own / "opt/roadbook/releases"
    releases.mkdir(mode=0o755)
    for release in (image / "opt/roadbook/releases").iterdir():
        (releases / release.name).symlink_to(release)
    return own
