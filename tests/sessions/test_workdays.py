"""Working days, on which the end of the blind rule hangs. November 2026 starts on a Sunday."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from sessions.workdays import (
    next_working_day,
    still_within_next_working_day,
    working_days_later,
)

CHICAGO = ZoneInfo("America/Chicago")
AUCKLAND = ZoneInfo("Pacific/Auckland")


def november(day: int, hour: int = 12, minute: int = 0) -> dt.datetime:
    return dt.datetime(2026, 11, day, hour, minute, tzinfo=CHICAGO)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (16, 17),  # Monday
        (19, 20),
        (20, 23),  # Friday, over the weekend
        (21, 23),  # Saturday
        (22, 23),  # Sunday
    ],
)
def test_the_next_working_day_is_never_on_a_weekend(day: int, expected: int) -> None:
    assert next_working_day(dt.date(2026, 11, day)) == dt.date(2026, 11, expected)


@pytest.mark.parametrize(
    ("today", "earliest"),
    [
        (16, 13),  # on Monday, Friday's sessions and the weekend's are still open
        (17, 16),
        (18, 17),
        (20, 19),
        (21, 20),  # on a weekend, Friday's
        (22, 20),
        (23, 20),
    ],
)
@pytest.mark.parametrize(("hour", "minute"), [(0, 0), (12, 0), (23, 59)])
def test_the_window_reaches_back_to_the_last_working_day(
    today: int, earliest: int, hour: int, minute: int
) -> None:
    found = still_within_next_working_day(november(today, hour, minute), CHICAGO)
    assert found == november(earliest, 0)


def test_the_window_closes_at_midnight_where_the_organization_is() -> None:
    last = november(18, 23, 59).astimezone(dt.UTC)
    assert last.date() == dt.date(2026, 11, 19)  # already the next day in UTC
    assert still_within_next_working_day(last, CHICAGO) == november(17, 0)
    over = last + dt.timedelta(minutes=1)
    assert still_within_next_working_day(over, CHICAGO) == november(18, 0)


def test_the_same_instant_is_another_day_elsewhere() -> None:
    instant = november(18, 20)
    here = still_within_next_working_day(instant, CHICAGO)
    there = still_within_next_working_day(instant, AUCKLAND)
    assert (here.astimezone(CHICAGO).day, there.astimezone(AUCKLAND).day) == (17, 18)


@pytest.mark.parametrize("days", range(21))
def test_every_session_stays_open_until_its_next_working_day_has_ended(days: int) -> None:
    """The same rule the other way round: from the session, not from now."""
    held = november(2, 9) + dt.timedelta(days=days)
    last_day = next_working_day(held.date())
    last_minute = dt.datetime.combine(last_day, dt.time(23, 59), tzinfo=CHICAGO)
    assert held >= still_within_next_working_day(last_minute, CHICAGO)
    after = last_minute + dt.timedelta(minutes=1)
    assert held < still_within_next_working_day(after, CHICAGO)


@pytest.mark.parametrize("day", [8, 9])  # around the end of daylight saving time, November 1
def test_the_window_starts_at_midnight_though_the_clock_was_set(day: int) -> None:
    now = dt.datetime(2026, 11, day - 7, 12, tzinfo=CHICAGO)
    start = still_within_next_working_day(now, CHICAGO)
    assert (start.hour, start.minute, start.date()) == (0, 0, dt.date(2026, 10, 30))


def test_so_many_working_days_later_leaves_weekends_out() -> None:
    friday = november(20).date()
    assert [working_days_later(friday, n).day for n in (0, 1, 3, 6)] == [20, 23, 25, 30]
