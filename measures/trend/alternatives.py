"""The weakenings that are looked for, and how likely each is held to be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .interface import FACETS

LAGS = 12  # onsets looked back to: this session and the eleven before it
ALL = 0  # group of the alternatives in which every facet falls; 1, 2, 3: that facet alone


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way to weaken, in a person's own SD of the score.

    group    ALL, or 1 + the position of the one facet that falls
    step     fall at the onset
    slope    further fall with every session, the onset's own included
    weight   prior weight of an onset at the session that is judged
    recency  factor on the weight for every session since the onset
    """

    group: int
    step: float
    slope: float
    weight: float
    recency: float

    def fall(self) -> NDArray[np.float64]:
        """Return how much lower each facet is by sessions since the onset, shape (3, LAGS)."""
        size = self.step + self.slope * np.arange(1, LAGS + 1)
        falls = np.ones(len(FACETS)) if self.group == ALL else np.eye(len(FACETS))[self.group - 1]
        return np.outer(falls, size)


# Weights and recencies: chosen for what is found within three sessions (ramps: six) at an equal
# false-alarm hazard, on seeds that no reported figure uses. Only their ratios matter.
_STEPS = {1.0: 0.02, 1.75: 0.23, 2.5: 0.17, 3.5: 0.17}
_RAMPS = {0.15: (0.15, 1.0), 0.3: (0.07, 0.95), 0.6: (0.11, 0.95)}

ALTERNATIVES = (
    *(Alternative(ALL, step, 0.0, weight, 0.70) for step, weight in _STEPS.items()),
    *(Alternative(ALL, 0.0, slope, weight, recency) for slope, (weight, recency) in _RAMPS.items()),
    *(Alternative(group, 2.5, 0.0, 0.054, 0.70) for group in (1, 2, 3)),
    *(Alternative(group, 0.0, 0.5, 0.016, 0.95) for group in (1, 2, 3)),
)
