"""What each sensitivity would bring, before it is saved: on the service's own ratings, or made up.

Flags are counted as conversations: a run of flagged ratings is one. How many of them are chance
nobody can know of real ones: it is the share that stands on every flag, from made-up clients.
Bounded: the latest EPISODES at most, which takes a second or two; the made-up part is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from numpy.typing import NDArray

from measures.capture.parameters import parameters_or_preset
from measures.capture.rating_tables import as_array, rating_tables
from measures.models import Rater, Rating
from measures.trend import FLAG_KINDS, FlagKind, Parameters, Sensitivity, assess_many
from measures.trend.simulator import Course, draw_person, simulate_episode
from sessions.models import Episode, Organization

EPISODES = 150
LONGEST = 60  # sessions; the first of longer ones
ENOUGH_EPISODES, ENOUGH_RATINGS = 20, 200
WEEKLY_CLIENTS = 25
MADE_UP, SESSIONS, SEED = 300, 30, 20_261_125

Tables = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Setting:
    """Flags a week of a counselor whose WEEKLY_CLIENTS all come and answer; how many are right."""

    sensitivity: str
    flags: float
    right: float

    @property
    def chance(self) -> float:
        """Those a week by chance."""
        return self.flags * (1 - self.right)

    @property
    def in_words(self) -> str:
        """How often that is, and how many in ten are chance."""
        if self.flags == 0:
            return _("No flag in these ratings.")
        return f"{self._how_often()} {self._how_many_by_chance()}"

    def _how_often(self) -> str:
        weeks, flags = round(1 / self.flags), round(self.flags)
        if weeks > 1:
            text = _("About one flag in %(n)d weeks.")
            return text % {"n": weeks}
        text = ngettext("About %(n)d flag a week.", "About %(n)d flags a week.", max(1, flags))
        return text % {"n": max(1, flags)}

    def _how_many_by_chance(self) -> str:
        return _("About %(n)d in 10 are chance.") % {"n": 10 - max(1, round(10 * self.right))}


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
    return Setting(sensitivity.value, flags, parameters.right.at(sensitivity))


@lru_cache(maxsize=32)
def _made_up(parameters: Parameters, sensitivity: Sensitivity) -> Setting:
    """With a real change once in 30 sessions, for good or for a while."""
    rng = np.random.default_rng(SEED)
    onsets = rng.integers(3, SESSIONS, MADE_UP)
    falls = [Course(step=2.5, lasts=4), Course(step=1.5)]
    courses = [replace(falls[at % 2], onset=int(onset)) for at, onset in enumerate(onsets)]
    flags = _a_week(_simulated(rng, courses), parameters, sensitivity)
    return Setting(sensitivity.value, flags, parameters.right.at(sensitivity))


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
