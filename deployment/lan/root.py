"""The root certificate of a network without a domain: made once, kept for ten years, good for one name alone.

Whoever trusts a root certificate trusts whoever holds its key.  This one is limited (RFC 5280, name constraints) to
Roadbook's own name: stolen, it could speak for no bank.  A root that is there is never replaced, because every phone
would have to trust the new one.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAYS = 3650


def make_root(folder: Path, host: str, now: datetime | None = None) -> None:
    """root.crt and root.key in the folder, where they are not there yet. Raises OtherName for that of another host."""
    if (folder / "root.crt").exists() and (folder / "root.key").exists():
        name = name_of(folder)
        if name != host:
            raise OtherName(name)
        return
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(key, host, now or datetime.now(UTC))
    written = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    # The certificate last: without it, half a pair is made anew.
    _write(folder / "root.key", written, 0o640)
    _write(folder / "root.crt", certificate.public_bytes(serialization.Encoding.PEM), 0o644)


class OtherName(Exception):
    """The folder holds the root certificate of another name, which phones may trust already."""


def name_of(folder: Path) -> str:
    """The host name that the root certificate is good for."""
    certificate = x509.load_pem_x509_certificate((folder / "root.crt").read_bytes())
    limits = certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    return limits.permitted_subtrees[0].value


def _certificate(key: ec.EllipticCurvePrivateKey, host: str, now: datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Roadbook ({host})"[:64])])
    usage = x509.KeyUsage(False, False, False, False, False, key_cert_sign=True, crl_sign=True,
                          encipher_only=False, decipher_only=False)  # fmt: skip
    everywhere = [x509.IPAddress(ip_network(every)) for every in ("0.0.0.0/0", "::/0")]
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # Clocks of phones run late.
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.NameConstraints([x509.DNSName(host)], everywhere), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    making = path.with_name(path.name + ".making")
    making.unlink(missing_ok=True)
    with open(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    making.replace(path)
