"""The rules an engine is compared with: what is in use, and what statistics offers off the shelf.

Each takes scores, (episodes, sessions) in points on 0-10 with NaN for missing, and returns
evidence of that shape, bigger for a weakening, NaN where not rated or where nothing can be said
yet. A session's evidence rests on its score and earlier ones. Missing sessions drop out.
Points that a rule takes from the population are the defaults of the science behind the flags.
Sources: Jacobson and Truax 1991 (reliable change); Shewhart 1931 and Wheeler 1992 (individuals
chart); Roberts 1959 (EWMA); Hawkins and Olwell 1998 (self-starting CUSUM); Bourazas, Kiagias and
Tsiamyrtzis 2022 (predictive ratio CUSUM, PRC).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import NormalDist
from typing import Protocol

import numpy as np

from tests.benchmarks.generators import FACET_COUNT, Table
from tests.benchmarks.measuring import HAZARD, Sample, Share, detections, mean_share, scores

MEAN_MOVING_RANGE = 1.128  # of two normal values, in SD


class Rule(Protocol):
    """Scores to evidence, both (episodes, sessions)."""

    def __call__(self, scores: Table, /) -> Table: ...


@dataclass(frozen=True, slots=True)
class Earlier:
    """What came before each session of each episode, (episodes, sessions).

    count   rated sessions;   mean   of their scores;   squares   sum of squared deviations
    """

    count: Table
    mean: Table
    squares: Table

    @classmethod
    def to(cls, scores: Table) -> Earlier:
        """Compute it; the mean is NaN where nothing came before."""
        around = 8.0  # near the data, so that the squares do not cancel
        count = _before(np.isfinite(scores).astype(float))
        total = _before(np.nan_to_num(scores - around))
        squares = _before(np.nan_to_num(scores - around) ** 2)
        mean = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
        spread = np.maximum(squares - np.nan_to_num(mean) ** 2 * count, 0.0)
        return cls(count, mean + around, spread)


def _before(values: Table) -> Table:
    """Sum over the earlier sessions."""
    summed = np.zeros(values.shape)
    np.cumsum(values[:, :-1], axis=1, out=summed[:, 1:])
    return summed


def latest(values: Table) -> Table:
    """Return the last value that is not NaN before each session, NaN where there is none."""
    carried = np.full(values.shape, np.nan)
    for session in range(1, values.shape[1]):
        value = values[:, session - 1]
        carried[:, session] = np.where(np.isnan(value), carried[:, session - 1], value)
    return carried


def gathered(residuals: Table, step: Callable[[Table, Table], Table]) -> Table:
    """Carry a statistic, 0 at first, from one residual to the next; NaN ones leave it alone."""
    total = np.zeros(len(residuals))
    out = np.full(residuals.shape, np.nan)
    for session in range(residuals.shape[1]):
        residual = residuals[:, session]
        known = ~np.isnan(residual)
        total[known] = step(total[known], residual[known])
        out[known, session] = total[known]
    return out


# Distributions


_Z = np.linspace(-6, 6, 2401)
_P = np.array([NormalDist().cdf(z) for z in _Z])


def normal_quantile(p: Table) -> Table:
    """Return z with Phi(z) = p, within -6 and 6, from a table; good to 1e-4."""
    return np.interp(p, _P, _Z)


def t_cdf(t: Table, freedom: int) -> Table:
    """Return the distribution function of Student t, exact for whole degrees of freedom.

    The finite sums of Abramowitz and Stegun 26.7.3 and 26.7.4.
    """
    angle = np.arctan(t / math.sqrt(freedom))
    cos2 = np.cos(angle) ** 2
    odd = freedom % 2
    term = np.cos(angle) if odd else np.ones_like(t)
    total = np.zeros_like(t)
    for power in range(odd, freedom - 1, 2):
        total += term
        term = term * cos2 * (power + 1) / (power + 2)
    middle = np.sin(angle) * total
    return 0.5 + ((angle + middle) / math.pi if odd else middle / 2)


# Rules in use


@dataclass(frozen=True, slots=True)
class FixedCutOff:
    """The lower the score, the more evidence, whoever rates."""

    def __call__(self, scores: Table, /) -> Table:
        return -scores


@dataclass(frozen=True, slots=True)
class Drop:
    """The fall since the last rating."""

    def __call__(self, scores: Table, /) -> Table:
        return latest(scores) - scores


@dataclass(frozen=True, slots=True)
class ReliableChange:
    """The fall from a reference, in standard errors of the difference.

    reference    "first": mean of the first ``ratings``; "last": of the last ones; "best": the best
    within       SD of a score around the person's level, points
    retest       correlation of two scores of the same person
    """

    reference: str = "first"
    ratings: int = 1
    within: float = 0.95
    retest: float = 0.67

    def __call__(self, scores: Table, /) -> Table:
        error = self.within * math.sqrt(2 * (1 - self.retest))
        return (self._reference(scores) - scores) / error

    def _reference(self, scores: Table) -> Table:
        if self.reference == "best":
            best = np.fmax.accumulate(scores, axis=1)
            return np.column_stack((np.full(len(scores), np.nan), best[:, :-1]))
        if self.reference == "last":
            return self._last(scores)
        used = np.where(Earlier.to(scores).count < self.ratings, scores, np.nan)
        return Earlier.to(used).mean

    def _last(self, scores: Table) -> Table:
        """Mean of the last ``ratings`` before each session, or of those there are."""
        recent = np.full((self.ratings, len(scores)), np.nan)
        out = np.full(scores.shape, np.nan)
        for session in range(scores.shape[1]):
            count = np.isfinite(recent).sum(axis=0)
            some = count > 0
            out[some, session] = np.nansum(recent, axis=0)[some] / count[some]
            rated = np.isfinite(scores[:, session])
            recent[:, rated] = np.vstack((recent[1:, rated], scores[rated, session]))
        return out


@dataclass(frozen=True, slots=True)
class IndividualsChart:
    """Below the mean of the earlier ratings, in sigmas from their mean moving range.

    fewest      earlier ratings before anything is said, 2 at least
    quietest    smallest sigma believed, points
    """

    fewest: int = 4
    quietest: float = 0.1

    def __call__(self, scores: Table, /) -> Table:
        earlier = Earlier.to(scores)
        jump = np.abs(scores - latest(scores))
        ranges = Earlier.to(jump)
        sigma = np.maximum(ranges.mean / MEAN_MOVING_RANGE, self.quietest)
        return np.where(earlier.count >= self.fewest, (earlier.mean - scores) / sigma, np.nan)


@dataclass(frozen=True, slots=True)
class SelfStartingCusum:
    """CUSUM of the normal scores of each rating's t value against the earlier ratings.

    allowance   half of the fall looked for, in SD
    quietest    smallest SD believed, above 0, points
    outlier     t value, as a normal score, beyond which a rating says no more
    """

    allowance: float = 0.5
    quietest: float = 0.1
    outlier: float = math.inf

    def __call__(self, scores: Table, /) -> Table:
        z = np.minimum(-self.normal_scores(scores), self.outlier)
        return gathered(z, lambda total, low: np.maximum(0.0, total + low - self.allowance))

    def normal_scores(self, scores: Table) -> Table:
        """Return standard normal values while nothing changes; from the third rating on."""
        earlier = Earlier.to(scores)
        n = earlier.count + 1
        spread = np.sqrt(earlier.squares / np.maximum(n - 2, 1))
        t = (scores - earlier.mean) * np.sqrt((n - 1) / n) / np.maximum(spread, self.quietest)
        out = np.full(scores.shape, np.nan)
        for rated in range(3, scores.shape[1] + 1):
            here = (n == rated) & np.isfinite(scores)
            out[here] = normal_quantile(t_cdf(t[here], rated - 2))
        return out


# Rules that know the population


@dataclass(frozen=True, slots=True)
class Prior:
    """Normal-inverse-gamma: what is known of a person before the first rating.

    mean       level at the first session, points
    weight     ratings that the population's mean is worth: within over between variance
    memory     twice the shape: ratings that the population's variance is worth
    variance   scale over shape: about the typical variance within a person, points squared
    growth     points per ln(session number), taken off first
    """

    mean: float = 8.1
    weight: float = (0.95 / 1.35) ** 2
    memory: float = 6.0
    variance: float = 0.8
    growth: float = 0.25


# A facet is noisier than the score: at a reliability of .60 the SD within is 1.34 times as large.
FACET_PRIOR = Prior(weight=(1.28 / 1.35) ** 2, variance=0.8 * 1.8)


@dataclass(frozen=True, slots=True)
class Predicted:
    """Each rating held against its prediction, (episodes, sessions).

    z        standardized residual, Student t with 2 ``shape`` degrees of freedom; NaN if not rated
    weight   ratings behind the level;   shape   of the variance;   count   of earlier ratings
    """

    z: Table
    weight: Table
    shape: Table
    count: Table

    @classmethod
    def of(cls, scores: Table, prior: Prior) -> Predicted:
        usual = scores - prior.growth * np.log(np.arange(1, scores.shape[1] + 1))
        earlier = Earlier.to(usual)
        n = earlier.count
        average = np.where(n > 0, earlier.mean, prior.mean)
        weight = prior.weight + n
        shape = (prior.memory + n) / 2
        level = (prior.weight * prior.mean + n * average) / weight
        off = prior.weight * n / weight * (average - prior.mean) ** 2
        rate = (prior.memory * prior.variance + earlier.squares + off) / 2
        scale = np.sqrt((weight + 1) * rate / (weight * shape))
        return cls((usual - level) / scale, weight, shape, n)


@dataclass(frozen=True, slots=True)
class Ewma:
    """Moving average of the residuals from the shrunken baseline, in its own SD.

    smoothing   weight of the newest residual
    outlier     residual beyond which a rating says no more
    The first rating is compared with other people only, so it is left out.
    """

    smoothing: float = 0.4
    outlier: float = math.inf
    prior: Prior = field(default_factory=Prior)

    def __call__(self, scores: Table, /) -> Table:
        predicted = Predicted.of(scores, self.prior)
        low = np.where(predicted.count > 0, np.minimum(-predicted.z, self.outlier), np.nan)
        keep = 1 - self.smoothing
        average = gathered(low, lambda total, new: keep * total + self.smoothing * new)
        seen = np.maximum(predicted.count, 1)
        variance = self.smoothing**2 * (1 - keep ** (2 * seen)) / (1 - keep**2)
        return average / np.sqrt(variance)


@dataclass(frozen=True, slots=True)
class Prc:
    """Predictive ratio CUSUM: Bayesian, for short runs.

    fall   looked for, in SD of the person
    """

    fall: float = 1.5
    prior: Prior = field(default_factory=Prior)

    def __call__(self, scores: Table, /) -> Table:
        predicted = Predicted.of(scores, self.prior)
        z, freedom = predicted.z, 2 * predicted.shape
        shift = -self.fall * predicted.weight / (predicted.weight + 1)
        ratio = (freedom + z**2) / (freedom + (z - shift) ** 2)
        gain = (predicted.shape + 0.5) * np.log(ratio)
        later = np.where(predicted.count > 0, gain, np.nan)
        return gathered(later, lambda total, new: np.maximum(0.0, total + new))


@dataclass(frozen=True, slots=True)
class Channels:
    """A rule for the score and one for each facet, apart; the largest evidence counts.

    whole, part   the rules, on like scales;   weight   factor on a facet's evidence
    Takes ratings, (episodes, sessions, 3).
    """

    whole: Rule
    part: Rule
    weight: float = 0.9

    def __call__(self, ratings: Table, /) -> Table:
        evidence = self.whole(scores(ratings))
        for facet in range(FACET_COUNT):
            evidence = np.fmax(evidence, self.weight * self.part(ratings[:, :, facet]))
        return np.where(np.isnan(scores(ratings)), np.nan, evidence)


def evidence(rule: Rule, ratings: Table) -> Table:
    """Ask a rule about ratings, (episodes, sessions, 3)."""
    return rule(ratings) if isinstance(rule, Channels) else rule(scores(ratings))


def tuned(rules: Sequence[Rule], on: Sample, hazard: float = HAZARD) -> Rule:
    """Return the rule that finds most over the scenarios of a sample, kept for tuning."""
    scenarios = [what for what, _ in on.weakened]
    return max(rules, key=lambda rule: mean_share(found(rule, on, hazard), scenarios).value)


def found(rule: Rule, on: Sample, hazard: float = HAZARD) -> dict[str, Share]:
    """Return what a rule finds of each scenario, as ``detections`` does."""
    return detections(partial(evidence, rule), on, hazard)


def _with_prior(make: Callable[..., Rule], values: Sequence[float], name: str) -> list[Rule]:
    """Vary a rule's own parameter, the memory and the growth of its prior."""
    return [
        make(**{name: value}, prior=Prior(memory=memory, growth=growth))
        for value in values
        for memory in (4.0, 10.0)
        for growth in (0.0, 0.25)
    ]


