"""What to know two minutes before a session: the promise, their words, one sentence; numbers last.

Everything here is what the viewer may read now: ratings and flags come from histories, where the
blind rule was applied; what a client says of a promise is hidden with the rating it is in. A note
is not held back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise as Text
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from measures.capture.forms import ASKED_FOR, WISHES
from measures.insight.first_words import INTRODUCTION, first_words, lowest_facet
from measures.insight.history import History
from measures.insight.outline import assessment_of, score_of
from measures.insight.read_models import Note, note_of
from measures.insight.sentences import FACET_NAMES, mark, month_day, number, usual
from measures.models import Rater, Rating, Repair
from measures.repair.talks import promised_in
from sessions.access import Viewer
from sessions.sealing import unseal

NOTHING_CHANGES = "fine"


@dataclass(frozen=True, slots=True)
class Said:
    """What was promised after the last talk; `says` is what the client says of it, if anything."""

    on: dt.date
    text: str
    says: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """The one thing they wanted to be different."""

    at: dt.datetime
    text: str


@dataclass(frozen=True, slots=True)
class Fact:
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Opener:
    """One card, in the order it is read."""

    promise: Said | None
    note: Note | None
    wish: Wish | None
    first_words: str | Text
    introduction: str | Text
    facts: list[Fact]


def openers(viewer: Viewer, cases: Sequence[History]) -> dict[int, Opener]:
    """{episode: its card}, by two queries."""
    keys = [history.episode.pk for history in cases]
    talks = _last_talks(viewer, keys)
    notes = _last_notes(viewer, keys)
    return {
        history.episode.pk: _opener(
            history, talks.get(history.episode.pk), notes.get(history.episode.pk)
        )
        for history in cases
    }


def _opener(history: History, talk: Repair | None, note: Rating | None) -> Opener:
    promise = _said(talk, history) if talk else None
    is_new = not history.held
    return Opener(
        promise=promise,
        note=note_of(note) if note else None,
        wish=_wish(history),
        first_words=""
        if is_new
        else first_words(history, has_open_promise=promise is not None and promise.is_open),
        introduction=INTRODUCTION if is_new else "",
        facts=_facts(history),
    )


def _last_talks(viewer: Viewer, episodes: Sequence[int]) -> dict[int, Repair]:
    talks = Repair.objects.open_to(viewer).filter(flag__episode__in=episodes)
    known = talks.select_related("flag", "said_in__session").order_by("talked_on", "pk")
    return {talk.flag.episode_id: talk for talk in known}


def _last_notes(viewer: Viewer, episodes: Sequence[int]) -> dict[int, Rating]:
    notes = Rating.objects.notes_to(viewer).current().filter(sealed_note__isnull=False)
    of_episodes = notes.filter(session__episode__in=episodes)
    known = of_episodes.select_related("session__episode__client").order_by("given_at", "pk")
    return {rating.session.episode_id: rating for rating in known}


def _said(talk: Repair, history: History) -> Said | None:
    client = history.episode.client
    released = promised_in(talk, client, get_language() or "en")
    text = released or unseal(client, "agreed", talk.sealed_agreed)
    if not text:
        return None
    says = _says(talk, history)
    is_open = bool(released) and not says
    return Said(on=talk.talked_on, text=capfirst(text), says=says, is_open=is_open)


def _says(talk: Repair, history: History) -> str:
    """What the client says of it, where the rating they said it in may be read."""
    readable = talk.said_in and history.rating(talk.said_in.session, Rater.CLIENT)
    if not readable or talk.client_says == Repair.ClientSays.SKIPPED:
        return ""
    return str(Repair.ClientSays(talk.client_says).label)


def _wish(history: History) -> Wish | None:
    """Of the last time they answered; what was wanted before may have been given since."""
    if not history.by(Rater.CLIENT):
        return None
    last = history.by(Rater.CLIENT)[-1]
    if last.change_wish not in ASKED_FOR:
        return None
    return Wish(last.session.starts_at, str(dict(WISHES)[last.change_wish]))


def _facts(history: History) -> list[Fact]:
    if not history.answered:
        return []
    last = history.answered[-1]
    day = month_day(last.session.starts_at.astimezone(history.zone).date())
    assessment = assessment_of(last)
    value = number(score_of(last))
    if assessment is not None and assessment.low is not None:
        range_ = usual(assessment.low, assessment.high)
        value = _("%(score)s, usual %(usual)s") % {"score": value, "usual": range_}
    facts = [Fact(_("Last rating, %(day)s") % {"day": day}, value)]
    facet = lowest_facet(history)
    if facet:
        facts.append(Fact(capfirst(str(FACET_NAMES[facet])), mark(getattr(last, facet))))
    own = history.rating(last.session, Rater.COUNSELOR)
    if own is not None and score_of(own) is not None:
        facts.append(Fact(_("You rated"), number(score_of(own))))
    return facts
