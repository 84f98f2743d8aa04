"""What a trend chart, its table and its sentence are drawn from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class RaterPoint:
    """One rater's answers about one session, on 0-10; ``None`` where nothing was answered."""

    score: float | None = None
    respect: float | None = None
    understanding: float | None = None
    goals: float | None = None
    declined: bool = False
    # How it was given ("buttons", "slider", "paper"); "" where nothing was.
    input_kind: str = ""


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One session on the trend: what was rated, what was expected, what was concluded.

    ``number`` is the rank among held sessions, ``None`` for a missed one.
    ``low`` and ``high`` bound the band where 9 of 10 ratings of this client are expected.
    ``flag`` is the kind of the flag raised here ("decline", "sharp_drop", "facet") or "".
    """

    number: int | None
    starts_at: datetime
    missed: bool = False
    client: RaterPoint = field(default_factory=RaterPoint)
    counselor: RaterPoint = field(default_factory=RaterPoint)
    expected: float | None = None
    low: float | None = None
    high: float | None = None
    flag: str = ""
    # The questions a flag is about, where it is not about all of them.
    flag_facets: tuple[str, ...] = ()
