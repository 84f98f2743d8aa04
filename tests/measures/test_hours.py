"""When a message may leave, by the clock on the wall."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measures.capture.hours import Hours

CHICAGO = ZoneInfo("America/Chicago")
OFFICE = Hours(CHICAGO, dt.time(9), dt.time(19))
WEEKDAYS = frozenset(range(5))


def local(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=CHICAGO)


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2026-11-18 08:59:59", "2026-11-18 09:00"),
        ("2026-11-18 09:00", "2026-11-18 09:00"),
        ("2026-11-18 13:37:05", "2026-11-18 13:37:05"),
        ("2026-11-18 18:59:59", "2026-11-18 18:59:59"),
        ("2026-11-18 19:00", "2026-11-19 09:00"),
        ("2026-12-31 23:59", "2027-01-01 09:00"),
    ],
)
def test_from_9_to_19_where_the_organization_is(at, opens):
    assert OFFICE.next_open(local(at)) == local(opens)


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        # Clocks go forward on March 8, 2026 and back on November 1: nine is nine all the same.
        ("2026-03-07 22:00", "2026-03-08T14:00+00:00"),
        ("2026-03-06 22:00", "2026-03-07T15:00+00:00"),
        ("2026-10-31 22:00", "2026-11-01T15:00+00:00"),
        ("2026-10-30 22:00", "2026-10-31T14:00+00:00"),
    ],
)
def test_nine_stays_nine_when_clocks_change(at, opens):
    assert OFFICE.next_open(local(at)) == dt.datetime.fromisoformat(opens)


def test_the_evening_ends_by_the_new_clock():
    assert OFFICE.holds(local("2026-03-08 18:59:59"))
    assert not OFFICE.holds(local("2026-03-08 19:00"))
    assert not OFFICE.holds(local("2026-11-01 19:00"))


def test_an_hour_that_does_not_exist_opens_when_the_clock_has_jumped_over_it():
    night = Hours(CHICAGO, dt.time(2, 30), dt.time(6))
    opened = night.next_open(local("2026-03-08 00:00"))
    assert opened is not None
    assert opened.astimezone(CHICAGO) == local("2026-03-08 03:30")


def test_an_hour_that_comes_twice_opens_the_first_time():
    night = Hours(CHICAGO, dt.time(1, 30), dt.time(6))
    opened = night.next_open(local("2026-11-01 00:00"))
    assert opened == dt.datetime(2026, 11, 1, 6, 30, tzinfo=dt.UTC)


def test_days_of_the_week_are_those_of_the_place():
    auckland = Hours(ZoneInfo("Pacific/Auckland"), dt.time(9), dt.time(19), WEEKDAYS)
    sunday_in_utc = dt.datetime(2026, 11, 22, 21, tzinfo=dt.UTC)  # Monday there
    assert auckland.next_open(sunday_in_utc) == sunday_in_utc
    assert not Hours(dt.UTC, dt.time(9), dt.time(22), WEEKDAYS).holds(sunday_in_utc)


def test_both_hours_must_hold():
    own = Hours(CHICAGO, dt.time(17), dt.time(21), frozenset({5, 6}))
    both = OFFICE.within(own)
    assert both == Hours(CHICAGO, dt.time(17), dt.time(19), frozenset({5, 6}))
    assert both.next_open(local("2026-11-18 12:00")) == local("2026-11-21 17:00")


def test_hours_that_have_nothing_in_common_never_open():
    night = Hours(CHICAGO, dt.time(20), dt.time(22))
    assert OFFICE.within(night).next_open(local("2026-11-18 12:00")) is None


times = st.times().map(lambda time: time.replace(tzinfo=None, microsecond=0))
zones = st.sampled_from(["America/Chicago", "Asia/Kathmandu", "Africa/Cairo", "America/Havana"])


@given(
    seconds=st.integers(0, 5 * 366 * 86_400),
    zone=zones.map(ZoneInfo),
    start=times,
    minutes=st.integers(90, 900),
    days=st.frozensets(st.integers(0, 6), min_size=1),
)
def test_it_opens_within_and_no_earlier(seconds, zone, start, minutes, days):
    last = dt.datetime.combine(dt.date(2026, 1, 1), start) + dt.timedelta(minutes=minutes)
    end = last.time() if last.day == 1 else dt.time(23, 59, 59)
    hours = Hours(zone, start, end, days)
    asked = dt.datetime(2024, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=seconds)
    opened = hours.next_open(asked)
    if opened is None:
        assert start >= end or len(days) == 1  # the one day may fall on a night of the change
        return
    there = opened.astimezone(zone)
    assert opened >= asked
    assert there.weekday() in days
    assert opened == asked or there.time() >= start  # later only where it had to jump
    assert there.time() < end
    assert hours.holds(opened)
