"""The evidence for a weakening: a mixture over onsets, sizes and facets against "as usual".

Shiryaev's statistic with recent onsets weighted up, summed over a grid of the person's noise level.
Residuals and their ratios are Student t, so that one odd answer neither ends the world nor moves
the baseline far. Sources: Shiryaev 1963; Shiryaev-Roberts as in Tartakovsky et al., Sequential
Analysis, ch. 7; robust filtering by bounded innovations, Masreliez and Martin 1977.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .alternatives import ALL, ALTERNATIVES, LAGS
from .interface import FACETS, HIGHEST, LOWEST
from .operators import GROWTH, SHARED, STATE, STATE_SIZE, Floats, Operators, Rated, Singles
from .population import Population

FREEDOM = 20.0  # of the Student t, scaled to unit variance
POWER, SCALE = (FREEDOM + 1) / 2, FREEDOM - 2
# The differences have two dimensions; a degree of freedom less gives their density the same power.
SCALE_APART = SCALE - 1
CONSTANT = math.exp(math.lgamma(POWER) - math.lgamma(FREEDOM / 2)) / math.sqrt(math.pi * SCALE)
# A residual beyond this counts as this far: no odd answer moves the state far, or is evidence
# without end. A Student t's ratio would begin to fall again at sqrt(SCALE) or later, so within
# the bound a lower rating never is weaker evidence.
BOUND, BOUND_APART = 4.0, 3.9
# What the bound takes from a fall to the bottom of the scale, a collapse gives back: a score at
# least this many points below the person's own earlier ones, and from there on as likely anywhere.
COLLAPSE, COLLAPSE_WEIGHT = 5.0, 0.06
EVENING = 0.2  # takes from volatile people what they have in false alarms over quiet ones
MOST = 60.0  # log ratio beyond which evidence is not told apart
GROUPS = 1 + len(FACETS)
_WEIGHTS = np.stack([each.weights() for each in ALTERNATIVES])  # (alternatives, LAGS)


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Axes: T sessions, then as said, and last E episodes.

    statistic  (T, E) log of the mixture's likelihood ratio; -inf at the first session
    by_group   (T, GROUPS, E) its parts: all facets together, then each facet alone
    by_lag     (LAGS, T, GROUPS, E) the same, by sessions since the onset
    weights    (S, T, E) of the noise levels after each session
    """

    statistic: Floats
    by_group: Floats
    by_lag: Floats
    weights: Singles


def gather_evidence(
    population: Population, operators: Operators, ratings: Floats, rated: Rated
) -> Evidence:
    """Gather the evidence of every session. ``ratings`` and ``rated``: shape (T, 3, E)."""
    residuals, log_fit, collapse = _filter(population, operators, ratings, rated)
    weights = _noise_posterior(operators, log_fit)
    by_lag = _mixture(operators, residuals, weights)
    by_lag[0, 1:, ALL] += (
        COLLAPSE_WEIGHT * _over_noise(np.moveaxis(collapse, 1, 0).astype(np.float32), weights)[1:]
    )
    by_group = by_lag.sum(axis=0)
    mixture = by_group[:, ALL] + by_group[:, 1] + by_group[:, 2] + by_group[:, 3]
    with np.errstate(divide="ignore"):  # the first session: nothing can have begun
        statistic = np.log(mixture)
    statistic -= EVENING * _relative_size(population, operators, weights)
    return Evidence(statistic, by_group, by_lag, weights)


def noise_weights(
    population: Population, operators: Operators, ratings: Floats, rated: Rated
) -> Singles:
    """Return the weights of the noise levels after each session alone, as in Evidence."""
    return _noise_posterior(operators, _filter(population, operators, ratings, rated)[1])


def log_likelihood(
    population: Population, operators: Operators, ratings: Floats, rated: Rated
) -> Floats:
    """Return how likely ratings are, had nothing happened: (E,), without the constants."""
    _, log_fit, _ = _filter(population, operators, ratings, rated)
    log_weights = operators.log_prior[:, np.newaxis] + log_fit.sum(axis=0)
    best = log_weights.max(axis=0)
    return np.asarray(best + np.log(total(np.exp(log_weights - best))))


