"""Photos on real phones: chosen without a signal, sent in pieces over a bad line, seen by whoever decides."""

from __future__ import annotations

import re
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from server.app import create_app
from tests import files
from tests.browser.line import Line
from tests.browser.phone import PHONE, Phone, whole_app
from tests.browser.served import Faults, serve
from tests.unit.approving import MANAGER
from tests.unit.attaching import Attaching, hash_of
from tests.unit.shell import settings

NEW = "/approvals/new?definition=trip"


class BadUploads:
    """In front of an app: lets so much of each PATCH through as `cuts` says, then breaks the line."""

    def __init__(self, app) -> None:
        self.app = app
        self.cuts: list[int] = []
        self.refuses: set[str] = set()  # hashes for which the server fails
        self.asked: list[tuple[str, str]] = []
        self._addresses: set[str] = set()

    async def __call__(self, scope, receive, send) -> None:
        path = scope.get("path", "")
        if not path.startswith("/uploads"):
            return await self.app(scope, receive, send)
        self.asked.append((scope["method"], path))
        if scope["method"] == "POST" and self._is_refused(scope):
            await send({"type": "http.response.start", "status": 500, "headers": []})
            return await send({"type": "http.response.body", "body": b""})
        if scope["method"] != "PATCH" or not self.cuts:
            return await self.app(scope, receive, send)
        left = self.cuts.pop(0)

        async def cut() -> dict:
            nonlocal left
            message = await receive()
            body = message.get("body", b"")
            if left <= 0 or len(body) > left:
                message = {"type": "http.request", "body": body[: max(0, left)], "more_body": True}
                if left <= 0:
                    return {"type": "http.disconnect"}
            left -= len(body)
            return message

        async def nowhere(message) -> None:
            pass

        await self.app(scope, cut, nowhere)
        raise ConnectionAbortedError("cut by the test")

    def _is_refused(self, scope) -> bool:
        from base64 import b64encode

        named = dict(scope["headers"]).get(b"upload-metadata", b"").decode()
        return any(b64encode(hash.encode()).decode() in named for hash in self.refuses)


class Office:
    def __init__(self, firm, line, faults, url, browser) -> None:
        self.firm, self.line, self.faults, self.url, self.browser = firm, line, faults, url, browser
        self.people = Attaching(firm)
        self.people.define("trip", MANAGER, asks=["receipts"])
        self.contexts = []

    def phone(self, user_id: str, line: Line | None = None) -> Phone:
        context = self.browser.new_context(**PHONE, has_touch=True)
        self.contexts.append(context)
        phone = Phone(self.firm, self.faults, self.url, context, line)
        phone.sign_in(user_id, "/approvals")
        return phone

    def rows(self) -> list[dict]:
        with self.firm.look() as db:
            return [dict(row) for row in db.execute("SELECT * FROM attachment WHERE deleted = 0 ORDER BY rowid")]

    def wait_for_stored(self, phone: Phone, n: int) -> None:
        for _ in range(600):
            if sum(row["stored_at_ms"] is not None for row in self.rows()) == n:
                return
            phone.page.wait_for_timeout(50)
        raise AssertionError(self.rows())


@pytest.fixture
def office(firm, chromium):
    @contextmanager
    def opened():
        faults = Faults(None)
        line = BadUploads(faults)
        with serve(line) as url:
            faults.app = create_app(firm, settings(firm.path, url), **whole_app())
            office = Office(firm, line, faults, url, chromium)
            yield office
            for context in office.contexts:
                context.close()

    with opened() as office:
        yield office


