"""Who did not come, or does not answer, of a whole team at once: whom a supervisor would reach.

Each query reads one kind of thing of every case in one pass. Asked case by case, inside one query,
the same took a minute on a database that has no statistics yet, as after an import.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Case, Exists, F, Max, OuterRef, Q, QuerySet, Value, When, Window
from django.db.models.functions import RowNumber

from measures.insight.absences import GOT_THROUGH, QUIET_AFTER
from measures.models import Rater, Rating, RatingRequest
from sessions.access import Viewer
from sessions.models import Client, Episode, Session
from sessions.workdays import days_ago

# The counselor's own time for a call, before it is on the supervisor's list.
COUNSELORS_OWN_DAYS = 2
# What is longer ago is not for a call any more.
LATELY = dt.timedelta(days=120)
# One more than makes somebody quiet: then their counselor's time was over before the last.
FEW = QUIET_AFTER + 1
ANSWERED = "answered"
# A contact that stands and got through, of an episode.
GOT_THROUGH_TO = Q(contacts__withdrawn_at__isnull=True, contacts__outcome__in=GOT_THROUGH)


@dataclass(frozen=True, slots=True)
class Past:
    """A session that was held or missed, and whether its client was asked about it."""

    at: dt.datetime
    was_missed: bool
    is_asked: bool


@dataclass(slots=True)
class Recent:
    """The last few sessions of an episode, in order, and the last one its client answered about."""

    past: list[Past] = field(default_factory=list)
    answered_at: dt.datetime | None = None

    @property
    def is_quiet(self) -> bool:
        """They were asked a few times since they last answered: see `unanswered_sessions`."""
        return self._silent() >= QUIET_AFTER

    def call_due_since(self, waited_since: dt.datetime) -> dt.datetime | None:
        """When what asks for a call began; None in the counselor's own time, or for nothing."""
        if not self.past:
            return None
        last = self.past[-1]
        if last.was_missed:
            return last.at if last.at < waited_since else None
        if not self.is_quiet or (self._silent() == QUIET_AFTER and last.at >= waited_since):
            return None
        return self.answered_at

    def _silent(self) -> int:
        since = self.answered_at
        return sum(each.is_asked and since is not None and each.at > since for each in self.past)


@dataclass(frozen=True, slots=True)
class Silence:
    """Since the session they missed, or the last one they answered about if they are quiet."""

    episode: Episode
    is_quiet: bool
    since: dt.datetime
    last_at: dt.datetime


def recent(viewer: Viewer, episodes: QuerySet[Episode]) -> defaultdict[int, Recent]:
    """By episode. Of those who had no session lately, no session.

    One query: whoever is asked about every third session has more sessions in it than others.
    """
    keys = episodes.order_by().values("pk")
    rows: Any = _last_few(viewer, keys).union(_last_answered(viewer, keys), all=True)
    found: defaultdict[int, Recent] = defaultdict(Recent)
    for episode, at, status, is_asked in sorted(rows, key=lambda row: row[1]):
        if status == ANSWERED:
            found[episode].answered_at = at
        else:
            found[episode].past.append(Past(at, status == Session.Status.MISSED, is_asked))
    return found


def silences(
    viewer: Viewer, episodes: QuerySet[Episode], lately: Mapping[int, Recent]
) -> list[Silence]:
    """Those a call is due to, the longest first, after their counselor's own time for it."""
    waited_since = days_ago(COUNSELORS_OWN_DAYS, viewer.now, viewer.organization.zone)
    began = {pk: each.call_due_since(waited_since) for pk, each in lately.items()}
    since = {pk: at for pk, at in began.items() if at is not None}
    cases: Any = episodes.filter(pk__in=since).annotate(
        called_at=Max("contacts__at", filter=GOT_THROUGH_TO)
    )
    found = []
    for case in cases:
        last = lately[case.pk].past[-1]
        if case.called_at is None or case.called_at < since[case.pk]:
            found.append(Silence(case, not last.was_missed, since[case.pk], last.at))
    return sorted(found, key=lambda each: (each.last_at, each.episode.pk))


def _last_few(viewer: Viewer, keys: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    """The last few the client was asked about, and the last few they were not.

    What they say of a group is a line of its own: it breaks no silence, and makes none.
    """
    requests = RatingRequest.objects.visible_to(viewer).filter(withdrawn_at__isnull=True)
    asked = requests.filter(session=OuterRef("pk"))
    every = Q(episode__client__cadence=Client.Cadence.EVERY)
    expects = Q(group__isnull=True) & (every | Exists(asked))
    latest_first = Window(
        RowNumber(),
        partition_by=[F("episode"), F("is_asked")],
        order_by=[F("starts_at").desc(), F("pk").desc()],
    )
    lately = Session.objects.visible_to(viewer).past(viewer.now)
    sessions = lately.filter(episode__in=keys, starts_at__gte=viewer.now - LATELY)
    ranked = sessions.annotate(
        is_asked=Case(When(expects, then=Value(value=True)), default=Value(value=False))
    ).annotate(rank=latest_first)
    return ranked.filter(rank__lte=FEW).values_list("episode", "starts_at", "status", "is_asked")


def _last_answered(viewer: Viewer, keys: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    answers = Rating.objects.open_to(viewer).current().by(Rater.CLIENT).alone()
    of_each = answers.filter(session__episode__in=keys).values("session__episode")
    latest = of_each.annotate(
        at=Max("session__starts_at"), status=Value(ANSWERED), is_asked=Value(value=True)
    )
    return latest.values_list("session__episode", "at", "status", "is_asked")
