"""The JavaScript twins answer as the Python ones do: on every shared case, and on seeded random input."""

from __future__ import annotations

import json
import random

import pytest

from sync.entities import ENTITIES
from sync.latin import pinyin_table_text
from sync.model import Field
from sync.model_json import model_json, plain
from tests.random_rules import random_series
from tests.twin_cases import field_of, fits, load, outcome

ENTITIES_JSON = model_json()["entities"]
GROUPS = [
    ("values", "check"),
    ("values", "typed"),
    ("operations", "parse"),
    ("operations", "patch"),
    ("rebase", "rebase"),
    ("forms", "new_rows"),
    ("forms", "edits"),
    ("latin", "fold"),
    ("latin", "latin"),
    ("latin", "search_key"),
    ("ids", "uuid7"),
    ("ids", "is_id"),
    ("ids", "derived_id"),
    ("recurrence", "rule"),
    ("recurrence", "occurrences"),
    ("recurrence", "next_occurrence"),
    ("recurrence", "occurrence_on"),
    ("recurrence", "cut"),
    ("recurrence", "overlapping"),
    ("recurrence", "rule_parts"),
    ("files", "file_kind"),
    ("files", "with_files"),
    ("files", "file_name"),
]

ZONES = ["UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Europe/Istanbul"]
ZONES += ["America/St_Johns", "Asia/Kolkata", "Pacific/Apia", "America/Sao_Paulo", "Europe/Dublin", "Asia/Tehran"]

# Letters that trouble: combining, wide, invisible, four bytes, Han, signs of LIKE and of lists.
LETTERS = list("abAB12 \t\r\n\u3000\u200b\u202d\u0301\u0308ÄößİΣς１ａ（＠．，、；")
LETTERS += list(";,-–—%_@.[]\"'/\\{}:+#*王芳曾行长厦門銀𠮷😀ｶﾞ가")


@pytest.fixture(scope="module")
def page(chromium, checkout_url):
    """One page for all, which holds the twins: every test only asks it."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{checkout_url}/tests/browser/blank.html")
    page.evaluate("async () => { globalThis.twins = await import('/tests/browser/twin_runner.js'); }")
    yield page
    context.close()


@pytest.fixture
def answers(page):
    """The JavaScript twin's answers to cases of a kind."""

    def ask(kind: str, cases: list[dict]) -> list[dict]:
        given = {"kind": kind, "cases": cases, "entities": ENTITIES_JSON, "pinyin": pinyin_table_text()}
        return page.evaluate("given => twins.run(given)", given)

    return ask


@pytest.mark.parametrize(("group", "kind"), GROUPS)
def test_cases(answers, group, kind):
    cases = load(group, kind)

    answered = answers(kind, [_whole(case) for case in cases])

    assert [case["why"] for case, answer in zip(cases, answered, strict=True) if not fits(case, answer)] == []
    assert answered == [outcome(kind, case) for case in cases]


def test_random_series(answers):
    """Three thousand series: the device counts them out as the server does, and the server as dateutil does."""
    dice = random.Random("series")
    cases = [random_series(dice) for _ in range(3_000)]

    answered = answers("occurrences", cases)

    differing = [case for case, answer in zip(cases, answered, strict=True) if answer != outcome("occurrences", case)]
    assert differing == []
    assert sum(len(answer["gives"]) for answer in answered) > 10_000


@pytest.mark.parametrize("kind", ["check", "typed", "fold", "latin", "search_key", "patch", "new_rows"])
def test_random_input(answers, kind):
    dice = random.Random(kind)
    cases = [RANDOM_CASES[kind](dice) for _ in range(400)]

    answered = answers(kind, [_whole(case) for case in cases])

    differing = [(case, answer) for case, answer in zip(cases, answered, strict=True) if answer != outcome(kind, case)]
    assert differing == []


def test_times_of_years_past_in_zones_that_change_clocks(answers):
    # Rules for years to come differ between releases of the zone data, so those would test the machine.
    dice = random.Random(7)
    cases = [
        {
            "field": {"type": "instant"},
            "tz": dice.choice(ZONES),
            "typed": f"{dice.randint(1950, 2025)}-{dice.choice((1, 2, 3, 4, 9, 10, 11, 12)):02}-"
            f"{dice.randint(1, 30):02}T{dice.randint(0, 4):02}:{dice.choice((0, 15, 30, 59)):02}",
        }
        for _ in range(1500)
    ]

    answered = answers("typed", [_whole(case) for case in cases])

    pairs = zip(cases, answered, strict=True)
    differing = [(case, answer) for case, answer in pairs if answer != outcome("typed", case)]
    assert differing == []


