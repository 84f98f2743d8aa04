"""The supervisor's two lists, over every case at once: a row needs no history of its own.

A page of twenty counselors and a thousand clients asks the database a fixed number of times, so
whom to talk about comes from the flags alone, and whom to reach from the last few sessions alone.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from measures.insight.chips import RATINGS_SAY, Chip, Concern, concern_after, did_chip
from measures.insight.flag_states import Standing
from measures.insight.silences import Recent, Silence, recent, silences
from measures.models import Flag, Rater, Rating
from sessions.access import Viewer, unexplained_to
from sessions.models import Episode

# A list as long as anybody will read; the rest is on each counselor's agenda.
MOST_ROWS = 60


@dataclass(frozen=True, slots=True)
class ListRow:
    """One case of a list, in words: why, and for how many days."""

    episode: Episode
    why: str
    days: int
    chips: list[Chip]
    # Whether the viewer has yet to say why they open it today.
    asks_why: bool
    flag: Flag | None = None


@dataclass(frozen=True, slots=True)
class Lists:
    """Talk and Reach out, oldest first; `*_count` also counts what is beyond the rows shown."""

    talk: list[ListRow]
    talk_count: int
    reach: list[ListRow]
    reach_count: int


def supervision_lists(viewer: Viewer) -> Lists:
    """The two lists of those the viewer supervises today."""
    cases = supervised(viewer)
    lately = recent(viewer, cases)
    talk = [_talk_row(flag, viewer, lately[flag.episode_id]) for flag in _flags(viewer)]
    silent = silences(viewer, _with_why(viewer, cases), lately)
    reach = [_reach_row(each, viewer) for each in silent[:MOST_ROWS]]
    return Lists(talk[:MOST_ROWS], len(talk), reach, len(silent))


def supervised(viewer: Viewer) -> QuerySet[Episode]:
    """Episodes, neither closed nor on hold, of the counselors supervised today."""
    others = Q(counselor__in=viewer.supervises) & ~Q(counselor=viewer.membership)
    return Episode.objects.clinical_to(viewer).running(viewer.today).filter(others)


def _flags(viewer: Viewer) -> QuerySet[Flag]:
    """Not yet talked about: one to a case, since one stands to a rater, the client's first."""
    flags = Flag.objects.open_to(viewer).running(viewer.today)
    theirs = flags.not_yet_talked_about(viewer.today).filter(
        episode__in=supervised(viewer).values("pk")
    )
    assessed = (
        Rating.objects.open_to(viewer)
        .current()
        .by(Rater.CLIENT)
        .alone()
        .filter(session__episode=OuterRef("episode"), assessment__isnull=False)
        .annotate(above=Q(assessment__score__gt=F("assessment__high")))
        .order_by("-session__starts_at")
    )
    asking = theirs.annotate(
        asks_why=Q(episode__in=unexplained_to(viewer).values("pk")),
        status=Subquery(assessed.values("assessment__status")[:1]),
        is_above=Subquery(assessed.values("above")[:1]),
    )
    related = asking.select_related(
        "episode__client", "episode__counselor", "onset", "first_rating__session"
    )
    return related.order_by("raised_at", "pk")


def _talk_row(flag: Any, viewer: Viewer, lately: Recent) -> ListRow:
    zone = viewer.organization.zone
    since = (flag.onset or flag.first_rating.session).starts_at.astimezone(zone).date()
    days = (viewer.today - flag.raised_at.astimezone(zone).date()).days
    standing = Standing(flag, review=None, days=days, today=viewer.today)
    concern = _concern_of(flag, lately)
    return ListRow(
        episode=flag.episode,
        why=_why(flag, concern) % {"day": date_format(since, "MONTH_DAY_FORMAT")},
        days=days,
        chips=[RATINGS_SAY[concern], did_chip(standing)],
        asks_why=flag.asks_why,
        flag=flag,
    )


def _concern_of(flag: Any, lately: Recent) -> Concern:
    """What the client's ratings say, from their last one alone: not all of it is read here."""
    if lately.is_quiet:
        return Concern.QUIET
    return concern_after(flag.status, is_above=bool(flag.is_above))


def _why(flag: Flag, concern: Concern) -> str:
    if flag.rater == Rater.COUNSELOR:
        return _("the counselor's own ratings are lower since %(day)s")
    if concern in {Concern.LOWER, Concern.QUIET}:
        return _("lower since %(day)s")
    return _("went lower about %(day)s")


def _with_why(viewer: Viewer, cases: QuerySet[Episode]) -> QuerySet[Episode]:
    unexplained = unexplained_to(viewer).filter(pk=OuterRef("pk"))
    related = cases.select_related("client", "counselor")
    return related.annotate(asks_why=Exists(unexplained))


def _reach_row(silence: Silence, viewer: Viewer) -> ListRow:
    zone = viewer.organization.zone
    case: Any = silence.episode
    why = _("no answer since %(day)s") if silence.is_quiet else _("did not come on %(day)s")
    return ListRow(
        episode=case,
        why=why % {"day": _local_day(silence.since, zone)},
        days=(viewer.today - silence.last_at.astimezone(zone).date()).days,
        chips=[RATINGS_SAY[Concern.QUIET]] if silence.is_quiet else [],
        asks_why=case.asks_why,
    )


def _local_day(at: dt.datetime, zone: dt.tzinfo) -> str:
    return date_format(at.astimezone(zone).date(), "MONTH_DAY_FORMAT")
