"""How an episode stands, from whatever rows it was read as.

A list looks at every client of a counselor, so it is made from outlines of bare values, with the
client's answers alone. The page of one client is made from a `History` (history.py): an outline of
whole rows, the counselor's ratings among them. Chips, concerns, absences, the little trend lines
and the order of a list are worked out from either by the same code.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar, overload

from measures.models import Assessment, Flag, Rater, Rating, Repair
from sessions.models import Contact, Episode, Pause, Session

MIN_FACETS = 2


class Met(NamedTuple):
    """What a list needs of a session."""

    pk: int
    starts_at: dt.datetime
    status: str


class Conclusion(NamedTuple):
    """What a list needs of an assessment."""

    status: str
    kind: str
    score: float | None
    expected: float | None
    low: float | None
    high: float | None


class Answer(NamedTuple):
    """What a list needs of a rating."""

    session: Met
    outcome: str
    input_kind: str
    respect: float | None
    understanding: float | None
    goals: float | None
    assessment: Conclusion | None

    @property
    def facet_values(self) -> tuple[float | None, float | None, float | None]:
        return (self.respect, self.understanding, self.goals)


S = TypeVar("S", Session, Met)
A = TypeVar("A", Rating, Answer)


@dataclass(frozen=True)
class Outline(Generic[S, A]):
    """One episode as one viewer sees it: sessions in order, without cancelled ones.

    `sessions` are the client's own; those in a group are a line of their own, which no sentence,
    chip, chart or order of a list is made from. Whether somebody comes is asked of both.
    """

    episode: Episode
    zone: dt.tzinfo
    today: dt.date
    sessions: list[S]
    group_sessions: list[S]
    ratings: dict[tuple[int, str], A]
    flags: list[Flag]
    # About the flags that are open, oldest first.
    talks: list[Repair]
    # Calls and letters that stand, oldest first.
    contacts: list[Contact]
    pause: Pause | None
    # From this session on, the blind rule keeps the client's answers from the viewer.
    hidden_from: dt.datetime | None
    # The latest sessions of the episode before, with somebody else, where the client did not come
    # to them. They are in no sentence but that a call is due: attendance is the client's schedule.
    missed_before: list[S]
    # The sessions asked about, of a client who is not asked after every one; None: every one.
    asked: frozenset[int] | None

    def rating(self, session: S, rater: str) -> A | None:
        return self.ratings.get((session.pk, rater))

    def by(self, rater: str) -> list[A]:
        """That rater's answers in session order; declined ones are among them."""
        found = (self.rating(session, rater) for session in self.sessions)
        return [rating for rating in found if rating is not None]

    @cached_property
    def answered(self) -> list[A]:
        """The client's ratings that have a score; declined and nearly empty ones have none."""
        return [rating for rating in self.by(Rater.CLIENT) if score_of(rating) is not None]

    @cached_property
    def past_sessions(self) -> list[S]:
        """Held and missed, as far as the viewer may look."""
        return [
            session
            for session in self.sessions
            if session.status != Session.Status.SCHEDULED
            and (self.hidden_from is None or session.starts_at < self.hidden_from)
        ]

    def was_asked(self, session: S) -> bool:
        """Whether an answer was to be expected about it."""
        return self.asked is None or session.pk in self.asked

    @property
    def logged(self) -> list[S]:
        """Held and missed, in order: one to each point of the chart."""
        return [each for each in self.sessions if each.status != Session.Status.SCHEDULED]

    @cached_property
    def held(self) -> list[S]:
        return [session for session in self.sessions if session.status == Session.Status.HELD]

    @property
    def groups_held(self) -> list[S]:
        return [each for each in self.group_sessions if each.status == Session.Status.HELD]

    @cached_property
    def attendances(self) -> list[S]:
        """Their own and those in a group, in order."""
        every: list[S] = self.sessions + self.group_sessions
        return sorted(every, key=lambda each: each.starts_at)

    @cached_property
    def scheduled(self) -> list[S]:
        return [each for each in self.sessions if each.status == Session.Status.SCHEDULED]

    @property
    def is_overdue(self) -> bool:
        """On hold, and expected back before today."""
        return self.pause is not None and self.pause.is_overdue(self.today)

    @property
    def open_flag(self) -> Flag | None:
        """The flag to talk about first: the client's before the counselor's.

        None while the episode is on hold: it asks for a conversation when they are back. None
        when it is over: there is nobody to talk with.
        """
        if self.pause is not None or self.episode.closed_on is not None:
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
    def last_assessment(self) -> Assessment | Conclusion | None:
        """What the engine concluded after the client's last answers."""
        return assessment_of(self.answered[-1]) if self.answered else None


AnyOutline: TypeAlias = Outline[Any, Any]


def missed_last(sessions: Sequence[S]) -> list[S]:
    """The latest of these, as far as they were missed; in order. Attendance is never blind."""
    past = [each for each in sessions if each.status != Session.Status.SCHEDULED]
    run = list(takewhile(lambda each: each.status == Session.Status.MISSED, reversed(past)))
    return run[::-1]


@overload
def assessment_of(rating: Rating) -> Assessment | None: ...
@overload
def assessment_of(rating: Answer) -> Conclusion | None: ...
def assessment_of(rating: Rating | Answer) -> Assessment | Conclusion | None:
    """What was concluded after a rating; None if the engine failed on it."""
    assessment: Assessment | Conclusion | None = getattr(rating, "assessment", None)
    failed = assessment is None or assessment.status == Assessment.Status.FAILED
    return None if failed else assessment


def score_of(rating: Rating | Answer) -> float | None:
    """The mean of the facets given, where at least two were."""
    given = [value for value in rating.facet_values if value is not None]
    return sum(given) / len(given) if len(given) >= MIN_FACETS else None
