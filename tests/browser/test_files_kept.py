"""A photo's bytes stay on the phone that brought them until the server has them away from its own disk."""

from __future__ import annotations

import shutil

from server.attachments.collection import keep_up
from server.backup.files import FilesAway, FilesHere
from server.backup.replica import read_place
from tests import files
from tests.browser.test_attachments import choose, files_here, office, save  # noqa: F401
from tests.unit.attaching import hash_of

SYNC = "navigator.serviceWorker.controller.postMessage({type: 'sync', wish: 'online'})"

# What a device lets go of: files that were sent, of which some are known to be safe. `all` stands for its rows, which
# name every one of them.
TIDY = """(async (given) => {
  const { Attachments } = await import("/service_worker/attachments.js");
  const held = new Attachments();
  await held.store.load();
  const named = given.map(({ hash }) => ({ hash }));
  const replica = { all: (sql) => (sql.includes("DISTINCT") ? named : []), meta: () => "" };
  for (const { days, ...about } of given) {
    const at = Date.now() - days * 86400000;
    const more = { media_type: "image/png", name: "", at_ms: at, used_at_ms: at, sent_at_ms: at, epoch: "" };
    await held.store.put({ ...more, ...about }, new ArrayBuffer(1));
  }
  await held.tidy(replica, []);
  const left = [...held.store.known.keys()].sort();
  await held.store.remove(left);
  return left;
})(arg)"""


def about(hash: str, bytes: int, days: int = 1, is_own: bool = True, is_safe: bool = False) -> dict:
    return {"hash": hash, "bytes": bytes, "days": days, "is_own": is_own, "is_safe": is_safe}


def test_files_that_are_not_safe_are_kept_beyond_what_a_phone_has_room_for_otherwise(js):
    given = [about(name, 50_000_000) for name in "bc"]
    given += [about("a", 50_000_000, is_safe=True), about("d", 50_000_000, days=2, is_own=False)]

    left = js(TIDY, given)

    # Of what is safe or was only looked at, as much stays as there is room for.
    assert left == ["a", "b", "c"]


def test_files_are_kept_for_no_more_than_a_month_and_no_more_than_200_mb(js):
    month = [about("a", 70_000_000, 31), about("b", 70_000_000, 29)]
    much = [about(f"n{days}", 45_000_000, days) for days in range(1, 8)]

    assert js(TIDY, month) == ["b"]
    # 200 MB for the server, 60 MB as for all others.
    assert js(TIDY, much) == ["n1", "n2", "n3", "n4", "n5"]


def asked_what_is_safe(office) -> int:
    return office.line.asked.count(("POST", "/uploads/safe"))


def is_safe_on(phone) -> list[bool]:
    return phone.page.evaluate("""async () => {
      const open = indexedDB.open("roadbook-files");
      const database = await new Promise((resolve) => (open.onsuccess = () => resolve(open.result)));
      const asked = database.transaction("about").objectStore("about").getAll();
      const all = await new Promise((resolve) => (asked.onsuccess = () => resolve(asked.result)));
      database.close();
      return all.map(({ is_safe }) => Boolean(is_safe));
    }""")


def sync_until(phone, condition, what: str) -> None:
    for _ in range(200):
        phone.page.evaluate(SYNC)
        phone.page.wait_for_timeout(150)
        if condition():
            return
    raise AssertionError(f"never: {what}")


def test_server_that_lost_its_folder_is_given_the_photo_again_by_the_phone_that_brought_it(office, tmp_path):
    office.firm.files = FilesAway(office.firm, read_place(f"file://{tmp_path}/away"))  # and nothing arrives there
    rita, content = office.phone("rita"), files.png(40, 30)
    choose(rita, content, original=True)
    save(rita)
    office.wait_for_stored(rita, 1)
    sync_until(rita, lambda: asked_what_is_safe(office), "the server is asked what is safe")
    assert is_safe_on(rita) == [False]

    shutil.rmtree(office.firm.path / "attachments")
    office.firm.files = FilesHere()  # the place that it would be fetched back from is gone, too
    office.firm.begin_new_life()
    keep_up(office.firm)
    assert [row["stored_at_ms"] for row in office.rows()] == [None]

    def is_back() -> bool:
        return office.rows()[0]["stored_at_ms"] is not None

    sync_until(rita, is_back, "the bytes are back")
    assert office.people.get("rita", content).content == content
    assert files_here(rita) == [hash_of(content)]


def test_phone_learns_that_its_photo_is_safe(office):
    rita = office.phone("rita")
    choose(rita, files.png(40, 30), original=True)
    save(rita)
    office.wait_for_stored(rita, 1)

    sync_until(rita, lambda: is_safe_on(rita) == [True], "it is safe")
