"""Work out what the engine is held to: limits by session, and honest probabilities.

Deterministic: the same numbers in, the same numbers out, whatever else runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

import numpy as np

from .engine import probabilities, statistics
from .limits import LAST_CALIBRATED, Hazards, Limits, fit_limits
from .operators import Floats
from .parameters import Calibration, Parameters
from .population import Population
from .ruptures import draw_falls, is_below
from .steady_people import Variety, draw_steady, varied

SEED = 20_250_301
STEADY_PEOPLE = 12_000
LIVES = 4_000
LIFE = 20  # sessions
BLOCK = 500  # people drawn at once

# Nominal, for people of whom no more is known than the presets say; and for an organization whose
# own ratings the limits are worked out on, which can afford to look closer.
PRESET_HAZARDS = Hazards(low=0.005, standard=0.010, high=0.020)
OWN_HAZARDS = Hazards(low=0.0075, standard=0.015, high=0.025)
# Added to the presets' limits: real ratings are rougher still than the roughest made up.
PRESET_MARGIN = 0.1

Advance = Callable[[int], None]
_UNCALIBRATED = Calibration(0.0, 1.0)
_NO_LIMITS = Limits((np.inf,), (np.inf,), (np.inf,))


def calibrate(
    version: str,
    population: Population,
    variety: Variety,
    *,
    hazards: Hazards,
    margin: float = 0.0,
    people: int = STEADY_PEOPLE,
    seed: int = SEED,
    advance: Advance = lambda _: None,
) -> Parameters:
    """Return parameters for a population: limits and probabilities worked out on a variety of it.

    Limits give steady people a constant hazard of a first flag. ``advance`` is told the number of
    people done since it last was; there are people + LIVES.
    """
    parameters = Parameters(version, population, _NO_LIMITS, hazards, _UNCALIBRATED)
    rng = np.random.default_rng(seed)
    evidence = np.concatenate(
        [
            _told(advance, statistics(draw_steady(rng, size, LAST_CALIBRATED, variety), parameters))
            for size in _blocks(people)
        ]
    )
    return replace(
        parameters,
        limits=fit_limits(evidence, hazards, margin=margin),
        calibration=_calibrate_probability(rng, parameters, variety, advance),
    )


@dataclass(frozen=True, slots=True)
class Preset:
    """A population that is shipped, and the variety of people its limits are worked out on."""

    version: str
    population: Population
    variety: Variety


SHIPPED = {
    "client": Preset("client-1", Population(), varied(8.1)),
    # Where most people give high marks and vary little.
    "client-high": Preset(
        "client-high-1",
        Population(mean=9.0, common_sd=0.8, facet_sd=0.4, within=0.75),
        replace(varied(9.0), between=(0.5, 1.2), within=(0.4, 1.0)),
    ),
    # Counselors rate about 0.8 lower; nothing is known that would set their spread apart.
    "counselor": Preset("counselor-1", Population(mean=7.3), varied(7.3)),
}


def presets_as_text(*, advance: Advance = lambda _: None) -> str:
    """Work out all presets: what data/presets.json holds, to the letter."""
    presets = {
        name: calibrate(
            preset.version,
            preset.population,
            preset.variety,
            hazards=PRESET_HAZARDS,
            margin=PRESET_MARGIN,
            advance=advance,
        )
        for name, preset in SHIPPED.items()
    }
    data = {name: asdict(parameters) for name, parameters in presets.items()}
    return json.dumps(data, indent=1) + "\n"


def _blocks(people: int) -> list[int]:
    full, rest = divmod(people, BLOCK)
    return [BLOCK] * full + [rest] * bool(rest)


def _told(advance: Advance, values: Floats) -> Floats:
    advance(len(values))
    return values


def _calibrate_probability(
    rng: np.random.Generator, parameters: Parameters, variety: Variety, advance: Advance
) -> Calibration:
    """Compare what the model says with what is true, where bonds weaken as they are held to."""
    odds, truths = [], []
    for size in _blocks(LIVES):
        falls = draw_falls(rng, size, LIFE)
        ratings = draw_steady(rng, size, LIFE, variety, fall=falls)
        said = _told(advance, probabilities(ratings, parameters))
        judged = ~np.isnan(said)
        edge = 1e-9
        held_in = np.clip(said[judged], edge, 1 - edge)
        odds.append(np.log(held_in / (1 - held_in)))
        truths.append(is_below(falls)[judged])
    intercept, slope = logistic_regression(np.concatenate(odds), np.concatenate(truths))
    return Calibration(round(intercept, 3), round(slope, 3))


def logistic_regression(x: Floats, truth: Floats) -> tuple[float, float]:
    """Return the intercept and slope of the log odds of ``truth``, by Newton's method.

    >>> x, truth = np.array([-1.0, -1.0, 1.0, 1.0]), np.array([0, 1, 0, 1])
    >>> [abs(round(each, 6)) for each in logistic_regression(x, truth)]
    [0.0, 0.0]
    """
    design = np.stack([np.ones_like(x), x])
    weights = np.array([0.0, 1.0])
    for _ in range(50):
        said = 1 / (1 + np.exp(-(weights @ design)))
        step = np.linalg.solve(
            (design * (said * (1 - said))) @ design.T, design @ (said - np.asarray(truth))
        )
        weights = weights - step
        if np.abs(step).max() < 1e-10:
            break
    return float(weights[0]), float(weights[1])
