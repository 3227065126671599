"""The workload that sync is measured with: 20,000 customers of 20 fields, and 2 × 1,000 edits made apart.

The same shape as the one that the peers in `sync_peers.py` were measured with: about 457 bytes of JSON a record,
Chinese and English, seeded.  Its 20 fields become an account's; ids look like the peers'.  Never the
sample firm: figures must not move because somebody improves a trial.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

SEED = 20261124
CUSTOMERS, PEOPLE, TEAMS = 20_000, 60, 12

# Fields that are edited: all merge alone, and ask where two people changed them.
EDITED = ("short_name", "address", "note", "website", "industry", "source", "region", "name")

SAME_RECORD, SAME_FIELD, DIFFERENT = "same_record", "same_field", "different"

_CITIES = "上海 北京 深圳 杭州 成都 苏州 Singapore Hongkong 武汉 西安 广州 宁波".split()
_DISTRICTS = "浦东新区 朝阳区 南山区 西湖区 高新区 工业园区 Jurong-East Kwun-Tong 江汉区 雁塔区 天河区 鄞州区".split()
_ROADS = "世纪大道 建国路 科技园路 文三路 天府大道 星湖街 Orchard-Road Nathan-Road 解放大道 科技二路".split()
_TRADES = "精密机械 医疗器械 电子科技 食品 物流 新材料 Robotics Trading Packaging Software 化工 纺织".split()
_BRANDS = "华 鼎 恒 瑞 博 中 天 新 Asia Pacific Golden 东方 明 盛".split()
_SURNAMES = "王 李 张 刘 陈 杨 赵 黄 周 吴 Tan Lim Wong Smith".split()
_GIVEN = "伟 芳 娜 敏 静 强 磊 洋 Jun Wei Alice Michael 建国 秀英".split()
_TITLES = "采购经理 CEO Buyer 总工 CTO 财务".split()
_TAGS = "VIP 重点 price-sensitive 新客 renewal 展会 partner 沉睡 referral 招标".split()
_SOURCES = "展会 web referral cold-call 微信".split()
_NOTES = (
    "下周回访,关注交期和付款条件",
    "Asked for revised quote, prefers quarterly billing",
    "对竞品报价感兴趣,需要技术支持",
    "Decision maker on leave until next month",
    "合同已寄出,等待盖章",
    "样品测试通过 second round OK",
)


@dataclass(frozen=True)
class Edit:
    """One field of one customer, changed by one side while the other cannot know."""

    row: str
    field: str
    value: str
    kind: str


def person_id(number: int) -> str:
    return f"u{number:03}"


def customers(count: int = CUSTOMERS, people: int = PEOPLE) -> list[tuple[str, dict]]:
    """(id, fields) of each. Sets are lists of their members, as an operation adds them."""
    chance = random.Random(SEED)
    return [(f"c{number:06}", _customer(chance, people)) for number in range(count)]


def _customer(chance: random.Random, people: int) -> dict:
    pick = chance.choice
    ending = "有限公司" if chance.random() < 0.6 else " Co., Ltd."
    place = f"{pick(_ROADS)}{1 + chance.randrange(2000)}号{1 + chance.randrange(30)}F"
    return {
        "name": pick(_BRANDS) + pick(_BRANDS) + pick(_TRADES) + ending,
        "short_name": f"{pick(_SURNAMES)}{pick(_GIVEN)} {pick(_TITLES)}",
        "level": pick("abcd"),
        "industry": pick(_TRADES),
        "source": pick(_SOURCES),
        "region": pick(_CITIES),
        "phones": [f"1{3 + chance.randrange(6)}{chance.randrange(10**9):09}"],
        "emails": [f"u{chance.randrange(10**6)}@example{chance.randrange(90)}.com"],
        "website": f"ex{chance.randrange(90)}.cn",
        "address": f"{pick(_DISTRICTS)} {place}",
        "tags": sorted({pick(_TAGS), pick(_TAGS)}),
        "employees": 5 * chance.randrange(1, 200),
        "founded_year": 1980 + chance.randrange(45),
        "annual_revenue_k": 1000 * chance.randrange(500),
        "next_contact_on": f"2026-12-{1 + chance.randrange(28):02}",
        "note": pick(_NOTES),
        "owner_id": person_id(chance.randrange(people)),
    }


def edits(count: int = CUSTOMERS) -> tuple[list[Edit], list[Edit]]:
    """1,000 edits of the device and 1,000 of everybody else: 100 pairs meet in a record, 50 in a field of it."""
    chance = random.Random(SEED + 1)
    rows = [f"c{number:06}" for number in range(count)]
    chance.shuffle(rows)
    device = [_edit("DEV", rows[n], n, _kind(n)) for n in range(1000)]
    others = [_edit("OFF", rows[n], n + 3, SAME_RECORD) for n in range(100)]
    others += [_edit("OFF", rows[n], n, SAME_FIELD) for n in range(100, 150)]
    others += [_edit("OFF", rows[n + 1000], n, DIFFERENT) for n in range(150, 1000)]
    return device, others


def _kind(number: int) -> str:
    return SAME_RECORD if number < 100 else SAME_FIELD if number < 150 else DIFFERENT


def _edit(who: str, row: str, number: int, kind: str) -> Edit:
    field = EDITED[number % len(EDITED)]
    return Edit(row, field, f"{who}:{field}:{row}:{'改为下周三拜访 updated' if field == 'note' else '改'}", kind)
