"""The people of the matrix, their firm, and requests by any of them to the real app."""

from __future__ import annotations

import asyncio
import json
from functools import cache

from server.app import create_app
from server.assets import Assets
from server.devices import wipe
from server.pages import Pages
from server.sign_in import sessions
from tests.small_firm import as_server, make_firm, op
from tests.unit.approving import MANAGER
from tests.unit.approving import Firm as Approving
from tests.unit.shell import settings

# Whose rows the tables speak of.
OWNER = "rita"
# Actor -> the person of the small firm; mona's data scope reaches rita and ron, boss's everybody.
PEOPLE = {
    "owner": OWNER,
    "salesperson": "ron",
    "reader": "sam",  # rita's customer is shared with sam to look
    "writer": "walt",  # and with walt to write
    "manager": "mona",
    "cashier": "cass",
    "administrator": "boss",
    "disabled": "gone",
}
URL = "http://localhost:8000"


@cache
def parts() -> dict:
    """The same for every firm, and slow to make."""
    return {"pages": Pages(), "assets": Assets()}


class World:
    """A firm with its app. tokens: cookies by actor; `stranger` has one of another firm."""

    def __init__(self, folder) -> None:
        self.firm = make_firm(folder / "firm")
        self.office = Approving(self.firm)
        self.office.define("trip", MANAGER)
        self.office.define("claim", MANAGER, kind="expense_claim")
        as_server(
            self.firm,
            op("user", "walt", name="Walt", role_id="rep", department_id="south"),
            op("user", "spare", name="Spare", role_id="rep", department_id="south"),
            op("user", "gone", name="Gone", role_id="rep", department_id="south"),
        )
        as_server(self.firm, op("user", "gone", base=10**15, is_active=0))
        self.app = create_app(self.firm, settings(self.firm.path, URL), **parts())
        self.other = make_firm(folder / "other")
        self._wiped = 0

    def close(self) -> None:
        self.firm.close()
        self.other.close()

    def token(self, actor: str) -> str:
        """A fresh session of this actor; '' for nobody."""
        if actor.startswith("wiped"):
            return self.wiped_token(is_trusted=actor == "wiped, trusted")
        if actor == "nobody":
            return ""
        firm = self.other if actor == "stranger" else self.firm
        user = OWNER if actor == "stranger" else PEOPLE[actor]
        return firm.write_now(lambda db: self._start(db, firm, user, f"phone-{user}"))

    def _start(self, db, firm, user: str, device: str) -> str:
        started = {"device_name": "Phone", "started_by": "password", "now_ms": firm.clock()}
        return sessions.start(db, user_id=user, device_id=device, **started)

    def wiped_token(self, is_trusted: bool) -> str:
        """The cookie of an administrator's device that is to be emptied."""
        self._wiped += 1
        device = f"lost-{self._wiped}"

        def job(db) -> str:
            token = self._start(db, self.firm, PEOPLE["administrator"], device)
            wipe.order(db, device, is_trusted, PEOPLE["administrator"], self.firm.clock())
            return token

        return self.firm.write_now(job)

    def ask(self, asked: list[tuple[str, str, str, str, dict]]) -> list[tuple[int, str, bytes]]:
        """(actor, method, path, body, headers) each; (status, location, body) each. A stream is left at its first word.

        Each request is of a session of its own, so that none lives on what another one did.
        """
        tokens = [self.token(actor) for actor, *_ in asked]
        return asyncio.run(self._ask_all(asked, tokens))

    async def _ask_all(self, asked, tokens) -> list[tuple[int, str, bytes]]:
        return [await self._ask(token, *rest) for token, (_, *rest) in zip(tokens, asked, strict=True)]

    async def _ask(self, token: str, method: str, path: str, body: str, more: dict) -> tuple[int, str, bytes]:
        path, _, query = path.partition("?")
        given = {"host": "localhost:8000", "accept": "*/*", "content-type": "application/x-www-form-urlencoded"} | more
        given |= {"content-length": str(len(body.encode()))}
        given |= {"cookie": f"roadbook={token}"} if token else {}
        scope = {
            "type": "http", "http_version": "1.1", "method": method, "path": path, "raw_path": path.encode(),
            "query_string": query.encode(), "root_path": "", "scheme": "http", "server": ("localhost", 8000),
            "client": ("192.0.2.1", 1), "headers": [(name.encode(), value.encode()) for name, value in given.items()],
            "asgi": {"version": "3.0"}, "state": {},
        }  # fmt: skip
        coming = [{"type": "http.request", "body": body.encode(), "more_body": False}]
        heard: list[dict] = []

        async def receive() -> dict:
            if coming:
                return coming.pop()
            while not heard or path != "/live":
                await asyncio.sleep(0.001)
            return {"type": "http.disconnect"}

        async def send(message: dict) -> None:
            heard.append(message)

        await asyncio.wait_for(self.app(scope, receive, send), 60)
        location = next((value.decode() for name, value in heard[0]["headers"] if name == b"location"), "")
        return heard[0]["status"], location, b"".join(message.get("body", b"") for message in heard[1:])

    def everything(self) -> dict[str, str]:
        """What the firm's file holds, but for what every request may leave behind."""
        with self.firm.look() as db:
            names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
            kept = [name for name in names if not name.startswith("sqlite_") and name not in LEFT_BEHIND]
            return {name: json.dumps([tuple(row) for row in db.execute(f"SELECT * FROM {name}")]) for name in kept}


# Sessions begin and are noted as seen; tries are counted; what devices hold is decided; the audit log tells it.
LEFT_BEHIND = {"session", "sign_in_attempt", "holding", "reached", "audit", "counter"}
