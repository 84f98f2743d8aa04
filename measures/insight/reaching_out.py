"""Calls to make today: after a missed session, or when somebody has gone quiet.

A call is asked for the same day and stays until it is done: somebody was reached or a neutral
message was left, the client came, or the episode is on hold or closed. "No answer" puts it off to
the next working day; the third one ends it. Nobody is asked twice a day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from measures.insight.absences import Absence, Why, absence_of
from measures.insight.chips import Chip, chips_of
from measures.insight.outline import AnyOutline
from measures.insight.sentences import month_day, quiet
from sessions.access import Viewer
from sessions.models import Contact, Episode, Session
from sessions.sealing import unseal_identity
from sessions.workdays import midnight, next_working_day

MOST_TRIES = 3


@dataclass(frozen=True, slots=True)
class Call:
    """One call to make, with all it takes."""

    episode: Episode
    code: str
    name: str
    phone: str
    chips: list[Chip]
    why: Why
    sentence: str
    # Days on which nobody answered.
    no_answers: int
    since: dt.datetime


@dataclass(frozen=True, slots=True)
class PutOff:
    """Nobody answered today; when to try again."""

    episode: Episode
    code: str
    again_on: dt.date


@dataclass(frozen=True, slots=True)
class ReachOut:
    """What stands under "Reach out": calls due, those put off, and what was done today."""

    due: list[Call]
    put_off: list[PutOff]
    done: list[Contact]


def reach_out(viewer: Viewer, cases: Iterable[AnyOutline]) -> ReachOut:
    """The calls of these episodes: today's absences first, then the latest."""
    due, put_off = [], []
    for history in cases:
        absence = absence_of(history)
        if absence is None or absence.got_through or _comes_today(history, viewer):
            continue
        days = _days_without_answer(absence, history.zone)
        if len(days) >= MOST_TRIES:
            continue
        if days and next_working_day(days[-1]) > viewer.today:
            code = history.episode.client.code
            put_off.append(PutOff(history.episode, code, next_working_day(days[-1])))
        else:
            due.append(_call(history, absence, days, viewer.today))
    due.sort(key=lambda call: (call.why != Why.MISSED, -call.since.timestamp()))
    return ReachOut(due, put_off, _done_today(viewer))


def quiet_call_due_on(history: AnyOutline, today: dt.date) -> dt.date | None:
    """By when somebody who has gone quiet is to be called; None where no such call is due."""
    absence = absence_of(history)
    if absence is None or absence.why != Why.QUIET or absence.got_through:
        return None
    days = _days_without_answer(absence, history.zone)
    if len(days) >= MOST_TRIES:
        return None
    return max(today, next_working_day(days[-1])) if days else today


def _comes_today(history: AnyOutline, viewer: Viewer) -> bool:
    """Whoever is expected later today is asked in person."""
    to_come = (each for each in history.attendances if each.status == Session.Status.SCHEDULED)
    first = next((each.starts_at for each in to_come if each.starts_at > viewer.now), None)
    return first is not None and first.astimezone(history.zone).date() == viewer.today


def _days_without_answer(absence: Absence, zone: dt.tzinfo) -> list[dt.date]:
    return sorted({each.at.astimezone(zone).date() for each in absence.tries})


def _call(
    history: AnyOutline, absence: Absence, no_answer_on: Sequence[dt.date], today: dt.date
) -> Call:
    identity = unseal_identity(history.episode.client)
    return Call(
        episode=history.episode,
        code=history.episode.client.code,
        name=identity.name,
        phone=identity.phone,
        chips=chips_of(history),
        why=absence.why,
        sentence=_sentence(history, absence, no_answer_on, today),
        no_answers=len(no_answer_on),
        since=absence.sessions[-1].starts_at,
    )


def _sentence(
    history: AnyOutline, absence: Absence, no_answer_on: Sequence[dt.date], today: dt.date
) -> str:
    if no_answer_on:
        return _after_no_answer(history, no_answer_on)
    if absence.why == Why.QUIET:
        return quiet(history)
    day = absence.sessions[-1].starts_at.astimezone(history.zone).date()
    words = {"client": history.episode.client.code, "day": month_day(day)}
    if len(absence.sessions) > 1:
        text = ngettext(
            "%(client)s did not come %(count)d time in a row, the last one on %(day)s. A short "
            "friendly call is the next step, not another form.",
            "%(client)s did not come %(count)d times in a row, the last one on %(day)s. A short "
            "friendly call is the next step, not another form.",
            len(absence.sessions),
        )
        return text % {**words, "count": len(absence.sessions)}
    if day == today:
        text = _(
            "%(client)s did not come today. Call today: people come back more often when "
            "someone notices."
        )
    else:
        text = _(
            "%(client)s did not come on %(day)s. Call today: people come back more often when "
            "someone notices."
        )
    return text % words


def _after_no_answer(history: AnyOutline, days: Sequence[dt.date]) -> str:
    words = {"client": history.episode.client.code, "day": month_day(days[-1])}
    if len(days) == 1:
        text = _(
            "No answer from %(client)s on %(day)s. Try once more today, at another time of day."
        )
    else:
        text = _(
            "Two calls to %(client)s without an answer. Leave a neutral message or write a "
            "letter; then the next step is theirs."
        )
    return text % words


def _done_today(viewer: Viewer) -> list[Contact]:
    """What the viewer did today, the latest first; a slip can be taken back."""
    from_today = midnight(viewer.today, viewer.organization.zone)
    mine = Contact.objects.editable_by(viewer).standing().filter(at__gte=from_today)
    return list(mine.select_related("episode__client").order_by("-at", "-pk"))
