"""Where a flag stands today, as one viewer may know it; in words, for lists and for the page.

What two more ratings say after a talk is read from the viewer's own history, never stored: stored,
it would tell a counselor of ratings that are still closed to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from measures.insight.history import History
from measures.insight.outline import assessment_of, score_of
from measures.models import Assessment, Flag, Rater, Rating, Repair
from measures.repair.reviews import Review, Verdict, review_of
from sessions.access import Viewer


@dataclass(frozen=True, slots=True)
class Standing:
    """`review` is None until there was a talk; `is_due` when a person is asked something now."""

    flag: Flag
    talks: Sequence[Repair]
    review: Review | None
    days: int
    is_put_off: bool

    @property
    def label(self) -> str:
        return label_of(self)

    @property
    def waits_for_talk(self) -> bool:
        return self.flag.is_open and not self.talks and not self.is_put_off

    @property
    def is_due(self) -> bool:
        """Back to usual, coming back or not better: there is a question for the counselor."""
        asked = self.review is not None and self.review.verdict != Verdict.WAITING
        return self.flag.is_open and asked and not self.is_put_off

    @property
    def is_back(self) -> bool:
        return self.review is not None and self.review.verdict == Verdict.BACK

    @property
    def is_not_better(self) -> bool:
        return self.review is not None and self.review.verdict == Verdict.NOT_BETTER


CLOSED: dict[str, str | Promise] = {
    Flag.State.OUTSIDE.value: gettext_lazy("something outside our work"),
    Flag.State.NO_CONCERN.value: gettext_lazy("closed: no concern"),
    Flag.State.BETTER.value: gettext_lazy("closed: better"),
    Flag.State.WITHDRAWN.value: gettext_lazy("withdrawn"),
}
ASKED: dict[Verdict, str | Promise] = {
    Verdict.BACK: gettext_lazy("back to usual? Close it or keep watching"),
    Verdict.COMING_BACK: gettext_lazy("coming back, not there yet"),
    Verdict.NOT_BETTER: gettext_lazy("back, not better: bring it"),
}


def standing_of(viewer: Viewer, flag: Flag, history: History, talks: Sequence[Repair]) -> Standing:
    """`talks` are those about this flag, in order."""
    raised_on = flag.raised_at.astimezone(history.zone).date()
    return Standing(
        flag=flag,
        talks=talks,
        review=review_of(_since_talk(flag, history, talks[-1])) if talks else None,
        days=(viewer.today - raised_on).days,
        is_put_off=flag.is_put_off(viewer.today),
    )


def standings(viewer: Viewer, known: Sequence[History]) -> dict[int, Standing]:
    """Where the open flag of each episode stands, by the episode's number; one query for all."""
    flags = {each.episode.pk: each.open_flag for each in known if each.open_flag is not None}
    talks = Repair.objects.open_to(viewer).filter(
        flag__episode__in=[each.episode.pk for each in known], flag__state__in=Flag.OPEN_STATES
    )
    by_flag: dict[int, list[Repair]] = {}
    for talk in talks.order_by("talked_on", "pk"):
        by_flag.setdefault(talk.flag_id, []).append(talk)
    return {
        each.episode.pk: standing_of(viewer, flag, each, by_flag.get(flag.pk, []))
        for each in known
        if (flag := flags.get(each.episode.pk)) is not None
    }


def _since_talk(flag: Flag, history: History, talk: Repair) -> list[Assessment | None]:
    """What was concluded after each rating of a session held after the day of the talk."""
    return [
        assessment_of(rating)
        for rating in _scored(history, flag.rater)
        if rating.session.starts_at.astimezone(history.zone).date() > talk.talked_on
    ]


def _scored(history: History, rater: str) -> list[Rating]:
    return [rating for rating in history.by(Rater(rater)) if score_of(rating) is not None]


def label_of(standing: Standing) -> str:
    """One line for lists: what was done, and since when it waits."""
    flag = standing.flag
    if not flag.is_open:
        return str(CLOSED[flag.state])
    if standing.is_put_off and flag.snoozed_until is not None:
        until = date_format(flag.snoozed_until, "MONTH_DAY_FORMAT")
        return _("watching until %(date)s") % {"date": until}
    if standing.waits_for_talk:
        return _not_yet(standing.days)
    if standing.is_due and standing.review is not None:
        return str(ASKED[standing.review.verdict])
    return _("talked about, waiting for the next two ratings")


def _not_yet(days: int) -> str:
    if days == 0:
        return _("new, not yet talked about")
    text = ngettext(
        "not yet talked about (%(count)d day)", "not yet talked about (%(count)d days)", days
    )
    return text % {"count": days}
