"""The supervisor's two lists, over every case at once: a row needs no history of its own.

A page of twenty counselors and a thousand clients asks the database a fixed number of times, so
whom to talk about comes from the flags alone, and whom to reach from the last sessions alone.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from measures.insight.absences import GOT_THROUGH, QUIET_AFTER
from measures.insight.chips import RATINGS_SAY, Chip, Concern, concern_after, did_chip
from measures.insight.flag_states import Standing
from measures.models import Flag, Rater, Rating, RatingRequest
from measures.models.ratings import RatingQuerySet
from sessions.access import Viewer, unexplained_to
from sessions.models import Client, Contact, Episode, Session
from sessions.workdays import days_ago

# The counselor's own time for a call, before it is on the supervisor's list.
COUNSELORS_OWN_DAYS = 2
# A list as long as anybody will read; the rest is on each counselor's agenda.
MOST_ROWS = 60
LATELY = dt.timedelta(days=120)


class SessionTime(NamedTuple):
    """When a session was, and whether its client was asked about it."""

    at: dt.datetime
    is_asked: bool


Times = defaultdict[int, list[SessionTime]]


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
    times = _times_of_sessions(viewer)
    talk = [_talk_row(flag, viewer, times[flag.episode_id]) for flag in _flags(viewer)]
    reach = [_reach_row(episode, viewer) for episode in _episodes_to_reach(viewer, times)]
    return Lists(talk[:MOST_ROWS], len(talk), reach[:MOST_ROWS], len(reach))


def supervised(viewer: Viewer) -> QuerySet[Episode]:
    """Episodes, neither closed nor on hold, of the counselors supervised today."""
    others = Q(counselor__in=viewer.supervises) & ~Q(counselor=viewer.membership)
    return Episode.objects.clinical_to(viewer).running(viewer.today).filter(others)


def _past(viewer: Viewer) -> QuerySet[Session]:
    return Session.objects.visible_to(viewer).filter(
        starts_at__lte=viewer.now, status__in=[Session.Status.HELD, Session.Status.MISSED]
    )


def _answers(viewer: Viewer, episode: str) -> RatingQuerySet:
    """What the client of one case of a list answered, the latest first."""
    answers = Rating.objects.open_to(viewer).current().by(Rater.CLIENT)
    return answers.filter(session__episode=OuterRef(episode)).order_by("-session__starts_at")


def _times_of_sessions(viewer: Viewer) -> Times:
    """When each case had sessions lately. What is longer ago is not for a call any more."""
    lately = _past(viewer).filter(
        starts_at__gte=viewer.now - LATELY, episode__in=supervised(viewer).values("pk")
    )
    requests = RatingRequest.objects.visible_to(viewer).filter(withdrawn_at__isnull=True)
    asked = requests.filter(session=OuterRef("pk"))
    expected = lately.annotate(
        expected=Q(episode__client__cadence=Client.Cadence.EVERY) | Exists(asked)
    )
    times: Times = defaultdict(list)
    for episode, starts_at, is_expected in expected.values_list(
        "episode_id", "starts_at", "expected"
    ):
        times[episode].append(SessionTime(starts_at, is_expected))
    return times


def _unanswered(times: Sequence[SessionTime], since: dt.datetime) -> int:
    """How many sessions after that one an answer was to be expected about: see `History.asked`."""
    return sum(each.at > since and each.is_asked for each in times)


def _flags(viewer: Viewer) -> QuerySet[Flag]:
    """Not yet talked about: one to a case, since one stands to a rater, the client's first."""
    flags = Flag.objects.open_to(viewer).running(viewer.today)
    theirs = flags.not_yet_talked_about(viewer.today).filter(
        episode__in=supervised(viewer).values("pk")
    )
    answers = _answers(viewer, "episode")
    assessed = answers.alone().filter(assessment__isnull=False)
    above = assessed.annotate(above=Q(assessment__score__gt=F("assessment__high")))
    asking = theirs.annotate(
        asks_why=Q(episode__in=unexplained_to(viewer).values("pk")),
        answered_at=Subquery(answers.values("session__starts_at")[:1]),
        status=Subquery(assessed.values("assessment__status")[:1]),
        is_above=Subquery(above.values("above")[:1]),
    )
    related = asking.select_related(
        "episode__client", "episode__counselor", "onset", "first_rating__session"
    )
    return related.order_by("raised_at", "pk")


