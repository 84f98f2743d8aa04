"""How asking goes in a team, in numbers of the team: never of one counselor, never of scores."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q

from measures.models import Flag, Rater, Rating, RatingRequest
from sessions.access import Viewer
from sessions.models import Session

# Fewer, and a number would point at somebody.
FEWEST_COUNSELORS, FEWEST_CLIENTS = 3, 5

ANSWERS = ("asked", "answered", "declined")
FLAGS = ("flags", "talked", "back")


@dataclass(frozen=True, slots=True)
class Quarter:
    """The first day of a quarter, and of the one after it."""

    start: dt.date
    end: dt.date


@dataclass(frozen=True, slots=True)
class Practice:
    """What a team did in a quarter. Sessions are held ones; flags are those raised in it."""

    quarter: Quarter
    sessions: int
    asked: int
    answered: int
    declined: int
    flags: int
    talked: int
    back: int


def quarter_of(day: dt.date) -> Quarter:
    """The calendar quarter a day is in.

    >>> quarter_of(dt.date(2026, 11, 25))
    Quarter(start=datetime.date(2026, 10, 1), end=datetime.date(2027, 1, 1))
    """
    first = 3 * ((day.month - 1) // 3) + 1
    start = dt.date(day.year, first, 1)
    end = dt.date(day.year + (first == 10), (first + 2) % 12 + 1, 1)
    return Quarter(start, end)


def practice(viewer: Viewer) -> list[Practice]:
    """This quarter so far, and the last; nothing where a team is too small to stay unseen."""
    this = quarter_of(viewer.today)
    quarters = (this, quarter_of(this.start - dt.timedelta(days=1)))
    sessions, flags = _sessions(viewer, quarters), _flags(viewer, quarters)
    return [
        Practice(
            quarter=quarter,
            **{name: sessions[f"{name}_{number}"] for name in ("sessions", *ANSWERS)},
            **{name: flags[f"{name}_{number}"] for name in FLAGS},
        )
        for number, quarter in enumerate(quarters)
        if sessions[f"counselors_{number}"] >= FEWEST_COUNSELORS
        and sessions[f"clients_{number}"] >= FEWEST_CLIENTS
    ]


def _sessions(viewer: Viewer, quarters: Sequence[Quarter]) -> dict[str, int]:
    """Counts of held sessions and what was answered about them, by quarter."""
    answers = Rating.objects.open_to(viewer).current().by(Rater.CLIENT)
    of_session = answers.filter(session=OuterRef("pk"))
    requests = RatingRequest.objects.visible_to(viewer).filter(session=OuterRef("pk"))
    declined = Q(outcome=Rating.Outcome.DECLINED)
    which = {
        "asked": Q(Exists(requests)) | Q(Exists(of_session)),
        "answered": Q(Exists(of_session.exclude(declined))),
        "declined": Q(Exists(of_session.filter(declined))),
    }
    held = Session.objects.visible_to(viewer).held()
    theirs = held.filter(episode__counselor__in=viewer.supervises)
    counts: dict[str, Count] = {}
    for number, quarter in enumerate(quarters):
        when = _within(quarter, "starts_at", viewer)
        counts[f"sessions_{number}"] = Count("pk", filter=when)
        counts[f"counselors_{number}"] = Count("episode__counselor", filter=when, distinct=True)
        counts[f"clients_{number}"] = Count("episode__client", filter=when, distinct=True)
        counts |= {f"{name}_{number}": Count("pk", filter=when & which[name]) for name in ANSWERS}
    first = _within(Quarter(quarters[-1].start, quarters[0].end), "starts_at", viewer)
    return theirs.filter(first).aggregate(**counts)


def _flags(viewer: Viewer, quarters: Sequence[Quarter]) -> dict[str, int]:
    """Counts of flags by the quarter they were raised in, and what was done about them."""
    which = {
        "flags": Q(),
        "talked": ~Q(state=Flag.State.NEW),
        "back": Q(state=Flag.State.BETTER),
    }
    theirs = Flag.objects.open_to(viewer).filter(
        episode__counselor__in=viewer.supervises, rater=Rater.CLIENT
    )
    counts = {
        f"{name}_{number}": Count("pk", filter=_within(quarter, "raised_at", viewer) & which[name])
        for number, quarter in enumerate(quarters)
        for name in FLAGS
    }
    return theirs.exclude(state=Flag.State.WITHDRAWN).aggregate(**counts)


def _within(quarter: Quarter, field: str, viewer: Viewer) -> Q:
    start, end = (
        dt.datetime.combine(day, dt.time.min, tzinfo=viewer.organization.zone)
        for day in (quarter.start, quarter.end)
    )
    return Q(**{f"{field}__gte": start, f"{field}__lt": end})
