"""Half a year of the sample firm's work: activities, appointments, tasks, stickies, comments, shared customers."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from . import texts
from .customers import Customer
from .diary import Diary
from .people import PEOPLE, SELLERS
from .series import add_series

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
HISTORY_DAYS, AHEAD_DAYS = 182, 21
SERVICE = "user-zhenghui"


@dataclass
class Story:
    """What everything is told with. at(days from today, hour, minute) -> instant in the firm's time zone."""

    diary: Diary
    chance: random.Random
    customers: list[Customer]
    today: date
    now_ms: int
    at: Callable[[int, int, int], int]

    def day(self, offset: int) -> str:
        return (self.today + timedelta(days=offset)).isoformat()

    def is_workday(self, offset: int) -> bool:
        return (self.today + timedelta(days=offset)).weekday() < 5

    def customers_of(self, user_id: str) -> list[Customer]:
        """Each often-seen customer as often as its level is high."""
        weights = {"a": 6, "b": 3, "c": 1}
        return [one for one in self.customers if one.owner == user_id for _ in range(weights.get(one.level, 1))]


def add_work(story: Story) -> None:
    _activities(story)
    _appointments(story)
    add_series(story)
    _clashes_kept(story)
    _tasks(story)
    _stickies(story)
    _shares(story)
    _relations(story)
    _comments(story)
    _saved_views(story)


# --- activities --------------------------------------------------------------------------------------


def _activities(story: Story) -> None:
    number = 0
    for person in SELLERS:
        theirs = story.customers_of(person.id)
        busy = 0.7 if person.role == "manager" else 2.2
        for offset in range(-HISTORY_DAYS, 1):
            if story.is_workday(offset):
                for _ in range(round(story.chance.uniform(0, 2) * busy)):
                    number += 1
                    _activity(story, number, person.id, story.chance.choice(theirs), offset)
    for offset in range(-HISTORY_DAYS, 0, 3):
        number += 1
        _activity(story, number, SERVICE, story.chance.choice(_serviced(story)), offset, "service")


def _activity(story: Story, number: int, author: str, customer: Customer, offset: int, kind: str = "") -> None:
    chance = story.chance
    at_ms = story.at(offset, chance.randrange(9, 18), chance.randrange(0, 60))
    if not customer.since_ms < at_ms < story.now_ms:
        return
    kind = kind or chance.choices(("call", "visit", "message", "meeting", "note"), (38, 27, 20, 9, 6))[0]
    contact_id, contact = chance.choice(customer.contacts)
    checkin = _checkin(story, customer, at_ms) if kind == "visit" and chance.random() < 0.8 else {}
    minutes = {"call": 10, "visit": 60, "meeting": 90, "service": 120}.get(kind)
    story.diary.make(
        "activity", f"activity-{number:05}", at_ms + 20 * MINUTE_MS, author,
        account_id=customer.id, contact_ids=[] if kind == "note" else [contact_id], kind=kind, at_ms=at_ms,
        body=_sentence(chance, customer, kind, contact), minutes=minutes, owner_id=author, **checkin,
    )  # fmt: skip


def _sentence(chance: random.Random, customer: Customer, kind: str, contact: str) -> str:
    sentences = texts.CHINESE_ACTIVITIES if customer.is_chinese else texts.FOREIGN_ACTIVITIES
    products = texts.CHINESE_PRODUCTS if customer.is_chinese else texts.FOREIGN_PRODUCTS
    return chance.choice(sentences[kind]).format(
        who=contact, product=chance.choice(products), n=chance.randrange(2, 13)
    )


def _checkin(story: Story, customer: Customer, at_ms: int) -> dict:
    """Where the phone was when the person arrived: near the customer's door."""
    stray = 900  # about 100 m
    return {
        "checkin_at_ms": at_ms,
        "checkin_lat_e6": customer.lat_e6 + story.chance.randrange(-stray, stray),
        "checkin_lng_e6": customer.lng_e6 + story.chance.randrange(-stray, stray),
        "checkin_accuracy_m": story.chance.randrange(5, 60),
    }


