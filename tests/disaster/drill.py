"""A disaster and what follows: people type, the machine dies, its firm is fetched from the replica, people come back.

What a server once said yes to must be there afterwards, once, and on every device.
"""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from server.database import sqlite3
from server.firm import Firm
from server.sign_in import sessions

from ..device import new_id
from ..small_firm import make_firm
from .machine import Machine, wait_until
from .phone import Phone

DEVICES = (("rita", "phone"), ("rita", "tablet"), ("ron", "phone"), ("mona", "phone"), ("sam", "phone"))


@dataclass
class Result:
    """behind: acknowledged operations that the replica did not have; devices brought them again."""

    acknowledged: int
    behind: int
    lost: list[str]
    doubled: list[tuple]
    differing: list[tuple]
    restore_s: float
    waiting: int = 0
    said: list[str] = field(default_factory=list)


def make_people(folder: Path) -> list[Phone]:
    """A new firm in a machine's folder, and its people's devices, signed in."""
    firm: Firm = make_firm(folder)
    now_ms = int(time.time() * 1000)
    phones = []
    for user_id, name in DEVICES:
        session = {"user_id": user_id, "device_id": f"{name}-{user_id}", "device_name": name, "started_by": "password"}
        token = firm.write_now(lambda db, session=session: sessions.start(db, **session, now_ms=now_ms))
        phones.append(Phone(user_id, name, token))
    firm.close()
    return phones


class Typing:
    """All of them type and sync at once, until told to stop; whatever breaks, they go on."""

    def __init__(self, phones: list[Phone], seed: int) -> None:
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._type, args=[phone, random.Random(f"{seed} {phone.id}")], daemon=True)
            for phone in phones
        ]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def _type(self, phone: Phone, dice: random.Random) -> None:
        while not self._ended.is_set():
            for _ in range(dice.randint(1, 3)):
                type_something(phone, dice)
            if not phone.try_sync():
                time.sleep(0.05)
            time.sleep(dice.random() * 0.03)


def type_something(phone: Phone, dice: random.Random) -> None:
    """A new customer, a visit, or another word on a customer that this device has. Nothing is ever said twice: what
    says what stands there already changes nothing, and need not be kept."""
    known = sorted(phone.rows.get("account", {}))
    kind = dice.random()
    if not known or kind < 0.4:
        name = f"{phone.id} {len(phone.typed)}"
        phone.add("account", name=name, kind="customer", owner_id=phone.user_id)
    elif kind < 0.7:
        phone.edit("account", dice.choice(known), industry=f"{phone.id} {len(phone.typed)}")
    else:
        account = dice.choice(known)
        phone.add("activity", account_id=account, kind="visit", at_ms=phone.now(), body=f"{phone.id} {new_id()}")


def connect(phones: list[Phone], machine: Machine) -> None:
    for phone in phones:
        phone.port = machine.port


def wait_until_safe(phone: Phone, machine: Machine) -> None:
    """Until a server says that everything it accepted is off-site."""

    def is_safe() -> bool:
        type_something(phone, random.Random(1))
        return phone.try_sync() and phone.safe is None

    wait_until(is_safe, "everything is off-site", machine.log)


def recover(phones: list[Phone], machine: Machine, dice: random.Random) -> Result:
    """Fetch the firm onto a new machine, start it, and let the devices come back in any order, until nothing moves."""
    restore_s = machine.restore()
    acknowledged = {op_id: op for phone in phones for op_id, op in phone.acknowledged.items()}
    behind = len(acknowledged.keys() - known_to(machine))
    machine.start()
    connect(phones, machine)
    order = list(phones)
    for _ in range(4):
        dice.shuffle(order)
        for phone in order:
            assert phone.try_sync(), machine.log()
    return judge(phones, machine, acknowledged, behind, restore_s)


def judge(phones, machine, acknowledged, behind, restore_s) -> Result:
    differing = [(phone.id, found) for phone in phones for found in phone.prove()]
    lost = sorted(acknowledged.keys() - known_to(machine)) + vanished(phones, machine)
    waiting = _all(machine, "SELECT count(*) FROM waiting")[0][0]
    unsent = [op["id"] for phone in phones for op in phone.outbox]
    return Result(len(acknowledged), behind, lost + unsent, doubled(machine), differing, restore_s, waiting)


def known_to(machine: Machine) -> set[str]:
    """The operations that this machine's file says it has accepted."""
    return {row[0] for row in _all(machine, "SELECT id FROM operation WHERE outcome ->> 'is' <> 'rejected'")}


def vanished(phones: list[Phone], machine: Machine) -> list[str]:
    """Customers and visits that were acknowledged and whose rows are not there, whatever is said of operations."""
    rows = {row[0] for name in ("account", "activity") for row in _all(machine, f"SELECT id FROM {name}")}
    made = {op["row"] for phone in phones for op in phone.acknowledged.values() if op["base"] == 0}
    return sorted(made - rows)


def doubled(machine: Machine) -> list[tuple]:
    """What stands there twice: a customer, a visit, or a change in the history of one operation."""
    return [
        tuple(row)
        for query in (
            "SELECT name, count(*) FROM account WHERE deleted = 0 GROUP BY 1 HAVING count(*) > 1",
            "SELECT body, count(*) FROM activity WHERE deleted = 0 GROUP BY 1 HAVING count(*) > 1",
            "SELECT op_id, unit, count(*) FROM history WHERE op_id <> '' GROUP BY 1, 2, row_id HAVING count(*) > 1",
        )
        for row in _all(machine, query)
    ]


def _all(machine: Machine, query: str) -> list:
    connection = sqlite3.connect(f"file:{machine.database}?mode=ro", uri=True, timeout=20)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()
