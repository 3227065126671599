"""A stand-in on this machine for what Chromium asks of Google: check-in, registration, the line for pushes.

Speaks as much of it as one browser needs.  What a push service would refuse it refuses: a missing or wrong signature.
"""

from __future__ import annotations

import datetime
import secrets
import socket
import ssl
import threading
import time
import uuid
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.unit.notice_servers import vapid_claims

# As Chromium names it, where Chrome says fcm.googleapis.com.
HOST = "jmt17.google.com"

# Kinds of messages on the line.
PING, PONG, LOGIN, WELCOME, MESSAGE = 0, 1, 2, 3, 8
VERSION = 41


def own_certificate(folder: Path) -> Path:
    """A throw-away key and certificate for HOST and this machine, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Stand-in of the tests")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName(HOST), x509.DNSName("localhost")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "stand-in.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return file


class Google:
    """port: of its HTTPS; line_port: of the line. sent: (headers, claims) of every push that it took."""

    def __init__(self, certificate: Path) -> None:
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate)
        self.registered: dict[str, dict[str, str]] = {}
        self.sent: list[tuple[dict, dict]] = []
        # By the number that a check-in gave: a browser has several clients, and each is told of its own pushes only.
        self._lines: dict[str, ssl.SSLSocket] = {}
        # What came before a line stood: a push service keeps it.
        self._kept: dict[str, list[bytes]] = {}
        self._turn = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.socket = self._tls.wrap_socket(self._http.socket, server_side=True)
        self.port = self._http.server_port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.line_port = self._listening.getsockname()[1]
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        threading.Thread(target=self._take_lines, daemon=True).start()

    @property
    def flags(self) -> list[str]:
        """With which Chromium asks here instead of there."""
        here = f"https://127.0.0.1:{self.port}"
        return [
            "--ignore-certificate-errors",
            f"--gcm-checkin-url={here}/checkin",
            f"--gcm-registration-url={here}/register",
            f"--gcm-mcs-endpoint=https://127.0.0.1:{self.line_port}",
        ]

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._listening.close()
        for line in self._lines.values():
            with suppress(OSError):
                line.close()

    # --- HTTPS

    def _handler(google):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                status, answer = google._answer(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                self.send_response(status)
                kind = "application/x-protobuffer" if "checkin" in self.path else "text/plain"
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        return Handler

    def _answer(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        if path.startswith("/checkin"):
            ids = _fixed(7, secrets.randbits(62)) + _fixed(8, secrets.randbits(62))
            return 200, _number(1, 1) + _number(3, int(time.time() * 1000)) + ids + _bytes(10, b"x")
        if path.startswith("/register"):
            if b"delete=true" in body:
                return 200, f"deleted={parse_qs(body.decode()).get('app', [''])[0]}".encode()
            token = f"token-{uuid.uuid4().hex}"
            self.registered[token] = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            return 200, f"token={token}".encode()
        return self._push(path.rsplit("/", 1)[1], headers, body)

    def _push(self, token: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        known = self.registered.get(token)
        if known is None:
            return 410, b"gone"
        claims = vapid_claims(headers["authorization"])
        if claims["aud"] != f"https://{HOST}" or not claims["sub"].startswith(("mailto:", "https:")):
            return 403, b"not signed for this service"
        self.sent.append((headers, claims))
        about = _pair("content-encoding", "aes128gcm") + _pair("subtype", known.get("X-subtype", ""))
        stanza = _bytes(2, b"m1") + _bytes(3, known.get("sender", "").encode()) + _bytes(4, b"user@stand-in")
        stanza += _bytes(5, known.get("app", "").encode()) + about + _bytes(9, f"0:{time.time_ns()}%id".encode())
        stanza += _number(17, 600) + _number(18, int(time.time() * 1000)) + _bytes(21, body)
        message = bytes([MESSAGE]) + _varint(len(stanza)) + stanza
        device = known["device"]
        with self._turn:
            if device in self._lines:
                self._lines[device].sendall(message)
            else:
                self._kept.setdefault(device, []).append(message)
        return 201, b""

    # --- the line

    def _take_lines(self) -> None:
        while True:
            try:
                plain, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_line, args=(plain,), daemon=True).start()

    def _serve_line(self, plain: socket.socket) -> None:
        with suppress(OSError, ConnectionError):
            line = self._tls.wrap_socket(plain, server_side=True)
            stream = line.makefile("rb")
            stream.read(1)  # the version that the browser speaks
            line.sendall(bytes([VERSION]))
            while kind := stream.read(1):
                text = stream.read(_read_varint(stream))
                if kind[0] == LOGIN:
                    welcome = _bytes(1, _field(text, 1)) + _number(6, 1) + _number(8, int(time.time() * 1000))
                    device = _field(text, 3).decode()
                    with self._turn:
                        kept = b"".join(self._kept.pop(device, []))
                        line.sendall(bytes([WELCOME]) + _varint(len(welcome)) + welcome + kept)
                        self._lines[device] = line
                elif kind[0] == PING:
                    line.sendall(bytes([PONG]) + _varint(0))


# --- as much of protocol buffers as this needs


def _varint(n: int) -> bytes:
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def _read_varint(stream) -> int:
    n = shift = 0
    while True:
        (byte,) = stream.read(1)
        n, shift = n | (byte & 127) << shift, shift + 7
        if byte < 128:
            return n


def _number(key: int, n: int) -> bytes:
    return _varint(key << 3) + _varint(n)


def _fixed(key: int, n: int) -> bytes:
    return _varint(key << 3 | 1) + n.to_bytes(8, "little")


def _bytes(key: int, text: bytes) -> bytes:
    return _varint(key << 3 | 2) + _varint(len(text)) + text


def _pair(name: str, value: str) -> bytes:
    return _bytes(7, _bytes(1, name.encode()) + _bytes(2, value.encode())) if value else b""


def _field(text: bytes, wanted: int) -> bytes:
    """The first text under this key."""
    at = 0

    def number() -> int:
        nonlocal at
        n = shift = 0
        while True:
            byte, at = text[at], at + 1
            n, shift = n | (byte & 127) << shift, shift + 7
            if byte < 128:
                return n

    while at < len(text):
        tag = number()
        if tag & 7 == 2:
            length = number()
            if tag >> 3 == wanted:
                return text[at : at + length]
            at += length
        elif tag & 7 == 0:
            number()
        else:
            at += 8 if tag & 7 == 1 else 4
    return b""


@contextmanager
def google(folder: Path):
    certificate = own_certificate(folder)
    stand_in = Google(certificate)
    stand_in.certificate = certificate
    try:
        yield stand_in
    finally:
        stand_in.close()
