"""The trend chart once more, as plain shapes: for paper, and for whoever reads without script.

The same parts and the same rules as the figure in charts.py. Each shape names its role; what a
role looks like is the matter of who draws it (svg_chart.py by classes, report_pdf.py in ink).
Units are CSS pixels at the size asked for, y downward.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from measures.insight.chart_traces import tied_to
from measures.insight.charts import FEWEST_SLOTS, TOP_OF_SCALE, Along, latest, tick_text, ticks_from
from measures.insight.lane import LaneEntry, LaneMark, lane_of
from measures.insight.panels import MEAN, Panel, floor_of, panels_of
from measures.insight.sparklines import HIGHEST
from measures.insight.trend_points import TrendPoint

LEFT, RIGHT, TOP = 26.0, 12.0, 8.0
TITLE, DATES, LANE = 16.0, 18.0, 30.0
LETTER = 6.0  # about the width of one, to see whether words would touch

Spot = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Path:
    """A line through spots, closed and filled where it is an area."""

    role: str
    spots: tuple[Spot, ...]
    is_area: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    role: str
    at: Spot
    on_lane: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """Our own words or a number; `anchor` is "start", "middle" or "end"."""

    text: str
    at: Spot
    anchor: str = "middle"
    is_strong: bool = False


@dataclass(frozen=True, slots=True)
class Plot:
    width: float
    height: float
    shapes: tuple[Path | Mark | Words, ...]


def plot(
    points: Sequence[TrendPoint],
    *,
    marks: Sequence[LaneMark] = (),
    along: Along = "dates",
    by_question: bool = False,
    width: float = 680,
) -> Plot:
    """Lay the chart out; only the last 250 sessions are drawn."""
    drawn, kept = latest(points, marks)
    panels = panels_of(by_question=by_question)
    height = 250.0 if panels == MEAN else 430.0
    pen = _Pen(drawn, kept, panels, width, height)
    return Plot(width, height, tuple(_shapes(pen, along)))


class _Pen:
    """Turns slots and ratings into spots on the page."""

    def __init__(
        self,
        points: Sequence[TrendPoint],
        marks: Sequence[LaneMark],
        panels: Sequence[Panel],
        width: float,
        height: float,
    ) -> None:
        self.points, self.marks, self.panels = points, marks, panels
        self.lane = lane_of(points, marks)
        self.floor = floor_of(points, panels)
        places = [mark.slot for mark in marks]
        last = max(len(points), FEWEST_SLOTS) - 1
        self.first, self.last = min(0, *places, 0) - 0.3, max(last, *places, 0) + 0.3
        self.left, self.right = LEFT, width - RIGHT
        title = TITLE if panels != MEAN else 0
        self.bottom = height - DATES - (LANE if self.lane else 4)
        step = (self.bottom - TOP) / len(panels)
        self.spans = [
            (TOP + index * step + title, TOP + (index + 1) * step) for index in range(len(panels))
        ]
        self.lane_y = height - LANE + 8

    @property
    def slot_width(self) -> float:
        return (self.right - self.left) / (self.last - self.first)

    def x(self, slot: float) -> float:
        return round(self.left + (slot - self.first) * self.slot_width, 1)

    def y(self, panel: int, rating: float) -> float:
        top, bottom = self.spans[panel]
        share = (rating - self.floor) / (TOP_OF_SCALE - self.floor)
        return round(bottom - share * (bottom - top), 1)


def _shapes(pen: _Pen, along: Along) -> Iterator[Path | Mark | Words]:
    if not pen.points:
        return
    yield from _scale(pen)
    if pen.panels == MEAN:
        yield from _band(pen)
    yield from _drops(pen)
    for index, panel in enumerate(pen.panels):
        yield from _lines(pen, index, panel)
    yield from _dates(pen, along)
    yield from _lane(pen)


def _scale(pen: _Pen) -> Iterator[Path | Words]:
    for index, panel in enumerate(pen.panels):
        for tick in ticks_from(pen.floor):
            y = pen.y(index, tick)
            yield Path("grid", ((pen.left, y), (pen.right, y)))
            yield Words(str(tick), (pen.left - 5, y + 4), "end")
        if panel.title:
            yield Words(str(panel.title), (pen.left, pen.spans[index][0] - 4), "start", True)
    yield Path("axis", ((pen.left, pen.bottom), (pen.right, pen.bottom)))


def _band(pen: _Pen) -> Iterator[Path]:
    for run in _runs([point.low for point in pen.points]):
        slots = run if len(run) > 1 else [run[0] - 0.12, run[0] + 0.12]
        known = [pen.points[round(slot)] for slot in slots]
        low = [(pen.x(s), pen.y(0, p.low or 0)) for s, p in zip(slots, known, strict=True)]
        high = [(pen.x(s), pen.y(0, p.high or 0)) for s, p in zip(slots, known, strict=True)]
        yield Path("band", (*low, *reversed(high)), is_area=True)
        yield Path("band-edge", tuple(low))
        yield Path("band-edge", tuple(high))


def _runs(values: Sequence[float | None]) -> Iterator[list[float]]:
    """The slots of each unbroken run of values that are known."""
    for is_known, run in groupby(range(len(values)), key=lambda slot: values[slot] is not None):
        if is_known:
            yield [float(slot) for slot in run]


def _lines(pen: _Pen, index: int, panel: Panel) -> Iterator[Path | Mark]:
    for role in ("counselor", "client"):
        values = [panel.of(getattr(point, role)) for point in pen.points]
        spots = {
            slot: (pen.x(slot), pen.y(index, value))
            for slot, value in enumerate(values)
            if value is not None
        }
        for run in _runs(values):
            if len(run) > 1:
                yield Path(role, tuple(spots[int(slot)] for slot in run))
        if pen.slot_width >= 7:
            yield from (Mark(role, spot) for spot in spots.values())
        else:  # too many to be told apart; a lone one has no line to stand for it
            lone = (run[0] for run in _runs(values) if len(run) == 1)
            yield from (Mark(role, spots[int(slot)]) for slot in lone)
    for slot, point in enumerate(pen.points):
        value = panel.of(point.client)
        if panel.is_flagged(point) and value is not None:
            yield Mark("flag", (pen.x(slot), pen.y(index, value)))


def _drops(pen: _Pen) -> Iterator[Path]:
    for slot in sorted({entry.slot for entry in pen.lane}):
        top = pen.y(0, HIGHEST)
        if pen.panels == MEAN:
            tied = tied_to(pen.points[int(slot)]) if slot == int(slot) else None
            top = pen.bottom if tied is None else pen.y(0, tied)
        if top < pen.bottom:
            yield Path("drop", ((pen.x(slot), top), (pen.x(slot), pen.bottom)))


def _dates(pen: _Pen, along: Along) -> Iterator[Words]:
    """Every date where there is room, else every second, third ... counted from the latest."""
    texts = tick_text(pen.points, along)
    widest = max(len(text) for text in texts) * LETTER + 10
    step = max(1, -int(-widest // pen.slot_width))
    for slot in range(len(texts) - 1, -1, -step):
        yield Words(texts[slot], (pen.x(slot), pen.bottom + 13))


def _lane(pen: _Pen) -> Iterator[Path | Mark | Words]:
    if not pen.lane:
        return
    yield Path("grid", ((pen.left, pen.lane_y), (pen.right, pen.lane_y)))
    by_slot: dict[float, list[LaneEntry]] = {}
    for entry in pen.lane:
        by_slot.setdefault(entry.slot, []).append(entry)
    taken = 0.0
    for slot in sorted(by_slot):
        entries = by_slot[slot]
        for place, entry in enumerate(entries):
            shift = (place - (len(entries) - 1) / 2) * 13
            yield Mark(entry.role, (pen.x(slot) + shift, pen.lane_y), on_lane=True)
        text = ", ".join(entry.word for entry in entries)
        half = len(text) * LETTER / 2 + 3
        if pen.x(slot) - half >= taken and pen.x(slot) + half <= pen.right + RIGHT:
            taken = pen.x(slot) + half
            yield Words(text, (pen.x(slot), pen.lane_y + 17))
