"""Assess episodes: from ratings to conclusions, one episode or many by the same steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from statistics import NormalDist
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from .conclusions import flags_of, statuses_of
from .evidence import gather_evidence, log_likelihood, noise_weights
from .interface import (
    FACETS,
    FLAG_KINDS,
    HIGHEST,
    LOWEST,
    STATUSES,
    BatchAssessment,
    EpisodeAssessment,
    RatingTable,
    Sensitivity,
    SessionAssessment,
    read_episodes,
    read_ratings,
)
from .limits import FIRST_JUDGED
from .operators import Floats, Operators, Rated, cached_operators, operators_of
from .parameters import CLIENT, Parameters
from .population import Population
from .standing import track

ENGINE = "mixture-2"

FEWEST_FACETS = 2
BAND = NormalDist().inv_cdf(0.95)
CELLS = 2560
CELLS_APART = 640  # when every episode brings operators of its own
NUMBERS = ("score", "expected", "low", "high", "statistic", "limit", "probability")
Scalar = TypeVar("Scalar", bound=np.generic)
ROUND_LENGTH = 10  # sessions
LONGEST_KEPT = 100  # sessions; operators of longer ones are made anew
WORTH_SHARING = 4  # episodes that rated the same sessions, from which on one operator serves them


def assess(
    ratings: RatingTable,
    *,
    parameters: Parameters = CLIENT,
    sensitivity: Sensitivity = Sensitivity.STANDARD,
) -> EpisodeAssessment:
    """Assess one rater's ratings of one episode, session by session.

    ``ratings`` has the shape (sessions, 3): held sessions in order, points on 0-10, columns as
    in FACETS, NaN or None where nothing was rated. There is one assessment per row, made of that
    row and earlier ones only.

    Raises RatingsError for another shape, for what is not a number, and outside of 0-10.

    >>> str(assess([[9, 9, 9], [9, 9, 8], [9, 9, 9], [3, 4, 3]]).sessions[-1].flag)
    'sharp_drop'
    """
    table = read_ratings(ratings)[np.newaxis]
    batch = assess_many(table, parameters=parameters, sensitivity=sensitivity)
    sessions = tuple(_session(batch, 0, session) for session in range(table.shape[1]))
    return EpisodeAssessment(sessions, batch.engine, batch.parameters)


def assess_many(
    ratings: Floats,
    *,
    parameters: Parameters = CLIENT,
    sensitivity: Sensitivity = Sensitivity.STANDARD,
) -> BatchAssessment:
    """Assess many episodes at once; an episode's answers do not depend on the others.

    ``ratings`` has the shape (episodes, sessions, 3), otherwise as in ``assess``; shorter episodes
    are filled up with NaN rows at the end.

    Raises RatingsError for another shape, for what is not a number, and outside of 0-10.

    >>> assess_many(np.full((2, 5, 3), 8.0)).statistic.shape
    (2, 5)
    """
    table = read_episodes(ratings)
    episodes, sessions = table.shape[:2]
    batch = _empty(episodes, sessions, parameters)
    if sessions and episodes < WORTH_SHARING:
        table = _lengthened(table)
    limits = parameters.limits.at(sensitivity, table.shape[1])
    for chosen, operators in _chunks(parameters.population, table):
        columns = _assess_chunk(operators, table[chosen], parameters, limits)
        for name, values in columns.items():
            getattr(batch, name)[chosen] = values[:, :sessions]
    return batch


def _lengthened(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fill episodes up to a round length: one that grows finds its operators made already."""
    missing = -table.shape[1] % ROUND_LENGTH
    return np.pad(table, ((0, 0), (0, missing), (0, 0)), constant_values=np.nan)


def statistics(ratings: Floats, population: Population) -> Floats:
    """Return the evidence alone, shape (episodes, sessions), NaN where not judged.

    What limits are calibrated on: ``ratings`` as in ``assess_many``, unchecked.
    """

    def statistic(operators: Operators, filled: Floats, rated: Rated) -> Floats:
        return gather_evidence(population, operators, filled, rated).statistic

    return _one_answer(ratings, population, statistic)


def probabilities(ratings: Floats, population: Population) -> Floats:
    """Return the model's own probabilities, before calibration; otherwise as ``statistics``."""

    def below(operators: Operators, filled: Floats, rated: Rated) -> Floats:
        weights = noise_weights(population, operators, filled, rated)
        return track(population, operators, filled, rated, weights).below

    return _one_answer(ratings, population, below)


def log_likelihoods(ratings: Floats, population: Population) -> Floats:
    """Return how likely each episode is, had nothing happened: (episodes,), logs."""
    result = np.empty(len(ratings))
    for chosen, operators in _chunks(population, ratings, for_alternatives=False):
        result[chosen] = log_likelihood(population, operators, *_prepared(ratings[chosen]))
    return result


def scored(ratings: Floats) -> Rated:
    """Say which sessions have a score, (..., 3) to (...): at least two facets were rated."""
    return np.asarray(np.isfinite(ratings).sum(axis=-1) >= FEWEST_FACETS)


def until_the_last(rated: Rated) -> Rated:
    """Which sessions (E, T) lie before the end of their episode, as far as ratings tell."""
    backwards = np.logical_or.accumulate(np.flip(rated, axis=1), axis=1)
    return np.asarray(np.flip(backwards, axis=1))


