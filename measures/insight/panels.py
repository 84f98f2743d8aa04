"""The panels of a trend chart: one for the mean of the three questions, or one for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from measures.insight.sparklines import scale_floor
from measures.insight.trend_points import RaterPoint, TrendPoint


@dataclass(frozen=True, slots=True)
class Panel:
    """One pair of lines on a scale. `axis` is Plotly's; "y2" is the lane's, below all of them."""

    axis: str
    facet: str = ""
    title: str | Promise = ""

    def of(self, rater: RaterPoint) -> float | None:
        """What this panel shows of one rater's answers."""
        value: float | None = getattr(rater, self.facet) if self.facet else rater.score
        return None if value is None else round(value, 2)

    def is_flagged(self, point: TrendPoint) -> bool:
        """A flag about single questions stands in their panels only."""
        return bool(point.flag) and (
            not self.facet or not point.flag_facets or self.facet in point.flag_facets
        )


MEAN = (Panel("y"),)
BY_QUESTION = (
    Panel("y", "respect", gettext_lazy("Respect")),
    Panel("y3", "understanding", gettext_lazy("Understanding")),
    Panel("y4", "goals", gettext_lazy("Goals")),
)


def panels_of(*, by_question: bool) -> tuple[Panel, ...]:
    return BY_QUESTION if by_question else MEAN


def floor_of(points: Sequence[TrendPoint], panels: Sequence[Panel]) -> float:
    """Where the scale starts; the same in every panel."""
    return scale_floor(
        panel.of(rater)
        for point in points
        for rater in (point.client, point.counselor)
        for panel in panels
    )
