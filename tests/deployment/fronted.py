"""Roadbook as it is installed, on loopback: the real server, the real Caddy with install.sh's own configuration.

Only what a test cannot have is changed in that: the ports below 1024, and the public certificate authority.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from server.firm import Firm
from server.sign_in import passwords, sessions

from ..conftest import ROOT
from ..small_firm import make_firm
from .tools import program

HOST = "roadbook.test"
PATIENCE_S = 60
PASSWORD = "correct horse battery"


class Fronted:
    """folder: of this machine. kind: as of deployment/install/caddyfile.sh."""

    def __init__(self, folder: Path, kind: str = "lan", caddy: str | None = None) -> None:
        self.folder, self.kind = folder, kind
        self.program = caddy or program("caddy", "caddy")
        self.port, self.http_port, self.https_port = (_free_port() for _ in range(3))
        self.log = folder / "caddy.log"
        self._processes: dict[str, subprocess.Popen] = {}
        folder.mkdir(parents=True, exist_ok=True)
        self._run_lan()
        self._write_caddyfile()
        self._make_firms()

    @property
    def root(self) -> Path:
        """The certificate to trust."""
        return self.folder / "lan" / "root.crt"

    @property
    def data(self) -> Path:
        return self.folder / "firm"

    def start(self) -> None:
        self.start_server()
        self.start_caddy()

    def start_server(self) -> None:
        several = {"ROADBOOK_FIRMS": str(self.folder / "firms"), "ROADBOOK_URL": "https://*.test"}
        one = {"ROADBOOK_DATA": str(self.data), "ROADBOOK_URL": f"https://{HOST}"}
        environ = {name: value for name, value in os.environ.items() if not name.startswith("ROADBOOK_")}
        self._run(
            "server",
            [sys.executable, "-m", "server", "serve"],
            environ | (several if self.kind == "firms" else one) | {"ROADBOOK_PORT": str(self.port)},
        )
        # It listens before it can answer, and an answer that takes long counts as none.
        _until(lambda: _status(self.port, "/healthz/serving") is not None)

    def start_caddy(self) -> None:
        places = {
            "HOME": str(self.folder),
            "XDG_DATA_HOME": str(self.folder / "caddy"),
            "XDG_CONFIG_HOME": str(self.folder / "caddy"),
        }
        self._run("caddy", [self.program, "run", "--config", self.folder / "Caddyfile"], os.environ | places)
        _until(lambda: socket.create_connection(("127.0.0.1", self.https_port), timeout=5).close() is None)

    def stop(self, name: str) -> None:
        process = self._processes.pop(name)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(PATIENCE_S)
        finally:
            process.kill()
            process.wait()

    def close(self) -> None:
        for name in list(self._processes):
            self.stop(name)

    def session(self, user_id: str) -> str:
        """A session cookie, as if by password."""
        firm = Firm.open(self.data)
        try:
            return firm.write_now(
                lambda db: sessions.start(
                    db,
                    user_id=user_id,
                    device_id=f"test-{user_id}",
                    device_name="Test",
                    started_by="password",
                    now_ms=firm.clock(),
                )
            )
        finally:
            firm.close()

    def connect(self, name: str = HOST, source: str = "127.0.0.1", offers: tuple[str, ...] = ()) -> ssl.SSLSocket:
        """A connection that trusts the root certificate and nothing else."""
        trusting = ssl.create_default_context(cafile=self.root)
        if offers:
            trusting.set_alpn_protocols(list(offers))
        line = socket.create_connection(("127.0.0.1", self.https_port), timeout=PATIENCE_S, source_address=(source, 0))
        return trusting.wrap_socket(line, server_hostname=name)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        source: str = "127.0.0.1",
        name: str = HOST,
        **headers: str,
    ) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(name)
        connection.sock = self.connect(name, source)
        connection.request(method, path, body, {each.replace("_", "-"): value for each, value in headers.items()})
        return connection.getresponse()

    def _run(self, name: str, command: list, environ: dict[str, str]) -> None:
        with open(self.folder / f"{name}.log", "ab") as log:
            self._processes[name] = subprocess.Popen(
                command, cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def _run_lan(self) -> None:
        (self.folder / "lan").mkdir()
        subprocess.run(
            [sys.executable, "-m", "deployment.lan", self.folder / "lan", HOST],
            cwd=ROOT,
            check=True,
            capture_output=True,
            timeout=60,
        )

    def _write_caddyfile(self) -> None:
        made = subprocess.run(
            ["sh", ROOT / "deployment/install/caddyfile.sh", self.kind, HOST, str(self.port), "", self.folder / "lan"],
            check=True, capture_output=True, text=True, timeout=60,
        ).stdout  # fmt: skip
        ports = f"admin off\n\tdefault_bind 127.0.0.1\n\thttp_port {self.http_port}\n\thttps_port {self.https_port}\n"
        if self.kind != "lan":
            ports += "\tskip_install_trust\n\tlocal_certs\n"
        (self.folder / "inner").write_text(made.replace("admin off\n", ports, 1))
        (self.folder / "Caddyfile").write_text(f"import {self.folder}/inner\n")

    def _make_firms(self) -> None:
        if self.kind == "firms":
            (self.folder / "firms" / "acme").mkdir(parents=True)
            return
        firm = make_firm(self.data)
        hashed = passwords.hash_password(PASSWORD)
        firm.write_now(lambda db: passwords.store(db, "rita", "rita", hashed))
        firm.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


def _status(port: int, path: str) -> int:
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        asked.request("GET", path)
        return asked.getresponse().status
    finally:
        asked.close()


def _until(holds: Callable[[], bool]) -> None:
    """Whatever is not there yet counts as not."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        with suppress(OSError, http.client.HTTPException):
            if holds():
                return
        time.sleep(0.05)
    raise AssertionError("it does not start; see the logs in its folder")
