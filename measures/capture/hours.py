"""When messages may leave: by the clock on the wall of the place, whatever summer time does."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

EVERY_DAY = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Hours:
    """From one local time to another, the second left out, on some days of the week.

    >>> office = Hours(dt.UTC, dt.time(9), dt.time(19))
    >>> office.next_open(dt.datetime(2026, 11, 27, 20, 30, tzinfo=dt.UTC))
    datetime.datetime(2026, 11, 28, 9, 0, tzinfo=datetime.timezone.utc)
    """

    zone: dt.tzinfo
    start: dt.time
    end: dt.time
    weekdays: frozenset[int] = EVERY_DAY

    def next_open(self, at: dt.datetime) -> dt.datetime | None:
        """The first instant from `at` on that lies within, in UTC; None where there is none."""
        today = at.astimezone(self.zone).date()
        for offset in range(8):
            opened = self._open_from(today + dt.timedelta(days=offset), at)
            if opened is not None:
                return opened
        return None

    def holds(self, at: dt.datetime) -> bool:
        return self.next_open(at) == at

    def within(self, other: Hours) -> Hours:
        """What is common to both, by the clock of this one."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Hours(self.zone, start, end, self.weekdays & other.weekdays)

    def _open_from(self, day: dt.date, at: dt.datetime) -> dt.datetime | None:
        if day.weekday() not in self.weekdays:
            return None
        opens, closes = (self._instant(day, time) for time in (self.start, self.end))
        first = max(opens, at.astimezone(dt.UTC))
        return first if first < closes else None

    def _instant(self, day: dt.date, time: dt.time) -> dt.datetime:
        return dt.datetime.combine(day, time, tzinfo=self.zone).astimezone(dt.UTC)
