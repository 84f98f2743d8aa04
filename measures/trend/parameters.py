"""The numbers the engine works with. Data, not code: another set is another version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files
from typing import Any

import numpy as np

from .limits import BySensitivity, Limits
from .operators import Floats
from .population import Population

SUREST = 1e-9  # from 0 and 1


def log_odds(probability: Floats) -> Floats:
    """Return the log odds of probabilities, none of them certain."""
    held_in = np.clip(probability, SUREST, 1 - SUREST)
    return np.asarray(np.log(held_in / (1 - held_in)))


@dataclass(frozen=True, slots=True)
class Calibration:
    """From the model's log odds to honest ones: a broken line through these points.

    said  log odds of the model, rising
    true  log odds of what was true where it said so, never falling
    """

    said: tuple[float, ...]
    true: tuple[float, ...]

    def calibrated(self, probability: Floats) -> Floats:
        """Return what the probabilities of the model came to where the truth was known."""
        return np.asarray(1 / (1 + np.exp(-np.interp(log_odds(probability), self.said, self.true))))


@dataclass(frozen=True, slots=True)
class Parameters:
    """Everything the engine takes as given.

    version      stored with every assessment
    hazards      chance that a session of somebody steady raises a first flag, that limits aim at
    right        share of first flags, among made-up people some of whom weaken, that are right
    calibration  of the probability of being below the baseline
    """

    version: str
    population: Population
    limits: Limits
    hazards: BySensitivity
    right: BySensitivity
    calibration: Calibration

    def as_data(self) -> dict[str, Any]:
        """Return plain values, to be stored as JSON."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Parameters:
        """Read what ``as_data`` gave. Raises KeyError, TypeError or AttributeError."""
        return cls(
            version=data["version"],
            population=Population(**data["population"]),
            limits=Limits(**{name: tuple(curve) for name, curve in data["limits"].items()}),
            hazards=BySensitivity(**data["hazards"]),
            right=BySensitivity(**data["right"]),
            calibration=Calibration(
                **{name: tuple(points) for name, points in data["calibration"].items()}
            ),
        )


def _presets() -> dict[str, Parameters]:
    text = files(__package__).joinpath("data", "presets.json").read_text(encoding="utf-8")
    return {name: Parameters.from_data(data) for name, data in json.loads(text).items()}


PRESETS = _presets()
CLIENT, COUNSELOR = PRESETS["client"], PRESETS["counselor"]
