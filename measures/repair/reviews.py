"""After a talk: two more ratings, and then the question whether it is back to usual.

Pure: from what was concluded after each rating to what a person is asked. Nothing is closed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from measures.models import Assessment

RATINGS_AFTER = 2
UNSETTLED = frozenset({Assessment.Status.WEAKENING, Assessment.Status.RECOVERING})


class Verdict(StrEnum):
    """What two more ratings say. It puts a question, and answers none."""

    WAITING = "waiting"
    BACK = "back"
    COMING_BACK = "coming_back"
    NOT_BETTER = "not_better"


@dataclass(frozen=True, slots=True)
class Review:
    """Where a flag stands after the talk; `count` ratings came in since."""

    verdict: Verdict
    count: int


def review_of(since_talk: Sequence[Assessment | None]) -> Review:
    """Of what was concluded after each rating since the talk, in order; None where it failed.

    Back to usual is what the engine calls so: twice running too unlikely to be lower than usual.
    On the way there a rating within the usual range is coming back; everything else is not better.
    """
    count = len(since_talk)
    last = since_talk[-1] if since_talk else None
    if count < RATINGS_AFTER or last is None:
        return Review(Verdict.WAITING, count)
    if last.status not in UNSETTLED:
        return Review(Verdict.BACK, count)
    if last.status == Assessment.Status.RECOVERING and _within_usual(last):
        return Review(Verdict.COMING_BACK, count)
    return Review(Verdict.NOT_BETTER, count)


def _within_usual(last: Assessment) -> bool:
    return last.score is not None and last.low is not None and last.score >= last.low
