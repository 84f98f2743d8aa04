"""The trend chart: from points to a Plotly figure in plain, JSON-able dicts.

Pure: no query, no clock, and no text a person wrote. The figure names *roles* ("client", "flag")
in each trace's ``meta``; static/js/trend-chart.js turns roles into the colors of theme.css, because
Plotly takes no CSS variables and one page has to follow light, dark and paper.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any, Literal

import plotly.graph_objects as go
import plotly.io as pio
from django.template.defaultfilters import floatformat
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from measures.insight.sparklines import HIGHEST, MOST_SESSIONS, scale_floor
from measures.insight.trend_points import TrendPoint

# The default template is 7 kB of colors that the script would overwrite anyway.
pio.templates.default = "none"

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
Along = Literal["dates", "sessions"]
Trace = dict[str, Any]

# The plot is a main part and, under its dates, a strip ("lane") for what happened.
MAIN_DOMAIN, LANE_DOMAIN = (0.2, 1.0), (0.0, 0.12)
LANE_HEIGHT = 0.7  # where on the lane the marks sit; their words hang below
TOP_OF_SCALE = HIGHEST + 0.2  # headroom, or a mark at 10 would touch the edge
FEWEST_SLOTS = 6  # a young trend starts at the left and leaves room to grow
SLOT_PADDING = 0.25
LONE_BAND = 0.12  # half the width of a band that is known for one session only

LANE_WORDS: dict[str, str | Promise] = {
    "flag": gettext_lazy("flag"),
    "missed": gettext_lazy("missed"),
    "talked": gettext_lazy("talked"),
    "back_to_usual": gettext_lazy("back to usual"),
    "way_changed": gettext_lazy("answered another way"),
    "relapse": gettext_lazy("relapse"),
    "referral": gettext_lazy("referral"),
    "new_goal": gettext_lazy("new goal"),
    "life_event": gettext_lazy("life event"),
    "other": gettext_lazy("event"),
}
MARK_SENTENCES: dict[str, str | Promise] = {
    "talked": gettext_lazy("Talked about."),
    "back_to_usual": gettext_lazy("Back to usual."),
    "way_changed": gettext_lazy("The way of answering changed."),
    "relapse": gettext_lazy("Relapse."),
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
    """Something that happened, under the session (index into the points) it belongs to."""

    slot: int
    kind: MarkKind


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
class _LaneEntry:
    slot: int
    role: str
    word: str


@dataclass(frozen=True, slots=True)
class _BandRun:
    xs: list[float]
    lows: list[float]
    highs: list[float]


def trend_figure(
    points: Sequence[TrendPoint],
    *,
    marks: Sequence[LaneMark] = (),
    along: Along = "dates",
) -> dict[str, Any]:
    """Return ``{"data": [...], "layout": {...}}`` for ``json_script``.

    ``points`` are in order, times in local time; only the last 250 are drawn. One slot per
    session, evenly spaced; ``along`` chooses what stands under it. Flags and missed sessions are
    read from the points, ``marks`` adds the rest of the lane.
    """
    dropped = max(0, len(points) - MOST_SESSIONS)
    drawn = points[dropped:]
    kept = [LaneMark(mark.slot - dropped, mark.kind) for mark in marks if mark.slot >= dropped]
    layout = _layout(drawn, along, has_lane=bool(_lane(drawn, kept)))
    figure = go.Figure(data=_traces(drawn, kept), layout=layout)
    plain = figure.to_plotly_json()
    plain["layout"].pop("template", None)  # the empty one, spelled out
    return {"data": plain["data"], "layout": plain["layout"]}


def lowest_shown(points: Sequence[TrendPoint]) -> float:
    """Return the lowest number on the chart's scale, for "The scale shows 4 to 10."."""
    return max(0.0, _floor(points[-MOST_SESSIONS:]))


