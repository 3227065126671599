"""The sample firm's customers and the people there, made of `words`, the same on every machine."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from pypinyin import lazy_pinyin

from . import words
from .diary import Diary
from .people import BY_LOGIN, SELLERS
from .words import City

CUSTOMERS = 400  # every fifth abroad, every fiftieth without owner
DAY_MS = 86_400_000


@dataclass
class Customer:
    """A customer of the sample firm as the rest of the story needs it."""

    id: str
    name: str
    is_chinese: bool
    level: str | None
    owner: str | None
    city: City
    address: str
    lat_e6: int
    lng_e6: int
    since_ms: int
    contacts: list[tuple[str, str]] = field(default_factory=list)


def add_customers(diary: Diary, chance: random.Random, start_ms: int, now_ms: int, day_of) -> list[Customer]:
    """Customers with their contacts. day_of(days from today) -> 'YYYY-MM-DD'."""
    return [_customer(diary, chance, number, start_ms, now_ms, day_of) for number in range(1, CUSTOMERS + 1)]


def _customer(diary: Diary, chance: random.Random, number: int, start_ms: int, now_ms: int, day_of) -> Customer:
    is_chinese = number % 5 != 0
    city = chance.choice(words.CHINESE_CITIES if is_chinese else words.FOREIGN_CITIES)
    name, short_name, industry = _company(chance, number, is_chinese, city)
    owner = None if number % 50 == 0 else _owner(chance, city)
    # Most were there from the start; new ones come all the time.
    since_ms = start_ms + round((now_ms - 20 * DAY_MS - start_ms) * chance.random() ** 3)
    level = chance.choices(("a", "b", "c", "d", None), (8, 22, 40, 15, 15))[0]
    kind = chance.choices(("customer", "dealer", "supplier", "partner", "competitor"), (84, 7, 4, 3, 2))[0]
    street, house = chance.choice(city.streets), chance.randrange(1, 300)
    made = Customer(
        f"account-{number:03}", name, is_chinese, level, owner, city,
        f"{city.name}市{street}{house}号" if is_chinese else f"{street} {house}, {city.name}",
        round(
            (city.lat + chance.uniform(-0.06, 0.06)) * 1e6
        ), round((city.lng + chance.uniform(-0.06, 0.06)) * 1e6), since_ms,
    )  # fmt: skip
    domain = _domain(name, short_name)
    has_plan = kind == "customer" and chance.random() < 0.4
    diary.make(
        "account", made.id, since_ms, owner or "user-chenli",
        kind=kind, name=name, short_name=short_name, level=level, industry=industry,
        source=chance.choice(words.CHINESE_SOURCES if is_chinese else words.FOREIGN_SOURCES), region=city.name,
        phones=[_landline(chance, city)], emails=[f"info@{domain}"], website=f"https://www.{domain}",
        address=made.address, lat_e6=made.lat_e6, lng_e6=made.lng_e6,
        tags=chance.sample(words.CHINESE_TAGS if is_chinese else words.FOREIGN_TAGS, chance.choice((0, 0, 1, 2))),
        employees=chance.choice((12, 35, 60, 120, 280, 600, 1500)), founded_year=chance.randrange(1978, 2022),
        annual_revenue_k=chance.choice((3_000, 8_000, 20_000, 55_000, 180_000)) if chance.random() < 0.6 else None,
        parent_id=_parent(chance, number), next_contact_on=day_of(chance.randrange(-4, 30)) if has_plan else None,
        note=_note(chance, is_chinese), owner_id=owner,
    )  # fmt: skip
    if not owner:
        _leave_to_everyone(diary, made)
    _add_contacts(diary, chance, made, number, domain)
    return made


def _leave_to_everyone(diary: Diary, customer: Customer) -> None:
    """In the shared pool: the author would own it by default."""
    diary.entries[-1].operation["set"]["owner_id"] = None


def _company(chance: random.Random, number: int, is_chinese: bool, city: City) -> tuple[str, str | None, str]:
    """(name, short name, industry); the brand turns with the number, so that no name comes twice."""
    if is_chinese:
        brand = words.CHINESE_BRANDS[number % len(words.CHINESE_BRANDS)]
        trade, industry = words.CHINESE_TRADES[(number // len(words.CHINESE_BRANDS)) % len(words.CHINESE_TRADES)]
        return f"{city.name}{brand}{trade}{chance.choice(words.CHINESE_FORMS)}", f"{brand}{trade}", industry
    brand = words.FOREIGN_BRANDS[number // 5 % len(words.FOREIGN_BRANDS)]
    trade, industry = words.FOREIGN_TRADES[
        (number // 5 // len(words.FOREIGN_BRANDS) * 3 + number) % len(words.FOREIGN_TRADES)
    ]
    return f"{brand} {trade} {words.FOREIGN_FORMS.get(city.name, 'Inc.')}", None, industry


def _owner(chance: random.Random, city: City) -> str:
    sellers = [person for person in SELLERS if person.region == city.region]
    # A team's manager keeps a few customers, its people have the rest.
    weights = [1 if person.role == "manager" and len(sellers) > 1 else 4 for person in sellers]
    return chance.choices(sellers, weights)[0].id


def _parent(chance: random.Random, number: int) -> str | None:
    """Every twelfth customer belongs to an earlier one of the same language (every fifth is foreign)."""
    return f"account-{number - 5 * chance.randrange(1, 9):03}" if number % 12 == 0 and number > 60 else None


def _domain(customer_name: str, short_name: str | None) -> str:
    """A domain of the kind that is set aside for examples."""
    return "".join(lazy_pinyin(short_name)) + ".example" if short_name else "-".join(
        customer_name.lower().split()[:2]
    ) + ".example"


def _landline(chance: random.Random, city: City) -> str:
    if not city.code.startswith("+"):
        # Exchanges never begin with 0: such a number rings nowhere.
        return f"{city.code}-0{chance.randrange(10**6, 10**7)}"
    digits = 3 if not city.code.startswith("+1") else 2
    return f"{city.code}{'' if city.code[-2:] in (' 0', '01') else ' '}{chance.randrange(10**digits):0{digits}}"


def _mobile(number: int, place: int, is_chinese: bool) -> str:
    return f"164{number:04}{place}{number % 997:03}" if is_chinese else f"+44 7700 900{(number * 3 + place) % 1000:03}"


def _note(chance: random.Random, is_chinese: bool) -> str | None:
    notes = CHINESE_NOTES if is_chinese else FOREIGN_NOTES
    return chance.choice(notes) if chance.random() < 0.3 else None


CHINESE_NOTES = (
    "每年三月做预算，二月底前要把方案送到。", "门卫要登记，提前把车牌发给前台。", "付款周期 60 天，发票要写部门。",
    "停车在二号门，下午三点以后才有空位。", "老板周一上午开会，不要打电话。",
    "竞争对手也在报价，价格差不多，服务是重点。",
)  # fmt: skip
FOREIGN_NOTES = (
    "Budget is set in October. Quotes must be there by September.",
    "Visitors register at gate 2; send names the day before.",
    "Pays within 30 days and checks every line of an invoice.",
    "Prefers a call before ten. Never on Fridays.",
)


def _add_contacts(diary: Diary, chance: random.Random, customer: Customer, number: int, domain: str) -> None:
    titles = words.CHINESE_TITLES if customer.is_chinese else words.FOREIGN_TITLES
    for place, (title, influence) in enumerate(chance.sample(titles, chance.choice((1, 2, 2, 3))), start=1):
        if customer.is_chinese:
            name = chance.choice(words.SURNAMES) + chance.choice(words.GIVEN_NAMES)
        else:
            name = f"{chance.choice(words.FIRST_NAMES)} {chance.choice(words.LAST_NAMES)}"
        contact = f"contact-{number:03}-{place}"
        diary.make(
            "contact", contact, customer.since_ms + place, customer.owner or BY_LOGIN["chenli"].id,
            account_id=customer.id, name=name, title=title, influence=influence,
            phones=[_mobile(number, place, customer.is_chinese)], emails=[f"{_mailbox(name)}@{domain}"],
            wechat=f"wx_{number:03}{place}" if customer.is_chinese and chance.random() < 0.5 else None,
            birthday=_birthday(chance),
            owner_id=customer.owner,
        )  # fmt: skip
        customer.contacts.append((contact, name))


def _mailbox(name: str) -> str:
    return ".".join(name.lower().split()) if name.isascii() else "".join(lazy_pinyin(name))


def _birthday(chance: random.Random) -> str | None:
    """Of every fifth: people seldom tell."""
    day = f"{chance.randrange(1965, 1998)}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}"
    return day if chance.random() < 0.2 else None
