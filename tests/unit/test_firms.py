"""Several firms in one process, chosen by host name."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WAIT_S = 60


@pytest.fixture(scope="module")
def hosted(tmp_path_factory):
    """A process that serves two firms; (folder, port)."""
    tmp_path = tmp_path_factory.mktemp("hosted")
    firms = tmp_path / "firms"
    for name in ("acme", "zhou"):
        (firms / name).mkdir(parents=True)
    port = free_port()
    environ = os.environ | {
        "ROADBOOK_FIRMS": str(firms),
        "ROADBOOK_URL": f"http://*.localhost:{port}",
        "ROADBOOK_PORT": str(port),
    }
    environ.pop("ROADBOOK_DATA", None)
    with open(tmp_path / "log", "wb") as log:
        command = [sys.executable, "-m", "server", "serve"]
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log)
    until(lambda: "Sign in" in page(port, "acme"))
    yield firms, port, environ
    process.send_signal(signal.SIGTERM)
    assert process.wait(WAIT_S) == 0


def free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def until(holds) -> None:
    """Wait until something holds; what is not there yet counts as not."""
    end = time.monotonic() + WAIT_S
    while True:
        try:
            if holds():
                return
        except OSError as error:
            last = error
        else:
            last = None
        assert time.monotonic() < end, last
        time.sleep(0.1)


def page(port: int, name: str, path: str = "/sign-in") -> str:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", headers={"Host": f"{name}.localhost:{port}", "Accept-Language": "en"}
    )
    with urllib.request.urlopen(request, timeout=WAIT_S) as answer:
        return answer.read().decode()


def command(environ: dict[str, str], *argv: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "server", *argv], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=WAIT_S
    )
    return done.stdout + done.stderr


def test_each_firm_answers_under_its_own_name_with_its_own_file(hosted):
    firms, port, environ = hosted
    link = command(environ, "--firm", "acme", "admin")

    assert f"http://acme.localhost:{port}/setup?token=" in link
    path = "/setup" + re.search(r"/setup(\S+)", link)[1]
    assert "name=\"firm_name\"" in page(port, "acme", path)
    with pytest.raises(urllib.error.HTTPError, match="410"):  # the link of one firm opens no other
        page(port, "zhou", path)
    assert (firms / "acme" / "roadbook.db").exists() and (firms / "zhou" / "roadbook.db").exists()


def test_a_host_without_a_firm_is_told_so_and_makes_none(hosted):
    firms, port, _ = hosted
    with pytest.raises(urllib.error.HTTPError, match="421"):
        page(port, "nobody")
    assert "nobody" not in [path.name for path in firms.iterdir()]


def test_a_proxy_is_told_which_names_to_have_certificates_for(hosted):
    _, port, _ = hosted

    def status(domain: str, **headers: str) -> int:
        asked = urllib.request.Request(f"http://127.0.0.1:{port}/hosted?domain={domain}", headers=headers)
        try:
            return urllib.request.urlopen(asked, timeout=WAIT_S).status
        except urllib.error.HTTPError as refused:
            return refused.code

    assert [status(name) for name in ("acme.localhost", "ACME.localhost")] == [200, 200]
    assert [status(name) for name in ("other.localhost", "")] == [404, 404]
    # A guest who comes by the proxy under a name that is nobody's learns nothing.
    guest = {"X-Forwarded-For": "192.0.2.9"}
    assert [status(name, **guest) for name in ("acme.localhost", "other.localhost")] == [421, 421]


def test_a_firm_that_comes_while_the_process_runs_is_served(hosted):
    firms, port, _ = hosted
    (firms / "late").mkdir()

    assert "Sign in" in page(port, "late")


def test_a_firm_that_cannot_be_opened_keeps_no_other_from_its_work_and_comes_back(hosted):
    firms, port, _ = hosted
    (firms / "broken").mkdir()
    (firms / "broken" / "roadbook.db").write_bytes(b"no database at all, and long enough for a header of one. " * 20)

    with pytest.raises(urllib.error.HTTPError, match="503") as refused:
        page(port, "broken")

    assert "administrator" in refused.value.read().decode() and refused.value.headers["Retry-After"]
    assert "Sign in" in page(port, "zhou")
    (firms / "broken" / "roadbook.db").unlink()
    until(lambda: "Sign in" in page(port, "broken"))


def test_names_that_strangers_make_up_are_not_kept_while_the_folder_cannot_be_read():
    from server.config import WrongSetting
    from server.firms import Firms

    def unreadable():
        raise WrongSetting("ROADBOOK_FIRMS: it cannot be read")

    firms, told = Firms(unreadable, None), []

    async def ask(host: str) -> None:
        async def send(message) -> None:
            told.append(message.get("status"))

        headers = [(b"host", host.encode())]
        await firms({"type": "http", "path": "/", "headers": headers, "method": "GET"}, None, send)

    asyncio.run(ask("made-up.example.com"))

    assert told[0] == 503
    assert firms.not_open() == []