def trend_sentence_for_chart(points: Sequence[TrendPoint]) -> str:
    """Say the chart in plain words with its numbers: its accessible name."""
    drawn = points[-MOST_SESSIONS:]
    rated = [point for point in drawn if point.client.score is not None]
    if any(point.counselor.score is not None for point in drawn):
        sentences = [_("Client and counselor ratings by session.")]
    else:
        sentences = [_("Client ratings by session.")]
    sentences += _course(rated, _day_format(drawn))
    sentences += _counts(drawn)
    return " ".join(sentences)


def session_sentence(point: TrendPoint, kinds: Sequence[MarkKind], day_format: str) -> str:
    """Say one slot of the chart; shown on hover and read out on the arrow keys.

    A rating that is not there is left out rather than called unanswered: it may only be hidden
    from this reader until their own is saved.
    """
    day = date_format(point.starts_at, day_format)
    if point.number is None:
        sentences = [_("%(date)s.") % {"date": day}]
    else:
        sentences = [_("Session %(number)d, %(date)s.") % {"number": point.number, "date": day}]
    if point.missed:
        sentences.append(_("Missed."))
    else:
        sentences += _rating_sentences(point)
    if point.flag:
        sentences.append(_("Flag."))
    sentences += [str(MARK_SENTENCES[kind]) for kind in kinds]
    return " ".join(sentences)


# ---- words ----


def _rating_sentences(point: TrendPoint) -> list[str]:
    sentences = []
    if point.client.score is not None:
        sentences.append(_("Client %(rating)s.") % {"rating": _beside_usual(point)})
    if point.counselor.score is not None:
        sentences.append(_("Counselor %(rating)s.") % {"rating": _said(point.counselor.score)})
    return sentences or [_("No rating to show.")]


def _course(rated: Sequence[TrendPoint], day_format: str) -> list[str]:
    """First, lowest and latest: the shape of the client's line in three numbers."""
    if not rated:
        return [_("No client ratings to show yet.")]
    first, last, lowest = rated[0], rated[-1], min(rated, key=_score)
    sentences = []
    if len(rated) > 1:
        sentences.append(_("The client began at %(rating)s.") % {"rating": _said(_score(first))})
    if _score(lowest) < min(_score(first), _score(last)):
        facts = {
            "rating": _beside_usual(lowest),
            "date": date_format(lowest.starts_at, day_format),
        }
        sentences.append(_("The lowest was %(rating)s, on %(date)s.") % facts)
    facts = {"rating": _beside_usual(last), "date": date_format(last.starts_at, day_format)}
    return [*sentences, _("The latest is %(rating)s, on %(date)s.") % facts]


def _beside_usual(point: TrendPoint) -> str:
    """Write the client's rating, with what is usual for this client where that is known."""
    if point.low is None or point.high is None:
        return _said(_score(point))
    return _("%(rating)s, usual %(low)s to %(high)s") % {
        "rating": _said(_score(point)),
        "low": _said(point.low),
        "high": _said(point.high),
    }


def _counts(points: Sequence[TrendPoint]) -> list[str]:
    missed = sum(point.missed for point in points)
    flags = sum(bool(point.flag) for point in points)
    sentences = []
    if missed:
        text = ngettext("%(count)d missed session.", "%(count)d missed sessions.", missed)
        sentences.append(text % {"count": missed})
    if flags:
        text = ngettext("%(count)d flag.", "%(count)d flags.", flags)
        sentences.append(text % {"count": flags})
    return sentences


def _said(value: float) -> str:
    """Write a rating as the table does: one decimal, in the reader's notation."""
    return str(floatformat(value, 1))


def _day_format(points: Sequence[TrendPoint]) -> str:
    return "DATE_FORMAT" if _spans_years(points) else "MONTH_DAY_FORMAT"


def _spans_years(points: Sequence[TrendPoint]) -> bool:
    return len({point.starts_at.year for point in points}) > 1


