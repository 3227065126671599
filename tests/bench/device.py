"""The app on a device: first visit, first sync, pages, edits, with 5,000 accounts and 50,000 activities.

A page asks the worker by fetch, so a figure holds the whole way: to the worker, its queries, its template
and back.  Chromium's own start and painting are not in it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from deployment.browser import find
from tests.conftest import QUIET

from .figures import Figures, median, p95
from .grown_firm import grown_firm

ACCOUNTS, ACTIVITIES = 5_000, 50_000

# Asks for a page as a navigation's document would be; ms a run.
GET = """async ([path, runs]) => {
  const taken = [];
  for (let run = 0; run < runs; run++) {
    const begun = performance.now();
    const answer = await fetch(path, { headers: { accept: "text/html" } });
    await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    taken.push(performance.now() - begun);
  }
  return taken;
}"""

EDIT = """async ([path, runs]) => {
  const form = document.querySelector("main form[method=post]:has([name='a.name'])");
  const fields = new URLSearchParams(new FormData(form));
  const taken = [];
  for (let run = 0; run < runs; run++) {
    fields.set("a.industry", `Industry ${run}`);
    const begun = performance.now();
    const answer = await fetch(path, { method: "POST", body: new URLSearchParams(fields), redirect: "manual" });
    taken.push(performance.now() - begun);
    if (answer.status && answer.status >= 400) throw new Error(`edit: ${answer.status}`);
    await new Promise((go) => setTimeout(go, 150)); // a person's pause: the edit before is being sent meanwhile
  }
  return taken;
}"""


def run(playwright) -> None:
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        grown_firm(Path(folder) / "firm", ACCOUNTS, ACTIVITIES) as (url, cookie),
    ):
        _first_visit(playwright, Path(folder) / "visitor", url, cookie)
        _device(playwright, Path(folder) / "phone", url, cookie)


def open_profile(playwright, profile: Path, cookie: dict):
    # A profile on the disk: a private window would keep its databases in memory.
    context = playwright.chromium.launch_persistent_context(
        str(profile), executable_path=find(), args=QUIET, viewport={"width": 390, "height": 844}
    )
    context.add_cookies([cookie])
    return context


def _first_visit(playwright, profile: Path, url: str, cookie: dict) -> None:
    """Every byte that a first visit downloads, rows not counted: page, scripts, worker, SQLite, files."""
    context = open_profile(playwright, profile, cookie)
    sizes: dict[str, int] = {}

    def note(response) -> None:
        if "/sync" not in response.url and "/live" not in response.url and response.status == 200:
            sizes[response.url] = (
                (response.headers.get("content-length") and int(response.headers["content-length"])) or 0
            )

    context.on("response", note)
    page = context.new_page()
    page.goto(f"{url}/customers")
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    page.wait_for_timeout(3_000)
    figures = Figures("First visit")
    scripts = {address: size for address, size in sizes.items() if "/static/" in address and address.endswith(".js")}
    figures.at_most("everything downloaded, compressed", sum(sizes.values()) / 1000, 650, "KB")
    figures.at_most("scripts of pages, compressed", sum(scripts.values()) / 1000, 60, "KB")
    figures.tell("requests", len(sizes), "")
    context.close()


def _device(playwright, profile: Path, url: str, cookie: dict) -> None:
    figures = Figures(f"A device with {ACCOUNTS:,} accounts and {ACTIVITIES:,} activities")
    context = open_profile(playwright, profile, cookie)
    page = context.new_page()
    page.goto(f"{url}/customers")
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    page.evaluate("async () => { await navigator.serviceWorker.ready; }")
    figures.at_most("first sync", first_sync_ms(page, url), 4_000, "ms")

    account = page.locator("a[href^='/customers/']:not([href$='new'])").first.get_attribute("href").split("?")[0]
    paths = ["/", "/customers", account, "/schedule", "/tasks", "/activities/new", "/outbox", "/me"]
    worst = 0.0
    for path in paths:
        taken = page.evaluate(GET, [path, 40])[5:]
        worst = max(worst, p95(taken))
        figures.tell(
            f"  {path.replace(account, '/customers/{id}')}: median {median(taken):.1f} ms, p95", p95(taken), "ms"
        )
    figures.at_most("a page from the worker, warm, the slowest page's p95", worst, 20, "ms")
    for query in ("wf", "138", "no such customer"):
        taken = page.evaluate(GET, [f"/customers?q={query}", 40])[5:]
        figures.at_most(f"search over all customers, '{query}', p95", p95(taken), 20, "ms")
    taken = page.evaluate(GET, ["/search?q=wf", 40])[5:]
    figures.at_most("search over everything, 'wf', p95", p95(taken), 20, "ms")

    page.goto(f"{url}{account}/edit")
    taken = page.evaluate(EDIT, [f"{account}/edit", 60])[5:]
    figures.at_most("an edit, durable and answered, p95", p95(taken), 15, "ms")
    figures.at_most("first page from a stopped worker, median", median(_cold_ms(context, page)), 200, "ms")
    context.close()


def first_sync_ms(page, url: str) -> float:
    """From the start of this page to the first one that comes from the replica, as a person waits for it."""
    begun = page.evaluate("performance.timeOrigin")
    for _ in range(600):
        now = page.evaluate(
            "async () => [(await (await fetch('/customers')).text()).includes('data-host=\"device\"'), Date.now()]"
        )
        if now[0]:
            page.goto(f"{url}/customers")
            return now[1] - begun
        page.wait_for_timeout(200)
    raise RuntimeError("the first sync did not end")


def _cold_ms(context, page) -> list[float]:
    session = context.new_cdp_session(page)
    session.send("ServiceWorker.enable")
    taken = []
    for _ in range(9):
        session.send("ServiceWorker.stopAllWorkers")
        page.wait_for_timeout(300)
        taken += page.evaluate(GET, ["/customers", 1])
    return taken
