"""What the sample firm's people asked for, who decided, what was spent and paid: half a year, and a few that wait.

Everything goes through the engine, each command at its own time: the way, the trail and the sums are real.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from pathlib import Path

from server.accept import accept_as_server
from server.approvals import ready_made
from server.attachments import known
from server.attachments.store import hash_of, store_of
from sync.entities import BY_NAME
from web.text import Text

from .people import SELLERS
from .work import DAY_MS, HOUR_MS, Story

ADMIN, CASHIER = "user-anna", "user-gaoyun"
MONTHS = 5
CURRENCY = "CNY"
RECEIPTS = Path(__file__).parent / "receipts"
PHOTOS = {"travel": "train.jpg", "transport": "taxi.jpg", "meals": "meal.jpg"}
# category, from and to in yuan, note
COSTS = (
    ("travel", 180, 860, "高铁往返"),
    ("meals", 60, 320, "客户午餐"),
    ("lodging", 280, 620, "住宿一晚"),
    ("transport", 18, 140, "打车去客户"),
    ("hospitality", 200, 1_200, "请客户吃饭"),
    ("phone", 50, 120, "话费"),
)


def add_approvals(firm, story: Story) -> None:
    """In a firm whose people and customers are there already. Nobody is told of what happened long ago."""
    office = _Office(firm, story)
    clock = firm.clock
    try:
        office.open()
        for month in range(MONTHS, 0, -1):
            office.month(month)
        office.this_week()
    finally:
        firm.clock = clock
    firm.write_now(lambda db: [db.execute(f"DELETE FROM {table}") for table in ("delivery", "notice")])


def in_both_languages(text: str) -> str:
    """The firm's people read Chinese and English."""
    chinese = Text("zh-Hans", "UTC", 0).gettext(text)
    return text if chinese == text else f"{chinese} {text}"


