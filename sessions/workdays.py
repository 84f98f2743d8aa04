"""Days in the organization's time zone; working days are Monday to Friday."""

import datetime as dt

SATURDAY = 5


def midnight(day: dt.date, zone: dt.tzinfo) -> dt.datetime:
    """The instant with which a day begins there."""
    return dt.datetime.combine(day, dt.time.min, tzinfo=zone)


def next_working_day(day: dt.date) -> dt.date:
    """The first working day after `day`."""
    following = day + dt.timedelta(days=1)
    while following.weekday() >= SATURDAY:
        following += dt.timedelta(days=1)
    return following


def working_days_later(day: dt.date, number: int) -> dt.date:
    """The working day that comes so many working days after `day`."""
    for _ in range(number):
        day = next_working_day(day)
    return day


def still_within_next_working_day(now: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    """The earliest instant whose next working day, in that zone, has not ended at `now`.

    On a Monday this is the midnight before Friday: Friday's sessions stay open until Monday ends.
    """
    today = now.astimezone(zone).date()
    day = today
    while next_working_day(day - dt.timedelta(days=1)) >= today:
        day -= dt.timedelta(days=1)
    return midnight(day, zone)


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
    return midnight(day, zone)
