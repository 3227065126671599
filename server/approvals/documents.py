"""Values in the JSON documents of a definition: read them, or say exactly where and why they cannot be read.

Knows nothing of what a definition is. Codes: see `definition`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping

_KEY = re.compile("[a-z][a-z0-9_]{0,39}")


class BadDefinition(Exception):
    """place: where, as a path: 'form.2.key', 'steps.0.who.ids', 'fallback_id'."""

    def __init__(self, place: str, code: str, **detail) -> None:
        super().__init__(f"{place}: {code} {detail}")
        self.place, self.code, self.detail = place, code, detail


def document(given: Mapping, name: str, empty: object) -> object:
    value = given.get(name)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise BadDefinition(name, "not_json") from error
    return empty if value is None else value


def several(place: str, given: object, most: int, read: Callable[[str, object], object]) -> tuple:
    if not isinstance(given, list | tuple):
        raise BadDefinition(place, "not_a_list")
    if len(given) > most:
        raise BadDefinition(place, "too_many", most=most)
    return tuple(read(f"{place}.{number}", one) for number, one in enumerate(given))


def numbered(place: str, values: tuple) -> Iterator[tuple[str, object]]:
    return ((f"{place}.{number}", value) for number, value in enumerate(values))


def an_object(place: str, given: object, keys: set[str]) -> dict:
    if not isinstance(given, dict):
        raise BadDefinition(place, "not_an_object")
    for key in given:
        if key not in keys:
            raise BadDefinition(place, "unknown_key", key=key)
    return given


def texts(place: str, given: object, most: int, choices: tuple[str, ...] = ()) -> tuple[str, ...]:
    def read(at: str, value: object) -> str:
        return a_choice(at, value, choices) if choices else a_text(at, value, 200)

    return tuple(dict.fromkeys(several(place, given, most, read)))


def a_text(place: str, value: object, most: int, needed: bool = True) -> str:
    if not isinstance(value or "", str):
        raise BadDefinition(place, "not_text")
    text = (value or "").strip()
    if needed and not text:
        raise BadDefinition(place, "required")
    if len(text) > most:
        raise BadDefinition(place, "too_long", most=most)
    return text


def a_key(place: str, value: object) -> str:
    key = a_text(place, value, 40)
    if key == "was" or not _KEY.fullmatch(key):
        raise BadDefinition(place, "bad_key")
    return key


def an_id(place: str, value: object) -> str:
    return a_text(place, value, 64)


def a_choice(place: str, value: object, choices: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise BadDefinition(place, "not_a_choice", choices=list(choices))
    return value


def whole(place: str, value: object, least: int, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise BadDefinition(place, "out_of_range", least=least, most=most)
    return value


def number(place: str, value: object, is_whole: bool) -> float | int:
    kinds = int if is_whole else (int, float)
    if not isinstance(value, kinds) or isinstance(value, bool) or not abs(value) <= 10**14:
        raise BadDefinition(place, "out_of_range", least=0 if is_whole else -(10**14), most=10**14)
    return value


def check_unique(place: str, name: str, values: list[str]) -> None:
    for number, value in enumerate(values):
        if value in values[:number]:
            raise BadDefinition(f"{place}.{number}.{name}", "used_twice", value=value)
