"""What the engine is held to, and how an organization's own is worked out."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from measures.trend import CLIENT, PRESETS, Parameters, Sensitivity, calibration
from measures.trend.calibration import (
    OWN_HAZARDS,
    PRESET_HAZARDS,
    SHIPPED,
    calibrate,
    fit_calibration,
)
from measures.trend.engine import log_likelihoods, statistics
from measures.trend.fitting import (
    FEWEST_EPISODES,
    MOST_STEPS,
    TooFewEpisodes,
    fit_parameters,
    fit_population,
    minimize,
    step_of,
    usable_episodes,
    variety_of,
)
from measures.trend.limits import (
    FIRST_JUDGED,
    LAST_CALIBRATED,
    BySensitivity,
    fit_limits,
    session_limits,
)
from measures.trend.parameters import Calibration
from measures.trend.population import Population
from measures.trend.ruptures import ONSET, draw_falls, is_below
from measures.trend.steady_people import Variety, draw_steady, varied

Floats = NDArray[np.floating[Any]]

LOW, STANDARD, HIGH = Sensitivity.LOW, Sensitivity.STANDARD, Sensitivity.HIGH
HAZARDS = BySensitivity(low=0.01, standard=0.02, high=0.05)


def made_up_evidence(people: int, sessions: int = LAST_CALIBRATED) -> Floats:
    """Evidence as of steady people, who differ in how much of it they gather."""
    rng = np.random.default_rng(1)
    evidence = rng.standard_normal((people, sessions)) + rng.standard_normal((people, 1))
    evidence += np.log(np.arange(1, sessions + 1))
    evidence[rng.random(evidence.shape) < 0.1] = math.nan
    evidence[:, : FIRST_JUDGED - 1] = math.nan
    return evidence


def first_flags(evidence: Floats, limits: Floats) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Count first flags, and who was judged and not flagged before, by session."""
    flagged = evidence > limits
    before: NDArray[np.int_] = np.cumsum(flagged, axis=1) - flagged
    return (flagged & (before == 0)).sum(axis=0), (~np.isnan(evidence) & (before == 0)).sum(axis=0)


# Limits


@pytest.mark.parametrize("hazard", [0.005, 0.02])
def test_every_session_has_the_nominal_hazard_on_the_people_it_is_worked_out_on(
    hazard: float,
) -> None:
    evidence = made_up_evidence(8000)
    flags, judged = first_flags(evidence, session_limits(evidence, hazard))
    assert (flags[: FIRST_JUDGED - 1] == 0).all()
    later = slice(FIRST_JUDGED - 1, None)
    np.testing.assert_allclose(flags[later] / judged[later], hazard, atol=1.5 / judged[later].min())


def test_nobody_judged_is_nobody_flagged() -> None:
    evidence = made_up_evidence(50, 8)
    evidence[:, 5] = math.nan
    limits = session_limits(evidence, 0.02)
    assert np.isinf(limits[[0, 1, 5]]).all()
    assert np.isfinite(limits[[2, 3, 4, 6, 7]]).all()


def test_the_smooth_curves_have_the_nominal_hazard_overall() -> None:
    evidence = made_up_evidence(8000)
    limits = fit_limits(evidence, HAZARDS, margin=0.0)
    for sensitivity in Sensitivity:
        curve = limits.at(sensitivity, LAST_CALIBRATED)
        flags, judged = first_flags(evidence, curve)
        assert flags.sum() / judged.sum() == pytest.approx(HAZARDS.at(sensitivity), rel=0.05)


def test_a_margin_moves_all_limits_by_itself() -> None:
    evidence = made_up_evidence(500)
    none, some = (fit_limits(evidence, HAZARDS, margin=margin) for margin in (0.0, 0.25))
    for sensitivity in Sensitivity:
        moved = none.at(sensitivity, 60)[2:] + 0.25
        np.testing.assert_allclose(some.at(sensitivity, 60)[2:], moved, atol=1e-2)


def test_limits_are_infinite_before_the_third_session_and_level_after_the_last() -> None:
    curve = CLIENT.limits.at(STANDARD, 100)
    assert np.isinf(curve[: FIRST_JUDGED - 1]).all()
    assert np.isfinite(curve[FIRST_JUDGED - 1 :]).all()
    assert (curve[LAST_CALIBRATED:] == curve[LAST_CALIBRATED - 1]).all()
    assert CLIENT.limits.at(STANDARD, 0).shape == (0,)


