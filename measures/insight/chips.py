"""Two chips, never one: what the ratings say, and what we did about it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from enum import IntEnum

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from measures.insight.absences import GOT_THROUGH, QUIET_AFTER, absence_of, unanswered_sessions
from measures.insight.flag_states import Standing, Step, open_standing, standing_of
from measures.insight.notices import is_low_from_the_start
from measures.insight.outline import AnyOutline, Conclusion
from measures.models import Assessment, Rater


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


OPEN = "chip-open"
CALLED = Chip("telephone", _("Called"), "chip-talk")
OVER = Chip("lock", _("Closed"))
CLOSED = Chip("check-circle", _("Closed"), "chip-talk")
WE_DID = {
    Step.NOT_YET: Chip("chat-left", _("Not yet talked about"), OPEN),
    Step.WATCHING: Chip("clock", _("Watching until %(date)s"), "chip-talk"),
    Step.TALKED: Chip("chat-left-text", _("Talked about"), "chip-talk"),
    Step.BACK: Chip("chat-left-text", _("Talked about: back to usual?"), "chip-talk"),
    Step.COMING_BACK: Chip("chat-left-text", _("Talked about: coming back"), "chip-talk"),
    Step.NOT_BETTER: Chip("chat-left-text", _("Talked about: not better"), OPEN),
    Step.OUTSIDE: Chip("signpost-split", _("Outside our work"), "chip-talk"),
    Step.NO_CONCERN: CLOSED,
    Step.BETTER: CLOSED,
    Step.WITHDRAWN: CLOSED,
}
RATINGS_SAY = {
    Concern.LOWER: Chip("arrow-down-right", _("Lower than usual"), "chip-ask"),
    Concern.QUIET: Chip("question-circle", _("No answer lately"), OPEN),
    Concern.LOW: Chip("chevron-bar-down", _("Low from the start"), OPEN),
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


def concern_of(history: AnyOutline) -> Concern:
    """What this client's ratings say today, as far as the viewer may know."""
    if history.pause is not None:
        return Concern.PAUSED
    if history.answered and len(unanswered_sessions(history)) >= QUIET_AFTER:
        return Concern.QUIET
    assessment = history.last_assessment
    if assessment is None:
        return Concern.NOT_ENOUGH
    if assessment.status == Assessment.Status.STEADY and is_low_from_the_start(history):
        return Concern.LOW
    return concern_after(assessment.status, is_above=_is_above(assessment))


def concern_after(status: str | None, *, is_above: bool) -> Concern:
    """What a last rating says by itself; `status`: what was concluded after it, if anything."""
    if status == Assessment.Status.STEADY and is_above:
        return Concern.HIGHER
    return BY_STATUS.get(status or "", Concern.NOT_ENOUGH)


def _is_above(assessment: Assessment | Conclusion) -> bool:
    score, high = assessment.score, assessment.high
    return score is not None and high is not None and score > high


def chips_of(history: AnyOutline) -> list[Chip]:
    """One or two chips; the first keeps its outline while nobody has done anything about it."""
    concern = concern_of(history)
    first, second = RATINGS_SAY[concern], _did(history, concern)
    if second is None:
        return [first]
    if second.css != OPEN and first.css in {"chip-ask", OPEN}:
        first = Chip(first.icon, first.label, "chip-said")
    return [first, second]


def chips_beside(standing: Standing, history: AnyOutline) -> list[Chip]:
    """The chips on the page of one flag: of its own where it is not the one to talk about now."""
    other = history.open_flag
    if standing.flag.is_open and (other is None or other.pk == standing.flag.pk):
        return chips_of(history)
    return [did_chip(standing)]


def _did(history: AnyOutline, concern: Concern) -> Chip | None:
    """What we did; None where there is nothing to do. A call answers a silence, not a flag."""
    if history.episode.closed_on is not None:
        return OVER
    standing = open_standing(history) or _settled(history, concern)
    absence = absence_of(history)
    called = absence is not None and absence.got_through
    if standing is None or (called and concern == Concern.QUIET):
        return CALLED if called else None
    return did_chip(standing)


def _settled(history: AnyOutline, concern: Concern) -> Standing | None:
    """The closed flag behind what the ratings still say; older ones are in the story alone."""
    if concern not in {Concern.LOWER, Concern.BACK}:
        return None
    closed = [each for each in history.flags if each.rater == Rater.CLIENT and not each.is_open]
    return standing_of(closed[-1], history, talks=()) if closed else None


def did_chip(standing: Standing) -> Chip:
    """What was done about a flag."""
    chip, until = WE_DID[standing.step], standing.flag.snoozed_until
    if standing.step != Step.WATCHING or until is None:
        return chip
    words = {"date": date_format(until, "MONTH_DAY_FORMAT")}
    return replace(chip, label=chip.label % words)


def sort_key(history: AnyOutline) -> tuple[bool, int, float, str]:
    """By concern: what is not yet talked about first, then what the ratings say.

    Of two that wait alike, who waits longer: a code says nothing of how things are.
    """
    flag = history.open_flag if history.waits_for_talk else None
    since = flag.raised_at.timestamp() if flag is not None else 0.0
    return (flag is None, concern_of(history), since, history.episode.client.code)


def days_since_contact(history: AnyOutline, today: dt.date) -> int | None:
    """Days since the last session or contact that got through; None before, and on hold.

    To be in a group counts: somebody has seen them.
    """
    if history.pause is not None:
        return None
    times = [session.starts_at for session in history.held]
    times += [each.starts_at for each in history.groups_held]
    times += [each.at for each in history.contacts if each.outcome in GOT_THROUGH]
    return (today - max(times).astimezone(history.zone).date()).days if times else None
