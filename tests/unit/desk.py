"""A desk for page tests: a device's rows in memory, one person, real pages and the forms in them.

`get` renders a page, `post` fills in a form of that page and applies what it asks for, by the same code that
both hosts run.  Nothing is mocked; only HTTP and sync are left out.
"""

from __future__ import annotations

import itertools
import json
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urlsplit

from server.database import sqlite3
from server.pages import Form, NotFound, Pages, Viewer
from sync.entities import BY_NAME
from sync.form_files import with_files
from sync.forms import Context, FormResult, operations_from_form
from sync.latin import search_key
from sync.operations import parse
from sync.rebase import rebase
from sync.schema import device_script, wire_columns
from web import dates
from web.build.check_sql import SERVER_SCRIPT
from web.sql_functions import register

# Tuesday, 24 November 2026, 09:41 in Shanghai.
NOW_MS = 1_795_484_460_000
SHANGHAI = "Asia/Shanghai"


class Desk:
    def __init__(self, pages: Pages, tz: str = SHANGHAI, now_ms: int = NOW_MS) -> None:
        self.pages, self.tz, self.now_ms = pages, tz, now_ms
        self.me = "anna"
        self.db = sqlite3.connect(":memory:")
        self.db.row_factory = sqlite3.Row
        register(self.db)
        self.db.executescript(device_script() + SERVER_SCRIPT)
        self._ids = (f"0193aaaa-0000-7000-8000-{n:012x}" for n in itertools.count(1))

    # --- rows

    def at(self, day: str, clock: str = "00:00") -> int:
        """The instant of a wall clock, on an ordinary day."""
        hours, minutes = clock.split(":")
        return dates.day_start_ms(day, self.tz) + int(hours) * 3_600_000 + int(minutes) * 60_000

    def add(self, entity: str, id: str, **fields) -> str:
        """A row that has been synced; lists become sets."""
        declared = BY_NAME[entity]
        row = {f.name: f.default if f.default not in ("@me", "@now") else None for f in declared.fields}
        row |= {name: json.dumps(value) if isinstance(value, list) else value for name, value in fields.items()}
        if "owner_id" in declared.by_name and not row["owner_id"]:
            row["owner_id"] = self.me
        stamps = {"version": 1, "created_at_ms": self.now_ms, "updated_at_ms": self.now_ms}
        self._write(entity, stamps | row | {"id": id})
        return id

    def person(self, id: str, name: str, **fields) -> str:
        return self.add("user", id, name=name, **{"is_active": 1, "role_id": "rep"} | fields)

    def row(self, entity: str, id: str) -> dict | None:
        found = self.db.execute(f"SELECT * FROM {entity} WHERE id = ?", (id,)).fetchone()
        return dict(found) if found else None

    def rows(self, entity: str) -> list[dict]:
        return [dict(row) for row in self.db.execute(f"SELECT * FROM {entity} ORDER BY id")]

    def queue(self, entity: str, row_id: str, state="waiting", reason=None, detail=None, at_ms=None, **op) -> None:
        """An entry of the outbox, as the device keeps it."""
        at_ms = at_ms or self.now_ms
        op = {"id": next(self._ids), "entity": entity, "row": row_id, "base": 0, "at": at_ms} | op
        self.db.execute(
            "INSERT INTO outbox (id, entity, row_id, op, at_ms, state, reason, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (op["id"], entity, row_id, json.dumps(op), at_ms, state, reason, json.dumps(detail) if detail else None),
        )

    def past(self, seq: int, entity: str, row_id: str, unit: str, old=None, new=None, by="anna", in_force=1) -> None:
        """A line of the history that only the server has."""
        self.db.execute(
            "INSERT INTO history VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, 'op', ?, ?)",
            (seq, entity, row_id, unit, *map(_json, (old, new)), by, by and "phone", self.now_ms, in_force),
        )

    def _write(self, entity: str, row: dict) -> None:
        columns = [name for name in wire_columns(BY_NAME[entity]) if name in row]
        if BY_NAME[entity].search:
            columns.append("search_key")
            row["search_key"] = search_key(*(row.get(name) or "" for name in BY_NAME[entity].search))
        marks = ", ".join(f":{name}" for name in columns)
        self.db.execute(f"INSERT OR REPLACE INTO {entity} ({', '.join(columns)}) VALUES ({marks})", row)

    # --- pages

    def get(self, address: str, form: Form | None = None, partial: bool = False, sync: dict | None = None) -> Shown:
        """The page at an address; raises NotFound as a host would answer 404."""
        parts = urlsplit(address)
        found = self.pages.match(parts.path)
        if not found:
            raise NotFound(parts.path)
        page, params = found
        more = {"sync": sync} if sync else {}
        viewer = Viewer(self._me(), "en", self.tz, self.now_ms, partial, form or Form(), **more)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        return Shown(self.pages.render(self.db, page, parts.path, params, query, viewer), address)

    def _me(self) -> dict:
        chosen = self.row("preference", self.me) or {}
        return {**self.row("user", self.me), "is_admin": 0} | {
            name: chosen.get(name) for name in ("language", "timezone", "theme")
        }

    def post(self, shown: Shown, form: int | str, tick: dict[str, list[str]] | None = None, **typed: str) -> FormResult:
        """Fill in a form (by number or id) of a shown page and apply it.

        typed: input names with "__" for "."; tick: name -> the values chosen.
        """
        named = {name.replace("__", "."): value for name, value in typed.items()}
        items = with_files(shown.form(form, named, tick or {}))
        context = Context(
            BY_NAME, self.me, self.now_ms, dates.local_date(self.now_ms, self.tz), self.tz, lambda: next(self._ids)
        )
        result = operations_from_form(items, context)
        for raw in result.ops:
            self._apply(parse(raw, BY_NAME))
        return result

    def _apply(self, op) -> None:
        entity = BY_NAME[op.entity]
        held = self.row(op.entity, op.row)
        row = rebase(entity, held, [op], self.me)
        if row is None:
            self.db.execute(f"DELETE FROM {op.entity} WHERE id = ?", (op.row,))
        else:
            self._write(op.entity, row | {"id": op.row, "version": (held or {}).get("version") or 0})