# Calibration


def test_calibrating_twice_gives_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "LIVES", 300)
    done: list[int] = []
    once, again = (
        calibrate(
            "own-1",
            Population(),
            varied(8.1),
            hazards=OWN_HAZARDS,
            people=150,
            advance=done.append,
        )
        for _ in range(2)
    )
    assert once == again
    assert (once.version, once.hazards) == ("own-1", OWN_HAZARDS)
    assert sum(done) == 2 * (150 + 2 * 300)
    low, standard, high = (once.limits.at(each, 40)[4] for each in (LOW, STANDARD, HIGH))
    assert low >= standard >= high
    assert once.calibration.true == tuple(sorted(once.calibration.true))
    for sensitivity in Sensitivity:
        assert 0 < once.right.at(sensitivity) <= 1


def test_a_calibration_finds_what_made_the_data() -> None:
    rng = np.random.default_rng(3)
    said = rng.uniform(-8, 8, 200_000)
    truth = rng.random(len(said)) < 1 / (1 + np.exp(0.7 - 0.6 * said))
    calibration = fit_calibration(said, truth)
    asked = np.linspace(-5, 4, 40)
    honest = calibration.calibrated(1 / (1 + np.exp(-asked)))
    np.testing.assert_allclose(honest, 1 / (1 + np.exp(0.7 - 0.6 * asked)), atol=0.02)


def test_a_calibration_never_falls() -> None:
    rng = np.random.default_rng(4)
    said = rng.uniform(-8, 8, 2000)
    calibration = fit_calibration(said, rng.random(len(said)) < 0.3)
    honest = calibration.calibrated(np.linspace(0, 1, 500))
    assert (np.diff(honest) >= 0).all()


def test_a_probability_is_calibrated_on_the_scale_of_log_odds() -> None:
    said = np.array([0.0, 0.1, 0.5, 0.9, 1.0])
    as_it_is = Calibration((-30.0, 30.0), (-30.0, 30.0))
    np.testing.assert_allclose(as_it_is.calibrated(said), said, atol=1e-8)
    lower = Calibration((-2.0, 2.0), (-2.0, 0.0)).calibrated(said)
    assert lower[2] == pytest.approx(1 / (1 + math.e))
    assert lower[0] == pytest.approx(1 / (1 + math.e**2))
    assert lower[4] == pytest.approx(0.5)


# Made-up people


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_generator_draws_the_same_people(seed: int) -> None:
    def drawn(seed: int) -> tuple[Floats, Floats]:
        rng = np.random.default_rng(seed)
        falls = draw_falls(rng, 20, 15)
        return falls, draw_steady(rng, 20, 15, varied(8.1), fall=falls)

    for one, other, another in zip(drawn(seed), drawn(seed), drawn(seed + 10), strict=True):
        np.testing.assert_array_equal(one, other)
        assert not np.array_equal(one, another)


def test_steady_people_stay_on_the_scale_and_miss_whole_sessions() -> None:
    variety = varied(8.1)
    ratings = draw_steady(np.random.default_rng(4), 3000, 20, variety)
    assert ratings.shape == (3000, 20, 3)
    missing = np.isnan(ratings)
    assert (missing.any(axis=2) == missing.all(axis=2)).all()
    assert missing.mean() == pytest.approx(variety.missing * variety.missers, abs=0.01)
    assert (missing.any(axis=(1, 2))).mean() == pytest.approx(
        variety.missers * (1 - (1 - variety.missing) ** 20), abs=0.03
    )
    assert np.nanmin(ratings) >= 0
    assert np.nanmax(ratings) <= 10
    assert np.nanmean(ratings) == pytest.approx(8.1 + 0.3, abs=0.3)


@pytest.mark.parametrize("step", [0.1, 0.5, 1.0])
def test_answers_lie_on_the_steps_of_the_person(step: float) -> None:
    variety = replace(varied(7.0), rounding=(step,), rounding_shares=(1.0,), missing=0.0)
    ratings = draw_steady(np.random.default_rng(5), 50, 10, variety)
    np.testing.assert_allclose(ratings / step, np.round(ratings / step), atol=1e-4)
    assert step_of(ratings) == step


TIDY = Variety(
    mean=(5.0, 5.0),
    between=(0.3, 0.3),
    within=(0.6, 0.6),
    within_cv=(0.0, 0.0),
    carry_over=(0.4, 0.4),
    reliability=(0.6, 0.6),
    facet_sd=(0.2, 0.2),
    growth=0.0,
    growth_sd=0.0,
    falling=None,
    shared=(0.1, 0.1),
    freedom=(40.0,),
    skew=(0.0, 0.0),
    rounding=(0.01,),
    rounding_shares=(1.0,),
    missing=0.0,
)


