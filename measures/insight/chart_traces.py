"""The traces of the trend chart, from back to front: band, drop lines, two lines, flags."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from django.utils.translation import gettext as _

from measures.insight.chart_words import day_format_of, stop_sentence
from measures.insight.lane import (
    LANE_HEIGHT,
    LANE_MARKERS,
    LaneEntry,
    LaneMark,
    Trace,
    lane_of,
    lane_traces,
    stops_of,
)
from measures.insight.panels import MEAN, Panel, floor_of
from measures.insight.sparklines import HIGHEST
from measures.insight.trend_points import TrendPoint

LONE_BAND = 0.12  # half the width of a band that is known for one session only


@dataclass(frozen=True, slots=True)
class _BandRun:
    xs: list[float]
    lows: list[float]
    highs: list[float]


def traces_of(
    points: Sequence[TrendPoint], marks: Sequence[LaneMark], panels: Sequence[Panel]
) -> list[Trace]:
    if not points:
        return []
    floor = floor_of(points, panels)
    lane = lane_of(points, marks)
    return [
        *(_band(points) if panels == MEAN else ()),
        *_drops(points, lane, panels, floor),
        *(trace for panel in panels for trace in _panel(points, panel)),
        *lane_traces(lane),
        _readout(points, marks, panels, floor),
    ]


def _panel(points: Sequence[TrendPoint], panel: Panel) -> Iterator[Trace]:
    raters = (
        ("counselor", _("Counselor"), [panel.of(point.counselor) for point in points]),
        ("client", _("Client"), [panel.of(point.client) for point in points]),
    )
    for role, label, values in raters:
        for trace in _line(role, label, values):
            yield _on(panel, trace)
    for trace in _flags(points, panel):
        yield _on(panel, trace)


def _on(panel: Panel, trace: Trace) -> Trace:
    return trace if panel.axis == "y" else {**trace, "yaxis": panel.axis}


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


def _flags(points: Sequence[TrendPoint], panel: Panel) -> Iterator[Trace]:
    """Put a diamond over each flagged rating of the client."""
    slots = [
        slot
        for slot, point in enumerate(points)
        if panel.is_flagged(point) and panel.of(point.client) is not None
    ]
    if slots:
        yield {
            "type": "scatter",
            "mode": "markers",
            "x": slots,
            "y": [panel.of(points[slot].client) for slot in slots],
            "cliponaxis": False,
            "hoverinfo": "skip",
            "marker": {**LANE_MARKERS["flag"], "size": 12},
            "meta": {"role": "flag"},
        }


def _drops(
    points: Sequence[TrendPoint],
    lane: Sequence[LaneEntry],
    panels: Sequence[Panel],
    floor: float,
) -> Iterator[Trace]:
    """Tie each mark on the lane to its point; the dates in between stay clear of the line.

    Where there are several panels the lines run through all of them.
    """
    slots = sorted({entry.slot for entry in lane})
    if panels == MEAN:
        ends = {slot: tied_to(points[int(slot)]) for slot in slots if slot == int(slot)}
        upper = {slot: [end, floor] for slot, end in ends.items() if end is not None}
    else:
        upper = {slot: [HIGHEST, floor] for slot in slots}
    lower = {slot: [1.0, LANE_HEIGHT] for slot in slots}
    for axis, lines in [*((panel.axis, upper) for panel in panels), ("y2", lower)]:
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


def _readout(
    points: Sequence[TrendPoint],
    marks: Sequence[LaneMark],
    panels: Sequence[Panel],
    floor: float,
) -> Trace:
    """Add one invisible point per session, and per place between two where something happened,
    that carries its sentence."""
    stops = stops_of(points, marks)
    heights = [panels[0].of(stop.point.client) if stop.point else None for stop in stops]
    if panels == MEAN:
        heights = [tied_to(stop.point) if stop.point else None for stop in stops]
    day_format = day_format_of(points)
    by_question = panels != MEAN
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [stop.slot for stop in stops],
        "y": [floor if value is None else value for value in heights],
        "hovertext": [stop_sentence(stop, day_format, by_question=by_question) for stop in stops],
        "hoverinfo": "text",
        "marker": {"opacity": 0, "size": 9},
        "meta": {"role": "readout"},
    }


def tied_to(point: TrendPoint) -> float | None:
    """Return the rating a mark or a sentence points at: the client's, else the counselor's."""
    score = MEAN[0].of(point.client)
    return MEAN[0].of(point.counselor) if score is None else score
