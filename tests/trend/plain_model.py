"""The trend model once more, as its formulas read: one episode, one number after the other.

Slow on purpose. Every noise level is an ordinary Kalman filter with an explicit covariance, and
every weakening that is looked for has a filter of its own which is told the ratings less its mean.
Nothing of the fast form's code is used, only its constants and the table of alternatives.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from measures.trend import evidence as constants
from measures.trend import standing as chain
from measures.trend.alternatives import ALL, ALTERNATIVES, LAGS, LATELY
from measures.trend.interface import HIGHEST, LOWEST
from measures.trend.population import Population

Floats = NDArray[np.floating[Any]]
Rows = Sequence[int]

FACETS = 3
STATE_SIZE = 6  # three baselines, growth, slow state, shared noise


@dataclass(frozen=True)
class Level:
    """One kind of noise: its variances and its prior weight."""

    size: float
    state: float
    shared: float
    own: float
    weight: float


def levels_of(population: Population) -> list[Level]:
    noise = population.noise_levels()
    columns = (noise.size, noise.state, noise.shared, noise.own, noise.weight)
    return [Level(*map(float, row)) for row in zip(*columns, strict=True)]


# The ratings as a whole


def mean_of(population: Population, rated: Sequence[Rows]) -> Floats:
    """Return the mean of all ratings of a session after the other, as ``rated`` lists facets."""
    curve = [population.growth * math.log(1 + t) for t, facets in enumerate(rated) for _ in facets]
    return population.mean + np.array(curve)


def covariance_of(population: Population, level: Level, rated: Sequence[Rows]) -> Floats:
    """Return the covariance of the same ratings, straight from what the model says of each pair."""
    given = [(t, facet) for t, facets in enumerate(rated) for facet in facets]
    p = population
    covariance = np.empty((len(given), len(given)))
    for row, (t, facet) in enumerate(given):
        for column, (u, other) in enumerate(given):
            both = p.common_sd**2 + p.growth_sd**2 * math.log(1 + t) * math.log(1 + u)
            both += p.facet_sd**2 * (facet == other)
            both += level.state * p.carry_over ** abs(t - u)
            if t == u:
                both += level.shared + level.own * (facet == other)
            covariance[row, column] = both
    return covariance


# The filter


@dataclass
class Step:
    """What a filter knows of a session before it is seen, and how it learns."""

    observe: Floats
    spread: Floats
    root: Floats
    inverse_root: Floats
    gain: Floats


def symmetric_root(matrix: Floats, power: float) -> Floats:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray(vectors @ np.diag(values**power) @ vectors.T)


def steps_of(population: Population, level: Level, rated: Sequence[Rows]) -> list[Step]:
    """Run the covariance of one noise level's filter through the sessions."""
    p = population
    start = np.zeros((STATE_SIZE, STATE_SIZE))
    start[:3, :3] = p.common_sd**2 + p.facet_sd**2 * np.eye(3)
    start[3, 3] = p.growth_sd**2
    start[4, 4] = level.state
    start[5, 5] = level.shared
    forget = np.diag([1, 1, 1, 1, p.carry_over, 0])
    anew = np.diag([0, 0, 0, 0, level.state * (1 - p.carry_over**2), level.shared])
    covariance = start
    steps = []
    for t, facets in enumerate(rated):
        if t:
            covariance = forget @ covariance @ forget.T + anew
        observe = np.array(
            [
                [*(float(facet == each) for each in range(3)), math.log(1 + t), 1, 1]
                for facet in facets
            ]
        ).reshape(len(facets), STATE_SIZE)
        spread = observe @ covariance @ observe.T + level.own * np.eye(len(facets))
        inverse_root = symmetric_root(spread, -0.5)
        gain = covariance @ observe.T @ inverse_root
        covariance = covariance - gain @ gain.T
        steps.append(Step(observe, spread, symmetric_root(spread, 0.5), inverse_root, gain))
    return steps


def start_of(population: Population) -> Floats:
    return np.array([population.mean] * 3 + [population.growth, 0, 0])


def next_session(population: Population, state: Floats) -> Floats:
    return np.array([*state[:4], population.carry_over * state[4], 0])


