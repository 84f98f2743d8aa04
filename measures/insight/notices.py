"""What is worth a word and is no flag, from the ratings a viewer may read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measures.insight.history import History
from measures.insight.outline import AnyOutline, score_of
from measures.models import Rater
from measures.trend.notices import low_from_the_start, wide_gaps
from sessions.models import Session


@dataclass(frozen=True, slots=True)
class Gap:
    """A session that two people saw further apart than is usual for them; points on 0-10."""

    session: Session
    client: float
    counselor: float


def is_low_from_the_start(history: AnyOutline) -> bool:
    return bool(low_from_the_start(_scores(history, Rater.CLIENT))[-1:].any())


def last_gap(history: History) -> Gap | None:
    """The latest session both rated, if they were unusually far apart in it."""
    client, counselor = (_scores(history, rater) for rater in (Rater.CLIENT, Rater.COUNSELOR))
    both = np.flatnonzero(~np.isnan(client - counselor))
    if not len(both) or not wide_gaps(client, counselor)[both[-1]]:
        return None
    last = both[-1]
    return Gap(history.held[last], float(client[last]), float(counselor[last]))


def _scores(history: AnyOutline, rater: str) -> NDArray[np.float64]:
    """That rater's scores by held session, NaN where there is none."""
    ratings = [history.rating(session, rater) for session in history.held]
    scores = [None if rating is None else score_of(rating) for rating in ratings]
    return np.array(scores, dtype=np.float64)
