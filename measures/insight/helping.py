"""What to try and what to say: for what a flag is about, and for what has no flag.

Things to try, not rules. Texts are ours, CC0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from measures.insight.chips import Concern
from measures.models import FACETS, Assessment, Flag, Rater

LISTENING, EMPATHY = _("Listening"), _("Empathy")
FEEDBACK, FLEXIBILITY = _("Inviting feedback"), _("Flexibility")
MOST = 3


@dataclass(frozen=True, slots=True)
class Idea:
    """One thing to try: what to do, the practice it belongs to, and words to say."""

    do: str | Promise
    practice: str | Promise
    say: str | Promise


BY_FACET = {
    "respect": (
        Idea(
            _("Own your part first, without “but”."),
            EMPATHY,
            _("I think I cut you off last week. I am sorry. What was that like for you?"),
        ),
        Idea(
            _("Ask for one thing, then only listen."),
            FEEDBACK,
            _("What is one thing I do that lands wrong? I will not argue. I want to know."),
        ),
        Idea(
            _("Give back choices; be plain about what is not a choice."),
            FLEXIBILITY,
            _(
                "Some of this is required, and I will tell you which parts. The rest is up to "
                "you. Where do you want to start?"
            ),
        ),
    ),
    "understanding": (
        Idea(
            _("Say it back, ask to be corrected, advise later."),
            LISTENING,
            _("Let me say what I heard, and you fix what I got wrong."),
        ),
        Idea(
            _("Name the feeling you may have passed by."),
            EMPATHY,
            _(
                "I went straight to solutions. I wonder if you first needed me to see how hard "
                "this week was."
            ),
        ),
        Idea(
            _("Ask what is missing."),
            FEEDBACK,
            _("What do I still not get about your life that would change how I help?"),
        ),
    ),
    "goals": (
        Idea(
            _("Hear the goal again, today, in the client's words; write those words down."),
            LISTENING,
            _("If no court and no family were in this, what would you want from our time?"),
        ),
        Idea(
            _("Put the required and the wanted side by side; find one step for both."),
            FLEXIBILITY,
            _(
                "Here is what the program asks. Here is what you want. What is one step that "
                "helps both?"
            ),
        ),
        Idea(
            _("Check the way, not only the place."),
            FEEDBACK,
            _("Is what we do here getting you closer? What should we drop?"),
        ),
    ),
}
# With an interpreter, or in another language than the counselor's own.
OTHER_LANGUAGE = Idea(
    _("Ask for the word that is missing."),
    FEEDBACK,
    _("Is there a word for it in your language that I should know?"),
)
SHARP_DROP = Idea(
    _("Ask about the day before anything else."),
    EMPATHY,
    _("Today seemed harder than usual. Was it us, or the day? Either answer is fine."),
)
GAP = Idea(
    _("Ask what they saw that you did not."),
    FEEDBACK,
    _("I thought last week went well. You may have seen it another way. What did I miss?"),
)
QUIET = (
    Idea(
        _("Call. No form."),
        FLEXIBILITY,
        _(
            "No lecture. I noticed you were not here and wanted to hear how you are. Is there "
            "something about how we meet that does not work?"
        ),
    ),
    Idea(
        _("Leave a message that says nothing to others."),
        FLEXIBILITY,
        _("Hi, it is me. No rush. I would like to find a time that works for you."),
    ),
)
LOW = Idea(
    _("Ask what would make it worth their time."),
    LISTENING,
    _("You did not choose to be here. What would make one hour with me worth it?"),
)
AFTER_THE_TALK = Idea(
    _("Thank them, and say one thing you will do."),
    FEEDBACK,
    _(
        "Thank you for telling me. Here is what I will do differently. Next time I will ask if "
        "I did it."
    ),
)
BACK = Idea(
    _("Ask what helped, so that you can keep it."),
    FEEDBACK,
    _("Last time was better for you. What made the difference?"),
)


def ideas_for(flag: Flag, *, other_language: bool = False) -> list[Idea]:
    """Three things to try for a flag: for its kind first, then for the facets that drive it."""
    return list(_ideas(flag, other_language))[:MOST]


def ideas_without_flag(concern: Concern, *, has_gap: bool) -> list[Idea]:
    """For what asks for a word and has no flag: quiet, low from the start, seen apart."""
    ideas = {Concern.QUIET: list(QUIET), Concern.LOW: [LOW], Concern.BACK: [BACK]}.get(concern, [])
    return [*ideas, GAP] if has_gap else ideas


def facets_of(flag: Flag) -> list[str]:
    """What a flag is about; all three where nothing stands out."""
    return [facet for facet in FACETS if facet in flag.facets] or list(FACETS)


def _ideas(flag: Flag, other_language: bool) -> Iterator[Idea]:
    if flag.rater == Rater.COUNSELOR:
        yield GAP
    elif flag.kind == Assessment.Kind.SHARP_DROP:
        yield SHARP_DROP
    if other_language and "understanding" in flag.facets:
        yield OTHER_LANGUAGE
    facets = facets_of(flag)
    for row in range(MOST):  # the first of each before the second of any
        for facet in facets:
            yield BY_FACET[facet][row]
