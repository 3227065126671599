"""Sends what waits, for as long as the server runs: beside the writer, never in its way.

What is to be sent is taken durably first, sent by many at once, and settled a batch at a time.  Nothing here decides
who is told of what; pages never wait for it.
"""

from __future__ import annotations

import asyncio
import logging
import time

import httpx2

from server.notices import deliveries, mail, push, robots
from server.notices.deliveries import Parcel
from server.notices.outcome import Outcome
from server.notices.reach import PUSH_HOSTS, Reach, web_client
from server.notices.spread import Means, spread
from server.notices.wording import sentence
from server.writer import Frozen
from web.text import Text

POLL_S = 1.0
# What finishes within this time is noted together.
SETTLE_S = 0.1
TIDY_S = 3_600
MOST_AT_ONCE = {"push": 32, "email": 4, "robot": 8}
MOST_TAKEN = 100

log = logging.getLogger(__name__)


class Courier:
    def __init__(self, firm, settings, web: httpx2.AsyncClient | None = None) -> None:
        """web: whatever connects to push services and robots; left out, the internet, with care."""
        self.firm, self.url = firm, settings.url
        self.mail_server = settings.smtp
        self.sender = mail.sender_of(settings.smtp, settings.mail_from, settings.url) if settings.smtp else ""
        self.means = Means(firm.timezone, settings.smtp is not None)
        # A trial on this machine has no address that a push service would take.
        contact = settings.contact or (settings.url if settings.is_https else "mailto:roadbook@localhost")
        self.vapid = push.Vapid(firm.write_now(push.vapid_pem), contact)
        self.push_reach = Reach(PUSH_HOSTS, settings.push_origins)
        self.robot_origins = settings.robot_origins
        self._web = web
        self._under_way: set[asyncio.Task] = set()
        self._ended: list[tuple[Parcel, Outcome]] = []
        self._resting: dict[str, int] = {}
        self._turns = {way: asyncio.Semaphore(most) for way, most in MOST_AT_ONCE.items()}

    @property
    def web(self) -> httpx2.AsyncClient:
        if self._web is None:
            self._web = web_client(self.push_reach.origins | self.robot_origins)
        return self._web

    async def run(self) -> None:
        """Run for as long as the server does."""
        has_resumed, tidied_at = False, 0.0
        try:
            while True:
                try:
                    if not has_resumed:
                        await self.firm.write(deliveries.resume)
                        has_resumed = True
                    await self._round()
                    if time.monotonic() - tidied_at > TIDY_S:
                        tidied_at = time.monotonic()
                        await self.firm.write(lambda db: deliveries.tidy(db, self.firm.clock()))
                except Frozen:  # whoever takes the firm over sends them
                    pass
                except Exception:  # the next round may do better; the server must go on
                    log.exception("notices could not be sent")
                await asyncio.sleep(SETTLE_S if self._under_way else POLL_S)
        finally:
            await self.close()

    async def send_all(self) -> int:
        """Send all that is due now, as `run` does, and come back when it is settled. Returns how much was sent."""
        sent = 0
        while True:
            started = await self._round()
            sent += started
            if not started and not self._under_way and not self._ended:
                return sent
            await asyncio.sleep(0.01)

    async def close(self) -> None:
        """What is under way is sent once more after the next start."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        if self._web is not None:
            await self._web.aclose()

    async def _round(self) -> int:
        """Settle what has ended, take more, begin to send it. Returns how many parcels were begun."""
        if self._ended:
            ended, self._ended = self._ended, []
            await self.firm.write(lambda db: deliveries.settle(db, self.means, ended, self.firm.clock()))
        room = MOST_TAKEN - len(self._under_way)
        now_ms = self.firm.clock()
        with self.firm.look() as db:
            is_due = deliveries.is_due(db, now_ms)
        if not is_due or room <= 0:
            return 0
        parcels = await self.firm.write(lambda db: self._take(db, now_ms, room))
        for parcel in parcels:
            task = asyncio.create_task(self._carry(parcel))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return len(parcels)

    def _take(self, db, now_ms: int, room: int) -> list[Parcel]:
        spread(db, self.means, now_ms)
        self._resting = {target: at for target, at in self._resting.items() if at > now_ms}
        return deliveries.take(db, self.means, now_ms, room, list(self._resting))

    async def _carry(self, parcel: Parcel) -> None:
        if parcel.way == "robot":
            self._resting[parcel.target] = self.firm.clock() + robots.REST_MS
        async with self._turns[parcel.way]:
            try:
                outcome = await self.hand_over(parcel)
            except Exception:
                log.exception("a notice could not be made")
                outcome = Outcome("failed")
        if parcel.way == "robot" and outcome.wait_ms:
            self._resting[parcel.target] = self.firm.clock() + outcome.wait_ms
        self._ended.append((parcel, outcome))

    async def hand_over(self, parcel: Parcel) -> Outcome:
        """Send one parcel, now, whatever its rows say."""
        return await {"push": self._push, "email": self._mail, "robot": self._tell_robot}[parcel.way](parcel)

    async def _push(self, parcel: Parcel) -> Outcome:
        notice, person, now_ms = parcel.notices[0], parcel.people[0], self.firm.clock()
        message = push.payload(
            notice,
            sentence(notice, person, now_ms),
            person,
            self.url,
            badge=parcel.badge,
            is_repeated=notice["tries"] > 0,
            is_short=notice["reason"] == "http_413",
        )
        return await push.send(self.web, self.push_reach, self.vapid, parcel.place, notice, message, now_ms)

    async def _mail(self, parcel: Parcel) -> Outcome:
        notice, person, now_ms = parcel.notices[0], parcel.people[0], self.firm.clock()
        if self.mail_server is None:
            return Outcome("no_mail_server", is_final=True)
        said = sentence(notice, person, now_ms)
        try:
            message = mail.compose(notice, said, person, self.url, self.sender, now_ms)
        except ValueError:
            return Outcome("bad_address", is_final=True)
        return await mail.send(self.mail_server, message)

    async def _tell_robot(self, parcel: Parcel) -> Outcome:
        now_ms = self.firm.clock()
        pairs = zip(parcel.notices, parcel.people, strict=True)
        lines = [self._line(parcel.place, notice, person, now_ms) for notice, person in pairs]
        language = parcel.place.get("language") or parcel.people[0].language
        heading = Text(language, self.means.timezone, now_ms).gettext("Roadbook")
        return await robots.send(self.web, self.robot_origins, parcel.place, heading, lines, now_ms)

    def _line(self, robot: dict, notice: dict, person, now_ms: int) -> robots.Line:
        """In a group it says for whom."""
        language = robot.get("language", "")
        said = sentence(notice, person, now_ms, language)
        if language:
            text = Text(language, person.timezone, now_ms)
            said = text.gettext("For %(name)s: %(text)s", name=person.name, text=said)
        return robots.Line(said, self.url + notice["address"])
