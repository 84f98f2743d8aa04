"""How asking goes in a team, in numbers of the team: never of one counselor, never of scores."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q

from measures.models import Flag, Rater, Rating, RatingRequest
from sessions.access import Viewer
from sessions.models import Session
from sessions.workdays import midnight

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
            sessions=counted.sessions,
            **counted.answers,
            **{name: flags[f"{name}_{number}"] for name in FLAGS},
        )
        for number, (quarter, counted) in enumerate(zip(quarters, sessions, strict=True))
        if len(counted.counselors) >= FEWEST_COUNSELORS and len(counted.clients) >= FEWEST_CLIENTS
    ]


@dataclass(slots=True)
class _Counted:
    """Held sessions of a quarter, what was answered about them, and who was in them."""

    sessions: int = 0
    answers: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(ANSWERS, 0)))
    counselors: set[int] = field(default_factory=set)
    clients: set[int] = field(default_factory=set)


def _sessions(viewer: Viewer, quarters: Sequence[Quarter]) -> list[_Counted]:
    """Held sessions by quarter. Each is looked at once, and added up by client here."""
    answers = Rating.objects.open_to(viewer).current().by(Rater.CLIENT)
    of_session = answers.filter(session=OuterRef("pk"))
    requests = RatingRequest.objects.visible_to(viewer).filter(session=OuterRef("pk"))
    declined = Q(outcome=Rating.Outcome.DECLINED)
    held = Session.objects.visible_to(viewer).held()
    theirs = held.filter(
        _within(Quarter(quarters[-1].start, quarters[0].end), "starts_at", viewer),
        episode__counselor__in=viewer.supervises,
    )
    groups: Any = theirs.annotate(
        is_this=Q(_within(quarters[0], "starts_at", viewer)),
        requested=Exists(requests),
        answered=Exists(of_session.exclude(declined)),
        declined=Exists(of_session.filter(declined)),
    ).values_list(
        "is_this", "episode__counselor", "episode__client", "requested", "answered", "declined"
    )
    this, last = _Counted(), _Counted()
    for is_this, counselor, client, requested, answered, has_declined, sessions in groups.annotate(
        sessions=Count("pk")
    ):
        counted = this if is_this else last
        counted.sessions += sessions
        counted.counselors.add(counselor)
        counted.clients.add(client)
        counted.answers["asked"] += sessions * (requested or answered or has_declined)
        counted.answers["answered"] += sessions * answered
        counted.answers["declined"] += sessions * has_declined
    return [this, last]


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


def _within(quarter: Quarter, time: str, viewer: Viewer) -> Q:
    start, end = (midnight(day, viewer.organization.zone) for day in (quarter.start, quarter.end))
    return Q(**{f"{time}__gte": start, f"{time}__lt": end})
