"""The client's own line, for the screen that counselor and client look at together.

What the client gave and nothing else: no rating of the counselor's, no band, no flag. The labels
stand beside the drawing, in HTML, so that they keep their size on a phone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language_bidi

# In percent of whatever room the page gives it; strokes and dots keep their width (see the CSS).
SIDE, TOP, BOTTOM = 3.0, 4.0, 96.0
HIGHEST = 10.0  # the whole scale, as the client knows it from the buttons
FEWEST_SLOTS = 6  # a young line begins at the edge and leaves room to grow
MOST_DOTS = 60


def own_line(scores: Sequence[float | None], *, label: str) -> SafeString:
    """Draw one slot per session, in order; None is a gap. Empty where nothing was given.

    In a language written from right to left the line runs that way, too.
    """
    if all(score is None for score in scores):
        return SafeString("")
    parts = [*_rules(), *_runs(scores), *_dots(scores)]
    return format_html(
        '<svg class="own-line" viewBox="0 0 100 100" preserveAspectRatio="none" role="img" '
        'aria-label="{}">{}</svg>',
        label,
        format_html_join("", "{}", ((part,) for part in parts)),
    )


def _x(slot: int, slots: int) -> float:
    steps = max(slots, FEWEST_SLOTS) - 1
    x = SIDE + slot * (100 - 2 * SIDE) / steps
    return round(100 - x if get_language_bidi() else x, 2)


def _y(score: float) -> float:
    return round(BOTTOM - score / HIGHEST * (BOTTOM - TOP), 2)


def _rules() -> Iterator[SafeString]:
    for score in (0, 5, 10):
        yield format_html('<path class="rule" d="M0 {}H100"/>', _y(score))


def _runs(scores: Sequence[float | None]) -> Iterator[SafeString]:
    for is_given, run in groupby(enumerate(scores), key=lambda pair: pair[1] is not None):
        spots = [f"{_x(slot, len(scores))} {_y(score)}" for slot, score in run if score is not None]
        if is_given and len(spots) > 1:
            yield format_html('<path class="line" d="M{}"/>', "L".join(spots))


def _dots(scores: Sequence[float | None]) -> Iterator[SafeString]:
    """A path of no length with round ends: a circle, however the drawing is stretched."""
    for slot, score in enumerate(scores):
        if score is not None and (_is_alone(slot, scores) or len(scores) <= MOST_DOTS):
            spot = f"{_x(slot, len(scores))} {_y(score)}"
            yield format_html('<path class="dot" d="M{}h0"/>', spot)


def _is_alone(slot: int, scores: Sequence[float | None]) -> bool:
    """Without a neighbor no line goes through it. The last one is marked as well."""
    before = scores[slot - 1] if slot else None
    after = scores[slot + 1] if slot + 1 < len(scores) else None
    return after is None and (before is None or slot + 1 == len(scores))