def _talk_row(flag: Any, viewer: Viewer, times: Sequence[SessionTime]) -> ListRow:
    zone = viewer.organization.zone
    since = (flag.onset or flag.first_rating.session).starts_at.astimezone(zone).date()
    days = (viewer.today - flag.raised_at.astimezone(zone).date()).days
    standing = Standing(flag, review=None, days=days, today=viewer.today)
    concern = _concern_of(flag, times)
    return ListRow(
        episode=flag.episode,
        why=_why(flag, concern) % {"day": date_format(since, "MONTH_DAY_FORMAT")},
        days=days,
        chips=[RATINGS_SAY[concern], did_chip(standing)],
        asks_why=flag.asks_why,
        flag=flag,
    )


def _concern_of(flag: Any, times: Sequence[SessionTime]) -> Concern:
    """What the client's ratings say, from their last one alone: not all of it is read here."""
    if flag.answered_at and _unanswered(times, flag.answered_at) >= QUIET_AFTER:
        return Concern.QUIET
    return concern_after(flag.status, is_above=bool(flag.is_above))


def _why(flag: Flag, concern: Concern) -> str:
    if flag.rater == Rater.COUNSELOR:
        return _("the counselor's own ratings are lower since %(day)s")
    if concern in {Concern.LOWER, Concern.QUIET}:
        return _("lower since %(day)s")
    return _("went lower about %(day)s")


def _episodes_to_reach(viewer: Viewer, times: Times) -> list[Any]:
    """Whose last session was missed, or who did not answer about the last few.

    Longest first, and only after the counselor had two working days for it.
    """
    last = _past(viewer).filter(episode=OuterRef("pk")).order_by("-starts_at", "-pk")
    tried = (
        Contact.objects.clinical_to(viewer)
        .standing()
        .filter(episode=OuterRef("pk"), outcome__in=GOT_THROUGH)
    )
    cases: Any = supervised(viewer).annotate(
        last_at=Subquery(last.values("starts_at")[:1]),
        last_status=Subquery(last.values("status")[:1]),
        answered_at=Subquery(_answers(viewer, "pk").values("session__starts_at")[:1]),
        called_at=Subquery(tried.order_by("-at").values("at")[:1]),
        asks_why=Q(pk__in=unexplained_to(viewer).values("pk")),
    )
    waited_since = days_ago(COUNSELORS_OWN_DAYS, viewer.now, viewer.organization.zone)
    related = cases.select_related("client", "counselor")
    found = [each for each in related if _asks_for_a_call(each, times[each.pk], waited_since)]
    return sorted(found, key=lambda each: (each.last_at, each.pk))


def _asks_for_a_call(episode: Any, times: Sequence[SessionTime], waited_since: dt.datetime) -> bool:
    if episode.last_at is None or not times:
        return False
    missed = episode.last_status == Session.Status.MISSED
    since = episode.last_at if missed else episode.answered_at
    if since is None or (episode.called_at is not None and episode.called_at >= since):
        return False
    silent = _unanswered(times, since)
    if missed:
        return bool(episode.last_at < waited_since)
    return silent > QUIET_AFTER or bool(silent == QUIET_AFTER and episode.last_at < waited_since)


def _reach_row(episode: Any, viewer: Viewer) -> ListRow:
    zone = viewer.organization.zone
    is_quiet = episode.last_status != Session.Status.MISSED
    since = episode.answered_at if is_quiet else episode.last_at
    words = {"day": _local_day(since, zone)}
    return ListRow(
        episode=episode,
        why=(_("no answer since %(day)s") if is_quiet else _("did not come on %(day)s")) % words,
        days=(viewer.today - episode.last_at.astimezone(zone).date()).days,
        chips=[RATINGS_SAY[Concern.QUIET]] if is_quiet else [],
        asks_why=episode.asks_why,
    )


def _local_day(at: dt.datetime, zone: dt.tzinfo) -> str:
    return date_format(at.astimezone(zone).date(), "MONTH_DAY_FORMAT")
