"""What each sensitivity would bring, before it is saved: on the service's own ratings, or made up.

Flags are counted as conversations: a run of flagged ratings is one. How many of them are chance is
worked out on made-up clients with whom nothing happens; nobody can know it of real ones. Bounded:
the latest EPISODES at most, which takes a second or two; the made-up part is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from measures.capture.parameters import parameters_or_preset
from measures.capture.rating_tables import as_array, rating_tables
from measures.models import Rater, Rating
from measures.trend import FLAG_KINDS, FlagKind, Parameters, Sensitivity, assess_many
from measures.trend.simulator import STEADY, Course, draw_person, simulate_episode
from sessions.models import Episode, Organization

EPISODES = 150
LONGEST = 60  # sessions; the first of longer ones
ENOUGH_EPISODES, ENOUGH_RATINGS = 20, 200
WEEKLY_CLIENTS = 25
MADE_UP, SESSIONS, SEED = 300, 30, 20_261_125

Tables = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Setting:
    """Flags a week of a counselor whose WEEKLY_CLIENTS all come and answer, and those by chance."""

    sensitivity: str
    flags: float
    chance: float


@dataclass(frozen=True, slots=True)
class Trial:
    """All settings, least sensitive first. `ratings` is None where they are of made-up clients."""

    settings: list[Setting]
    episodes: int
    ratings: int | None


def try_out(organization: Organization) -> Trial:
    """Assess the latest episodes at every sensitivity; made-up ones where there are too few."""
    parameters = parameters_or_preset(organization, Rater.CLIENT)
    tables = own_tables(organization)
    ratings = _rated(tables)
    if len(tables) < ENOUGH_EPISODES or ratings < ENOUGH_RATINGS:
        return Trial([_made_up(parameters, each) for each in Sensitivity], MADE_UP, None)
    return Trial([_own(tables, parameters, each) for each in Sensitivity], len(tables), ratings)


def own_tables(organization: Organization) -> Tables:
    """The clients' ratings of the latest episodes, without a word about whose they are."""
    here = Rating.objects.current().by(Rater.CLIENT).filter(organization=organization)
    rated = Episode.objects.filter(pk__in=here.values("session__episode"))
    latest = rated.order_by("-opened_on", "-pk")
    tables = rating_tables(list(latest.values_list("pk", flat=True)[:EPISODES]), Rater.CLIENT)
    return as_array([table[:LONGEST] for table in tables])


def _own(tables: Tables, parameters: Parameters, sensitivity: Sensitivity) -> Setting:
    flags = _a_week(tables, parameters, sensitivity)
    by_chance = _made_up(parameters, sensitivity).chance
    return Setting(sensitivity.value, flags, min(flags, by_chance))


@lru_cache(maxsize=32)
def _made_up(parameters: Parameters, sensitivity: Sensitivity) -> Setting:
    """With a real change about once in 30 sessions, for good or for a while; and with none."""
    rng = np.random.default_rng(SEED)
    steady = _simulated(rng, [STEADY] * MADE_UP)
    onsets = rng.integers(3, SESSIONS, MADE_UP)
    falls = [Course(step=2.5, lasts=4), Course(step=1.5)]
    courses = [replace(falls[at % 2], onset=int(onset)) for at, onset in enumerate(onsets)]
    changed = _simulated(rng, courses)
    chance = _a_week(steady, parameters, sensitivity)
    flags = _a_week(changed, parameters, sensitivity)
    return Setting(sensitivity.value, flags, min(flags, chance))


def _simulated(rng: np.random.Generator, courses: list[Course]) -> Tables:
    return np.array(
        [simulate_episode(rng, SESSIONS, each, draw_person(rng), step=1.0) for each in courses]
    )


def _a_week(tables: Tables, parameters: Parameters, sensitivity: Sensitivity) -> float:
    """Runs of flagged ratings for each rating, times the ratings of a full week."""
    assessed = assess_many(tables, parameters=parameters, sensitivity=sensitivity)
    rated = ~np.isnan(assessed.score)
    runs = 0
    for flags, given in zip(assessed.flag, rated, strict=True):
        flagged = flags[given] != FLAG_KINDS.index(FlagKind.NONE)
        runs += int(flagged[:1].sum() + (flagged[1:] & ~flagged[:-1]).sum())
    return WEEKLY_CLIENTS * runs / max(1, _rated(tables))


def _rated(tables: Tables) -> int:
    return int((~np.isnan(tables)).any(axis=-1).sum())