# --- appointments ------------------------------------------------------------------------------------


def _appointments(story: Story) -> None:
    number = 0
    for person in SELLERS:
        theirs = story.customers_of(person.id)
        for offset in range(-28, AHEAD_DAYS + 1):
            hours = [(9, 30), (14, 0)] if offset == 0 else [(10, 0), (15, 30)][: story.chance.choice((0, 0, 1, 1, 2))]
            for hour, minute in hours if story.is_workday(offset) or offset == 0 else ():
                number += 1
                _appointment(story, number, person, story.chance.choice(theirs), story.at(offset, hour, minute))


def _appointment(story: Story, number: int, person, customer: Customer, start_ms: int) -> None:
    chance = story.chance
    titles = texts.CHINESE_EVENTS if customer.is_chinese else texts.FOREIGN_EVENTS
    kind = chance.choices(("visit", "meeting", "call"), (6, 3, 2))[0]
    companions = [f"user-{person.manager}"] if chance.random() < 0.15 else []
    companions += [SERVICE] if kind == "visit" and chance.random() < 0.12 else []
    story.diary.make(
        "event", f"event-{number:04}", start_ms - chance.randrange(2, 9) * DAY_MS, person.id,
        title=chance.choice(titles[kind]).format(name=customer.name), kind=kind, start_ms=start_ms,
        end_ms=start_ms + chance.choice((30, 60, 90)) * MINUTE_MS, place=None if kind == "call" else customer.address,
        account_id=customer.id, contact_ids=[customer.contacts[0][0]], attendee_ids=companions,
        remind_minutes=30, owner_id=person.id,
    )  # fmt: skip


def _clashes_kept(story: Story) -> None:
    """The manager knows that a customer's visit and the Monday meeting overlap, and wants both."""
    events = [entry for entry in story.diary.entries if entry.operation["entity"] == "event"]
    meeting = next(entry for entry in events if entry.operation["row"] == "event-weekly")
    other = next(entry for entry in events if entry.author == "user-wangfang")
    story.diary.make(
        "clash_kept", "clash-kept-1", story.at(-1, 17, 0), "user-wangfang",
        user_id="user-wangfang", event_id=other.operation["row"], other_id=meeting.operation["row"],
        owner_id="user-wangfang",
    )  # fmt: skip


# --- tasks and stickies ------------------------------------------------------------------------------


def _tasks(story: Story) -> None:
    number = 0
    for person in PEOPLE:
        theirs = story.customers_of(person.id)
        for _ in range(12):
            number += 1
            _task(
                story, number, person, story.chance.choice(theirs) if theirs and story.chance.random() < 0.75 else None
            )


def _task(story: Story, number: int, person, customer: Customer | None) -> None:
    chance = story.chance
    made_ms = story.at(-chance.randrange(1, 40), chance.randrange(9, 18), 5)
    if customer:
        made_ms = max(made_ms, customer.since_ms + HOUR_MS)
        titles = texts.CHINESE_TASKS if customer.is_chinese else texts.FOREIGN_TASKS
        title = chance.choice(titles).format(name=customer.name)
    else:
        title = chance.choice(texts.OWN_TASKS)
    is_done = chance.random() < 0.5
    by_manager = person.manager and customer and chance.random() < 0.2
    story.diary.make(
        "task", f"task-{number:04}", made_ms, f"user-{person.manager}" if by_manager else person.id,
        title=title, is_important=int(chance.random() < 0.35), is_urgent=int(chance.random() < 0.3),
        due_on=story.day(chance.randrange(-6, 15)) if chance.random() < 0.85 else None,
        done_at_ms=min(made_ms + chance.randrange(1, 6) * DAY_MS, story.now_ms) if is_done else None,
        account_id=customer.id if customer else None, assignee_id=person.id,
    )  # fmt: skip


