"""What the engine concludes, on ratings made up by hand."""

from __future__ import annotations

import math

import pytest

from measures.trend import (
    CLIENT,
    COUNSELOR,
    FACETS,
    FlagKind,
    RatingsError,
    Sensitivity,
    SessionAssessment,
    Status,
    assess,
)
from measures.trend.ewma import _Standing

HIGH_AND_STEADY = [9, 8.5, 9, 9.5, 9, 9, 8.5]


def same_facets(scores: list[float]) -> list[list[float | None]]:
    return [[score] * 3 for score in scores]


def sessions(scores: list[float]) -> tuple[SessionAssessment, ...]:
    return assess(same_facets(scores)).sessions


@pytest.mark.parametrize(
    "ratings",
    [
        pytest.param([9, 9, 9], id="one row, not a table"),
        pytest.param([[9, 9]], id="two facets"),
        pytest.param([[9, 9, 9], [9, 9]], id="ragged"),
        pytest.param([[[9, 9, 9]]], id="three dimensions"),
        pytest.param([["high", 9, 9]], id="words"),
        pytest.param([[9, 9, 10.01]], id="above the scale"),
        pytest.param([[9, -0.01, 9]], id="below the scale"),
        pytest.param([[9, 9, float("inf")]], id="infinite"),
        pytest.param([[None, float("-inf"), None]], id="infinite beside missing"),
    ],
)
def test_what_is_no_rating_is_refused(ratings: object) -> None:
    with pytest.raises(RatingsError):
        assess(ratings)  # type: ignore[arg-type]


def test_a_refusal_is_a_value_error() -> None:
    assert issubclass(RatingsError, ValueError)


def test_no_sessions_give_no_assessments() -> None:
    assert assess([]).sessions == ()


def test_the_answer_names_engine_and_parameters() -> None:
    client, counselor = assess([[9, 9, 9]]), assess([[9, 9, 9]], parameters=COUNSELOR)
    assert (client.engine, client.parameters) == ("ewma-1", "client-default-1")
    assert counselor.parameters == "counselor-default-1"


def test_nothing_is_concluded_from_fewer_than_three_ratings() -> None:
    first, second, third = sessions([9, 9, 8.5])
    for early in (first, second):
        assert early.status is Status.TOO_EARLY
        assert early.score == 9
        assert early.expected is early.low is early.high is None
        assert early.statistic is early.limit is early.probability is None
    assert third.status is Status.STEADY
    assert None not in (third.expected, third.low, third.high, third.statistic, third.probability)


def test_the_score_needs_two_facets() -> None:
    ratings: list[list[float | None]] = [
        [9, None, 8],
        [9, None, None],
        [None, None, None],
        [float("nan"), 7, 8],
    ]
    assert [session.score for session in assess(ratings).sessions] == [8.5, None, None, 7.5]


def test_an_unrated_session_concludes_nothing_and_keeps_the_status() -> None:
    blank: list[float | None] = [None, None, None]
    ratings = [*same_facets([*HIGH_AND_STEADY, 4]), blank]
    flagged, unrated = assess(ratings).sessions[-2:]
    assert flagged.status is unrated.status is Status.WEAKENING
    assert unrated.statistic is unrated.limit is unrated.probability is unrated.onset is None
    assert unrated.flag is FlagKind.NONE
    assert unrated.facets == ()
    assert unrated.expected is not None


def test_ratings_are_counted_and_not_rows() -> None:
    blank: list[float | None] = [None, None, None]
    ratings: list[list[float | None]] = [[9, 9, 9], blank, [9, 9, 9], blank, [8, 8, 8]]
    statuses = [session.status for session in assess(ratings).sessions]
    assert statuses == [Status.TOO_EARLY] * 4 + [Status.STEADY]


def test_leaving_out_the_highest_facet_is_no_fall() -> None:
    usual: list[list[float | None]] = [[10, 10, 4]] * 8
    complete, partial = (assess([*usual, row]).sessions[-1] for row in ([10, 10, 4], [None, 10, 4]))
    assert complete.statistic is not None
    assert partial.statistic is not None
    assert partial.statistic < complete.statistic + 0.5


def test_a_clear_drop_is_flagged_at_once_with_its_onset() -> None:
    *before, drop = sessions([*HIGH_AND_STEADY, 4])
    assert {session.flag for session in before} == {FlagKind.NONE}
    assert drop.flag is FlagKind.SHARP_DROP
    assert drop.facets == FACETS
    assert drop.onset == len(HIGH_AND_STEADY)
    assert drop.status is Status.WEAKENING


