"""Ratings of made-up people, to show the app with and to measure an engine on.

A person's facets share one slow state (AR(1)) and each has a noise of its own; what happens to
the bond, the course, is taken off on top. Sizes of courses are in within-person SD of the score,
so that a course is as hard to see in a volatile person as in a quiet one. The defaults are the
assumptions of the design study, not facts about anyone: nothing here comes from real clients.
The same generator state gives the same ratings.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .interface import FACETS, HIGHEST, LOWEST

Ratings = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Population:
    """What people are drawn from. Points on 0-10 unless said otherwise.

    mean, between_sd     of people's levels at their first session, the same for every facet
    within_sd, within_cv mean over people of the SD of their own score, and its variation (a ratio)
    facet_r              correlation between facets over people
    reliability          share of a score's variance that its facets have in common
    carry_over           correlation of that common part from one session to the next
    growth, growth_sd    rise per ln(session number)
    """

    mean: float = 8.1
    between_sd: float = 1.35
    within_sd: float = 0.95
    within_cv: float = 0.40
    facet_r: float = 0.80
    reliability: float = 0.60
    carry_over: float = 0.30
    growth: float = 0.25
    growth_sd: float = 0.15


CLIENTS = Population()
COUNSELORS = replace(CLIENTS, mean=7.3)


@dataclass(frozen=True, slots=True)
class Person:
    """One rater's own numbers, as in Population; ``levels`` has one entry per facet."""

    levels: tuple[float, ...]
    within_sd: float
    reliability: float
    carry_over: float
    growth: float


@dataclass(frozen=True, slots=True)
class Course:
    """What happens to a bond. Sizes in within-person SD of the score, sessions as rows from 0.

    onset      first row that is lower
    step       fall at the onset
    slope      further fall with every session from the onset on, the onset's own included
    lasts      sessions until the bond is as before; None when it is never mended
    facets     the facets that fall
    growth     rise in points per ln(session number) in place of the person's own
    top_marks  the rater gives 10 throughout, whatever happens
    """

    onset: int = 0
    step: float = 0.0
    slope: float = 0.0
    lasts: int | None = None
    facets: tuple[str, ...] = FACETS
    growth: float | None = None
    top_marks: bool = False

    def fall(self, sessions: int) -> Ratings:
        """Return how much lower each facet is, shape (sessions, 3), in within-person SD."""
        since = np.arange(sessions) - self.onset + 1.0
        fallen = (since > 0) & (since <= (math.inf if self.lasts is None else self.lasts))
        size = np.where(fallen, self.step + self.slope * since, 0.0)
        return np.multiply(size[:, np.newaxis], np.isin(FACETS, self.facets))


STEADY = Course()
RISING = Course(growth=0.6)
RUPTURED_AND_REPAIRED = Course(onset=8, step=3.0, lasts=3)
SLOW_DECLINE = Course(onset=6, slope=0.3)
ALL_TENS = Course(top_marks=True)


def draw_person(rng: np.random.Generator, population: Population = CLIENTS) -> Person:
    """Draw one person's levels, spread and growth from a population."""
    p = population
    shared = rng.normal(p.mean, p.between_sd * math.sqrt(p.facet_r))
    own = rng.normal(0.0, p.between_sd * math.sqrt(1 - p.facet_r), len(FACETS))
    return Person(
        levels=tuple((shared + own).tolist()),
        within_sd=_log_normal(rng, p.within_sd, p.within_cv),
        reliability=p.reliability,
        carry_over=p.carry_over,
        growth=rng.normal(p.growth, p.growth_sd),
    )


def simulate_episode(
    rng: np.random.Generator,
    sessions: int,
    course: Course,
    person: Person,
    *,
    step: float = 0.5,
) -> Ratings:
    """Simulate complete ratings of one episode, shape (sessions, 3), points on 0-10.

    ``step`` is what ratings are rounded to: 0.1 for the slider, 1 for the eleven buttons.
    """
    ratings = _usual(sessions, person, course.growth)
    ratings += person.within_sd * (_noise(rng, sessions, person) - course.fall(sessions))
    if course.top_marks:
        ratings[:] = HIGHEST
    return _on_scale(ratings, step)


def simulate_counselor(
    rng: np.random.Generator,
    client: Ratings,
    *,
    agreement: float = 0.25,
    step: float = 0.5,
) -> Ratings:
    """Simulate a counselor's ratings of the sessions whose complete client ratings are given.

    ``agreement`` is about the correlation of the two scores over the sessions of an episode, and
    how far the counselor's level follows the client's, 0-1. Shape (sessions, 3), points on 0-10.
    """
    if not len(client):
        return client.copy()
    score = client.mean(axis=1)
    level = COUNSELORS.mean + agreement * (float(score.mean()) - CLIENTS.mean)
    counselor = draw_person(rng, replace(COUNSELORS, mean=level))
    followed = (score - score.mean()) / max(float(score.std()), 1e-9)
    own = _noise(rng, len(client), counselor)
    noise = agreement * followed[:, np.newaxis] + math.sqrt(1 - agreement**2) * own
    return _on_scale(_usual(len(client), counselor) + counselor.within_sd * noise, step)


def leave_out(rng: np.random.Generator, ratings: Ratings, rate: float = 0.15) -> Ratings:
    """Return complete ratings with whole sessions NaN, at ``rate``, doubled after a low session.

    A session is low when its score lies more than an SD below the mean of the episode.
    """
    if not len(ratings):
        return ratings.copy()
    score = ratings.mean(axis=1)
    low = score < score.mean() - score.std()
    after_low = np.concatenate(([False], low[:-1]))
    missing = rng.random(len(ratings)) < np.where(after_low, 2 * rate, rate)
    return np.where(missing[:, np.newaxis], np.nan, ratings)


def _log_normal(rng: np.random.Generator, mean: float, variation: float) -> float:
    """Draw a positive number with the given mean and coefficient of variation."""
    variance = math.log1p(variation**2)
    return float(mean * rng.lognormal(-variance / 2, math.sqrt(variance)))


def _usual(sessions: int, person: Person, growth: float | None = None) -> Ratings:
    """Return the person's usual ratings, growth included, shape (sessions, 3); points."""
    rise = (person.growth if growth is None else growth) * np.log(np.arange(1, sessions + 1))
    return np.add.outer(rise, person.levels)


def _noise(rng: np.random.Generator, sessions: int, person: Person) -> Ratings:
    """Draw noise, shape (sessions, 3), scaled so that the mean over facets has an SD of 1."""
    white = rng.standard_normal(sessions)
    state = np.empty(sessions)
    last = 0.0
    for row, shock in enumerate(white):
        fresh = math.sqrt(1 - person.carry_over**2) if row else 1.0
        state[row] = last = person.carry_over * last + fresh * shock
    own = rng.standard_normal((sessions, len(FACETS)))
    shared_sd = math.sqrt(person.reliability)
    own_sd = math.sqrt(len(FACETS) * (1 - person.reliability))
    return np.add(shared_sd * state[:, np.newaxis], own_sd * own)


def _on_scale(ratings: Ratings, step: float) -> Ratings:
    """Round to the steps of the input and keep within the scale."""
    rounded = np.round(np.round(ratings / step) * step, 6)  # 8.7, not 8.700000000000001
    return np.clip(rounded, LOWEST, HIGHEST)