def choose(phone: Phone, *contents: bytes, title: str = "Train", original: bool = False) -> None:
    """Fill the form of a request in, with these files, and keep it as a draft."""
    phone.open(NEW)
    if original:  # what a browser without our page scripts would send
        phone.page.evaluate("document.querySelector('[data-photos]').removeAttribute('data-photos')")
    phone.page.fill("[name$='.title']", title)
    # From the disk: bytes that are handed to the browser by themselves take seconds for each megabyte.
    folder = Path(tempfile.mkdtemp(dir=phone.firm.path.parent))
    given = [folder / f"photo-{n}.png" for n in range(1, len(contents) + 1)]
    for file, content in zip(given, contents, strict=True):
        file.write_bytes(content)
    phone.page.set_input_files("input[type=file]", given)


def save(phone: Phone) -> None:
    phone.page.wait_for_timeout(100)
    phone.page.locator("main form[enctype] button[type=submit]").last.click()
    phone.page.wait_for_url(re.compile("/approvals/[0-9a-f-]{36}"))


def sizes_of_pictures(phone: Phone) -> list[int]:
    """How wide the pictures of this page really are; 0 for one that cannot be shown."""
    phone.wait_for("[...document.querySelectorAll('main .receipt img')].every((img) => img.complete)")
    return phone.page.evaluate("[...document.querySelectorAll('main .receipt img')].map((img) => img.naturalWidth)")


def files_here(phone: Phone) -> list[str]:
    return phone.page.evaluate("""async () => {
      if (!(await indexedDB.databases()).some(({ name }) => name === "roadbook-files")) return [];
      const open = indexedDB.open("roadbook-files");
      const database = await new Promise((resolve) => (open.onsuccess = () => resolve(open.result)));
      const asked = database.transaction("bytes").objectStore("bytes").getAllKeys();
      const keys = await new Promise((resolve) => (asked.onsuccess = () => resolve(asked.result)));
      database.close();
      return keys;
    }""")


def test_a_photo_chosen_without_signal_is_here_at_once_and_at_whoever_decides_later(office):
    rita, mona = office.phone("rita"), office.phone("mona")
    rita.go_offline()
    content = files.png(40, 30)
    choose(rita, content)
    save(rita)
    assert sizes_of_pictures(rita) == [40]
    rita.wait_for_chip("saved")
    address = rita.page.url.removeprefix(office.url).partition("?")[0]

    rita.go_online()

    office.wait_for_stored(rita, 1)
    office.people.device("rita").sync()
    [row] = office.rows()
    if office.people.device("rita").rows["approval"][row["approval_id"]]["state"] == "draft":
        office.people.does("rita", "submit", row["approval_id"])
    for _ in range(100):
        mona.open(address)
        if mona.page.locator("main .receipt img").count():
            break
        mona.page.wait_for_timeout(100)
    assert sizes_of_pictures(mona) == [40]


def test_an_upload_that_breaks_at_random_bytes_goes_on_where_it_stopped(office):
    rita = office.phone("rita")
    content = files.noise_png(700_000)
    office.line.cuts = [1, 70_003, 17]
    choose(rita, content, original=True)
    save(rita)

    for _ in range(200):
        if office.rows() and office.rows()[0]["stored_at_ms"]:
            break
        rita.page.evaluate("navigator.serviceWorker.controller.postMessage({type: 'sync', wish: 'online'})")
        rita.page.wait_for_timeout(100)

    assert office.rows()[0]["stored_at_ms"]
    assert office.rows()[0]["hash"] == hash_of(content)
    assert office.people.get("rita", content).content == content
    assert office.line.cuts == []


def test_a_worker_that_is_killed_sends_what_it_has_kept(office):
    rita = office.phone("rita", Line(office.url))  # emulated, the signal may not come back to a worker that starts
    rita.go_offline()
    choose(rita, files.png(40, 30))
    save(rita)
    rita.stop_worker()

    rita.go_online()
    rita.open("/approvals")

    office.wait_for_stored(rita, 1)


