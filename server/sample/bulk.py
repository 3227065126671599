"""Many rows quickly, for benchmarks: `fill(firm, accounts=5000, activities=50000)`.

Rows, versions, stamps, search keys, buckets and derived tables are what `accept` would have made; history and
operations are left out (nobody has edited anything yet), which is what makes it several times faster.  So a
first sync, every page and every further edit behave as in a grown firm; only the story of a row is missing.
Never for a firm that people use.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

from server import scope
from server.accept import accept_as_server
from server.imports.apply import ids_from
from sync.entities import BY_NAME
from sync.latin import search_key
from sync.operations import new_row

from . import words
from .texts import CHINESE_ACTIVITIES, CHINESE_PRODUCTS, FOREIGN_ACTIVITIES, FOREIGN_PRODUCTS

SEED = 1_000_003
DAY_MS = 86_400_000
CHUNK = 5_000
PEOPLE_PER_TEAM = 8
DIRECTOR = "bulk-director"


def fill(
    firm, accounts: int = 5_000, activities: int = 50_000, contacts: int | None = None, people: int = 50
) -> list[str]:
    """Add people (a director, then teams of salespeople under managers), accounts, contacts and activities.

    contacts: two an account where it is not given.  Returns the ids of the people, the director first.
    """
    now_ms, chance = firm.clock(), random.Random(SEED)
    people_ids = _people(firm, people)
    owners = people_ids[1:] or people_ids
    _insert(firm, "account", _accounts(chance, accounts, owners, now_ms))
    firm.write_now(lambda db: _grant(db, firm, accounts))
    _insert(
        firm, "contact", _contacts(chance, 2 * accounts if contacts is None else contacts, accounts, owners, now_ms)
    )
    _insert(firm, "activity", _activities(chance, activities, accounts, owners, now_ms))
    firm.write_now(lambda db: db.execute("ANALYZE"))
    return people_ids


def _people(firm, count: int) -> list[str]:
    """Through accept: who reaches whom must be right."""
    new_id, now_ms = ids_from(firm), firm.clock()
    rows: list[tuple[str, str, dict]] = [("department", "bulk-firm", {"name": "Bulk"})]
    rows += [
        ("role", f"bulk-{data_scope}", {"name": data_scope, "data_scope": data_scope})
        for data_scope in ("everything", "below", "own")
    ]
    rows.append(
        ("user", DIRECTOR, {"name": "Bulk Director", "role_id": "bulk-everything", "department_id": "bulk-firm"})
    )
    for number in range(count - 1):
        team = f"bulk-team-{number // PEOPLE_PER_TEAM}"
        is_manager = number % PEOPLE_PER_TEAM == 0
        if is_manager:
            rows.append(("department", team, {"name": team, "parent_id": "bulk-firm"}))
        role = "bulk-below" if is_manager else "bulk-own"
        rows.append(
            (
                "user",
                f"bulk-person-{number:03}",
                {"name": f"Person {number:03}", "role_id": role, "department_id": team},
            )
        )
    ops = [
        {"id": new_id(), "entity": entity, "row": row, "base": 0, "at": now_ms, "set": values}
        for entity, row, values in rows
    ]
    firm.write_now(lambda db: accept_as_server(db, firm, ops))
    return [row for entity, row, _ in rows if entity == "user"]


def _accounts(chance: random.Random, count: int, owners: list[str], now_ms: int) -> Iterator[dict]:
    cities = words.CHINESE_CITIES + words.FOREIGN_CITIES
    for number in range(count):
        city = cities[number % len(cities)]
        is_chinese = city.region != "abroad"
        brand = chance.choice(words.CHINESE_BRANDS if is_chinese else words.FOREIGN_BRANDS)
        trade, industry = chance.choice(words.CHINESE_TRADES if is_chinese else words.FOREIGN_TRADES)
        name = f"{city.name}{brand}{trade}有限公司{number}" if is_chinese else f"{brand} {trade} {number}"
        yield {
            "id": _id("account", number),
            "name": name,
            "industry": industry,
            "region": city.name,
            "level": chance.choice(("a", "b", "c", "d", None)),
            "phones": json.dumps([f"164{number % 10**8:08}"]),
            "address": f"{chance.choice(city.streets)} {chance.randrange(1, 300)}",
            "lat_e6": round((city.lat + chance.uniform(-0.1, 0.1)) * 1e6),
            "lng_e6": round((city.lng + chance.uniform(-0.1, 0.1)) * 1e6),
            "owner_id": owners[number % len(owners)],
            "at_ms": now_ms - chance.randrange(200, 900) * DAY_MS,
        }


def _contacts(chance: random.Random, count: int, accounts: int, owners: list[str], now_ms: int) -> Iterator[dict]:
    for number in range(count):
        account = number % accounts
        is_chinese = number % 4
        if is_chinese:
            name = chance.choice(words.SURNAMES) + chance.choice(words.GIVEN_NAMES)
        else:
            name = f"{chance.choice(words.FIRST_NAMES)} {chance.choice(words.LAST_NAMES)}"
        yield {
            "id": _id("contact", number),
            "account_id": _id("account", account),
            "name": name,
            "title": chance.choice(words.CHINESE_TITLES if is_chinese else words.FOREIGN_TITLES)[0],
            "phones": json.dumps([f"161{number % 10**8:08}"]),
            "owner_id": owners[account % len(owners)],
            "at_ms": now_ms - chance.randrange(100, 200) * DAY_MS,
        }


def _activities(chance: random.Random, count: int, accounts: int, owners: list[str], now_ms: int) -> Iterator[dict]:
    for number in range(count):
        account = chance.randrange(accounts)
        sentences, products = (
            (CHINESE_ACTIVITIES, CHINESE_PRODUCTS), (FOREIGN_ACTIVITIES, FOREIGN_PRODUCTS)
        )[number % 4 == 0]
        kind = chance.choice(("call", "visit", "message", "meeting", "note"))
        at_ms = now_ms - round(chance.random() ** 2 * 700 * DAY_MS)
        yield {
            "id": _id("activity", number),
            "account_id": _id("account", account),
            "kind": kind,
            "body": chance.choice(sentences[kind]).format(
                who="王芳", product=chance.choice(products), n=number % 12 + 1
            ),
            "owner_id": owners[account % len(owners)],
            "at_ms": at_ms,
        }


def _id(entity: str, number: int) -> str:
    return f"bulk-{entity}-{number:06}"


def _insert(firm, entity_name: str, rows: Iterator[dict]) -> None:
    """Rows in write jobs of CHUNK; at_ms is also the time of the stamps."""
    entity = BY_NAME[entity_name]
    chunk: list[dict] = []
    for row in rows:
        chunk.append(_whole(entity, row))
        if len(chunk) == CHUNK:
            firm.write_now(lambda db, part=chunk: _insert_chunk(db, entity, part))
            chunk = []
    if chunk:
        firm.write_now(lambda db: _insert_chunk(db, entity, chunk))


def _whole(entity, row: dict) -> dict:
    stamps = {
        "created_at_ms": row["at_ms"], "updated_at_ms": row["at_ms"]
    } | dict.fromkeys(("created_by", "updated_by"), row["owner_id"])
    whole = new_row(entity, row["id"], row["owner_id"], row["at_ms"]) | row | stamps
    if "at_ms" not in entity.by_name:
        del whole["at_ms"]
    if entity.search:
        whole["search_key"] = search_key(*(whole.get(name) or "" for name in entity.search))
    return whole


def _insert_chunk(db, entity, rows: list[dict]) -> None:
    first = db.execute(
        "UPDATE counter SET seq = seq + ? WHERE id = 1 RETURNING seq", (len(rows),)
    ).fetchone()[0] - len(rows) + 1
    for seq, row in enumerate(rows, start=first):
        row["version"] = seq
    columns = ", ".join(rows[0])
    db.executemany(f"INSERT INTO {entity.name} ({columns}) VALUES ({', '.join(f':{name}' for name in rows[0])})", rows)


def _grant(db, firm, accounts: int) -> None:
    """Who sees which account, as the writer computes it."""
    seq = db.execute("SELECT seq FROM counter WHERE id = 1").fetchone()[0]
    firm.touched |= scope.regrant_accounts(db, seq, [_id("account", number) for number in range(accounts)])