@dataclass
class _Office:
    firm: object
    story: Story

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self._requests = itertools.count(1)

    # --- the firm's rules

    def open(self) -> None:
        self._at(self.story.at(-170, 9, 0))
        self.firm.write_now(lambda db: ready_made.install_in_words(db, self.firm, ADMIN, in_both_languages))
        self._make("firm_setting", "setting-currency", None, key="currency", value=CURRENCY)
        policies = (("meals", "day", 30_000, None), ("lodging", "line", 60_000, 20_000), (None, "line", None, 50_000))
        for number, (category, per, most, receipt) in enumerate(policies, 1):
            self._make(
                "expense_policy", f"policy-{number}", None, category_id=category and self._category(category), per=per,
                most_cents=most, receipt_from_cents=receipt,
            )  # fmt: skip
        days = {"from_on": self.story.day(-1), "until_on": self.story.day(6), "reason": "出差 On the road"}
        self._make("substitute", "substitute-1", "user-huangjie", substitute_id="user-sunhao", **days)
        key = f"task:task-001:{self.story.day(0)}"
        self._make("snooze", "snooze-1", "user-lina", key=key, until_ms=self.story.now_ms + HOUR_MS)

    # --- what happened

    def month(self, ago: int) -> None:
        """Everybody who sells claims what the month took; some sign a contract."""
        for number, person in enumerate(SELLERS):
            day = -30 * ago + number
            self._claim(person.id, day, self.story.chance.randrange(2, 5), cut=number == ago)
            if (number + ago) % 3 == 0:
                self._contract(person.id, day + 2)

    def _contract(self, by: str, day: int) -> None:
        customer = self.story.chance.choice(self.story.customers_of(by))
        answers = {"kind": self._choice("Contract", "kind"), "party": customer.name}
        amount = self.story.chance.randrange(20, 300) * 100_000
        request = self._draft(
            "Contract", by, day, f"{customer.name} 供货合同", "", answers, amount_cents=amount, account_id=customer.id
        )
        self._submit(request, by)
        self._approve_all(request, day + 1)

    def _claim(self, by: str, day: int, lines: int, cut: bool) -> None:
        request = self._draft("Expense claim", by, day, f"{self.story.day(day)[:7]} 差旅费", "拜访客户", {})
        self._lines(request, by, day, lines)
        self._submit(request, by)
        self._approve_all(request, day + 1, cut)
        self._pay(request, day + 4)

    def this_week(self) -> None:
        self._trip()
        self._waiting()
        self._otherwise()

    def _trip(self) -> None:
        """A trip abroad: asked for, an advance paid, the claim waits."""
        by, first, last = "user-tomas", self.story.day(-9), self.story.day(-6)
        answers = {"places": "Hannover, Hamburg", "from": first, "until": last, "days": "4"}
        trip = self._draft("Expense request", by, -20, "Trade fair, Hannover", "Four customers, one new dealer",
                           {}, amount_cents=420_000)  # fmt: skip
        self._submit(trip, by)
        self._approve_all(trip, -19)
        leave = self._draft("Business trip", by, -20, "Hannover and Hamburg", "", answers, amount_cents=250_000)
        self._submit(leave, by)
        self._approve_all(leave, -18)
        settled = {"by": self._choice("Advance", "by"), "settled": self.story.day(5)}
        advance = self._draft("Advance", by, -17, "Advance for the trade fair", "", settled, amount_cents=300_000,
                              request_id=trip)  # fmt: skip
        self._submit(advance, by)
        self._approve_all(advance, -16)
        self._pay(advance, -14)
        rests_on = {"request_id": trip, "advance_id": advance}
        claim = self._draft("Expense claim", by, -2, "Trade fair, Hannover", "", {}, **rests_on)
        self._lines(claim, by, -7, 4)
        self._submit(claim, by)

    def _waiting(self) -> None:
        """For managers to decide now."""
        days = {"from": self.story.day(3), "until": self.story.day(4), "days": "2"}
        asks = (
            ("user-lina", "Leave", "年假两天", "带孩子看病", {"kind": self._choice("Leave", "kind")} | days, {}),
            ("user-zhaolei", "Expense request", "大客户答谢晚宴", "年底前请五家A级客户", {}, {"amount_cents": 680_000}),
            ("user-lina", "Quotation discount", "减速机报价让利", "对手报价低8%", {"percent": "8"},
             {"amount_cents": 4_600_000}),
            ("user-wuqiang", "General request", "领用样机一台", "下周给客户演示", {}, {}),
        )  # fmt: skip
        for number, (by, name, title, reason, answers, more) in enumerate(asks):
            request = self._draft(name, by, -1, title, reason, answers, hour=10 + number, **more)
            self._submit(request, by)
        claim = self._draft("Expense claim", "user-zhaolei", -1, "本周差旅费", "走访石家庄三家客户", {}, hour=15)
        self._lines(claim, "user-zhaolei", -3, 3)
        self._submit(claim, "user-zhaolei")
        last = self._draft("Expense claim", "user-lina", -6, "上周差旅费", "", {})
        self._lines(last, "user-lina", -8, 2)
        self._submit(last, "user-lina")
        self._approve_all(last, -5)

    def _otherwise(self) -> None:
        """One rejected, one returned, one that is still being written."""
        rejected = self._draft("Expense request", "user-linyue", -12, "更換展廳電視", "", {}, amount_cents=890_000)
        self._submit(rejected, "user-linyue")
        self._decide(rejected, -11, "reject", note="今年預算用完了，明年一月再提。")
        returned = self._draft("Quotation discount", "user-wuqiang", -4, "老客户续单折扣", "", {"percent": "15"},
                               amount_cents=1_200_000)  # fmt: skip
        self._submit(returned, "user-wuqiang")
        self._decide(returned, -3, "return", note="请附上对手的报价单。")
        draft = self._draft("Expense claim", "user-lina", 0, "本周差旅费", "", {}, hour=8)
        self._lines(draft, "user-lina", -1, 1)

    # --- one request

    def _draft(
        self, name: str, by: str, day: int, title: str, reason: str, answers: dict, hour: int = 9, **more
    ) -> str:
        self._at(self.story.at(day, hour, 20))
        definition, version = self._definition(name)
        request = f"approval-{next(self._requests):03}"
        self._make(
            "approval", request, by, definition_id=definition, version_id=version, title=title, reason=reason or None,
            answers=json.dumps(answers, ensure_ascii=False),
            currency=CURRENCY if "amount_cents" in more else None, **more,
        )  # fmt: skip
        return request

    def _lines(self, request: str, by: str, day: int, lines: int) -> None:
        chance = self.story.chance
        for position in range(1, lines + 1):
            category, least, most, note = chance.choice(COSTS)
            customer = chance.choice(self.story.customers_of(by))
            self._make(
                "expense_line", f"{request}-line-{position}", by, approval_id=request, position=position,
                spent_on=self.story.day(day - position), category_id=self._category(category), note=note,
                amount_cents=chance.randrange(least * 100, most * 100, 50), currency=CURRENCY, account_id=customer.id,
                receipt_no=f"{chance.randrange(10**7, 10**8)}",
            )  # fmt: skip
            if category in PHOTOS and day > -30:
                self._photograph(request, f"{request}-line-{position}", by, PHOTOS[category])

    def _photograph(self, request: str, line: str, by: str, name: str) -> None:
        """The receipt of a line: its row, and its bytes as if the phone had sent them."""
        content = _another((RECEIPTS / name).read_bytes(), line)
        hash, store = hash_of(content), store_of(self.firm)
        self._make(
            "attachment", f"{line}-photo", by, target_entity="expense_line", target_id=line, approval_id=request,
            hash=hash, name=name, media_type="image/jpeg", bytes=len(content),
        )  # fmt: skip
        store.receive(f"sample-{line}", content)
        store.put_in_place(f"sample-{line}", hash)
        self.firm.write_now(lambda db: known.keep(db, self.firm, by, hash, "image/jpeg", len(content)))

    def _submit(self, request: str, by: str) -> None:
        self._act(request, by, "submit")

    def _approve_all(self, request: str, day: int, cut: bool = False) -> None:
        while self._row("approval", request)["state"] == "pending":
            self._decide(request, day, "approve", cut=cut)
            day, cut = day + 1, False

    def _decide(self, request: str, day: int, verb: str, cut: bool = False, **more) -> None:
        self._at(self.story.at(min(day, 0), 8 if day >= 0 else 17, 5))
        row = self._row("approval", request)
        step = self._one("SELECT id FROM approval_step WHERE approval_id = ? AND state = 'active'", request)["id"]
        if cut:
            line = self._one("SELECT id, amount_cents FROM expense_line WHERE approval_id = ? LIMIT 1", request)
            more |= {"sanctioned": json.dumps({line["id"]: str(line["amount_cents"] // 2)}), "note": "只报一半。"}
        by = json.loads(row["waiting_ids"])[0]
        self._act(request, by, verb, revision_hash=row["revision_hash"], step_id=step, **more)

    def _pay(self, request: str, day: int) -> None:
        self._at(self.story.at(day, 11, 0))
        row = self._row("approval", request)
        amount = row["amount_cents"] if row["sanctioned_cents"] is None else row["sanctioned_cents"]
        self._act(request, CASHIER, "pay", amount_cents=amount)

    def _act(self, request: str, by: str, verb: str, **more) -> None:
        number = self._one("SELECT count(*) AS n FROM approval_action WHERE approval_id = ?", request)["n"]
        self._make("approval_action", f"{request}-{number + 1}-{verb}", by, approval_id=request, verb=verb, **more)

    # --- the firm's file

    def _at(self, ms: int) -> None:
        """From now on it is then; never later than now."""
        then = min(ms, self.story.now_ms - DAY_MS // 48)
        self.firm.clock = lambda: then

    def _make(self, entity: str, row: str, by: str | None, /, **values) -> None:
        """Raises ValueError where it is refused: the sample itself is wrong then."""
        given = {name: value for name, value in values.items() if value is not None}
        operation = {"id": f"office-{next(self._numbers):05}", "entity": entity, "row": row, "base": 0}
        operation |= {"at": self.firm.clock(), "set": given}
        if by and "owner_id" in BY_NAME[entity].by_name:
            given["owner_id"] = by
        [outcome] = self.firm.write_now(lambda db: accept_as_server(db, self.firm, [operation], by))
        if outcome["is"] != "applied":
            raise ValueError(f"{operation}: {outcome}")

    def _definition(self, name: str) -> tuple[str, str]:
        found = self._one(
            "SELECT d.id AS id, v.id AS version FROM approval_definition AS d JOIN definition_version AS v"
            " ON v.definition_id = d.id AND v.number = d.current WHERE d.name = ?",
            in_both_languages(name),
        )
        return found["id"], found["version"]

    def _choice(self, name: str, key: str) -> str:
        """The first of the choices of a field."""
        _, version = self._definition(name)
        form = json.loads(self._row("definition_version", version)["form"])
        return next(field["choices"][0] for field in form if field["key"] == key)

    def _category(self, slug: str) -> str:
        name = in_both_languages(dict(ready_made.CATEGORIES)[slug])
        return self._one("SELECT id FROM expense_category WHERE name = ?", name)["id"]

    def _row(self, table: str, row_id: str) -> dict:
        return self._one(f"SELECT * FROM {table} WHERE id = ?", row_id)

    def _one(self, sql: str, *values) -> dict:
        with self.firm.look() as db:
            return dict(db.execute(sql, values).fetchone())


def _another(photo: bytes, remark: str) -> bytes:
    """The same picture as another file, by a comment in the JPEG: no receipt is handed in twice here."""
    comment = remark.encode()
    return photo[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + photo[2:]
