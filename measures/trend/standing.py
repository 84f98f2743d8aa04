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
    next_session,
    student_fit,
    times,
    total,
)
from .interface import FACETS
from .operators import Floats, Operators, Rated
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


DEPTHS = _depths()
ENDS = np.array([0.0, *[LASTING_ENDS] * len(LASTING), *[DIP_ENDS] * len(DIPS), *[LASTING_ENDS] * 3])
STARTS = ONSET * np.array([0.0, *LASTING.values(), *DIPS.values(), *[ONE_FACET_SHARE / 3] * 3])


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


def track(population: Population, operators: Operators, ratings: Floats, rated: Rated) -> Standing:
    """Follow the regimes through the sessions. ``ratings`` and ``rated``: shape (T, 3, E)."""
    sessions, facets, episodes = ratings.shape
    levels = len(operators.size)
    state = first_state(population, len(DEPTHS), levels, episodes)
    chance = np.zeros((len(DEPTHS), levels, episodes))
    chance[USUAL] = 1.0
    log_weights = np.repeat(operators.log_prior[:, np.newaxis], episodes, axis=1)
    state, chance = state.astype(np.float32), chance.astype(np.float32)
    weights = _normalized(log_weights)
    depth = DEPTHS[:, np.newaxis, :, np.newaxis] * operators.size[:, np.newaxis, np.newaxis]
    below = np.empty((sessions, episodes))
    usual = np.empty((sessions, facets, episodes))
    variance = np.empty((sessions, episodes))
    for session in range(sessions):
        if session:
            chance, state = _mix(chance, state)
            next_session(population, state)
        seen = rated[session]
        expected = expected_ratings(state, session)
        usual[session], variance[session] = _usual(
            expected, chance, weights, operators.score_sd[session], seen
        )
        missed = (ratings[session] - expected + depth) * seen
        whitened = times(operators.whiten[session], missed)
        state += times(operators.gain[session], bounded(whitened))
        chance, log_fit = _update(chance, student_fit(whitened))
        log_weights += log_fit + operators.log_scale[session]
        weights = _normalized(log_weights)
        below[session] = 1.0 - total(chance[USUAL] * weights)
    return Standing(np.clip(below, 0.0, 1.0), usual, variance)


def _step(values: Floats) -> Floats:
    """Send what is in each regime on by one session; regimes are the first axis."""
    trailing = (-1,) + (1,) * (values.ndim - 1)
    stays = 1.0 - ENDS
    stays[USUAL] = 1.0 - STARTS.sum()
    stays[_LASTING][:-1] -= DEEPENS
    after = stays.reshape(trailing) * values
    after += STARTS.reshape(trailing) * values[USUAL]
    after[USUAL] += (ENDS.reshape(trailing) * values).sum(axis=0)
    after[_LASTING][1:] += DEEPENS * values[_LASTING][:-1]
    return after


def _mix(chance: Floats, state: Floats) -> tuple[Floats, Floats]:
    """Move regimes (R, S, E) and their states (R, S, 6, E) to the next session."""
    after = _step(chance)
    mixed = _step(chance[:, :, np.newaxis] * state)
    mixed /= np.maximum(after, np.finfo(np.float64).tiny)[:, :, np.newaxis]
    return after, mixed


def _update(chance: Floats, fit: Floats) -> tuple[Floats, Floats]:
    """Bayes' rule over regimes: their new chances, and the log density of the ratings (S, E)."""
    best = fit.max(axis=0)
    likely = chance * np.exp(fit - best)
    fit_of_all = likely.sum(axis=0)
    return likely / fit_of_all, np.log(fit_of_all) + best


def _normalized(log_weights: Floats) -> Floats:
    weights = np.exp(log_weights - log_weights.max(axis=0))
    return np.asarray(weights / total(weights))


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
