"""What is known of people before anyone has rated: the numbers of the null model."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SIZES, SIZES_ALIKE = 7, 4  # how many are tried, of people of either make-up
WIDEST = 2.0  # the grid of sizes reaches this many SD to either side


@dataclass(frozen=True, slots=True, eq=False)
class NoiseLevels:
    """The kinds of noise a person's ratings may have; every field has the shape (levels,).

    size    SD of the score from session to session; points
    state   variance of the slow state, the same for all facets; points squared, as what follows
    shared  variance of what is new every session and the same for all facets
    own     variance of each facet's own noise, that of rounding included
    weight  prior weight
    """

    size: NDArray[np.float64]
    state: NDArray[np.float64]
    shared: NDArray[np.float64]
    own: NDArray[np.float64]
    weight: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Population:
    """What one rater's people are drawn from. Points on 0-10 unless said otherwise.

    mean          level at the first session, over people
    common_sd     SD over people of what a person's three facets have in common
    facet_sd      SD over people of what each facet has of its own
    growth        rise per ln(session number), and ``growth_sd`` its SD over people
    within        middle of people's own SD of the score from session to session
    within_cv     its coefficient of variation over people
    carry_over    correlation of a person's state from one session to the next
    state_share   share of the score's variance within a person that is the state's, and
    shared_share  that is new every session and the same for all facets; the rest is each facet's
    alike         share of people who give all facets the same answer
    rounding      SD of what rounding adds to every answer
    """

    mean: float = 8.1
    common_sd: float = 1.2
    facet_sd: float = 0.6
    growth: float = 0.25
    growth_sd: float = 0.25
    within: float = 0.95
    within_cv: float = 0.45
    carry_over: float = 0.15
    state_share: float = 0.57
    shared_share: float = 0.05
    alike: float = 0.1
    rounding: float = 0.14

    def noise_levels(self) -> NoiseLevels:
        """Return the levels that are tried: sizes log-normal over people, in two make-ups.

        Without the second make-up, somebody who always gives one answer three times would be
        taken for very exact.
        """
        spread = math.sqrt(math.log1p(self.within_cv**2))
        own_share = 1 - self.state_share - self.shared_share
        parts = [(SIZES, own_share, 1 - self.alike), (SIZES_ALIKE, 0.0, self.alike)]
        levels = []
        for sizes, own, share in parts:
            z = np.linspace(-WIDEST, WIDEST, sizes)
            size = self.within * np.exp(spread * z - spread**2 / 2)
            weight = np.exp(-(z**2) / 2)
            levels.append(
                (
                    size,
                    self.state_share * size**2,
                    (1 - self.state_share - own) * size**2,
                    3 * own * size**2 + self.rounding**2,
                    share * weight / weight.sum(),
                )
            )
        return NoiseLevels(*(np.concatenate(column) for column in zip(*levels, strict=True)))