def test_people_vary_as_their_variety_says() -> None:
    score = draw_steady(np.random.default_rng(6), 1500, 30, TIDY).mean(axis=2)
    within = score - score.mean(axis=1, keepdims=True)
    pairs = (score[:, 1:] * score[:, :-1]).mean() - score.mean() ** 2
    level = 0.3**2 + 0.2**2 / 3
    assert score.mean() == pytest.approx(5, abs=0.03)
    assert score.var() == pytest.approx(level + 0.6**2, rel=0.05)
    assert pairs - level == pytest.approx(0.6 * 0.4 * 0.6**2, rel=0.15)
    assert within.std() == pytest.approx(0.6, rel=0.05)


def test_a_fall_is_taken_off_in_the_persons_own_sd() -> None:
    fall = np.zeros((40, 10, 3))
    fall[:, 6:, 1] = 2.0
    usual, fallen = (
        draw_steady(np.random.default_rng(7), 40, 10, TIDY, fall=each) for each in (None, fall)
    )
    np.testing.assert_allclose(usual - fallen, 0.6 * fall, atol=0.011)


def test_falls_begin_as_often_as_they_should_and_never_at_once() -> None:
    falls = draw_falls(np.random.default_rng(8), 4000, 10)
    assert falls.shape == (4000, 10, 3)
    assert (falls >= 0).all()
    assert (falls[:, 0] == 0).all()
    assert falls[:, 1].any(axis=1).mean() == pytest.approx(ONSET, abs=0.01)
    fallen = falls[falls.any(axis=2)]
    alone = (fallen > 0).sum(axis=1) == 1
    assert set((fallen > 0).sum(axis=1)) == {1, 3}
    assert 0.1 < alone.mean() < 0.3


@pytest.mark.parametrize(
    ("fall", "below"),
    [
        ((0, 0, 0), False),
        ((0.49, 0.49, 0.49), False),
        ((0.5, 0.5, 0.5), True),
        ((0.99, 0, 0), False),
        ((0, 1.0, 0), True),
        ((0.9, 0.6, 0), True),
    ],
)
def test_a_bond_is_below_from_half_an_sd_everywhere_or_one_in_a_facet(
    fall: tuple[float, float, float], below: bool
) -> None:
    assert is_below(np.array(fall)) == below
    np.testing.assert_array_equal(is_below(np.full((4, 2, 3), fall)), np.full((4, 2), below))


# An organization's own


def closed_episodes(number: int, seed: int = 9, *, missing: float = 0.0) -> Floats:
    variety = replace(
        TIDY,
        mean=(6.8, 6.8),
        between=(0.8, 0.8),
        growth=0.5,
        growth_sd=0.1,
        within_cv=(0.3, 0.3),
        missing=missing,
        missers=1.0,
        rounding=(0.5,),
    )
    return draw_steady(np.random.default_rng(seed), number, 12, variety)


def test_a_fit_finds_the_mean_and_the_growth_and_is_likelier_than_the_preset() -> None:
    ratings = closed_episodes(80)
    steps: list[int] = []
    fitted = fit_population(ratings, CLIENT.population, advance=steps.append)
    assert fitted.mean == pytest.approx(6.8, abs=0.35)
    assert fitted.growth == pytest.approx(0.5, abs=0.15)
    assert fitted.within == pytest.approx(0.6, abs=0.15)
    own, preset = (log_likelihoods(ratings, each).sum() for each in (fitted, CLIENT.population))
    assert own > preset + 20
    # Also where it has not looked.
    unseen = closed_episodes(80, seed=10)
    own, preset = (log_likelihoods(unseen, each).sum() for each in (fitted, CLIENT.population))
    assert own > preset
    assert sum(steps) <= MOST_STEPS + 12
    for kept in ("shared_share", "alike", "rounding"):
        assert getattr(fitted, kept) == getattr(CLIENT.population, kept)


def test_fewer_than_fifty_usable_episodes_are_not_fitted() -> None:
    ratings = closed_episodes(60)
    ratings[FEWEST_EPISODES - 1 :, 4:] = math.nan
    assert usable_episodes(ratings).sum() == FEWEST_EPISODES - 1
    with pytest.raises(TooFewEpisodes, match="49 usable episodes, 50 are needed") as refused:
        fit_parameters("own-1", ratings, preset=CLIENT)
    assert refused.value.usable == 49