def test_every_character_reads_the_same(answers):
    texts = ["".join(map(chr, range(start, start + 6))) for start in range(0x3400, 0xA000, 6)]

    answered = answers("latin", [{"text": text} for text in texts])

    assert answered == [outcome("latin", {"text": text}) for text in texts]


def test_an_operation_survives_the_wire(answers):
    raw = {"id": "o", "entity": "task", "row": "t", "base": 3, "at": 5, "set": {"title": "x"}, "group": "g"}

    assert answers("to_wire", [{"op": raw}]) == [{"gives": raw}]


def test_search_keys_are_made_quickly(page):
    texts = [f"上海{number}某某贸易有限公司" for number in range(1000)]

    taken = page.evaluate("given => twins.timeSearchKeys(given)", {"texts": texts, "pinyin": pinyin_table_text()})

    print(f"search_key: {taken:.2f} µs a character")
    assert taken < 10


def _whole(case: dict) -> dict:
    """The case with its field as the model's JSON has it."""
    return case | {"field": plain(field_of(case))} if "field" in case else case


def _text(dice: random.Random, most: int = 10) -> str:
    return "".join(dice.choices(LETTERS, k=dice.randint(0, most)))


def _field(dice: random.Random) -> dict:
    given: Field = dice.choice([field for entity in ENTITIES for field in entity.fields])
    return {name: value for name, value in plain(given).items() if name != "name"}


def _value(dice: random.Random):
    number = dice.choice([0, 1, -1, 5.5, 2**53, 1e300, 1_795_513_260_000, -(2**40)])
    listed = [dice.choice([_text(dice), "110", "a@B.c", "user-a"]) for _ in range(dice.randint(0, 3))]
    date = f"{dice.randint(0, 9999):04}-{dice.randint(0, 13):02}-{dice.randint(0, 32):02}"
    return dice.choice([None, True, number, _text(dice), date, listed, json.dumps(listed), "{}"])


def _typed(dice: random.Random):
    day = f"20{dice.randint(10, 25)}-{dice.randint(1, 12)}-{dice.randint(1, 31)}"
    wall = f"{day} {dice.randint(0, 25)}:{dice.randint(0, 61):02}"
    return dice.choice([_text(dice), wall, wall[:10], "on", str(dice.randint(-9, 10**13)), [_text(dice), "x,y"]])


def _form_items(dice: random.Random) -> list[list[str]]:
    entity = dice.choice(ENTITIES)
    header = dice.choice(["/", "row-1/", "row-1/0", "/0", "row-1/7"])
    items = [["row.a", f"{entity.name}/{header}"], ["row.b", "task//"], ["b.title", _text(dice, 2)]]
    for field in dice.sample(entity.fields, min(len(entity.fields), 5)):
        typed = dice.choice([_text(dice, 4), "@me", "@now", "@b", "@today", "1", "110, 120", *field.choices])
        items.append([f"a.{field.name}", typed])
        if dice.random() < 0.5:
            items.append([f"a.{field.name}.was", dice.choice([typed, typed + " ", "110", ""])])
        if field.type == "instant":
            items += [[f"a.{field.name}.date", "2026-10-25"], [f"a.{field.name}.time", "02:30"]]
    raw = '{"note": "raw", "tags": ["x"]}'
    extra = [["a.deleted", "1"], ["a.skip_unless", "name"], ["a.*", raw], ["a.__proto__", "x"]]
    items += dice.choice([[], [], [], [dice.choice(extra)]])
    return [*items, ["next", dice.choice(["/x/{a}", "/{b}", "//x", "/ok?" + _text(dice, 3)])]]


def _patch(dice: random.Random) -> dict:
    members = [list(dice.choices("abcd王", k=dice.randint(0, 3))) for _ in range(2)]
    row = dice.choice([None, {"id": "c", "name": "x", "tags": '["a","b"]', "version": 2}])
    op = {"id": "o", "entity": "contact", "row": "c", "base": 2, "at": 5, "set": {"name": _text(dice)}}
    op |= {"add": {"tags": members[0]}, "remove": {"tags": members[1]}}
    return {"entity": "contact", "row": row, "me": "user-a", "op": op}


RANDOM_CASES = {
    "check": lambda dice: {"field": _field(dice), "value": _value(dice)},
    "typed": lambda dice: {"field": _field(dice), "typed": _typed(dice), "tz": dice.choice(ZONES)},
    "fold": lambda dice: {"text": _text(dice)},
    "latin": lambda dice: {"text": _text(dice)},
    "search_key": lambda dice: {"texts": [_text(dice), json.dumps([_text(dice), "110"])]},
    "patch": _patch,
    "new_rows": lambda dice: {"items": _form_items(dice), "context": {"tz": dice.choice(ZONES)}},
}
