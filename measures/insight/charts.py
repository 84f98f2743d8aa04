"""The trend chart: from points to a Plotly figure in plain, JSON-able dicts.

Pure: no query, no clock, and no text a person wrote. The figure names *roles* ("client", "flag")
in each trace's ``meta``; static/js/trend-chart.js turns roles into the colors of theme.css, because
Plotly takes no CSS variables and one page has to follow light, dark and paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import plotly.graph_objects as go
import plotly.io as pio
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from measures.insight.chart_traces import floor_of, traces_of
from measures.insight.chart_words import spans_years
from measures.insight.lane import LANE_HEIGHT, LaneMark, lane_of
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
) -> dict[str, Any]:
    """Return ``{"data": [...], "layout": {...}}`` for ``json_script``.

    ``points`` are in order, times in local time; only the last 250 are drawn. One slot per
    session, evenly spaced; ``along`` chooses what stands under it. Flags and missed sessions are
    read from the points, ``marks`` adds the rest of the lane.
    """
    dropped = max(0, len(points) - MOST_SESSIONS)
    drawn = points[dropped:]
    kept = [LaneMark(mark.slot - dropped, mark.kind) for mark in marks if mark.slot >= dropped]
    layout = _layout(drawn, along, has_lane=bool(lane_of(drawn, kept)))
    figure = go.Figure(data=traces_of(drawn, kept), layout=layout)
    plain = figure.to_plotly_json()
    plain["layout"].pop("template", None)  # the empty one, spelled out
    return {"data": plain["data"], "layout": plain["layout"]}


def lowest_shown(points: Sequence[TrendPoint]) -> float:
    """Return the lowest number on the chart's scale, for "The scale shows 4 to 10."."""
    return max(0.0, floor_of(points[-MOST_SESSIONS:]))


def _tick_text(points: Sequence[TrendPoint], along: Along) -> list[str]:
    if along == "sessions":
        return ["" if point.number is None else str(point.number) for point in points]
    short = "SHORT_DATE_FORMAT" if spans_years(points) else "SHORT_DAY_FORMAT"
    return [date_format(point.starts_at, short) for point in points]


# ---- layout: everything but colors and what depends on the width ----


def _layout(points: Sequence[TrendPoint], along: Along, *, has_lane: bool) -> dict[str, Any]:
    floor = floor_of(points)
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
