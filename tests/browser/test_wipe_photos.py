"""A device of a trusted owner is emptied: no photo goes with it that is not away from the server's disk, too."""

from __future__ import annotations

import asyncio

from server.backup.files import FilesAway
from server.backup.replica import read_place
from server.devices import known, wipe
from tests import files
from tests.browser.test_attachments import choose, files_here, office, save  # noqa: F401
from tests.browser.test_files_kept import asked_what_is_safe, sync_until
from tests.own_loop import run
from tests.unit.attaching import hash_of


def order(office) -> None:
    """As an administrator does it on another machine."""
    firm = office.firm
    firm.write_now(lambda conn: wipe.order(conn, "browser-rita", True, "boss", firm.clock()))


def state(office) -> str:
    with office.firm.look() as conn:
        return known.device(conn, office.firm.clock(), "browser-rita")["state"]


def is_here(office, content: bytes) -> bool:
    hash = hash_of(content)
    return (office.firm.path / "attachments" / hash[:2] / hash).exists()


def test_a_photo_that_was_not_sent_is_brought_first(office):
    rita, content = office.phone("rita"), files.png(40, 30)
    office.line.refuses = {hash_of(content)}
    choose(rita, content, original=True)
    save(rita)
    order(office)

    sync_until(rita, lambda: state(office) == "emptying", "the device has heard of it")
    rita.page.wait_for_timeout(500)
    assert files_here(rita) == [hash_of(content)]
    office.line.refuses = set()

    sync_until(rita, lambda: state(office) == "emptied", "it is empty")
    assert is_here(office, content)
    assert [row["stored_at_ms"] is None for row in office.rows()] == [False]


def test_a_photo_that_was_sent_stays_until_it_is_away_from_the_servers_disk(office, tmp_path):
    # Nothing arrives there yet.
    away = office.firm.files = FilesAway(office.firm, read_place(f"file://{tmp_path}/away"))
    rita, content = office.phone("rita"), files.png(40, 30)
    choose(rita, content, original=True)
    save(rita)
    office.wait_for_stored(rita, 1)
    order(office)
    asked = asked_what_is_safe(office)

    sync_until(rita, lambda: asked_what_is_safe(office) > asked, "the server is asked what is safe")
    rita.page.wait_for_timeout(500)
    assert state(office) == "emptying" and files_here(rita) == [hash_of(content)]
    run(bring(away, hash_of(content)))

    rita.page.wait_for_url("**/wiped")
    assert rita.page.evaluate("indexedDB.databases()") == []


async def bring(away: FilesAway, hash: str) -> None:
    going = asyncio.create_task(away.run())
    await asyncio.sleep(0)
    assert await away.settle([hash], 10)
    going.cancel()
