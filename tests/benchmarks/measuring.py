"""Shared measuring tools: limits of equal false-alarm hazard, and what is found at them.

Evidence has the shape (episodes, sessions), bigger for a weakening; limits have the shape
(sessions,). A session is flagged when its evidence is above its limit. NaN is a session that is
not judged: it is neither flagged nor counted. -inf is judged and never flagged.
A hazard is the share of first flags among the judged sessions of episodes not flagged before.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.generators import Drawn, Table, Weakening, World

FIRST_JUDGED = 3  # session number; nothing is concluded from fewer
FEWEST_FACETS = 2
HAZARD = 0.015

Flags = NDArray[np.int64]
Rule = Callable[[Table], Table]  # ratings to evidence
Foretold = Callable[[Drawn, Weakening], Table]


@dataclass(frozen=True, slots=True)
class Share:
    """A share and its standard error."""

    value: float
    error: float

    @classmethod
    def of(cls, found: int, among: int) -> Share:
        if not among:
            return cls(math.nan, math.nan)
        value = found / among
        return cls(value, math.sqrt(value * (1 - value) / among))


@dataclass(frozen=True, slots=True)
class Hazard:
    """First flags per 100 judged sessions of episodes not flagged before, with standard errors.

    ``by_session`` and its error have the shape (sessions,), NaN where nothing was judged.
    """

    overall: float
    error: float
    by_session: Table
    by_session_error: Table


def scores(ratings: Table) -> Table:
    """Return the mean of the facets rated, at least two; (..., 3) to (...)."""
    rated = np.isfinite(ratings)
    count = rated.sum(axis=-1)
    total = np.where(rated, ratings, 0.0).sum(axis=-1)
    return np.where(count >= FEWEST_FACETS, total / np.maximum(count, 1), np.nan)


def untied(evidence: Table, seed: int = 0, size: float = 1e-6) -> Table:
    """Break ties at random, so that limits can meet a hazard exactly; the shape stays."""
    return evidence + size * np.random.default_rng(seed).random(evidence.shape)


def session_limits(evidence_null: Table, hazard: float = HAZARD) -> Table:
    """Return the limit of each session, (sessions,), that gives null episodes the hazard.

    One session after the other: among the episodes judged there and not flagged before, the limit
    is the smallest evidence with at most a share ``hazard`` above it. With ties the hazard comes
    out below nominal, never above; ``untied`` evidence meets it. +inf where nobody is judged.
    """
    limits = np.full(evidence_null.shape[1], np.inf)
    open_ = np.ones(len(evidence_null), dtype=bool)
    for session in range(FIRST_JUDGED - 1, len(limits)):
        column = evidence_null[:, session]
        judged = np.sort(column[open_ & ~np.isnan(column)])
        if len(judged):
            limits[session] = judged[len(judged) - 1 - int(hazard * len(judged))]
        open_ &= ~(column > limits[session])
    return limits


def first_flags(evidence: Table, limits: Table) -> Flags:
    """Return the index of the first flagged session of each episode, or -1; (episodes,)."""
    flagged = evidence > limits
    return np.where(flagged.any(axis=1), flagged.argmax(axis=1), -1)


def _first_flagged_and_judged(evidence: Table, limits: Table) -> tuple[Flags, Flags]:
    """Count, per session from the first judged one on, first flags and those who could be."""
    first = first_flags(evidence, limits)
    last = np.where(first < 0, evidence.shape[1], first)[:, np.newaxis]
    session = np.arange(evidence.shape[1])
    judged = ~np.isnan(evidence) & (session <= last) & (session >= FIRST_JUDGED - 1)
    flagged = judged & (session == last)
    return flagged.sum(axis=0), judged.sum(axis=0)


def hazard(evidence: Table, limits: Table) -> Hazard:
    """Return the false-alarm hazard of steady episodes, overall and by session, per 100.

    Whether a flag comes next is a draw of its own given what came before, so binomial errors hold.
    """
    flagged, judged = _first_flagged_and_judged(evidence, limits)
    overall = Share.of(int(flagged.sum()), int(judged.sum()))
    each = [Share.of(int(f), int(j)) for f, j in zip(flagged, judged, strict=True)]
    return Hazard(
        overall=100 * overall.value,
        error=100 * overall.error,
        by_session=100 * np.array([share.value for share in each]),
        by_session_error=100 * np.array([share.error for share in each]),
    )


def detection(evidence: Table, limits: Table, weakening: Weakening) -> Share:
    """Return the share first flagged in time, among episodes without a flag before the onset.

    In time is in the sessions onset ... onset + within - 1, counted from 1.
    """
    first = first_flags(evidence, limits)
    onset = weakening.onset - 1
    open_ = (first < 0) | (first >= onset)
    found = open_ & (first >= 0) & (first < onset + weakening.within)
    return Share.of(int(found.sum()), int(open_.sum()))


def positive_predictive_value(detected: float, hazard: float, onsets: float = 0.03) -> float:
    """Return the share of flags that are right, from shares per session, not per 100.

    ``onsets`` weakenings begin per session, a share ``detected`` of them is found, and
    ``hazard`` flags are raised per session with nothing behind them.
    """
    right = onsets * detected
    return right / (right + hazard) if right + hazard else math.nan


@dataclass(frozen=True, slots=True)
class Sample:
    """Episodes of one world to measure a rule on: steady ones, and some of each weakening."""

    steady: Drawn
    weakened: tuple[tuple[Weakening, Drawn], ...]


def sample(
    world: World, seed: int, *, steady: int = 3000, weakened: int = 700, sessions: int = 18
) -> Sample:
    """Draw ``steady`` episodes and ``weakened`` of each scenario of a world."""
    rng = np.random.default_rng(seed)
    null = world.steady(rng, steady, sessions)
    each = [(what, world.weakened(rng, weakened, sessions, what)) for what in world.scenarios]
    return Sample(null, tuple(each))


def detections(rule: Rule, on: Sample, hazard: float = HAZARD) -> dict[str, Share]:
    """Return what a rule finds of each scenario, by name, at session limits from the steady.

    The rule takes ratings, (episodes, sessions, 3), and returns evidence; ties are broken.
    """
    limits = session_limits(untied(rule(on.steady.ratings)), hazard)
    return {
        what.name: detection(untied(rule(drawn.ratings), seed=1), limits, what)
        for what, drawn in on.weakened
    }


def detections_foretold(rule: Foretold, on: Sample, hazard: float = HAZARD) -> dict[str, Share]:
    """Return the same for a rule that is told the scenario, with limits of its own for each."""
    return {
        what.name: detection(
            untied(rule(drawn, what), seed=1),
            session_limits(untied(rule(on.steady, what)), hazard),
            what,
        )
        for what, drawn in on.weakened
    }


# How much each kind counts in a mean over scenarios, however many scenarios it has: the mix that
# the science behind the flags was worked out on.
KIND_WEIGHTS = {"step": 0.4, "dip": 0.2, "ramp": 0.2, "facet": 0.2}


def mean_share(shares: dict[str, Share], scenarios: Sequence[Weakening]) -> Share:
    """Return the mean over kinds of weakening, ``shares`` by the scenario's name.

    The error leaves out what the limits have in common.
    """
    kinds = [what.kind for what in scenarios]
    weights = np.array([KIND_WEIGHTS[kind] / kinds.count(kind) for kind in kinds])
    weights /= weights.sum()
    found = [shares[what.name] for what in scenarios]
    return Share(
        float(weights @ [share.value for share in found]),
        float(np.sqrt(weights**2 @ [share.error**2 for share in found])),
    )
