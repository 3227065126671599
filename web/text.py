"""What templates may call: translations, times, numbers, in one person's language and time zone.

Pure: language, zone and now come in as arguments.  `text.js` is its twin and gives equal bytes; the cases
in tests/cases/text/ hold for both.  NULL gives an empty text, and what is not a date is shown as it is.
"""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from markupsafe import Markup, escape

from . import dates
from .catalogues import Catalogue, catalogue
from .differences import differences
from .reasons import OTHER, REASONS
from .text_tables import CURRENCY_SIGNS, TABLES, WHOLE_CURRENCIES

_PLACEHOLDER = re.compile(r"%\(([A-Za-z_][A-Za-z0-9_]*)\)s")
_MINUTE_MS, _HOUR_MS, _DAY_MS = 60_000, 3_600_000, 86_400_000


class Text:
    """The text functions for one person at one moment."""

    def __init__(self, lang: str, tz: str, now_ms: int) -> None:
        self.lang = lang if lang in TABLES else "en"
        self.tz = tz
        self.now_ms = now_ms
        self._table = TABLES[self.lang]
        self._catalogue: Catalogue = catalogue(self.lang)

    def functions(self) -> dict:
        """By the names that templates call them."""
        return {"_": self.gettext, "differences": differences, **{name: getattr(self, name) for name in _NAMES}}

    @property
    def today(self) -> str:
        return dates.local_date(self.now_ms, self.tz)

    def gettext(self, text: str, /, **values) -> str:
        """A sentence in the person's language; `%(name)s` is replaced.

        Values that are markup stay markup, and then the whole is markup.
        """
        return _fill(self._catalogue.messages.get(text, text), values)

    def ngettext(self, one: str, many: str, n: int, /, **values) -> str:
        """As gettext, for one or for n things; `%(n)s` is n."""
        return _fill(self._catalogue.plural(one, many, n), {"n": n, **values})

    def time_of(self, ms: int | None) -> str:
        at = dates.local_time(ms, self.tz)
        return _shown(ms) if at is None else f"{at.hour:02}:{at.minute:02}"

    def date_of(self, value: int | str | None) -> str:
        day = self._day(value)
        return _shown(value) if day is None else self._format("date", day)

    def day_of(self, value: int | str | None) -> str:
        """Today, Yesterday, Tomorrow, else weekday and date (with the year where it is not this year's)."""
        day = self._day(value)
        if day is None:
            return _shown(value)
        today = date.fromisoformat(self.today)
        near = self._table["near"].get(str((day - today).days))
        return near or self._format("day" if day.year == today.year else "day_of_year", day)

    def moment(self, ms: int | None) -> str:
        at = dates.local_time(ms, self.tz)
        return _shown(ms) if at is None else f"{self.day_of(ms)} {self.time_of(ms)}"

    def since(self, ms: int | None) -> str:
        """How long ago, up to 30 days; then the date.  What lies ahead is a moment."""
        number = dates.whole_number(ms)
        if number is None:
            return _shown(ms)
        passed = self.now_ms - number
        if passed < -_MINUTE_MS:
            return self.moment(number)
        if passed < _MINUTE_MS:
            return self._table["just_now"]
        if passed < _HOUR_MS:
            return self._table["minutes"].replace("{n}", str(passed // _MINUTE_MS))
        if passed < _DAY_MS:
            return self._table["hours"].replace("{n}", str(passed // _HOUR_MS))
        if passed <= 30 * _DAY_MS:
            days = passed // _DAY_MS
            return self._table["one_day"] if days == 1 else self._table["days"].replace("{n}", str(days))
        return self.date_of(number)

    def weekday_of(self, value: int | str | None, short: bool = False) -> str:
        day = self._day(value)
        return _shown(value) if day is None else self._table["weekdays" if short else "weekdays_in_full"][day.weekday()]

    def month_of(self, value: int | str | None) -> str:
        day = self._day(value)
        return _shown(value) if day is None else self._format("month", day)

    def iso(self, ms: int | None) -> str:
        """Local date and time as a `datetime-local` input takes it."""
        at = dates.local_time(ms, self.tz)
        return _shown(ms) if at is None else at.isoformat(timespec="minutes")

    def number(self, value: float | None) -> str:
        """Thousands grouped, at most two decimals."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e15:
            return _shown(value)
        rounded = Decimal(value).quantize(Decimal("0.01"), ROUND_HALF_UP)
        whole, _, decimals = f"{rounded:,f}".partition(".")
        decimals = decimals.rstrip("0")
        shown = f"{whole}.{decimals}" if decimals else whole
        return "0" if shown == "-0" else shown

    def money(self, cents: int | None, currency: str | None = None) -> str:
        """An amount in hundredths, with its currency: ¥1,280.50."""
        number = dates.whole_number(cents)
        if number is None:
            return _shown(cents)
        shown = f"{abs(number) // 100:,}"
        if number % 100 or currency not in WHOLE_CURRENCIES:
            shown += f".{abs(number) % 100:02}"
        sign = CURRENCY_SIGNS.get(currency, f"{currency} ") if currency else ""
        return f"{'-' if number < 0 else ''}{sign}{shown}"

    def amount(self, cents: int | None) -> str:
        """An amount in hundredths as an input takes it: 1280.50."""
        number = dates.whole_number(cents)
        if number is None:
            return _shown(cents)
        return f"{'-' if number < 0 else ''}{abs(number) // 100}.{abs(number) % 100:02}"

    def reason(self, code: str | None, detail: dict | str | None = None) -> str:
        """Why something was refused, in words; detail may be the JSON text of an outbox row."""
        if not code:
            return ""
        sentence = REASONS.get(code, OTHER)
        values = {name: self._detail(value) for name, value in _as_mapping(detail).items()}
        return _fill(self._catalogue.messages.get(sentence, sentence), {**values, "code": code})

    def _detail(self, value: object) -> str:
        if isinstance(value, list | tuple):
            return ", ".join(_shown(member) for member in value)
        return self.number(value)

    def _day(self, value: int | str | None) -> date | None:
        day = dates.parse_date(value)
        if day is None and not isinstance(value, str):
            at = dates.local_time(value, self.tz)
            return None if at is None else at.date()
        return day

    def _format(self, name: str, day: date) -> str:
        table = self._table
        return table[name].format(
            d=day.day,
            m=table["months"][day.month - 1],
            M=table["months_in_full"][day.month - 1],
            y=day.year,
            w=table["weekdays"][day.weekday()],
        )


def _as_mapping(detail: object) -> dict:
    if isinstance(detail, str):
        try:
            detail = json.loads(detail)
        except ValueError:
            return {}
    return detail if isinstance(detail, dict) else {}


def _fill(text: str, values: dict) -> str:
    if any(isinstance(value, Markup) for value in values.values()):
        text, shown = escape(text), lambda value: str(escape(_shown(value)))
        return Markup(_PLACEHOLDER.sub(lambda match: _value(match, values, shown), text))
    return _PLACEHOLDER.sub(lambda match: _value(match, values, _shown), text)


def _value(match: re.Match, values: dict, shown) -> str:
    return shown(values[match[1]]) if match[1] in values else match[0]


def _shown(value: object) -> str:
    """A value that has no better form; markup stays markup."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else str(value)


_NAMES = (
    "ngettext",
    "time_of",
    "date_of",
    "day_of",
    "moment",
    "since",
    "weekday_of",
    "month_of",
    "iso",
    "number",
    "money",
    "amount",
    "reason",
)
