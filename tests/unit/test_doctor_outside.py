"""The doctor asks real servers on this machine: for their certificate, their login, their time."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from server.config import read_settings
from server.doctor import outside
from server.firm import Firm
from server.notices.mail import read_server

DAY_S = 86_400


def certificate(folder, until: datetime, name: str = "localhost"):
    """A certificate that signs itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - timedelta(days=90))
        .not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@contextmanager
def https(file):
    """A server that shows this certificate; its address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    listening = socket.create_server(("127.0.0.1", 0))

    def answer():
        while True:
            try:
                plain, _ = listening.accept()
            except OSError:
                return
            plain.settimeout(5)
            try:
                context.wrap_socket(plain, server_side=True).close()
            except OSError:
                plain.close()

    threading.Thread(target=answer, daemon=True).start()
    try:
        yield f"https://localhost:{listening.getsockname()[1]}"
    finally:
        listening.close()


def trusting(file) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=file)


@pytest.mark.parametrize(("days", "state"), [(60, "ok"), (15, "ok"), (13, "warning")])
def test_a_certificate_is_told_before_it_ends(tmp_path, days, state):
    file = certificate(tmp_path, datetime.now(UTC) + timedelta(days=days, hours=1))
    with https(file) as url:
        told = outside.check_certificate(url, time.time(), trusting(file))

    assert (told.name, told.state) == ("certificate", state)


def test_a_certificate_that_ended_fails_with_its_day(tmp_path):
    until = datetime.now(UTC) - timedelta(days=2)
    file = certificate(tmp_path, until)
    with https(file) as url:
        told = outside.check_certificate(url, time.time(), trusting(file))

    assert told.state == "failed"
    assert f"{until:%Y-%m-%d}" in told.words


def test_a_certificate_that_nobody_trusts_fails(tmp_path):
    with https(certificate(tmp_path, datetime.now(UTC) + timedelta(days=60))) as url:
        told = outside.check_certificate(url, time.time())

    assert told.state == "failed"
    assert "does not trust it" in told.words and "phones" in told.way_out


def test_a_certificate_of_another_name_fails(tmp_path):
    file = certificate(tmp_path, datetime.now(UTC) + timedelta(days=60), "elsewhere.example.com")
    with https(file) as url:
        told = outside.check_certificate(url, time.time(), trusting(file))

    assert told.state == "failed"


def test_an_address_that_does_not_answer_fails():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    told = outside.check_certificate(f"https://localhost:{port}", time.time())

    assert told.state == "failed"
    assert "does not answer" in told.words and "Caddy" in told.way_out


# --- e-mail -------------------------------------------------------------------------------------------


@pytest.fixture
def mail_port(tmp_path, monkeypatch):
    """STARTTLS and a login are needed; what is sent would be kept in `sent`."""
    file = certificate(tmp_path, datetime.now(UTC) + timedelta(days=60))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(file)

    class Inbox:
        sent = 0

        async def handle_DATA(self, server, session, envelope):
            self.sent += 1
            return "250 OK"

    def authenticate(server, session, envelope, mechanism, data):
        is_right = data.login == b"it" and data.password == b"right"
        return AuthResult(success=is_right, handled=False)

    class Strict(Controller):
        def factory(self):
            return SMTP(self.handler, tls_context=tls, require_starttls=True, authenticator=authenticate)

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Strict(Inbox(), hostname="127.0.0.1", port=port)
    controller.start()
    yield port
    assert controller.handler.sent == 0
    controller.stop()


def test_a_mail_server_that_takes_the_login_is_ok_and_gets_no_mail(mail_port):
    told = outside.check_mail(read_server(f"smtp://it:right@localhost:{mail_port}"))

    assert (told.state, "takes the login" in told.words) == ("ok", True)


def test_a_wrong_password_is_told_without_saying_it(mail_port):
    told = outside.check_mail(read_server(f"smtp://it:hunter2@localhost:{mail_port}"))

    assert told.state == "failed"
    assert "refuses the login" in told.words and "hunter2" not in str(told)


def test_a_mail_server_that_is_not_there_fails(mail_port):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        away = taken.getsockname()[1]
    told = outside.check_mail(read_server(f"smtp+plain://localhost:{away}"))

    assert told.state == "failed"
    assert "Connection refused" in told.words


def test_a_scheme_that_does_not_fit_the_port_fails_soon(mail_port, monkeypatch):
    began = time.monotonic()
    told = outside.check_mail(read_server(f"smtps://it:right@localhost:{mail_port}"))

    assert told.state == "failed" and "ROADBOOK_SMTP" in told.way_out
    assert time.monotonic() - began < 60


def test_no_mail_server_is_fine():
    assert outside.check_mail(None).state == "ok"


# --- services and their clocks ------------------------------------------------------------------------


@contextmanager
def service(ahead_s: float = 0):
    """Whatever answers, with its own idea of the time."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response_only(404)
            self.send_header("Date", formatdate(time.time() + ahead_s, usegmt=True))
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def subscribed(tmp_path, *origins: str, **environ):
    """A firm whose devices are subscribed with these services."""
    firm = Firm.open(tmp_path / "firm")
    for n, origin in enumerate(origins):
        firm.write_now(
            lambda db, n=n, origin=origin: db.execute(
                "INSERT INTO push_subscription VALUES (?, 'u', 'd', ?, 'p', 'a', NULL, 1, 1, 0)",
                (str(n), f"{origin}/send/secret"),
            )
        )
    firm.close()
    environ |= {"ROADBOOK_DATA": str(tmp_path / "firm"), "ROADBOOK_URL": "https://crm.example.com"}
    return read_settings(environ | {"ROADBOOK_PUSH_ORIGINS": ",".join(origins)})


def asked(settings) -> dict:
    return {finding.name: finding for finding in asyncio.run(outside._examine_services(settings))}


def test_push_services_in_use_are_asked(tmp_path):
    with service() as origin:
        told = asked(subscribed(tmp_path, origin))

    assert (told["push services"].state, told["clock and others"].state) == ("ok", "ok")


def test_a_push_service_out_of_reach_is_named_without_the_devices_address(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        away = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with service() as origin:
        told = asked(subscribed(tmp_path, origin, away))

    assert told["push services"].state == "warning"
    assert away in told["push services"].words and "secret" not in str(told)


@pytest.mark.parametrize("ahead_s", [3_600, -3_600])
def test_a_clock_that_differs_from_others_fails(tmp_path, ahead_s):
    with service(ahead_s) as origin:
        told = asked(subscribed(tmp_path, origin))

    assert told["clock and others"].state == "failed"
    assert ("behind" if ahead_s > 0 else "ahead of") in told["clock and others"].words


def test_the_storages_clock_is_asked_too(tmp_path):
    with service(3_600) as origin:
        replica = {"ROADBOOK_REPLICA": f"s3://bucket/roadbook?endpoint={origin}"}
        told = asked(subscribed(tmp_path, **replica))

    assert told["clock and others"].state == "failed"


def test_nobody_is_asked_where_nothing_is_used(tmp_path):
    told = asked(subscribed(tmp_path))

    assert (set(told), told["push services"].state) == ({"push services"}, "ok")
