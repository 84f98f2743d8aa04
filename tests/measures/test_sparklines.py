"""The trend line beside a name in a list."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

from django.utils.safestring import SafeString

from measures.insight.sparklines import scale_floor, sparkline
from measures.insight.trend_points import RaterPoint, TrendPoint


def points(*scores: float | None, **facts) -> list[TrendPoint]:
    start = datetime(2026, 7, 9, 15, tzinfo=UTC)
    return [
        TrendPoint(week + 1, start + timedelta(weeks=week), client=RaterPoint(score), **facts)
        for week, score in enumerate(scores)
    ]


def missed(scores: list[TrendPoint]) -> TrendPoint:
    return TrendPoint(None, scores[-1].starts_at + timedelta(weeks=1), missed=True)


def read(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314  # our own output, not a stranger's


def drawn(trend: list[TrendPoint]) -> list[ET.Element]:
    return list(read(sparkline(trend, label="Trend")))


def paths(trend: list[TrendPoint], name: str) -> list[str]:
    return [part.attrib["d"] for part in drawn(trend) if part.attrib.get("class") == name]


def test_it_is_one_image_with_its_trend_in_words():
    svg = sparkline(points(8, 7), label="Trend: down from 8 to 7")
    assert isinstance(svg, SafeString)
    assert svg.startswith('<svg class="spark" viewBox="0 0 144 40" role="img"')
    assert 'aria-label="Trend: down from 8 to 7"' in svg


def test_the_label_is_escaped():
    svg = sparkline(points(8), label='"><script>alert(1)</script>')
    assert "<script" not in svg
    assert read(svg).attrib["aria-label"] == '"><script>alert(1)</script>'


def test_nothing_is_styled_inline():
    svg = sparkline(points(8, 7, 6, low=7.0, high=9.0, flag="decline"), label="Trend")
    assert not re.search(r"\b(style|fill|stroke|color)\s*=", svg)


def test_nothing_rated_draws_nothing():
    assert sparkline([], label="Trend") == ""
    assert sparkline(points(None, None), label="Trend") == ""


def test_one_rating_is_a_dot_at_the_right():
    (dot,) = [part for part in drawn(points(7)) if part.tag == "circle"]
    assert (dot.attrib["cx"], dot.attrib["cy"], dot.attrib["r"]) == ("139.0", "20.0", "3")


def test_the_line_spans_the_sessions_and_the_scale():
    assert paths(points(4.5, 10, 7), "v-client") == ["M5.0 33.3L72.0 4.0L139.0 20.0"]


def test_the_line_breaks_where_a_rating_is_missing():
    assert paths(points(8, 8, None, 7, 7), "v-client") == [
        "M5.0 14.7L38.5 14.7",
        "M105.5 20.0L139.0 20.0",
    ]


def test_a_lone_rating_between_gaps_is_still_seen():
    assert paths(points(8, None, 7, None, 8, 8), "v-client")[1] == "M58.6 20.0h0"


def test_a_missed_session_is_a_cross_at_the_floor():
    trend = points(8, 7)
    trend.append(missed(trend))
    assert paths(trend, "m-missed") == ["M136.0 36l6 -6m-6 0l6 6"]


def test_the_band_is_one_flat_strip_from_the_latest_range():
    trend = [*points(8, low=5.0, high=9.0), *points(8, low=7.0, high=10.0), *points(7)]
    (strip,) = [part for part in drawn(trend) if part.tag == "rect"]
    assert strip.attrib == {
        "class": "band-fill",
        "x": "0",
        "y": "4.0",
        "width": "144",
        "height": "16.0",
    }


def test_only_the_last_flag_is_drawn_and_it_replaces_the_last_dot():
    trend = points(8, 6, flag="decline")
    assert paths(trend, "m-flag") == ["M139.0 20.3l5 5l-5 5l-5 -5z"]
    assert not [part for part in drawn(trend) if part.tag == "circle"]


def test_the_counselors_rating_changes_nothing():
    """A list must not hint at a client's rating, nor stretch the scale by the counselor's."""
    with_counselor = points(8, 7, counselor=RaterPoint(1.0))
    assert sparkline(with_counselor, label="x") == sparkline(points(8, 7), label="x")


def test_a_very_low_rating_moves_the_floor():
    assert scale_floor([8.0, None, 2.0]) == 1.5
    assert scale_floor([]) == 4.0
    assert paths(points(8, 2), "v-client")[0].endswith("L139.0 34.1")


def test_a_band_below_the_floor_is_cut_off():
    (strip,) = [part for part in drawn(points(8, 7, low=1.0, high=9.0)) if part.tag == "rect"]
    assert float(strip.attrib["y"]) + float(strip.attrib["height"]) == 36.0
