"""What the server lets each actor do with rows of rita's: every verb tried through POST /sync, on rows made for it."""

from __future__ import annotations

import json

from sync.entities import BY_NAME
from sync.model import SERVER_ONLY
from sync.schema import schema_hash
from sync.values import LARGEST
from tests.device import named, new_id
from tests.small_firm import as_server, op

from .entities import COLUMNS, EDITS, ENTITIES, fields
from .people import OWNER, PEOPLE, World

VERBS = {"C": "new", "E": "edit", "D": "delete"}
# Its one row has the person's id; what only the server makes is there already, or is made up.
ONE_ROW = {"preference": "rita"}
# The rows of a request that waits: one of each, since whoever may not change them may not change any.
FOUND = ("approval", "approval_revision", "approval_step", "approval_action", "expense_line", "attachment")


class Judged:
    """may: (entity, place, actor) -> letters. unchanged: whether what was refused left the row as it was."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.may: dict[tuple[str, str, str], str] = {}
        self.seen: dict[str, dict[str, set[str]]] = {}
        self.harmed: list[tuple] = []
        self._number = 0
        self._prepare()
        for actor in COLUMNS:
            self.seen[actor] = self._pull(actor)
        # The owner last: what others may not do to a row, the owner then does.
        for actor in (*COLUMNS[1:], COLUMNS[0]):
            self._try_all(actor)

    def _prepare(self) -> None:
        firm, office = self.world.firm, self.world.office
        as_server(
            firm,
            *(op("account", name, name=name, owner_id=OWNER) for name in ("acme", "acme-2")),
            *(op("account", f"given-{actor}-{n}", name="Given", owner_id=OWNER) for actor in COLUMNS for n in (1, 2)),
            *(
                op("account_member", f"share-{user}", account_id="acme", user_id=user, access=access)
                for user, access in SHARES.items()
            ),
            *(
                op("account_member", f"share-2-{user}", account_id="acme-2", user_id=user, access=access)
                for user, access in SHARES.items()
            ),
            op("pool_rule", "pool", name="Quiet", days=90),
            op("firm_setting", "currency", key="currency", value="CNY"),
            op("expense_policy", "policy", note="Little"),
            *(op("event", f"event-{n}", title="Own", start_ms=n, end_ms=n + 1, owner_id=OWNER) for n in (1, 2, 3)),
        )
        phone = office.device(OWNER)
        for approval in ("draft", "asked"):
            given = {"definition_id": "claim", "version_id": "claim-1", "title": "Please"}
            phone.add("approval", row_id=approval, **given)
            for entity in ("expense_line", "attachment"):
                phone.add(entity, row_id=self._id(entity, approval, "see"), **self._given(entity, approval))
        phone.sync()
        outcome = office.does(OWNER, "submit", "asked")
        assert outcome["is"] == "applied", outcome
        for entity, place in ENTITIES:
            if BY_NAME[entity].writers != SERVER_ONLY and place != "asked" and entity not in ONE_ROW:
                self._make(entity, place)
        as_server(firm, op("preference", "rita", owner_id=OWNER))

    def _make(self, entity: str, place: str) -> None:
        """A row to see, and one for each actor to edit and to delete."""
        for actor, verb in [("", "see"), *((actor, verb) for actor in COLUMNS for verb in ("edit", "delete"))]:
            row = self._id(entity, place, verb, actor)
            if entity in ("expense_line", "attachment") and verb == "see":
                continue
            if entity == "conflict":
                self._make_conflict(place, row)
            else:
                given = self._given(entity, place) | ({"approval_id": "draft"} if place == "draft" else {})
                if entity == "approval":
                    del given["approval_id"]
                if entity == "handover":
                    given |= _little(f"given-{actor or 'owner'}-2")
                as_server(self.world.firm, _op(entity, row, 0, given))
            if entity == "account":
                for user, access in SHARES.items():
                    share = {"account_id": row, "user_id": user, "access": access}
                    as_server(self.world.firm, _op("account_member", f"{row}-{user}", 0, share))

    def _make_conflict(self, place: str, row: str) -> None:
        account = "acme" if place == "account" else None
        kept = {"kept_by": OWNER, "lost_by": OWNER, "kept": "{}", "lost": "{}", "base": "{}"}
        target = {"target_entity": "task" if account is None else "account", "target_id": account or "x"}
        given = {"kind": "field", "unit": "name", "account_id": account} | target | kept
        as_server(self.world.firm, _op("conflict", row, 0, given))

    def _given(self, entity: str, place: str) -> dict:
        self._number += 1
        return fields(entity, place, self._number)

    def _id(self, entity: str, place: str, verb: str, actor: str = "") -> str:
        if place == "asked" and entity in FOUND and verb != "new" and not (
            entity in ("expense_line", "attachment") and verb == "see"
        ):
            return self._found(entity)
        return ONE_ROW.get(entity, f"{entity}-{place}-{verb}-{actor}")

    def _found(self, entity: str) -> str:
        column = "id" if entity == "approval" else "approval_id"
        with self.world.firm.look() as db:
            return db.execute(f"SELECT id FROM {entity} WHERE {column} = 'asked' ORDER BY rowid LIMIT 1").fetchone()[0]

    def _server_row(self, entity: str) -> str:
        with self.world.firm.look() as db:
            found = db.execute(f"SELECT id FROM {entity} WHERE deleted = 0 ORDER BY id LIMIT 1").fetchone()
        assert found, f"make a row of {entity}"
        return found[0]

    # --- trying

    def _try_all(self, actor: str) -> None:
        tries = []
        for entity, place in ENTITIES:
            for letter, verb in VERBS.items():
                tries.append((entity, place, letter, self._attempt(entity, place, verb, actor)))
        before = {self._key(operation): self._row(operation) for *_, operation in tries}
        outcomes = self._send(actor, [operation for *_, operation in tries])
        for (entity, place, letter, operation), outcome in zip(tries, outcomes, strict=True):
            key = (entity, place, actor)
            if outcome["is"] in ("applied", "merged"):
                self.may[key] = self.may.get(key, "") + letter
            elif self._row(operation) != before[self._key(operation)] and entity not in ONE_ROW and place != "asked":
                self.harmed.append((*key, letter))

    def _attempt(self, entity: str, place: str, verb: str, actor: str) -> dict:
        is_servers = BY_NAME[entity].writers == SERVER_ONLY
        row = self._server_row(entity) if is_servers and verb != "new" else self._id(entity, place, verb, actor)
        if verb == "delete":
            return {"id": new_id(), "entity": entity, "row": row, "base": LARGEST, "at": 0, "delete": True}
        if verb == "edit":
            return _op(entity, row, LARGEST, EDITS.get(entity, _some_field(entity)))
        return _op(entity, row, 0, self._new(entity, place, actor))

    def _new(self, entity: str, place: str, actor: str) -> dict:
        if BY_NAME[entity].writers == SERVER_ONLY:
            return _some_field(entity)
        given = self._given(entity, place)
        me = PEOPLE[actor]
        # On a customer one's own, elsewhere in rita's name.
        if "owner_id" in given and ((place == "account" and entity != "account") or entity in COMMANDS):
            given["owner_id"] = me
        if entity == "task" and place == "account":
            given["assignee_id"] = me
        if entity == "handover":
            given |= _little(f"given-{actor}-1")
        return given

    def _send(self, actor: str, ops: list[dict]) -> list[dict]:
        asked = {"protocol": 1, "schema": schema_hash(), "cursor": "", "ops": ops}
        [(status, _, body)] = self.world.ask([(actor, "POST", "/sync", json.dumps(asked), {})])
        assert status == 200, body
        lines = map(json.loads, named(body.decode().splitlines(), ops))
        return [line["outcome"] for line in lines if "outcome" in line]

    def _pull(self, actor: str) -> dict[str, set[str]]:
        asked = {"protocol": 1, "schema": schema_hash(), "cursor": ""}
        [(status, _, body)] = self.world.ask([(actor, "POST", "/sync", json.dumps(asked), {})])
        assert status == 200, body
        seen: dict[str, set[str]] = {}
        for line in map(json.loads, body.decode().splitlines()):
            if "rows" in line:
                at = line["columns"].index("id")
                seen.setdefault(line["rows"], set()).update(values[at] for values in line["values"])
        return seen

    def sees(self, entity: str, place: str, actor: str) -> bool:
        return self.shown(entity, place) in self.seen[actor].get(entity, ())

    def shown(self, entity: str, place: str) -> str:
        """The row there that nobody was let change."""
        if BY_NAME[entity].writers == SERVER_ONLY and place != "asked":
            return self._server_row(entity)
        return self._id(entity, place, "see")

    def _key(self, operation: dict) -> tuple[str, str]:
        return operation["entity"], operation["row"]

    def _row(self, operation: dict) -> tuple | None:
        with self.world.firm.look() as db:
            found = db.execute(f"SELECT * FROM {operation['entity']} WHERE id = ?", (operation["row"],)).fetchone()
        return tuple(found) if found else None


# Whom rita's customers are shared with.
SHARES = {"sam": "read", "walt": "write"}
# In the name of whoever gives them.
COMMANDS = ("approval_action", "handover")


def _little(account: str) -> dict:
    """A handover of one customer, which leaves everything else where it is."""
    return {"account_ids": [account], "with_events": 0, "with_tasks": 0}


def _op(entity: str, row: str, base: int, given: dict) -> dict:
    sets = {name: value for name, value in given.items() if isinstance(value, list)}
    made = {"id": new_id(), "entity": entity, "row": row, "base": base, "at": 0}
    made["set"] = {name: value for name, value in given.items() if name not in sets}
    return made | ({"add": sets} if sets else {})


def _some_field(entity: str) -> dict:
    """A value for a field of what only the server writes."""
    values = {"text": "x", "count": 1, "enum": None, "ref": None, "date": "2027-01-01"}
    for field in BY_NAME[entity].fields:
        if field.type == "text":
            return {field.name: values["text"]}
    return {BY_NAME[entity].fields[0].name: "x"}