def student_fit(residuals: Floats) -> Floats:
    """Return the log density of whitened residuals (..., 3, E) without its constant."""
    common, apart = _squares(residuals)
    return np.asarray(-POWER * (np.log1p(common / SCALE) + np.log1p(apart / SCALE_APART)))


def bounded(residuals: Floats, known: Rated) -> Floats:
    """Return whitened residuals (..., 3, E), no longer than the bounds along either part.

    Those of episodes of which nothing was ``known`` (E,) are left as they are.
    """
    _, apart = _squares(residuals)
    result = np.clip(residuals, -BOUND, BOUND)
    shorter = BOUND_APART / np.sqrt(np.maximum(apart, BOUND_APART**2))
    result[..., 1:, :] = residuals[..., 1:, :] * shorter[..., np.newaxis, :]
    return result if known.all() else np.where(known, result, residuals)


def _squares(residuals: Floats) -> tuple[Floats, Floats]:
    """Return the squared lengths of the common part and of the differences."""
    common, one, two = (residuals[..., axis, :] for axis in range(len(FACETS)))
    return common * common, one * one + two * two


def times(matrices: Floats, vectors: Floats) -> Floats:
    """Multiply (..., i, j, N) by (..., j, E), with N being 1 or E.

    No BLAS: its sums depend on the size of the batch, and an episode's answer must not.
    """
    product = matrices[..., 0, :] * vectors[..., np.newaxis, 0, :]
    for j in range(1, matrices.shape[-2]):
        product += matrices[..., j, :] * vectors[..., np.newaxis, j, :]
    return np.asarray(product)


def total(values: Floats) -> Floats:
    """Sum over the first axis, one after the other.

    NumPy's own order depends on the size of the batch, and an episode's answer must not.
    """
    return np.asarray(np.add.accumulate(values, axis=0)[-1])


def expected_ratings(state: Floats, session: int) -> Floats:
    """Return what states (..., 6, E) expect of the facets of a session: (..., 3, E), points."""
    common = math.log(1 + session) * state[..., GROWTH, :] + state[..., STATE, :]
    return np.asarray(state[..., :3, :] + (common + state[..., SHARED, :])[..., np.newaxis, :])


def first_state(population: Population, *shape: int) -> Floats:
    """Return the mean state of somebody nobody knows yet, shape (*shape[:-1], 6, shape[-1])."""
    state = np.zeros((*shape[:-1], STATE_SIZE, shape[-1]))
    state[..., :3, :] = population.mean
    state[..., GROWTH, :] = population.growth
    return state


def next_session(population: Population, state: Floats) -> None:
    """Take mean states from one session to the next, in place."""
    state[..., STATE, :] *= population.carry_over
    state[..., SHARED, :] = 0.0


def _filter(
    population: Population, operators: Operators, ratings: Floats, rated: Rated
) -> tuple[Singles, Floats, Floats]:
    """Return whitened residuals (3, S, T, E), log densities and collapse ratios (T, S, E).

    Residuals are bounded, and zero where nothing was rated.
    """
    sessions, facets, episodes = ratings.shape
    levels = len(operators.size)
    state = first_state(population, levels, episodes)
    known = known_before(rated)
    whitened = np.empty((sessions, levels, facets, episodes))
    near = np.empty_like(whitened)
    for session in range(sessions):
        if session:
            next_session(population, state)
        residuals = ratings[session] - expected_ratings(state, session)
        residuals *= rated[session]
        whitened[session] = times(operators.whiten[session], residuals)
        near[session] = bounded(whitened[session], known[session])
        state += times(operators.gain[session], near[session])
    return (
        np.ascontiguousarray(np.moveaxis(near, (2, 1), (0, 1)), dtype=np.float32),
        student_fit(whitened) + operators.log_scale,
        _collapse(whitened, operators.score_sd, _fall(ratings, rated)),
    )


def known_before(rated: Rated) -> Rated:
    """Say of whom (T, E) anything was known before a session.

    The first ratings of a person are taken as they are: they are what the person is like, and no
    odd answers yet.
    """
    some = np.logical_or.accumulate(rated.any(axis=1), axis=0)
    return np.concatenate([np.zeros_like(some[:1]), some[:-1]])


