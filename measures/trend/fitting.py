"""An organization's own parameters: the population fitted to its past episodes, limits with it.

Empirical Bayes: the population's numbers are chosen to make the ratings likely under the null
model, each episode integrated over what is not known of the person, and drawn towards the preset
as if that had been seen in a few episodes too. Weakenings among the ratings are what the Student t
is robust against; they widen the fitted noise a little, which errs on the quiet side.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .calibration import OWN_HAZARDS, STEADY_PEOPLE, Advance, calibrate, typical
from .engine import log_likelihoods, scored, until_the_last
from .operators import Floats
from .parameters import Parameters
from .population import Population
from .steady_people import Variety

FEWEST_EPISODES = 50
FEWEST_RATINGS = 5  # of an episode that tells anything
PRESET_EPISODES = 10.0  # that the preset is worth
MOST_STEPS = 250
CLOSE_ENOUGH = 0.01  # in log likelihood, to end the search

# What is fitted, as (field, how it is searched, how far the preset lets it go; on that scale).
_FREE = (
    ("mean", "plain", 0.8),
    ("common_sd", "log", 0.3),
    ("facet_sd", "log", 0.4),
    ("growth", "plain", 0.2),
    ("growth_sd", "log", 0.4),
    ("within", "log", 0.3),
    ("within_cv", "log", 0.3),
    ("carry_over", "logit", 0.6),
    ("state_share", "logit", 0.5),
)

_Scale = Mapping[str, Callable[[float], float]]
_INWARDS: _Scale = {
    "plain": float,
    "log": math.log,
    "logit": lambda value: math.log(value / (1 - value)),
}
_OUTWARDS: _Scale = {
    "plain": float,
    "log": math.exp,
    "logit": lambda value: 1 / (1 + math.exp(-value)),
}


class TooFewEpisodes(ValueError):
    """There are fewer usable episodes than anything could be fitted to."""

    def __init__(self, usable: int) -> None:
        super().__init__(f"{usable} usable episodes, {FEWEST_EPISODES} are needed")
        self.usable = usable


def usable_episodes(ratings: Floats) -> NDArray[np.bool_]:
    """Say which episodes have enough scored ratings, (episodes, sessions, 3) to (episodes,)."""
    return np.asarray(scored(ratings).sum(axis=1) >= FEWEST_RATINGS)


def fit_parameters(
    version: str,
    ratings: Floats,
    *,
    preset: Parameters,
    advance: Advance = lambda _: None,
    people: int = STEADY_PEOPLE,
) -> Parameters:
    """Fit a population to one organization's ratings and work out its limits.

    ``ratings`` (episodes, sessions, 3), points on 0-10, NaN where missing, of episodes that ended,
    by one kind of rater. ``advance`` is told of steps, MOST_STEPS + people + 2 LIVES at most.

    Raises TooFewEpisodes with fewer than FEWEST_EPISODES usable ones.
    """
    usable = ratings[usable_episodes(ratings)]
    if len(usable) < FEWEST_EPISODES:
        raise TooFewEpisodes(len(usable))
    fitted = fit_population(usable, preset.population, advance=advance)
    # Where people start and how they grow is taken over. Spreads are not: how people differ is
    # what a few dozen episodes tell least, and a prior too narrow costs more than one too wide.
    # Nor is the carry-over: the model supposes less of it than there is, and finds more.
    known = {name: getattr(fitted, name) for name in ("mean", "growth")}
    return calibrate(
        version,
        replace(preset.population, **known),
        variety_of(fitted, usable),
        hazards=OWN_HAZARDS,
        people=people,
        advance=advance,
    )


def fit_population(
    ratings: Floats, preset: Population, *, advance: Advance = lambda _: None
) -> Population:
    """Return the population that makes ratings (episodes, sessions, 3) most likely."""

    def unlikely(x: Floats) -> float:
        advance(1)
        distance = (x - start) / _tolerances()
        tried = log_likelihoods(ratings, _population(preset, x)).sum()
        return float(PRESET_EPISODES / 2 * np.mean(distance**2) * len(x) / 3 - tried)

    start = _position(preset)
    return _population(preset, minimize(unlikely, start, _tolerances() / 2))


def variety_of(population: Population, ratings: Floats) -> Variety:
    """Return steady people like a fitted population, with the gaps and steps of these ratings.

    Tails and skew are not fitted, a few weakenings would pass for them: moderately rough ones.
    """
    has_score = scored(ratings)
    gaps = 1 - has_score[until_the_last(has_score)].mean()
    return replace(
        typical(population),
        rounding=(step_of(ratings),),
        rounding_shares=(1.0,),
        missing=float(gaps),
        missers=1.0,
    )


def step_of(ratings: Floats) -> float:
    """Return the coarsest of the usual steps that nearly all ratings are multiples of; points.

    >>> step_of(np.array([8.0, 8.5, np.nan, 9.0]))
    0.5
    """
    given = ratings[np.isfinite(ratings)]
    for step in (1.0, 0.5):
        if np.mean(np.abs(given / step - np.round(given / step)) < 1e-6) >= 0.95:
            return step
    return 0.1


def minimize(
    function: Callable[[Floats], float], start: Floats, size: Floats, steps: int = MOST_STEPS
) -> Floats:
    """Find a minimum by the simplex of Nelder and Mead (1965); about ``steps`` evaluations.

    >>> minimize(lambda x: float(((x - 3) ** 2).sum()), np.zeros(2), np.ones(2)).round(1).tolist()
    [3.0, 3.0]
    """
    corners = np.vstack([start, start + np.diag(size)])
    values = np.array([function(corner) for corner in corners])
    done = len(values)
    while done < steps and np.ptp(values) > CLOSE_ENOUGH:
        order = values.argsort()
        corners, values = corners[order], values[order]
        center = corners[:-1].mean(axis=0)
        away = center - corners[-1]
        tried = center + away
        value = function(tried)
        done += 1
        if value < values[0] or value >= values[-2]:
            further = center + (2.0 if value < values[0] else -0.5) * away
            at_further = function(further)
            done += 1
            if at_further < min(value, values[-1]):
                tried, value = further, at_further
        if value < values[-1]:
            corners[-1], values[-1] = tried, value
            continue
        corners[1:] = corners[0] + (corners[1:] - corners[0]) / 2
        values[1:] = [function(corner) for corner in corners[1:]]
        done += len(values) - 1
    return np.asarray(corners[values.argmin()])


def _tolerances() -> Floats:
    return np.array([tolerance for _, _, tolerance in _FREE])


def _position(population: Population) -> Floats:
    """Where a population lies on the scales that are searched."""
    return np.array([_INWARDS[scale](getattr(population, name)) for name, scale, _ in _FREE])


def _population(preset: Population, position: Floats) -> Population:
    """Return the population at a position; what is not searched is the preset's."""
    found = {
        name: round(_OUTWARDS[scale](float(value)), 4)
        for (name, scale, _), value in zip(_FREE, position, strict=True)
    }
    found["state_share"] = min(found["state_share"], 0.98 - preset.shared_share)
    return replace(preset, **found)
