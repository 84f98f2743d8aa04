"""Where the bond stands: the chance that it is below this person's own baseline now.

A chain of regimes, as usual or a given depth below it, each with a filter of its own, mixed at
every step (interacting multiple model; Blom and Bar-Shalom 1988), for each noise level. A regime
takes its depth off before the filter learns: a decline does not become the baseline, and the
baseline from before it is what a recovery is measured by. Gains are those of the null model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .evidence import (
    bounded,
    expected_ratings,
    first_state,
    known_before,
    next_session,
    student_fit,
    times,
    total,
)
from .interface import FACETS
from .operators import Floats, Operators, Rated, Singles
from .population import Population

ONSET = 0.03  # chance per session that something begins
LASTING = {1.0: 0.20, 1.75: 0.12, 2.5: 0.06, 3.5: 0.02}  # share by depth, in SD
DIPS = {2.0: 0.24, 3.0: 0.16}
ONE_FACET, ONE_FACET_SHARE = 2.75, 0.20
LASTING_ENDS, DIP_ENDS = 0.08, 0.60  # chance per session
DEEPENS = 0.15  # chance per session that a lasting one goes one depth further
USUAL = 0  # the first regime
_LASTING = slice(1, 1 + len(LASTING))


def _depths() -> Floats:
    """How far down each regime is, by facet: shape (regimes, 3), in SD."""
    everywhere = [0.0, *LASTING, *DIPS]
    return np.concatenate(
        [np.repeat(everywhere, len(FACETS)).reshape(-1, len(FACETS)), ONE_FACET * np.eye(3)]
    )


def _stays() -> Singles:
    """The chance, by regime, to be in it next time, too."""
    stays = 1 - ENDS
    stays[USUAL] = 1 - STARTS.sum()
    stays[_LASTING][:-1] -= DEEPENS
    return stays


DEPTHS = _depths()
_ENDS = [0.0, *[LASTING_ENDS] * len(LASTING), *[DIP_ENDS] * len(DIPS), *[LASTING_ENDS] * 3]
_SHARES = [0.0, *LASTING.values(), *DIPS.values(), *[ONE_FACET_SHARE / 3] * 3]
ENDS = np.array(_ENDS, dtype=np.float32)
STARTS = np.array(ONSET * np.array(_SHARES), dtype=np.float32)
STAYS = _stays()


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """Axes: T sessions, then as said, and last E episodes.

    below     (T, E) probability of being below the baseline, this session's ratings included,
              as the model has it: not yet calibrated
    usual     (T, 3, E) ratings expected of a session, had nothing happened, before it was seen
    variance  (T, E) of the mean of the facets rated around that; points squared
    """

    below: Floats
    usual: Floats
    variance: Floats


def track(
    population: Population,
    operators: Operators,
    ratings: Floats,
    rated: Rated,
    weights: Singles,
) -> Standing:
    """Follow the regimes through the sessions. ``ratings`` and ``rated``: shape (T, 3, E).

    ``weights`` (S, T, E) of the noise levels after each session, as in Evidence.
    """
    sessions, facets, episodes = ratings.shape
    levels = len(operators.size)
    state = first_state(population, len(DEPTHS), levels, episodes).astype(np.float32)
    chance = np.zeros((len(DEPTHS), levels, episodes), dtype=np.float32)
    chance[USUAL] = 1.0
    whiten, gain = (each.astype(np.float32) for each in (operators.whiten, operators.gain))
    depth = DEPTHS[:, np.newaxis, :, np.newaxis] * operators.size[:, np.newaxis, np.newaxis]
    down = times(whiten[:, np.newaxis], depth.astype(np.float32))
    known, ratings = known_before(rated), ratings.astype(np.float32)
    before = np.repeat(np.exp(operators.log_prior, dtype=np.float32)[:, np.newaxis], episodes, 1)
    below = np.empty((sessions, episodes))
    usual = np.empty((sessions, facets, episodes))
    variance = np.empty((sessions, episodes))
    for session in range(sessions):
        if session:
            chance, state = _mix(chance, state)
            next_session(population, state)
            before = weights[:, session - 1]
        seen = rated[session]
        expected = expected_ratings(state, session)
        usual[session], variance[session] = _usual(
            expected, chance, before, operators.score_sd[session], seen
        )
        missed = times(whiten[session], (ratings[session] - expected) * seen)
        # Bounded against the usual, before the depth is added: a fall to the bottom of the scale
        # speaks for the deepest regime.
        near = bounded(missed, known[session]) + down[session]
        chance = _update(chance, student_fit(near))
        state += times(gain[session], near)
        below[session] = 1.0 - total(chance[USUAL] * weights[:, session])
    return Standing(np.clip(below, 0.0, 1.0), usual, variance)


def _step(values: Floats) -> Floats:
    """Send what is in each regime on by one session; regimes are the first axis."""
    trailing = (-1,) + (1,) * (values.ndim - 1)
    after = STAYS.reshape(trailing) * values
    after += STARTS.reshape(trailing) * values[USUAL]
    after[USUAL] += (ENDS.reshape(trailing) * values).sum(axis=0)
    after[_LASTING][1:] += DEEPENS * values[_LASTING][:-1]
    return after


def _mix(chance: Floats, state: Floats) -> tuple[Floats, Floats]:
    """Move regimes (R, S, E) and their states (R, S, 6, E) to the next session."""
    share = chance[:, :, np.newaxis]
    after = _step(np.concatenate([share, share * state], axis=2))
    share = after[:, :, :1]
    return share[:, :, 0], after[:, :, 1:] / np.maximum(share, np.finfo(np.float32).tiny)


def _update(chance: Floats, fit: Floats) -> Floats:
    """Bayes' rule over regimes: their chances (R, S, E) by the log densities of the ratings."""
    likely = chance * np.exp(fit - fit.max(axis=0))
    return np.asarray(likely / likely.sum(axis=0))


def _usual(
    expected: Floats, chance: Floats, weights: Floats, score_sd: Floats, seen: Rated
) -> tuple[Floats, Floats]:
    """Mean (3, E) of what regimes and noise levels expect, and the variance (E,) of its mean.

    ``expected`` (R, S, 3, E), ``chance`` (R, S, E), ``weights`` (S, E), ``score_sd`` (S, N).
    """
    share = chance * weights
    mean = _over_both(share[:, :, np.newaxis] * expected)
    count = np.maximum(seen.sum(axis=0), 1)
    apart = ((expected - mean) * seen).sum(axis=2) / count
    variance = _over_both(share * apart**2) + total(weights * score_sd**2)
    return mean, variance


def _over_both(values: Floats) -> Floats:
    """Sum over regimes and noise levels."""
    return total(values.sum(axis=0))
