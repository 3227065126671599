"""Counts of hours and days: written in batches, kept for a while; and the administrator's page that shows them."""

from __future__ import annotations

import asyncio
import re

import pytest

from server.backup import state
from server.watching import counts, words
from server.watching.counts import DAY_MS, HOUR_MS, Counts, note
from server.watching.part import FAILED, OK, Part
from tests.unit import shell
from tests.unit.visible import english_words
from web import dates
from web.text import Text

BERLIN = "Europe/Berlin"


def every_part() -> list[Part]:
    """All that can be found, as the code names it."""
    at, since = {"at_ms": shell.START_MS - HOUR_MS, "seconds": 1}, {"since_ms": shell.START_MS - HOUR_MS}
    clock = {"now_ms": shell.START_MS, "newest_ms": shell.START_MS}
    found = {
        "writer": {"works": {}, "stopped": {}, "stuck": {"seconds": 20}},
        "database": {"works": {}, "cannot_write": {}, "unreadable": {}, "frozen": {}},
        "disk": {"room": {"free_bytes": 10**10}, "little_room": {"free_bytes": 10**8}, "cannot_write": {}},
        "clock": {"right": clock, "behind": clock},
        "replica": {"none": {}, "unknown": {}, "current": since, "behind": since, "unreachable": since},
        "copy": {"none_yet": since, "good": at, "too_old": at, "failed": at},
        "drill": {"none_yet": since, "good": at, "too_old": at, "failed": at},
        "notices": {"sent": since, "late": since},
    }
    fine = ("works", "room", "right", "current", "good", "sent")
    return [
        Part(key, OK if code in fine else FAILED, code, values)
        for key, codes in found.items()
        for code, values in codes.items()
    ]


NEXT = {"accept": "text/html", "sec-fetch-mode": "navigate", "accept-language": "en"}


@pytest.fixture
def firm(tmp_path):
    firm = shell.open_firm(tmp_path / "firm")
    yield firm
    firm.close()


def rows(firm, span: str) -> dict[str, int]:
    with firm.look() as db:
        return {
            f"{row['name']}": row["value"]
            for row in db.execute("SELECT name, value FROM watched WHERE span = ? ORDER BY began_ms", (span,))
        }


def test_what_was_counted_is_written_once_for_its_hour_and_its_day(firm):
    kept = Counts(firm)
    firm.measures.totals.update({"syncs": 3, "operations": 2})
    asyncio.run(kept.write())
    firm.measures.totals.update({"syncs": 4})
    asyncio.run(kept.write())
    asyncio.run(kept.write())

    assert rows(firm, "hour") == {"operations": 2, "syncs": 7}
    assert rows(firm, "day") == {"operations": 2, "syncs": 7}


def test_of_what_is_no_count_the_greatest_is_kept(firm):
    now = firm.clock()
    for value in (5, 9, 7):
        firm.write_now(lambda db, value=value: note(db, BERLIN, now, {}, {"wal_bytes": value}))

    assert rows(firm, "day") == {"wal_bytes": 9}


def test_nothing_is_written_for_a_request(firm):
    kept = Counts(firm)
    firm.measures.totals.update({"syncs": 1})
    firm.clock.now_ms += counts.WRITE_MS - 1
    asyncio.run(kept.write_if_due())
    assert rows(firm, "hour") == {}

    firm.clock.now_ms += 1
    asyncio.run(kept.write_if_due())
    assert rows(firm, "hour") == {"syncs": 1}


def test_an_idle_firm_writes_once_an_hour(firm):
    kept = Counts(firm)
    written = []
    for _ in range(120):
        firm.clock.now_ms += 60_000
        kept.sample()
        before = firm.writer.taken
        asyncio.run(kept.write_if_due())
        written.append(firm.writer.taken - before)

    assert sum(written) == 2


def test_counts_that_were_not_written_yet_are_written_when_the_server_stops(firm):
    async def life():
        keeping = asyncio.create_task(counts.keep_counting(firm))
        await asyncio.sleep(0)
        firm.measures.totals.update({"syncs": 5})
        keeping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await keeping

    asyncio.run(life())

    assert rows(firm, "day") == {"syncs": 5}


def test_what_could_not_be_written_is_written_later(firm):
    kept = Counts(firm)
    firm.measures.totals.update({"syncs": 2})
    firm.write_now(lambda db: db.execute("ALTER TABLE watched RENAME TO away"))
    with pytest.raises(Exception, match="watched"):
        asyncio.run(kept.write())
    firm.write_now(lambda db: db.execute("ALTER TABLE away RENAME TO watched"))
    asyncio.run(kept.write())

    assert rows(firm, "day") == {"syncs": 2}


def test_hours_are_kept_for_two_weeks_and_days_for_400(firm):
    now = firm.clock()
    for days in (0, 14, 16, 399, 401):
        firm.write_now(lambda db, days=days: note(db, BERLIN, now - days * DAY_MS, {"syncs": 1}, {}))
    firm.write_now(lambda db: note(db, BERLIN, now, {"syncs": 1}, {}))

    with firm.look() as db:
        kept = dict(db.execute("SELECT span, count(*) FROM watched GROUP BY span").fetchall())
    assert kept == {"hour": 2, "day": 4}


