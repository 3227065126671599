"""The documents speak of the systemd units that there are."""

import re

from tests.conftest import ROOT

SYSTEMD = ROOT / "deployment" / "systemd"
# What is told to systemctl, up to the end of the command.
TOLD = re.compile(r"(?:systemctl|journalctl) ([^`|&;\n]*)")


def test_the_documents_name_each_unit_and_no_other():
    named = set()
    for document in (ROOT / "deployment").glob("*.md"):
        text = document.read_text("utf-8")
        named |= {name for told in TOLD.findall(text) for name in re.findall(r"\broadbook[a-z-]*", told)}
        named |= set(re.findall(r"`(roadbook[a-z-]*)\.service`", text))

    assert named == {file.stem for file in SYSTEMD.glob("*.service")}


def test_each_unit_says_its_own_name_where_it_tells_how_to_change_it():
    for file in SYSTEMD.glob("*.service"):
        head = " ".join(file.read_text("utf-8").partition("[Unit]")[0].replace("#", "").split())

        assert f"`systemctl edit {file.stem}`" in head
