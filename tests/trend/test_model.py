"""The fast form of the trend model against the plain one, and both against the joint density."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from measures.trend import CLIENT, assess_many, evidence
from measures.trend.alternatives import ALL, ALTERNATIVES, LAGS
from measures.trend.evidence import (
    BOUND,
    BOUND_APART,
    GROUPS,
    SCALE,
    SCALE_APART,
    Evidence,
    bounded,
    expected_ratings,
    first_state,
    gather_evidence,
    log_likelihood,
    next_session,
    student_fit,
    times,
)
from measures.trend.operators import Operators, operators_of
from measures.trend.population import Population
from measures.trend.standing import DEPTHS, Standing, track
from tests.trend import plain_model

Floats = NDArray[np.floating[Any]]

CLIENTS = CLIENT.population
OTHERS = Population(
    mean=6.5,
    common_sd=0.9,
    facet_sd=0.3,
    growth=-0.1,
    growth_sd=0.4,
    within=0.7,
    within_cv=0.6,
    carry_over=0.6,
    state_share=0.4,
    shared_share=0.2,
    alike=0.3,
    rounding=0.3,
)
NAN = math.nan


def with_gaps(ratings: Floats, rows: tuple[int, ...], cells: tuple[tuple[int, int], ...]) -> Floats:
    ratings = ratings.copy()
    ratings[list(rows)] = NAN
    for row, facet in cells:
        ratings[row, facet] = NAN
    return ratings


def drawn(seed: int, sessions: int, *, level: float = 8.3, spread: float = 0.8) -> Floats:
    rng = np.random.default_rng(seed)
    common = rng.standard_normal((sessions, 1))
    own = rng.standard_normal((sessions, 3))
    return np.clip(np.round(level + spread * (0.7 * common + own), 1), 0, 10)


def falling(seed: int, sessions: int, onset: int, fall: float) -> Floats:
    ratings = drawn(seed, sessions)
    ratings[onset:] -= fall
    return np.clip(ratings, 0, 10)


EPISODES = {
    "one session": drawn(1, 1),
    "two sessions": drawn(2, 2),
    "three sessions": drawn(3, 3),
    "25 sessions": drawn(4, 25),
    "14 sessions, longer than the lags": drawn(5, 14, spread=1.5),
    "missing sessions": with_gaps(drawn(6, 12), (0, 4, 5, 11), ()),
    "single missing facets": with_gaps(drawn(7, 12), (), ((0, 0), (3, 2), (4, 1), (9, 0), (11, 2))),
    "one facet only, at times": with_gaps(
        drawn(8, 10), (3,), ((0, 0), (0, 1), (4, 1), (4, 2), (9, 2), (9, 0))
    ),
    "one facet never": with_gaps(drawn(9, 10), (), tuple((row, 1) for row in range(10))),
    "all tens": np.full((12, 3), 10.0),
    "three equal answers": np.repeat(drawn(10, 12)[:, :1], 3, axis=1),
    "a fall to the bottom": falling(11, 12, 9, 9.5),
    "a lasting fall": falling(12, 12, 7, 3.0),
    "a slow fall": np.clip(drawn(13, 12) - 0.4 * np.arange(-5, 7).clip(0)[:, np.newaxis], 0, 10),
    "anything": np.random.default_rng(14).integers(0, 21, (13, 3)) / 2,
    "up and down": np.tile([[0.0], [10.0]], (6, 3)),
}
# The plain form takes its time: of other people, the episodes that have a bit of everything.
CASES = [(CLIENTS, name) for name in EPISODES] + [
    (OTHERS, name)
    for name in ("three sessions", "single missing facets", "one facet only, at times", "anything")
]
every_case = pytest.mark.parametrize(
    ("population", "name"),
    [pytest.param(*case, id=f"{case[1]}{' (others)' * (case[0] is OTHERS)}") for case in CASES],
)
both_populations = pytest.mark.parametrize("population", [CLIENTS, OTHERS], ids=["preset", "other"])


def prepared(ratings: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """One episode (T, 3) as the fast form takes many: (T, 3, 1), zero where missing."""
    seen = np.isfinite(ratings)
    return np.where(seen, ratings, 0.0)[..., np.newaxis], seen[..., np.newaxis]


def operators_for(population: Population, ratings: Floats) -> Operators:
    return operators_of(population, np.isfinite(ratings)[np.newaxis])


def gathered(population: Population, ratings: Floats) -> Evidence:
    return gather_evidence(population, operators_for(population, ratings), *prepared(ratings))


def tracked(population: Population, ratings: Floats) -> Standing:
    weights = gathered(population, ratings).weights
    return track(population, operators_for(population, ratings), *prepared(ratings), weights)


# Fast and plain


@cache
def plainly_gathered(population: Population, name: str) -> plain_model.PlainEvidence:
    return plain_model.gather(population, EPISODES[name])


@every_case
def test_the_evidence_is_the_plain_models(population: Population, name: str) -> None:
    fast, plain = gathered(population, EPISODES[name]), plainly_gathered(population, name)
    # Single precision, a dozen alternatives and more summed over up to twelve sessions.
    np.testing.assert_allclose(fast.statistic[:, 0], plain.statistic, atol=1e-4)
    np.testing.assert_allclose(fast.by_group[..., 0], plain.by_group, rtol=2e-4, atol=1e-9)
    np.testing.assert_allclose(fast.by_lag[..., 0], plain.by_lag, rtol=2e-4, atol=1e-9)


@every_case
def test_the_likelihood_is_the_plain_models(population: Population, name: str) -> None:
    operators = operators_for(population, EPISODES[name])
    got = log_likelihood(population, operators, *prepared(EPISODES[name]))
    assert got[0] == pytest.approx(plainly_gathered(population, name).log_likelihood, abs=1e-8)


@every_case
def test_the_standing_is_the_plain_models(population: Population, name: str) -> None:
    ratings = EPISODES[name]
    fast, plain = tracked(population, ratings), plain_model.follow(population, ratings)
    rated = np.isfinite(ratings).any(axis=1)
    np.testing.assert_allclose(fast.below[:, 0], plain.below, atol=1e-5)
    np.testing.assert_allclose(fast.usual[..., 0], plain.usual, atol=1e-5)
    np.testing.assert_allclose(fast.variance[rated, 0], plain.variance[rated], rtol=1e-5)


def test_no_ratio_counts_for_more_than_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    ratings = EPISODES["a lasting fall"]
    free = gathered(CLIENTS, ratings)
    monkeypatch.setattr(evidence, "MOST", 3.0)
    held, plain = gathered(CLIENTS, ratings), plain_model.gather(CLIENTS, ratings)
    np.testing.assert_allclose(held.statistic[:, 0], plain.statistic, atol=1e-4)
    most = 3.0 + math.log(sum(each.weights().sum() for each in ALTERNATIVES))
    most -= evidence.EVENING * math.log(CLIENTS.noise_levels().size.min() / CLIENTS.within)
    assert held.statistic.max() < most
    assert free.statistic.max() > 8


def test_many_patterns_at_once_are_each_their_own() -> None:
    table = np.stack([each for each in EPISODES.values() if len(each) == 12])
    seen = np.isfinite(table)
    operators = operators_of(CLIENTS, seen)
    filled = np.moveaxis(np.where(seen, table, 0.0), 0, -1)
    together = gather_evidence(CLIENTS, operators, filled, np.moveaxis(seen, 0, -1))
    for position, ratings in enumerate(table):
        alone = gathered(CLIENTS, ratings)
        np.testing.assert_array_equal(together.statistic[:, position], alone.statistic[:, 0])


def test_no_onset_lies_at_the_first_session_or_further_back_than_the_lags() -> None:
    got = gathered(CLIENTS, EPISODES["25 sessions"])
    for lag in range(LAGS):
        held = got.by_lag[lag, :, 1:].sum(axis=1)[:, 0] > 0
        assert np.flatnonzero(held).tolist() == list(range(lag + 1, 25))
    assert got.statistic[0, 0] == -np.inf


def test_the_engine_asks_the_model_about_each_episode_with_its_own_gaps() -> None:
    table = np.full((len(EPISODES), max(map(len, EPISODES.values())), 3), NAN)
    for row, ratings in zip(table, EPISODES.values(), strict=True):
        row[: len(ratings)] = ratings
    batch = assess_many(table)
    for position, (name, ratings) in enumerate(EPISODES.items()):
        judged = np.isfinite(batch.statistic[position, : len(ratings)])
        plain = plainly_gathered(CLIENTS, name).statistic
        got = batch.statistic[position, : len(ratings)]
        np.testing.assert_allclose(got[judged], plain[judged], atol=1e-4, err_msg=name)


# The plain model's whole: one noise level against the joint distribution

PATTERNS = {
    "complete": [[0, 1, 2]] * 3,
    "a facet missing": [[0, 1, 2], [0, 2], [0, 1, 2]],
    "a session missing": [[0, 1, 2], [], [1, 2]],
    "one facet, then others": [[1], [0, 2], [0, 1, 2]],
    "two sessions": [[0, 1, 2]] * 2,
}
every_pattern = pytest.mark.parametrize("rated", PATTERNS.values(), ids=PATTERNS)


def moderate(rated: list[list[int]]) -> Floats:
    """Ratings such as most people give, NaN where not rated."""
    ratings = np.round(8.2 + 0.4 * np.random.default_rng(3).standard_normal((len(rated), 3)), 1)
    for row, facets in zip(ratings, rated, strict=True):
        row[[facet for facet in range(3) if facet not in facets]] = NAN
    return ratings


def whitened_residuals(
    population: Population, operators: Operators, ratings: Floats, level: int
) -> list[Floats]:
    """The filter's residuals of one noise level with no bound at all, (3,) for every session."""
    filled, rated = prepared(ratings)
    state = first_state(population, 1, 1)
    residuals = []
    for t in range(len(ratings)):
        if t:
            next_session(population, state)
        missed = (filled[t] - expected_ratings(state, t)) * rated[t]
        white = times(operators.whiten[t, level : level + 1], missed)
        state += times(operators.gain[t, level : level + 1], white)
        residuals.append(white[0, :, 0])
    return residuals