def test_an_episode_is_usable_from_five_scores_on() -> None:
    ratings = np.full((4, 8, 3), math.nan)
    ratings[0, :5] = 8
    ratings[1, :4] = 8
    ratings[2, 3:, :2] = 8
    ratings[3, :, 0] = 8
    assert usable_episodes(ratings).tolist() == [True, False, True, False]


def test_the_variety_of_an_organization_has_its_gaps_and_steps() -> None:
    ratings = closed_episodes(400, missing=0.1)
    ratings[:, 9:] = math.nan  # an end is no gap
    variety = variety_of(CLIENT.population, ratings)
    assert variety.missing == pytest.approx(0.1, abs=0.02)
    assert variety.rounding == (0.5,)
    assert variety.mean == (CLIENT.population.mean,) * 2


@pytest.mark.parametrize(
    ("ratings", "step"),
    [
        ([8.0, 9.0, math.nan, 10.0], 1.0),
        ([8.0, 8.5, 9.0], 0.5),
        ([8.1, 8.5, 9.0], 0.1),
        ([8.0] * 97 + [8.3, 8.7, 8.5], 1.0),
    ],
)
def test_the_step_is_the_coarsest_that_nearly_all_answers_lie_on(
    ratings: list[float], step: float
) -> None:
    assert step_of(np.array(ratings)) == step


def test_minimize_finds_the_bottom_of_a_bent_valley() -> None:
    def valley(x: Floats) -> float:
        return float((1 - x[0]) ** 2 + 20 * (x[1] - x[0] ** 2) ** 2)

    found = minimize(valley, np.array([-1.0, 1.5]), np.full(2, 0.5), steps=400)
    assert valley(found) < 0.02
    assert found == pytest.approx([1, 1], abs=0.2)


def test_minimize_never_ends_up_above_where_it_began() -> None:
    start = np.array([0.3, -0.2])
    found = minimize(lambda x: float(np.abs(x).sum() + np.sin(9 * x).sum()), start, np.ones(2))
    assert np.abs(found).sum() + np.sin(9 * found).sum() <= 0.5 + np.sin(9 * start).sum()


# What is stored


@pytest.mark.parametrize("parameters", PRESETS.values(), ids=PRESETS)
def test_parameters_come_back_from_json_as_they_were(parameters: Parameters) -> None:
    assert Parameters.from_data(json.loads(json.dumps(parameters.as_data()))) == parameters


@pytest.mark.parametrize(
    "spoiled",
    [
        pytest.param({"population": {"moon": 1.0}}, id="a number nobody knows"),
        pytest.param({"hazards": {"low": 0.01}}, id="hazards missing"),
        pytest.param({"calibration": {"said": [0.0]}}, id="half a calibration"),
    ],
)
def test_other_data_are_not_read_as_parameters(spoiled: dict[str, object]) -> None:
    with pytest.raises(TypeError):
        Parameters.from_data(CLIENT.as_data() | spoiled)


@pytest.mark.parametrize("name", [each.name for each in fields(Parameters)])
def test_parameters_are_read_whole_or_not_at_all(name: str) -> None:
    data = CLIENT.as_data()
    del data[name]
    with pytest.raises(KeyError, match=name):
        Parameters.from_data(data)


def test_the_presets_are_those_that_are_shipped() -> None:
    assert list(PRESETS) == list(SHIPPED)
    for name, preset in SHIPPED.items():
        assert PRESETS[name].version == preset.version
        assert PRESETS[name].population == preset.population
        assert PRESETS[name].hazards == PRESET_HAZARDS


@pytest.mark.parametrize("name", SHIPPED)
def test_a_preset_keeps_its_hazard_on_other_people_than_it_was_worked_out_on(name: str) -> None:
    preset = PRESETS[name]
    ratings = draw_steady(np.random.default_rng(11), 400, 20, SHIPPED[name].variety)
    evidence = statistics(ratings, preset.population)
    hazards = []
    for sensitivity in (LOW, STANDARD, HIGH):
        flags, judged = first_flags(evidence, preset.limits.at(sensitivity, 20))
        hazards.append(flags.sum() / judged.sum() / preset.hazards.at(sensitivity))
    assert min(hazards) > 0.3
    assert max(hazards) < 1.7
