"""Working days: Monday to Friday, in the organization's time zone."""

import datetime as dt

SATURDAY = 5


def next_working_day(day: dt.date) -> dt.date:
    """The first working day after `day`."""
    following = day + dt.timedelta(days=1)
    while following.weekday() >= SATURDAY:
        following += dt.timedelta(days=1)
    return following


def still_within_next_working_day(now: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    """The earliest instant whose next working day, in that zone, has not ended at `now`.

    On a Monday this is the midnight before Friday: Friday's sessions stay open until Monday ends.
    """
    today = now.astimezone(zone).date()
    day = today
    while next_working_day(day - dt.timedelta(days=1)) >= today:
        day -= dt.timedelta(days=1)
    return dt.datetime.combine(day, dt.time.min, tzinfo=zone)


def days_ago(number: int, now: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    """The instant before which something left that many whole working days since.

    On a Wednesday with two: the midnight before Monday, so that Monday and Tuesday had passed for
    what happened on Friday.
    """
    day = now.astimezone(zone).date()
    for _ in range(number):
        day -= dt.timedelta(days=1)
        while day.weekday() >= SATURDAY:
            day -= dt.timedelta(days=1)
    return dt.datetime.combine(day, dt.time.min, tzinfo=zone)
