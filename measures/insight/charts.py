"""The trend chart: from points to a Plotly figure in plain, JSON-able dicts.

Pure: no query, no clock, and no text a person wrote. The figure names *roles* ("client", "flag")
in each trace's ``meta``; static/js/trend-chart.js turns roles into the colors of theme.css, because
Plotly takes no CSS variables and one page has to follow light, dark and paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import plotly.graph_objects as go
import plotly.io as pio
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from measures.insight.chart_traces import traces_of
from measures.insight.chart_words import spans_years
from measures.insight.lane import LANE_HEIGHT, LaneMark, lane_of
from measures.insight.panels import Panel, floor_of, panels_of
from measures.insight.sparklines import HIGHEST, MOST_SESSIONS
from measures.insight.trend_points import TrendPoint

# The default template is 7 kB of colors that the script would overwrite anyway.
pio.templates.default = "none"

Along = Literal["dates", "sessions"]

# The plot is a main part and, under its dates, a strip ("lane") for what happened.
MAIN_DOMAIN, LANE_DOMAIN = (0.2, 1.0), (0.0, 0.12)
TOP_OF_SCALE = HIGHEST + 0.2  # headroom, or a mark at 10 would touch the edge
FEWEST_SLOTS = 6  # a young trend starts at the left and leaves room to grow
SLOT_PADDING = 0.25


def trend_figure(
    points: Sequence[TrendPoint],
    *,
    marks: Sequence[LaneMark] = (),
    along: Along = "dates",
    by_question: bool = False,
) -> dict[str, Any]:
    """Return ``{"data": [...], "layout": {...}}`` for ``json_script``.

    ``points`` are in order, times in local time; only the last 250 are drawn. One slot per
    session, evenly spaced; ``along`` chooses what stands under it. Flags and missed sessions are
    read from the points, ``marks`` adds the rest of the lane. ``by_question`` gives each of the
    three questions a panel of its own, on the same scale.
    """
    drawn, kept = latest(points, marks)
    panels = panels_of(by_question=by_question)
    layout = _layout(drawn, kept, along, panels)
    figure = go.Figure(data=traces_of(drawn, kept, panels), layout=layout)
    plain = figure.to_plotly_json()
    plain["layout"].pop("template", None)  # the empty one, spelled out
    return {"data": plain["data"], "layout": plain["layout"]}


def latest(
    points: Sequence[TrendPoint], marks: Sequence[LaneMark]
) -> tuple[Sequence[TrendPoint], list[LaneMark]]:
    """What is drawn of a very long episode: its last sessions, with their marks."""
    dropped = max(0, len(points) - MOST_SESSIONS)
    kept = [replace(mark, slot=mark.slot - dropped) for mark in marks if mark.slot >= dropped]
    return points[dropped:], kept if dropped else list(marks)


def lowest_shown(points: Sequence[TrendPoint], *, by_question: bool = False) -> float:
    """Return the lowest number on the chart's scale, for "The scale shows 4 to 10."."""
    return max(0.0, floor_of(points[-MOST_SESSIONS:], panels_of(by_question=by_question)))


def tick_text(points: Sequence[TrendPoint], along: Along) -> list[str]:
    if along == "sessions":
        return ["" if point.number is None else str(point.number) for point in points]
    short = "SHORT_DATE_FORMAT" if spans_years(points) else "SHORT_DAY_FORMAT"
    return [date_format(point.starts_at, short) for point in points]


# ---- layout: everything but colors and what depends on the width ----


def _layout(
    points: Sequence[TrendPoint],
    marks: Sequence[LaneMark],
    along: Along,
    panels: Sequence[Panel],
) -> dict[str, Any]:
    floor = floor_of(points, panels)
    slots = max(len(points), FEWEST_SLOTS)
    padding = max(SLOT_PADDING, 0.018 * (slots - 1))
    places = [mark.slot for mark in marks]
    has_lane = bool(lane_of(points, marks))
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
            "anchor": panels[-1].axis,
            "range": [min(0, *places, 0) - padding, max(slots - 1, *places, 0) + padding],
            "tickvals": list(range(len(points))),
            "ticktext": tick_text(points, along),
            "tickangle": 0,
            "ticklabelstandoff": 3,
            "showline": True,
        },
        **{
            f"yaxis{panel.axis[1:]}": {
                **bare,
                "showgrid": True,
                "domain": list(MAIN_DOMAIN),
                "range": [floor, TOP_OF_SCALE],
                "tickvals": ticks_from(floor),
                "ticklabelstandoff": 6,
                "fixedrange": True,
            }
            for panel in panels
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
        "meta": {
            "words": _button_words(),
            # From top to bottom; the script stacks them.
            "panels": [
                {"axis": f"yaxis{panel.axis[1:]}", "title": str(panel.title)} for panel in panels
            ],
        },
    }


def ticks_from(floor: float) -> list[int]:
    return [tick for tick in range(0, 11, 2) if tick >= floor]


def _button_words() -> dict[str, str]:
    """Plotly's own few English words, in ours."""
    return {
        "Download plot as a PNG": _("Save the chart as a picture"),
        "Reset axes": _("Show all sessions"),
        "Preparing image - this may take a few seconds": _("Preparing the picture"),
        "Image download succeeded": _("Saved"),
        "Sorry, there was a problem downloading your image!": _("The picture was not saved."),
    }
