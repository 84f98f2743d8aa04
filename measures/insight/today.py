"""Today, as plain values: sessions in order, and everything else that waits for this counselor."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from measures.insight import sentences
from measures.insight.chips import Chip, chips_of, sort_key
from measures.insight.due import DueAction, due_actions
from measures.insight.history import histories, outlines
from measures.insight.openers import Opener, openers
from measures.insight.outline import AnyOutline, score_of
from measures.insight.reaching_out import ReachOut, reach_out
from measures.insight.read_models import Note, note_of
from measures.models import Flag, Rater, Rating, unrated_sessions, unread_notes
from sessions.access import Viewer
from sessions.models import Episode, Session
from sessions.models.meetings import SessionQuerySet
from sessions.sealing import unseal_identity

NEW_SESSIONS = 3
MOST_NOTES = 20


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session of today, and the one next step with it."""

    session: Session
    code: str
    name: str
    chips: list[Chip]
    step: str
    client_score: str
    own_score: str
    is_next: bool
    number: int
    minutes: int | None
    has_begun: bool
    opener: Opener | None
    # Whether a call to this client stands under "Reach out".
    calls: bool
    flag: Flag | None


@dataclass(frozen=True, slots=True)
class NewClient:
    """A client in sessions one to three: which comes next, and when."""

    episode: Episode
    number: int
    next_at: dt.datetime | None
    is_today: bool
    rated: int
    # The counselor they were with before, if somebody else.
    was_with: str


@dataclass(frozen=True, slots=True)
class Overdue:
    """A client on hold who was expected back before today."""

    episode: Episode
    code: str
    chips: list[Chip]
    sentence: str


@dataclass(frozen=True, slots=True)
class Today:
    """The counselor's day."""

    sessions: list[SessionRow]
    unrated: list[Session]
    # Not yet talked about, and not coming today: most concern first.
    waiting: list[AnyOutline]
    calls: ReachOut
    # Clients of whom hardly anything is known yet.
    new: list[NewClient]
    due: list[DueAction]
    notes: list[Note]
    # Where none is today.
    next_session: Session | None
    overdue: list[Overdue]

    @property
    def to_come(self) -> int:
        return sum(row.session.status == Session.Status.SCHEDULED for row in self.sessions)


def today(viewer: Viewer) -> Today:
    """Today's sessions in order, and what else waits for this counselor."""
    zone = viewer.organization.zone
    own = (
        Session.objects.filter(episode__in=Episode.objects.editable_by(viewer).values("pk"))
        .not_cancelled()
        .select_related("episode__client", "episode__counselor")
    )
    sessions = list(own.alone().starting_on(viewer.today, zone).order_by("starts_at", "pk"))
    cases = sorted(outlines(viewer, _episodes(viewer)), key=sort_key)
    calls = reach_out(viewer, cases)
    seen_today = {session.episode_id for session in sessions}
    running = Episode.objects.editable_by(viewer).running(viewer.today)
    return Today(
        sessions=_session_rows(viewer, sessions, {each.episode.pk: each for each in cases}, calls),
        unrated=list(
            own.alone()
            .filter(pk__in=unrated_sessions(viewer).values("pk"))
            .filter(episode__in=running.values("pk"))
            .exclude(pk__in=[session.pk for session in sessions])
            .order_by("starts_at")
        ),
        waiting=[
            each for each in cases if each.waits_for_talk and each.episode.pk not in seen_today
        ],
        calls=calls,
        new=[_new_client(viewer, each) for each in cases if _is_new(each)],
        due=due_actions(viewer),
        notes=[note_of(rating) for rating in _unread(viewer)],
        overdue=[_overdue(each) for each in cases if each.is_overdue],
        next_session=None if sessions else _next_of(own, viewer.now),
    )


def _next_of(own: SessionQuerySet, now: dt.datetime) -> Session | None:
    return own.scheduled().filter(starts_at__gt=now).order_by("starts_at").first()


def _episodes(viewer: Viewer) -> list[Episode]:
    mine = Episode.objects.editable_by(viewer)
    return list(mine.select_related("client", "continues__counselor"))


def _unread(viewer: Viewer) -> QuerySet[Rating]:
    """The oldest first: whoever wrote first has waited longest."""
    notes = unread_notes(viewer).select_related("session__episode__client")
    return notes.order_by("given_at", "pk")[:MOST_NOTES]


