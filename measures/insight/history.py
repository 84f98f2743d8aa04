"""What a viewer may know of an episode now: its sessions, answers and flags, in a few queries.

Every page that tells how a client is doing starts here, so the blind rule is applied once: what
is hidden from this viewer is not in a history at all.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TypeVar

from django.db.models import Q

from measures.insight.trend_points import RaterPoint, TrendPoint
from measures.models import Assessment, Flag, Rater, Rating, blind_sessions
from sessions.access import Viewer
from sessions.models import Contact, Episode, Pause, Session

MIN_FACETS = 2

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class History:
    """One episode as one viewer sees it: sessions in order, without cancelled ones.

    `sessions` are the client's own; those in a group are a line of their own, which no sentence,
    chip, chart or order of a list is made from. Whether somebody comes is asked of both.
    """

    episode: Episode
    zone: dt.tzinfo
    sessions: list[Session] = field(default_factory=list)
    group_sessions: list[Session] = field(default_factory=list)
    ratings: dict[tuple[int, str], Rating] = field(default_factory=dict)
    flags: list[Flag] = field(default_factory=list)
    # Calls and letters that stand, oldest first.
    contacts: list[Contact] = field(default_factory=list)
    pause: Pause | None = None
    today: dt.date = dt.date.max
    hidden_from: dt.datetime | None = None
    # On hold, and expected back before today.
    is_overdue: bool = False
    # The latest sessions of the episode before, with somebody else, where the client did not come
    # to them. They are in no sentence but that a call is due: attendance is the client's schedule.
    missed_before: list[Session] = field(default_factory=list)

    def rating(self, session: Session, rater: str) -> Rating | None:
        return self.ratings.get((session.pk, rater))

    def by(self, rater: str) -> list[Rating]:
        """That rater's answers in session order; declined ones are among them."""
        found = (self.rating(session, rater) for session in self.sessions)
        return [rating for rating in found if rating is not None]

    @property
    def answered(self) -> list[Rating]:
        """The client's ratings that have a score; declined and nearly empty ones have none."""
        return [rating for rating in self.by(Rater.CLIENT) if score_of(rating) is not None]

    @property
    def past_sessions(self) -> list[Session]:
        """Held and missed, as far as the viewer may look."""
        return [
            session
            for session in self.sessions
            if session.status != Session.Status.SCHEDULED
            and (self.hidden_from is None or session.starts_at < self.hidden_from)
        ]

    @property
    def held(self) -> list[Session]:
        return [session for session in self.sessions if session.status == Session.Status.HELD]

    @property
    def groups_held(self) -> list[Session]:
        return [each for each in self.group_sessions if each.status == Session.Status.HELD]

    @property
    def attendances(self) -> list[Session]:
        """Their own and those in a group, in order."""
        return sorted([*self.sessions, *self.group_sessions], key=lambda each: each.starts_at)

    @property
    def scheduled(self) -> list[Session]:
        return [each for each in self.sessions if each.status == Session.Status.SCHEDULED]

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

    @property
    def open_flag(self) -> Flag | None:
        """The flag to talk about first: the client's before the counselor's.

        None while the episode is on hold: it asks for a conversation when they are back.
        """
        if self.pause is not None:
            return None
        return min(
            (flag for flag in self.flags if flag.state in Flag.OPEN_STATES),
            key=lambda flag: (flag.rater != Rater.CLIENT, flag.raised_at),
            default=None,
        )

    @property
    def waits_for_talk(self) -> bool:
        """Whether its open flag asks for a conversation today."""
        flag = self.open_flag
        return flag is not None and flag.waits_on(self.today)

    @property
    def last_assessment(self) -> Assessment | None:
        """What the engine concluded after the client's last answers."""
        return assessment_of(self.answered[-1]) if self.answered else None


