"""Wall-clock time in a time zone, as an instant.

The only place of `sync/` that knows time zones; reads no clock.  Twin: service_worker/zones.js, on
Intl.DateTimeFormat; both must give the same instant on the days when clocks change.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, reset_tzpath

# One source of zones for every server: the tzdata package in the lock file, which is as new as the browsers'
# own. A system's zones may be years old, and then the two hosts would show different times.
reset_tzpath(to=())

_EPOCH = datetime(1970, 1, 1)


class UnknownZone(Exception):
    """No time zone has this name."""


def local_to_ms(year: int, month: int, day: int, hour: int, minute: int, second: int, tz: str) -> int:
    """The UTC milliseconds at which clocks in tz show this time.

    When clocks show it twice (they went back), the first time.  When they never do (they went forward),
    the time is moved forward by as much as the clocks were.
    """
    local = datetime(year, month, day, hour, minute, second)
    # fold=0 is the first of two, and in a gap the offset from before it: both are what is wanted.
    offset = local.replace(tzinfo=_zone(tz)).utcoffset()
    return (local - _EPOCH - offset) // timedelta(milliseconds=1)


def _zone(tz: str) -> ZoneInfo:
    try:
        return ZoneInfo(tz)
    except (KeyError, ValueError, OSError) as error:
        raise UnknownZone(f"unknown time zone {tz!r}: use an IANA name such as Asia/Shanghai") from error
