"""The little trend line beside a name in a list: inline SVG, colored by classes alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from measures.insight.trend_points import TrendPoint

WIDTH, HEIGHT = 144, 40
LEFT, RIGHT = 5.0, 139.0
TOP, BOTTOM = 4.0, 36.0
HIGHEST = 10.0
MOST_SESSIONS = 250


def scale_floor(scores: Iterable[float | None]) -> float:
    """Return where the scale starts: at 4, or half a point under the lowest rating on it.

    The same rule for every client and every size of chart, so that noise never looks like drama.
    """
    lowest = min((score for score in scores if score is not None), default=HIGHEST)
    return min(4.0, round(lowest - 0.5, 1))


def sparkline(points: Sequence[TrendPoint], *, label: str) -> SafeString:
    """Draw the client's ratings, 144 by 40; empty when nothing was rated.

    ``label`` says the trend in words and is all a screen reader hears; it is escaped here.
    """
    drawn = points[-MOST_SESSIONS:]
    if all(point.client.score is None for point in drawn):
        return SafeString("")
    pen = _Pen(drawn)
    parts = [*_band(pen), *_missed(pen), *_lines(pen), *_flag_and_last(pen)]
    return format_html(
        '<svg class="spark" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>',
        WIDTH,
        HEIGHT,
        label,
        format_html_join("", "{}", ((part,) for part in parts)),
    )


class _Pen:
    """Turns a slot and a rating into coordinates; the latest session is always at the right."""

    def __init__(self, points: Sequence[TrendPoint]) -> None:
        self.points = points
        # The counselor's line is not drawn here, so it must not stretch the scale (nor, while
        # a rating is still blind, give anything away).
        self.floor = scale_floor(point.client.score for point in points)

    def x(self, slot: int) -> float:
        steps = max(len(self.points) - 1, 1)
        return round(RIGHT - (len(self.points) - 1 - slot) * (RIGHT - LEFT) / steps, 1)

    def y(self, rating: float) -> float:
        inside = min(max(rating, self.floor), HIGHEST)
        share = (inside - self.floor) / (HIGHEST - self.floor)
        return round(BOTTOM - share * (BOTTOM - TOP), 1)

    def rated(self) -> Iterator[tuple[int, float]]:
        for slot, point in enumerate(self.points):
            if point.client.score is not None:
                yield slot, point.client.score


def _band(pen: _Pen) -> Iterator[SafeString]:
    """Draw the latest expected range as one flat strip."""
    for point in reversed(pen.points):
        if point.low is not None and point.high is not None:
            top, bottom = pen.y(point.high), pen.y(point.low)
            yield format_html(
                '<rect class="band-fill" x="0" y="{}" width="{}" height="{}"/>',
                top,
                WIDTH,
                round(bottom - top, 1),
            )
            return


def _missed(pen: _Pen) -> Iterator[SafeString]:
    for slot, point in enumerate(pen.points):
        if point.missed:
            yield format_html(
                '<path class="m-missed" d="M{} 36l6 -6m-6 0l6 6"/>', round(pen.x(slot) - 3, 1)
            )


def _lines(pen: _Pen) -> Iterator[SafeString]:
    """One path per run of rated sessions; a run of one is a dot, by the round line cap."""
    runs = groupby(enumerate(pen.points), key=lambda pair: pair[1].client.score is not None)
    for is_rated, run in runs:
        if is_rated:
            spots = [
                f"{pen.x(slot)} {pen.y(point.client.score)}"
                for slot, point in run
                if point.client.score is not None
            ]
            path = "M" + "L".join(spots) if len(spots) > 1 else f"M{spots[0]}h0"
            yield format_html('<path class="v-client" d="{}"/>', path)


def _flag_and_last(pen: _Pen) -> Iterator[SafeString]:
    """Draw the last flag as a diamond and the last rating as a dot; the diamond wins the spot."""
    rated = list(pen.rated())
    flagged = [slot for slot, _ in rated if pen.points[slot].flag]
    last_flag = flagged[-1] if flagged else None
    for slot, score in rated:
        x, y = pen.x(slot), pen.y(score)
        if slot == last_flag:
            yield format_html(
                '<path class="m-flag" d="M{} {}l5 5l-5 5l-5 -5z"/>', x, round(y - 5, 1)
            )
        elif slot == rated[-1][0]:
            yield format_html('<circle cx="{}" cy="{}" r="3"/>', x, y)
