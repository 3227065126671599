"""POST /sync/check: proof that a device holds exactly what it should, and what mends it where it does not.

What a row's text, a group and a sum are is in `sync/PROTOCOL.md`.  Everything is read at one moment, through
the same views as the pull, at the window that the device's own cursor names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import groupby

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sync.entities import ENTITIES
from sync.model import Entity
from sync.schema import schema_hash, wire_columns

from . import collect, holding, record, views
from .cursor import StartAgain, read_cursor
from .database import sqlite3
from .pull import has_news
from .sync_endpoint import Refuse, as_line, need, read_json, respond

SUM_LETTERS = 16


class Behind(Exception):
    """Rows have changed for this person since the cursor: there is nothing to prove yet."""


async def check_endpoint(request: Request, firm) -> Response:
    from .request import signed_in

    session = signed_in(request, firm)
    try:
        asked = await read_json(request)
        _check_sums(asked)
        return await respond(request, firm, lambda: check(firm, session.user_id, asked))
    except Refuse as refuse:
        return refuse.response
    except StartAgain:
        return JSONResponse({"error": "start_again"}, 409)
    except Behind:
        return JSONResponse({"error": "behind"}, 409)


def _check_sums(asked: dict) -> None:
    sums = asked.get("sums")
    need(isinstance(sums, dict), "sums is an object")
    names = {entity.name for entity in ENTITIES}
    for name, told in sums.items():
        need(name in names, f"sums: there is no {name}")
        is_groups = isinstance(told, dict) and all(isinstance(one, str) for one in told.values())
        need(isinstance(told, str) or is_groups, f"sums of {name}: a sum, or an object of sums")


def check(firm, user_id: str, asked: dict) -> Iterator[str]:
    """The lines of the answer. Raises StartAgain and Behind, before the first line."""
    if asked.get("schema") != schema_hash():
        raise Behind
    window_ms = holding.decide(firm, user_id).window_ms
    with firm.read(user_id) as db:
        seq = record.current_seq(db)
        cursor = read_cursor(asked["cursor"], firm.epoch, user_id, seq, window_ms, collect.collected_seq(db))
        if asked["cursor"] == "" or not cursor.is_start_of_round or has_news(db, cursor):
            raise Behind
        # Rows that the window has left behind meanwhile are still on the device.
        views.look_back_to(db, cursor.had_ms)
        lines = list(_differences(db, asked["sums"]))
    return iter(lines)


def _differences(db: sqlite3.Connection, sums: dict) -> Iterator[str]:
    asks_for_groups = any(isinstance(told, dict) for told in sums.values())
    differs, mending = [], []
    for entity in ENTITIES:
        told = sums.get(entity.name)
        if told is None and asks_for_groups:
            continue
        groups = _groups(db, entity)
        if isinstance(told, dict):
            wrong = sorted(name for name in groups.keys() | told.keys() if groups.get(name) != told.get(name))
            mending += [_replacement(db, entity, group) for group in wrong]
            is_wrong = bool(wrong)
        else:
            is_wrong = _entity_sum(groups) != told if told is not None else bool(groups)
        if is_wrong:
            differs.append(entity.name)
    yield as_line({"check": {"differs": differs}})
    yield from mending
    yield as_line({"end": {}})


def _groups(db: sqlite3.Connection, entity: Entity) -> dict[str, str]:
    """The sum of every group of this entity's rows, in order of group."""
    rows = db.execute(
        f"SELECT substr(id, -2), json_array({', '.join(wire_columns(entity))}) FROM temp.held_{entity.name}"
        " ORDER BY substr(id, -2), id"
    )
    return {group: _sum(row[1] for row in of_group) for group, of_group in groupby(rows, key=lambda row: row[0])}


def _entity_sum(groups: dict[str, str]) -> str:
    return _sum(f"{group}:{total}" for group, total in groups.items())


def _sum(texts: Iterator[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:SUM_LETTERS]


def _replacement(db: sqlite3.Connection, entity: Entity, group: str) -> str:
    rows = db.execute(
        f"SELECT json_array({', '.join(wire_columns(entity))}) FROM temp.held_{entity.name}"
        " WHERE substr(id, -2) = ? ORDER BY id",
        (group,),
    )
    head = as_line({"replace": [entity.name, group], "columns": wire_columns(entity)}).rstrip()[:-1]
    return f'{head},"values":[{",".join(row[0] for row in rows)}]}}\n'
