"""What the engine concludes, on ratings made up by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from measures.trend import (
    CLIENT,
    COUNSELOR,
    ENGINE,
    FACETS,
    FLAG_KINDS,
    PRESETS,
    STATUSES,
    BatchAssessment,
    FlagKind,
    RatingsError,
    Sensitivity,
    SessionAssessment,
    Status,
    assess,
    assess_many,
)

Floats = NDArray[np.floating[Any]]
Row = Sequence[float | None]

NAN = math.nan
BLANK: Row = [None, None, None]
# Seven sessions of somebody steady and satisfied, whose facets do not move as one.
USUAL: list[Row] = [
    [9.0, 8.5, 9.0],
    [8.5, 9.0, 9.0],
    [9.0, 9.0, 8.5],
    [9.5, 9.0, 9.0],
    [9.0, 8.5, 9.5],
    [8.5, 9.0, 8.5],
    [9.0, 9.5, 9.0],
]
COLUMNS = [
    field.name for field in fields(BatchAssessment) if field.name not in {"engine", "parameters"}
]
PROBABLE = ["expected", "low", "high", "statistic", "limit", "probability"]


def alike(scores: Sequence[float]) -> list[Row]:
    return [[score] * 3 for score in scores]


def sessions(
    ratings: Sequence[Row], sensitivity: Sensitivity = Sensitivity.STANDARD
) -> tuple[SessionAssessment, ...]:
    return assess(ratings, sensitivity=sensitivity).sessions


def flags(ratings: Sequence[Row]) -> list[FlagKind]:
    return [session.flag for session in sessions(ratings)]


def rows_flagged(ratings: Sequence[Row]) -> list[int]:
    return [row for row, flag in enumerate(flags(ratings)) if flag is not FlagKind.NONE]


def answered(session: SessionAssessment) -> set[str]:
    """Name the numbers that were given, the score aside."""
    return {name for name in PROBABLE if getattr(session, name) is not None}


def made_up(seed: int, episodes: int, length: int) -> Floats:
    """Ratings of all sorts: steady and falling people, tens of halves, of every level."""
    rng = np.random.default_rng(seed)
    level = rng.uniform(4, 10, (episodes, 1, 1))
    noise = rng.uniform(0.1, 1.5, (episodes, 1, 1)) * rng.standard_normal((episodes, length, 3))
    fall = np.maximum(np.arange(length) - rng.integers(3, length, (episodes, 1)), 0)[
        ..., np.newaxis
    ]
    ratings = level + noise - rng.choice([0, 0.3, 1.5], (episodes, 1, 1)) * fall
    return np.clip(np.round(ratings * 2) / 2, 0, 10)


def same(one: BatchAssessment, other: BatchAssessment) -> None:
    """Check that two batches say the same to the last bit."""
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


# What is refused


@pytest.mark.parametrize(
    ("ratings", "sentence"),
    [
        pytest.param([9, 9, 9], r"shape \(sessions, 3\), not \(3,\)", id="one row, not a table"),
        pytest.param([[9, 9]], r"shape \(sessions, 3\), not \(1, 2\)", id="two facets"),
        pytest.param([[9, 9, 9], [9, 9]], "numbers, three per session", id="ragged"),
        pytest.param([[[9, 9, 9]]], r"shape \(sessions, 3\), not \(1, 1, 3\)", id="three axes"),
        pytest.param([["high", 9, 9]], "numbers, three per session", id="words"),
        pytest.param([[9, 9, 10.01]], "within 0 and 10", id="above the scale"),
        pytest.param([[9, -0.01, 9]], "within 0 and 10", id="below the scale"),
        pytest.param([[9, 9, math.inf]], "within 0 and 10", id="infinite"),
        pytest.param([[None, -math.inf, None]], "within 0 and 10", id="infinite beside missing"),
    ],
)
def test_what_is_no_rating_is_refused(ratings: object, sentence: str) -> None:
    with pytest.raises(RatingsError, match=sentence):
        assess(ratings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ratings", "sentence"),
    [
        pytest.param(np.full((5, 3), 9.0), r"\(episodes, sessions, 3\), not \(5, 3\)", id="one"),
        pytest.param(np.full((2, 5, 2), 9.0), r"sessions, 3\), not \(2, 5, 2\)", id="two facets"),
        pytest.param(np.full((2, 5, 3), 11.0), "within 0 and 10", id="above the scale"),
    ],
)
def test_what_is_no_batch_is_refused(ratings: Floats, sentence: str) -> None:
    with pytest.raises(RatingsError, match=sentence):
        assess_many(ratings)


def test_a_refusal_is_a_value_error() -> None:
    assert issubclass(RatingsError, ValueError)


# What is answered at all


def test_no_sessions_give_no_assessments() -> None:
    assert assess([]).sessions == ()
    assert assess(np.empty((0, 3))).sessions == ()
    assert assess_many(np.empty((4, 0, 3))).statistic.shape == (4, 0)


def test_no_episodes_give_no_assessments() -> None:
    assert assess_many(np.empty((0, 5, 3))).facets.shape == (0, 5, 3)


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_the_answer_names_engine_and_parameters(preset) -> None:
    one = assess([[9, 9, 9]], parameters=preset)
    many = assess_many(np.full((2, 1, 3), 9.0), parameters=preset)
    assert (one.engine, one.parameters) == (many.engine, many.parameters)
    assert (one.engine, one.parameters) == (ENGINE, preset.version)


def test_nothing_is_concluded_from_fewer_than_three_ratings() -> None:
    *early, third = sessions([[9, 9, 9], [9, 8, 9], [8.5, 9, 9]])
    for session in early:
        assert session.status is Status.TOO_EARLY
        assert session.score is not None
        assert answered(session) == set()
    assert answered(third) == set(PROBABLE)
    assert third.status is Status.STEADY


def test_ratings_are_counted_and_not_rows() -> None:
    ratings: list[Row] = [[9, 9, 9], BLANK, [9, 9, 9], [None, 9, None], BLANK, [8, 8, 8]]
    statuses = [session.status for session in sessions(ratings)]
    assert statuses == [Status.TOO_EARLY] * 5 + [Status.STEADY]


def test_a_session_number_is_that_of_the_session_and_not_of_the_rating() -> None:
    """The limit is of the third session held, or of the fifth, whoever rated what."""
    held_to = CLIENT.limits.at(Sensitivity.STANDARD, 5)
    assert sessions([*USUAL[:3]])[-1].limit == held_to[2]
    assert sessions([USUAL[0], BLANK, USUAL[1], BLANK, USUAL[2]])[-1].limit == held_to[4]


def test_the_score_is_the_mean_of_the_rated_facets_two_at_least() -> None:
    ratings: list[Row] = [[9, None, 8], [9, None, None], BLANK, [NAN, 7, 8], [6, 7, 8]]
    assert [session.score for session in sessions(ratings)] == [8.5, None, None, 7.5, 7]


def test_one_rated_facet_is_not_judged_but_learned_from() -> None:
    alone, after = sessions([*USUAL, [None, 2, None], USUAL[0]])[-2:]
    assert alone.score is None
    assert answered(alone) == set()
    assert alone.flag is FlagKind.NONE
    assert after.expected is not None
    assert after.expected != sessions([*USUAL, BLANK, USUAL[0]])[-1].expected


def test_an_unrated_session_answers_nothing_and_keeps_the_status() -> None:
    flagged, unrated = sessions([*USUAL, [4, 4, 4], BLANK])[-2:]
    assert flagged.status is unrated.status is Status.WEAKENING
    assert unrated.score is None
    assert answered(unrated) == set()
    assert (unrated.flag, unrated.facets, unrated.onset) == (FlagKind.NONE, (), None)


def test_the_score_lies_within_the_band_of_a_steady_person() -> None:
    for session in sessions(USUAL * 3)[3:]:
        assert session.low is not None
        assert session.score is not None
        assert session.high is not None
        assert session.low < session.score < session.high


# One and many


def test_many_are_assessed_as_each_alone_to_the_last_bit() -> None:
    ratings = made_up(1, 24, 14)
    together = assess_many(ratings)
    for episode in range(len(ratings)):
        alone = assess_many(ratings[episode : episode + 1])
        for name in COLUMNS:
            np.testing.assert_array_equal(
                getattr(together, name)[episode], getattr(alone, name)[0], err_msg=name
            )


@pytest.mark.parametrize("share", [0.1, 0.4])
@pytest.mark.parametrize("of", ["sessions", "facets"])
def test_gaps_change_nothing_in_that(of: str, share: float) -> None:
    rng = np.random.default_rng(2)
    ratings = made_up(2, 24, 14)
    shape = ratings.shape if of == "facets" else (*ratings.shape[:2], 1)
    ratings[np.broadcast_to(rng.random(shape) < share, ratings.shape)] = NAN
    together = assess_many(ratings)
    for size in (1, 3, 7):
        for begin in range(0, len(ratings), size):
            part = slice(begin, begin + size)
            alone = assess_many(ratings[part])
            for name in COLUMNS:
                got, expected = getattr(alone, name), getattr(together, name)[part]
                np.testing.assert_array_equal(got, expected, err_msg=name)


def test_shorter_episodes_are_filled_up_with_blank_rows() -> None:
    ratings = made_up(3, 16, 14)
    lengths = np.arange(1, 15).repeat(2)[:16]
    for episode, length in enumerate(lengths):
        ratings[episode, length:] = NAN
    together = assess_many(ratings)
    for episode, length in enumerate(lengths):
        alone = assess_many(ratings[episode : episode + 1, :length])
        for name in COLUMNS:
            np.testing.assert_array_equal(
                getattr(together, name)[episode, :length], getattr(alone, name)[0], err_msg=name
            )
        for name in ("score", *PROBABLE):
            assert np.isnan(getattr(together, name)[episode, length:]).all()
        assert (together.flag[episode, length:] == 0).all()
        assert (together.status[episode, length:] == together.status[episode, length - 1]).all()


def test_the_order_of_episodes_does_not_matter() -> None:
    ratings = made_up(4, 12, 10)
    ratings[::3, 4] = NAN
    turned = assess_many(ratings[::-1])
    straight = assess_many(ratings)
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(turned, name)[::-1], getattr(straight, name))


def test_one_episode_is_told_in_plain_values() -> None:
    ratings = np.array([*USUAL, [4.0, 4.0, 4.0], [NAN] * 3])
    one, many = assess(ratings), assess_many(ratings[np.newaxis])
    for row, session in enumerate(one.sessions):
        for name in ("score", *PROBABLE):
            value = getattr(many, name)[0, row]
            assert getattr(session, name) == (None if np.isnan(value) else value)
            assert type(getattr(session, name)) in {float, type(None)}
        assert session.flag is FLAG_KINDS[many.flag[0, row]]
        assert session.status is STATUSES[many.status[0, row]]
        assert session.onset == (None if many.onset[0, row] < 0 else many.onset[0, row])
        driving = many.facets[0, row]
        assert session.facets == tuple(each for each, is_one in zip(FACETS, driving) if is_one)  # noqa: B905


def test_what_was_given_is_left_as_it_was() -> None:
    ratings = made_up(5, 6, 8)
    ratings[1, 3] = NAN
    before = ratings.copy()
    assess_many(ratings)
    np.testing.assert_array_equal(ratings, before)


# Flags


def test_a_clear_drop_is_flagged_at_once_with_its_onset() -> None:
    *before, drop = sessions([*USUAL, [4, 4.5, 4]])
    assert {session.flag for session in before} == {FlagKind.NONE}
    assert drop.flag is FlagKind.SHARP_DROP
    assert drop.facets == FACETS
    assert drop.onset == len(USUAL)
    assert drop.status is Status.WEAKENING


def test_a_drop_is_flagged_from_the_third_rating_on() -> None:
    assert flags(alike([9, 9, 1])) == [FlagKind.NONE, FlagKind.NONE, FlagKind.SHARP_DROP]


@pytest.mark.parametrize("sensitivity", Sensitivity)
def test_a_slow_fall_is_a_decline_that_began_before_it_was_flagged(
    sensitivity: Sensitivity,
) -> None:
    falling: list[Row] = [[9 - 0.4 * n, 9 - 0.4 * n, 8.5 - 0.4 * n] for n in range(1, 13)]
    row, first = next(
        (row, session)
        for row, session in enumerate(sessions([*USUAL, *falling], sensitivity))
        if session.flag is not FlagKind.NONE
    )
    assert first.flag is FlagKind.DECLINE
    assert first.facets == FACETS
    assert first.onset is not None
    assert len(USUAL) - 1 <= first.onset < row


def test_a_small_drop_that_stays_is_flagged_later_as_a_decline() -> None:
    low: list[Row] = [[7, 6.5, 7], [6.5, 7, 7], [7, 7, 6.5], [6.5, 7, 6.5]]
    told = sessions([*USUAL, *low])
    row, last = len(told) - 1, told[-1]
    assert last.flag is FlagKind.DECLINE
    assert last.onset is not None
    assert abs(last.onset - len(USUAL)) <= 1 < row - last.onset


@pytest.mark.parametrize("column", range(3))
def test_one_low_facet_is_flagged_by_name(column: int) -> None:
    low = [9.0, 9.0, 9.0]
    low[column] = 4.0
    second = sessions([*USUAL, low, low])[-1]
    assert second.flag is FlagKind.FACET
    assert second.facets == (FACETS[column],)
    assert second.onset is not None
    assert abs(second.onset - len(USUAL)) <= 1


def test_two_low_facets_are_both_named_in_the_usual_order() -> None:
    low: Row = [4, 9, 4]
    flagged = sessions([*USUAL, low, low])[-1]
    assert flagged.flag in {FlagKind.DECLINE, FlagKind.SHARP_DROP}
    assert flagged.facets == ("respect", "goals")


def test_facets_that_fell_nearly_as_much_as_the_first_drive_the_flag_too() -> None:
    assert sessions([*USUAL, [4, 5, 5.5]])[-1].facets == FACETS


def test_of_two_rated_facets_two_drive_a_flag() -> None:
    flagged = sessions([*USUAL, [None, 4, 4]])[-1]
    assert flagged.flag is FlagKind.SHARP_DROP
    assert flagged.facets == ("understanding", "goals")


def test_leaving_out_the_highest_facet_is_no_fall() -> None:
    usual: list[Row] = [[10, 9.5, 7], [9.5, 10, 7.5]] * 4
    assert flags([*usual, [None, 10, 7]]) == [FlagKind.NONE] * 9


def test_a_facet_first_rated_late_is_not_compared_with_other_people() -> None:
    usual: list[Row] = [[9, 9, None], [9, 8.5, None]] * 3
    assert flags([*usual, [9, 9, 6]]) == [FlagKind.NONE] * 7


def test_one_odd_facet_in_one_session_is_forgotten() -> None:
    ratings: list[Row] = [*USUAL, [9, 6.5, 9], *USUAL]
    assert set(flags(ratings)[-5:]) == {FlagKind.NONE}


@pytest.mark.parametrize("level", [1.0, 2.0, 5.0, 8.0, 10.0])
def test_a_constant_level_is_no_decline(level: float) -> None:
    assert set(flags(alike([level] * 40))) == {FlagKind.NONE}


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_facets_that_always_lay_apart_are_no_decline(preset) -> None:
    rows = [
        [level - lower if facet in low else level for facet in range(3)]
        for level in (8.0, 9.0, 10.0)
        for lower in (0.5, 2.0, 3.5)
        for low in ({0}, {2}, {0, 1})
    ]
    constant = np.repeat(np.array(rows)[:, np.newaxis], 40, axis=1)
    batch = assess_many(constant, parameters=preset, sensitivity=Sensitivity.HIGH)
    assert (batch.flag == 0).all()


def test_a_rise_is_no_decline() -> None:
    assert set(flags(alike([5 + 0.25 * n for n in range(20)]))) == {FlagKind.NONE}


def test_the_onset_of_a_second_rupture_is_its_own() -> None:
    ratings = [*USUAL, [3, 3, 3.5], *USUAL, [3, 3.5, 3]]
    second = sessions(ratings)[-1]
    assert second.flag is FlagKind.SHARP_DROP
    assert second.onset == len(ratings) - 1


# Sensitivity


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_a_higher_sensitivity_has_a_lower_limit(preset) -> None:
    low, standard, high = (
        preset.limits.at(sensitivity, 60)[2:]
        for sensitivity in (Sensitivity.LOW, Sensitivity.STANDARD, Sensitivity.HIGH)
    )
    assert (low > standard).all()
    assert (standard > high).all()


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_what_a_lower_sensitivity_flags_a_higher_one_flags_too(preset) -> None:
    ratings = made_up(6, 40, 16)
    low, standard, high = (
        assess_many(ratings, parameters=preset, sensitivity=sensitivity).flag > 0
        for sensitivity in (Sensitivity.LOW, Sensitivity.STANDARD, Sensitivity.HIGH)
    )
    assert (low <= standard).all()
    assert (standard <= high).all()
    assert 0 < low.sum() < standard.sum() < high.sum()


def test_the_sensitivity_changes_limits_flags_and_statuses_only() -> None:
    ratings = made_up(7, 10, 12)
    low, high = (
        assess_many(ratings, sensitivity=each) for each in (Sensitivity.LOW, Sensitivity.HIGH)
    )
    for name in ("score", "expected", "low", "high", "statistic", "probability"):
        np.testing.assert_array_equal(getattr(low, name), getattr(high, name))


# Statuses and the baseline


@pytest.mark.parametrize("top", [9.5, 10])
def test_the_same_top_mark_throughout_shows_no_variation_and_no_flag(top: float) -> None:
    told = sessions(alike([top] * 50))
    assert {session.status for session in told[:2]} == {Status.TOO_EARLY}
    assert {session.status for session in told[2:]} == {Status.NO_VARIATION}
    assert {session.flag for session in told} == {FlagKind.NONE}


@pytest.mark.parametrize("scores", [[10, 10, 9.5], [9, 9, 9], [10, 10, 10, 10, 9]])
def test_variation_or_less_than_the_top_is_steady(scores: list[float]) -> None:
    assert sessions(alike(scores))[-1].status is Status.STEADY


def test_variation_that_comes_later_is_not_known_before() -> None:
    *_, third, fourth = sessions(alike([9.5, 9.5, 9.5, 10]))
    assert third.status is Status.NO_VARIATION
    assert fourth.status is Status.STEADY


def test_a_repair_goes_from_weakening_over_recovering_and_repaired_to_steady() -> None:
    told = sessions([*USUAL, [4, 4.5, 4], *USUAL, *USUAL])[len(USUAL) :]
    statuses = [session.status for session in told]
    assert list(dict.fromkeys(statuses)) == [
        Status.WEAKENING,
        Status.RECOVERING,
        Status.REPAIRED,
        Status.STEADY,
    ]
    assert statuses.count(Status.REPAIRED) == 2
    assert statuses.count(Status.WEAKENING) == 1


def test_a_repair_takes_two_sessions_of_low_probability_after_the_flag() -> None:
    told = sessions([*USUAL, [4, 4.5, 4], *USUAL])
    repaired = [session.status for session in told].index(Status.REPAIRED)
    for session in told[repaired - 1 : repaired + 1]:
        assert session.flag is FlagKind.NONE
        assert session.probability is not None
        assert session.probability < 0.2


def test_the_probability_rises_with_the_fall_and_falls_with_the_repair() -> None:
    low: list[Row] = [[6, 5.5, 6], [5.5, 6, 6], [6, 6, 5.5]]
    told = sessions([*USUAL, *low, *USUAL])[len(USUAL) - 1 :]
    usual, first, second, third, *after = (
        p for p in (s.probability for s in told) if p is not None
    )
    assert usual < 0.2
    assert 2 * usual < first < second < third
    assert third > 0.8
    assert max(after) < 0.1


def test_a_weakening_that_lasts_is_held_to_the_baseline_from_before() -> None:
    low: list[Row] = [[5, 5.5, 5], [5.5, 5, 5]] * 3
    before, *after = sessions([*USUAL, *low])[len(USUAL) - 1 :]
    assert before.expected is not None
    for session in after:
        assert session.expected is not None
        assert session.score is not None
        # Seven sessions up there weigh more than six down here.
        assert session.expected - session.score > 0.7 * (before.expected - session.score)
        assert session.flag is not FlagKind.NONE
        assert session.status is Status.WEAKENING


def test_one_usual_score_ends_a_flag_after_a_short_fall() -> None:
    *_, flagged, usual = sessions([*USUAL, [4, 4, 4.5], [9, 9, 9]])
    assert flagged.flag is not FlagKind.NONE
    assert usual.flag is FlagKind.NONE
    assert usual.status is Status.RECOVERING


def test_a_flag_among_the_repaired_is_weakening_again() -> None:
    told = sessions([*USUAL, [4, 4, 4.5], *USUAL[:3], [3, 3, 3.5]])
    assert Status.REPAIRED in [session.status for session in told]
    assert told[-1].status is Status.WEAKENING


# Presets


def test_a_counselor_is_expected_lower_than_a_client() -> None:
    ratings = alike([8, 8, 8])
    client, counselor = (
        assess(ratings, parameters=each).sessions[-1] for each in (CLIENT, COUNSELOR)
    )
    assert client.expected is not None
    assert counselor.expected is not None
    assert counselor.expected < client.expected


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_every_preset_flags_a_clear_drop_and_nothing_before(preset) -> None:
    told = assess([*USUAL, [3, 3, 3.5]], parameters=preset).sessions
    assert [session.flag for session in told] == [FlagKind.NONE] * 7 + [FlagKind.SHARP_DROP]


def test_a_deeper_fall_never_is_told_as_the_less_likely_to_be_one() -> None:
    steady = np.full((31, 3), 9.0)
    steady[::4, 1] = 8.5
    falls = np.repeat(steady[np.newaxis], 6, axis=0)
    falls[:, -1] = np.array([8.0, 7.0, 6.0, 4.0, 2.0, 0.0])[:, np.newaxis]
    told = assess_many(falls).probability[:, -1]
    assert (np.diff(told) > -0.01).all()
    assert told[-1] > 0.4


def test_a_level_known_to_be_low_is_what_is_expected_of_it() -> None:
    for level in (1.0, 2.0, 4.0):
        last = assess(alike([level] * 12)).sessions[-1]
        assert last.expected == pytest.approx(level, abs=0.2)
        assert last.probability is not None
        assert last.probability < 0.2
