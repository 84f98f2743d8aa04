"""The client page's table, key and story: the chart once more, in words and figures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from measures.capture.correcting import NOT_HELD, Mistake
from measures.capture.forms import WISHES
from measures.insight.flag_page import Step
from measures.insight.history import History
from measures.insight.lane import LANE_MARKERS, MARK_SENTENCES, LaneMark, Stop, stops_of, way_marks
from measures.insight.read_models import Note, SaidOfPromise
from measures.insight.sentences import (
    NOTHING,
    flag_sentence,
    mark,
    month_day,
    number,
    usual,
)
from measures.insight.story import Story
from measures.insight.trend_points import TrendPoint
from measures.models import FACETS, Flag, Rater, Rating, Repair
from sessions.models import Contact, EpisodeEvent, Pause, Session
from sessions.sealing import unseal


@dataclass(frozen=True, slots=True)
class TableRow:
    """One session of the table, or something between two; figures already in words."""

    number: str
    date: dt.date
    facets: list[str]
    client: str
    counselor: str
    usual: str
    happened: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something on the client's timeline, newest first."""

    on: dt.date
    icon: str
    title: str | Promise
    text: str = ""
    words: str = ""
    language: str = ""
    css: str = ""
    # The event of a fixed kind this is, where it can be taken away again.
    removable: EpisodeEvent | None = None
    is_one_line: bool = False
    # Where the answers about a session stand, and what was done about a flag.
    answers: Session | None = None
    steps: Sequence[Step] = ()


KEY = {
    "client": gettext_lazy("Client"),
    "counselor": gettext_lazy("Counselor"),
    "band": gettext_lazy("Usual for this client: 9 of 10 ratings"),
    "flag": gettext_lazy("Flag"),
    "talked": gettext_lazy("Talked about"),
    "back_to_usual": gettext_lazy("Back to usual"),
    "missed": gettext_lazy("Missed session"),
    "event": gettext_lazy("Event"),
    "way_changed": gettext_lazy("The way of answering changed"),
}


def key_of(
    points: Sequence[TrendPoint], marks: Sequence[LaneMark] = (), *, by_question: bool = False
) -> list[tuple[str, str | Promise]]:
    """The parts of the key whose marks are on this chart."""
    kinds = {each.kind for each in marks}
    drawn = {
        "client": any(point.client.score is not None for point in points),
        "counselor": any(point.counselor.score is not None for point in points),
        "band": not by_question and any(point.low is not None for point in points),
        "flag": any(point.flag for point in points),
        "talked": "talked" in kinds,
        "back_to_usual": "back_to_usual" in kinds,
        "missed": any(point.missed for point in points),
        "event": bool(kinds - LANE_MARKERS.keys()),
        "way_changed": "way_changed" in kinds,
    }
    return [(role, label) for role, label in KEY.items() if drawn[role]]


def table_of(points: Sequence[TrendPoint], marks: Sequence[LaneMark] = ()) -> list[TableRow]:
    return [row for stop in stops_of(points, marks) for row in _table_rows(stop)]


def _table_rows(stop: Stop) -> Iterator[TableRow]:
    point = stop.point
    if point is None:
        for each in stop.marks:
            if each.on is not None:
                nothing = [NOTHING] * len(FACETS)
                yield TableRow("", each.on, nothing, NOTHING, NOTHING, NOTHING, _said(each))
        return
    yield TableRow(
        number="" if point.number is None else str(point.number),
        date=point.starts_at.date(),
        facets=[mark(getattr(point.client, facet)) for facet in FACETS],
        client=number(point.client.score),
        counselor=number(point.counselor.score),
        usual=NOTHING if point.low is None else usual(point.low, point.high),
        happened="; ".join([*_happened(point), *map(_said, stop.marks)]),
    )


def _said(each: LaneMark) -> str:
    return str(MARK_SENTENCES[each.kind]).rstrip(".")


def _happened(point: TrendPoint) -> Iterator[str]:
    if point.missed:
        yield _("Missed")
    elif point.flag:
        yield _("Flag")
    elif point.client.declined:
        yield _("Chose not to answer")


def events_of(
    history: History,
    story: Story,
    points: Sequence[TrendPoint],
    notes: Sequence[Note],
    promises: Sequence[SaidOfPromise] = (),
) -> list[Event]:
    """The story, newest first: sessions with what was given, flags, talks, the client's words,
    contacts, time on hold, events. What is hidden from this reader is in none of its sources."""
    code, zone = history.episode.client.code, history.zone
    events = [
        *(_note_event(note, code, zone) for note in notes),
        *(_promise_event(each, code, zone) for each in promises),
        *(_flag_event(flag, history, story) for flag in history.flags),
        *(_talk_event(talk, history) for talk in story.talks),
        *(_closing_event(each.at.astimezone(zone).date()) for each in story.closings),
        *(_wish_event(rating, code, zone) for rating in _wishes(history)),
        *(_contact_event(contact, zone) for contact in story.contacts),
        *(event for pause in story.pauses for event in _pause_events(pause, history)),
        *(_dated_event(event) for event in story.events),
        *(_correction_event(row, history) for row in story.corrections),
        *_way_events(points),
        # Last: of one day, below what came of it.
        *map(_session_event, points, history.logged),
    ]
    return sorted(events, key=lambda event: event.on, reverse=True)