def test_a_day_is_the_firms_own(firm):
    """23:30 in Berlin is the day that ends there, whatever the day is in Greenwich."""
    midnight = dates.day_start_ms("2026-11-24", BERLIN)
    for ms in (midnight - HOUR_MS // 2, midnight + HOUR_MS // 2):
        firm.write_now(lambda db, ms=ms: note(db, BERLIN, ms, {"syncs": 1}, {}))

    with firm.look() as db:
        days = counts.days(db, BERLIN, midnight + HOUR_MS, 3)
    assert [one.values.get("syncs") for one in days] == [None, 1, 1]


def test_weeks_add_up_counts_and_keep_the_greatest_of_the_rest(firm):
    now = firm.clock()
    for days, size in ((0, 7), (3, 9), (8, 5)):
        ms = now - days * DAY_MS
        firm.write_now(lambda db, ms=ms, size=size: note(db, BERLIN, ms, {"syncs": 2}, {"database_bytes": size}))

    with firm.look() as db:
        *_, before, last = counts.weeks(db, BERLIN, now)
    assert last.values == {"syncs": 4, "database_bytes": 9}
    assert before.values == {"syncs": 2, "database_bytes": 5}


def test_hours_end_with_this_one(firm):
    firm.write_now(lambda db: note(db, BERLIN, firm.clock() - HOUR_MS, {"syncs": 8}, {}))

    with firm.look() as db:
        hours = counts.hours(db, firm.clock())
    assert len(hours) == 48
    assert [one.values for one in hours[-2:]] == [{"syncs": 8}, {}]


# --- the page -----------------------------------------------------------------------------------------


def page(firm, query: str = "", login: str = "anna") -> str:
    answer = shell.signed_in_client(firm, login).get(f"/admin/status{query}", headers=NEXT)
    assert answer.status_code == 200, answer.status_code
    return answer.text


def test_the_page_is_for_administrators(firm):
    shell.add_person(firm, "Ben Otto", login="ben")

    assert shell.signed_in_client(firm, "ben").get("/admin/status", headers=NEXT).status_code == 403
    assert shell.client(firm).get("/admin/status", headers=NEXT).status_code == 303


def test_the_page_says_first_what_is_wrong_and_what_to_do(firm):
    state.write(firm.path, state.COPY, firm.clock() - HOUR_MS, False, "no room in <mnt>", "make some there", 1)
    text = page(firm)

    assert text.index("Something does not work.") < text.index("Daily copy") < text.index("Replica off this machine")
    assert text.index("Replica off this machine") < text.index("parts are fine")
    assert "The last one failed: 1 h ago." in text and '<code translate="no">roadbook backup</code>' in text
    assert "no room in &lt;mnt&gt;" in text


def test_a_server_in_which_all_is_well_says_so(firm):
    state.write(firm.path, state.COPY, firm.clock(), True, "", "", 1)
    text = page(firm)

    # There is no replica, which is worth a word.
    assert "It works, and something needs looking after." in text


def test_a_plot_and_its_table_say_the_same(firm):
    for days, syncs in ((0, 40), (1, 10)):
        at = firm.clock() - days * DAY_MS
        firm.write_now(lambda db, at=at, syncs=syncs: note(db, firm.timezone, at, {"syncs": syncs}, {}))
    text = page(firm)
    card = re.search(r'aria-labelledby="plot-syncs".*?</section>', text, re.S)[0]

    heights = [float(tall) for tall in re.findall(r'<rect class="plot__first"[^>]* height="([\d.]+)"', card)]
    assert heights == [25, 100]
    assert re.findall(r'<th scope="row">(\w+)</th><td class="num">(\d+)</td>', card) == [
        ("Today", "40"),
        ("Yesterday", "10"),
    ]


@pytest.mark.parametrize("span", ["hours", "days", "weeks", "nonsense"])
def test_every_span_is_shown(firm, span):
    firm.write_now(lambda db: note(db, firm.timezone, firm.clock(), {"syncs": 3}, {"notices_wait_ms": 90_000}))

    text = page(firm, f"?span={span}")
    assert 'aria-current="true"' in text
    assert "2 min" in text and "style=" not in text


def test_devices_are_counted_by_when_they_were_last_seen(firm):
    began = firm.clock()
    for days in (40, 10, 3, 0):
        firm.clock.now_ms = began - days * DAY_MS
        shell.signed_in_client(firm)
    text = page(firm)

    counted = re.findall(r'<li class="share"><span>([^<]*)</span><span>(\d+)</span>', text)
    # And the device that asks.
    assert counted == [("Within a day", "2"), ("Within 7 days", "1"), ("Within 30 days", "1"), ("Longer ago", "1")]


def test_the_page_is_there_while_the_database_cannot_be_written(firm):
    firm.write_now(lambda db: None)
    firm._writing.execute("PRAGMA query_only = 1")
    try:
        text = page_of_known(firm)
    finally:
        firm._writing.execute("PRAGMA query_only = 0")

    assert "It cannot be written." in text and "stays on their phones" in text


def page_of_known(firm) -> str:
    """By a device that was signed in before."""
    firm._writing.execute("PRAGMA query_only = 0")
    browser = shell.signed_in_client(firm)
    firm._writing.execute("PRAGMA query_only = 1")
    return browser.get("/admin/status", headers=NEXT).text


@pytest.mark.parametrize("language", ["zh-CN", "zh-TW"])
@pytest.mark.parametrize("part", every_part(), ids=lambda part: f"{part.key}-{part.code}-{part.state}")
def test_every_finding_has_words_in_chinese(part, language):
    said = words.say(Text({"zh-CN": "zh-Hans", "zh-TW": "zh-Hant"}[language], BERLIN, shell.START_MS), part)

    assert english_words(f"{said.name} {said.words} {said.way_out}") == []
    assert part.state == "ok" or said.way_out or part.code == "unknown"