def one_by_one(
    population: Population, level: plain_model.Level, rated: list[list[int]], vector: Floats
) -> list[tuple[Floats, Floats]]:
    """What is new in each session's part of a vector given the parts before, whitened.

    Yields that and the covariance it was whitened with, straight from the joint covariance.
    """
    covariance = plain_model.covariance_of(population, level, rated)
    parts: list[tuple[Floats, Floats]] = []
    begin = 0
    for facets in rated:
        now, before = slice(begin, begin + len(facets)), slice(0, begin)
        regression = covariance[now, before] @ np.linalg.inv(covariance[before, before])
        spread = covariance[now, now] - regression @ covariance[before, now]
        new = vector[now] - regression @ vector[before]
        values, vectors = np.linalg.eigh(spread)
        parts.append((vectors @ ((vectors.T @ new) / np.sqrt(values)), spread))
        begin += len(facets)
    return parts


@both_populations
@every_pattern
def test_residuals_and_scales_make_the_joint_normal_density(
    population: Population, rated: list[list[int]]
) -> None:
    ratings = moderate(rated)
    operators = operators_for(population, ratings)
    seen = ratings[np.isfinite(ratings)]
    off = seen - plain_model.mean_of(population, rated)
    for position, level in enumerate(plain_model.levels_of(population)):
        covariance = plain_model.covariance_of(population, level, rated)
        joint = -(np.linalg.slogdet(covariance)[1] + off @ np.linalg.solve(covariance, off)) / 2
        residuals = np.array(whitened_residuals(population, operators, ratings, position))
        got = operators.log_scale[:, position, 0].sum() - (residuals**2).sum() / 2
        assert got == pytest.approx(joint, abs=1e-9)