def split(residuals: Floats) -> tuple[float, Floats]:
    """Split whitened residuals into their common part and what is left, the differences."""
    if not len(residuals):
        return 0.0, residuals
    common = residuals.sum() / math.sqrt(len(residuals))
    return float(common), residuals - common / math.sqrt(len(residuals))


def within_bounds(residuals: Floats, *, known: bool) -> Floats:
    if not known:  # the first ratings are what the person is like
        return residuals
    common, apart = split(residuals)
    common = min(max(common, -constants.BOUND), constants.BOUND)
    length = math.sqrt(float(apart @ apart))
    if length > constants.BOUND_APART:
        apart = apart * constants.BOUND_APART / length
    return apart + common / math.sqrt(max(len(residuals), 1))


def log_density(residuals: Floats) -> float:
    """Return the log of the two Student t's that whitened residuals follow, without constants."""
    common, apart = split(residuals)
    power = (constants.FREEDOM + 1) / 2
    return -power * (
        math.log1p(common**2 / (constants.FREEDOM - 2))
        + math.log1p(float(apart @ apart) / (constants.FREEDOM - 3))
    )


def log_scale(step: Step) -> float:
    return -math.log(np.linalg.det(step.spread)) / 2 if len(step.spread) else 0.0


@dataclass
class Course:
    """How one noise level's filter went through the sessions, as if nothing had happened.

    ``cleaned`` are the ratings the filter learned from: those given, pulled in to the bounds.
    """

    rated: Sequence[Rows]
    steps: Sequence[Step]
    before: list[Floats] = field(default_factory=list)
    residuals: list[Floats] = field(default_factory=list)
    near: list[Floats] = field(default_factory=list)
    cleaned: list[Floats] = field(default_factory=list)
    log_fit: list[float] = field(default_factory=list)
    collapse: list[float] = field(default_factory=list)


def usual_course(
    population: Population, level: Level, rated: Sequence[Rows], given: Sequence[Floats]
) -> Course:
    course = Course(rated, steps_of(population, level, rated))
    state = start_of(population)
    for t, (step, ratings) in enumerate(zip(course.steps, given, strict=True)):
        if t:
            state = next_session(population, state)
        expected = step.observe @ state
        residuals = step.inverse_root @ (ratings - expected)
        near = within_bounds(residuals, known=any(rated[:t]))
        course.before.append(state)
        course.residuals.append(residuals)
        course.near.append(near)
        course.cleaned.append(expected + step.root @ near)
        course.log_fit.append(log_density(residuals) + log_scale(step))
        earlier = [float(each.mean()) for each in given[:t] if len(each)]
        course.collapse.append(collapse_ratio(step, residuals, ratings, earlier))
        state = state + step.gain @ near
    return course


def collapse_ratio(
    step: Step, residuals: Floats, ratings: Floats, earlier: Sequence[float]
) -> float:
    """Return how much likelier a score is if anything far below the earlier was to be expected."""
    if not len(ratings) or not earlier:
        return 0.0
    if sum(earlier) / len(earlier) - ratings.mean() < constants.COLLAPSE:
        return 0.0
    n = constants.FREEDOM
    sd = math.sqrt(step.spread.sum()) / len(ratings)
    scale = sd * math.sqrt((n - 2) / n)
    t = split(residuals)[0] * sd / scale
    density = math.exp(math.lgamma((n + 1) / 2) - math.lgamma(n / 2))
    density *= (1 + t * t / n) ** (-(n + 1) / 2) / (math.sqrt(n * math.pi) * scale)
    return min(1 / (HIGHEST - LOWEST - constants.COLLAPSE) / density, math.exp(constants.MOST))