def test_one_file_that_fails_holds_up_neither_the_others_nor_what_was_typed(office):
    rita = office.phone("rita")
    bad, good = files.png(40, 30), files.png(20, 10)
    office.line.refuses = {hash_of(bad)}
    choose(rita, bad, good, original=True)
    save(rita)

    office.wait_for_stored(rita, 1)

    stored = [row["hash"] for row in office.rows() if row["stored_at_ms"]]
    assert stored == [hash_of(good)]
    rita.page.locator("#sync-status", has_text="1 photo to send").wait_for()
    rita.open("/outbox")
    assert "1 photo to send" in rita.page.locator("main").inner_text()
    office.line.refuses = set()
    rita.page.evaluate("navigator.serviceWorker.controller.postMessage({type: 'sync', wish: 'online'})")
    office.wait_for_stored(rita, 2)


def test_what_is_no_photo_is_refused_beside_its_input_and_what_was_typed_stays(office):
    rita, fine = office.phone("rita"), []
    for content, words in (
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "This kind of file is not accepted"),
        (b"<!doctype html><script>alert(1)</script>", "This kind of file is not accepted"),
        (files.jpeg(after=b"<script >alert(1)</script>"), "This kind of file is not accepted"),
        (b"\x89PNG\r\n\x1a\n" + bytes(20_000_001), "larger than 20 MB"),
    ):
        fine.append(files.png(40 + len(fine), 30))
        choose(rita, fine[-1], content, title="Train to Suzhou", original=True)
        rita.page.locator("main form[enctype] button[type=submit]").last.click()
        rita.page.locator(".field__error").first.wait_for()

        assert words in rita.page.locator(".photos .field__error").inner_text()
        assert rita.page.input_value("[name$='.title']") == "Train to Suzhou"
        assert "photo-1.png is kept" in rita.page.locator(".photos").inner_text()

        # The photo that was fine is saved with the form that follows, and need not be chosen again.
        save(rita)
        office.wait_for_stored(rita, len(fine))
        assert [row["hash"] for row in office.rows()] == [hash_of(each) for each in fine]


def test_photos_are_made_smaller_and_lose_the_cameras_notes(office):
    rita = office.phone("rita")
    rita.open(NEW)
    # A photo of a camera, with the place in its notes.
    photo = bytes(
        rita.page.evaluate("""async () => {
          const canvas = new OffscreenCanvas(2400, 1800);
          const context = canvas.getContext("2d");
          for (let x = 0; x < 2400; x += 8) {
            context.fillStyle = `hsl(${x % 360} 80% 50%)`;
            context.fillRect(x, x % 900, 300, 900);
          }
          const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.98 });
          return [...new Uint8Array(await blob.arrayBuffer())];
        }""")
    )
    notes = b"\xff\xe1" + (24).to_bytes(2, "big") + b"Exif\0\0GPS here: Suzhou"[:22].ljust(22, b"!")
    photo = photo[:2] + notes + photo[2:]
    rita.page.fill("[name$='.title']", "Train")
    rita.page.set_input_files("input[type=file]", [{"name": "DCIM 1.jpeg", "mimeType": "image/jpeg", "buffer": photo}])
    rita.page.locator(".photos__strip img").wait_for()
    said = rita.page.locator(".photos__strip small").inner_text()
    assert re.fullmatch(r"DCIM 1\.jpg: \d+ KB, was \d+ [KM]B|.*MB", said)
    save(rita)

    office.wait_for_stored(rita, 1)
    [row] = office.rows()
    kept = (office.firm.path / "attachments" / row["hash"][:2] / row["hash"]).read_bytes()
    assert (row["media_type"], row["name"]) == ("image/jpeg", "DCIM 1.jpg")
    assert len(kept) < len(photo)
    assert b"GPS here" not in kept
    assert sizes_of_pictures(rita) == [1600]


