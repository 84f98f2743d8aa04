"""Two generators of made-up ratings, built differently, many episodes at once.

``first`` is the model of the science behind the flags: Gaussian, one slow common state, growth in
ln(session). ``second`` shares none of its shapes: skewed levels, heavy-tailed and left-skewed noise
that the facets share to different degrees, growth of either sign. Both return points on 0-10.
Sizes of a weakening are in the person's own SD of the score, sessions are counted from 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.floating[Any]]
FACET_COUNT = 3


@dataclass(frozen=True, slots=True)
class Weakening:
    """What happens to a bond: the fall, in SD, from ``onset`` on.

    step      at the onset;   slope   and further with every session, the onset's own included
    lasts     sessions until it is as before; None: never mended
    facet     the one facet that falls; None: all of them
    within    sessions in which it ought to be noticed
    """

    name: str
    onset: int
    step: float = 0.0
    slope: float = 0.0
    lasts: int | None = None
    facet: int | None = None
    within: int = 3

    @property
    def kind(self) -> str:
        if self.facet is not None:
            return "facet"
        if self.slope:
            return "ramp"
        return "step" if self.lasts is None else "dip"

    def fall(self, sessions: int) -> Table:
        """Shape (sessions, 3), in SD."""
        since = np.arange(1, sessions + 1) - self.onset + 1.0
        fallen = (since > 0) & (since <= (math.inf if self.lasts is None else self.lasts))
        size = np.where(fallen, self.step + self.slope * since, 0.0)
        one = np.ones(FACET_COUNT) if self.facet is None else np.eye(FACET_COUNT)[self.facet]
        return np.multiply.outer(size, one)


FIRST_SCENARIOS = (
    Weakening("step 1.5 @4", 4, step=1.5),
    Weakening("step 2.5 @4", 4, step=2.5),
    Weakening("step 1.5 @10", 10, step=1.5),
    Weakening("dip 2.5 @10", 10, step=2.5, lasts=1),
    Weakening("ramp .3 @10", 10, slope=0.3, within=6),
    Weakening("step 2 @6", 6, step=2.0),
    Weakening("ramp .4 @4", 4, slope=0.4, within=6),
    Weakening("facet 3 @8", 8, step=3.0, facet=1),
)
SECOND_SCENARIOS = (
    Weakening("step 1.5 @4", 4, step=1.5),
    Weakening("step 2 @8", 8, step=2.0),
    Weakening("dip 3 @8", 8, step=3.0, lasts=1),
    Weakening("ramp .35 @6", 6, slope=0.35, within=6),
    Weakening("facet 3 @8", 8, step=3.0, facet=0),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What people are drawn from; the defaults are the ones of the science behind the flags.

    mean, between     levels at the first session over people
    within, spread    a person's own SD of the score: its mean over people and its variation
    carry_over        correlation of the common state from one session to the next
    reliability       share of the score's variance that the facets have in common
    facet_r           correlation of the facets' levels over people
    growth, growth_sd points per ln(session number)
    rounding          step of the answers; missing   share of sessions without one
    """

    mean: float = 8.1
    between: float = 1.35
    within: float = 0.95
    spread: float = 0.40
    carry_over: float = 0.30
    reliability: float = 0.60
    facet_r: float = 0.80
    growth: float = 0.25
    growth_sd: float = 0.15
    rounding: float = 0.1
    missing: float = 0.0


