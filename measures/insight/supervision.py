"""The supervisor's two lists, over every case at once: a row needs no history of its own.

A page of twenty counselors and a thousand clients asks the database a fixed number of times, so
whom to talk about comes from the flags alone, and whom to reach from the last sessions alone.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from measures.insight.absences import GOT_THROUGH, QUIET_AFTER
from measures.insight.chips import RATINGS_SAY, Chip, Concern, did_chip
from measures.models import Flag, Rater, Rating
from sessions.access import Viewer, unexplained_to
from sessions.models import Contact, Episode, Session
from sessions.workdays import days_ago

# The counselor's own time for a call, before it is on the supervisor's list.
COUNSELORS_OWN_DAYS = 2
# A list as long as anybody will read; the rest is on each counselor's agenda.
MOST_ROWS = 60
LATELY = dt.timedelta(days=120)


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
    talk = [_talk_row(flag, viewer) for flag in _flags_to_talk_about(viewer)]
    reach = [_reach_row(episode, viewer) for episode in _episodes_to_reach(viewer)]
    return Lists(talk[:MOST_ROWS], len(talk), reach[:MOST_ROWS], len(reach))


def supervised(viewer: Viewer) -> QuerySet[Episode]:
    """Episodes, neither closed nor on hold, of the counselors supervised today."""
    others = Q(counselor__in=viewer.supervises) & ~Q(counselor=viewer.membership)
    return Episode.objects.clinical_to(viewer).running(viewer.today).filter(others)


def _flags_to_talk_about(viewer: Viewer) -> QuerySet[Flag]:
    """Not yet talked about: one to a case, since one stands to a rater, the client's first."""
    flags = Flag.objects.open_to(viewer).running(viewer.today)
    theirs = flags.not_yet_talked_about(viewer.today).filter(
        episode__in=supervised(viewer).values("pk")
    )
    asking = theirs.annotate(asks_why=Q(episode__in=unexplained_to(viewer).values("pk")))
    related = asking.select_related(
        "episode__client", "episode__counselor", "onset", "first_rating__session"
    )
    return related.order_by("raised_at", "pk")


def _talk_row(flag: Any, viewer: Viewer) -> ListRow:
    zone = viewer.organization.zone
    since = (flag.onset or flag.first_rating.session).starts_at.astimezone(zone).date()
    day = date_format(since, "MONTH_DAY_FORMAT")
    if flag.rater == Rater.COUNSELOR:
        why = _("the counselor's own ratings are lower since %(day)s")
    else:
        why = _("lower since %(day)s")
    return ListRow(
        episode=flag.episode,
        why=why % {"day": day},
        days=(viewer.today - flag.raised_at.astimezone(zone).date()).days,
        chips=[RATINGS_SAY[Concern.LOWER], did_chip(flag, viewer.today)],
        asks_why=flag.asks_why,
        flag=flag,
    )


def _episodes_to_reach(viewer: Viewer) -> list[Any]:
    """Whose last session was missed, or who did not answer about the last few.

    Longest first, and only after the counselor had two working days for it.
    """
    past = Session.objects.visible_to(viewer).filter(
        starts_at__lte=viewer.now, status__in=[Session.Status.HELD, Session.Status.MISSED]
    )
    last = past.filter(episode=OuterRef("pk")).order_by("-starts_at", "-pk")
    answers = Rating.objects.open_to(viewer).current().by(Rater.CLIENT)
    answered = answers.filter(session__episode=OuterRef("pk")).order_by("-session__starts_at")
    tried = (
        Contact.objects.clinical_to(viewer)
        .standing()
        .filter(episode=OuterRef("pk"), outcome__in=GOT_THROUGH)
    )
    cases: Any = supervised(viewer).annotate(
        last_at=Subquery(last.values("starts_at")[:1]),
        last_status=Subquery(last.values("status")[:1]),
        answered_at=Subquery(answered.values("session__starts_at")[:1]),
        called_at=Subquery(tried.order_by("-at").values("at")[:1]),
        asks_why=Q(pk__in=unexplained_to(viewer).values("pk")),
    )
    lately = past.filter(
        starts_at__gte=viewer.now - LATELY, episode__in=supervised(viewer).values("pk")
    )
    times: dict[int, list[dt.datetime]] = defaultdict(list)
    for episode, starts_at in lately.values_list("episode_id", "starts_at"):
        times[episode].append(starts_at)
    waited_since = days_ago(COUNSELORS_OWN_DAYS, viewer.now, viewer.organization.zone)
    related = cases.select_related("client", "counselor")
    found = [each for each in related if _asks_for_a_call(each, times[each.pk], waited_since)]
    return sorted(found, key=lambda each: (each.last_at, each.pk))


def _asks_for_a_call(episode: Any, times: Sequence[dt.datetime], waited_since: dt.datetime) -> bool:
    """`times`: when its sessions were, lately. What is longer ago is not for a call any more."""
    if episode.last_at is None or not times:
        return False
    missed = episode.last_status == Session.Status.MISSED
    since = episode.last_at if missed else episode.answered_at
    if since is None or (episode.called_at is not None and episode.called_at >= since):
        return False
    silent = sum(at > since for at in times)
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