@both_populations
@every_pattern
def test_residuals_are_whitened_by_the_symmetric_root(
    population: Population, rated: list[list[int]]
) -> None:
    ratings = moderate(rated)
    operators = operators_for(population, ratings)
    off = ratings[np.isfinite(ratings)] - plain_model.mean_of(population, rated)
    for position, level in enumerate(plain_model.levels_of(population)):
        residuals = whitened_residuals(population, operators, ratings, position)
        parts = one_by_one(population, level, rated, off)
        for t, (white, spread) in enumerate(parts):
            common, apart = plain_model.split(white)
            assert residuals[t][0] == pytest.approx(common, abs=1e-9)
            assert (residuals[t][1:] ** 2).sum() == pytest.approx(apart @ apart, abs=1e-9)
            if rated[t]:
                sd = math.sqrt(spread.sum()) / len(rated[t])
                assert operators.score_sd[t, position, 0] == pytest.approx(sd)


@both_populations
@every_pattern
def test_falls_are_the_whitened_shift_of_the_mean(
    population: Population, rated: list[list[int]]
) -> None:
    ratings = moderate(rated)
    operators = operators_for(population, ratings)
    off = ratings[np.isfinite(ratings)] - plain_model.mean_of(population, rated)
    for position, level in enumerate(plain_model.levels_of(population)):
        residuals = whitened_residuals(population, operators, ratings, position)
        white_off = [part for part, _ in one_by_one(population, level, rated, off)]
        for onset in range(1, len(rated)):
            for k, each in enumerate(ALTERNATIVES):
                shift = np.array(
                    [
                        level.size * each.fall()[facet, t - onset] if t >= onset else 0.0
                        for t, facets in enumerate(rated)
                        for facet in facets
                    ]
                )
                for t, (white, _) in enumerate(one_by_one(population, level, rated, shift)):
                    if t < onset:
                        assert white == pytest.approx(0)
                        continue
                    got = np.array(
                        [axis[position, k, onset - 1, 0] for axis in operators.falls[t - onset]]
                    )
                    common, apart = plain_model.split(white)
                    assert got[0] == pytest.approx(common, abs=2e-5)
                    assert np.linalg.norm(got[1:]) == pytest.approx(np.linalg.norm(apart), abs=2e-5)
                    inner = white_off[t] @ white
                    assert residuals[t] @ got == pytest.approx(inner, rel=1e-4, abs=1e-4)


