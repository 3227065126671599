"""People of a small firm with files: a browser for each, uploads by the protocol's words, rows through their phones."""

from __future__ import annotations

import hashlib
from base64 import b64encode

from server.sign_in import sessions
from tests.unit.approving import MANAGER
from tests.unit.approving import Firm as Approving
from tests.unit.shell import client

TUS = {"Tus-Resumable": "1.0.0"}


def hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Attaching(Approving):
    def __init__(self, firm) -> None:
        super().__init__(firm)
        self.define("trip", MANAGER)
        self._browsers: dict = {}

    def browser(self, user_id: str):
        if user_id not in self._browsers:
            browser = client(self.firm)
            token = self.firm.write_now(
                lambda db: sessions.start(
                    db,
                    user_id=user_id,
                    device_id=f"browser-{user_id}",
                    device_name="Browser",
                    started_by="password",
                    now_ms=self.firm.clock(),
                )
            )
            browser.cookies.set("roadbook", token)
            self._browsers[user_id] = browser
        return self._browsers[user_id]

    def row(self, by: str, content: bytes, media_type: str = "image/png", approval: str | None = None, **more) -> str:
        """The row of a file, typed and sent; it hangs on a draft of its own unless an approval is named."""
        approval = approval or self.draft(by, "trip")
        given = {
            "target_entity": "approval",
            "target_id": approval,
            "approval_id": approval,
            "hash": hash_of(content),
            "name": "receipt.png",
            "media_type": media_type,
            "bytes": len(content),
        }
        row = self.device(by).add("attachment", **given | more)
        self.device(by).sync()
        return row

    def create(self, by: str, content: bytes, size: int | None = None, hash: str | None = None):
        named = b64encode((hash or hash_of(content)).encode()).decode()
        size = len(content) if size is None else size
        headers = TUS | {"Upload-Length": str(size), "Upload-Metadata": f"hash {named}"}
        return self.browser(by).post("/uploads", headers=headers)

    def send(self, by: str, address: str, piece: bytes, at: int = 0, **headers):
        given = TUS | {"Content-Type": "application/offset+octet-stream", "Upload-Offset": str(at)}
        return self.browser(by).patch(address, content=piece, headers=given | headers)

    def offset(self, by: str, address: str):
        return self.browser(by).head(address, headers=TUS)

    def upload(self, by: str, content: bytes) -> None:
        address = self.create(by, content).headers["location"]
        answer = self.send(by, address, content)
        assert answer.status_code == 204, answer.text

    def get(self, by: str, content: bytes, **headers):
        return self.browser(by).get(f"/attachments/{hash_of(content)}", headers=headers)

    def stored(self, row: str) -> int | None:
        with self.firm.look() as db:
            return db.execute("SELECT stored_at_ms FROM attachment WHERE id = ?", (row,)).fetchone()[0]
