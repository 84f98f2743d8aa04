"""Made-up people with whom nothing happens: what limits and false alarms are worked out on.

Far rougher than the model, on purpose: means, spreads, tails, skew, growth, rounding and gaps vary
widely from person to person. Limits from people as tidy as the model raise several times as many
false alarms on real ratings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .interface import FACETS, HIGHEST, LOWEST

Floats = NDArray[np.float64]
Range = tuple[float, float]
OUTERMOST = 6.0  # SD of noise


@dataclass(frozen=True, slots=True)
class Variety:
    """What people are drawn from; ranges are uniform. Points on 0-10 unless said otherwise.

    mean, between      middle and SD of people's levels, drawn anew for every person
    within, within_cv  middle of people's own SD of the score, and its coefficient of variation
    carry_over         correlation of the common state from one session to the next
    reliability        share of the score's variance that the facets have in common
    facet_sd           SD of a person's facets around the person's level
    growth, growth_sd  rise per ln(session number), normal over people; or, with ``falling``, its
    falling            absolute value, negative in that share of people
    shared             share of the noise that the facets have in common
    freedom            degrees of freedom of the Student t noise, equal chances
    skew               how much longer the tail to the left is
    rounding           steps of the answers, and ``rounding_shares`` their chances
    missing            share of sessions not rated by the people who miss any, and
    missers            the share of those people
    """

    mean: Range
    between: Range = (0.8, 1.7)
    within: Range = (0.5, 1.2)
    within_cv: Range = (0.35, 0.6)
    carry_over: Range = (0.0, 0.5)
    reliability: Range = (0.45, 0.75)
    facet_sd: Range = (0.0, 0.8)
    growth: float = 0.25
    growth_sd: float = 0.18
    falling: float | None = 0.15
    shared: Range = (0.0, 0.5)
    freedom: tuple[float, ...] = (4.0, 6.0, 10.0, 40.0)
    skew: Range = (0.0, 0.2)
    rounding: tuple[float, ...] = (0.1, 0.5, 1.0)
    rounding_shares: tuple[float, ...] = (0.6, 0.25, 0.15)
    missing: float = 0.15
    missers: float = 0.5


def varied(mean: float) -> Variety:
    """Return the variety around a population's mean: a point to either side."""
    return Variety(mean=(mean - 0.9, mean + 1.1))


def draw_steady(
    rng: np.random.Generator,
    people: int,
    sessions: int,
    variety: Variety,
    *,
    fall: Floats | None = None,
) -> Floats:
    """Draw ratings of people whose bond is as it was, shape (people, sessions, 3), NaN if missing.

    ``fall`` (people, sessions, 3), in a person's own SD of the score, makes them weaken after all.
    The same generator state gives the same ratings.
    """
    v = variety
    facets = len(FACETS)
    level = rng.uniform(*v.mean, people) + rng.uniform(*v.between, people) * rng.standard_normal(
        people
    )
    own = rng.uniform(*v.facet_sd, (people, 1)) * rng.standard_normal((people, facets))
    within = rng.uniform(*v.within, people) * _log_normal(rng, rng.uniform(*v.within_cv, people))
    growth = rng.normal(v.growth, v.growth_sd, people)
    if v.falling is not None:
        growth = np.abs(growth) * np.where(rng.random(people) < v.falling, -1, 1)
    curve = np.log(np.arange(1, sessions + 1))
    usual = (level[:, np.newaxis] + np.multiply.outer(growth, curve))[:, :, np.newaxis]
    noise = _noise(rng, people, sessions, v)
    if fall is not None:
        noise -= fall
    ratings: Floats = usual + own[:, np.newaxis] + within[:, np.newaxis, np.newaxis] * noise
    step = rng.choice(v.rounding, people, p=v.rounding_shares)[:, np.newaxis, np.newaxis]
    ratings = np.clip(np.round(np.round(ratings / step) * step, 6), LOWEST, HIGHEST)
    misses = np.where(rng.random((people, 1)) < v.missers, v.missing, 0.0)
    ratings[rng.random((people, sessions)) < misses] = np.nan
    return ratings


def _log_normal(rng: np.random.Generator, variation: Floats) -> Floats:
    """Draw one positive number with mean 1 for each coefficient of variation."""
    variance = np.log1p(variation**2)
    return np.asarray(np.exp(np.sqrt(variance) * rng.standard_normal(len(variance)) - variance / 2))


def _noise(rng: np.random.Generator, people: int, sessions: int, v: Variety) -> Floats:
    """Draw noise, (people, sessions, 3), whose mean over facets has an SD of 1."""
    freedom = rng.choice(v.freedom, people)
    skew = rng.uniform(*v.skew, people)
    reliability = rng.uniform(*v.reliability, people)[:, np.newaxis, np.newaxis]
    shared = rng.uniform(*v.shared, people)[:, np.newaxis, np.newaxis]
    carry_over = rng.uniform(*v.carry_over, people)
    facets = len(FACETS)
    state = _carried(_skewed(rng, freedom, skew, (people, sessions)), carry_over)[..., np.newaxis]
    common = _skewed(rng, freedom, skew, (people, sessions, 1))
    own = _skewed(rng, freedom, skew, (people, sessions, facets))
    white = np.sqrt(shared) * common + np.sqrt(facets * (1 - shared)) * own
    return np.asarray(np.sqrt(reliability) * state + np.sqrt(1 - reliability) * white)


def _skewed(
    rng: np.random.Generator, freedom: Floats, skew: Floats, shape: tuple[int, ...]
) -> Floats:
    """Draw Student t noise of unit variance with a longer tail to the left."""
    per_person = (-1,) + (1,) * (len(shape) - 1)
    tail, q = freedom.reshape(per_person), skew.reshape(per_person)
    scale = np.sqrt((tail - 2) / rng.chisquare(np.broadcast_to(tail, shape)))
    z = np.clip(rng.standard_normal(shape) * scale, -OUTERMOST, OUTERMOST)
    return np.asarray((z - q * (z * z - 1)) / np.sqrt(1 + 3 * q * q))


def _carried(shocks: Floats, carry_over: Floats) -> Floats:
    """Make an AR(1) series of unit variance of shocks, (people, sessions)."""
    state = shocks.copy()
    fresh = np.sqrt(1 - carry_over**2)
    for session in range(1, shocks.shape[1]):
        state[:, session] = carry_over * state[:, session - 1] + fresh * shocks[:, session]
    return state
