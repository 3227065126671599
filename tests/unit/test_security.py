import pytest
from starlette.datastructures import Headers

from server.security import CSP, is_cross_site
from tests.unit.shell import client, open_firm, signed_in_client

URL = "https://crm.example.com"


@pytest.fixture
def firm(tmp_path):
    firm = open_firm(tmp_path)
    yield firm
    firm.close()


def judged(**headers):
    return is_cross_site("POST", Headers({name.replace("_", "-"): value for name, value in headers.items()}), URL)


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "none"},
        {"origin": URL},
        {"origin": "http://127.0.0.1:8000", "host": "127.0.0.1:8000"},
        {},
    ],
)
def test_own_posts_pass(headers):
    assert not judged(**headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "cross-site", "origin": URL},
        {"origin": "https://evil.example", "host": "crm.example.com"},
        {"origin": "null", "host": "crm.example.com"},
        {"origin": "https://crm.example.com.evil.example"},
    ],
)
def test_other_sites_posts_are_refused(headers):
    assert judged(**headers)


def test_reading_is_never_refused():
    assert not is_cross_site("GET", Headers({"sec-fetch-site": "cross-site"}), URL)


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/sync", "/me/devices", "/admin/roles", "/stickies"])
def test_a_cross_site_post_changes_nothing_anywhere(firm, path):
    browser = signed_in_client(firm)

    answer = browser.post(path, data={"s.body": "x"}, headers={"sec-fetch-site": "cross-site"})

    assert (answer.status_code, answer.json()) == (403, {"error": "cross_site"})
    assert browser.get("/me/devices").status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/sign-in", "/stickies", "/static/app.css", "/sw.js", "/nowhere", "/admin", "/manifest.webmanifest"],
)
def test_every_answer_carries_the_policy(firm, path):
    answer = client(firm).get(path)

    assert answer.headers["content-security-policy"] == CSP
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"


def test_even_a_crash_carries_the_policy_and_shows_nothing_of_the_machine(firm, monkeypatch):
    from server import page_endpoint

    browser = signed_in_client(firm, raise_server_exceptions=False)
    monkeypatch.setattr(page_endpoint, "me_of", lambda *_: 1 / 0)

    answer = browser.get("/stickies")

    assert answer.status_code == 500
    assert answer.headers["content-security-policy"] == CSP
    assert "ZeroDivisionError" not in answer.text and "Traceback" not in answer.text
    assert 'href="/"' in answer.text


def test_https_is_made_to_stay(firm):
    assert "strict-transport-security" in client(firm, url=URL).get("/sign-in").headers
    assert "strict-transport-security" not in client(firm).get("/sign-in").headers


def test_pages_leave_no_copy_behind_and_files_do(firm):
    browser = signed_in_client(firm)

    assert browser.get("/stickies").headers["cache-control"] == "no-store"
    assert browser.get("/static/app.css").headers["cache-control"] == "no-cache"


def test_the_policy_allows_no_inline_and_no_eval():
    assert "unsafe-inline" not in CSP and "'unsafe-eval'" not in CSP
    assert CSP.startswith("default-src 'none'")


@pytest.mark.parametrize(
    "path", ["/sign-in", "/me/devices", "/me/password", "/sign-in/code", "/admin/people/new", "/nowhere"]
)
def test_no_page_of_ours_needs_inline_style_or_script(firm, path):
    page = signed_in_client(firm).get(path).text

    assert " style=" not in page and "<style" not in page
    assert "<script>" not in page


@pytest.mark.parametrize("path", ["/", "/sign-in", "/sync", "/static/css/app.css", "/me/devices"])
@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE"])
def test_methods_that_nothing_needs_are_refused(firm, method, path):
    assert client(firm).request(method, path).status_code == 405


def test_a_body_that_is_too_large_is_refused(firm):
    answer = signed_in_client(firm).post("/stickies", content=b"s.body=" + b"x" * 22_000_000)

    assert answer.status_code == 413
