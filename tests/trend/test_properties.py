"""What holds for any ratings at all."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from measures.trend import FlagKind, Sensitivity, SessionAssessment, Status, assess

Row = list[float | None]

marks = st.integers(0, 20).map(lambda half: half / 2)
rows = st.lists(st.none() | marks, min_size=3, max_size=3)
# Steady, high, then anything: random tables alone would hardly ever look like a person.
usual = st.sampled_from([8.0, 8.5, 9.0, 9.5])
steady = st.lists(st.lists(usual, min_size=3, max_size=3), max_size=12)
episodes: st.SearchStrategy[list[Row]] = st.tuples(steady, st.lists(rows, max_size=12)).map(
    lambda parts: [[*row] for part in parts for row in part]
)
sensitivities = st.sampled_from(Sensitivity)


def in_unit(value: float | None) -> bool:
    return value is None or 0 <= value <= 1


@given(episodes, sensitivities)
def test_the_statistic_is_above_the_limit_exactly_when_flagged(
    ratings: list[Row], sensitivity: Sensitivity
) -> None:
    for session in assess(ratings, sensitivity=sensitivity).sessions:
        above = (
            session.statistic is not None
            and session.limit is not None
            and session.statistic > session.limit
        )
        assert above == (session.flag is not FlagKind.NONE)
        assert (session.statistic is None) == (session.limit is None)


@given(episodes)
def test_a_flag_has_facets_an_onset_and_a_status_and_nothing_else_has(ratings: list[Row]) -> None:
    for row, session in enumerate(assess(ratings).sessions):
        if session.flag is FlagKind.NONE:
            assert session.facets == ()
            assert session.onset is None
        else:
            assert session.facets
            assert (session.flag is FlagKind.FACET) == (len(session.facets) == 1)
            assert session.onset is not None
            assert 0 < session.onset <= row
            assert session.status is Status.WEAKENING


@given(episodes, rows, st.integers(0, 2), st.floats(0, 10), sensitivities)
def test_a_lower_rating_never_makes_the_evidence_smaller(
    ratings: list[Row], row: Row, facet: int, fall: float, sensitivity: Sensitivity
) -> None:
    rating = row[facet]
    lower: Row = [*row]
    lower[facet] = None if rating is None else max(0.0, rating - fall)
    high, low = (
        assess([*ratings, last], sensitivity=sensitivity).sessions[-1] for last in (row, lower)
    )
    if high.statistic is None or high.probability is None:
        assert low.statistic is low.probability is None
        return
    assert low.statistic is not None
    assert low.probability is not None
    assert low.statistic >= high.statistic
    assert low.probability >= high.probability
    assert low.flag is not FlagKind.NONE or high.flag is FlagKind.NONE


@given(episodes, st.lists(rows, max_size=5))
def test_later_ratings_never_change_what_was_said_before(
    ratings: list[Row], later: list[Row]
) -> None:
    assert assess([*ratings, *later]).sessions[: len(ratings)] == assess(ratings).sessions


@given(episodes)
def test_every_row_is_answered_within_its_range_and_never_by_nan(ratings: list[Row]) -> None:
    answers = assess(ratings).sessions
    assert len(answers) == len(ratings)
    for session in answers:
        assert not any(math.isnan(number) for number in numbers(session))
        assert in_unit(session.probability)
        if session.expected is not None and session.low is not None and session.high is not None:
            assert 0 <= session.low <= session.expected <= session.high <= 10


def numbers(session: SessionAssessment) -> list[float]:
    fields = (
        session.score,
        session.expected,
        session.low,
        session.high,
        session.statistic,
        session.limit,
        session.probability,
    )
    return [value for value in fields if value is not None]


@given(episodes)
def test_the_same_ratings_give_the_same_answer(ratings: list[Row]) -> None:
    assert assess(ratings) == assess(ratings)


@given(st.integers(1, 60), st.sampled_from([9.5, 10.0]))
def test_one_top_mark_throughout_is_never_flagged(sessions: int, top: float) -> None:
    answers = assess([[top] * 3] * sessions).sessions
    assert {session.flag for session in answers} == {FlagKind.NONE}
