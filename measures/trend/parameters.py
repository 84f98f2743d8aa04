"""The numbers the engine works with. Data, not code: another set is another version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files
from typing import Any

import numpy as np

from .limits import Hazards, Limits
from .operators import Floats
from .population import Population


@dataclass(frozen=True, slots=True)
class Calibration:
    """From the model's log odds to honest ones: intercept and slope of a logistic regression."""

    intercept: float
    slope: float

    def calibrated(self, probability: Floats) -> Floats:
        """Return what the probabilities of the model came to where the truth was known."""
        edge = 1e-12
        held_in = np.clip(probability, edge, 1 - edge)
        odds = self.intercept + self.slope * np.log(held_in / (1 - held_in))
        return np.asarray(1 / (1 + np.exp(-odds)))


@dataclass(frozen=True, slots=True)
class Parameters:
    """Everything the engine takes as given.

    version      stored with every assessment
    hazards      what the limits were worked out for
    calibration  of the probability of being below the baseline
    """

    version: str
    population: Population
    limits: Limits
    hazards: Hazards
    calibration: Calibration

    def as_data(self) -> dict[str, Any]:
        """Return plain values, to be stored as JSON."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Parameters:
        """Read what ``as_data`` gave. Raises KeyError or TypeError for anything else."""
        return cls(
            version=data["version"],
            population=Population(**data["population"]),
            limits=Limits(**{name: tuple(curve) for name, curve in data["limits"].items()}),
            hazards=Hazards(**data["hazards"]),
            calibration=Calibration(**data["calibration"]),
        )


def _presets() -> dict[str, Parameters]:
    text = files(__package__).joinpath("data", "presets.json").read_text(encoding="utf-8")
    return {name: Parameters.from_data(data) for name, data in json.loads(text).items()}


PRESETS = _presets()
CLIENT, COUNSELOR = PRESETS["client"], PRESETS["counselor"]
