"""Three hundred claims that wait for one person: the list and a card, on the device and from the server, and decisions
without signal, each durable before it is answered.

Each claim has a line and a receipt, as people hand them in; everything goes through the engine.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
import time
from pathlib import Path

import httpx2

from server.accept import accept_as_server
from server.attachments import known
from server.attachments.store import hash_of, store_of
from server.firm import Firm
from server.sample.approvals import PHOTOS, RECEIPTS

from .device import GET, first_sync_ms, open_profile
from .figures import Figures, median, p95
from .grown_firm import grown_firm
from .sync_peers import share_of_a_processor

ACCOUNTS, ACTIVITIES, CLAIMS, DECISIONS = 500, 5_000, 300, 65
# What the first runs find cold is no part of the figures.
WARM = 5
FINAL_S = 60

# Reads each card as its page shows it, then posts its form as a tap does; ms of the posts alone.
APPROVE = """async (paths) => {
  const taken = [];
  for (const path of paths) {
    const card = await (await fetch(path, { headers: { accept: "text/html" } })).text();
    const form = new DOMParser().parseFromString(card, "text/html").querySelector("form#approve");
    if (!form) throw new Error(`${path}: nothing to decide`);
    const body = new URLSearchParams(new FormData(form));
    const begun = performance.now();
    const answer = await fetch(path, { method: "POST", body, redirect: "manual" });
    taken.push(performance.now() - begun);
    if (answer.type !== "opaqueredirect") throw new Error(`${path}: not taken, ${answer.status}`);
    await new Promise((go) => setTimeout(go, 150)); // a person's pause
  }
  return taken;
}"""

HAS_ALL = """async (words) => {
  const text = await (await fetch("/approvals", { headers: { accept: "text/html" } })).text();
  return text.includes('data-host="device"') && text.includes(words);
}"""


def run(playwright) -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        firm = Path(folder) / "firm"
        with grown_firm(firm, ACCOUNTS, ACTIVITIES, add=_add) as (url, cookie):
            figures = Figures(f"{CLAIMS} claims wait for one person")
            figures.tell("of a processor a busy process gets now", 100 * share_of_a_processor(), "%")
            _from_server(figures, url, cookie)
            _on_device(figures, playwright, Path(folder) / "phone", firm, url, cookie)


# --- the firm


def _add(firm: Firm, people: list[str]) -> None:
    """A definition by which the director decides, and claims of everybody else."""
    director, *others = people
    step = {"key": "boss", "name": "Director", "mode": "order", "days": 2, "who": {"kind": "person", "ids": [director]}}
    documents = {"form": [], "starters": {}, "cc": {}, "steps": [step]}
    version = _new("definition_version", "claim-1", definition_id="claim", number=1, fallback_id=director,
                   **{name: json.dumps(document) for name, document in documents.items()})  # fmt: skip
    version["add"] = {"asks": ["lines", "receipts"]}
    rules = [
        _new("firm_setting", "setting-currency", key="currency", value="CNY"),
        _new("expense_category", "travel", name="Travel"),
        _new("expense_category", "meals", name="Meals"),
        _new("expense_policy", "policy-meals", category_id="meals", per="day", most_cents=30_000),
        _new("expense_policy", "policy-receipt", per="line", receipt_from_cents=20_000),
        _new("approval_definition", "claim", name="Expense claim", kind="expense_claim", current=1),
        version,
    ]
    firm.write_now(lambda db: _accept(db, firm, rules, None))
    receipts = [(RECEIPTS / name).read_bytes() for name in PHOTOS.values()]
    for number in range(CLAIMS):
        _claim(firm, number, others[number % len(others)], receipts[number % len(receipts)])
    firm.write_now(lambda db: db.execute("ANALYZE"))


def _claim(firm: Firm, number: int, by: str, receipt: bytes) -> None:
    """Written, with the bytes of its receipt, and submitted."""
    claim = _id(number)
    line, cents = f"{claim}-line", 5_000 + number * 137 % 60_000
    # The same picture as another file: what follows a JPEG's end is no part of the picture.
    content = receipt + claim.encode()
    hash, store = hash_of(content), store_of(firm)
    operations = [
        _new("approval", claim, definition_id="claim", version_id="claim-1", title=f"Week {number}", owner_id=by),
        _new("expense_line", line, approval_id=claim, position=1, spent_on=f"2026-10-{number % 28 + 1:02}",
             category_id=("travel", "meals")[number % 2], amount_cents=cents, currency="CNY", note="To a customer",
             account_id=f"bulk-account-{number % ACCOUNTS:06}", receipt_no=f"{90_000_000 + number}", owner_id=by),
        _new("attachment", f"{line}-photo", target_entity="expense_line", target_id=line, approval_id=claim, hash=hash,
             name="receipt.jpg", media_type="image/jpeg", bytes=len(content), owner_id=by),
        _new("approval_action", f"{claim}-submit", approval_id=claim, verb="submit", owner_id=by),
    ]  # fmt: skip
    store.receive(claim, content)

    def job(db) -> None:
        store.put_in_place(claim, hash)
        known.keep(db, firm, by, hash, "image/jpeg", len(content))
        _accept(db, firm, operations, by)

    firm.write_now(job)


def _id(number: int) -> str:
    return f"claim-{number:03}"


def _new(entity: str, row: str, **values) -> dict:
    return {"id": f"bench-{row}", "entity": entity, "row": row, "base": 0, "at": 0, "set": values}


def _accept(db, firm: Firm, operations: list[dict], by: str | None) -> None:
    for operation, outcome in zip(operations, accept_as_server(db, firm, operations, by), strict=True):
        if outcome["is"] != "applied":
            raise RuntimeError(f"{operation}: {outcome}")


# --- what it costs


def _from_server(figures: Figures, url: str, cookie: dict) -> None:
    """Over HTTP, as whoever has no worker yet."""
    with httpx2.Client(base_url=url, cookies={cookie["name"]: cookie["value"]}, timeout=60) as web:
        taken = _asked(web, ["/approvals"] * 60)
        figures.at_most(f"the list from the server: median {median(taken):.1f} ms, p95", p95(taken), 20, "ms")
        taken = _asked(web, [f"/approvals/{_id(number)}" for number in range(60)])
        figures.tell(f"a card from the server: median {median(taken):.1f} ms, p95", p95(taken), "ms")


def _asked(web: httpx2.Client, paths: list[str]) -> list[float]:
    taken = []
    for path in paths:
        begun = time.perf_counter()
        web.get(path).raise_for_status()
        taken.append((time.perf_counter() - begun) * 1000)
    return taken[WARM:]


def _on_device(figures: Figures, playwright, profile: Path, firm: Path, url: str, cookie: dict) -> None:
    context = open_profile(playwright, profile, cookie)
    page = context.new_page()
    page.goto(f"{url}/customers")
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    figures.tell("first sync", first_sync_ms(page, url), "ms")
    if not page.evaluate(HAS_ALL, f'<span class="num">{CLAIMS}</span>'):
        raise RuntimeError("the first sync brought other claims than wait")
    taken = page.evaluate(GET, ["/approvals", 60])[WARM:]
    figures.at_most(f"the list from the worker: median {median(taken):.1f} ms, p95", p95(taken), 20, "ms")
    taken = [ms for number in range(60) for ms in page.evaluate(GET, [f"/approvals/{_id(number)}", 1])][WARM:]
    figures.tell(f"a card from the worker: median {median(taken):.1f} ms, p95", p95(taken), "ms")

    context.set_offline(True)
    decided = [f"/approvals/{_id(number)}" for number in range(DECISIONS)]
    taken = page.evaluate(APPROVE, decided)[WARM:]
    figures.at_most(
        f"a decision without signal: {len(taken)}, median {median(taken):.1f} ms, p95", p95(taken), 15, "ms"
    )
    context.set_offline(False)
    page.evaluate("dispatchEvent(new Event('online'))")
    begun = time.perf_counter()
    figures.tell(f"of {DECISIONS} decisions in force", _in_force(firm), "")
    figures.tell("after the signal came", time.perf_counter() - begun, "s")
    context.close()


def _in_force(firm: Path) -> int:
    """How many decisions the server has taken, once it has all of them."""
    arrived, end = 0, time.monotonic() + FINAL_S
    db = sqlite3.connect(f"file:{firm / 'roadbook.db'}?mode=ro", uri=True)
    try:
        while arrived < DECISIONS and time.monotonic() < end:
            time.sleep(0.05)
            sql = "SELECT count(*) FROM approval_action WHERE verb = 'approve' AND effect = 'in_force'"
            arrived = db.execute(sql).fetchone()[0]
    finally:
        db.close()
    return arrived
