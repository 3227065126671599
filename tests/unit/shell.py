"""A served firm for tests of the server's shell: the real app over a real firm, with a clock that tests set."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from starlette.testclient import TestClient

from server.admin.changes import fresh_id
from server.app import create_app
from server.assets import Assets
from server.config import read_settings
from server.firm import Firm
from server.pages import Pages
from server.sign_in import passwords, sessions, setup
from tests.empty_file import lay_empty_file

# Hashing is slow on purpose; what these tests ask does not depend on how slow.
passwords._hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)

START_MS = 1_795_500_000_000
PASSWORD = "correct horse battery"

ANSWERS = {"firm_name": "Nordlicht", "name": "Anna Keller", "login": "anna", "timezone": "Europe/Berlin"}


class Clock:
    def __init__(self) -> None:
        self.now_ms = START_MS

    def __call__(self) -> int:
        return self.now_ms


@cache
def shared_parts() -> dict:
    """The same for every firm, and slow to make. Two small pages stand for those of web/."""
    return {"pages": Pages(Path(__file__).parent / "shell_pages"), "assets": Assets()}


@cache
def password_hash() -> str:
    return passwords.hash_password(PASSWORD)


def open_firm(folder: Path) -> Firm:
    """A firm that is set up: Anna administers, with login anna and PASSWORD."""
    firm = Firm.open(lay_empty_file(folder), Clock())
    token = firm.write_now(lambda conn: setup.make_link(conn, firm.clock()))
    firm.write_now(lambda conn: setup.set_up(conn, firm, token, ANSWERS, password_hash(), str))
    return firm


def settings(folder: Path, url: str = "http://localhost:8000"):
    return read_settings({}, data=folder, host="127.0.0.1", port=8000, url=url)


def client(firm: Firm, url: str = "http://localhost:8000", address: str = "192.0.2.1", **more) -> TestClient:
    """A browser, with cookies of its own, that follows no redirect by itself."""
    app = create_app(firm, settings(firm.path, url), **shared_parts())
    headers = {"user-agent": "Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Safari/537.36", "accept": "text/html"}
    return TestClient(
        app, base_url=url, headers=headers, follow_redirects=False, client=(address, 50_000), **more
    )


def signed_in_client(firm: Firm, login: str = "anna", **more) -> TestClient:
    """A browser of its own with a session of this person, as if by password."""
    browser = client(firm, **more)
    with firm.look() as conn:
        user_id = passwords.find(conn, login)["user_id"]
    device = {"device_id": fresh_id(firm), "device_name": "Chrome on Android", "started_by": "password"}
    token = firm.write_now(lambda conn: sessions.start(conn, user_id=user_id, now_ms=firm.clock(), **device))
    browser.cookies.set("roadbook", token)
    return browser


def add_person(firm: Firm, name: str, role: str = "Salesperson", login: str = "") -> str:
    """A colleague in the role of this name; with a login, also with PASSWORD. Returns the id."""
    from server.admin import people

    def job(conn) -> str:
        role_id = conn.execute("SELECT id FROM role WHERE name = ?", (role,)).fetchone()[0]
        user_id = people.add(conn, firm, None, {"name": name, "role_id": role_id})
        if login:
            passwords.store(conn, user_id, login, password_hash())
        return user_id

    return firm.write_now(job)


def id_of(firm: Firm, name: str, entity: str = "user") -> str:
    with firm.look() as conn:
        return conn.execute(f"SELECT id FROM {entity} WHERE name = ?", (name,)).fetchone()[0]
