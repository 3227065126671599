"""A device over real HTTP, on a line that breaks when its server dies; it remembers what it was told."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from types import SimpleNamespace

from server.pull import StartAgain
from sync.schema import schema_hash

from ..device import Device, named

OFFLINE = (OSError, http.client.HTTPException, ValueError)


class Phone(Device):
    """acknowledged: id -> operation, of everything that some server ever said yes to."""

    def __init__(self, user_id: str, name: str, token: str) -> None:
        super().__init__(SimpleNamespace(clock=lambda: int(time.time() * 1000)), user_id, name)
        self._cookie = f"roadbook={token}"
        self.port = 0
        self.acknowledged: dict[str, dict] = {}
        self.was_safe_at_once = 0
        self.rounds = 0
        self.safe: int | None = 0  # as the last answer has it; None: everything

    def try_sync(self) -> bool:
        """False where the line or the server is gone, or the answer was cut."""
        try:
            self.sync()
        except OFFLINE:
            return False
        return True

    def _exchange(self, ops: list[dict]) -> Iterator[str]:
        asked = {"cursor": self.cursor, "known": self.hello.get("key", ""), "clock": self.now(), "ops": ops}
        return named(self._ask("/sync", asked), ops)

    def _ask(self, path: str, asked: dict) -> Iterator[str]:
        """The whole lines of an answer, as they come. Raises OFFLINE, StartAgain."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        body = json.dumps({"protocol": 1, "schema": schema_hash()} | asked)
        headers = {"Host": f"localhost:{self.port}", "Cookie": self._cookie, "Content-Type": "application/json"}
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            if answer.status == 409:
                raise StartAgain
            if answer.status == 503:
                raise ConnectionRefusedError("the server asks to come again")
            assert answer.status == 200, (answer.status, answer.read())
            for line in answer:
                if line.endswith(b"\n"):
                    yield line.decode()
        finally:
            connection.close()

    def _note(self, outcome: dict) -> None:
        super()._note(outcome)
        if outcome["is"] != "rejected":
            self.acknowledged |= {op["id"]: op for op in self.outbox if op["id"] == outcome["id"]}

    def _end(self, cursor: str, safe: int | None = None) -> None:
        super()._end(cursor, safe)
        self.safe = safe
        self.rounds += 1
        self.was_safe_at_once += safe is None

    def _check(self, sums: dict) -> list[dict]:
        lines = [json.loads(line) for line in self._ask("/sync/check", {"cursor": self.cursor, "sums": sums})]
        assert lines[-1] == {"end": {}}
        return lines
