"""What a trend engine is asked and what it answers. Every engine speaks this and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

FACETS = ("respect", "understanding", "goals")
LOWEST, HIGHEST = 0.0, 10.0

# NumPy's own type leaves out None, which is what the database has for a facet not rated.
RatingTable: TypeAlias = ArrayLike | Sequence[Sequence[float | None]]


class RatingsError(ValueError):
    """The ratings cannot be assessed: wrong shape, not numbers, or outside of 0-10."""


class FlagKind(StrEnum):
    """What kind of weakening a session shows."""

    NONE = "none"
    DECLINE = "decline"
    SHARP_DROP = "sharp_drop"
    FACET = "facet"


class Status(StrEnum):
    """Where the bond stands, by this rater's ratings so far."""

    TOO_EARLY = "too_early"
    NO_VARIATION = "no_variation"
    STEADY = "steady"
    WEAKENING = "weakening"
    RECOVERING = "recovering"
    REPAIRED = "repaired"


class Sensitivity(StrEnum):
    """How many false alarms are accepted: about 0.5, 1 or 2 per 100 stable sessions."""

    LOW = "low"
    STANDARD = "standard"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class SessionAssessment:
    """What one session's rating says. ``None`` where nothing can be computed.

    score        mean of the rated facets, at least two of three; points on 0-10
    expected     the score that this person's own earlier ratings predicted; points on 0-10
    low, high    the band where 9 of 10 scores were expected; points on 0-10
    statistic    evidence for a weakening; the session is flagged if and only if it is above limit
    limit        what the statistic is held against at this session number
    probability  that the bond is now below this person's own baseline, 0-1
    flag         the kind of weakening, NONE when not flagged
    facets       those that drive the flag, in the order of FACETS; empty when not flagged
    onset        row where the weakening most likely began, counted from 0; None when not flagged
    status       where the bond stands after this session
    """

    score: float | None
    expected: float | None
    low: float | None
    high: float | None
    statistic: float | None
    limit: float | None
    probability: float | None
    flag: FlagKind
    facets: tuple[str, ...]
    onset: int | None
    status: Status


@dataclass(frozen=True, slots=True)
class EpisodeAssessment:
    """One assessment per session, and the versions of the engine and parameters behind them."""

    sessions: tuple[SessionAssessment, ...]
    engine: str
    parameters: str


FLAG_KINDS = tuple(FlagKind)
STATUSES = tuple(Status)


@dataclass(frozen=True, slots=True, eq=False)
class BatchAssessment:
    """What many episodes' ratings say: the columns of SessionAssessment, as arrays.

    Floats have the shape (episodes, sessions), NaN where nothing can be computed; ``flag`` and
    ``status`` hold positions in FLAG_KINDS and STATUSES; ``facets`` has the shape (episodes,
    sessions, 3) and is true for those that drive a flag; ``onset`` is a row, -1 where not flagged.
    """

    score: NDArray[np.float64]
    expected: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    statistic: NDArray[np.float64]
    limit: NDArray[np.float64]
    probability: NDArray[np.float64]
    flag: NDArray[np.int8]
    facets: NDArray[np.bool_]
    onset: NDArray[np.int32]
    status: NDArray[np.int8]
    engine: str
    parameters: str


def read_ratings(ratings: RatingTable) -> NDArray[np.float64]:
    """Check ratings and return them as an array of floats, shape (sessions, 3), NaN where missing.

    ``ratings`` has one row per held session, in order, and one column per facet, in the order of
    FACETS; points on 0-10, NaN or None where nothing was rated. No sessions at all is fine.

    Raises RatingsError for any other shape, for what is not a number, and outside of 0-10.

    >>> read_ratings([[9, 8, None]]).tolist()
    [[9.0, 8.0, nan]]
    """
    table = _numbers(ratings)
    if table.shape == (0,):
        return table.reshape(0, len(FACETS))
    if table.ndim != 2 or table.shape[1] != len(FACETS):
        raise RatingsError(f"ratings must have the shape (sessions, 3), not {table.shape}")
    return table


def read_episodes(ratings: ArrayLike) -> NDArray[np.float64]:
    """Check ratings of many episodes, shape (episodes, sessions, 3), otherwise as read_ratings.

    Raises RatingsError as read_ratings does.
    """
    table = _numbers(ratings)
    if table.ndim != 3 or table.shape[2] != len(FACETS):
        raise RatingsError(
            f"ratings must have the shape (episodes, sessions, 3), not {table.shape}"
        )
    return table


def _numbers(ratings: RatingTable) -> NDArray[np.float64]:
    try:
        table = np.asarray(ratings, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise RatingsError("ratings must be numbers, three per session") from error
    if np.any((table < LOWEST) | (table > HIGHEST)):
        raise RatingsError("ratings must lie within 0 and 10")
    return table
