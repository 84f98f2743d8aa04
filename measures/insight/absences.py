"""Who stopped coming or answering, and what was tried since: the start of every call."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from itertools import takewhile

from measures.insight.outline import AnyOutline, Met, missed_last
from measures.models import Rater
from sessions.models import Contact, Session

QUIET_AFTER = 3
GOT_THROUGH = {Contact.Outcome.REACHED, Contact.Outcome.NEUTRAL_MESSAGE}


class Why(StrEnum):
    """Why somebody should be called."""

    MISSED = "missed"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True)
class Absence:
    """Somebody was not there, or did not answer, and what was tried since, oldest first."""

    why: Why
    sessions: list[Session | Met]
    tries: list[Contact]

    @property
    def got_through(self) -> bool:
        return any(contact.outcome in GOT_THROUGH for contact in self.tries)


def absence_of(history: AnyOutline) -> Absence | None:
    """The absence that a call would be about. None on hold, and while they come and answer."""
    if history.pause is not None:
        return None
    missed = missed_in_a_row(history)
    if missed:
        return _absence(Why.MISSED, missed, missed[-1].starts_at, history)
    unanswered = unanswered_sessions(history)
    if history.answered and len(unanswered) >= QUIET_AFTER:
        return _absence(Why.QUIET, unanswered, unanswered[QUIET_AFTER - 1].starts_at, history)
    return None


def _absence(
    why: Why, sessions: list[Session | Met], since: dt.datetime, history: AnyOutline
) -> Absence:
    return Absence(why, sessions, [each for each in history.contacts if each.at >= since])


def missed_in_a_row(history: AnyOutline) -> list[Session | Met]:
    """The latest sessions, their own and in groups, as far as they were missed; those with the
    counselor before included."""
    missed = missed_last(history.attendances)
    if any(each.status == Session.Status.HELD for each in history.attendances):
        return missed
    return [*history.missed_before, *missed]


def unanswered_sessions(history: AnyOutline) -> list[Session | Met]:
    """The latest sessions the client was asked about and did not answer; in order.

    Whoever is asked after every third session is not silent after two.
    """
    run = takewhile(
        lambda each: history.rating(each, Rater.CLIENT) is None, reversed(history.past_sessions)
    )
    return [each for each in run if history.was_asked(each)][::-1]
