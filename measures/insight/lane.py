"""The lane under the chart's dates: what happened, as marks with one word each.

Pure, and no text a person wrote: kinds and our own words.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from measures.insight.trend_points import TrendPoint

MarkKind = Literal[
    "talked",
    "back_to_usual",
    "way_changed",
    "relapse",
    "referral",
    "new_goal",
    "life_event",
    "other",
]
Trace = dict[str, Any]

LANE_HEIGHT = 0.7  # where on the lane the marks sit; their words hang below

LANE_WORDS: dict[str, str | Promise] = {
    "flag": gettext_lazy("flag"),
    "missed": gettext_lazy("missed"),
    "talked": gettext_lazy("talked"),
    "back_to_usual": gettext_lazy("back to usual"),
    "way_changed": gettext_lazy("answered another way"),
    "relapse": gettext_lazy("return to use"),
    "referral": gettext_lazy("referral"),
    "new_goal": gettext_lazy("new goal"),
    "life_event": gettext_lazy("life event"),
    "other": gettext_lazy("event"),
}
MARK_SENTENCES: dict[str, str | Promise] = {
    "talked": gettext_lazy("Talked about."),
    "back_to_usual": gettext_lazy("Back to usual."),
    "way_changed": gettext_lazy("The way of answering changed."),
    "relapse": gettext_lazy("Return to use."),
    "referral": gettext_lazy("Referral."),
    "new_goal": gettext_lazy("New goal."),
    "life_event": gettext_lazy("Life event."),
    "other": gettext_lazy("Another event."),
}
# What each lane role looks like; every event shares one shape, the word tells them apart.
LANE_MARKERS: dict[str, Trace] = {
    "event": {"symbol": "triangle-down", "size": 12},
    "missed": {"symbol": "x-thin-open", "size": 10, "line": {"width": 2}},
    # Small: about how the numbers were given, not about how it went.
    "way_changed": {"symbol": "line-ns-open", "size": 10, "line": {"width": 2}},
    # Plotly's diamond is 1.3 times its size from tip to tip.
    "flag": {"symbol": "diamond", "size": 11, "line": {"width": 1.5}},
    "talked": {"symbol": "circle", "size": 11, "line": {"width": 2.5}},
    "back_to_usual": {"symbol": "circle", "size": 13, "line": {"width": 1.5}},
}


@dataclass(frozen=True, slots=True)
class LaneMark:
    """Something that happened: under the session of that day (an index into the points), or half
    a slot on, between two sessions. `on` is said where no session gives the day."""

    slot: float
    kind: MarkKind
    on: dt.date | None = None


def dated_marks(
    points: Sequence[TrendPoint], dated: Iterable[tuple[dt.date, MarkKind]]
) -> list[LaneMark]:
    """Find each day its place: at its session, between two, before the first or after the last."""
    days = [point.starts_at.date() for point in points]
    return [LaneMark(_slot_of(day, days), kind, day) for day, kind in dated] if days else []


def _slot_of(day: dt.date, days: Sequence[dt.date]) -> float:
    later = bisect_right(days, day)
    return later - 1 if later and days[later - 1] == day else later - 0.5


def way_marks(points: Sequence[TrendPoint]) -> list[LaneMark]:
    """Mark each session whose client's answers came another way than the ones before them."""
    given = [(slot, point.client.input_kind) for slot, point in enumerate(points)]
    answered = [(slot, kind) for slot, kind in given if kind]
    return [
        LaneMark(slot, "way_changed")
        for (_before, kind_before), (slot, kind) in pairwise(answered)
        if kind != kind_before
    ]


@dataclass(frozen=True, slots=True)
class LaneEntry:
    slot: float
    role: str
    word: str


def lane_of(points: Sequence[TrendPoint], marks: Sequence[LaneMark]) -> list[LaneEntry]:
    """List everything on the lane, in order of time."""
    lane = []
    for slot, point in enumerate(points):
        if point.missed:
            lane.append(LaneEntry(slot, "missed", str(LANE_WORDS["missed"])))
        if point.flag:
            lane.append(LaneEntry(slot, "flag", str(LANE_WORDS["flag"])))
    for mark in marks:
        role = mark.kind if mark.kind in LANE_MARKERS else "event"
        lane.append(LaneEntry(mark.slot, role, str(LANE_WORDS[mark.kind])))
    return sorted(lane, key=lambda entry: entry.slot)


def lane_traces(lane: Sequence[LaneEntry]) -> Iterator[Trace]:
    """Draw the marks; the words in ``text`` are placed by the script, which knows the width."""
    for role, marker in LANE_MARKERS.items():
        entries = [entry for entry in lane if entry.role == role]
        if entries:
            yield {
                "type": "scatter",
                "mode": "markers",
                "x": [entry.slot for entry in entries],
                "y": [LANE_HEIGHT] * len(entries),
                "text": [entry.word for entry in entries],
                "yaxis": "y2",
                "cliponaxis": False,
                "hoverinfo": "skip",
                "marker": marker,
                "meta": {"role": role, "lane": True},
            }


@dataclass(frozen=True, slots=True)
class Stop:
    """A place along the chart one can come to a halt at: a session, or what lay between two."""

    slot: float
    point: TrendPoint | None
    marks: tuple[LaneMark, ...]


def stops_of(points: Sequence[TrendPoint], marks: Sequence[LaneMark]) -> list[Stop]:
    """Every session, and every place between two where something happened, in order of time."""
    at: dict[float, list[LaneMark]] = {float(slot): [] for slot in range(len(points))}
    for mark in marks:
        at.setdefault(mark.slot, []).append(mark)
    return [
        Stop(slot, points[int(slot)] if slot == int(slot) else None, tuple(at[slot]))
        for slot in sorted(at)
    ]