def _tick_text(points: Sequence[TrendPoint], along: Along) -> list[str]:
    if along == "sessions":
        return ["" if point.number is None else str(point.number) for point in points]
    short = "SHORT_DATE_FORMAT" if _spans_years(points) else "SHORT_DAY_FORMAT"
    return [date_format(point.starts_at, short) for point in points]


# ---- traces, from back to front ----


def _traces(points: Sequence[TrendPoint], marks: Sequence[LaneMark]) -> list[Trace]:
    if not points:
        return []
    floor = _floor(points)
    lane = _lane(points, marks)
    return [
        *_band(points),
        *_drops(points, lane, floor),
        *_line("counselor", _("Counselor"), [_round(p.counselor.score) for p in points]),
        *_line("client", _("Client"), [_round(p.client.score) for p in points]),
        *_flags(points),
        *_lane_traces(lane),
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


def _lane(points: Sequence[TrendPoint], marks: Sequence[LaneMark]) -> list[_LaneEntry]:
    """List everything on the lane, in order of time."""
    lane = []
    for slot, point in enumerate(points):
        if point.missed:
            lane.append(_LaneEntry(slot, "missed", str(LANE_WORDS["missed"])))
        if point.flag:
            lane.append(_LaneEntry(slot, "flag", str(LANE_WORDS["flag"])))
    for mark in marks:
        role = mark.kind if mark.kind in LANE_MARKERS else "event"
        lane.append(_LaneEntry(mark.slot, role, str(LANE_WORDS[mark.kind])))
    return sorted(lane, key=lambda entry: entry.slot)


def _lane_traces(lane: Sequence[_LaneEntry]) -> Iterator[Trace]:
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


def _drops(
    points: Sequence[TrendPoint], lane: Sequence[_LaneEntry], floor: float
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
    day_format = _day_format(points)
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


def _floor(points: Sequence[TrendPoint]) -> float:
    return scale_floor(rater.score for point in points for rater in (point.client, point.counselor))


def _score(point: TrendPoint) -> float:
    return 0.0 if point.client.score is None else point.client.score


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


# ---- layout: everything but colors and what depends on the width ----


def _layout(points: Sequence[TrendPoint], along: Along, *, has_lane: bool) -> dict[str, Any]:
    floor = _floor(points)
    slots = max(len(points), FEWEST_SLOTS)
    padding = max(SLOT_PADDING, 0.018 * (slots - 1))
    bare = {"showgrid": False, "zeroline": False, "ticks": ""}
    return {
        "showlegend": False,
        "dragmode": False,
        "hovermode": "x",
        "hoverdistance": -1,
        "hoversubplots": "axis",
        "margin": {"l": 30, "r": 10, "t": 14, "b": 4},
        "xaxis": {
            **bare,
            "anchor": "y",
            "range": [-padding, slots - 1 + padding],
            "tickvals": list(range(len(points))),
            "ticktext": _tick_text(points, along),
            "tickangle": 0,
            "ticklabelstandoff": 3,
            "showline": True,
        },
        "yaxis": {
            **bare,
            "showgrid": True,
            "domain": list(MAIN_DOMAIN),
            "range": [floor, TOP_OF_SCALE],
            "tickvals": [tick for tick in range(0, 11, 2) if tick >= floor],
            "ticklabelstandoff": 6,
            "fixedrange": True,
        },
        "yaxis2": {
            **bare,
            "showgrid": has_lane,
            "domain": list(LANE_DOMAIN),
            "range": [0, 1],
            "tickvals": [LANE_HEIGHT],
            "showticklabels": False,
            "fixedrange": True,
        },
        "meta": {"words": _button_words()},
    }


def _button_words() -> dict[str, str]:
    """Plotly's own few English words, in ours."""
    return {
        "Download plot as a PNG": _("Save the chart as a picture"),
        "Reset axes": _("Show all sessions"),
        "Preparing image - this may take a few seconds": _("Preparing the picture"),
        "Image download succeeded": _("Saved"),
        "Sorry, there was a problem downloading your image!": _("The picture was not saved."),
    }