def _one_answer(
    ratings: Floats, population: Population, ask: Callable[[Operators, Floats, Rated], Floats]
) -> Floats:
    result = np.full(ratings.shape[:2], np.nan)
    for chosen, operators in _chunks(population, ratings):
        filled, rated = _prepared(ratings[chosen])
        judged = _judged(rated.sum(axis=1) >= FEWEST_FACETS)
        result[chosen] = np.where(judged, ask(operators, filled, rated), np.nan).T
    return result


def _prepared(ratings: Floats) -> tuple[Floats, Rated]:
    """(E, T, 3) with NaN as (T, 3, E) with zeros, and where they were rated."""
    seen = np.isfinite(ratings)
    filled = np.where(seen, ratings, 0.0)
    return _episodes_last(filled), _episodes_last(seen)


def _episodes_last(values: NDArray[Scalar]) -> NDArray[Scalar]:
    return np.ascontiguousarray(np.moveaxis(values, 0, -1))


def _chunks(
    population: Population, ratings: Floats, *, for_alternatives: bool = True
) -> Iterator[tuple[NDArray[np.intp], Operators]]:
    """Choose episodes to assess together, with the operators that serve them.

    After an episode's last rating nothing is concluded, so whatever is held to be rated there
    changes nothing: whoever rated every session up to the end shares the operators of all.
    """
    rated = np.isfinite(ratings)
    if not ratings.shape[1]:
        return
    rated |= ~until_the_last(np.logical_or.reduce(rated, axis=2))[..., np.newaxis]
    sessions = ratings.shape[1]
    apart: list[int] = []
    for key, members in _by_pattern(rated).items():
        if len(members) < WORTH_SHARING and len(rated) > 1:
            apart += members
            continue
        of_one = cached_operators if sessions <= LONGEST_KEPT else cached_operators.__wrapped__
        operators = of_one(population, key, for_alternatives=for_alternatives)
        for part in _parts(members, CELLS // sessions):
            yield part, operators
    for part in _parts(sorted(apart), CELLS_APART // sessions):
        yield part, operators_of(population, rated[part], for_alternatives=for_alternatives)


def _by_pattern(rated: Rated) -> dict[bytes, list[int]]:
    """Sort episodes by which facets they rated."""
    members: dict[bytes, list[int]] = {}
    for position, pattern in enumerate(rated):
        members.setdefault(pattern.tobytes(), []).append(position)
    return members


def _parts(members: list[int], size: int) -> Iterator[NDArray[np.intp]]:
    size = max(size, 1)
    for begin in range(0, len(members), size):
        yield np.array(members[begin : begin + size], dtype=np.intp)


def _judged(has_score: Rated) -> Rated:
    """Which sessions (T, E) are judged: those with a score, from the third score on."""
    return np.asarray(has_score & (np.cumsum(has_score, axis=0) >= FIRST_JUDGED))


def _assess_chunk(
    operators: Operators, ratings: Floats, parameters: Parameters, limits: Floats
) -> dict[str, NDArray[np.generic]]:
    """Return the columns of BatchAssessment for episodes that these operators serve."""
    filled, rated = _prepared(ratings)
    evidence = gather_evidence(parameters.population, operators, filled, rated)
    standing = track(parameters.population, operators, filled, rated, evidence.weights)
    count = rated.sum(axis=1)
    has_score = count >= FEWEST_FACETS
    score = np.where(has_score, filled.sum(axis=1) / np.maximum(count, 1), np.nan)
    expected = (standing.usual * rated).sum(axis=1) / np.maximum(count, 1)
    reach = BAND * np.sqrt(standing.variance)
    judged = _judged(has_score)

    def where_judged(values: Floats) -> Floats:
        return np.where(judged, values, np.nan)

    low = where_judged(np.clip(expected - reach, LOWEST, HIGHEST))
    probability = where_judged(parameters.calibration.calibrated(standing.below))
    flagged = judged & (evidence.statistic > limits[:, np.newaxis])
    flags = flags_of(flagged, evidence, (standing.usual - filled) * rated, rated)
    return {
        "score": score.T,
        "expected": where_judged(np.clip(expected, LOWEST, HIGHEST)).T,
        "low": low.T,
        "high": where_judged(np.clip(expected + reach, LOWEST, HIGHEST)).T,
        "statistic": where_judged(evidence.statistic).T,
        "limit": where_judged(np.broadcast_to(limits[:, np.newaxis], score.shape)).T,
        "probability": probability.T,
        "flag": flags.kind.T,
        "facets": np.moveaxis(flags.facets, -1, 0),
        "onset": flags.onset.T,
        "status": statuses_of(score, low, probability, flagged).T,
    }


def _empty(episodes: int, sessions: int, parameters: Parameters) -> BatchAssessment:
    shape = (episodes, sessions)
    return BatchAssessment(
        **{name: np.full(shape, np.nan) for name in NUMBERS},
        flag=np.zeros(shape, dtype=np.int8),
        facets=np.zeros((*shape, len(FACETS)), dtype=np.bool_),
        onset=np.full(shape, -1, dtype=np.int32),
        status=np.zeros(shape, dtype=np.int8),
        engine=ENGINE,
        parameters=parameters.version,
    )


def _session(batch: BatchAssessment, episode: int, session: int) -> SessionAssessment:
    """Take one session out of a batch, in plain Python."""
    at = (episode, session)
    onset = int(batch.onset[at])
    return SessionAssessment(
        **{name: _known(float(getattr(batch, name)[at])) for name in NUMBERS},
        flag=FLAG_KINDS[batch.flag[at]],
        facets=tuple(
            facet for facet, drives in zip(FACETS, batch.facets[at], strict=True) if drives
        ),
        onset=None if onset < 0 else onset,
        status=STATUSES[batch.status[at]],
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