def test_a_drop_is_flagged_from_the_third_rating_on() -> None:
    assert sessions([9, 9, 2])[-1].flag is FlagKind.SHARP_DROP


@pytest.mark.parametrize("sensitivity", Sensitivity)
def test_a_fall_to_the_bottom_is_flagged_whatever_the_sensitivity(sensitivity: Sensitivity) -> None:
    for steady in range(4, 30):
        ratings = same_facets([*([9.0] * steady), 0])
        assert assess(ratings, sensitivity=sensitivity).sessions[-1].flag is FlagKind.SHARP_DROP


def test_a_slow_fall_is_a_decline_and_began_before_it_was_flagged() -> None:
    falling = sessions([*HIGH_AND_STEADY, 8.5, 8, 7.5, 7.5, 7, 6.5])
    flagged = [row for row, session in enumerate(falling) if session.flag is not FlagKind.NONE]
    assert falling[flagged[0]].flag is FlagKind.DECLINE
    onset = falling[flagged[-1]].onset
    assert onset is not None
    assert len(HIGH_AND_STEADY) - 1 <= onset < flagged[0]


@pytest.mark.parametrize("column", range(3))
def test_one_low_facet_is_flagged_by_name(column: int) -> None:
    low: list[float | None] = [9, 9, 9]
    low[column] = 3
    flagged = assess([*same_facets(HIGH_AND_STEADY), low, low]).sessions[-2:]
    for session in flagged:
        assert session.flag is FlagKind.FACET
        assert session.facets == (FACETS[column],)
        assert session.onset == len(HIGH_AND_STEADY)


def test_two_low_facets_are_both_named_in_the_usual_order() -> None:
    low: list[float | None] = [3, 9, 3]
    flagged = assess([*same_facets(HIGH_AND_STEADY), low, low]).sessions[-1]
    assert flagged.flag is FlagKind.DECLINE
    assert flagged.facets == ("respect", "goals")


@pytest.mark.parametrize("top", [9.5, 10])
def test_the_same_top_mark_throughout_shows_no_variation_and_no_flag(top: float) -> None:
    *early, third, fourth, fifth = sessions([top] * 5)
    assert {session.status for session in early} == {Status.TOO_EARLY}
    assert {s.status for s in (third, fourth, fifth)} == {Status.NO_VARIATION}
    assert {s.flag for s in sessions([top] * 60)} == {FlagKind.NONE}


@pytest.mark.parametrize("scores", [[10, 10, 9.5], [9, 9, 9], [10, 10, 10, 10, 9]])
def test_variation_or_less_than_the_top_is_steady(scores: list[float]) -> None:
    assert sessions(scores)[-1].status is Status.STEADY


def test_a_constant_low_level_is_no_decline() -> None:
    assert {session.flag for session in sessions([2.0] * 30)} == {FlagKind.NONE}


def test_a_repair_goes_from_weakening_over_recovering_and_repaired_to_steady() -> None:
    rupture = sessions([*HIGH_AND_STEADY, 4, *([9.0] * 6)])
    statuses = list(dict.fromkeys(session.status for session in rupture[len(HIGH_AND_STEADY) :]))
    assert statuses == [Status.WEAKENING, Status.RECOVERING, Status.REPAIRED, Status.STEADY]
    assert [s.status for s in rupture].count(Status.REPAIRED) == 2


def test_a_repair_takes_two_sessions_of_low_probability_after_the_flag() -> None:
    rupture = sessions([*HIGH_AND_STEADY, 4, *([9.0] * 6)])
    repaired = [session.status for session in rupture].index(Status.REPAIRED)
    for session in rupture[repaired - 1 : repaired + 1]:
        assert session.flag is FlagKind.NONE
        assert session.probability is not None
        assert session.probability < 0.2


def test_the_probability_rises_with_the_fall_and_falls_with_the_repair() -> None:
    probabilities = [s.probability for s in sessions([*HIGH_AND_STEADY, 5, 5, 5, 9, 9, 9])[-7:]]
    usual, *falling, first, second, last = (p for p in probabilities if p is not None)
    assert usual < 0.1
    assert falling == sorted(falling)
    assert falling[-1] > 0.9 > first > second > last
    assert last < 0.1


def test_a_weakening_that_lasts_stays_flagged_against_the_baseline_from_before() -> None:
    before, *after = sessions([*HIGH_AND_STEADY, *([5.0] * 12)])[len(HIGH_AND_STEADY) - 1 :]
    assert {session.status for session in after} == {Status.WEAKENING}
    assert before.expected is not None
    for session in after:
        assert session.expected is not None
        assert session.expected > before.expected - 0.2