def _fall(ratings: Floats, rated: Rated) -> Floats:
    """Return how far scores (T, E) lie below the mean of the person's earlier ones; points."""
    count = rated.sum(axis=1)
    score = (ratings * rated).sum(axis=1) / np.maximum(count, 1)
    scores, times_rated = np.cumsum(score, axis=0), np.cumsum(count > 0, axis=0)
    earlier = np.zeros_like(score)
    earlier[1:] = scores[:-1] / np.maximum(times_rated[:-1], 1)
    return np.where(count > 0, earlier - score, 0.0)


def _collapse(whitened: Floats, sd: Floats, fall: Floats) -> Floats:
    """Return how much likelier a score is under a collapse, (T, S, E); 0 above it.

    ``whitened`` (T, S, 3, E) residuals, ``sd`` (T, S, N) of the score, ``fall`` (T, E) in points.
    """
    common = whitened[:, :, 0]
    as_usual = CONSTANT * (1 + common**2 / SCALE) ** -POWER / sd
    ratio = np.minimum(1 / (HIGHEST - LOWEST - COLLAPSE) / as_usual, math.exp(MOST))
    return np.where((fall >= COLLAPSE)[:, np.newaxis], ratio, 0.0)


def _noise_posterior(operators: Operators, log_fit: Floats) -> Singles:
    """Return the weights of the noise levels after each session, shape (S, T, E)."""
    log_weights = operators.log_prior[:, np.newaxis] + np.cumsum(log_fit, axis=0)
    weights = np.exp(log_weights - log_weights.max(axis=1, keepdims=True))
    weights = np.moveaxis(weights, 1, 0)
    return np.ascontiguousarray(weights / total(weights), dtype=np.float32)


def _relative_size(population: Population, operators: Operators, weights: Singles) -> Floats:
    """Return the log of a person's noise over the population's, (T, E)."""
    log_size = np.log(operators.size / population.within)
    return total(log_size[:, np.newaxis, np.newaxis] * weights)


def _mixture(operators: Operators, residuals: Singles, weights: Singles) -> Floats:
    """Sum the likelihood ratios of all alternatives, by lag, session and group."""
    _, levels, sessions, episodes = residuals.shape
    parts = np.zeros((LAGS, sessions, GROUPS, episodes))
    as_usual = _log_tails(*residuals.copy())
    shape = (levels, len(ALTERNATIVES), max(sessions - 1, 0), episodes)
    log_ratio = np.zeros(shape, dtype=np.float32)
    for lag, falls in enumerate(operators.falls):
        seen = slice(lag + 1, sessions)
        # Onsets are the third axis: the sessions seen at this lag, less the lag.
        running = log_ratio[:, :, : sessions - 1 - lag]
        step = _log_tails(
            *(part[:, np.newaxis, seen] + fall for part, fall in zip(residuals, falls, strict=True))
        )
        np.subtract(as_usual[:, np.newaxis, seen], step, out=step)
        step *= np.float32(POWER)
        running += step
        ratios = _over_noise(np.exp(np.minimum(running, np.float32(MOST))), weights[:, seen])
        for each, weight, ratio in zip(ALTERNATIVES, _WEIGHTS[:, lag], ratios, strict=True):
            parts[lag, seen, each.group] += weight * ratio
    return parts


def _log_tails(common: Singles, one: Singles, other: Singles) -> Singles:
    """Return the log of the two Student t's bases, multiplied: one log for three residuals.

    Works in the arrays it is given: here most of the time is spent.
    """
    for each in (common, one, other):
        np.square(each, out=each)
    common += np.float32(SCALE)
    one += other
    one += np.float32(SCALE_APART)
    common *= one
    return np.log(common, out=common)


def _over_noise(ratios: Singles, weights: Singles) -> Singles:
    """Average (S, alternatives, T, E) over noise levels with the weights (S, T, E)."""
    average = ratios[0] * weights[0]
    for ratio, weight in zip(ratios[1:], weights[1:], strict=True):
        average += ratio * weight
    return np.asarray(average)