def log_ratios(
    population: Population, level: Level, course: Course, onset: int
) -> Iterator[tuple[int, Floats]]:
    """Yield every session from an onset on, with the log ratio of every alternative so far."""
    states = [course.before[onset] for _ in ALTERNATIVES]
    totals = np.zeros(len(ALTERNATIVES))
    for t in range(onset, min(onset + LAGS, len(course.steps))):
        step = course.steps[t]
        for k, each in enumerate(ALTERNATIVES):
            if t > onset:
                states[k] = next_session(population, states[k])
            depth = level.size * (each.step + each.slope * (t - onset + 1))
            down = [depth * (each.group in {ALL, 1 + facet}) for facet in course.rated[t]]
            mean = step.observe @ states[k] - np.array(down)
            residuals = step.inverse_root @ (course.cleaned[t] - mean)
            totals[k] += log_density(residuals) - log_density(course.near[t])
            states[k] = states[k] + step.gain @ residuals
        yield t, totals.copy()


# The evidence


@dataclass
class PlainEvidence:
    """As the engine's, of one episode: (T,), (T, groups), (lags, T, groups) and a number."""

    statistic: Floats
    by_group: Floats
    by_lag: Floats
    log_likelihood: float


def parts_of(ratings: Floats) -> tuple[list[list[int]], list[Floats]]:
    """Return which facets of each session were rated, and how."""
    rated = [[facet for facet in range(3) if not math.isnan(row[facet])] for row in ratings]
    return rated, [row[facets] for row, facets in zip(ratings, rated, strict=True)]


def noise_weights(levels: Sequence[Level], log_fits: Sequence[Sequence[float]]) -> Floats:
    """Return how likely each level is after each session, (T, levels)."""
    log_weights = np.array([math.log(level.weight) for level in levels])
    weights = []
    for fits in zip(*log_fits, strict=True):
        log_weights = log_weights + np.array(fits)
        likely = np.exp(log_weights - log_weights.max())
        weights.append(likely / likely.sum())
    return np.array(weights)


def gather(population: Population, ratings: Floats) -> PlainEvidence:
    """Gather the evidence of an episode, ratings (sessions, 3) with NaN where missing."""
    rated, given = parts_of(ratings)
    levels = levels_of(population)
    courses = [usual_course(population, level, rated, given) for level in levels]
    weights = noise_weights(levels, [course.log_fit for course in courses])
    by_lag = np.zeros((LAGS, len(ratings), 1 + FACETS))
    for s, level in enumerate(levels):
        for onset in range(1, len(ratings)):
            by_lag[0, onset, ALL] += (
                constants.COLLAPSE_WEIGHT * weights[onset, s] * courses[s].collapse[onset]
            )
            for t, logs in log_ratios(population, level, courses[s], onset):
                for each, log_ratio in zip(ALTERNATIVES, logs, strict=True):
                    prior = each.weight * LATELY[min(t - onset, 2)]
                    prior *= each.at_once if t == onset else 1.0
                    prior *= each.recency ** max(t - onset - 2, 0)
                    ratio = math.exp(min(log_ratio, constants.MOST))
                    by_lag[t - onset, t, each.group] += weights[t, s] * prior * ratio
    by_group = by_lag.sum(axis=0)
    statistic = np.full(len(ratings), -np.inf)
    for t in range(1, len(ratings)):
        relative = [math.log(level.size / population.within) for level in levels]
        statistic[t] = math.log(by_group[t].sum()) - constants.EVENING * weights[t] @ relative
    totals = [
        math.log(level.weight) + sum(course.log_fit)
        for level, course in zip(levels, courses, strict=True)
    ]
    best = max(totals)
    log_likelihood = best + math.log(sum(math.exp(each - best) for each in totals))
    return PlainEvidence(statistic, by_group, by_lag, log_likelihood)


# The regimes


def transitions() -> Floats:
    """Return the chance of going from each regime (rows) to each other from session to session."""
    lasting = len(chain.LASTING)
    regimes = 1 + lasting + len(chain.DIPS) + FACETS
    starts = [*chain.LASTING.values(), *chain.DIPS.values(), *[chain.ONE_FACET_SHARE / 3] * 3]
    table = np.zeros((regimes, regimes))
    table[0] = [0, *(chain.ONSET * share for share in starts)]
    for regime in range(1, regimes):
        is_dip = lasting < regime <= lasting + len(chain.DIPS)
        table[regime, 0] = chain.DIP_ENDS if is_dip else chain.LASTING_ENDS
    for regime in range(1, lasting):
        table[regime, regime + 1] = chain.DEEPENS
    for regime in range(regimes):
        table[regime, regime] = 1 - table[regime].sum()
    return table


