"""Where a flag stands today, as one viewer may know it: in one word for chips, in a line for lists.

What two more ratings say after a talk is read from the viewer's own history, never stored: stored,
it would tell a counselor of ratings that are still closed to them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from measures.insight.outline import AnyOutline, assessment_of, score_of
from measures.models import Flag, Rater, Repair
from measures.repair.reviews import Review, Verdict, review_of


class Step(StrEnum):
    """What was done about a flag. Chips and lines are two ways to say it."""

    NOT_YET = "not_yet"
    WATCHING = "watching"
    TALKED = "talked"
    # Talked about, and two more ratings put a question.
    BACK = "back"
    COMING_BACK = "coming_back"
    NOT_BETTER = "not_better"
    OUTSIDE = "outside"
    NO_CONCERN = "no_concern"
    BETTER = "better"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Standing:
    """`review` is None until there was a talk."""

    flag: Flag
    review: Review | None
    days: int
    today: dt.date

    @property
    def step(self) -> Step:
        if not self.flag.is_open:
            return Step(self.flag.state)
        if self.flag.is_put_off(self.today):
            return Step.WATCHING
        if self.review is None:
            return Step.TALKED if self.flag.state == Flag.State.TALKED else Step.NOT_YET
        return ASKS.get(self.review.verdict, Step.TALKED)

    @property
    def label(self) -> str:
        return label_of(self)

    @property
    def waits_for_talk(self) -> bool:
        return self.step == Step.NOT_YET

    @property
    def is_due(self) -> bool:
        """Back to usual, coming back or not better: there is a question for the counselor."""
        return self.step in ASKS.values()

    @property
    def is_back(self) -> bool:
        return self.review is not None and self.review.verdict == Verdict.BACK

    @property
    def is_not_better(self) -> bool:
        return self.review is not None and self.review.verdict == Verdict.NOT_BETTER


ASKS = {
    Verdict.BACK: Step.BACK,
    Verdict.COMING_BACK: Step.COMING_BACK,
    Verdict.NOT_BETTER: Step.NOT_BETTER,
}
LINES: dict[Step, str | Promise] = {
    Step.TALKED: gettext_lazy("talked about, waiting for the next two ratings"),
    Step.BACK: gettext_lazy("back to usual? Close it or keep watching"),
    Step.COMING_BACK: gettext_lazy("coming back, not there yet"),
    Step.NOT_BETTER: gettext_lazy("back, not better: bring it"),
    Step.OUTSIDE: gettext_lazy("something outside our work"),
    Step.NO_CONCERN: gettext_lazy("closed: no concern"),
    Step.BETTER: gettext_lazy("closed: better"),
    Step.WITHDRAWN: gettext_lazy("withdrawn"),
}


def standing_of(flag: Flag, history: AnyOutline, talks: Sequence[Repair] | None = None) -> Standing:
    """`talks`: those about this flag, in order; those of the history where it is an open one.

    What two more ratings say is known where that rater's ratings were read: of a flag of the
    counselor's own ratings, in a history, not in an outline.
    """
    known = [each for each in history.talks if each.flag_id == flag.pk] if talks is None else talks
    return Standing(
        flag=flag,
        review=review_of(_since_talk(flag, history, known[-1])) if known else None,
        days=(history.today - flag.raised_at.astimezone(history.zone).date()).days,
        today=history.today,
    )


def open_standing(history: AnyOutline) -> Standing | None:
    """Where the flag stands that is to be talked about first; None without an open one."""
    flag = history.open_flag
    return None if flag is None else standing_of(flag, history)


def _since_talk(flag: Flag, history: AnyOutline, talk: Repair) -> list[Any]:
    """What was concluded after each rating of a session held after the day of the talk."""
    return [
        assessment_of(rating)
        for rating in _scored(history, flag.rater)
        if rating.session.starts_at.astimezone(history.zone).date() > talk.talked_on
    ]


def _scored(history: AnyOutline, rater: str) -> list[Any]:
    return [rating for rating in history.by(Rater(rater)) if score_of(rating) is not None]


def label_of(standing: Standing) -> str:
    """One line for lists: what was done, and since when it waits."""
    step, until = standing.step, standing.flag.snoozed_until
    if step == Step.NOT_YET:
        return _not_yet(standing.days)
    if step == Step.WATCHING and until is not None:
        return _("watching until %(date)s") % {"date": date_format(until, "MONTH_DAY_FORMAT")}
    return str(LINES[step])


def _not_yet(days: int) -> str:
    if days == 0:
        return _("new, not yet talked about")
    text = ngettext(
        "not yet talked about (%(count)d day)", "not yet talked about (%(count)d days)", days
    )
    return text % {"count": days}