def _json(value: object) -> str | None:
    return None if value is None else json.dumps(value)


class Shown:
    """What a page says: its text for people, its links, its forms."""

    def __init__(self, html: str, address: str) -> None:
        self.html, self.address = html, address
        self._read = _Reader()
        self._read.feed(html[html.find("<main") : html.find("</main>")] if "<main" in html else html)

    @property
    def text(self) -> str:
        return " ".join("".join(self._read.words).split())

    @property
    def links(self) -> list[str]:
        return self._read.links

    def form(self, which: int | str, typed: dict[str, str], tick: dict[str, list[str]]) -> list[tuple[str, str]]:
        """A form's inputs as a browser would send them."""
        forms = self._read.forms
        chosen = next(form for form in forms if form["id"] == which) if isinstance(which, str) else forms[which]
        items, left = [], dict(typed)
        for name, value, is_on in chosen["inputs"]:
            if name in tick:
                is_on = value in tick[name] if is_on is not None else True
            if name in left and is_on is None:
                items.append((name, left.pop(name)))
            elif name in left and is_on is not None:
                if value == left[name]:
                    items.append((name, value))
            elif is_on is not False:
                items.append((name, value))
        return items

    def forms_with(self, name: str, value: str | None = None) -> list[int]:
        """The numbers of the forms that have such an input."""
        return [
            number
            for number, form in enumerate(self._read.forms)
            if any(n == name and value in (None, v) for n, v, _ in form["inputs"])
        ]


class _Reader(HTMLParser):
    """Inputs are (name, value, is_on); is_on is None for what is always sent."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.links, self.forms = [], [], []
        self._form = self._textarea = self._select = None

    def handle_starttag(self, tag, attrs):
        has = dict(attrs)
        if tag in ("p", "li", "div", "h1", "h2", "h3", "dt", "dd", "br", "button", "a", "span", "time", "small"):
            self.words.append(" ")
        if tag == "a" and "href" in has:
            self.links.append(has["href"])
        if tag == "form":
            self._form = {"id": has.get("id", ""), "action": has.get("action", ""), "inputs": []}
            self.forms.append(self._form)
        elif tag == "input" and self._form is not None and has.get("name") and "form" not in has:
            is_on = "checked" in has if has.get("type") in ("radio", "checkbox") else None
            self._form["inputs"].append((has["name"], has.get("value") or "", is_on))
        elif tag == "textarea":
            self._textarea = (has.get("name"), [])
        elif tag == "select":
            self._select = [has.get("name"), None]
        elif tag == "option" and self._select and ("selected" in has or self._select[1] is None):
            self._select[1] = has.get("value") or ""

    def handle_data(self, data):
        if self._textarea:
            self._textarea[1].append(data)
        else:
            self.words.append(data)

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        elif tag == "textarea" and self._textarea:
            name, text = self._textarea
            # The line break after the start tag is no part of the text.
            if self._form is not None:  # else it names its form by id
                self._form["inputs"].append((name, "".join(text).removeprefix("\n"), None))
            self._textarea = None
        elif tag == "select" and self._select:
            self._form["inputs"].append((self._select[0], self._select[1] or "", None))
            self._select = None
