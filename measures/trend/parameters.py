"""The numbers the engine works with. Data, not code: another set is another version."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .interface import Sensitivity


@dataclass(frozen=True, slots=True)
class Scale:
    """How one quantity, the score or a facet, is spread, and how its evidence counts.

    mean      of people at their first session; points on 0-10
    between   SD of people's own levels; points
    within    SD of a person's sessions around the own level; points
    onset     chance per session that a weakening begins
    weight    factor on the evidence; below 1 for facets, so that three of them do not triple alarms
    """

    mean: float
    between: float
    within: float
    onset: float
    weight: float


@dataclass(frozen=True, slots=True)
class Limits:
    """What the statistic is held against, by sensitivity."""

    low: float
    standard: float
    high: float

    def at(self, sensitivity: Sensitivity) -> float:
        """Return the limit for a sensitivity."""
        limits = {
            Sensitivity.LOW: self.low,
            Sensitivity.STANDARD: self.standard,
            Sensitivity.HIGH: self.high,
        }
        return limits[sensitivity]


@dataclass(frozen=True, slots=True)
class Parameters:
    """Everything the engine takes as given.

    version      name stored with every assessment
    score        the mean of the facets
    facet        a single facet
    growth       expected rise; points per ln(session number)
    memory       observations that the population's within-person SD is worth
    quietest     smallest within-person SD believed, so that rounding is no precision; points
    outlier      residual, in SD, beyond which a rating says no more to baseline and probability
    smoothing    weight of the newest residual in the moving average
    drop         weakening that the probability and the onset look for; SD
    mending      chance per session that a weakening ends
    limits       of the statistic
    """

    version: str
    score: Scale
    facet: Scale
    growth: float
    memory: float
    quietest: float
    outlier: float
    smoothing: float
    drop: float
    mending: float
    limits: Limits


# The limits give 0.5, 1 and 2 first flags per 100 sessions of simulated stable people whose means,
# spreads, growth, tails, rounding and gaps all vary widely: far rougher than the simulator here,
# where alarms are rarer, because limits from clean data gave several times more on real ratings.
CLIENT = Parameters(
    version="client-default-1",
    score=Scale(mean=8.1, between=1.35, within=0.95, onset=0.03, weight=1.0),
    facet=Scale(mean=8.1, between=1.35, within=1.25, onset=0.002, weight=0.75),
    growth=0.25,
    memory=5.0,
    quietest=0.4,
    outlier=3.0,
    smoothing=0.25,
    drop=1.75,
    mending=0.3,
    limits=Limits(low=3.46, standard=2.85, high=2.22),
)

# Counselors rate about 0.8 lower; nothing is known that would set their spread apart.
COUNSELOR = replace(
    CLIENT,
    version="counselor-default-1",
    score=replace(CLIENT.score, mean=7.3),
    facet=replace(CLIENT.facet, mean=7.3),
)

PRESETS = {"client": CLIENT, "counselor": COUNSELOR}
