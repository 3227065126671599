"""A network without a domain: nothing works offline before the root certificate is trusted, everything after."""

from __future__ import annotations

import http.client
import json
import os
import plistlib
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from deployment.lan.page import LANGUAGES, STATIC, contents, fingerprint, words
from deployment.lan.root import OtherName, make_root

from ..browser.phone import PHONE, Phone
from ..conftest import QUIET, ROOT
from .fronted import HOST
from .tools import program

CACHED = "(await caches.keys()).length && navigator.serviceWorker.controller"


@contextmanager
def browser_on_a_device(playwright, chromium_path, fronted, home: Path, trusts: bool):
    """A Chromium whose person installed the root certificate, or did not; the names of the network lead to Caddy."""
    store = home / ".pki/nssdb"
    store.mkdir(parents=True)
    tool = program("certutil", "libnss3-tools")
    subprocess.run([tool, "-d", f"sql:{store}", "-N", "--empty-password"], check=True, timeout=60)
    if trusts:
        add = [tool, "-d", f"sql:{store}", "-A", "-t", "C,,", "-n", "Roadbook", "-i", fronted.root]
        subprocess.run(add, check=True, timeout=60)
    leads = f"MAP {HOST}:443 127.0.0.1:{fronted.https_port}, MAP {HOST}:80 127.0.0.1:{fronted.http_port}"
    browser = playwright.chromium.launch(
        executable_path=chromium_path,
        args=[*QUIET, f"--host-resolver-rules={leads}"],
        env=os.environ | {"HOME": str(home)},
    )
    try:
        yield browser
    finally:
        browser.close()


def state_of(page) -> str:
    """What the page says of this device, once it knows."""
    page.goto(f"http://{HOST}/")
    unknown = words("en", HOST)["unknown"]
    page.wait_for_function("(unknown) => document.getElementById('state').textContent !== unknown", arg=unknown)
    return page.locator("#state").text_content()


def test_a_device_that_does_not_trust_is_told_and_keeps_nothing(playwright, chromium_path, fronted, tmp_path):
    with browser_on_a_device(playwright, chromium_path, fronted, tmp_path, trusts=False) as browser:
        page = browser.new_context(**PHONE).new_page()
        assert state_of(page) == words("en", HOST)["missing"]

        # As if somebody had clicked through the warning.
        clicked = browser.new_context(**PHONE, ignore_https_errors=True).new_page()
        clicked.goto(f"https://{HOST}/sign-in")
        script = clicked.evaluate("fetch('/sw.js').then((answer) => answer.status)")
        failed = clicked.evaluate("navigator.serviceWorker.register('/sw.js').then(() => '', (error) => error.message)")
        assert script == 200 and "SSL certificate error" in failed


def test_a_device_that_trusts_works_when_the_network_is_gone(playwright, chromium_path, fronted, tmp_path):
    with browser_on_a_device(playwright, chromium_path, fronted, tmp_path, trusts=True) as browser:
        context = browser.new_context(**PHONE)
        context.add_cookies(
            [{"name": "__Host-roadbook", "value": fronted.session("rita"), "url": f"https://{HOST}", "secure": True}]
        )
        assert state_of(context.new_page()) == words("en", HOST)["trusted"]

        phone = Phone(None, None, f"https://{HOST}", context)
        phone.open("/customers")
        phone.wait_for(CACHED)
        phone._wait_for_first_sync("/customers")
        fronted.stop("caddy")
        try:
            phone.open("/tasks")
            assert phone.host == "device"
        finally:
            fronted.start_caddy()


