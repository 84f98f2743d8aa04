"""One sentence to open with, by how a client's ratings stand. To be said aloud, or not at all."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from measures.insight.absences import missed_in_a_row
from measures.insight.chips import Concern, concern_of
from measures.insight.history import History
from measures.insight.notices import last_gap
from measures.models import Assessment, Flag, Rater

BY_FACET: dict[str, Promise] = {
    "respect": _("What is one thing I do that lands wrong? I will not argue. I want to know."),
    "understanding": _("Let me say what I heard, and you fix what I got wrong."),
    "goals": _("If no court and no family were in this, what would you want from our time?"),
}
BY_CONCERN: dict[Concern, Promise] = {
    Concern.LOWER: BY_FACET["understanding"],
    Concern.QUIET: _("Would you rather answer later, on your own phone, without me here?"),
    Concern.LOW: _("You did not choose to be here. What would make one hour with me worth it?"),
    Concern.BACK: _("Last time was better for you. What made the difference?"),
    Concern.TOP_MARKS: _(
        "Nobody's hour with me is perfect. What would have made last time half a point better?"
    ),
    Concern.HIGHER: _("Last time was better for you. What made the difference?"),
    Concern.SAME: _("Is what we do here getting you closer? What should we drop?"),
    Concern.NOT_ENOUGH: _("What do I still not get about your life that would change how I help?"),
    Concern.PAUSED: _("It is good to see you. What should I know before we start?"),
}
SHARP_DROP = _("Last time seemed harder than usual. Was it us, or the day? Either answer is fine.")
GAP = _("I thought last time went well. You may have seen it another way. What did I miss?")
MISSED = _(
    "No lecture. I noticed you were not here and wanted to hear how you are. Is there something "
    "about how we meet that does not work?"
)
PROMISED = _("Last time I said what I would do differently. Did I do it?")
INTRODUCTION = _(
    "At the end I ask three questions about how we worked today. It is for me, so I can do better "
    "by you. Low numbers help me. It is not about your progress and does not go to court. You can "
    "say no."
)


def first_words(history: History, *, has_open_promise: bool) -> Promise:
    """The one sentence. What was promised comes before what the numbers say."""
    if has_open_promise:
        return PROMISED
    if missed_in_a_row(history):
        return MISSED
    flag = history.open_flag
    if flag is not None and flag.rater == Rater.CLIENT and concern_of(history) == Concern.LOWER:
        return _about_a_flag(flag, history)
    gap = last_gap(history)
    if gap is not None and gap.client < gap.counselor:
        return GAP
    return BY_CONCERN[concern_of(history)]


def _about_a_flag(flag: Flag, history: History) -> Promise:
    was_last_time = bool(history.answered) and history.answered[-1] == flag.first_rating
    if flag.kind == Assessment.Kind.SHARP_DROP and was_last_time:
        return SHARP_DROP
    facet = flag.facets[0] if len(flag.facets) == 1 else lowest_facet(history)
    return BY_FACET.get(facet, BY_CONCERN[Concern.LOWER])


def lowest_facet(history: History) -> str:
    """The question answered lowest last time; "" where nothing is below the others."""
    if not history.answered:
        return ""
    last = history.answered[-1]
    given = {name: value for name in BY_FACET if (value := getattr(last, name)) is not None}
    least = min(given.values())
    lowest = [name for name, value in given.items() if value == least]
    return lowest[0] if len(lowest) == 1 else ""
