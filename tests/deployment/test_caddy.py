"""The real Caddy, as install.sh configures it, in front of the real server."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import json
import socket
import ssl
import subprocess
import threading
import time
import warnings
from base64 import b64encode

import brotli
import pytest

from server.firm import Firm
from server.sign_in import throttle
from sync.schema import schema_hash

from ..conftest import ROOT
from ..files import noise_png
from .fronted import HOST, Fronted
from .tools import program

TUS = {"Tus_Resumable": "1.0.0"}


@pytest.fixture(scope="module")
def cookie(fronted):
    return f"__Host-roadbook={fronted.session('rita')}"


@pytest.mark.parametrize("kind", ["domain", "firms", "lan"])
def test_caddy_understands_what_is_written_for_it(kind, fronted, tmp_path):
    lan = fronted.folder / "lan"
    written = subprocess.run(
        ["sh", ROOT / "deployment/install/caddyfile.sh", kind, HOST, "8000", "it@example.com", lan],
        check=True, capture_output=True, text=True, timeout=60,
    ).stdout  # fmt: skip
    (tmp_path / "Caddyfile").write_text(written)
    caddy = program("caddy", "caddy")
    # Adapted, not provisioned: that would look for certificates out there.
    done = subprocess.run(
        [caddy, "adapt", "--config", "Caddyfile"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stderr
    # As Caddy itself would write it: whoever edits it finds it tidy.
    assert "not formatted" not in done.stderr
    assert '"flush_interval":-1' in done.stdout


def test_pages_come_packed_with_the_servers_own_headers_once(fronted):
    answer = fronted.ask("GET", "/sign-in", Accept_Encoding="gzip", Accept_Language="en")
    body = gzip.decompress(answer.read()).decode()

    assert (answer.status, "Sign in" in body) == (200, True)
    assert answer.headers.get_all("strict-transport-security") == ["max-age=31536000"]
    assert len(answer.headers.get_all("content-security-policy")) == 1
    assert answer.headers["server"] is None


def test_browsers_get_http_2(fronted):
    with fronted.connect(offers=("h2", "http/1.1")) as line:
        assert (line.selected_alpn_protocol(), line.version()) == ("h2", "TLSv1.3")


@pytest.mark.parametrize(("newest", "word"), [("TLSv1_1", "protocol version"), ("TLSv1_2", "")])
def test_nobody_is_answered_by_an_old_tls(fronted, newest, word):
    old = ssl.create_default_context(cafile=fronted.root)
    # What this side would refuse by itself proves nothing.
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion[newest]
    said = ""
    with socket.create_connection(("127.0.0.1", fronted.https_port), timeout=30) as line:
        try:
            old.wrap_socket(line, server_hostname=HOST).close()
        except ssl.SSLError as refused:
            said = str(refused).lower().replace("_", " ")

    assert (word in said) if word else not said, said


def sync(fronted, cookie: str, encoding: str = "identity", **more):
    asked = {
        "protocol": 1,
        "schema": schema_hash(),
        "cursor": "",
        "known": "",
        "clock": int(time.time() * 1000),
        "ops": [],
    }
    headers = {"Content_Type": "application/json", "Cookie": cookie, "Accept_Encoding": encoding}
    return fronted.ask("POST", "/sync", json.dumps(asked | more).encode(), **headers)


@pytest.mark.parametrize(("encoding", "unpack"), [("br", brotli.decompress), ("gzip", gzip.decompress)])
def test_devices_get_rows_packed_by_the_server_and_not_once_more(fronted, cookie, encoding, unpack):
    answer = sync(fronted, cookie, f"zstd, {encoding}")
    lines = unpack(answer.read()).decode().splitlines()

    assert answer.headers.get_all("content-encoding") == [encoding]
    assert "end" in json.loads(lines[-1])


def test_pokes_pass_as_they_happen(fronted, cookie):
    answer = fronted.ask("GET", "/live", Cookie=cookie, Accept_Encoding="gzip, br")
    assert answer.status == 200 and answer.headers["content-encoding"] is None
    assert answer.readline().startswith(b"retry: ")
    row = "01890000-0000-7000-8000-00000000c0de"
    change = {
        "id": row.replace("c0de", "c0df"),
        "entity": "note",
        "row": row,
        "base": 0,
        "at": 1,
        "set": {"text": "Hello"},
    }
    accepted = sync(fronted, cookie, ops=[change]).read().decode()

    # A stream that something holds back says nothing until it is full: the connection's patience ends first.
    line = answer.readline()
    while not line.startswith(b"event: poke"):
        assert line, accepted
        line = answer.readline()


def test_files_come_in_pieces(fronted, cookie):
    content = noise_png(1_200_000)
    named = b64encode(hashlib.sha256(content).hexdigest().encode()).decode()
    begun = fronted.ask(
        "POST", "/uploads", Cookie=cookie, Upload_Length=str(len(content)), Upload_Metadata=f"hash {named}", **TUS
    )
    assert begun.status == 201, begun.read()
    address = begun.headers["location"]
    at = 0
    while at < len(content):
        piece = content[at : at + 500_000]
        sent = fronted.ask(
            "PATCH",
            address,
            piece,
            Cookie=cookie,
            Upload_Offset=str(at),
            Content_Type="application/offset+octet-stream",
            **TUS,
        )
        assert sent.status == 204, sent.read()
        at = int(sent.headers["upload-offset"])


def test_large_files_of_rows_reach_the_import(fronted, cookie):
    rows = b"name\n" + b"A customer of no importance\n" * 150_000
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="c.csv"\r\n\r\n' + rows + b"\r\n--x--\r\n"
    answer = fronted.ask("POST", "/import", body, Cookie=cookie, Content_Type="multipart/form-data; boundary=x")
    answer.read()

    assert answer.status != 413


def test_guesses_are_counted_for_whoever_guesses_and_not_for_the_proxy(fronted):
    form = {"Content_Type": "application/x-www-form-urlencoded", "Sec_Fetch_Site": "same-origin"}
    body = b"login=rita&password=wrong&next=/"
    # What a client says of itself is not believed.
    fronted.ask("POST", "/sign-in", body, source="127.0.0.5", X_Forwarded_For="203.0.113.9", **form).read()

    assert counted(fronted, "127.0.0.5") == 1
    assert counted(fronted, "127.0.0.1") == counted(fronted, "203.0.113.9") == 0


def counted(fronted, address: str) -> int:
    firm = Firm.open(fronted.data)
    try:
        with firm.look() as db:
            asked = throttle.by_address("password_address", address)
            found = db.execute("SELECT failures FROM sign_in_attempt WHERE kind = ? AND key = ?", asked).fetchone()
        return found[0] if found else 0
    finally:
        firm.close()


SECRETS = {"Cookie": "__Host-roadbook=secret-in-cookie", "Referer": f"https://{HOST}/invite/secret-in-referer"}


def test_the_log_holds_no_links_that_let_somebody_in_and_no_sessions(fronted):
    fronted.ask("GET", "/setup?token=secret-in-query", **SECRETS).read()
    fronted.ask("GET", "/invite/secret-in-path?x=secret-in-query", **SECRETS).read()
    fronted.ask("GET", "/devices/word/secret-in-path", **SECRETS).read()
    log = fronted.log.read_text()

    assert '"uri":"/invite/"' in log and '"uri":"/setup"' in log and '"uri":"/devices/word/"' in log
    assert "secret-in-" not in log


def test_while_the_server_is_away_people_wait_a_little_and_the_log_stays_clean(fronted):
    fronted.stop("server")
    try:
        assert fronted.ask("GET", "/invite/secret-in-path?x=secret-in-query", **SECRETS).status == 502
        answers = []
        asking = threading.Thread(target=lambda: answers.append(fronted.ask("GET", "/sign-in").status))
        asking.start()
        # It is on its way before there is anybody to answer it.
        time.sleep(0.5)
    finally:
        fronted.start_server()
    asking.join(60)

    assert answers == [200]
    assert "secret-in-" not in fronted.log.read_text()


def test_http_leads_to_https_where_there_is_a_domain(tmp_path):
    fronted = Fronted(tmp_path / "machine", "domain")
    try:
        fronted.start_caddy()
        asked = http.client.HTTPConnection("127.0.0.1", fronted.http_port, timeout=60)
        asked.request("GET", "/customers", headers={"Host": HOST})
        answer = asked.getresponse()
        assert (answer.status, answer.headers["location"].startswith(f"https://{HOST}")) == (308, True)
    finally:
        fronted.close()


def test_certificates_are_had_for_firms_that_are_there_and_for_no_others(tmp_path):
    fronted = Fronted(tmp_path / "machine", "firms")
    try:
        fronted.start()
        root = fronted.folder / "caddy/caddy/pki/authorities/local/root.crt"

        def shown_for(name: str) -> str:
            trusting = ssl.create_default_context(cafile=root)
            with (
                socket.create_connection(("127.0.0.1", fronted.https_port), timeout=60) as line,
                trusting.wrap_socket(line, server_hostname=name) as safe,
            ):
                return safe.getpeercert()["subjectAltName"][0][1]

        assert shown_for("acme.test") == "acme.test"
        with pytest.raises(ssl.SSLError):
            shown_for("other.test")
    finally:
        fronted.close()
