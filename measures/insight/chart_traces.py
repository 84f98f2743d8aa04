"""The traces of the trend chart, from back to front: band, drop lines, two lines, flags."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from django.utils.translation import gettext as _

from measures.insight.chart_words import day_format_of, session_sentence
from measures.insight.lane import (
    LANE_HEIGHT,
    LANE_MARKERS,
    LaneEntry,
    LaneMark,
    MarkKind,
    Trace,
    lane_of,
    lane_traces,
)
from measures.insight.sparklines import scale_floor
from measures.insight.trend_points import TrendPoint

LONE_BAND = 0.12  # half the width of a band that is known for one session only


@dataclass(frozen=True, slots=True)
class _BandRun:
    xs: list[float]
    lows: list[float]
    highs: list[float]


def traces_of(points: Sequence[TrendPoint], marks: Sequence[LaneMark]) -> list[Trace]:
    if not points:
        return []
    floor = floor_of(points)
    lane = lane_of(points, marks)
    return [
        *_band(points),
        *_drops(points, lane, floor),
        *_line("counselor", _("Counselor"), [_round(p.counselor.score) for p in points]),
        *_line("client", _("Client"), [_round(p.client.score) for p in points]),
        *_flags(points),
        *lane_traces(lane),
        _readout(points, marks, floor),
    ]


def _band(points: Sequence[TrendPoint]) -> Iterator[Trace]:
    """Fill each unbroken run as its own polygon, then dot its two edges."""
    fill_x: list[float | None] = []
    fill_y: list[float | None] = []
    edge_x: list[float | None] = []
    edge_y: list[float | None] = []
    runs = list(_band_runs(points))
    for run in runs:
        fill_x += [*run.xs, *reversed(run.xs), None]
        fill_y += [*run.lows, *reversed(run.highs), None]
        edge_x += [*run.xs, None, *run.xs, None]
        edge_y += [*run.lows, None, *run.highs, None]
    if not runs:
        return
    still = {"type": "scatter", "mode": "lines", "hoverinfo": "skip"}
    yield {
        **still,
        "x": fill_x[:-1],
        "y": fill_y[:-1],
        "fill": "toself",
        "line": {"width": 0},
        "meta": {"role": "band"},
    }
    yield {
        **still,
        "x": edge_x[:-1],
        "y": edge_y[:-1],
        "line": {"width": 1, "dash": "1px,3px"},
        "meta": {"role": "band-edge", "label": _("Usual"), "at": runs[-1].lows[-1]},
    }


def _band_runs(points: Sequence[TrendPoint]) -> Iterator[_BandRun]:
    """Yield each unbroken run of sessions with a known band."""
    known = groupby(
        enumerate(points), key=lambda pair: pair[1].low is not None and pair[1].high is not None
    )
    for is_known, run in known:
        if not is_known:
            continue
        pairs = list(run)
        xs = [float(slot) for slot, _point in pairs]
        lows = [round(point.low or 0.0, 2) for _slot, point in pairs]
        highs = [round(point.high or 0.0, 2) for _slot, point in pairs]
        if len(pairs) == 1:
            xs = [xs[0] - LONE_BAND, xs[0] + LONE_BAND]
            lows, highs = lows * 2, highs * 2
        yield _BandRun(xs, lows, highs)


def _line(role: str, label: str, values: list[float | None]) -> Iterator[Trace]:
    """Draw one rater's line; it breaks where a rating is missing."""
    rated = [value for value in values if value is not None]
    if not rated:
        return
    dashed = role == "counselor"
    yield {
        "type": "scatter",
        "mode": "lines+markers",
        "y": values,
        "connectgaps": False,
        "cliponaxis": False,
        "hoverinfo": "skip",
        "line": {"width": 2, "dash": "6px,4px"} if dashed else {"width": 2.5},
        # A filled square with a surface-colored middle, not "square-open": that one lets the
        # dashes of the line show through.
        "marker": {"symbol": "square", "size": 6, "line": {"width": 2}}
        if dashed
        else {"symbol": "circle", "size": 9, "line": {"width": 1.5}},
        "meta": {"role": role, "label": label, "at": rated[-1]},
    }


def _flags(points: Sequence[TrendPoint]) -> Iterator[Trace]:
    """Put a diamond over each flagged rating of the client."""
    slots = [
        slot for slot, point in enumerate(points) if point.flag and point.client.score is not None
    ]
    if slots:
        yield {
            "type": "scatter",
            "mode": "markers",
            "x": slots,
            "y": [_round(points[slot].client.score) for slot in slots],
            "cliponaxis": False,
            "hoverinfo": "skip",
            "marker": {**LANE_MARKERS["flag"], "size": 12},
            "meta": {"role": "flag"},
        }


def _drops(
    points: Sequence[TrendPoint], lane: Sequence[LaneEntry], floor: float
) -> Iterator[Trace]:
    """Tie each mark on the lane to its point; the dates in between stay clear of the line."""
    slots = sorted({entry.slot for entry in lane})
    ends = {slot: _tied_to(points[slot]) for slot in slots}
    upper = {slot: [end, floor] for slot, end in ends.items() if end is not None}
    lower = {slot: [1.0, LANE_HEIGHT] for slot in slots}
    for axis, lines in (("y", upper), ("y2", lower)):
        if lines:
            yield {
                "type": "scatter",
                "mode": "lines",
                "x": [x for slot in lines for x in (slot, slot, None)],
                "y": [y for line in lines.values() for y in (*line, None)],
                "yaxis": axis,
                "hoverinfo": "skip",
                "line": {"width": 1, "dash": "2px,3px"},
                "meta": {"role": "drop"},
            }


def _readout(points: Sequence[TrendPoint], marks: Sequence[LaneMark], floor: float) -> Trace:
    """Add one invisible point per session that carries its sentence, rated or not."""
    day_format = day_format_of(points)
    kinds: dict[int, list[MarkKind]] = {}
    for mark in marks:
        kinds.setdefault(mark.slot, []).append(mark.kind)
    tied = [_tied_to(point) for point in points]
    return {
        "type": "scatter",
        "mode": "markers",
        "y": [floor if value is None else value for value in tied],
        "hovertext": [
            session_sentence(point, kinds.get(slot, ()), day_format)
            for slot, point in enumerate(points)
        ],
        "hoverinfo": "text",
        "marker": {"opacity": 0, "size": 9},
        "meta": {"role": "readout"},
    }


def _tied_to(point: TrendPoint) -> float | None:
    """Return the rating a mark or a sentence points at: the client's, else the counselor's."""
    score = point.client.score
    return _round(point.counselor.score if score is None else score)


def floor_of(points: Sequence[TrendPoint]) -> float:
    return scale_floor(rater.score for point in points for rater in (point.client, point.counselor))


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
