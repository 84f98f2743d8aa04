"""Two chips, never one: what the ratings say, and what we did about it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import IntEnum

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from measures.insight.history import History
from measures.insight.notices import is_low_from_the_start
from measures.models import Assessment, Flag, Rater

QUIET_AFTER = 3


class Concern(IntEnum):
    """What the ratings say, in the order lists are sorted by."""

    LOWER = 0
    QUIET = 1
    LOW = 2
    BACK = 3
    TOP_MARKS = 4
    HIGHER = 5
    SAME = 6
    NOT_ENOUGH = 7
    PAUSED = 8


@dataclass(frozen=True, slots=True)
class Chip:
    icon: str
    label: str | Promise
    css: str = ""


RATINGS_SAY = {
    Concern.LOWER: Chip("arrow-down-right", _("Lower than usual"), "chip-ask"),
    Concern.QUIET: Chip("question-circle", _("No answer lately"), "chip-open"),
    Concern.LOW: Chip("dash-lg", _("Low from the start"), "chip-open"),
    Concern.BACK: Chip("arrow-up-right-circle", _("Back to usual"), "chip-well"),
    Concern.TOP_MARKS: Chip("dash-lg", _("Same top marks")),
    Concern.HIGHER: Chip("arrow-up-right", _("Higher than usual"), "chip-well"),
    Concern.SAME: Chip("arrow-right", _("About the same"), "chip-well"),
    Concern.NOT_ENOUGH: Chip("hourglass-split", _("Not enough yet")),
    Concern.PAUSED: Chip("pause-circle", _("Paused")),
}
BY_STATUS = {
    Assessment.Status.TOO_EARLY.value: Concern.NOT_ENOUGH,
    Assessment.Status.NO_VARIATION.value: Concern.TOP_MARKS,
    Assessment.Status.WEAKENING.value: Concern.LOWER,
    Assessment.Status.RECOVERING.value: Concern.LOWER,
    Assessment.Status.REPAIRED.value: Concern.BACK,
    Assessment.Status.STEADY.value: Concern.SAME,
}


def concern_of(history: History) -> Concern:
    """What this client's ratings say today, as far as the viewer may know."""
    if history.pause is not None:
        return Concern.PAUSED
    if unanswered_sessions(history) >= QUIET_AFTER and history.answered:
        return Concern.QUIET
    assessment = history.last_assessment
    if assessment is None:
        return Concern.NOT_ENOUGH
    if assessment.status == Assessment.Status.STEADY:
        if is_low_from_the_start(history):
            return Concern.LOW
        if _is_above(assessment):
            return Concern.HIGHER
    return BY_STATUS[assessment.status]


def unanswered_sessions(history: History) -> int:
    """How many of the latest sessions in a row brought no answer from the client."""
    count = 0
    for session in reversed(history.past_sessions):
        rating = history.rating(session, Rater.CLIENT)
        if rating is not None:
            break
        count += 1
    return count


def _is_above(assessment: Assessment) -> bool:
    score, high = assessment.score, assessment.high
    return score is not None and high is not None and score > high


def chips_of(history: History) -> list[Chip]:
    """One or two chips; the first keeps its outline while nobody has talked about it."""
    concern = concern_of(history)
    first = RATINGS_SAY[concern]
    flag = history.open_flag
    if concern == Concern.PAUSED or flag is None:
        return [first]
    if flag.state != Flag.State.NEW and concern in {Concern.LOWER, Concern.QUIET}:
        first = Chip(first.icon, first.label, "chip-said")
    return [first, did_chip(flag)]


def did_chip(flag: Flag) -> Chip:
    """What was done about an open flag."""
    if flag.state == Flag.State.WATCHING and flag.snoozed_until:
        until = date_format(flag.snoozed_until, "MONTH_DAY_FORMAT")
        return Chip("clock", _("Watching until %(date)s") % {"date": until}, "chip-talk")
    if flag.state == Flag.State.TALKED:
        return Chip("chat-left-text", _("Talked about"), "chip-talk")
    return Chip("chat-left", _("Not yet talked about"), "chip-open")


def sort_key(history: History) -> tuple[bool, int, str]:
    """By concern: what is not yet talked about first, then what the ratings say."""
    flag = history.open_flag
    waiting = flag is not None and flag.state == Flag.State.NEW
    return (not waiting, concern_of(history), history.episode.client.code)


def days_since_contact(history: History, today: dt.date) -> int | None:
    """Days since the last held session, None before the first one and while on hold."""
    if history.pause is not None:
        return None
    held = history.held
    return (today - held[-1].starts_at.astimezone(history.zone).date()).days if held else None
