"""What a viewer may know of an episode now: its sessions, answers and flags, in a few queries.

Every page that tells how a client is doing starts here, so the blind rule is applied once: what
is hidden from this viewer is neither in an outline nor in a history at all.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import Q

from measures.insight.outline import (
    Answer,
    AnyOutline,
    Conclusion,
    Met,
    Outline,
    assessment_of,
    missed_last,
    score_of,
)
from measures.insight.trend_points import RaterPoint, TrendPoint
from measures.models import FACETS, Flag, Rater, Rating, RatingRequest, Repair, blind_sessions
from measures.models.flags import FlagQuerySet
from sessions.access import Viewer
from sessions.models import Client, Contact, Episode, Pause, Session
from sessions.models.meetings import SessionQuerySet

T = TypeVar("T", Session, Flag, Contact)


@dataclass(frozen=True)
class History(Outline[Session, Rating]):
    """An outline of whole rows, both raters' ratings among them: what a page is drawn from."""

    def to_log(self, today: dt.date) -> Session | None:
        """The earliest session, up to today's, of which nobody has said what became of it."""
        due = (
            session
            for session in self.scheduled
            if session.starts_at.astimezone(self.zone).date() <= today
        )
        return next(due, None)

    def upcoming(self, today: dt.date) -> Session | None:
        """The next session after today."""
        later = (
            session
            for session in self.scheduled
            if session.starts_at.astimezone(self.zone).date() > today
        )
        return next(later, None)


def histories(viewer: Viewer, episodes: Sequence[Episode]) -> list[History]:
    """The histories of these episodes, in their order, by a fixed number of queries."""
    keys = [episode.pk for episode in episodes]
    every = list(_sessions(episodes))
    attended = _grouped(every)
    sessions = _grouped(session for session in every if session.group_id is None)
    group_sessions = _grouped(session for session in every if session.group_id is not None)
    flags = _flags(viewer, keys).select_related("last_rating__session", "onset")
    known = _Known(viewer, episodes, flags)
    ratings = _ratings(viewer, {session.pk: session for session in every})
    return [
        History(
            **known.of(episode),
            sessions=sessions[episode.pk],
            group_sessions=group_sessions[episode.pk],
            missed_before=missed_last(attended[episode.continues_id or 0]),
            ratings=ratings,
        )
        for episode in episodes
    ]


def outlines(viewer: Viewer, episodes: Sequence[Episode]) -> list[Outline[Met, Answer]]:
    """The outlines of these episodes, in their order, by as many queries."""
    keys = [episode.pk for episode in episodes]
    attended: defaultdict[int, list[Met]] = defaultdict(list)
    sessions: defaultdict[int, list[Met]] = defaultdict(list)
    group_sessions: defaultdict[int, list[Met]] = defaultdict(list)
    by_pk: dict[int, Met] = {}
    values: Any = _sessions(episodes).values_list("episode", "group", *Met._fields)
    for episode_id, group_id, *met in values:
        session = Met(*met)
        by_pk[session.pk] = session
        attended[episode_id].append(session)
        (sessions if group_id is None else group_sessions)[episode_id].append(session)
    known = _Known(viewer, episodes, _flags(viewer, keys))
    answers = _answers(viewer, keys, by_pk)
    return [
        Outline(
            **known.of(episode),
            sessions=sessions[episode.pk],
            group_sessions=group_sessions[episode.pk],
            missed_before=missed_last(attended[episode.continues_id or 0]),
            ratings=answers,
        )
        for episode in episodes
    ]


class _Known:
    """What an outline and a history have in common: all but sessions and ratings."""

    def __init__(self, viewer: Viewer, episodes: Sequence[Episode], flags: FlagQuerySet) -> None:
        keys = [episode.pk for episode in episodes]
        self.viewer = viewer
        self.flags = _grouped(flags)
        self.talks: defaultdict[int, list[Repair]] = defaultdict(list)
        for talk in _talks(viewer, keys):
            self.talks[talk.flag.episode_id].append(talk)
        self.asked = _asked(viewer, episodes)
        self.contacts = _grouped(_contacts(viewer, keys, _before(episodes)))
        self.pauses = {pause.episode_id: pause for pause in _pauses(viewer, keys)}
        self.hidden_from = _hidden_from(viewer, keys)

    def of(self, episode: Episode) -> dict[str, Any]:
        return {
            "episode": episode,
            "zone": self.viewer.organization.zone,
            "today": self.viewer.today,
            "flags": self.flags[episode.pk],
            "talks": self.talks[episode.pk],
            "asked": self.asked.get(episode.pk),
            "contacts": [*self.contacts[episode.continues_id or 0], *self.contacts[episode.pk]],
            "pause": self.pauses.get(episode.pk),
            "hidden_from": self.hidden_from.get(episode.pk),
        }


def trend_points(history: AnyOutline) -> list[TrendPoint]:
    """The chart's points: held and missed sessions in order, times in the organization's zone."""
    flagged = {
        flag.first_rating.session_id: flag
        for flag in reversed(history.flags)
        if flag.rater == Rater.CLIENT
    }
    points = []
    number = 0
    for session in history.logged:
        missed = session.status == Session.Status.MISSED
        number += not missed
        client = history.rating(session, Rater.CLIENT)
        assessment = assessment_of(client) if client else None
        points.append(
            TrendPoint(
                number=None if missed else number,
                starts_at=session.starts_at.astimezone(history.zone),
                missed=missed,
                client=rater_point(client),
                counselor=rater_point(history.rating(session, Rater.COUNSELOR)),
                expected=assessment.expected if assessment else None,
                low=assessment.low if assessment else None,
                high=assessment.high if assessment else None,
                flag=flag.kind if (flag := flagged.get(session.pk)) else "",
                flag_facets=tuple(flag.facets) if flag else (),
            )
        )
    return points


