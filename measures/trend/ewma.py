"""The first engine: an EWMA of residuals from the person's own, shrunken baseline.

Every rating is compared with what the person's earlier ratings, shrunk to the population while
they are few, predicted for it. The residuals, in predictive SD, go into an exponentially weighted
moving average; its standardized value is the evidence for a weakening. The score and each facet
are tracked alike, and the largest evidence is held against one limit.
Sources: Roberts 1959 (EWMA); Page 1954 (onset); Gelman et al., Bayesian Data Analysis, ch. 2-3
(shrinkage); Hamilton 1989 (the two-state filter behind the probability).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean

import numpy as np
from numpy.typing import NDArray

from .interface import (
    FACETS,
    FLAG_KINDS,
    HIGHEST,
    LOWEST,
    STATUSES,
    BatchAssessment,
    EpisodeAssessment,
    FlagKind,
    RatingTable,
    Sensitivity,
    SessionAssessment,
    Status,
    read_ratings,
)
from .parameters import CLIENT, Parameters, Scale

ENGINE = "ewma-1"

FEWEST_RATINGS = 3  # nothing is concluded from fewer
FEWEST_FACETS = 2
TOP_MARK = 9.5
BAND = NormalDist().inv_cdf(0.95)
BACK_TO_USUAL = 0.2  # a probability below this, twice running, is a repair
CALM_SESSIONS = 2  # before "repaired", and again before "steady"
DRIVING = 0.5  # a facet drives a flag from this share of the strongest facet's evidence on
USUAL = 0.5  # SD below the expected that is nothing unusual
SHARP = 0.65  # a drop is sharp when this session alone makes more than this share of the evidence


def assess(
    ratings: RatingTable,
    *,
    parameters: Parameters = CLIENT,
    sensitivity: Sensitivity = Sensitivity.STANDARD,
) -> EpisodeAssessment:
    """Assess one rater's ratings of one episode, session by session.

    ``ratings`` has the shape (sessions, 3): held sessions in order, points on 0-10, columns as
    in FACETS, NaN or None where nothing was rated. There is one assessment per row, made of that
    row and earlier ones only. A lower rating never makes its own session's statistic smaller.

    Raises RatingsError for another shape, for what is not a number, and outside of 0-10.

    >>> str(assess([[9, 9, 9], [9, 9, 8], [9, 9, 9], [3, 4, 3]]).sessions[-1].flag)
    'sharp_drop'
    """
    table = read_ratings(ratings)
    episode = _Episode(parameters, parameters.limits.at(sensitivity))
    sessions = tuple(
        episode.assess(row, [None if math.isnan(value) else value for value in values])
        for row, values in enumerate(table.tolist())
    )
    return EpisodeAssessment(sessions, engine=ENGINE, parameters=parameters.version)


def assess_many(
    ratings: NDArray[np.float64],
    *,
    parameters: Parameters = CLIENT,
    sensitivity: Sensitivity = Sensitivity.STANDARD,
) -> BatchAssessment:
    """Assess many episodes at once, shape (episodes, sessions, 3); NaN where nothing was rated."""
    episodes = [assess(r, parameters=parameters, sensitivity=sensitivity) for r in ratings]
    rows = [each.sessions for each in episodes]

    def floats(name: str) -> NDArray[np.float64]:
        return np.array([[getattr(s, name) for s in row] for row in rows], dtype=np.float64)

    return BatchAssessment(
        **{n: floats(n) for n in ("score", "expected", "low", "high", "statistic", "limit")},
        probability=floats("probability"),
        flag=np.array([[FLAG_KINDS.index(s.flag) for s in row] for row in rows], dtype=np.int8),
        facets=np.array([[[f in s.facets for f in FACETS] for s in row] for row in rows]),
        onset=np.array([[-1 if s.onset is None else s.onset for s in row] for row in rows]),
        status=np.array([[STATUSES.index(s.status) for s in row] for row in rows], dtype=np.int8),
        engine=ENGINE,
        parameters=parameters.version,
    )


@dataclass(frozen=True, slots=True)
class _Baseline:
    """What is known of one person's usual values, the population's word included.

    level          at the first session; points
    uncertainty    variance of the level
    noise          variance of a session around it
    weight         observations behind the noise
    """

    level: float
    uncertainty: float
    noise: float
    weight: float

    @property
    def spread(self) -> float:
        """Predictive SD of the next value; points."""
        return math.sqrt(self.uncertainty + self.noise)

    def after(self, residual: float, p: Parameters) -> _Baseline:
        """Learn from one residual: normal-normal for the level, pooled variance for the noise."""
        residual = max(-p.outlier, min(residual, p.outlier))
        gain = self.uncertainty / self.spread**2
        noise = self.noise * (self.weight + residual**2) / (self.weight + 1)
        return _Baseline(
            level=self.level - gain * residual * self.spread,
            uncertainty=self.uncertainty * (1 - gain),
            noise=max(noise, p.quietest**2),
            weight=self.weight + 1,
        )


@dataclass(frozen=True, slots=True)
class _Reading:
    """One value held against its prediction. In SD, positive where it is lower than expected."""

    residual: float
    average: float
    statistic: float


class _Track:
    """The score, or one facet, over an episode: its baseline and the evidence that it fell."""

    def __init__(self, scale: Scale, p: Parameters) -> None:
        self.scale = scale
        self.p = p
        self.baseline = _Baseline(scale.mean, scale.between**2, scale.within**2, p.memory)
        self.started = False
        self.variance = 0.0
        self.probability = 0.0
        self.forget()

    def forget(self) -> None:
        """Start the evidence anew; the baseline stays."""
        self.average = 0.0
        self.excess = 0.0
        self.onset = 0
        self.before = self.baseline

    def expect(self, row: int) -> float:
        """Predict the value of a row. The scale ends at 10, whatever the growth."""
        return min(self.baseline.level + self.p.growth * math.log(row + 1), HIGHEST)

    def read(self, row: int, value: float) -> _Reading:
        """Hold a value against the prediction. Changes nothing."""
        residual = (self.expect(row) - value) / self.baseline.spread
        if not self.started:  # compared with other people only, which says nothing of a change
            return _Reading(residual, average=0.0, statistic=0.0)
        average = (1 - self.p.smoothing) * self.average + self.p.smoothing * residual
        statistic = self.scale.weight * average / math.sqrt(self._next_variance())
        return _Reading(residual, average, statistic)

    def gather(self, row: int, reading: _Reading, limit: float) -> None:
        """Take a reading into the evidence: moving average, onset (CUSUM) and probability."""
        if not self.started:
            self.started = True
            return
        self.variance = self._next_variance()
        self.average = min(reading.average, self._most(limit))
        if not self.excess:
            self.onset, self.before = row, self.baseline
        self.excess = max(0.0, self.excess + reading.residual - self.p.drop / 2)
        self.probability = self._posterior(reading.residual)

    def learn(self, reading: _Reading) -> None:
        """Let the baseline take in a reading."""
        self.baseline = self.baseline.after(reading.residual, self.p)

    def restore(self) -> None:
        """Go back to the baseline from before the weakening began."""
        self.baseline = self.before

    def _most(self, limit: float) -> float:
        """Cap the average so that, however deep a fall was, one usual value ends its alarm."""
        alarm = limit / self.scale.weight * math.sqrt(self.variance)
        return (alarm - self.p.smoothing * USUAL) / (1 - self.p.smoothing)

    def _next_variance(self) -> float:
        return (1 - self.p.smoothing) ** 2 * self.variance + self.p.smoothing**2

    def _posterior(self, residual: float) -> float:
        """Filter a chain with two states, at the baseline and ``drop`` SD below it."""
        p = self.p
        prior = self.probability * (1 - p.mending) + (1 - self.probability) * self.scale.onset
        ratio = math.exp(p.drop * min(residual, p.outlier) - p.drop**2 / 2)
        return prior * ratio / (prior * ratio + 1 - prior)


@dataclass(frozen=True, slots=True)
class _Band:
    """What was expected of a session before it was seen; points."""

    expected: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class _Flag:
    """What is raised at a session."""

    kind: FlagKind = FlagKind.NONE
    facets: tuple[str, ...] = ()
    onset: int | None = None


class _Standing:
    """Where the bond stands: the way from a flag back to steady."""

    def __init__(self) -> None:
        self.status = Status.TOO_EARLY
        self.calm = 0
        self.since_repair = 0

    @property
    def unsettled(self) -> bool:
        """Whether a weakening has not been repaired yet."""
        return self.status in (Status.WEAKENING, Status.RECOVERING)

    def advance(self, *, flagged: bool, in_band: bool, probability: float, usual: Status) -> None:
        """Take one rated session; ``usual`` is the status when nothing is the matter."""
        self.calm = self.calm + 1 if probability < BACK_TO_USUAL and not flagged else 0
        self.since_repair += 1
        if flagged:
            self.status = Status.WEAKENING
        elif self.unsettled:
            self._recover(in_band)
        elif self.status is not Status.REPAIRED or self.since_repair == CALM_SESSIONS:
            self.status = usual

    def _recover(self, in_band: bool) -> None:
        if self.calm >= CALM_SESSIONS:
            self.status = Status.REPAIRED
            self.since_repair = 0
        elif in_band:
            self.status = Status.RECOVERING


class _Episode:
    """The tracks of the score and of the facets, and where the bond stands."""

    def __init__(self, p: Parameters, limit: float) -> None:
        self.p = p
        self.limit = limit
        self.whole = _Track(p.score, p)
        self.parts = {facet: _Track(p.facet, p) for facet in FACETS}
        self.scores: list[float] = []
        self.standing = _Standing()

    def assess(self, row: int, values: Sequence[float | None]) -> SessionAssessment:
        """Assess one row, rated or not, and take it in."""
        rated = {f: value for f, value in zip(FACETS, values, strict=True) if value is not None}
        if len(rated) < FEWEST_FACETS:
            return self._answer(self._band(row), _Flag())
        score = fmean(rated.values())
        self.scores.append(score)
        band = self._band(row)
        whole = self.whole.read(row, self._completed(row, rated))
        parts = {facet: self.parts[facet].read(row, value) for facet, value in rated.items()}
        statistic = max(whole.statistic, *(part.statistic for part in parts.values()))
        flagged = not self._too_early and statistic > self.limit
        readings = [(self.whole, whole), *((self.parts[f], part) for f, part in parts.items())]
        for track, reading in readings:
            track.gather(row, reading, self.limit)
        flag = self._flag(row, whole, parts) if flagged else _Flag()
        probability = max(track.probability for track in (self.whole, *self.parts.values()))
        in_band = band.low is None or score >= band.low
        self._settle(readings, flagged=flagged, in_band=in_band, probability=probability)
        if self._too_early:
            return self._answer(band, flag, score=score)
        return self._answer(band, flag, score=score, statistic=statistic, probability=probability)

    @property
    def _too_early(self) -> bool:
        return len(self.scores) < FEWEST_RATINGS

    @property
    def _usual(self) -> Status:
        if self._too_early:
            return Status.TOO_EARLY
        at_the_top = self.scores[0] >= TOP_MARK and len(set(self.scores)) == 1
        return Status.NO_VARIATION if at_the_top else Status.STEADY

    def _band(self, row: int) -> _Band:
        if self._too_early:
            return _Band(None, None, None)
        expected = self.whole.expect(row)
        reach = BAND * self.whole.baseline.spread
        return _Band(expected, max(expected - reach, LOWEST), min(expected + reach, HIGHEST))

    def _completed(self, row: int, rated: Mapping[str, float]) -> float:
        """Mean of the facets, one left out counted as expected.

        Or leaving out the facet that is always highest would look like a fall.
        """
        return fmean(
            rated[facet] if facet in rated else track.expect(row)
            for facet, track in self.parts.items()
        )

    def _flag(self, row: int, whole: _Reading, parts: Mapping[str, _Reading]) -> _Flag:
        strongest = max(part.statistic for part in parts.values())
        near = strongest - (1 - DRIVING) * abs(strongest)
        driving = tuple(facet for facet, part in parts.items() if part.statistic >= near)
        if len(driving) == 1:
            return _Flag(FlagKind.FACET, driving, self.parts[driving[0]].onset)
        newly = self.standing.status is not Status.WEAKENING
        if newly and self.p.smoothing * whole.residual > SHARP * whole.average:
            return _Flag(FlagKind.SHARP_DROP, driving, row)
        return _Flag(FlagKind.DECLINE, driving, self.whole.onset)

    def _settle(
        self,
        readings: Sequence[tuple[_Track, _Reading]],
        *,
        flagged: bool,
        in_band: bool,
        probability: float,
    ) -> None:
        """Move the standing on, and what the tracks know with it.

        From the first flag to the repair, the baseline is the one from before the weakening.
        """
        was_unsettled = self.standing.unsettled
        self.standing.advance(
            flagged=flagged, in_band=in_band, probability=probability, usual=self._usual
        )
        repaired = was_unsettled and not self.standing.unsettled
        for track, reading in readings:
            if flagged:
                track.restore()
            elif not self.standing.unsettled:
                track.learn(reading)
            if repaired:
                track.forget()

    def _answer(
        self,
        band: _Band,
        flag: _Flag,
        *,
        score: float | None = None,
        statistic: float | None = None,
        probability: float | None = None,
    ) -> SessionAssessment:
        return SessionAssessment(
            score=score,
            expected=band.expected,
            low=band.low,
            high=band.high,
            statistic=statistic,
            limit=None if statistic is None else self.limit,
            probability=probability,
            flag=flag.kind,
            facets=flag.facets,
            onset=flag.onset,
            status=self.standing.status,
        )
