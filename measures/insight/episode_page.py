"""The client page's table, key and story: the chart once more, in words and figures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from measures.capture.forms import WISHES
from measures.insight.history import History
from measures.insight.lane import LaneMark
from measures.insight.read_models import Note, SaidOfPromise
from measures.insight.sentences import NOTHING, flag_sentence, mark, number, usual
from measures.insight.trend_points import TrendPoint
from measures.models import FACETS, Flag, Rater, Rating, Repair
from sessions.models import Session


@dataclass(frozen=True, slots=True)
class TableRow:
    """One session of the table; figures already in words."""

    number: str
    date: dt.datetime
    facets: list[str]
    client: str
    counselor: str
    usual: str
    happened: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something on the client's timeline, newest first."""

    at: dt.datetime
    icon: str
    title: str | Promise
    text: str = ""
    words: str = ""
    language: str = ""
    css: str = ""


KEY = {
    "client": gettext_lazy("Client"),
    "counselor": gettext_lazy("Counselor"),
    "band": gettext_lazy("Usual for this client: 9 of 10 ratings"),
    "flag": gettext_lazy("Flag"),
    "missed": gettext_lazy("Missed session"),
    "way_changed": gettext_lazy("The way of answering changed"),
}


def key_of(
    points: Sequence[TrendPoint], marks: Sequence[LaneMark] = ()
) -> list[tuple[str, str | Promise]]:
    """The parts of the key whose marks are on this chart."""
    drawn = {
        "client": any(point.client.score is not None for point in points),
        "counselor": any(point.counselor.score is not None for point in points),
        "band": any(point.low is not None for point in points),
        "flag": any(point.flag for point in points),
        "missed": any(point.missed for point in points),
        "way_changed": any(each.kind == "way_changed" for each in marks),
    }
    return [(role, label) for role, label in KEY.items() if drawn[role]]


def table_of(points: Sequence[TrendPoint], marks: Sequence[LaneMark] = ()) -> list[TableRow]:
    changed = {each.slot for each in marks if each.kind == "way_changed"}
    return [_table_row(point, changed=slot in changed) for slot, point in enumerate(points)]


def _table_row(point: TrendPoint, *, changed: bool) -> TableRow:
    return TableRow(
        number="" if point.number is None else str(point.number),
        date=point.starts_at,
        facets=[mark(getattr(point.client, facet)) for facet in FACETS],
        client=number(point.client.score),
        counselor=number(point.counselor.score),
        usual=NOTHING if point.low is None else usual(point.low, point.high),
        happened="; ".join(_happened(point, changed=changed)),
    )


def _happened(point: TrendPoint, *, changed: bool) -> Iterator[str]:
    if point.missed:
        yield _("Missed")
    elif point.flag:
        yield _("Flag")
    elif point.client.declined:
        yield _("Chose not to answer")
    if changed:
        yield str(KEY["way_changed"])


def events_of(
    history: History, notes: Sequence[Note], promises: Sequence[SaidOfPromise] = ()
) -> list[Event]:
    """The story, newest first: flags, the client's words, missed sessions, promises answered."""
    code = history.episode.client.code
    events = [_note_event(note, code) for note in notes]
    events += [_promise_event(each, code) for each in promises]
    events += [_flag_event(flag, history) for flag in history.flags]
    events += [_missed_event(session) for session in _missed(history)]
    events += [_wish_event(rating, code) for rating in _wishes(history)]
    return sorted(events, key=lambda event: event.at, reverse=True)


def _wishes(history: History) -> list[Rating]:
    return [rating for rating in history.by(Rater.CLIENT) if rating.change_wish]


def _missed(history: History) -> list[Session]:
    return [each for each in history.sessions if each.status == Session.Status.MISSED]


def _note_event(note: Note, code: str) -> Event:
    title = (
        _("%(client)s wrote, for the counselor and the supervisor")
        if note.for_supervisor
        else _("%(client)s wrote, for the counselor only")
    )
    return Event(
        note.given_at,
        "chat-quote",
        title % {"client": code},
        words=note.text,
        language=note.language,
    )


SAID_OF_PROMISE = {
    Repair.ClientSays.YES: gettext_lazy("%(client)s says: what was promised happened"),
    Repair.ClientSays.LITTLE: gettext_lazy("%(client)s says: what was promised happened a little"),
    Repair.ClientSays.NO: gettext_lazy("%(client)s says: what was promised did not happen"),
}


def _promise_event(said: SaidOfPromise, code: str) -> Event:
    title = SAID_OF_PROMISE[Repair.ClientSays(said.says)] % {"client": code}
    return Event(said.at, "chat-left-text", title, text=said.promise)


def _flag_event(flag: Flag, history: History) -> Event:
    return Event(
        flag.first_rating.session.starts_at,
        "diamond-fill",
        _("Flag: %(state)s") % {"state": flag.get_state_display()},
        text=flag_sentence(flag, history),
        css="i-flag",
    )


def _missed_event(session: Session) -> Event:
    return Event(session.starts_at, "x-lg", _("Missed"))


def _wish_event(rating: Rating, code: str) -> Event:
    wishes = dict(WISHES)
    text = str(wishes.get(rating.change_wish, ""))
    title = _("%(client)s, about next time") % {"client": code}
    return Event(rating.session.starts_at, "chat-left", title, words=text)
