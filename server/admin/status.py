"""The status page in figures and plots: what is shown, and where it stands in its drawing.

Drawings are made here, in whole units of an SVG's own grid, because the security policy allows no inline style; the
table beneath each says the same to whoever does not see it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from server.watching import counts, words
from server.watching.counts import Span
from server.watching.gauges import Gauges
from web.text import Text

# 360 units are about a phone's width, so that the words in it keep their size.
WIDTH, TOP, BOTTOM = 360, 20, 120
SPANS = ("hours", "days", "weeks")


@dataclass(frozen=True)
class Column:
    """kind: 'first', or 'second' where it stands on the first."""

    x: float
    y: float
    wide: float
    tall: float
    kind: str


@dataclass(frozen=True)
class Plot:
    """series: the names of what is drawn, one or two. rows: (when, a text for each series), newest first, without
    those in which there was nothing. most: the greatest value in words. ticks: (x, words, anchor)."""

    key: str
    title: str
    series: tuple[str, ...]
    columns: tuple[Column, ...]
    ticks: tuple[tuple[float, str, str], ...]
    most: str
    rows: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Bar:
    """wide: of 1000."""

    words: str
    count: str
    wide: int


def spans(db, text: Text, span: str) -> list[Span]:
    if span == "hours":
        return counts.hours(db, text.now_ms)
    if span == "weeks":
        return counts.weeks(db, text.tz, text.now_ms)
    return counts.days(db, text.tz, text.now_ms)


def plots(text: Text, each: Sequence[Span], span: str, has_replica: bool) -> list[Plot]:
    _ = text.gettext
    number, wait, size = text.number, lambda ms: duration(text, ms), lambda bytes_: words.room(text, bytes_)
    asked = [
        ("syncs", _("Syncs"), {"syncs": _("Syncs")}, number),
        ("operations", _("Entries from devices"), {"operations": _("Entries")}, number),
        ("conflicts", _("Conflicts and refusals"), {"conflicts": _("Conflicts"), "rejected": _("Refused")}, number),
        ("notices", _("Longest wait of a notice"), {"notices_wait_ms": _("Wait")}, wait),
        ("database", _("Size of the database"), {"database_bytes": _("Size")}, size),
    ]
    if has_replica:
        asked.insert(4, ("replica", _("Replica behind, at most"), {"replica_lag_ms": _("Behind")}, wait))
    return [_plot(text, key, title, names, shown, each, span) for key, title, names, shown in asked]


def _plot(
    text: Text,
    key: str,
    title: str,
    names: dict[str, str],
    shown: Callable[[int], str],
    each: Sequence[Span],
    span: str,
) -> Plot:
    values = [[one.values.get(name) for name in names] for one in each]
    most = max((sum(value or 0 for value in both) for both in values), default=0)
    step = WIDTH / len(each)
    columns = [column for n, both in enumerate(values) for column in _columns(n * step, step, both, most)]
    rows = [
        (when(text, one.began_ms, span), tuple("" if value is None else shown(value) for value in both))
        for one, both in zip(each, values, strict=True)
        if any(both)
    ]
    ticks = ((0, each[0], "start"), (WIDTH / 2, each[len(each) // 2], "middle"), (WIDTH, each[-1], "end"))
    return Plot(
        key,
        title,
        tuple(names.values()),
        tuple(columns),
        tuple((x, when(text, one.began_ms, span), anchor) for x, one, anchor in ticks),
        shown(most),
        tuple(reversed(rows)),
    )


def _columns(x: float, step: float, both: list[int | None], most: int) -> list[Column]:
    """What is not nothing is at least seen."""
    found, below = [], 0.0
    for value, kind in zip(both, ("first", "second"), strict=False):
        if value:
            tall = max(2.0, (BOTTOM - TOP) * value / most)
            at = (round(x + step * 0.12, 1), round(BOTTOM - below - tall, 1), round(step * 0.76, 1), round(tall, 1))
            found.append(Column(*at, kind))
            below += tall
    return found


def when(text: Text, began_ms: int, span: str) -> str:
    if span == "hours":
        return f"{text.day_of(began_ms)} {text.time_of(began_ms)}"
    return text.date_of(began_ms) if span == "weeks" else text.day_of(began_ms)


def duration(text: Text, ms: int) -> str:
    _ = text.gettext
    if ms < 90_000:
        return _("%(n)s s", n=text.number(round(ms / 1000)))
    if ms < 90 * 60_000:
        return _("%(n)s min", n=text.number(round(ms / 60_000)))
    return _("%(n)s h", n=text.number(round(ms / 3_600_000)))


def devices(text: Text, found: Gauges) -> list[Bar]:
    _ = text.gettext
    named = (_("Within a day"), _("Within 7 days"), _("Within 30 days"), _("Longer ago"))
    most = max(*found.devices, 1)
    return [Bar(name, text.number(n), n * 1000 // most) for name, n in zip(named, found.devices, strict=True)]
