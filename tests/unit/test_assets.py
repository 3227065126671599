import json
import re
from pathlib import Path

import brotli
import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from server import security
from server.assets import ROOT, build_hash, worker_script
from tests.unit.shell import shared_parts


@pytest.fixture(scope="module")
def assets():
    return shared_parts()["assets"]


@pytest.fixture(scope="module")
def browser(assets):
    app = Starlette(routes=[Route("/{path:path}", assets.serve)])
    return TestClient(app, headers={"accept-encoding": "gzip"})


def test_static_files_are_asked_for_again_and_answered_304_while_the_same(browser):
    first = browser.get("/static/app.css")
    again = browser.get("/static/app.css", headers={"if-none-match": first.headers["etag"]})

    assert first.status_code == 200
    assert first.headers["cache-control"] == "no-cache"
    assert first.headers["content-type"].startswith("text/css")
    assert (again.status_code, again.content) == (304, b"")


def test_what_the_worker_runs_is_one_script_and_kept_for_good(browser, assets):
    answer = browser.get(f"/_/{assets.build}/service_worker/sw.js")

    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/javascript")


def test_modules_of_another_build_are_not_found(browser):
    assert browser.get("/_/0123456789abcdef/service_worker/sw.js").status_code == 404
    assert browser.get("/static/../server/app.py").status_code == 404
    assert browser.get("/static/%2e%2e/%2e%2e/server/app.py").status_code == 404


def test_wasm_is_served_compressed_with_its_own_type(browser, assets):
    answer = browser.get(next(address for address in assets.precache if address.endswith(".wasm")))

    assert answer.headers["content-type"] == "application/wasm"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.content.startswith(b"\0asm")


def test_who_does_not_take_gzip_gets_the_same_bytes(browser):
    packed = browser.get("/static/app.css")
    plain = browser.get("/static/app.css", headers={"accept-encoding": "identity"})

    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content


def test_the_worker_script_is_never_cached_and_names_the_build(browser, assets):
    answer = browser.get("/sw.js")

    assert answer.headers["cache-control"] == "no-cache"
    assert f"import '/_/{assets.build}/service_worker/sw.js';" in answer.text


def test_any_changed_byte_changes_the_worker_script():
    one, other = build_hash({"a.js": b"1", "b.js": b"2"}), build_hash({"a.js": b"1", "b.js": b"3"})

    assert worker_script(one) != worker_script(other)
    assert build_hash({"a.js": b"12", "b.js": b""}) != build_hash({"a.js": b"1", "b.js": b"2"})


def test_everything_in_the_precache_is_served(browser, assets):
    missing = [address for address in assets.precache if browser.get(address).status_code != 200]

    assert missing == []
    assert browser.get(f"/_/{assets.build}/precache.json").json() == assets.precache


def test_the_precache_holds_what_pages_need_offline(assets):
    assert "/static/app.css" in assets.precache
    assert any(re.match(r"/static/htmx-.*\.min\.js", address) for address in assets.precache)
    assert not any(address.endswith((".txt", ".md")) for address in assets.precache)


def test_the_precache_module_says_the_same_to_the_worker(browser, assets):
    text = browser.get(f"/_/{assets.build}/service_worker/sw.js").text

    assert f'const BUILD="{assets.build}";' in text
    assert re.findall(r'"([^"]*)"', re.search(r"const PRECACHE=\[(.*?)\]", text, re.S)[1]) == assets.precache


def test_the_worker_is_held_to_the_same_policy_as_the_server(browser, assets):
    text = browser.get(f"/_/{assets.build}/service_worker/sw.js").text

    assert f"const CSP={json.dumps(security.CSP)};" in text


def test_every_import_of_every_module_is_served(browser, assets):
    """A worker module that imports what is not there would never start."""
    base = f"/_/{assets.build}/"
    missing = []
    for address in [address for address in assets.by_address if address.startswith(base) and address.endswith("js")]:
        if "/vendor/" in address:
            continue
        source = assets.find(address).body.decode()
        for path in re.findall(r"^(?:import|export)\b[^'\"]*?from\s*['\"](\.[^'\"]+)['\"]", source, re.M):
            target = str(Path("/", address).parent.joinpath(path).resolve())
            if assets.find(target) is None:
                missing.append((address.removeprefix(base), path))

    assert missing == []


@pytest.mark.parametrize("name", ["sqlite3-3.54.1.wasm", "sqlite3-3.54.1.mjs"])
def test_kept_compression_is_of_the_vendored_file(name):
    vendor = ROOT / "service_worker" / "vendor"

    assert brotli.decompress((vendor / f"{name}.br").read_bytes()) == (vendor / name).read_bytes()


def test_browser_that_knows_brotli_gets_the_smaller_answer_with_the_same_content(assets):
    found = assets.find("/static/css/parts.css")

    assert list(found.packed) == ["br", "gzip"]
    assert brotli.decompress(found.packed["br"]) == found.body
    assert len(found.packed["br"]) < len(found.packed["gzip"])


def test_our_scripts_are_served_without_their_comments(assets):
    script = assets.find("/static/js/live.js")

    assert script.body and b"/**" not in script.body


def test_large_scripts_are_packed_better_after_the_start_and_say_the_same(assets):
    worker = assets.find(f"/_/{assets.build}/service_worker/sw.js")
    before = len(worker.packed["br"])

    assets.pack_better()

    assert len(worker.packed["br"]) < before
    assert brotli.decompress(worker.packed["br"]) == worker.body


def test_icons_that_only_an_installation_needs_are_not_stored_for_offline_use(assets):
    assert not [address for address in assets.precache if "512" in address]
    assert "/static/icons/badge-96.png" in assets.precache
