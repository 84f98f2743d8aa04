"""What of the filter depends on which facets were rated, and not on the ratings.

State of one person: (B1, B2, B3, g, x, q): the facets' baselines, the growth, the slow state,
and the noise the facets share. Facet j of session t is rated

    y_tj = B_j + g ln(1+t) + x_t + q_t + e_tj

With a robust update that always takes the full gain, variances, gains and the paths of all
alternatives can be computed ahead: once for everyone who rated the same sessions.

A session's three residuals are whitened by the *symmetric* root of their covariance, so that no
facet comes first and permuting facets permutes the answers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .alternatives import ALTERNATIVES, LAGS
from .interface import FACETS
from .population import NoiseLevels, Population

Floats = NDArray[np.floating[Any]]
Singles = NDArray[np.float32]
Rated = NDArray[np.bool_]

GROWTH, STATE, SHARED = 3, 4, 5  # after the three baselines
STATE_SIZE = 6
# By how many facets were rated, those first: in common, then differences, then what is missing.
_BY_COUNT = (
    np.eye(3),
    np.eye(3),
    np.array([[1, 1, 0], [1, -1, 0], [0, 0, 1]]) / np.sqrt([[2], [2], [1]]),
    np.array([[1, 1, 1], [1, -1, 0], [1, 1, -2]]) / np.sqrt([[3], [2], [6]]),
)
_FALLS = np.stack([each.fall() for each in ALTERNATIVES], axis=-1)  # (3, LAGS, alternatives)


@dataclass(frozen=True, slots=True, eq=False)
class Operators:
    """Axes: T sessions, S noise levels, then as said, and last N patterns of what was rated.

    size       (S,) of the noise, points, and ``log_prior`` (S,) of the levels
    whiten     (T, S, 3, 3, N) residuals to unit variance
    gain       (T, S, 6, 3, N) whitened residuals to a change of state
    log_scale  (T, S, N) log density of a residual of zero, without constants
    score_sd   (T, S, N) SD of the mean of the facets rated before it is seen; points
    falls      by sessions since the onset d: per facet (S, alternatives, T - 1 - d, N), how far
               down an alternative moves the whitened residuals of the sessions d + 1, d + 2, ...
    """

    size: Floats
    log_prior: Floats
    whiten: Floats
    gain: Floats
    log_scale: Floats
    score_sd: Floats
    falls: tuple[tuple[Singles, ...], ...]


def operators_of(
    population: Population, rated: Rated, *, for_alternatives: bool = True
) -> Operators:
    """Return the operators of each pattern in ``rated``, shape (patterns, sessions, 3).

    Without alternatives ``falls`` is empty: enough to tell how likely ratings are.
    """
    noise = population.noise_levels()
    falls = _FALLS if for_alternatives else _FALLS[..., :0]
    steps = list(_sessions(population, noise, rated, falls))
    whiten, gain, log_scale, score_sd, fall = (
        np.ascontiguousarray(np.moveaxis(np.stack(part), 1, -1))
        for part in zip(*steps, strict=True)
    )
    return Operators(
        size=noise.size,
        log_prior=np.log(noise.weight),
        whiten=whiten,
        gain=gain,
        log_scale=log_scale,
        score_sd=score_sd,
        falls=_by_lag(fall),
    )


@lru_cache(maxsize=64)  # half a megabyte each at 25 sessions
def cached_operators(
    population: Population, rated: bytes, *, for_alternatives: bool = True
) -> Operators:
    """Return the operators of the one pattern whose bytes, row by row, are ``rated``."""
    pattern = np.frombuffer(rated, dtype=np.bool_).reshape(1, -1, len(FACETS))
    return operators_of(population, pattern, for_alternatives=for_alternatives)


def observe(session: int) -> Floats:
    """Return the matrix (3, 6) from the state to the expected ratings of a session, from 0."""
    matrix = np.zeros((len(FACETS), STATE_SIZE))
    matrix[:, : len(FACETS)] = np.eye(len(FACETS))
    matrix[:, GROWTH] = math.log(1 + session)
    matrix[:, [STATE, SHARED]] = 1.0
    return matrix


def _sessions(
    population: Population, noise: NoiseLevels, rated: Rated, falls: Floats
) -> Iterator[tuple[Floats, ...]]:
    """Run the covariance filter; yields what Operators holds of a session, patterns first."""
    p, levels = population, len(noise.size)
    state = np.zeros((len(rated), levels, STATE_SIZE, STATE_SIZE))
    state[..., :3, :3] = p.common_sd**2 + p.facet_sd**2 * np.eye(3)
    state[..., GROWTH, GROWTH] = p.growth_sd**2
    state[..., STATE, STATE] = noise.state
    # How far an alternative has moved the filter's state, by lag and alternative.
    moved = np.zeros((len(rated), levels, STATE_SIZE, LAGS * falls.shape[-1]), dtype=np.float32)
    falls = (noise.size[:, np.newaxis, np.newaxis] * falls.reshape(len(FACETS), -1)).astype(
        np.float32
    )
    for session in range(rated.shape[1]):
        if session:
            _advance(state, moved, p.carry_over, noise.state)
        state[..., SHARED, SHARED] = noise.shared
        seen = rated[:, session, :, np.newaxis]
        matrix = (observe(session) * seen)[:, np.newaxis]
        own = np.where(seen[:, np.newaxis, :, 0], noise.own[:, np.newaxis], 1.0)
        across = state @ np.swapaxes(matrix, -1, -2)
        spread = matrix @ across + own[..., np.newaxis] * np.eye(len(FACETS))
        values, vectors = np.linalg.eigh(spread)
        root = (vectors / np.sqrt(values)[..., np.newaxis, :]) @ np.swapaxes(vectors, -1, -2)
        whiten = _axes(rated[:, session])[:, np.newaxis] @ root
        gain = across @ np.swapaxes(whiten, -1, -2)
        state = state - gain @ np.swapaxes(gain, -1, -2)
        down = matrix.astype(np.float32) @ moved + falls * seen[:, np.newaxis]
        fall = whiten.astype(np.float32) @ down
        moved -= gain.astype(np.float32) @ fall
        log_scale = -np.log(values).sum(axis=-1) / 2
        whiten = whiten * np.expand_dims(rated[:, session], (1, 2))  # what is missing counts 0
        yield whiten, gain, log_scale, _score_sd(spread, rated[:, session]), fall


def _score_sd(spread: Floats, seen: Rated) -> Floats:
    """Return the SD, (N, S), of the mean of the facets seen; their covariance is (N, S, 3, 3)."""
    pairs = np.expand_dims(seen, (1, 3)) & np.expand_dims(seen, (1, 2))
    together = (spread * pairs).sum(axis=(-2, -1))
    sd = np.sqrt(together) / np.maximum(seen.sum(axis=1), 1)[:, np.newaxis]
    return np.where(np.any(seen, axis=1, keepdims=True), sd, 1.0)


def _axes(seen: Rated) -> Floats:
    """Return rotations (N, 3, 3) to what the facets rated have in common, and their differences.

    The first row is the common part. Of the others only the length of what they make is ever
    used, so that any two at right angles will do.
    """
    rotations = np.empty((*seen.shape, len(FACETS)))
    for pattern in np.unique(seen, axis=0):
        first_rated = np.argsort(~pattern, kind="stable")
        rotation = np.zeros((len(FACETS), len(FACETS)))
        rotation[:, first_rated] = _BY_COUNT[pattern.sum()]
        rotations[(seen == pattern).all(axis=1)] = rotation
    return rotations


def _advance(state: Floats, moved: Floats, carry_over: float, variance: Floats) -> None:
    """Take the step from one session to the next, in place. Onsets get one session older."""
    state[..., STATE, :] *= carry_over
    state[..., :, STATE] *= carry_over
    state[..., STATE, STATE] += variance * (1 - carry_over**2)
    state[..., SHARED, :] = state[..., :, SHARED] = 0.0
    lags = moved.reshape(*moved.shape[:-1], LAGS, moved.shape[-1] // LAGS)
    lags[..., 1:, :] = lags[..., :-1, :].copy()
    lags[..., 0, :] = 0.0
    moved[..., STATE, :] *= carry_over
    moved[..., SHARED, :] = 0.0


def _by_lag(fall: Floats) -> tuple[tuple[Singles, ...], ...]:
    """Sort (T, S, 3, LAGS * alternatives, N) as Operators.falls. No onset at the first session."""
    sessions, levels, facets, columns, patterns = fall.shape
    fall = fall.reshape(sessions, levels, facets, LAGS, columns // LAGS, patterns)
    return tuple(
        tuple(
            np.ascontiguousarray(np.moveaxis(fall[lag + 1 :, :, facet, lag], 0, 2))
            for facet in range(facets)
        )
        for lag in range(min(LAGS, sessions - 1))
    )
