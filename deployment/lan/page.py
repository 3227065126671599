"""The page on port 80 that gets a phone to trust the root certificate, in three languages, and the files it offers.

Made once, as plain files that Caddy serves: it must work before anything is trusted.  It says why, for every kind of
device how, and tries by itself whether the device trusts already.
"""

from __future__ import annotations

import json
import plistlib
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import segno
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from jinja2 import Environment, FileSystemLoader, StrictUndefined

HERE = Path(__file__).parent
LANGUAGES = {
    "en": ("index.html", "English"),
    "zh-Hans": ("zh-Hans.html", "简体中文"),
    "zh-Hant": ("zh-Hant.html", "繁體中文"),
}
STATIC = ("page.css", "page.js")


def make_page(folder: Path, host: str) -> None:
    """folder: where root.crt is; the page comes into its folder `page`, in place of an earlier one."""
    certificate = x509.load_pem_x509_certificate((folder / "root.crt").read_bytes())
    page = folder / "page"
    page.mkdir(mode=0o755, exist_ok=True)
    for name, content in contents(certificate, host).items():
        _write(page / name, content)


def contents(certificate: x509.Certificate, host: str) -> dict[str, bytes]:
    """File name -> bytes; the same for the same certificate."""
    shown = {
        "host": host,
        "certificate": certificate.subject.rfc4514_string().removeprefix("CN="),
        "fingerprint": fingerprint(certificate),
        "until": certificate.not_valid_after_utc.date().isoformat(),
        "qr": segno.make(f"http://{host}/", error="m", micro=False).svg_inline(scale=5, border=2, omitsize=False),
        "languages": [(code, file, name) for code, (file, name) in LANGUAGES.items()],
    }
    templates = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined)
    template = templates.get_template("page.html")
    pages = {
        file: template.render(language=code, t=words(code, host), **shown).encode()
        for code, (file, _) in LANGUAGES.items()
    }
    return pages | {name: (HERE / name).read_bytes() for name in STATIC} | {
        # Android takes either form, Windows and iOS this one for certain.
        "roadbook.crt": certificate.public_bytes(serialization.Encoding.DER),
        "roadbook.mobileconfig": profile(certificate, host),
    }  # fmt: skip


def words(language: str, host: str) -> dict:
    """The texts of one language, with the host's name in them."""
    written = (HERE / "words" / f"{language}.json").read_text("utf-8")
    return json.loads(written.replace("HOST", host))


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256, as phones show it."""
    text = certificate.fingerprint(hashes.SHA256()).hex().upper()
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def profile(certificate: x509.Certificate, host: str) -> bytes:
    """A configuration profile for iPhone, iPad and Mac that holds the root certificate."""
    name = f"Roadbook ({host})"
    root = {
        "PayloadType": "com.apple.security.root",
        "PayloadIdentifier": f"{host}.root",
        "PayloadUUID": str(uuid5(NAMESPACE_URL, f"https://{host}/root")).upper(),
        "PayloadVersion": 1,
        "PayloadDisplayName": name,
        "PayloadCertificateFileName": "roadbook.crt",
        "PayloadContent": certificate.public_bytes(serialization.Encoding.DER),
    }
    whole = {
        "PayloadType": "Configuration",
        "PayloadIdentifier": host,
        "PayloadUUID": str(uuid5(NAMESPACE_URL, f"https://{host}/")).upper(),
        "PayloadVersion": 1,
        "PayloadDisplayName": name,
        "PayloadDescription": f"Lets this device trust https://{host}, and nothing else.",
        "PayloadContent": [root],
    }
    return plistlib.dumps(whole)


def _write(path: Path, content: bytes) -> None:
    if path.exists() and path.read_bytes() == content:
        return
    making = path.with_name(path.name + ".making")
    making.write_bytes(content)
    making.chmod(0o644)
    making.replace(path)
