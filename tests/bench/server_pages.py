"""Pages of the server over 50,000 accounts and 500,000 activities, and the sync endpoint's own work."""

from __future__ import annotations

import tempfile
from pathlib import Path

from server.firm import Firm
from server.pages import Pages, Viewer
from server.person import me_of
from server.pull import Cursor, pull, stamp
from server.record import current_seq
from server.sample.bulk import fill

from .figures import Figures, p95, times_ms

ACCOUNTS, ACTIVITIES = 50_000, 500_000


def run() -> None:
    with tempfile.TemporaryDirectory() as folder:
        firm = Firm.open(Path(folder))
        director, *others = fill(firm, accounts=ACCOUNTS, activities=ACTIVITIES)
        figures = Figures(f"The server with {ACCOUNTS:,} accounts and {ACTIVITIES:,} activities")
        pages = Pages()
        _pages(figures, firm, pages, director, "director")
        _pages(figures, firm, pages, others[-1], "salesperson")
        _nothing_new(figures, firm, director)
        firm.close()


def _pages(figures: Figures, firm: Firm, pages: Pages, user_id: str, who: str) -> None:
    with firm.read(user_id) as db:
        account = db.execute("SELECT id FROM account ORDER BY name, id LIMIT 1").fetchone()[0]
    asked = [
        ("/", {}),
        ("/customers", {}),
        ("/customers", {"q": "wf"}),
        (f"/customers/{account}", {}),
        ("/schedule", {}),
    ]
    for path, query in asked:
        taken = times_ms(lambda path=path, query=query: _render(firm, pages, user_id, path, query), 40)
        name = path.replace(account, "{id}") + (f"?q={query['q']}" if query else "")
        figures.at_most(f"{name} for a {who}, p95", p95(taken), 30, "ms")


def _render(firm: Firm, pages: Pages, user_id: str, path: str, query: dict) -> str:
    page, params = pages.match(path)
    with firm.read(user_id) as db:
        now_ms = firm.clock()
        viewer = Viewer(me=me_of(db, user_id), lang="en", tz=firm.timezone, now_ms=now_ms)
        return pages.render(db, page, path, params, query, viewer)


def _nothing_new(figures: Figures, firm: Firm, user_id: str) -> None:
    with firm.look() as db:
        seq = current_seq(db)
    mark = stamp(firm.epoch, user_id)
    read = lambda: firm.read(user_id)  # noqa: E731
    figures.tell(
        "a pull with nothing new, p95", p95(times_ms(lambda: list(pull(read, Cursor(seq, seq), mark)), 200)), "ms"
    )
    taken = times_ms(lambda: list(pull(read, Cursor(seq - 1, seq), mark)), 50)
    figures.tell("a pull with one change, p95", p95(taken), "ms")