def _wishes(history: History) -> list[Rating]:
    return [rating for rating in history.by(Rater.CLIENT) if rating.change_wish]


def _session_event(point: TrendPoint, session: Session) -> Event:
    if point.missed:
        return Event(point.starts_at.date(), "x-lg", _("Missed"))
    given = {"client": number(point.client.score), "counselor": number(point.counselor.score)}
    text = ""
    if point.client.score is not None and point.counselor.score is not None:
        text = _("Client %(client)s, counselor %(counselor)s.") % given
    elif point.client.score is not None:
        text = _("Client %(client)s.") % given
    elif point.counselor.score is not None:
        text = _("Counselor %(counselor)s.") % given
    title = _("Session %(number)d") % {"number": point.number or 0}
    day = point.starts_at.date()
    return Event(day, "person", title, text=text, is_one_line=True, answers=session)


def _way_events(points: Sequence[TrendPoint]) -> Iterator[Event]:
    title = str(MARK_SENTENCES["way_changed"]).rstrip(".")
    for mark_ in way_marks(points):
        point = points[int(mark_.slot)]
        way = Rating.InputKind(point.client.input_kind).label
        text = _("From here on: %(way)s.") % {"way": way}
        yield Event(point.starts_at.date(), "pencil", title, text=text)


WHY_CORRECTED = {each.value: each.label for each in Mistake} | {
    NOT_HELD: gettext_lazy("the session was logged by mistake"),
}


def _correction_event(row: Rating, history: History) -> Event:
    """Who put an answer right, and why; nothing of the answer itself."""
    words = {
        "name": row.entered_by.name if row.entered_by else NOTHING,
        "day": month_day(row.session.starts_at.astimezone(history.zone).date()),
        "why": WHY_CORRECTED.get(row.reason, row.reason),
    }
    if row.outcome != Rating.Outcome.WITHDRAWN:
        text = _("%(name)s put an answer where it belongs, on the session of %(day)s: %(why)s.")
    elif row.rater == Rater.COUNSELOR:
        text = _("%(name)s took the counselor's rating off the session of %(day)s: %(why)s.")
    else:
        text = _("%(name)s took the client's answer off the session of %(day)s: %(why)s.")
    on = row.stored_at.astimezone(history.zone).date()
    return Event(on, "arrow-repeat", _("Put right"), text=text % words)


def _note_event(note: Note, code: str, zone: dt.tzinfo) -> Event:
    title = (
        _("%(client)s wrote, for the counselor and the supervisor")
        if note.for_supervisor
        else _("%(client)s wrote, for the counselor only")
    )
    return Event(
        note.given_at.astimezone(zone).date(),
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


def _promise_event(said: SaidOfPromise, code: str, zone: dt.tzinfo) -> Event:
    title = SAID_OF_PROMISE[Repair.ClientSays(said.says)] % {"client": code}
    return Event(said.at.astimezone(zone).date(), "chat-left-text", title, text=said.promise)


def _flag_event(flag: Flag, history: History, story: Story) -> Event:
    return Event(
        flag.first_rating.session.starts_at.astimezone(history.zone).date(),
        "diamond-fill",
        _("Flag: %(state)s") % {"state": flag.get_state_display()},
        text=flag_sentence(flag, history),
        css="i-flag",
        steps=story.steps.get(flag.pk, ()),
    )


def _talk_event(talk: Repair, history: History) -> Event:
    agreed = unseal(history.episode.client, "agreed", talk.sealed_agreed)
    text = _("What we agreed: %(agreed)s") % {"agreed": agreed} if agreed else ""
    return Event(talk.talked_on, "chat-left-text", _("Talked about"), text=text, css="i-talk")


def _closing_event(on: dt.date) -> Event:
    return Event(on, "arrow-up-right-circle", _("Back to usual"), css="i-well")


def _contact_event(contact: Contact, zone: dt.tzinfo) -> Event:
    words = {"kind": capfirst(contact.get_kind_display()), "outcome": contact.get_outcome_display()}
    title = _("%(kind)s: %(outcome)s") % words
    return Event(contact.at.astimezone(zone).date(), "telephone", title)


def _pause_events(pause: Pause, history: History) -> Iterator[Event]:
    title = _("On hold: %(reason)s") % {"reason": pause.get_reason_display()}
    yield Event(pause.from_on, "pause-circle", title)
    if pause.to_on is not None and history.pause != pause:
        yield Event(pause.to_on, "arrow-repeat", _("No longer on hold"))


def _dated_event(event: EpisodeEvent) -> Event:
    title = capfirst(event.get_kind_display())
    return Event(event.on, "calendar", title, removable=event)


def _wish_event(rating: Rating, code: str, zone: dt.tzinfo) -> Event:
    wishes = dict(WISHES)
    text = str(wishes.get(rating.change_wish, ""))
    title = _("%(client)s, about next time") % {"client": code}
    on = rating.session.starts_at.astimezone(zone).date()
    return Event(on, "chat-left", title, words=text)
