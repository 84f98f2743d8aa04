"""The trend figure, its sentences, and what must never be in them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils.translation import override

from measures.insight.chart_words import trend_sentence_for_chart
from measures.insight.charts import lowest_shown, trend_figure
from measures.insight.lane import LANE_WORDS, MARK_SENTENCES, LaneMark, dated_marks, way_marks
from measures.insight.trend_points import RaterPoint, TrendPoint

FIRST_DAY = datetime(2026, 7, 9, 15, tzinfo=UTC)


@pytest.fixture(autouse=True)
def english():
    with override("en"):
        yield


def point(week: int, client: float | None = 8.0, **facts: Any) -> TrendPoint:
    """Make a held, unflagged session without a band, unless told otherwise."""
    counselor = RaterPoint(facts.pop("counselor", 7.0))
    facts.setdefault("number", week + 1)
    return TrendPoint(
        starts_at=FIRST_DAY + timedelta(weeks=week),
        client=RaterPoint(client),
        counselor=counselor,
        **facts,
    )


def missed(week: int) -> TrendPoint:
    return point(week, None, counselor=None, number=None, missed=True)


def trace(figure: dict[str, Any], role: str, *, lane: bool = False) -> dict[str, Any]:
    found = [
        one
        for one in figure["data"]
        if one["meta"]["role"] == role and one["meta"].get("lane", False) == lane
    ]
    assert len(found) == 1, f"{len(found)} traces with the role {role}"
    return found[0]


def roles(figure: dict[str, Any]) -> list[str]:
    return [one["meta"]["role"] for one in figure["data"]]


def sentences(points: list[TrendPoint], **how: Any) -> list[str]:
    return trace(trend_figure(points, **how), "readout")["hovertext"]


# ---- lines and gaps ----


def test_the_lines_break_at_missed_and_unrated_sessions():
    figure = trend_figure([point(0), missed(1), point(2, None), point(3, 6.5)])
    client = trace(figure, "client")
    assert client["y"] == [8.0, None, None, 6.5]
    assert client["connectgaps"] is False
    assert trace(figure, "counselor")["y"] == [7.0, None, 7.0, 7.0]


def test_a_rater_who_never_rated_has_no_line():
    figure = trend_figure([point(0, counselor=None), point(1, counselor=None)])
    assert "counselor" not in roles(figure)


def test_numbers_are_rounded_for_the_page():
    figure = trend_figure([point(0, 22 / 3, low=6.123456, high=9.87654), point(1)])
    assert trace(figure, "client")["y"][0] == 7.33
    assert {6.12, 9.88} == set(trace(figure, "band")["y"])
    assert not re.search(r"\d\.\d{4}", json.dumps(figure))


def test_traces_stand_from_back_to_front():
    points = [point(0, low=6.0, high=9.0), point(1, 5.0, low=6.0, high=9.0, flag="decline")]
    order = roles(trend_figure(points))
    expected = ["band", "band-edge", "drop", "drop", "counselor", "client", "flag", "flag"]
    assert order == [*expected, "readout"]


def test_no_color_is_decided_on_the_server():
    points = [point(0, low=6.0, high=9.0, flag="decline"), missed(1)]
    assert "color" not in json.dumps(trend_figure(points))
    assert "template" not in trend_figure(points)["layout"]


def test_no_sessions_make_an_empty_figure():
    assert trend_figure([])["data"] == []


# ---- band ----


def test_the_band_breaks_where_it_is_unknown():
    bounds = [(None, None), (6.0, 9.0), (6.2, 9.2), (None, None), (6.4, 9.4), (6.6, 9.6)]
    points = [point(week, low=low, high=high) for week, (low, high) in enumerate(bounds)]
    band = trace(trend_figure(points), "band")
    assert band["fill"] == "toself"
    assert band["x"] == [1, 2, 2, 1, None, 4, 5, 5, 4]
    assert band["y"] == [6.0, 6.2, 9.2, 9.0, None, 6.4, 6.6, 9.6, 9.4]


def test_the_dotted_edges_follow_the_band_and_carry_its_name():
    points = [point(week, low=6.0, high=9.0) for week in range(2)]
    edge = trace(trend_figure(points), "band-edge")
    assert edge["y"] == [6.0, 6.0, None, 9.0, 9.0]
    assert edge["meta"]["label"] == "Usual"
    assert edge["meta"]["at"] == 6.0


def test_a_band_known_for_one_session_is_still_seen():
    band = trace(trend_figure([point(0), point(1, low=6.0, high=9.0)]), "band")
    assert min(band["x"]) < 1 < max(band["x"])


def test_without_a_band_nothing_is_filled():
    assert not {"band", "band-edge"} & set(roles(trend_figure([point(0), point(1)])))


# ---- flags and the lane ----


def test_a_flag_stands_on_the_clients_point_and_on_the_lane():
    figure = trend_figure([point(0), point(1, 5.5, flag="decline"), point(2)])
    on_line, on_lane = trace(figure, "flag"), trace(figure, "flag", lane=True)
    assert (on_line["x"], on_line["y"]) == ([1], [5.5])
    assert on_lane["x"] == [1]
    assert on_lane["yaxis"] == "y2"
    assert on_lane["text"] == ["flag"]


def test_a_flag_without_a_rating_to_show_stands_on_the_lane_only():
    figure = trend_figure([point(0), point(1, None, flag="facet")])
    assert roles(figure).count("flag") == 1
    assert trace(figure, "flag", lane=True)["x"] == [1]


def test_marks_are_tied_to_their_points_by_drop_lines():
    figure = trend_figure([point(0), point(1, 5.5, flag="decline"), missed(2)])
    upper, lower = (one for one in figure["data"] if one["meta"]["role"] == "drop")
    assert (upper["x"], upper["y"]) == ([1, 1, None], [5.5, 4.0, None])
    assert lower["x"] == [1, 1, None, 2, 2, None]


def test_every_kind_of_mark_has_a_place_a_word_and_a_sentence():
    kinds = list(MARK_SENTENCES)
    points = [point(week) for week in range(len(kinds))]
    marks = [LaneMark(slot, kind) for slot, kind in enumerate(kinds)]  # type: ignore[arg-type]
    figure = trend_figure(points, marks=marks)
    words = {word for one in figure["data"] if one["meta"].get("lane") for word in one["text"]}
    assert words == {str(LANE_WORDS[kind]) for kind in kinds}
    said = trace(figure, "readout")["hovertext"]
    for kind, sentence in zip(kinds, said, strict=True):
        assert sentence.endswith(str(MARK_SENTENCES[kind]))


def test_the_lane_has_no_line_when_nothing_happened():
    quiet = trend_figure([point(0), point(1)])["layout"]["yaxis2"]
    busy = trend_figure([point(0), missed(1)])["layout"]["yaxis2"]
    assert (quiet["showgrid"], busy["showgrid"]) == (False, True)


# ---- axes ----


@pytest.mark.parametrize(("lowest", "floor"), [(8.0, 4.0), (4.5, 4.0), (3.0, 2.5), (0.0, -0.5)])
def test_the_scale_starts_at_four_or_half_a_point_under_the_lowest_rating(lowest, floor):
    axis = trend_figure([point(0), point(1, lowest)])["layout"]["yaxis"]
    assert axis["range"][0] == floor
    assert axis["range"][1] == pytest.approx(10.2)
    assert min(axis["tickvals"]) >= floor


def test_the_scale_in_words_never_goes_below_zero():
    assert lowest_shown([point(0, 0.0)]) == 0.0
    assert lowest_shown([point(0)]) == 4.0


def test_each_session_has_one_slot_with_its_date_or_number():
    points = [point(0), missed(1), point(2, number=2)]
    by_date = trend_figure(points)["layout"]["xaxis"]
    by_number = trend_figure(points, along="sessions")["layout"]["xaxis"]
    assert by_date["tickvals"] == [0, 1, 2]
    assert by_date["ticktext"] == ["Jul 9", "Jul 16", "Jul 23"]
    assert by_number["ticktext"] == ["1", "", "2"]


def test_dates_get_their_year_when_the_trend_spans_two():
    points = [point(0), point(40)]
    assert trend_figure(points)["layout"]["xaxis"]["ticktext"] == ["Jul 9, 2026", "Apr 15, 2027"]
    assert "2027" in sentences(points)[1]


def test_a_young_trend_leaves_room_to_grow():
    assert trend_figure([point(0)])["layout"]["xaxis"]["range"][1] > 5


# ---- sentences ----


def test_a_session_is_said_with_its_numbers():
    points = [point(week) for week in range(6)]
    points.append(point(6, 6.5, low=7.3, high=9.4, counselor=None))
    assert sentences(points)[6] == "Session 7, August 20. Client 6.5, usual 7.3 to 9.4."


def test_the_counselors_rating_and_the_flag_are_said_too():
    flagged = point(0, 6.5, low=7.3, high=9.4, counselor=7.5, flag="decline")
    said = "Session 1, July 9. Client 6.5, usual 7.3 to 9.4. Counselor 7.5. Flag."
    assert sentences([flagged]) == [said]


def test_a_missed_session_is_said_and_has_no_number():
    assert sentences([point(0), missed(1)])[1] == "July 16. Missed."


def test_a_rating_that_is_not_there_is_not_called_unanswered():
    """It may only be hidden from this reader until their own rating is saved."""
    blind, empty = point(0, None), point(1, None, counselor=None)
    assert sentences([blind, empty]) == [
        "Session 1, July 9. Counselor 7.0.",
        "Session 2, July 16. No rating to show.",
    ]


def test_a_declined_rating_looks_like_any_other_missing_one():
    declined = replace(point(0, None), client=RaterPoint(declined=True))
    assert sentences([declined]) == sentences([point(0, None)])


def test_a_mark_is_said_with_its_session():
    points = [point(0), point(1)]
    said = sentences(points, marks=[LaneMark(1, "talked")])
    assert said[1].endswith("Counselor 7.0. Talked about.")


def test_thirds_round_as_the_table_rounds_them():
    assert "Client 8.7." in sentences([point(0, 26 / 3)])[0]


def test_numbers_follow_the_readers_language():
    with override("de"):
        assert "6,5" in sentences([point(0, 6.5)])[0]


def test_the_chart_is_said_in_words_with_numbers():
    bounds = {"low": 7.0, "high": 9.5}
    points = [point(0, 8.5), missed(1), point(2, 6.0, flag="decline", **bounds), point(3, 8.0)]
    assert trend_sentence_for_chart(points) == (
        "Client and counselor ratings by session. The client began at 8.5. "
        "The lowest was 6.0, usual 7.0 to 9.5, on July 23. The latest is 8.0, on July 30. "
        "1 missed session. 1 flag."
    )


def test_the_chart_in_words_says_a_low_end():
    points = [point(0, 8.5), point(1, 6.0, low=7.0, high=9.5)]
    assert "The latest is 6.0, usual 7.0 to 9.5, on July 16." in trend_sentence_for_chart(points)


@pytest.mark.parametrize(
    ("points", "said"),
    [
        ([], "Client ratings by session. No client ratings to show yet."),
        (
            [point(0, 7.0, counselor=None)],
            "Client ratings by session. The latest is 7.0, on July 9.",
        ),
    ],
)
def test_the_chart_in_words_with_little_to_say(points, said):
    with override("en"):
        assert trend_sentence_for_chart(points) == said


def test_no_screen_says_what_the_engine_thinks():
    points = [point(0), point(1, 4.0, low=6.0, high=9.0, flag="sharp_drop"), missed(2), point(3)]
    marks = [LaneMark(3, "back_to_usual")]
    everything = json.dumps(trend_figure(points, marks=marks)) + trend_sentence_for_chart(points)
    for word in ("weaken", "rupture", "repair", "decline", "drop.", "sharp", "facet"):
        assert word not in everything.lower()


def test_no_markup_is_in_any_text():
    points = [point(0), point(1, 4.0, low=6.0, high=9.0, flag="facet"), missed(2)]
    assert not re.search(r"[<>]", json.dumps(trend_figure(points)))


# ---- size ----


def long_trend(sessions: int) -> list[TrendPoint]:
    return [
        missed(week)
        if week % 10 == 7
        else point(
            week,
            round(6 + week % 7 / 3, 4),
            counselor=7.5,
            low=6.12345,
            high=9.54321,
            flag="decline" if week % 13 == 5 else "",
        )
        for week in range(sessions)
    ]


def test_forty_sessions_stay_below_twelve_kilobytes():
    assert len(json.dumps(trend_figure(long_trend(40)))) < 12_000


def test_only_the_last_250_sessions_are_drawn_and_marks_move_along():
    figure = trend_figure(long_trend(260), marks=[LaneMark(5, "talked"), LaneMark(259, "relapse")])
    assert len(trace(figure, "readout")["y"]) == 250
    assert trace(figure, "event", lane=True)["x"] == [249]
    assert "talked" not in roles(figure)


# ---- what happened between two sessions ----


def day(offset: int) -> date:
    return (FIRST_DAY + timedelta(days=offset)).date()


@pytest.mark.parametrize(
    ("offset", "slot"), [(-3, -0.5), (0, 0), (2, 0.5), (7, 1), (13, 1.5), (14, 2), (40, 2.5)]
)
def test_a_day_finds_its_session_or_the_place_between_two(offset, slot):
    points = [point(week) for week in range(3)]
    assert dated_marks(points, [(day(offset), "relapse")]) == [
        LaneMark(slot, "relapse", day(offset))
    ]


def test_of_two_sessions_on_one_day_the_later_one_is_meant():
    points = [point(0), replace(point(0), number=2)]
    assert dated_marks(points, [(day(0), "talked")])[0].slot == 1


def test_without_sessions_there_is_nothing_to_hang_an_event_on():
    assert dated_marks([], [(day(0), "relapse")]) == []


def test_between_two_sessions_the_arrow_keys_come_to_a_halt_with_the_day():
    points = [point(0), point(1)]
    marks = dated_marks(points, [(day(2), "life_event"), (day(3), "relapse")])
    readout = trace(trend_figure(points, marks=marks), "readout")
    assert readout["x"] == [0, 0.5, 1]
    assert readout["hovertext"][1] == "July 11. Life event. July 12. Return to use."
    assert "Life" not in readout["hovertext"][0] + readout["hovertext"][2]


def test_what_came_after_the_last_session_is_inside_the_chart():
    points = [point(week) for week in range(9)]
    [mark] = dated_marks(points, [(day(80), "referral")])
    low, high = trend_figure(points, marks=[mark])["layout"]["xaxis"]["range"]
    assert low < 0 <= mark.slot < high


# ---- a panel for each question ----


def asked(week: int, client: tuple[float | None, ...], **facts: Any) -> TrendPoint:
    respect, understanding, goals = client
    return replace(
        point(week, **facts),
        client=RaterPoint(8.0, respect, understanding, goals),
        counselor=RaterPoint(7.0, 7, 6.5, 7),
    )


def by_axis(figure: dict[str, Any], role: str) -> dict[str, list[Any]]:
    return {
        one.get("yaxis", "y"): one["y"]
        for one in figure["data"]
        if one["meta"]["role"] == role and not one["meta"].get("lane")
    }


def test_each_question_has_its_panel_on_the_same_scale_and_no_band():
    points = [asked(0, (9, 8, 3), low=6.0, high=9.0), asked(1, (9, None, 7))]
    figure = trend_figure(points, by_question=True)
    assert by_axis(figure, "client") == {"y": [9, 9], "y3": [8, None], "y4": [3, 7]}
    assert by_axis(figure, "counselor")["y3"] == [6.5, 6.5]
    layout = figure["layout"]
    assert [each["title"] for each in layout["meta"]["panels"]] == [
        "Respect",
        "Understanding",
        "Goals",
    ]
    ranges = {tuple(layout[each["axis"]]["range"]) for each in layout["meta"]["panels"]}
    assert ranges == {(2.5, 10.2)}
    assert not {"band", "band-edge"} & set(roles(figure))
    assert lowest_shown(points, by_question=True) == 2.5
    assert lowest_shown(points) == 4.0


def test_a_flag_about_one_question_stands_in_its_panel_only():
    one = asked(0, (9, 8, 3), flag="facet", flag_facets=("goals",))
    every = asked(1, (5, 5, 5), flag="decline")
    assert by_axis(trend_figure([one, every], by_question=True), "flag") == {
        "y": [5],
        "y3": [5],
        "y4": [3, 5],
    }


def test_by_question_each_answer_is_said_as_it_was_given():
    points = [asked(0, (9, None, 3))]
    [said] = sentences(points, by_question=True)
    assert said == (
        "Session 1, July 9. Respect: client 9, counselor 7. Understanding: counselor 6.5. "
        "Goals: client 3, counselor 7."
    )


# ---- the way of answering ----


def given_by(week: int, kind: str) -> TrendPoint:
    """Answered that way; "" where the client did not answer."""
    score = 8.0 if kind else None
    return replace(point(week), client=RaterPoint(score, input_kind=kind))


@pytest.mark.parametrize(
    ("ways", "marked"),
    [
        ([], []),
        (["buttons"], []),
        (["buttons", "buttons", "buttons"], []),
        (["buttons", "slider", "slider"], [1]),
        (["", "slider", "", "slider"], []),
        (["buttons", "", "slider", "", "buttons"], [2, 4]),
        (["paper", "buttons"], [1]),
    ],
)
def test_a_change_of_the_way_of_answering_is_marked_where_it_begins(ways, marked):
    marks = way_marks([given_by(week, kind) for week, kind in enumerate(ways)])
    assert marks == [LaneMark(slot, "way_changed") for slot in marked]


def test_the_mark_says_so_and_is_tied_to_the_rating():
    points = [given_by(0, "buttons"), given_by(1, "slider")]
    figure = trend_figure(points, marks=way_marks(points))
    mark = trace(figure, "way_changed", lane=True)
    assert (mark["x"], mark["text"]) == ([1], ["answered another way"])
    assert mark["marker"]["size"] < trace_size("flag")
    said = trace(figure, "readout")["hovertext"]
    assert said[1].endswith("The way of answering changed.")
    assert "way" not in said[0]


def trace_size(role: str) -> int:
    flagged = trend_figure([point(0, flag="decline")])
    return int(trace(flagged, role, lane=True)["marker"]["size"])