SECOND = Settings(mean=8.0, between=1.25, within=0.9, spread=0.40, growth=0.2, growth_sd=0.2)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Made-up episodes, and what is true of each person.

    ratings     (episodes, sessions, 3); NaN where missing
    latent      the same before rounding and the ends of the scale, without the noise
    within      (episodes,) the person's own SD of the score
    shift       (episodes, sessions, 3) how much lower than the person's own level, in SD
    noisy       (episodes, sessions, 3) the latent ones with the noise; nothing is missing
    carry_over  (episodes,) correlation of the person's common state from session to session
    common      (episodes,) share of the score's variance that is the common state's
    """

    ratings: Table
    latent: Table
    within: Table
    shift: Table
    noisy: Table
    carry_over: Table
    common: Table


Generator = Callable[..., Drawn]


def log_normal(rng: np.random.Generator, mean: float, spread: float, size: int) -> Table:
    variance = math.log1p(spread**2)
    return np.asarray(mean * rng.lognormal(-variance / 2, math.sqrt(variance), size))


def carried(shocks: Table, carry_over: Table) -> Table:
    """AR(1) with unit variance from unit shocks, shape (episodes, sessions)."""
    state = np.empty_like(shocks)
    state[:, 0] = shocks[:, 0]
    fresh = np.sqrt(1 - carry_over**2)
    for session in range(1, shocks.shape[1]):
        state[:, session] = carry_over * state[:, session - 1] + fresh * shocks[:, session]
    return state


def skewed(rng: np.random.Generator, freedom: Table, skew: Table, shape: tuple[int, ...]) -> Table:
    """Left-skewed Student t noise with unit variance; one tail and one skew per episode."""
    tail = freedom.reshape(-1, *[1] * (len(shape) - 1))
    q = skew.reshape(tail.shape)
    chi = rng.chisquare(np.broadcast_to(tail, shape))
    z = rng.standard_normal(shape) * np.sqrt((tail - 2) / chi)
    z = np.clip(z, -6, 6)
    return np.asarray((z - q * (z * z - 1)) / np.sqrt(1 + 3 * q * q))


def on_scale(
    rng: np.random.Generator, latent: Table, rounding: float | Table, missing: float | Table
) -> Table:
    """Round to the steps of the answers, keep within the scale, leave sessions out."""
    step = np.reshape(rounding, (-1, 1, 1))
    ratings = np.clip(np.round(np.round(latent / step) * step, 6), 0.0, 10.0)
    gone = rng.random(latent.shape[:2]) < np.reshape(missing, (-1, 1))
    gone[:, 0] = False
    ratings[gone] = np.nan
    return np.asarray(ratings)


def growth_curve(sessions: int) -> Table:
    return np.asarray(np.log(np.arange(1, sessions + 1)))


def first(
    rng: np.random.Generator,
    episodes: int,
    sessions: int,
    fall: Table | None = None,
    settings: Settings = Settings(),
) -> Drawn:
    """Gaussian people. ``fall`` in SD, (sessions, 3) or (episodes, sessions, 3)."""
    p = settings
    shift = np.zeros((episodes, sessions, FACET_COUNT)) if fall is None else fall
    shift = np.broadcast_to(shift, (episodes, sessions, FACET_COUNT))
    shared = rng.normal(p.mean, p.between * math.sqrt(p.facet_r), (episodes, 1))
    own = rng.normal(0, p.between * math.sqrt(1 - p.facet_r), (episodes, FACET_COUNT))
    growth = rng.normal(p.growth, p.growth_sd, (episodes, 1, 1))
    within = log_normal(rng, p.within, p.spread, episodes)
    state = carried(rng.standard_normal((episodes, sessions)), np.full(episodes, p.carry_over))
    noise = math.sqrt(p.reliability) * state[:, :, np.newaxis] + math.sqrt(
        FACET_COUNT * (1 - p.reliability)
    ) * rng.standard_normal((episodes, sessions, FACET_COUNT))
    usual = (shared + own)[:, np.newaxis] + growth * growth_curve(sessions)[:, np.newaxis]
    scale = within[:, np.newaxis, np.newaxis]
    latent = usual - scale * shift
    noisy = latent + scale * noise
    ratings = on_scale(rng, noisy, p.rounding, p.missing)
    carry_over, common = np.full(episodes, p.carry_over), np.full(episodes, p.reliability)
    return Drawn(ratings, latent, within, shift, noisy, carry_over, common)


def second(
    rng: np.random.Generator,
    episodes: int,
    sessions: int,
    fall: Table | None = None,
    settings: Settings = SECOND,
) -> Drawn:
    """Skewed, heavy-tailed people whose facets hang together more or less closely."""
    p = settings
    shift = np.zeros((episodes, sessions, FACET_COUNT)) if fall is None else fall
    shift = np.broadcast_to(shift, (episodes, sessions, FACET_COUNT))
    # Most people are content, some are not at all: a gamma tail to the left.
    shape = 4.0
    tail = (rng.gamma(shape, 1.0, episodes) - shape) / math.sqrt(shape)
    level = p.mean - p.between * tail
    growth = rng.normal(p.growth, p.growth_sd, (episodes, 1, 1))
    within = log_normal(rng, p.within, p.spread, episodes)
    carry_over = rng.uniform(0.0, 0.4, episodes)
    common = rng.uniform(0.4, 0.65, (episodes, 1, 1))
    freedom, skew = rng.choice([6.0, 10.0, 30.0], episodes), rng.uniform(0.0, 0.15, episodes)
    state = carried(skewed(rng, freedom, skew, (episodes, sessions)), carry_over)
    facets = skewed(rng, freedom, skew / 2, (episodes, sessions, FACET_COUNT))
    noise = np.sqrt(common) * state[:, :, np.newaxis] + np.sqrt(FACET_COUNT * (1 - common)) * facets
    usual = level[:, np.newaxis, np.newaxis] + growth * growth_curve(sessions)[:, np.newaxis]
    scale = within[:, np.newaxis, np.newaxis]
    latent = usual - scale * shift
    noisy = latent + scale * noise
    ratings = on_scale(rng, noisy, p.rounding, p.missing)
    return Drawn(ratings, latent, within, shift, noisy, carry_over, common[:, 0, 0])


@dataclass(frozen=True, slots=True)
class World:
    """A generator with its settings and what can happen in it."""

    name: str
    draw: Generator
    settings: Settings
    scenarios: tuple[Weakening, ...] = field(repr=False)

    def steady(self, rng: np.random.Generator, episodes: int, sessions: int) -> Drawn:
        return self.draw(rng, episodes, sessions, None, self.settings)

    def weakened(
        self, rng: np.random.Generator, episodes: int, sessions: int, what: Weakening
    ) -> Drawn:
        return self.draw(rng, episodes, sessions, what.fall(sessions), self.settings)

    def but(self, name: str, **changes: float) -> World:
        return replace(self, name=name, settings=replace(self.settings, **changes))


WORLDS = (
    World("first", first, Settings(), FIRST_SCENARIOS),
    World("second", second, SECOND, SECOND_SCENARIOS),
)