def test_the_root_certificate_is_good_for_its_own_name_alone(fronted, tmp_path):
    """Whoever steals its key must not be able to speak for a bank."""
    make_root(tmp_path, HOST)
    root = x509.load_pem_x509_certificate((tmp_path / "root.crt").read_bytes())
    for name, is_good in ((HOST, True), ("bank.example.com", False), ("evil-roadbook.test", False)):
        made = subprocess.run(
            ["sh", "-euc", SIGN, "sh", tmp_path, name],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert made.returncode == 0, made.stderr
        judged = subprocess.run(
            ["openssl", "verify", "-CAfile", "root.crt", "leaf.crt"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (judged.returncode == 0) is is_good, judged.stdout + judged.stderr
    assert root.extensions.get_extension_for_class(x509.NameConstraints).critical


SIGN = """
printf 'subjectAltName=DNS:%s' "$2" >leaf.ext
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout leaf.key -subj / -out leaf.csr
openssl x509 -req -in leaf.csr -CA root.crt -CAkey root.key -CAcreateserial -days 30 -extfile leaf.ext -out leaf.crt
"""


def test_a_root_that_phones_trust_is_never_made_anew(tmp_path):
    make_root(tmp_path, HOST)
    before = (tmp_path / "root.crt").read_bytes()
    make_root(tmp_path, HOST, datetime(2030, 1, 1, tzinfo=UTC))
    with pytest.raises(OtherName):
        make_root(tmp_path, "other.test")

    assert (tmp_path / "root.crt").read_bytes() == before
    assert (tmp_path / "root.key").stat().st_mode & 0o007 == 0


def test_half_a_root_is_made_anew(tmp_path):
    (tmp_path / "root.key").write_text("")
    make_root(tmp_path, HOST)

    assert "BEGIN" in (tmp_path / "root.key").read_text()


def test_the_page_offers_each_kind_of_device_what_it_takes(fronted):
    certificate = x509.load_pem_x509_certificate(fronted.root.read_bytes())
    files = contents(certificate, HOST)
    profile = plistlib.loads(files["roadbook.mobileconfig"])

    assert set(files) == {name for name, _ in LANGUAGES.values()} | {*STATIC, "roadbook.crt", "roadbook.mobileconfig"}
    assert x509.load_der_x509_certificate(files["roadbook.crt"]) == certificate
    assert [each["PayloadType"] for each in profile["PayloadContent"]] == ["com.apple.security.root"]
    assert x509.load_der_x509_certificate(profile["PayloadContent"][0]["PayloadContent"]) == certificate
    # A device that has it already replaces it, instead of having two.
    assert contents(certificate, HOST) == files
    assert fingerprint(certificate) in files["index.html"].decode()


def test_the_page_says_the_same_in_three_languages():
    def shape(value):
        if isinstance(value, dict):
            return {key: value[key] if key in ("id", "file") else shape(value[key]) for key in value}
        return [shape(each) for each in value] if isinstance(value, list) else bool(value)

    shapes = [json.dumps(shape(words(language, HOST))) for language in LANGUAGES]
    assert shapes[0] == shapes[1] == shapes[2]


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("en-GB", "en"), ("zh-CN,zh", "zh-Hans"), ("zh-TW,zh", "zh-Hant"), ("zh-Hant-HK", "zh-Hant"), ("fr", "en")],
)
def test_the_page_begins_in_the_language_of_the_device(fronted, accepted, language):
    asked = http.client.HTTPConnection("127.0.0.1", fronted.http_port, timeout=60)
    # By number too: a phone in a network whose names are not set up yet.
    asked.request("GET", "/", headers={"Accept-Language": accepted})
    answer = asked.getresponse()

    assert answer.status == 200 and f'<html lang="{language}">' in answer.read().decode()


def test_the_key_is_not_among_what_the_page_offers(fronted):
    for path in ("/root.key", "/../root.key", "/%2e%2e/root.key"):
        asked = http.client.HTTPConnection("127.0.0.1", fronted.http_port, timeout=60)
        asked.request("GET", path)
        assert b"PRIVATE" not in asked.getresponse().read()


def test_the_command_says_which_name_the_certificate_is_for(tmp_path):
    command = [sys.executable, "-m", "deployment.lan", tmp_path]
    subprocess.run([*command, HOST], cwd=ROOT, check=True, capture_output=True, timeout=60)
    done = subprocess.run([*command, "other.test"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 1 and f"the root certificate of {HOST}" in done.stderr
