"""Group meetings: planned, logged in one act for everybody, and asked about on the own phone.

A meeting belongs to one counselor, and everybody in it is an open episode of that counselor's: what
somebody else's clients said stays with them, so a meeting led by two is logged by each for their
own. The counselor rates the meeting once (`GroupRating`), never the people in it.

A slip with a QR code, a short address and six digits is good for SLIP_HOURS from when it is shown:
it is handed out as a group ends and answered there, on the bus or that evening; one that is left
on a chair opens nothing the next day. New slips close the ones before. Ten groups of fifteen a
day, all of them printed, keep 75 codes open on average, as many as `codes` reckons with.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction

from measures.builtin import current_version
from measures.capture.answers import Answers
from measures.capture.asking import AlreadyAnswered, NotToBeAsked, SessionNotHeld
from measures.capture.codes import MadeCode, make_code
from measures.capture.logging_sessions import NotYet, ask_or_not
from measures.capture.services import MadeLink, make_link
from measures.capture.whom_to_ask import WhyNot
from measures.models import GroupRating, Rating, RatingLink
from sessions.models import Episode, GroupMeeting, Membership, Session

# Who can still talk with each other in one room.
MOST = 30
# Not a status: somebody was put down by mistake.
TAKEN_OFF = "off"


class StaleGroup(Exception):
    """Somebody saved this meeting since the form was opened."""


class GroupTimeTaken(Exception):
    """The counselor has a group at that time already."""

    def __init__(self, meeting: GroupMeeting) -> None:
        super().__init__("There is a group at that time.")
        self.meeting = meeting


class GroupRated(Exception):
    """The one rating of this meeting is stored already, and it was another."""


class AboutClient(Exception):
    """Something about one of them stands against saving."""

    def __init__(self, session: Session) -> None:
        super().__init__(type(self).__doc__)
        self.code = session.episode.client.code


class ClientBusy(AboutClient):
    """This client has another session at that time."""


class ClientAnswered(AboutClient):
    """Who answered was there."""


class ClientGone(AboutClient):
    """Their episode is closed, so what is stored stays."""


@dataclass(frozen=True, slots=True)
class Roster:
    """What became of everybody: a status (or TAKEN_OFF) by session, and who came unplanned."""

    statuses: Mapping[int, str]
    walk_ins: Sequence[Episode] = field(default_factory=list)


def plan_group(
    *, counselor: Membership, episodes: Iterable[Episode], starts_at: dt.datetime, mode: str
) -> GroupMeeting:
    """Put a group on the calendar, with a session for each of these episodes of the counselor's.

    Raises GroupTimeTaken and ClientBusy; nothing is stored then.
    """
    with transaction.atomic():
        try:
            with transaction.atomic():
                meeting = GroupMeeting.objects.create(
                    organization_id=counselor.organization_id,
                    counselor=counselor,
                    starts_at=starts_at,
                )
        except IntegrityError as error:
            there = GroupMeeting.objects.get(counselor=counselor, starts_at=starts_at)
            raise GroupTimeTaken(there) from error
        for episode in episodes:
            _save(_new(meeting, episode, starts_at, mode, Session.Status.SCHEDULED))
    return meeting


def log_group(
    *,
    meeting: GroupMeeting,
    version: int,
    starts_at: dt.datetime,
    mode: str,
    roster: Roster,
    answers: Answers | None,
    by: Membership,
    now: dt.datetime,
) -> None:
    """Store what became of a meeting and the counselor's one rating of it, all or nothing.

    Who was there is asked, by what they agreed to
    (`whom_to_ask.why_not`); who was not, is not any more. The same form sent twice is stored once.
    Raises StaleGroup, GroupTimeTaken, GroupRated, ClientBusy, ClientAnswered, ClientGone, NotYet.
    """
    with transaction.atomic():
        locked = GroupMeeting.objects.select_for_update().get(pk=meeting.pk)
        sessions = _sessions_of(locked)
        list(Episode.objects.select_for_update().filter(sessions__in=sessions).order_by("pk"))
        before = {each.pk: (each.status, each.starts_at, each.mode) for each in sessions}
        wanted = {each.pk: roster.statuses.get(each.pk, each.status) for each in sessions}
        there = {each.episode_id for each in sessions}
        coming = [each for each in roster.walk_ins if each.pk not in there]
        changed = [
            each for each in sessions if before[each.pk] != (wanted[each.pk], starts_at, mode)
        ]
        if locked.version != version and (changed or coming):
            raise StaleGroup
        _check(changed, coming, wanted, starts_at, now)
        _move(locked, starts_at)
        for session in changed:
            _become(session, wanted[session.pk], starts_at, mode)
        for episode in coming:
            session = _new(locked, episode, starts_at, mode, Session.Status.HELD)
            _save(session)
            changed.append(session)
        _rate(locked, answers if _was_held(locked) else None, by, now)
        if changed:
            locked.version += 1
            locked.save(update_fields=["version"])
        for session in changed:
            ask_or_not(session, now)


def _sessions_of(meeting: GroupMeeting) -> list[Session]:
    related = ("organization", "episode__client", "episode__organization")
    locked = Session.objects.select_for_update(of=("self",)).select_related(*related)
    return list(locked.filter(group=meeting).order_by("episode__client__code", "pk"))


def _was_held(meeting: GroupMeeting) -> bool:
    return Session.objects.held().filter(group=meeting).exists()


def _new(
    meeting: GroupMeeting, episode: Episode, starts_at: dt.datetime, mode: str, status: str
) -> Session:
    return Session(
        organization_id=meeting.organization_id,
        episode=episode,
        group=meeting,
        starts_at=starts_at,
        mode=mode,
        status=status,
    )


def _save(session: Session) -> None:
    try:
        with transaction.atomic():
            session.save()
    except IntegrityError as error:
        raise ClientBusy(session) from error


def _check(
    changed: Sequence[Session],
    coming: Sequence[Episode],
    wanted: Mapping[int, str],
    starts_at: dt.datetime,
    now: dt.datetime,
) -> None:
    happened = {Session.Status.HELD, Session.Status.MISSED}
    for session in changed:
        if session.episode.closed_on is not None:
            raise ClientGone(session)
        rated = Rating.objects.current().filter(session=session).exists()
        if rated and wanted[session.pk] != Session.Status.HELD:
            raise ClientAnswered(session)
    took_place = bool(coming) or any(wanted[each.pk] in happened for each in changed)
    here = [*(each.organization for each in changed), *(each.organization for each in coming)]
    if took_place and here[0].today(starts_at) > here[0].today(now):
        raise NotYet


def _move(meeting: GroupMeeting, starts_at: dt.datetime) -> None:
    if meeting.starts_at == starts_at:
        return
    meeting.starts_at = starts_at
    try:
        with transaction.atomic():
            meeting.save(update_fields=["starts_at"])
    except IntegrityError as error:
        there = GroupMeeting.objects.get(counselor=meeting.counselor_id, starts_at=starts_at)
        raise GroupTimeTaken(there) from error


def _become(session: Session, status: str, starts_at: dt.datetime, mode: str) -> None:
    """Who is taken off leaves the roster; the row stays, cancelled, as every row does."""
    if status == TAKEN_OFF:
        session.group, status = None, Session.Status.CANCELLED
    session.status, session.starts_at, session.mode = status, starts_at, mode
    session.version += 1
    _save(session)


def _rate(meeting: GroupMeeting, answers: Answers | None, by: Membership, now: dt.datetime) -> None:
    """At most one: the same again is a receipt, another is refused."""
    if answers is None:
        return
    earlier = GroupRating.objects.filter(meeting=meeting).first()
    if earlier is not None:
        if earlier.facet_values != (answers.respect, answers.understanding, answers.goals):
            raise GroupRated
        return
    GroupRating.objects.create(
        organization_id=meeting.organization_id,
        meeting=meeting,
        instrument_version=current_version(),
        entered_by=by,
        stored_at=now,
        **answers.facets,
    )


# ---- the slips for their own phones ----


@dataclass(frozen=True, slots=True)
class CodeSlip:
    """One slip. Its token and digits are here and nowhere else."""

    session: Session
    made: MadeLink
    code: MadeCode


@dataclass(frozen=True, slots=True)
class NoSlip:
    """Somebody who was there and gets none; `why` is None where an answer is here already."""

    session: Session
    why: WhyNot


@dataclass(frozen=True, slots=True)
class CodeSlips:
    slips: list[CodeSlip]
    refused: list[NoSlip]


def make_code_slips(*, sessions: Iterable[Session], now: dt.datetime) -> CodeSlips:
    """A slip for each of these held sessions whose client may be asked by hand."""
    slips, refused = [], []
    with transaction.atomic():
        for session in sessions:
            try:
                slips.append(_slip(session, now))
            except AlreadyAnswered:
                refused.append(NoSlip(session, WhyNot.ANSWERED))
            except SessionNotHeld:
                refused.append(NoSlip(session, WhyNot.NOT_HELD))
            except NotToBeAsked as refusal:
                refused.append(NoSlip(session, refusal.why))
    return CodeSlips(slips, refused)


def _slip(session: Session, now: dt.datetime) -> CodeSlip:
    slip = RatingLink.Channel.SLIP
    made = make_link(session=session, channel=slip, now=now)
    earlier = RatingLink.objects.filter(request=made.link.request_id, channel=slip)
    earlier.filter(closed_at__isnull=True).exclude(pk=made.link.pk).update(closed_at=now)
    return CodeSlip(session, made, make_code(link=made.link, now=now))
