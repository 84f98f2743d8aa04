"""What the evidence is held against: a smooth curve over sessions for each sensitivity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .interface import Sensitivity
from .operators import Floats

FIRST_JUDGED = 3  # session number; nothing is concluded from fewer ratings
LAST_CALIBRATED = 40  # later sessions have its limit


@dataclass(frozen=True, slots=True)
class BySensitivity:
    """A share, 0-1, for each sensitivity."""

    low: float
    standard: float
    high: float

    def at(self, sensitivity: Sensitivity) -> float:
        """Return the share for a sensitivity."""
        return float(getattr(self, sensitivity.value))


@dataclass(frozen=True, slots=True)
class Limits:
    """By sensitivity, the coefficients of a cubic in ln(session number), highest power first."""

    low: tuple[float, ...]
    standard: tuple[float, ...]
    high: tuple[float, ...]

    def at(self, sensitivity: Sensitivity, sessions: int) -> Floats:
        """Return the limit of each session, shape (sessions,); +inf before the first judged."""
        numbers = np.arange(1, sessions + 1)
        held_to = np.clip(numbers, FIRST_JUDGED, LAST_CALIBRATED)
        curve = np.polyval(getattr(self, sensitivity.value), np.log(held_to))
        return np.where(numbers < FIRST_JUDGED, np.inf, curve)


def fit_limits(evidence: Floats, hazards: BySensitivity, *, margin: float) -> Limits:
    """Fit the curves to the evidence (episodes, sessions) of steady people, by least squares.

    ``margin`` is added to all. Rounded to four digits: finer than anything a limit is known to.
    """
    numbers = np.log(np.arange(FIRST_JUDGED, evidence.shape[1] + 1))
    curves = {}
    for sensitivity in Sensitivity:
        limits = session_limits(evidence, hazards.at(sensitivity))[FIRST_JUDGED - 1 :]
        curve = np.polyfit(numbers, limits + margin, 3)
        curves[sensitivity.value] = tuple(curve.round(4).tolist())
    return Limits(**curves)


def session_limits(evidence: Floats, hazard: float) -> Floats:
    """Return limits, (sessions,), at which steady people have a constant false-alarm hazard.

    ``evidence`` (episodes, sessions) of steady people, NaN where not judged. Session by session:
    the (1 - hazard) quantile among those judged and not flagged before; +inf where nobody is.
    """
    limits = np.full(evidence.shape[1], np.inf)
    unflagged = np.ones(len(evidence), dtype=np.bool_)
    for session in range(FIRST_JUDGED - 1, evidence.shape[1]):
        values = evidence[:, session]
        judged = unflagged & ~np.isnan(values)
        if judged.any():
            limits[session] = np.quantile(values[judged], 1 - hazard)
            unflagged &= ~(judged & (values > limits[session]))
    return limits