def histories(viewer: Viewer, episodes: Sequence[Episode]) -> list[History]:
    """The histories of these episodes, in their order, by a fixed number of queries."""
    keys = [episode.pk for episode in episodes]
    before = {episode.pk: episode.continues_id for episode in episodes if episode.continues_id}
    every = list(_sessions(keys, list(before.values())))
    attended = _grouped(every, lambda session: session.episode_id)
    alone = (session for session in every if session.group_id is None)
    sessions = _grouped(alone, lambda session: session.episode_id)
    in_group = (session for session in every if session.group_id is not None)
    group_sessions = _grouped(in_group, lambda session: session.episode_id)
    ratings = _grouped(_ratings(viewer, keys), lambda rating: rating.session.episode_id)
    flags = _grouped(_flags(viewer, keys), lambda flag: flag.episode_id)
    contacts = _grouped(
        _contacts(viewer, keys, list(before.values())), lambda contact: contact.episode_id
    )
    pauses = {
        pause.episode_id: pause for pause in Pause.objects.on(viewer.today).filter(episode__in=keys)
    }
    hidden = _hidden_from(viewer, keys)
    return [
        History(
            episode=episode,
            zone=viewer.organization.zone,
            sessions=sessions[episode.pk],
            group_sessions=group_sessions[episode.pk],
            ratings={(rating.session_id, rating.rater): rating for rating in ratings[episode.pk]},
            flags=flags[episode.pk],
            contacts=[*contacts[before.get(episode.pk, 0)], *contacts[episode.pk]],
            pause=pauses.get(episode.pk),
            today=viewer.today,
            hidden_from=hidden.get(episode.pk),
            is_overdue=episode.pk in pauses and pauses[episode.pk].is_overdue(viewer.today),
            missed_before=missed_last(attended[before.get(episode.pk, 0)]),
        )
        for episode in episodes
    ]


def missed_last(sessions: Sequence[Session]) -> list[Session]:
    """The latest of these, as far as they were missed; in order. Attendance is never blind."""
    past = [each for each in sessions if each.status != Session.Status.SCHEDULED]
    run = list(takewhile(lambda each: each.status == Session.Status.MISSED, reversed(past)))
    return run[::-1]


def assessment_of(rating: Rating) -> Assessment | None:
    """What was concluded after a rating; None if the engine failed on it."""
    assessment: Assessment | None = getattr(rating, "assessment", None)
    failed = assessment is None or assessment.status == Assessment.Status.FAILED
    return None if failed else assessment


def trend_points(history: History) -> list[TrendPoint]:
    """The chart's points: held and missed sessions in order, times in the organization's zone."""
    flagged = {
        flag.first_rating.session_id: flag
        for flag in reversed(history.flags)
        if flag.rater == Rater.CLIENT
    }
    points = []
    number = 0
    for session in history.sessions:
        if session.status == Session.Status.SCHEDULED:
            continue
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


def rater_point(rating: Rating | None) -> RaterPoint:
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


def score_of(rating: Rating) -> float | None:
    """The mean of the facets given, where at least two were."""
    given = [value for value in rating.facet_values if value is not None]
    return sum(given) / len(given) if len(given) >= MIN_FACETS else None


def _sessions(episodes: Sequence[int], before: Sequence[int]) -> Iterable[Session]:
    transferred = Q(episode__in=before, episode__reason=Episode.Reason.TRANSFERRED)
    wanted = Q(episode__in=episodes) | transferred
    return Session.objects.not_cancelled().filter(wanted).order_by("starts_at", "pk")


def _ratings(viewer: Viewer, episodes: Sequence[int]) -> Iterable[Rating]:
    readable = Rating.objects.open_to(viewer).current().filter(session__episode__in=episodes)
    return readable.select_related("session", "assessment").defer("sealed_note", "answers")


def _flags(viewer: Viewer, episodes: Sequence[int]) -> Iterable[Flag]:
    readable = Flag.objects.open_to(viewer).with_talks().exclude(state=Flag.State.WITHDRAWN)
    of_episodes = readable.filter(episode__in=episodes).select_related(
        "first_rating__session", "last_rating__session", "onset"
    )
    return of_episodes.order_by("raised_at", "pk")


def _contacts(viewer: Viewer, episodes: Sequence[int], before: Sequence[int]) -> Iterable[Contact]:
    """Of these episodes; and whom the counselor before reached, so that nobody calls twice."""
    readable = Contact.objects.clinical_to(viewer).filter(episode__in=episodes).values("pk")
    of_transferred = Q(episode__in=before, episode__reason=Episode.Reason.TRANSFERRED)
    standing = Contact.objects.standing()
    return standing.filter(Q(pk__in=readable) | of_transferred).order_by("at", "pk")


def _hidden_from(viewer: Viewer, episodes: Sequence[int]) -> dict[int, dt.datetime]:
    """From which session on the blind rule hides what the client answered, per episode."""
    blind = blind_sessions(viewer).alone().filter(episode__in=episodes).order_by("-starts_at")
    return dict(blind.values_list("episode", "starts_at"))


def _grouped(rows: Iterable[T], key: Callable[[T], int]) -> defaultdict[int, list[T]]:
    groups: defaultdict[int, list[T]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups
