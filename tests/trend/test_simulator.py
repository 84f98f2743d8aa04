"""The simulator, and what the engine does on its people."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from measures.trend import FACETS, FlagKind, Sensitivity, SessionAssessment, Status, assess
from measures.trend.simulator import (
    ALL_TENS,
    CLIENTS,
    COUNSELORS,
    RISING,
    RUPTURED_AND_REPAIRED,
    SLOW_DECLINE,
    STEADY,
    Course,
    Person,
    Ratings,
    draw_person,
    leave_out,
    simulate_counselor,
    simulate_episode,
)

MIDDLING = Person(
    levels=(5.0, 5.0, 5.0), within_sd=0.5, reliability=0.6, carry_over=0.3, growth=0.0
)
TYPICAL = replace(MIDDLING, levels=(8.5, 8.0, 8.5), within_sd=0.8)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20260101)


@pytest.fixture(scope="module")
def stable_people() -> list[tuple[SessionAssessment, ...]]:
    """Assess 400 people to whom nothing happens, over 20 sessions each."""
    rng = np.random.default_rng(7)
    episodes = [simulate_episode(rng, 20, STEADY, draw_person(rng), step=0.1) for _ in range(400)]
    return [assess(ratings).sessions for ratings in episodes]


def first_flags_per_100(people: list[tuple[SessionAssessment, ...]]) -> float:
    """Count the first flag of each person, by assessed sessions up to and with it."""
    flags = exposed = 0
    for sessions in people:
        for session in sessions:
            exposed += session.statistic is not None
            if session.flag is not FlagKind.NONE:
                flags += 1
                break
    return 100 * flags / exposed


def test_about_nine_of_ten_scores_lie_in_the_band(
    stable_people: list[tuple[SessionAssessment, ...]],
) -> None:
    within = [
        session.low <= session.score <= session.high
        for sessions in stable_people
        for session in sessions
        if session.score is not None and session.low is not None and session.high is not None
    ]
    assert 0.84 < np.mean(within) < 0.96


def test_stable_people_are_flagged_about_once_in_a_hundred_sessions(
    stable_people: list[tuple[SessionAssessment, ...]],
) -> None:
    assert 0.2 < first_flags_per_100(stable_people) < 1.5


def test_more_sensitivity_is_more_alarms(rng: np.random.Generator) -> None:
    episodes = [simulate_episode(rng, 20, STEADY, draw_person(rng)) for _ in range(200)]
    hazards = [
        first_flags_per_100([assess(e, sensitivity=sensitivity).sessions for e in episodes])
        for sensitivity in (Sensitivity.LOW, Sensitivity.STANDARD, Sensitivity.HIGH)
    ]
    assert hazards == sorted(hazards)
    assert hazards[-1] < 4


@pytest.mark.parametrize(
    ("course", "share"),
    [
        pytest.param(Course(onset=8, step=2.5), 0.5, id="step"),
        pytest.param(SLOW_DECLINE, 0.5, id="slow decline"),
        pytest.param(Course(onset=8, step=4, facets=("goals",)), 0.5, id="one facet"),
    ],
)
def test_most_large_weakenings_are_found(
    rng: np.random.Generator, course: Course, share: float
) -> None:
    people = [draw_person(rng) for _ in range(150)]
    found = 0
    for person in people:
        after = assess(simulate_episode(rng, 18, course, person)).sessions[course.onset :]
        found += any(session.flag is not FlagKind.NONE for session in after)
    assert found / len(people) > share


def test_most_ruptures_are_flagged_and_their_repair_is_seen() -> None:
    flagged, repaired = 0, 0
    for seed in range(30):
        course = simulate_episode(
            np.random.default_rng(seed), 20, RUPTURED_AND_REPAIRED, TYPICAL, step=0.1
        )
        statuses = [session.status for session in assess(course).sessions]
        flagged += Status.WEAKENING in statuses[8:11]
        repaired += Status.WEAKENING in statuses[8:11] and Status.REPAIRED in statuses[11:]
    assert flagged >= 15
    assert repaired >= 0.8 * flagged


@pytest.mark.parametrize("seed", range(5))
def test_all_tens_are_all_tens(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ratings = simulate_episode(rng, 12, ALL_TENS, draw_person(rng))
    assert np.all(ratings == 10)


def everything(seed: int) -> list[Ratings]:
    rng = np.random.default_rng(seed)
    client = simulate_episode(rng, 12, SLOW_DECLINE, draw_person(rng))
    return [client, simulate_counselor(rng, client), leave_out(rng, client)]


def test_the_same_generator_gives_the_same_ratings() -> None:
    for once, again in zip(everything(3), everything(3), strict=True):
        np.testing.assert_array_equal(once, again)
    assert not np.array_equal(everything(3)[0], everything(4)[0])


@pytest.mark.parametrize("step", [0.1, 0.5, 1])
def test_ratings_lie_on_the_steps_of_the_scale(rng: np.random.Generator, step: float) -> None:
    ratings = simulate_episode(rng, 200, STEADY, draw_person(rng), step=step)
    assert ratings.shape == (200, len(FACETS))
    assert ratings.min() >= 0
    assert ratings.max() <= 10
    np.testing.assert_allclose(ratings / step, np.round(ratings / step), atol=1e-6)


def test_a_person_varies_as_the_person_says(rng: np.random.Generator) -> None:
    ratings = simulate_episode(rng, 20_000, STEADY, MIDDLING, step=0.01)
    score = ratings.mean(axis=1)
    assert score.mean() == pytest.approx(5, abs=0.02)
    assert score.std() == pytest.approx(0.5, rel=0.03)
    assert np.corrcoef(score[1:], score[:-1])[0, 1] == pytest.approx(0.6 * 0.3, abs=0.03)
    assert np.corrcoef(ratings[:, 0], ratings[:, 1])[0, 1] == pytest.approx(1 / 3, abs=0.03)


def test_people_vary_as_the_population_says(rng: np.random.Generator) -> None:
    people = [draw_person(rng) for _ in range(4000)]
    levels = np.array([person.levels for person in people])
    spreads = np.array([person.within_sd for person in people])
    assert levels.mean() == pytest.approx(CLIENTS.mean, abs=0.07)
    assert levels.std() == pytest.approx(CLIENTS.between_sd, rel=0.05)
    assert np.corrcoef(levels.T)[0, 1] == pytest.approx(CLIENTS.facet_r, abs=0.03)
    assert spreads.mean() == pytest.approx(CLIENTS.within_sd, rel=0.04)
    assert spreads.std() / spreads.mean() == pytest.approx(CLIENTS.within_cv, rel=0.1)


def mean_difference(course: Course) -> Ratings:
    """Return how much lower a course is than STEADY on the same noise, in within-person SD."""
    usual, changed = (
        simulate_episode(np.random.default_rng(1), 16, c, MIDDLING, step=0.001)
        for c in (STEADY, course)
    )
    return np.divide(usual - changed, MIDDLING.within_sd)


def test_a_course_takes_off_what_it_says() -> None:
    dip = mean_difference(Course(onset=4, step=2, lasts=2, facets=("understanding",)))
    expected = np.zeros((16, 3))
    expected[4:6, 1] = 2
    np.testing.assert_allclose(dip, expected, atol=0.01)
    ramp = mean_difference(Course(onset=10, slope=0.3))[:, 0]
    np.testing.assert_allclose(ramp[8:13], [0, 0, 0.3, 0.6, 0.9], atol=0.01)


def test_a_rising_course_rises_whatever_the_person_does() -> None:
    falling = replace(MIDDLING, growth=-0.5)
    ratings = simulate_episode(np.random.default_rng(1), 40, RISING, falling)
    assert ratings[-10:].mean() > ratings[:5].mean() + 0.5


def test_counselors_rate_lower_and_follow_loosely(rng: np.random.Generator) -> None:
    differences, correlations = [], []
    for _ in range(400):
        client = simulate_episode(rng, 20, STEADY, draw_person(rng), step=0.1)
        counselor = simulate_counselor(rng, client, step=0.1)
        differences.append(counselor.mean() - client.mean())
        pair = counselor.mean(axis=1), client.mean(axis=1)
        if min(scores.std() for scores in pair) > 0:
            correlations.append(np.corrcoef(*pair)[0, 1])
    assert -1.1 < np.mean(differences) < -0.4
    assert 0.15 < np.mean(correlations) < 0.35
    assert COUNSELORS.mean == pytest.approx(CLIENTS.mean - 0.8)


def test_ratings_are_left_out_twice_as_often_after_a_low_session(
    rng: np.random.Generator,
) -> None:
    complete = simulate_episode(rng, 20_000, STEADY, MIDDLING)
    partial = leave_out(rng, complete, rate=0.15)
    missing: NDArray[np.bool] = np.isnan(partial[:, 0])
    np.testing.assert_array_equal(partial[~missing], complete[~missing])
    score = complete.mean(axis=1)
    low = np.concatenate(([False], (score < score.mean() - score.std())[:-1]))
    assert missing[~low].mean() == pytest.approx(0.15, abs=0.015)
    assert missing[low].mean() == pytest.approx(0.30, abs=0.03)


@pytest.mark.parametrize("course", [STEADY, RISING, RUPTURED_AND_REPAIRED, SLOW_DECLINE, ALL_TENS])
def test_no_sessions_are_no_trouble(rng: np.random.Generator, course: Course) -> None:
    client = simulate_episode(rng, 0, course, MIDDLING)
    for ratings in (client, simulate_counselor(rng, client), leave_out(rng, client)):
        assert ratings.shape == (0, 3)
