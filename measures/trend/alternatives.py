"""The weakenings that are looked for, and how likely each is held to be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .interface import FACETS

LAGS = 12  # onsets looked back to: this session and the eleven before it
# Factors on the weight of an onset at this session, one ago, and two ago; from there on it fades.
# Two ago is the last that is still told in time, and there the evidence is strongest.
LATELY = (1.0, 0.6, 1.4)
ALL = 0  # group of the alternatives in which every facet falls; 1, 2, 3: that facet alone


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way to weaken, in a person's own SD of the score.

    group    ALL, or 1 + the position of the one facet that falls
    step     fall at the onset
    slope    further fall with every session, the onset's own included
    weight   prior weight of an onset, before LATELY
    recency  factor on the weight for every session that an onset lies back further than two
    at_once  further factor on the weight of an onset at the very session that is judged
    """

    group: int
    step: float
    slope: float
    weight: float
    recency: float
    at_once: float = 1.0

    def fall(self) -> NDArray[np.float64]:
        """Return how much lower each facet is by sessions since the onset, shape (3, LAGS)."""
        size = self.step + self.slope * np.arange(1, LAGS + 1)
        falls = np.ones(len(FACETS)) if self.group == ALL else np.eye(len(FACETS))[self.group - 1]
        return np.outer(falls, size)

    def weights(self) -> NDArray[np.float64]:
        """Return the prior weights of onsets by sessions since then, shape (LAGS,)."""
        weights = np.full(LAGS, self.weight * LATELY[-1])
        weights[: len(LATELY)] = self.weight * np.array(LATELY)
        weights[0] *= self.at_once
        weights[len(LATELY) :] *= self.recency ** np.arange(1, LAGS - len(LATELY) + 1)
        return weights


# Weights and recencies: chosen for what is found within three sessions (ramps: six) at an equal
# false-alarm hazard, on seeds that no reported figure uses. Only their ratios matter, and that of
# COLLAPSE_WEIGHT to them. Neither further sizes nor slopes, nor a ramp of one facet, found more.
# One odd answer in one facet is mostly a slip: hence the small weight of a facet's fall at once.
ALTERNATIVES = (
    Alternative(ALL, 1.75, 0.0, weight=0.35, recency=0.80),
    Alternative(ALL, 3.5, 0.0, weight=0.65, recency=0.80, at_once=1.4),
    Alternative(ALL, 0.0, 0.15, weight=0.15, recency=0.90),
    Alternative(ALL, 0.0, 0.3, weight=0.18, recency=0.98),
    *(Alternative(group, 2.5, 0.0, 0.060, recency=0.60, at_once=0.05) for group in (1, 2, 3)),
)
