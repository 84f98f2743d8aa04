"""What is worth a word and is no change: told apart from flags, never mixed into their evidence."""

from __future__ import annotations

import math

import numpy as np

from .operators import Floats, Rated

FEWEST = 3  # ratings, or sessions rated by both, before anything is said
NEVER_GOOD = 6.0  # points
USUAL_GAP = 0.8  # client minus counselor, over dyads; points
GAP_SD, GAP_NOISE = 1.5, 1.2  # of a dyad's own gap over dyads, and from session to session
MEMORY = 4.0  # sessions the population's noise is worth
WIDE = 2.5  # predictive SD beyond which a gap is out of the ordinary for two people


def low_from_the_start(scores: Floats) -> Rated:
    """Say after which sessions a level has been low all along.

    ``scores`` (sessions,), points on 0-10, NaN where there is none. True from the third score on,
    as long as no more than one of them ever reached NEVER_GOOD.

    >>> low_from_the_start(np.array([4.0, 5.0, np.nan, 4.5, 5.0, 7.0, 7.5])).tolist()
    [False, False, False, True, True, True, False]
    """
    has_score = ~np.isnan(scores)
    good = np.cumsum(has_score & (np.nan_to_num(scores) >= NEVER_GOOD))
    return np.asarray((np.cumsum(has_score) >= FEWEST) & (good <= 1))


def wide_gaps(client: Floats, counselor: Floats) -> Floats:
    """Say where two raters were further apart than is usual for the two of them.

    Both (sessions,), scores on 0-10, NaN where there is none. Returns (sessions,): the gap, client
    minus counselor, where it lies more than WIDE predictive SD from what their earlier sessions,
    shrunken to the population, let expect, and is wider than that; 0 elsewhere.

    >>> wide_gaps(np.array([8.0, 8, 8, 8, 4]), np.array([7.0, 7, 7, 7, 8])).tolist()
    [0.0, 0.0, 0.0, 0.0, -4.0]
    """
    gaps = client - counselor
    wide = np.zeros(len(gaps))
    weight = GAP_NOISE**2 / GAP_SD**2
    mean, seen, squares = USUAL_GAP, 0, MEMORY * GAP_NOISE**2
    for session, gap in enumerate(gaps.tolist()):
        if math.isnan(gap):
            continue
        known = weight + seen
        spread = math.sqrt(squares / (MEMORY + seen) * (1 + 1 / known))
        off = gap - mean
        if seen >= FEWEST and abs(off) > WIDE * spread and abs(gap) > abs(mean):
            wide[session] = gap
        squares += off**2 * known / (known + 1)
        mean += off / (known + 1)
        seen += 1
    return wide
