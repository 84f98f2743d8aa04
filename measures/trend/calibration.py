"""Work out what the engine is held to: limits by session, and honest probabilities.

Deterministic: the same numbers in, the same numbers out, whatever else runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .engine import probabilities, statistics
from .interface import Sensitivity
from .limits import LAST_CALIBRATED, BySensitivity, Limits, fit_limits
from .operators import Floats
from .parameters import Calibration, Parameters, log_odds
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
PRESET_HAZARDS = BySensitivity(low=0.005, standard=0.010, high=0.020)
OWN_HAZARDS = BySensitivity(low=0.006, standard=0.0125, high=0.0205)
# Added to the presets' limits: real ratings are rougher still than the roughest made up.
PRESET_MARGIN = 0.45

TIDY_CARRY_OVER = (0.15, 0.45)

Advance = Callable[[int], None]
FEWEST_CASES = 50
POINTS = (-6.0, -5.0, -4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 6.0)  # log odds


def calibrate(
    version: str,
    population: Population,
    variety: Variety,
    *,
    hazards: BySensitivity,
    margin: float = 0.0,
    people: int = STEADY_PEOPLE,
    seed: int = SEED,
    advance: Advance = lambda _: None,
) -> Parameters:
    """Return parameters for a population: limits and probabilities worked out on made-up people.

    Limits give the steady people of ``variety`` a constant hazard of a first flag; the probability
    is made honest on tidy ones, since those who are far rougher would make it say too little.
    ``advance`` is told the number of people done since it last was; there are people + 2 LIVES.
    """
    rng = np.random.default_rng(seed)
    evidence = np.concatenate(
        [
            _told(advance, statistics(draw_steady(rng, size, LAST_CALIBRATED, variety), population))
            for size in _blocks(people)
        ]
    )
    limits = fit_limits(evidence, hazards, margin=margin)
    return Parameters(
        version=version,
        population=population,
        limits=limits,
        hazards=hazards,
        right=_right(rng, population, limits, variety, advance),
        calibration=_calibration(rng, population, advance),
    )


def typical(population: Population) -> Variety:
    """Return people as a population supposes them, if a little rougher than the model."""
    p = population
    reliability = p.state_share + p.shared_share
    return Variety(
        mean=(p.mean, p.mean),
        between=(p.common_sd, p.common_sd),
        within=(p.within, p.within),
        within_cv=(p.within_cv, p.within_cv),
        carry_over=(max(p.carry_over - 0.15, 0.0), min(p.carry_over + 0.15, 0.9)),
        reliability=(max(reliability - 0.1, 0.05), min(reliability + 0.1, 0.95)),
        facet_sd=(p.facet_sd, p.facet_sd),
        growth=p.growth,
        growth_sd=p.growth_sd,
        falling=None,
        shared=(0.0, 0.2),
        freedom=(6.0, 10.0, 40.0),
        skew=(0.0, 0.15),
        rounding=(0.1,),
        rounding_shares=(1.0,),
        missers=0.0,
    )


def _tidy(population: Population) -> Variety:
    """Return typical people without the rough edges: the population's growth is wide on purpose."""
    return replace(
        typical(population),
        carry_over=TIDY_CARRY_OVER,
        growth_sd=min(population.growth_sd, 0.15),
        freedom=(8.0, 40.0),
        skew=(0.0, 0.1),
    )


@dataclass(frozen=True, slots=True)
class Preset:
    """A population that is shipped, and the variety of people its limits are worked out on."""

    version: str
    population: Population
    variety: Variety


SHIPPED = {
    "client": Preset("client-2", Population(), varied(8.1)),
    # Where most people give high marks and vary little.
    "client-high": Preset(
        "client-high-2",
        Population(mean=9.0, common_sd=0.8, facet_sd=0.4, within=0.75),
        replace(varied(9.0), between=(0.5, 1.2), within=(0.4, 1.0)),
    ),
    # Counselors rate about 0.8 lower; nothing is known that would set their spread apart.
    "counselor": Preset("counselor-2", Population(mean=7.3), varied(7.3)),
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


def _calibration(rng: np.random.Generator, population: Population, advance: Advance) -> Calibration:
    """Compare the probabilities of the model with what is true of tidy people."""
    said, truth = _lives(rng, population, _tidy(population), probabilities, advance)
    judged = ~np.isnan(said)
    return fit_calibration(log_odds(said[judged]), truth[judged])


def _right(
    rng: np.random.Generator,
    population: Population,
    limits: Limits,
    variety: Variety,
    advance: Advance,
) -> BySensitivity:
    """Return the share of first flags that are at a bond that is, or just was, below."""
    evidence, truth = _lives(rng, population, variety, statistics, advance)
    lately = truth.copy()
    lately[:, 1:] |= truth[:, :-1]
    shares = {}
    for sensitivity in Sensitivity:
        flagged = evidence > limits.at(sensitivity, LIFE)
        found = flagged.any(axis=1)
        right = lately[found, flagged.argmax(axis=1)[found]].mean()
        shares[sensitivity.value] = round(float(right), 3)
    return BySensitivity(**shares)


def _lives(
    rng: np.random.Generator,
    population: Population,
    variety: Variety,
    ask: Callable[[Floats, Population], Floats],
    advance: Advance,
) -> tuple[Floats, NDArray[np.bool_]]:
    """Ask the engine about bonds that weaken and mend; its answers and the truth, (LIVES, LIFE)."""
    answers, truths = [], []
    for size in _blocks(LIVES):
        falls = draw_falls(rng, size, LIFE)
        ratings = draw_steady(rng, size, LIFE, variety, fall=falls)
        answers.append(_told(advance, ask(ratings, population)))
        truths.append(is_below(falls))
    return np.concatenate(answers), np.concatenate(truths)


def fit_calibration(said: Floats, truth: NDArray[np.bool_]) -> Calibration:
    """Compare log odds with what was true, both (sessions,), around each of POINTS.

    Points with few cases are left out; half a case of either kind is supposed besides.
    """
    points = np.array(POINTS)
    nearest = np.searchsorted((points[:-1] + points[1:]) / 2, said)
    cases = np.bincount(nearest, minlength=len(points))
    true = np.bincount(nearest, weights=truth, minlength=len(points))
    enough = cases >= FEWEST_CASES
    found = np.log((true + 0.5) / (cases - true + 0.5))[enough]
    found = np.maximum.accumulate(found)
    return Calibration(tuple(points[enough].tolist()), tuple(found.round(3).tolist()))
