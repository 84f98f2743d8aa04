"""From evidence to what is told: the kind of flag, what drives it, when it began, and the status.

All arrays here have sessions as the first axis and episodes as the last.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .alternatives import ALL
from .evidence import Evidence
from .interface import FACETS, FLAG_KINDS, STATUSES, FlagKind, Status
from .limits import FIRST_JUDGED
from .operators import Floats, Rated

TOP_MARK = 9.5
BACK_TO_USUAL = 0.2  # a probability below this, twice running, is a repair
CALM_SESSIONS = 2  # before "repaired", and again before "steady"
DRIVING = 0.5  # a facet drives a flag from this share of the strongest facet's shortfall on
SHARP = 0.5  # a drop is sharp when onsets at this session hold more than this share of evidence

NONE, DECLINE, SHARP_DROP, FACET = (
    FLAG_KINDS.index(kind)
    for kind in (FlagKind.NONE, FlagKind.DECLINE, FlagKind.SHARP_DROP, FlagKind.FACET)
)
TOO_EARLY, NO_VARIATION, STEADY, WEAKENING, RECOVERING, REPAIRED = (
    STATUSES.index(status) for status in Status
)

Codes = NDArray[np.int8]


class Flags(NamedTuple):
    """kind (T, E) positions in FLAG_KINDS; facets (T, 3, E); onset (T, E), -1 where not flagged."""

    kind: Codes
    facets: Rated
    onset: NDArray[np.int32]


def flags_of(flagged: Rated, evidence: Evidence, shortfall: Floats, rated: Rated) -> Flags:
    """Say of each flagged session (T, E) what kind of weakening it shows.

    One facet alone when the alternatives in which it alone falls hold more of the evidence than
    any others; the onset is the one that holds most of what remains. ``shortfall`` (T, 3, E): how
    much lower than usual the facets were rated, 0 where not ``rated``; points.
    """
    sessions = np.arange(len(flagged))[:, np.newaxis]
    group = evidence.by_group.argmax(axis=1)
    by_lag = np.take_along_axis(evidence.by_lag, group[np.newaxis, :, np.newaxis], axis=2)[:, :, 0]
    lag = by_lag.argmax(axis=0)
    onset = np.where(flagged, sessions - lag, -1)
    is_sharp = by_lag[0] > SHARP * by_lag.sum(axis=0)
    together = np.where(is_sharp, SHARP_DROP, DECLINE)
    kind = np.where(flagged, np.where(group == ALL, together, FACET), NONE)
    alone = group[:, np.newaxis] == 1 + np.arange(len(FACETS))[:, np.newaxis]
    driving = np.where(
        (group == ALL)[:, np.newaxis], _driving(shortfall, rated, np.maximum(onset, 0)), alone
    )
    return Flags(kind.astype(np.int8), driving & flagged[:, np.newaxis], onset.astype(np.int32))


def _driving(shortfall: Floats, rated: Rated, onset: NDArray[np.intp]) -> Rated:
    """Which facets fell most, on average since the onset: two at least, or fewer were rated."""
    since = onset[:, np.newaxis]
    fall = _since(shortfall, since) / np.maximum(_since(rated.astype(np.float64), since), 1)
    strongest, second = np.sort(fall, axis=1)[:, :0:-1].swapaxes(0, 1)
    enough = np.minimum(DRIVING * strongest, second)
    return np.asarray(fall >= enough[:, np.newaxis])


def _since(values: Floats, onset: NDArray[np.intp]) -> Floats:
    """Sum (T, 3, E) from the onset (T, 1, E) to each session."""
    total = np.cumsum(values, axis=0)
    before = np.take_along_axis(total, np.broadcast_to(np.maximum(onset - 1, 0), total.shape), 0)
    return np.asarray(total - np.where(onset > 0, before, 0.0))


def statuses_of(score: Floats, low: Floats, probability: Floats, flagged: Rated) -> Codes:
    """Follow where the bond stands from session to session: (T, E), positions in STATUSES.

    A flag makes it weakening; a score within the band after that recovering; a probability below
    BACK_TO_USUAL CALM_SESSIONS times running repaired, and as long again steady.
    """
    sessions, episodes = score.shape
    statuses = np.full((sessions, episodes), TOO_EARLY, dtype=np.int8)
    status = np.full(episodes, TOO_EARLY, dtype=np.int8)
    calm = np.zeros(episodes, dtype=np.int32)
    since_repair = np.zeros(episodes, dtype=np.int32)
    usual = _usual_status(score)
    rated, calm_now = ~np.isnan(score), (probability < BACK_TO_USUAL) & ~flagged
    in_band = ~(score < low)
    for session in range(sessions):
        now = rated[session]
        calm = np.where(now, np.where(calm_now[session], calm + 1, 0), calm)
        since_repair += now
        unsettled = (status == WEAKENING) | (status == RECOVERING)
        back = unsettled & (calm >= CALM_SESSIONS)
        after = np.where(unsettled, status, usual[session])
        after = np.where(unsettled & in_band[session], RECOVERING, after)
        after = np.where(back, REPAIRED, after)
        lasting = (status == REPAIRED) & (since_repair < CALM_SESSIONS)
        after = np.where(lasting, REPAIRED, after)
        after = np.where(flagged[session], WEAKENING, after)
        since_repair = np.where(now & back, 0, since_repair)
        status = np.where(now, after, status).astype(np.int8)
        statuses[session] = status
    return statuses


def _usual_status(score: Floats) -> Codes:
    """What the status is when nothing is the matter: too early, the same top marks, or steady."""
    rated = ~np.isnan(score)
    highest = np.fmax.accumulate(score, axis=0)
    lowest = np.fmin.accumulate(score, axis=0)
    at_the_top = (lowest >= TOP_MARK) & (lowest == highest)
    known = np.where(at_the_top, NO_VARIATION, STEADY)
    return np.where(np.cumsum(rated, axis=0) < FIRST_JUDGED, TOO_EARLY, known).astype(np.int8)
