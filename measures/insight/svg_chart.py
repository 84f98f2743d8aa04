"""The chart as inline SVG, colored by the classes of theme.css."""

from __future__ import annotations

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from measures.insight.plot import Mark, Path, Plot, Words

PATHS = {
    "band": "band-fill",
    "band-edge": "band-edge",
    "grid": "grid-line",
    "axis": "axis-line",
    "drop": "drop",
    "client": "v-client",
    "counselor": "v-counselor",
}
# Paths of constant shape, to be moved to their spot; none holds anything from outside.
MARKS = {
    "client": ("d-client", "M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0"),
    "counselor": ("d-counselor", "M-2.5 -2.5h5v5h-5z"),
    "flag": ("m-flag", "M0 -6.5l6.5 6.5l-6.5 6.5l-6.5 -6.5z"),
    "talked": ("m-talk", "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0"),
    "back_to_usual": ("m-repair", "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0"),
    "missed": ("m-missed", "M-4 -4l8 8m0 -8l-8 8"),
    "way_changed": ("m-missed", "M0 -5v10"),
    "event": ("m-event", "M-5 -4.5h10l-5 9z"),
}
ANCHORS = {"start": "", "middle": "t-mid", "end": "t-end"}


def svg_of(plot: Plot, *, label: str) -> SafeString:
    """Draw it; `label` says the chart in words and is all a screen reader hears."""
    return format_html(
        '<svg class="chart plot" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>',
        round(plot.width),
        round(plot.height),
        label,
        format_html_join("", "{}", ((_drawn(shape),) for shape in plot.shapes)),
    )


def _drawn(shape: Path | Mark | Words) -> SafeString:
    if isinstance(shape, Path):
        spots = "L".join(f"{x:g} {y:g}" for x, y in shape.spots)
        end = "z" if shape.is_area else ""
        return format_html('<path class="{}" d="M{}{}"/>', PATHS[shape.role], spots, end)
    if isinstance(shape, Mark):
        css, path = MARKS[shape.role]
        x, y = (f"{value:g}" for value in shape.at)
        move = '<path class="{}" transform="translate({} {})" d="{}"/>'
        return format_html(move, css, x, y, path)
    x, y = (f"{value:g}" for value in shape.at)
    css = " ".join(filter(None, [ANCHORS[shape.anchor], "t-strong" if shape.is_strong else ""]))
    return format_html('<text class="{}" x="{}" y="{}">{}</text>', css, x, y, shape.text)
