"""What happens to bonds over time, made up: when they weaken, how far, and when they mend."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .interface import FACETS

Floats = NDArray[np.float64]

ONSET = 0.03  # chance per session that something begins where nothing is the matter
DIP, STEP, RAMP = range(3)
SHARES = (0.45, 0.25, 0.30)
ONE_FACET = 0.20  # share that concerns one facet alone
MENDS = 0.08  # chance per session that a lasting one ends
SIZE, SIZE_SD, SMALLEST = 2.0, 0.7, 0.5  # of steps and dips; SD of the person's score
SLOPES = (0.2, 0.4)  # of ramps, a session
DEEPEST = 4.0
# From here on a bond counts as below its baseline: half an SD of the score everywhere, or one SD
# in one facet. Less is not told from nothing by anybody.
BELOW, BELOW_ALONE = 0.5, 1.0


def draw_falls(rng: np.random.Generator, episodes: int, sessions: int) -> Floats:
    """Draw how much lower than usual facets are, (episodes, sessions, 3), in SD of the score."""
    falls = np.zeros((episodes, sessions, len(FACETS)))
    for episode in falls:
        session = 1
        while session < sessions:
            if rng.random() < ONSET:
                session += _begin(rng, episode[session:])
            session += 1
    return falls


def is_below(falls: Floats) -> NDArray[np.bool_]:
    """Say where the bond is below its baseline, (..., 3) to (...)."""
    return np.asarray((falls.mean(axis=-1) >= BELOW) | (falls.max(axis=-1) >= BELOW_ALONE))


def _begin(rng: np.random.Generator, rest: Floats) -> int:
    """Let something happen from the first of these sessions on; returns how long it lasts."""
    kind = rng.choice(3, p=SHARES)
    alone = rng.random() < ONE_FACET
    facets = np.eye(len(FACETS))[rng.integers(len(FACETS))] if alone else np.ones(len(FACETS))
    larger = 1.4 if alone else 1.0  # one facet is noisier than the mean of three
    lasts = int(rng.integers(1, 3)) if kind == DIP else int(rng.geometric(MENDS))
    size = np.full(lasts, max(SMALLEST, rng.normal(SIZE, SIZE_SD)))
    if kind == RAMP:
        size = np.minimum(rng.uniform(*SLOPES) * np.arange(1, lasts + 1), DEEPEST)
    seen = rest[:lasts]
    seen += np.multiply.outer(larger * size[: len(seen)], facets)
    return lasts