def _stickies(story: Story) -> None:
    for number, person in enumerate([*PEOPLE, *SELLERS, *SELLERS], start=1):
        theirs = story.customers_of(person.id)
        customer = story.chance.choice(theirs) if theirs and number % 3 else None
        story.diary.make(
            "sticky", f"sticky-{number:03}", story.at(-story.chance.randrange(1, 18), 12, 0), person.id,
            body=story.chance.choice(texts.STICKIES), colour=story.chance.choice(("yellow", "blue", "green", "red")),
            account_id=customer.id if customer else None, owner_id=person.id,
        )  # fmt: skip


# --- what people share -------------------------------------------------------------------------------


def _serviced(story: Story) -> list[Customer]:
    """The customers that the service engineer looks after: shared with him."""
    return [one for one in story.customers if one.owner and int(one.id[-3:]) % 20 == 3]


def _shares(story: Story) -> None:
    for customer in _serviced(story):
        _share(story, customer, SERVICE, "write", None)
    for customer in [one for one in story.customers if one.owner == "user-lina"][:5]:
        _share(story, customer, "user-tomas", "read", story.day(60))
    for customer in [one for one in story.customers if one.owner == "user-tomas"][:4]:
        _share(story, customer, "user-linyue", "write", None)


def _share(story: Story, customer: Customer, user_id: str, access: str, until_on: str | None) -> None:
    row = f"member-{customer.id}-{user_id.removeprefix('user-')}"
    at_ms = customer.since_ms + HOUR_MS
    story.diary.make(
        "account_member", row, at_ms, customer.owner,
        account_id=customer.id, user_id=user_id, access=access, until_on=until_on,
    )  # fmt: skip


def _relations(story: Story) -> None:
    owned = [one for one in story.customers if one.owner]
    for number in range(1, 41):
        near, far = story.chance.sample([one for one in owned if one.owner == owned[number * 7].owner], 2)
        at_ms = max(near.since_ms, far.since_ms) + HOUR_MS
        between_people = number % 2
        role, reverse_role, note = story.chance.choice(
            texts.CONTACT_RELATIONS if between_people else texts.ACCOUNT_RELATIONS
        )
        story.diary.make(
            "relation", f"relation-{number:03}", at_ms, near.owner,
            from_account_id=near.id, to_account_id=far.id, role=role, reverse_role=reverse_role, note=note,
            from_contact_id=near.contacts[0][0] if between_people else None,
            to_contact_id=far.contacts[0][0] if between_people else None, owner_id=near.owner,
        )  # fmt: skip


def _comments(story: Story) -> None:
    """Under recent activities: the owner and the manager talk."""
    recent = [
        entry
        for entry in story.diary.entries
        if entry.operation["entity"] == "activity"
        and entry.at_ms > story.at(-30, 0, 0)
    ]
    by_id = {person.id: person for person in PEOPLE}
    for number, entry in enumerate(story.chance.sample(recent, min(60, len(recent))), start=1):
        body, mentions = texts.COMMENTS[number % len(texts.COMMENTS)]
        author = by_id[entry.operation["set"]["owner_id"]]
        boss = by_id[f"user-{author.manager}"]
        speaker, other = (author, boss) if mentions else (boss, author)
        story.diary.make(
            "comment", f"comment-{number:03}", entry.at_ms + number % 5 * HOUR_MS + 7 * MINUTE_MS, speaker.id,
            target_entity="activity", target_id=entry.operation["row"], account_id=entry.operation["set"]["account_id"],
            body=body.format(at=f"@{other.name}"), mention_ids=[other.id] if mentions else [], owner_id=speaker.id,
        )  # fmt: skip


def _saved_views(story: Story) -> None:
    """As the customers page writes them."""
    for person in SELLERS:
        chinese = person.language != "en"
        views = (
            ("我的A级客户" if chinese else "My A customers", "a", ""),
            ("90天没联系" if chinese else "Silent for 90 days", "", "90"),
        )
        for number, (name, level, seen) in enumerate(views, start=1):
            query = f"q=&level={level}&kind=&owner=me&seen={seen}&due=&sort=name"
            row = f"view-{person.login}-{number}"
            story.diary.make(
                "saved_view", row, story.at(-20, 9, number), person.id, name=name, query=query, owner_id=person.id
            )