def test_whoever_loses_sight_of_a_request_loses_its_photos(office):
    content = files.png(40, 30)
    approval = office.people.draft("rita", "trip")
    office.people.row("rita", content, approval=approval)
    office.people.upload("rita", content)
    office.people.does("rita", "submit", approval)
    rita = office.phone("rita")
    rita.open(f"/approvals/{approval}")
    assert sizes_of_pictures(rita) == [40]
    assert files_here(rita) == [hash_of(content)]

    office.people.does("rita", "recall", approval)
    phone = office.people.device("rita")
    phone.sync()
    [row] = phone.rows["attachment"]
    phone.delete("attachment", row)
    phone.sync()

    for _ in range(100):
        rita.page.evaluate("navigator.serviceWorker.controller.postMessage({type: 'sync', wish: 'foreground'})")
        rita.page.wait_for_timeout(100)
        if not files_here(rita):
            break
    assert files_here(rita) == []
    assert rita.page.evaluate(f"fetch('/attachments/{hash_of(content)}').then((answer) => answer.status)") == 404


def test_receipts_of_what_waits_for_me_are_here_before_i_look(office):
    content = files.png(40, 30)
    approval = office.people.draft("rita", "trip")
    office.people.row("rita", content, approval=approval)
    office.people.upload("rita", content)
    office.people.does("rita", "submit", approval)
    mona = office.phone("mona")
    for _ in range(100):
        if files_here(mona):
            break
        mona.page.wait_for_timeout(100)

    mona.go_offline()
    mona.open(f"/approvals/{approval}")

    assert sizes_of_pictures(mona) == [40]


def test_whoever_stands_in_has_the_receipts_before_they_look_too(office):
    mona = office.people.device("mona")
    mona.add("substitute", substitute_id="kim", from_on="2020-01-01", until_on="2099-12-31")
    mona.sync()
    content = files.png(40, 30)
    approval = office.people.draft("rita", "trip")
    office.people.row("rita", content, approval=approval)
    office.people.upload("rita", content)
    office.people.does("rita", "submit", approval)
    kim = office.phone("kim")
    for _ in range(100):
        if files_here(kim):
            break
        kim.page.wait_for_timeout(100)

    kim.go_offline()
    kim.open(f"/approvals/{approval}")

    assert sizes_of_pictures(kim) == [40]


def test_a_picture_that_only_the_server_has_says_so_without_signal(office):
    content = files.png(40, 30)
    approval = office.people.draft("rita", "trip")
    office.people.row("rita", content, approval=approval)
    office.people.upload("rita", content)
    rita = office.phone("rita")
    rita.go_offline()
    rita.open(f"/approvals/{approval}")

    assert sizes_of_pictures(rita) == [192]
    told = rita.page.evaluate(f"fetch('/attachments/{hash_of(content)}').then((answer) => answer.text())")
    assert "Needs the signal" in told


def test_signing_out_leaves_no_photo_behind(office):
    rita = office.phone("rita")
    choose(rita, files.png(40, 30))
    save(rita)
    office.wait_for_stored(rita, 1)
    assert files_here(rita)

    rita.page.on("dialog", lambda dialog: dialog.accept())
    rita.open("/me")
    rita.page.locator("form[data-sign-out] button").click()
    rita.page.wait_for_url("**/sign-in*")

    assert files_here(rita) == []


def test_a_server_that_lost_its_disk_is_given_the_photo_again(office):
    from server.attachments import collection

    rita = office.phone("rita")
    choose(rita, files.png(40, 30))
    save(rita)
    office.wait_for_stored(rita, 1)
    [row] = office.rows()
    (office.firm.path / "attachments" / row["hash"][:2] / row["hash"]).unlink()
    office.firm.write_now(lambda db: db.execute("UPDATE meta SET value = 'another' WHERE name = 'epoch'").rowcount)
    office.firm.epoch = office.firm.begin_new_life()
    collection.keep_up(office.firm)
    assert office.rows()[0]["stored_at_ms"] is None

    rita.page.evaluate("navigator.serviceWorker.controller.postMessage({type: 'sync', wish: 'foreground'})")

    office.wait_for_stored(rita, 1)