def depths() -> Floats:
    """Return how far down each regime is by facet, (regimes, 3); SD of the score."""
    everywhere = [[depth] * 3 for depth in (0.0, *chain.LASTING, *chain.DIPS)]
    alone = [[chain.ONE_FACET * (facet == each) for facet in range(3)] for each in range(3)]
    return np.array(everywhere + alone)


@dataclass
class PlainStanding:
    """As the engine's, of one episode."""

    below: Floats
    usual: Floats
    variance: Floats


@dataclass
class Regimes:
    """One noise level's filters, one for each regime."""

    level: Level
    steps: list[Step]
    chances: list[float]
    states: list[Floats]

    def mix(self, population: Population, table: Floats) -> None:
        chances, states = [], []
        for to in range(len(table)):
            shares = [chance * table[at, to] for at, chance in enumerate(self.chances)]
            chances.append(sum(shares))
            mixed = sum(
                (share * state for share, state in zip(shares, self.states, strict=True)),
                start=np.zeros(STATE_SIZE),
            )
            state = mixed / sum(shares) if sum(shares) > 0 else mixed
            states.append(next_session(population, state))
        self.chances, self.states = chances, states

    def learn(self, t: int, ratings: Floats, down: Floats, *, known: bool) -> None:
        step = self.steps[t]
        fits = []
        for regime, state in enumerate(self.states):
            residuals = step.inverse_root @ (ratings - step.observe @ state)
            near = within_bounds(residuals, known=known)
            near = near + step.inverse_root @ (self.level.size * down[regime])
            fits.append(log_density(near))
            self.states[regime] = state + step.gain @ near
        best = max(fits)
        likely = [
            chance * math.exp(fit - best) for chance, fit in zip(self.chances, fits, strict=True)
        ]
        self.chances = [each / sum(likely) for each in likely]


def follow(population: Population, ratings: Floats) -> PlainStanding:
    """Follow the chain of regimes through an episode, ratings (sessions, 3)."""
    rated, given = parts_of(ratings)
    table, down = transitions(), depths()
    begin = [1.0] + [0.0] * (len(down) - 1)
    levels = levels_of(population)
    people = [
        Regimes(
            level,
            steps_of(population, level, rated),
            list(begin),
            [start_of(population) for _ in down],
        )
        for level in levels
    ]
    fits = [usual_course(population, level, rated, given).log_fit for level in levels]
    weights = [[level.weight for level in levels], *noise_weights(levels, fits)]
    below, usual, variance = [], [], []
    for t, facets in enumerate(rated):
        if t:
            for each in people:
                each.mix(population, table)
        mean, around = expected(people, weights[t], t, facets)
        usual.append(mean)
        variance.append(around)
        for each in people:
            each.learn(t, given[t], down[:, facets], known=any(rated[:t]))
        usual_share = zip(weights[t + 1], people, strict=True)
        below.append(1 - sum(weight * each.chances[0] for weight, each in usual_share))
    return PlainStanding(np.array(below), np.array(usual), np.array(variance))


def expected(
    people: Sequence[Regimes], weights: Sequence[float], t: int, facets: Rows
) -> tuple[Floats, float]:
    """Return the mean of the three facets, and the variance of the mean of those rated."""
    observe = np.array(
        [
            [*(float(facet == each) for each in range(3)), math.log(1 + t), 1, 1]
            for facet in range(3)
        ]
    )
    cases = [
        (weight * chance, observe @ state, each.steps[t].spread)
        for weight, each in zip(weights, people, strict=True)
        for chance, state in zip(each.chances, each.states, strict=True)
    ]
    mean = sum((share * ratings for share, ratings, _ in cases), start=np.zeros(FACETS))
    count = max(len(facets), 1)
    around = 0.0
    for share, ratings, spread in cases:
        around += share * (float((ratings - mean)[list(facets)].sum()) / count) ** 2
        around += share * float(spread.sum()) / count**2
    return mean, around
