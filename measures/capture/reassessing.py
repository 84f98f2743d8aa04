"""Stored assessments brought up to the engine, the parameters and the sensitivity of today.

An episode is stale for a rater when an assessment is missing, has failed, names another engine or
other parameters, or was held to another limit than today's, as after a change of sensitivity.
What is not stale is left alone, so that a run that was interrupted goes on where it ended.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from django.db import transaction

from measures.capture.assessing import COMPUTED, assess_episode
from measures.capture.parameters import parameters_of
from measures.capture.rating_tables import BATCH, batches_of, held_sessions
from measures.models import Assessment, Flag, Rater, Rating
from measures.trend import ENGINE, Parameters, Sensitivity
from sessions.models import Episode, Organization
from sessions.wall import transaction_of

Advance = Callable[[int], None]
Clock = Callable[[], dt.datetime]
Row = dict[str, Any]
ByRater = Mapping[str, Parameters]

SAME_LIMIT = 1e-9


@dataclass(slots=True)
class Changes:
    """What assessing episodes anew changed, or would change.

    episodes      looked at
    stale         of these, assessed anew
    not_computed  of these, where the engine failed for a rater; what was stored stands
    rewritten     assessments with any other value, new ones included
    statuses      how many ratings went from one status to another
    raised        flags: new ones,
    withdrawn     those nobody had acted on and the ratings no longer show,
    kept          those that were open and still are
    """

    episodes: int = 0
    stale: int = 0
    not_computed: int = 0
    rewritten: int = 0
    statuses: Counter[tuple[str, str]] = field(default_factory=Counter)
    raised: int = 0
    withdrawn: int = 0
    kept: int = 0

    def add(self, other: Changes) -> None:
        """Count in what other episodes came to."""
        self.episodes += other.episodes
        self.stale += other.stale
        self.not_computed += other.not_computed
        self.rewritten += other.rewritten
        self.statuses += other.statuses
        self.raised += other.raised
        self.withdrawn += other.withdrawn
        self.kept += other.kept


def reassess(
    *,
    organization: Organization,
    clock: Clock,
    dry_run: bool,
    batch: int = BATCH,
    advance: Advance,
) -> Changes:
    """Assess every stale episode of an organization anew, open or closed, by both raters.

    Each is locked and assessed in a short transaction of its own, which ``dry_run`` takes back
    after counting. ``batch`` episodes are looked at together, and memory does not grow with the
    rest. ``clock`` tells the time of each; ``advance`` is told the number of episodes done since
    it last was. Raises BrokenParameterSet before anything is changed.
    """
    changes = Changes()
    by_rater = current_parameters(organization)
    for episodes in batches_of(organization, size=batch):
        with transaction_of(organization.pk):
            stale = _stale_raters(episodes, by_rater, Sensitivity(organization.sensitivity))
        changes.add(Changes(episodes=len(episodes)))
        advance(len(episodes) - len(stale))
        for episode, raters in stale.items():
            changes.add(_reassess(organization, episode, sorted(raters), clock(), dry_run=dry_run))
            advance(1)
    return changes


def current_parameters(organization: Organization) -> ByRater:
    """Return what the engine goes by in an organization, by rater. Raises BrokenParameterSet."""
    with transaction_of(organization.pk):
        return {rater: parameters_of(organization, rater) for rater in Rater.values}


# ---- what is stale ----


def _stale_raters(
    episodes: Sequence[int], by_rater: ByRater, sensitivity: Sensitivity
) -> dict[int, set[str]]:
    """The raters to assess anew, for each episode that has some. Two queries for all."""
    sessions = held_sessions(episodes)
    places = {
        session: (episode, position)
        for episode, held in sessions.items()
        for position, session in enumerate(held)
    }
    longest = max(map(len, sessions.values()), default=1)
    limits = {rater: each.limits.at(sensitivity, longest) for rater, each in by_rater.items()}
    stale: dict[int, set[str]] = defaultdict(set)
    for row in _assessed_ratings(episodes):
        if row["session_id"] in places:  # missed after all, or in a group: assessed by nobody
            episode, position = places[row["session_id"]]
            rater = row["rater"]
            if not _is_current(row, by_rater[rater].version, float(limits[rater][position])):
                stale[episode].add(rater)
    return stale


def _assessed_ratings(episodes: Sequence[int]) -> Iterable[Row]:
    ratings = Rating.objects.current().filter(session__episode__in=episodes).order_by("pk")
    names = ("status", "engine", "parameters", "limit")
    yield from ratings.values("session_id", "rater", *(f"assessment__{name}" for name in names))


def _is_current(row: Row, version: str, limit: float) -> bool:
    if row["assessment__status"] in {None, Assessment.Status.FAILED}:
        return False
    if (row["assessment__engine"], row["assessment__parameters"]) != (ENGINE, version):
        return False
    stored = row["assessment__limit"]
    return stored is None or math.isclose(stored, limit, abs_tol=SAME_LIMIT)


# ---- one episode ----


@dataclass(frozen=True, slots=True)
class _Stored:
    """What is stored about some raters of an episode: assessments by rating, states by flag."""

    assessments: dict[int, Row]
    flags: dict[int, str]

    @classmethod
    def of(cls, episode: Episode, raters: Sequence[str]) -> Self:
        ratings = Rating.objects.current().filter(session__episode=episode, rater__in=raters)
        assessments = Assessment.objects.filter(rating__in=ratings.values("pk"))
        flags = Flag.objects.filter(episode=episode, rater__in=raters)
        return cls(
            {row.pop("rating_id"): row for row in assessments.values("rating_id", *COMPUTED)},
            dict(flags.values_list("pk", "state")),
        )


def _reassess(
    organization: Organization,
    key: int,
    raters: Sequence[str],
    now: dt.datetime,
    *,
    dry_run: bool,
) -> Changes:
    with transaction_of(organization.pk):
        locked = Episode.objects.select_for_update(of=("self",)).select_related("organization")
        episode = locked.filter(pk=key).first()
        if episode is None:  # erased since the batch was read
            return Changes()
        before = _Stored.of(episode, raters)
        computed = [assess_episode(episode=episode, rater=rater, now=now) for rater in raters]
        after = _Stored.of(episode, raters)
        if dry_run:
            transaction.set_rollback(True)
    changes = _compare(before, after)
    changes.stale, changes.not_computed = 1, int(not all(computed))
    return changes


def _compare(before: _Stored, after: _Stored) -> Changes:
    was, now = before.assessments, after.assessments
    statuses = Counter(
        (was[rating]["status"], row["status"]) for rating, row in now.items() if rating in was
    )
    withdrawn, still_open = Flag.State.WITHDRAWN, Flag.OPEN_STATES
    states = [(before.flags.get(flag), state) for flag, state in after.flags.items()]
    return Changes(
        rewritten=sum(row != was.get(rating) for rating, row in now.items()),
        statuses=Counter({pair: count for pair, count in statuses.items() if pair[0] != pair[1]}),
        raised=sum(earlier is None for earlier, _ in states),
        withdrawn=sum(state == withdrawn and earlier != state for earlier, state in states),
        kept=sum(earlier in still_open and state in still_open for earlier, state in states),
    )