def _overdue(case: AnyOutline) -> Overdue:
    return Overdue(
        episode=case.episode,
        code=case.episode.client.code,
        chips=chips_of(case),
        sentence=sentences.paused(case.pause, is_overdue=True) if case.pause else "",
    )


def _is_new(history: AnyOutline) -> bool:
    return history.pause is None and len(history.held) < NEW_SESSIONS


def _new_client(viewer: Viewer, history: AnyOutline) -> NewClient:
    day = viewer.organization.today
    coming = [each.starts_at for each in history.scheduled if day(each.starts_at) >= viewer.today]
    next_at = coming[0] if coming else None
    return NewClient(
        episode=history.episode,
        number=len(history.held) + 1,
        next_at=next_at,
        is_today=next_at is not None and viewer.organization.today(next_at) == viewer.today,
        rated=len(history.answered),
        was_with=_was_with(history.episode),
    )


def _was_with(episode: Episode) -> str:
    before = episode.continues
    if before is None or before.counselor_id == episode.counselor_id:
        return ""
    return before.counselor.name


def _session_rows(
    viewer: Viewer, sessions: Sequence[Session], cases: dict[int, AnyOutline], calls: ReachOut
) -> list[SessionRow]:
    keys = [session.pk for session in sessions]
    every = Rating.objects.clinical_to(viewer).current().filter(session__in=keys)
    given = set(every.values_list("session_id", "rater"))
    upcoming = next((each.pk for each in sessions if _is_upcoming(each, viewer.now)), None)
    come = {each.episode_id: cases[each.episode_id].episode for each in sessions}
    known = {each.episode.pk: each for each in histories(viewer, list(come.values()))}
    to_come = {each.episode_id for each in sessions if each.status == Session.Status.SCHEDULED}
    cards = openers(viewer, [known[key] for key in sorted(to_come)])
    to_call = {call.episode.pk for call in calls.due}
    rows = []
    for session in sessions:
        case = cases[session.episode_id]
        rows.append(
            SessionRow(
                session=session,
                code=case.episode.client.code,
                name=unseal_identity(case.episode.client).name,
                chips=chips_of(case),
                step=_step(session, given),
                client_score=_score(known[session.episode_id].rating(session, Rater.CLIENT)),
                own_score=_score(known[session.episode_id].rating(session, Rater.COUNSELOR)),
                is_next=session.pk == upcoming,
                number=_number(session, case),
                minutes=_minutes(session, viewer.now),
                has_begun=session.starts_at <= viewer.now,
                opener=cards.get(session.episode_id)
                if session.status == Session.Status.SCHEDULED
                else None,
                calls=session.episode_id in to_call,
                flag=case.open_flag,
            )
        )
    return rows


def _number(session: Session, history: AnyOutline) -> int:
    """Which held session of the episode this is, or will be."""
    return 1 + len([each for each in history.held if each.starts_at < session.starts_at])


def _minutes(session: Session, now: dt.datetime) -> int | None:
    """Until it begins, within the next hour and a half."""
    minutes = int((session.starts_at - now).total_seconds() // 60)
    return minutes if 0 < minutes <= 90 else None


def _is_upcoming(session: Session, now: dt.datetime) -> bool:
    grace = dt.timedelta(minutes=50)
    return session.status == Session.Status.SCHEDULED and session.starts_at > now - grace


def _step(session: Session, given: set[tuple[int, str]]) -> str:
    """The one next step: log, rate, invite, or nothing more."""
    if session.status == Session.Status.SCHEDULED:
        return "log"
    if session.status == Session.Status.MISSED:
        return "missed"
    if (session.pk, Rater.COUNSELOR.value) not in given and session.blind_waived_at is None:
        return "rate_given" if (session.pk, Rater.CLIENT.value) in given else "rate"
    return "done" if (session.pk, Rater.CLIENT.value) in given else "invite"


def _score(rating: Rating | None) -> str:
    return sentences.number(score_of(rating)) if rating else ""


def clients_on(page: Today) -> set[int]:
    """Everybody whose data are on the page, for the access log."""
    episodes = [
        *(row.session.episode for row in page.sessions),
        *(session.episode for session in page.unrated),
        *(each.episode for each in page.waiting),
        *(call.episode for call in page.calls.due),
        *(row.episode for row in page.calls.put_off),
        *(contact.episode for contact in page.calls.done),
        *(note.episode for note in page.notes),
        *(row.episode for row in page.overdue),
        *(row.episode for row in page.new),
        *(row.action.episode for row in page.due if row.action.episode),
    ]
    return {episode.client_id for episode in episodes}