def rater_point(rating: Rating | Answer | None) -> RaterPoint:
    if rating is None:
        return RaterPoint()
    return RaterPoint(
        score=score_of(rating),
        respect=rating.respect,
        understanding=rating.understanding,
        goals=rating.goals,
        declined=rating.outcome == Rating.Outcome.DECLINED,
        input_kind=rating.input_kind if any(v is not None for v in rating.facet_values) else "",
    )


def _before(episodes: Sequence[Episode]) -> list[int]:
    """The episodes these continue."""
    return [episode.continues_id for episode in episodes if episode.continues_id]


def _sessions(episodes: Sequence[Episode]) -> SessionQuerySet:
    """In order; with those of the episodes before, where the client went on with somebody else."""
    transferred = Q(episode__in=_before(episodes), episode__reason=Episode.Reason.TRANSFERRED)
    wanted = Q(episode__in=[episode.pk for episode in episodes]) | transferred
    return Session.objects.not_cancelled().filter(wanted).order_by("starts_at", "pk")


def _ratings(viewer: Viewer, sessions: Mapping[int, Session]) -> dict[tuple[int, str], Rating]:
    """By session and rater, each with its session, which is not read a second time."""
    episodes = {session.episode_id for session in sessions.values()}
    readable = Rating.objects.open_to(viewer).current().filter(session__episode__in=episodes)
    ratings = {}
    for rating in readable.select_related("assessment").defer("sealed_note", "answers"):
        if rating.session_id in sessions:
            rating.session = sessions[rating.session_id]
            ratings[rating.session_id, rating.rater] = rating
    return ratings


def _answers(
    viewer: Viewer, episodes: Sequence[int], sessions: Mapping[int, Met]
) -> dict[tuple[int, str], Answer]:
    """The client's answers by session and rater, as bare values."""
    readable = Rating.objects.open_to(viewer).current().by(Rater.CLIENT)
    values: Any = readable.filter(session__episode__in=episodes).values_list(
        "session_id",
        "outcome",
        "input_kind",
        *FACETS,
        *(f"assessment__{name}" for name in Conclusion._fields),
    )
    answers = {}
    for session_id, outcome, kind, respect, understanding, goals, *concluded in values:
        if session_id in sessions:
            answers[session_id, Rater.CLIENT.value] = Answer(
                sessions[session_id],
                outcome,
                kind,
                respect,
                understanding,
                goals,
                Conclusion(*concluded) if concluded[0] else None,
            )
    return answers


def _flags(viewer: Viewer, episodes: Sequence[int]) -> FlagQuerySet:
    readable = Flag.objects.open_to(viewer).with_talks().exclude(state=Flag.State.WITHDRAWN)
    of_episodes = readable.filter(episode__in=episodes).select_related("first_rating__session")
    return of_episodes.order_by("raised_at", "pk")


def _talks(viewer: Viewer, episodes: Sequence[int]) -> Iterable[Repair]:
    readable = Repair.objects.open_to(viewer).filter(flag__state__in=Flag.OPEN_STATES)
    of_episodes = readable.filter(flag__episode__in=episodes).select_related("flag")
    return of_episodes.order_by("talked_on", "pk")


def _asked(viewer: Viewer, episodes: Sequence[Episode]) -> dict[int, frozenset[int]]:
    """Of those who are asked after some sessions only, or by hand: which, per episode."""
    every = Client.Cadence.EVERY
    sessions: dict[int, set[int]] = {
        each.pk: set() for each in episodes if each.client.cadence != every
    }
    requests = RatingRequest.objects.visible_to(viewer).filter(
        episode__in=list(sessions), withdrawn_at__isnull=True
    )
    for episode_id, session_id in requests.values_list("episode_id", "session_id"):
        sessions[episode_id].add(session_id)
    return {episode_id: frozenset(asked) for episode_id, asked in sessions.items()}


def _contacts(viewer: Viewer, episodes: Sequence[int], before: Sequence[int]) -> Iterable[Contact]:
    """Of these episodes; and whom the counselor before reached, so that nobody calls twice."""
    readable = Contact.objects.clinical_to(viewer).filter(episode__in=episodes).values("pk")
    of_transferred = Q(episode__in=before, episode__reason=Episode.Reason.TRANSFERRED)
    standing = Contact.objects.standing()
    return standing.filter(Q(pk__in=readable) | of_transferred).order_by("at", "pk")


def _pauses(viewer: Viewer, episodes: Sequence[int]) -> Iterable[Pause]:
    return Pause.objects.on(viewer.today).filter(episode__in=episodes)


def _hidden_from(viewer: Viewer, episodes: Sequence[int]) -> dict[int, dt.datetime]:
    """From which session on the blind rule hides what the client answered, per episode."""
    blind = blind_sessions(viewer).alone().filter(episode__in=episodes).order_by("-starts_at")
    return dict(blind.values_list("episode", "starts_at"))


def _grouped(rows: Iterable[T]) -> defaultdict[int, list[T]]:
    """Rows by the number of their episode."""
    groups: defaultdict[int, list[T]] = defaultdict(list)
    for row in rows:
        groups[row.episode_id].append(row)
    return groups
