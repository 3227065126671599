"""bandit finds nothing in the server that was not judged, and code of others is what it says it is."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deployment import audit

from .bandit_findings import ELSEWHERE, SQL_PARTS, STARTS

ROOT = Path(__file__).parents[2]
FOLDERS = ("server", "sync", "web", "deployment")
SQL, STARTING = "B608", ("B404", "B603", "B606", "B607")
# Words of what people send: nothing of it belongs into the text of a statement.
SENT = ("request", "form", "query_params", "typed", "params", "asked", "body", "header", "cookie")


@pytest.fixture(scope="module")
def found() -> list[dict]:
    argv = [sys.executable, "-m", "bandit", "-q", "-r", *FOLDERS, "-f", "json"]
    ran = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=200)
    report = json.loads(ran.stdout)
    assert report["errors"] == [] and report["metrics"]["_totals"]["loc"] > 10_000
    return report["results"]


def test_code_keeps_to_the_rules_of_its_form():
    argv = [sys.executable, "-m", "ruff", "check", "."]
    ran = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=200)

    assert ran.returncode == 0, ran.stdout


def test_bandit_finds_nothing_that_was_not_judged(found):
    new = [
        f"{each['filename']}:{each['line_number']} {each['test_id']} {each['issue_text']}"
        for each in found
        if each["test_id"] != SQL
        and (each["test_id"], each["filename"]) not in ELSEWHERE
        and not (each["test_id"] in STARTING and each["filename"] in STARTS)
    ]
    assert new == [], "look at each; where it is no hole, say why in bandit_findings.py"


def test_what_was_judged_is_still_there(found):
    there = {(each["test_id"], each["filename"]) for each in found}
    files = {filename for _, filename in there}

    assert [key for key in ELSEWHERE if key not in there] == []
    assert [name for name in STARTS if name not in files] == []
    assert [name for name in SQL_PARTS if (SQL, name) not in there] == []


def test_nothing_that_was_not_judged_is_put_together_into_sql(found):
    new = {}
    for name in sorted({each["filename"] for each in found if each["test_id"] == SQL}):
        parts = sql_parts(name, [each for each in found if each["filename"] == name and each["test_id"] == SQL])
        if more := parts - set(SQL_PARTS.get(name, ())):
            new[name] = sorted(more)
    assert new == {}, "is each a name from the model or a constant, never a value? Then say so in bandit_findings.py"


def sql_parts(name: str, findings: list[dict]) -> set[str]:
    """The expressions that stand inside the text of a statement."""
    lines = {line for each in findings for line in (*each["line_range"], each["line_number"])}
    parts = set()
    for node in ast.walk(ast.parse((ROOT / name).read_text("utf-8"))):
        if isinstance(node, ast.JoinedStr) and lines & set(range(node.lineno, node.end_lineno + 1)):
            parts |= {ast.unparse(each.value) for each in node.values if isinstance(each, ast.FormattedValue)}
    return parts


def test_nothing_that_was_sent_is_put_together_into_sql():
    for name, parts in SQL_PARTS.items():
        assert not [part for part in parts if part.partition(".")[0].partition("[")[0] in SENT], name


def test_code_of_others_is_what_it_says_it_is():
    assert audit.wrong_vendored(ROOT) == []


def test_code_of_others_that_was_changed_or_is_not_listed_is_noticed(tmp_path):
    for folder in ("deployment", "web/static", "service_worker/vendor", "server/sign_in"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "web/static/htmx-4.0.1.min.js").write_text("alert(1)")
    (tmp_path / "service_worker/vendor/sqlite3-3.54.1.wasm").unlink()
    (tmp_path / "web/static/new-1.0.min.js").write_text("x")

    wrong = audit.wrong_vendored(tmp_path)

    assert len(wrong) == 3
    assert [word in " ".join(wrong) for word in ("htmx", "sqlite3-3.54.1.wasm", "new-1.0.min.js")] == [True] * 3


def test_an_audit_that_could_ask_nobody_is_no_pass(tmp_path, monkeypatch):
    """There is no network in a test: the service cannot be reached, and that is said."""
    lock = tmp_path / "requirements.lock"
    lock.write_text("jinja2==3.1.6 --hash=sha256:" + "0" * 64 + "\n")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    pytest.importorskip("pip_audit")

    [problem] = audit.wrong_packages(lock)

    assert "cannot be reached" in problem or "does not answer" in problem


@pytest.mark.parametrize(
    ("status", "said", "means"),
    [
        (0, "No known vulnerabilities found", ""),
        (0, "jinja2  Dependency not found on PyPI and could not be audited: jinja2 (3.1.6)", "nothing is known"),
        (1, "Max retries exceeded with url: /pypi/jinja2", "nothing is known"),
        (1, "/usr/bin/python3: No module named pip_audit", "not installed"),
        (1, "Found 1 known vulnerability in 1 package: jinja2 3.1.5 GHSA-cpwx-vrp4-4pq7", "GHSA-cpwx-vrp4-4pq7"),
    ],
)
def test_only_an_audit_that_asked_about_everything_and_found_nothing_is_a_pass(status, said, means):
    problems = audit.judged(status, said)

    assert bool(problems) == bool(means) and means in "".join(problems)


def test_every_locked_package_is_pinned_by_hash():
    text = (ROOT / "requirements.lock").read_text("utf-8")
    entries = [line for line in text.replace("\\\n", " ").splitlines() if line and not line.lstrip().startswith("#")]

    assert len(entries) > 20
    assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []
