"""Every route, every page and every entity, tried by everybody: what the tables of `matrix/` say, and nothing else.

A route, a page or an entity that no table names fails by its name: say there who may, then judge whether it is so.
"""

from __future__ import annotations

import re

import pytest
from starlette.routing import Route

from sync.entities import ENTITIES as MODEL
from sync.model import SERVER_ONLY

from .matrix import entities as entity_rules
from .matrix.entities import COLUMNS, ENTITIES, NOT_A_PLACE, letters, places
from .matrix.judged import Judged
from .matrix.pages import EVERYBODY, NOT_THERE, PAGES
from .matrix.people import World, parts
from .matrix.routes import ADMINISTRATOR, ANYBODY, HEADERS_OF, LEAVING, LOOPBACK, PARTS, PARTS_OF, ROUTES

OUTSIDE = ("nobody", "stranger", "disabled")
INSIDE = ("owner", "manager", "cashier", "administrator")
NAVIGATION = {"sec-fetch-mode": "navigate", "accept": "text/html"}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("matrix"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("judged"))
    yield Judged(world)
    world.close()


# --- routes ---------------------------------------------------------------------------------------------


def served(world) -> list[str]:
    """'METHOD /path' of everything that the app routes; HEAD stands with GET unless it is declared by itself."""
    found = []
    for route in world.app.routes:
        assert isinstance(route, Route), f"{route}: say in matrix/routes.py who may use it"
        path = re.sub(r":\w+}", "}", route.path)
        methods = route.methods or {"GET"}
        found += [f"{method} {path}" for method in sorted(methods) if method != "HEAD" or "GET" not in methods]
    return found


def may(actor: str, rule: str) -> bool:
    if rule in (ANYBODY, LOOPBACK):
        return True
    if actor in OUTSIDE:
        return actor == "disabled" and rule == LEAVING
    return rule != ADMINISTRATOR or actor == "administrator"


def address(path: str) -> str:
    return re.sub(r"{(\w+)}", lambda found: (PARTS | PARTS_OF.get(path, {}))[found[1]], path)


def headers_of(path: str, more: dict[str, str]) -> dict[str, str]:
    return more | HEADERS_OF.get(path, {})


def test_every_route_has_a_rule_and_every_rule_a_route(world):
    routes = set(served(world))

    assert sorted(routes - set(ROUTES)) == [], "say in tests/unit/matrix/routes.py who may use these"
    assert sorted(set(ROUTES) - routes - {"HEAD /attachments/{hash}"}) == [], "these rules have no route any more"


def test_who_may_not_is_turned_away_and_changes_nothing(world):
    """Before anybody else has changed anything."""
    everybody = (*OUTSIDE, *INSIDE)
    tries = [(actor, *rule.split(" ")) for actor in everybody for rule in ROUTES if not may(actor, ROUTES[rule])]
    before = world.everything()
    wrong = []
    for is_shown in (True, False):
        headers = NAVIGATION if is_shown else {"accept": "application/json"}
        asked = [(actor, method, address(path), "", headers_of(path, headers)) for actor, method, path in tries]
        for (actor, method, path), (status, location, body) in zip(tries, world.ask(asked), strict=True):
            if actor in OUTSIDE:
                to_sign_in = status == 303 and location.startswith("/sign-in?next=")
                is_right = status == 401 or (is_shown and method in ("GET", "HEAD") and to_sign_in)
            else:
                is_right = status == 403
            if not is_right or b"SQL" in body:
                wrong.append(f"{actor}: {method} {path} answered {status} {location}")

    assert wrong == [] and len(tries) > 200
    after = world.everything()
    assert [name for name in before if before[name] != after[name]] == []


def test_who_may_is_let_in(world):
    tries = [(actor, *rule.split(" ")) for rule in ROUTES for actor in (*OUTSIDE, *INSIDE) if may(actor, ROUTES[rule])]
    asked = [(actor, method, address(path), "", headers_of(path, NAVIGATION)) for actor, method, path in tries]
    answers = world.ask(asked)
    wrong = [
        f"{actor}: {method} {path} answered {status} {location}"
        for (actor, method, path), (status, location, _) in zip(tries, answers, strict=True)
        if status in (401, 403, 405) or status >= 500 or location.startswith("/sign-in?next=")
        if not (path.startswith("/healthz") and status == 503)  # says of itself how it is
        if ROUTES[f"{method} {path}"] != LOOPBACK
    ]

    assert wrong == []


BROUGHT = "/sync /sync/check /uploads /uploads/{id} /uploads/safe"
RESCUED = f"{BROUGHT} /sw.js /manifest.webmanifest /static/{{path}} /_/{{path}}".split()


@pytest.mark.parametrize("actor", ["wiped", "wiped, trusted"])
def test_the_cookie_of_a_device_that_is_to_be_emptied_opens_nothing(world, actor):
    """An administrator's device.  Where its owner is trusted it brings what was typed there, and no more."""
    tries = [rule.split(" ") for rule in ROUTES if "/devices/word" not in rule]
    asked = [(actor, method, address(path), "", headers_of(path, NAVIGATION)) for method, path in tries]
    opened = {path for (_, path), (status, *_) in zip(tries, world.ask(asked), strict=True) if status != 401}

    # The worker and what it is made of are the same for everybody.
    assert opened == (set(RESCUED) if actor == "wiped, trusted" else set())


def test_figures_are_for_the_machine_itself(world):
    assert [status for status, *_ in world.ask([("administrator", "GET", "/metrics", "", {})])] == [404]


# --- entities -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entity", MODEL, ids=lambda entity: entity.name)
def test_every_entity_has_a_rule_for_every_place(entity):
    ruled = {place for name, place in ENTITIES if name == entity.name}
    known = ruled | {place for name, place in NOT_A_PLACE if name == entity.name}

    assert places(entity) <= known, f"say in {entity_rules.__name__} who may do what with {entity.name}"
    if entity.writers == SERVER_ONLY:
        assert all(set(text) <= set("S -") for key, text in ENTITIES.items() if key[0] == entity.name)


def test_the_table_has_a_column_for_each_actor():
    for key in ENTITIES:
        assert len(ENTITIES[key].split()) == len(COLUMNS), key


@pytest.mark.parametrize(("entity", "place"), ENTITIES, ids=lambda each: str(each))
def test_everybody_may_do_with_a_row_what_the_table_says(judged, entity, place):
    found = {}
    for actor in COLUMNS:
        sees = "S" if judged.sees(entity, place, actor) else ""
        found[actor] = sees + judged.may.get((entity, place, actor), "")

    assert found == letters(entity, place)


def test_what_was_refused_left_every_row_as_it_was(judged):
    assert judged.harmed == []


# --- pages ----------------------------------------------------------------------------------------------


def test_every_page_has_a_rule_and_every_rule_a_page():
    served = {route for page in parts()["pages"].pages for route in page.routes}
    ruled = {path.partition("?")[0] for path in PAGES}

    assert sorted(served - ruled) == [], "say in tests/unit/matrix/pages.py who may open these"
    assert sorted(ruled - served) == [], "these rules have no page any more"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_open_to_whom_the_table_says(judged, path):
    if PAGES[path] == EVERYBODY:
        expected = {actor: 401 if actor == "disabled" else 200 for actor in COLUMNS}
        assert opened(judged, path.replace("{what}", "offline")) == expected
        return
    entity, _, letter = PAGES[path].partition(" ")
    found = [place for name, place in ENTITIES if name == entity]
    assert found
    for place in found:
        row = path.replace("{entity}", entity).replace("{id}", judged.shown(entity, place))
        may = letters(entity, place)
        is_there = (path, place) not in NOT_THERE
        expected = {actor: 200 if is_there and (letter or "S") in may[actor] else 404 for actor in COLUMNS}
        assert opened(judged, row) == expected | {"disabled": 401}, place


def opened(judged, path: str) -> dict[str, int]:
    answers = judged.world.ask([(actor, "GET", path, "", {}) for actor in COLUMNS])
    return {actor: status for actor, (status, *_) in zip(COLUMNS, answers, strict=True)}


def test_a_page_that_is_not_there_for_somebody_says_nothing_of_the_row(judged):
    """The same answer, byte for byte, as for a row that nobody ever made."""
    for path, rule in PAGES.items():
        if rule != "account":
            continue
        path = path.replace("{entity}", "account")
        hidden, missing = (path.replace("{id}", row) for row in ("acme", "no-such-row"))
        first, second = judged.world.ask([("salesperson", "GET", each, "", {}) for each in (hidden, missing)])
        assert first == second and first[0] == 404
