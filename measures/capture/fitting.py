"""From an organization's own closed episodes to what the engine goes by there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measures.capture.parameters import PRESETS_BY_RATER, next_version
from measures.capture.rating_tables import Table, as_array, batches_of, rating_tables
from measures.trend import Parameters
from measures.trend.fitting import fit_parameters, usable_episodes
from sessions.models import Episode, Organization
from sessions.wall import transaction_of

Advance = Callable[[int], None]
Fit = Callable[..., Parameters]


@dataclass(frozen=True, slots=True)
class Fitted:
    """Parameters fitted to the closed episodes of an organization, and to how many of them."""

    parameters: Parameters
    episodes: int


def closed_ratings(
    organization: Organization, rater: str, *, advance: Advance
) -> NDArray[np.float64]:
    """One rater's ratings of closed episodes, shape (episodes, sessions, 3), NaN where not rated.

    ``advance`` is told the number of episodes read since it last was.
    """
    tables: list[Table] = []
    closed = Episode.objects.filter(closed_on__isnull=False)
    for episodes in batches_of(organization, closed):
        with transaction_of(organization.pk):
            tables += rating_tables(episodes, rater)
        advance(len(episodes))
    return as_array(tables)


def fit_closed(
    ratings: NDArray[np.float64],
    *,
    organization: Organization,
    rater: str,
    now: dt.datetime,
    advance: Advance,
    fit: Fit = fit_parameters,
) -> Fitted:
    """Fit parameters to ``closed_ratings``, starting from the preset. Nothing is stored.

    ``advance`` is told the number of simulated people done since it last was. Raises
    TooFewEpisodes.
    """
    with transaction_of(organization.pk):
        version = next_version(organization, rater, now)
    parameters = fit(version, ratings, preset=PRESETS_BY_RATER[rater], advance=advance)
    return Fitted(parameters, int(usable_episodes(ratings).sum()))
