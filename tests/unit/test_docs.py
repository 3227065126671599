"""What the documents say is there is there, and nothing in the checkout points at somebody's own machine."""

from __future__ import annotations

import re
import subprocess

import pytest

from server.cli import parser
from server.sample.people import BY_LOGIN, PASSWORD
from sync.entities import BY_NAME
from tests.conftest import ROOT
from web.build.loader import PAGES_FOLDER, load_pages

DOCUMENTS = (
    "README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "deployment/INSTALL.md",
    "deployment/ADMINISTRATION.md", "sync/PROTOCOL.md", "service_worker/vendor/README.md",
)  # fmt: skip
FOLDERS = ("deployment", "server", "service_worker", "sync", "tests", "web")

# `NAME` and `{…}` stand for what the reader chooses.
PLACEHOLDER = re.compile(r"NAME|\{")
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)|(?:src|href)=\"([^\"]+)\"")

# Put together here, so that this file does not hold them.
NOT_OURS = [
    "/".join(["", "work", ""]), "/" + "root/", "/home/" + "[a-z]", "files." + "pythonhosted", "pypi" + r"\.org",
    "registry" + r"\.npmjs", "proxy" + r"\.golang",
]  # fmt: skip


def text_of(document: str) -> str:
    return (ROOT / document).read_text("utf-8")


def code_in(document: str) -> list[str]:
    """What stands between backticks, and the lines of code blocks."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text_of(document), re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^```.*?^```", "", text_of(document), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"`([^`]+)`", prose) + [line for block in blocks for line in block.splitlines()]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_a_document_names_exists(document):
    words = {word.strip("\"'(),;:.") for code in code_in(document) for word in code.split()}
    named = {word for word in words if word.startswith(tuple(f"{folder}/" for folder in FOLDERS))}

    missing = [name for name in named if not PLACEHOLDER.search(name) and not list(ROOT.glob(name.rstrip("/")))]

    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_of_a_document_leads_somewhere(document):
    targets = ["".join(found) for found in LINK.findall(text_of(document))]
    inside = [target for target in targets if not target.startswith(("http://", "https://"))]

    assert [target for target in inside if not ((ROOT / document).parent / target).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_that_a_document_names_exists(document):
    targets = set(re.findall(r"^(\w+):", text_of("Makefile"), re.MULTILINE))
    named = {found for code in code_in(document) for found in re.findall(r"\bmake ([a-z]+)\b", code)}

    assert named <= targets


def test_every_command_is_in_the_administrators_guide_and_no_other():
    commands = next(action for action in parser()._actions if action.choices).choices
    guide = text_of("deployment/ADMINISTRATION.md")

    # In one order, so that whoever knows the one finds their way in the other.
    assert re.findall(r"^\| `roadbook ([\w-]+)", guide, re.MULTILINE) == list(commands)


def test_who_the_readme_names_can_sign_in_to_the_sample():
    readme = text_of("README.md")
    logins = re.findall(r"^\| `(\w+)` \|", readme, re.MULTILINE)

    assert logins and set(logins) <= set(BY_LOGIN)
    assert f"`{PASSWORD}`" in readme


def test_recipes_are_about_fields_and_pages_that_are_not_there_yet():
    recipes = text_of("CONTRIBUTING.md")
    routes = {route for page in load_pages(PAGES_FOLDER) for route in page.routes}

    assert "vat_number" in recipes and "vat_number" not in BY_NAME["account"].by_name
    assert "`-- page: /birthdays`" in recipes and "/birthdays" not in routes


def test_no_file_names_a_machine_or_a_registry():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout: which files belong to it is not known")
    pattern = re.compile("|".join(NOT_OURS))

    ours = [name for name in listed.stdout.decode().split("\0") if name and "/vendor/" not in name]
    found = [name for name in ours if pattern.search(contents(name))]

    assert found == []


def contents(name: str) -> str:
    """A tracked file's text; '' for what is not text, or is being moved."""
    try:
        return (ROOT / name).read_bytes().decode("utf-8")
    except (UnicodeDecodeError, FileNotFoundError):
        return ""
