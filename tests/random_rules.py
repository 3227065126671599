"""Random recurrence rules, for comparing those who count them out."""

from __future__ import annotations

import random

from sync.rules import WEEKDAYS

ZONES = ["UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo"]


def random_rule(dice: random.Random) -> str:
    """A rule of any shape that both hosts follow."""
    freq = dice.choice(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
    parts = [f"FREQ={freq}"]
    months = _numbers(dice, 1, 12, signed=False) if dice.random() < 0.3 else ""
    numbers = _numbers(dice, 1, 31) if freq != "WEEKLY" and dice.random() < 0.3 else ""
    weekdays = _weekdays(dice, freq, bool(months)) if dice.random() < 0.5 else ""
    named = {"BYMONTH": months, "BYMONTHDAY": numbers, "BYDAY": weekdays}
    parts += [f"{name}={value}" for name, value in named.items() if value]
    if (numbers or weekdays) and freq in ("MONTHLY", "YEARLY") and dice.random() < 0.3:
        parts.append(f"BYSETPOS={_numbers(dice, 1, 4)}")
    if dice.random() < 0.5:
        parts.append(f"INTERVAL={dice.randint(1, 5)}")
    if dice.random() < 0.3:
        parts.append(f"WKST={dice.choice(WEEKDAYS)}")
    if dice.random() < 0.2:
        parts.append(f"COUNT={dice.randint(1, 30)}")
    return ";".join(parts)


def random_series(dice: random.Random) -> dict:
    """A series and a window, as the cases of `occurrences` have them."""
    start_ms = dice.randint(1_500_000_000, 1_900_000_000) // 900 * 900_000
    length_ms = dice.choice([0, 1_800_000, 3_600_000, 86_400_000, 100_000_000])
    until = dice.choice(["", "", ";UNTIL=20280301", ";UNTIL=20271231T093000Z", ";UNTIL=20271231T093000"])
    rule = random_rule(dice)
    rule += "" if "COUNT" in rule else until
    from_ms = start_ms + dice.randint(-100, 1_500) * 86_400_000
    to_ms = from_ms + dice.randint(0, 400) * 21_600_000
    series = [start_ms, start_ms + length_ms, rule, dice.choice(ZONES), dice.choice([0, 0, 0, 1])]
    return {"series": series, "from_ms": from_ms, "to_ms": to_ms}


def _numbers(dice: random.Random, least: int, most: int, signed: bool = True) -> str:
    signs = [-1, 1] if signed else [1]
    return ",".join(str(dice.choice(signs) * dice.randint(least, most)) for _ in range(dice.randint(1, 3)))


def _weekdays(dice: random.Random, freq: str, has_months: bool) -> str:
    if freq in ("MONTHLY", "YEARLY") and dice.random() < 0.5:
        most = 5 if freq == "MONTHLY" or has_months else 53
        return ",".join(f"{dice.choice([-1, 1]) * dice.randint(1, most)}{dice.choice(WEEKDAYS)}" for _ in range(2))
    return ",".join(dice.choice(WEEKDAYS) for _ in range(dice.randint(1, 3)))
