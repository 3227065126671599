"""deployment/SECURITY.md: what it names is there, its numbers are the code's, its table names no requirement twice."""

from __future__ import annotations

import re

from server.attachments.posted import MOST_FORM_BYTES
from server.connections import HEAD_S, MOST_CONNECTIONS, MOST_HEAD_BYTES
from server.limits import ANYBODY, MOST_AT_ONCE_ADDRESS, MOST_AT_ONCE_SESSION, SIGNED_IN, SILENCE_S
from server.sync_endpoint import MOST_BYTES
from tests.conftest import ROOT

TEXT = (ROOT / "deployment" / "SECURITY.md").read_text("utf-8")
FOLDERS = ("server/", "service_worker/", "sync/", "web/", "tests/", "deployment/", "requirements")
# Of ASVS 5.0.0: chapters and how many sections each has.
SECTIONS = {1: 5, 2: 4, 3: 7, 4: 4, 5: 4, 6: 8, 7: 6, 8: 4, 11: 7, 12: 3, 13: 4, 14: 3, 15: 4, 16: 5}


def rows(heading: str) -> list[list[str]]:
    part = TEXT.split(f"## {heading}")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:]]


def numbers(cell: str) -> list[str]:
    """Requirements that a cell names; `3.4.2 to 3.4.6` names those between, too."""
    found = []
    for first, last in re.findall(r"(\d+\.\d+\.\d+)(?: to (\d+\.\d+\.\d+))?", cell):
        found.append(first)
        if last:
            head, begin, end = first.rsplit(".", 1)[0], int(first.rsplit(".", 1)[1]), int(last.rsplit(".", 1)[1])
            assert last.startswith(head + ".") and begin < end, cell
            found += [f"{head}.{number}" for number in range(begin + 1, end + 1)]
    return found


def test_every_place_and_every_proof_that_is_named_is_there():
    named = {name for name in re.findall(r"`([^`\s]+)`", TEXT) if name.startswith(FOLDERS)}

    assert len(named) > 60
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


def test_every_row_names_a_requirement_a_place_and_a_proof():
    table = rows("OWASP ASVS 5.0, levels 1 and 2")

    assert len(table) > 50
    for row in table:
        assert len(row) == 3 and numbers(row[0]), row
        proofs = re.findall(r"`([^`]+)`", row[2])
        assert re.search(r"`[^`]+`", row[1]), row
        assert all(proof.startswith("tests/") for proof in proofs) and (proofs or row[2].startswith("by hand:")), row


def test_no_requirement_is_claimed_twice_and_all_are_of_the_standard():
    claimed = [number for row in rows("OWASP ASVS 5.0, levels 1 and 2") for number in numbers(row[0])]

    assert sorted(number for number in set(claimed) if claimed.count(number) > 1) == []
    for number in claimed:
        chapter, section, _ = map(int, number.split("."))
        assert 1 <= section <= SECTIONS[chapter], number


def test_what_is_claimed_is_no_deviation_unless_it_says_so():
    claimed = {number for row in rows("OWASP ASVS 5.0, levels 1 and 2") for number in numbers(row[0])}
    deviations = {number for row in rows("Deviations") for number in numbers(row[0])}

    # Met where the administrator sets it so; met on the internet and not on a LAN of its own.
    assert claimed & deviations == {"6.3.3", "12.2.2"}
    assert "14.3.3" in deviations


def test_the_limits_that_are_told_are_those_of_the_code():
    rules = {rule.name: rule for *_, rule in (*SIGNED_IN, *ANYBODY)}
    told = " ".join(" ".join(row) for row in rows("What is limited"))

    for name in ("sync", "pages", "sign-in", "anybody", "uploads", "attachments", "exports", "imports", "invites"):
        assert f"{rules[name].burst:,}" in told, name
    for name in ("sync", "pages", "sign-in", "anybody", "attachments"):
        assert f"{rules[name].per_s} a second" in told, name
    bounds = MOST_AT_ONCE_SESSION, MOST_AT_ONCE_ADDRESS, MOST_CONNECTIONS, SILENCE_S, HEAD_S
    assert [bound for bound in bounds if f"{bound:,}" not in told] == []
    assert (MOST_HEAD_BYTES // 1_024, MOST_BYTES, MOST_FORM_BYTES) == (32, 1_000_000, 105_000_000)


def test_the_document_on_scale_names_what_is_there_and_the_limits_of_the_code():
    from server.readers import MOST_IDLE

    text = (ROOT / "deployment" / "SCALE.md").read_text("utf-8")
    named = {name for name in re.findall(r"`([^`\s]+)`", text) if name.startswith(FOLDERS)}

    assert sorted(name for name in named if not (ROOT / name).exists()) == []
    assert f"at most {MOST_IDLE} idle" in text and f"{MOST_CONNECTIONS:,} connections" in text