def _channels(make: Callable[..., Rule], values: Sequence[float], name: str) -> list[Rule]:
    return [
        Channels(make(**{name: value}), make(**{name: value}, prior=FACET_PRIOR), weight)
        for value in values
        for weight in (0.7, 0.85, 1.0)
    ]


# The settings among which each rule may be tuned, twelve each unless it has none.
CANDIDATES: Mapping[str, Sequence[Rule]] = {
    "fixed cut-off": [FixedCutOff()],
    "drop since last": [Drop()],
    "reliable change": [
        *(ReliableChange("first", ratings) for ratings in (1, 2, 3, 4, 6, 1000)),
        *(ReliableChange("last", ratings) for ratings in (2, 3, 4, 6, 8)),
        ReliableChange("best"),
    ],
    "individuals chart": [
        IndividualsChart(fewest, quietest)
        for fewest in (2, 3, 4)
        for quietest in (0.1, 0.4, 0.8, 1.2)
    ],
    "self-starting CUSUM": [
        SelfStartingCusum(allowance, quietest)
        for allowance in (0.25, 0.5, 0.75)
        for quietest in (0.1, 0.4, 0.7, 1.0)
    ],
    "EWMA": _with_prior(Ewma, (0.2, 0.35, 0.5), "smoothing"),
    "PRC": _with_prior(Prc, (1.25, 1.75, 2.25), "fall"),
    "three channels": [
        *_channels(Ewma, (0.25, 0.4), "smoothing"),
        *_channels(Prc, (1.5, 2.0), "fall"),
    ],
}