def test_one_usual_score_ends_a_flag_however_deep_the_fall_was() -> None:
    *_, flagged, usual = sessions([*HIGH_AND_STEADY, 0, 0, 0, 9])
    assert flagged.flag is not FlagKind.NONE
    assert usual.flag is FlagKind.NONE
    assert usual.status is Status.RECOVERING


def test_a_second_rupture_after_a_repair_has_an_onset_of_its_own() -> None:
    scores = [*HIGH_AND_STEADY, 4, *([9.0] * 5), 4]
    second = sessions(scores)[-1]
    assert second.flag is FlagKind.SHARP_DROP
    assert second.onset == len(scores) - 1


def test_a_slow_fall_does_not_take_the_baseline_down_with_it() -> None:
    falling = sessions([*HIGH_AND_STEADY, 8.5, 8, 7.5, 7.5, 7, 6.5, 6])
    flagged = [row for row, session in enumerate(falling) if session.flag is not FlagKind.NONE]
    onset, after = falling[flagged[0]].onset, falling[flagged[0] + 1].expected
    assert onset is not None
    before = falling[onset].expected
    assert before is not None
    assert after is not None
    assert after >= before


def test_the_baseline_learns_nothing_until_the_repair() -> None:
    flagged, recovering, after = sessions([*HIGH_AND_STEADY, 4, 9, 8])[-3:]
    assert (flagged.status, recovering.status) == (Status.WEAKENING, Status.RECOVERING)
    assert recovering.expected is not None
    assert after.expected is not None
    growth = CLIENT.growth * math.log(10 / 9)
    assert after.expected - recovering.expected == pytest.approx(growth)


def test_after_a_repair_the_evidence_starts_anew() -> None:
    scores = [*HIGH_AND_STEADY, 0, 0, 9.5, 9, 9.5, 8, 7.5, 7, 6.5]
    again = sessions(scores)
    repaired = [session.status for session in again].index(Status.REPAIRED)
    assert again[-1].flag is FlagKind.DECLINE
    assert again[-1].onset is not None
    assert again[-1].onset > repaired


def test_a_facet_first_rated_late_is_not_compared_with_other_people() -> None:
    usual: list[list[float | None]] = [[9, 9, None]] * 6
    late: list[float | None] = [9, 9, 1]
    assert assess([*usual, late]).sessions[-1].flag is FlagKind.NONE


def test_facets_that_fell_nearly_as_much_as_the_first_drive_the_flag_too() -> None:
    low: list[float | None] = [4, 5, 5.5]
    assert assess([*same_facets(HIGH_AND_STEADY), low]).sessions[-1].facets == FACETS


def advance(*steps: tuple[bool, bool, float]) -> Status:
    """Take steps of (flagged, in the band, probability) and return where they lead."""
    standing = _Standing()
    for flagged, in_band, probability in steps:
        standing.advance(
            flagged=flagged, in_band=in_band, probability=probability, usual=Status.STEADY
        )
    return standing.status


def test_a_flagged_session_is_no_step_towards_a_repair() -> None:
    assert advance((True, True, 0.1), (False, True, 0.1)) is Status.RECOVERING


def test_an_unflagged_score_below_the_band_is_not_recovering_yet() -> None:
    assert advance((True, False, 0.9), (False, False, 0.5)) is Status.WEAKENING


def test_a_setback_starts_the_repair_over() -> None:
    back_and_forth = [(True, False, 0.9), (False, True, 0.1), (False, True, 0.4)]
    assert advance(*back_and_forth, (False, True, 0.1)) is Status.RECOVERING
    assert advance(*back_and_forth, *[(False, True, 0.1)] * 2) is Status.REPAIRED


def test_a_higher_sensitivity_has_a_lower_limit() -> None:
    limits = [
        CLIENT.limits.at(s) for s in (Sensitivity.LOW, Sensitivity.STANDARD, Sensitivity.HIGH)
    ]
    assert limits == sorted(limits, reverse=True)


def test_a_counselor_is_expected_lower_than_a_client() -> None:
    ratings = same_facets([8, 8, 8])
    client, counselor = (assess(ratings, parameters=p).sessions[-1] for p in (CLIENT, COUNSELOR))
    assert client.expected is not None
    assert counselor.expected is not None
    assert counselor.expected < client.expected
