"""An oracle: what could be found by somebody who knows the person and what is coming, not when.

It sees the ratings before rounding and the ends of the scale, and knows the person's usual path,
SD, carry-over and share of the common state, and the shape and size of the weakening. Its evidence
is the Shiryaev-Roberts sum of likelihood ratios over possible onsets, from a Kalman filter of the
common AR(1) state over the three facets, one after the other; when all of them fall alike, that
is the likelihood of the score.
For the first generator the likelihood is exact. The second one's noise is skewed and
heavy-tailed: there it is a Gaussian approximation with the true variances, close to an upper
bound but not one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tests.benchmarks.generators import FACET_COUNT, Drawn, Table, Weakening
from tests.benchmarks.measuring import scores

FIRST_ONSET = 2  # session number; a fall from the first session on is no change


@dataclass(frozen=True, slots=True)
class Oracle:
    """``latest``: how many of the latest onsets are summed over; None for all of them."""

    latest: int | None = None

    def __call__(self, drawn: Drawn, weakening: Weakening) -> Table:
        """Return the log of the sum, (episodes, sessions), NaN where nothing was rated."""
        ratios = log_ratios(drawn, weakening)
        sessions = ratios.shape[1]
        age = np.subtract.outer(np.arange(sessions), np.arange(FIRST_ONSET - 1, sessions))
        oldest = sessions if self.latest is None else self.latest
        counted = (age >= 0) & (age < oldest)
        summed = np.full(ratios.shape[:2], -np.inf)
        for onset in range(ratios.shape[2]):
            each = np.where(counted[:, onset], ratios[:, :, onset], -np.inf)
            summed = np.logaddexp(summed, each)
        return np.where(np.isnan(scores(drawn.ratings)), np.nan, summed)


def log_ratios(drawn: Drawn, weakening: Weakening) -> Table:
    """Return log likelihood ratios of every onset against none, (episodes, sessions, onsets).

    Each is of all ratings up to a session; onsets are the sessions from the second one on.
    """
    episodes, sessions = drawn.ratings.shape[:2]
    scale = drawn.within[:, np.newaxis, np.newaxis]
    residual = (drawn.noisy - drawn.latent) / scale - drawn.shift
    onsets = range(FIRST_ONSET, sessions + 1)
    falls = np.stack([replace(weakening, onset=onset).fall(sessions) for onset in onsets])
    state = _State(drawn, len(falls))
    ratios = np.empty((episodes, sessions, len(falls)))
    for session in range(sessions):
        state.advance(first=session == 0)
        for facet in range(FACET_COUNT):
            rated = np.isfinite(drawn.ratings[:, session, facet])
            state.take(residual[:, session, facet], falls[:, session, facet], rated)
        ratios[:, session] = state.ratio
    return ratios


class _State:
    """The common state of each episode, filtered as if nothing fell and for every onset.

    mean, variance   (episodes, 1) of the state, in its own SD, when nothing fell
    moved            (episodes, onsets) how much higher it is believed when the fall is known
    ratio            (episodes, onsets) log likelihood ratio so far
    """

    def __init__(self, drawn: Drawn, onsets: int) -> None:
        episodes = len(drawn.within)
        self.carry_over = drawn.carry_over[:, np.newaxis]
        self.loading = np.sqrt(drawn.common)[:, np.newaxis]
        self.own = FACET_COUNT * (1 - drawn.common)[:, np.newaxis]
        self.mean = np.zeros((episodes, 1))
        self.variance = np.ones((episodes, 1))
        self.moved = np.zeros((episodes, onsets))
        self.ratio = np.zeros((episodes, onsets))

    def advance(self, *, first: bool) -> None:
        """Go on to the next session."""
        if not first:
            self.mean = self.carry_over * self.mean
            self.moved = self.carry_over * self.moved
            self.variance = self.carry_over**2 * self.variance + 1 - self.carry_over**2

    def take(self, residual: Table, fall: Table, rated: np.ndarray) -> None:
        """Take one facet: residual and rated (episodes,) and its fall (onsets,), in SD."""
        seen = rated[:, np.newaxis]
        variance = self.loading**2 * self.variance + self.own
        surprise = residual[:, np.newaxis] - self.loading * self.mean
        more = fall - self.loading * self.moved
        gain = np.where(seen, self.loading * self.variance / variance, 0.0)
        step = (surprise + more / 2) * more / variance
        self.ratio = self.ratio - np.where(seen, step, 0.0)
        self.mean = self.mean + gain * surprise
        self.moved = self.moved + gain * more
        self.variance = self.variance * (1 - gain * self.loading)