@every_pattern
def test_the_plain_filter_has_the_same_joint_density(
    rated: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "BOUND", math.inf)
    monkeypatch.setattr(evidence, "BOUND_APART", math.inf)
    _, given = plain_model.parts_of(moderate(rated))
    off = np.concatenate(given) - plain_model.mean_of(CLIENTS, rated)
    for level in plain_model.levels_of(CLIENTS):
        covariance = plain_model.covariance_of(CLIENTS, level, rated)
        joint = -(np.linalg.slogdet(covariance)[1] + off @ np.linalg.solve(covariance, off)) / 2
        course = plain_model.usual_course(CLIENTS, level, rated, given)
        scales = map(plain_model.log_scale, course.steps)
        fits = [
            scale - residuals @ residuals / 2
            for scale, residuals in zip(scales, course.residuals, strict=True)
        ]
        assert sum(fits) == pytest.approx(joint, abs=1e-9)


# Parts


@both_populations
def test_noise_levels_make_a_score_as_noisy_as_their_size(population: Population) -> None:
    noise = population.noise_levels()
    of_facets = noise.own - population.rounding**2
    np.testing.assert_allclose(noise.state + noise.shared + of_facets / 3, noise.size**2)
    assert noise.weight.sum() == pytest.approx(1)
    assert noise.weight[of_facets < 1e-12].sum() == pytest.approx(population.alike)


def test_the_two_student_ts_have_unit_variance_and_one_power() -> None:
    """Their densities integrate to the constants a Student t of one and of two dimensions has."""
    grid = np.linspace(0, 300, 600_001)
    common = np.exp(student_fit(np.stack([grid, 0 * grid, 0 * grid])))
    apart = np.exp(student_fit(np.stack([0 * grid, grid, 0 * grid])))
    one, two = common / (2 * np.trapezoid(common, grid)), apart * grid
    two /= np.trapezoid(two, grid)
    assert 2 * np.trapezoid(one * grid**2, grid) == pytest.approx(1, abs=1e-6)
    assert np.trapezoid(two * grid**2, grid) == pytest.approx(2, abs=1e-6)


@pytest.mark.parametrize("scale", [0.1, 1.0, 5.0, 1e6])
def test_bounded_residuals_keep_their_direction(scale: float) -> None:
    residuals = scale * np.random.default_rng(5).standard_normal((4, 3, 50))
    near = bounded(residuals, np.ones(50, dtype=np.bool_))
    assert (np.abs(near[:, 0]) <= BOUND).all()
    lengths, before = (np.hypot(each[:, 1], each[:, 2]) for each in (near, residuals))
    np.testing.assert_allclose(lengths, np.minimum(before, BOUND_APART), rtol=1e-12)
    np.testing.assert_allclose(near[:, 1] * residuals[:, 2], near[:, 2] * residuals[:, 1])
    inside = np.abs(residuals[:, 0]) <= BOUND
    assert (near[:, 0][inside] == residuals[:, 0][inside]).all()


def test_within_the_bounds_a_lower_residual_never_is_weaker_evidence() -> None:
    """The ratio of a Student t to the same moved down by any fall, along either part alone.

    For a residual r below zero and a fall w it grows with -r as long as |r| (|r| - w) < SCALE.
    """
    assert BOUND**2 < SCALE
    assert BOUND_APART**2 < SCALE_APART
    residuals = np.linspace(0, -BOUND, 200)
    apart = 0 * residuals
    usual = student_fit(np.stack([residuals, apart, apart]))
    for fall in np.linspace(0.01, 12, 50):
        ratio = student_fit(np.stack([residuals + fall, apart, apart])) - usual
        assert (np.diff(ratio) > 0).all()


def test_groups_and_depths_treat_all_facets_alike() -> None:
    assert {each.group for each in ALTERNATIVES} == {ALL, *range(1, GROUPS)}
    alone = [replace(each, group=1) for each in ALTERNATIVES if each.group != ALL]
    assert sorted(map(repr, alone)) == sorted(3 * [repr(each) for each in set(alone)])
    np.testing.assert_array_equal(DEPTHS[:-3], DEPTHS[:-3, :1].repeat(3, axis=1))
    np.testing.assert_array_equal(DEPTHS[-3:], DEPTHS[-1, -1] * np.eye(3))
