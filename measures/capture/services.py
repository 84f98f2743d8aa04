"""From an invitation to a stored, assessed rating."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db import transaction

from measures.builtin import current_version
from measures.capture.answers import Answers
from measures.capture.asking import (
    AlreadyAnswered,
    SessionNotHeld,
    client_answer,
    lock_episode,
    open_request,
)
from measures.capture.assessing import assess_episode
from measures.capture.tokens import hash_token, new_token
from measures.models import InstrumentVersion, Rater, Rating, RatingLink, RatingRequest
from measures.repair.talks import say_whether_it_happened
from sessions.models import Device, GroupMeeting, Membership, Session
from sessions.sealing import seal
from sessions.wall import set_organization

QR_MINUTES = 15
# A tablet of ours is answered on at once; what lies around does not stay open.
TABLET_MINUTES = 30
# A printed slip with a code: for the rest of the day (see `groups`).
SLIP_HOURS = 12
MINUTES: dict[str, int] = {
    RatingLink.Channel.QR: QR_MINUTES,
    RatingLink.Channel.SLIP: SLIP_HOURS * 60,
    RatingLink.Channel.HANDOVER: TABLET_MINUTES,
    RatingLink.Channel.KIOSK: TABLET_MINUTES,
}


class RequestClosed(Exception):
    """The request was withdrawn or its time ran out."""


class RatedAsAGroup(Exception):
    """Of a group the counselor rates the meeting, once, and nobody in it."""


@dataclass(frozen=True, slots=True)
class MadeLink:
    """A fresh link. The token is here and nowhere else: it is stored as a hash."""

    token: str
    link: RatingLink


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Around a rating: who helped, who else was in the room, and when, if not now.

    `asked_in` is the wording on the paper, where it was asked on paper.
    """

    helper: str = ""
    present: str = ""
    given_at: dt.datetime | None = None
    asked_in: InstrumentVersion | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A stored rating; `is_replay` when the very same answers had been stored before."""

    rating: Rating
    is_replay: bool


def make_link(
    *, session: Session, channel: str, now: dt.datetime, device: Device | None = None
) -> MadeLink:
    """Invite the client to rate a held session: reuses its standing request, mints a new link.

    Raises SessionNotHeld, AlreadyAnswered, NotToBeAsked (`asking.open_request`).
    """
    with transaction.atomic():
        request = open_request(session=session, now=now)
        expires_at = _link_end(request, channel, now)
        token = new_token()
        link = RatingLink.objects.create(
            organization_id=session.organization_id,
            request=request,
            channel=channel,
            device=device,
            token_hash=hash_token(token),
            created_at=now,
            expires_at=expires_at,
        )
    return MadeLink(token, link)


def find_link(token: str, now: dt.datetime) -> RatingLink | None:
    """The link of a token while it is open, else None, without saying why."""
    link = RatingLink.objects.filter(token_hash=hash_token(token)).first()
    return link if link is not None and is_usable(link, now) else None


def is_usable(link: RatingLink, now: dt.datetime) -> bool:
    """Whether a link still leads to questions that wait for an answer.

    Names the organization for the rest of the transaction: a link is found before anybody knows
    whose it is, and what hangs from it stands behind the wall.
    """
    if link.expires_at <= now or link.closed_at is not None:
        return False
    set_organization(link.organization_id)
    answer = answer_of(link.request)
    is_used = answer is not None and answer.outcome != Rating.Outcome.DECLINED
    return link.request.is_open(now) and not is_used


def answer_of(request: RatingRequest) -> Rating | None:
    """What the client answered about the session of a request, whichever way it came in."""
    return client_answer(request.session_id)


def record_rating(
    *,
    session: Session,
    rater: str,
    answers: Answers,
    way_in: str,
    now: dt.datetime,
    request: RatingRequest | None = None,
    rating_uuid: uuid.UUID | None = None,
    entered_by: Membership | None = None,
    around: Circumstances | None = None,
    is_assessed: bool = True,
) -> Receipt:
    """Store one rating, assess its episode and settle its flags, all or nothing.

    A client's request is the key: the same answers again are a receipt, others raise
    AlreadyAnswered; a declined one may still be answered while it is open. Staff bring
    `rating_uuid`, fresh with every form, for the same purpose. Raises RequestClosed,
    SessionNotHeld and, for a counselor's rating of somebody in a group, RatedAsAGroup. An engine
    that fails loses no rating (`assess_episode`). Who stores many at once may do without
    (`is_assessed`) and call it themselves, in the same transaction.
    """
    with transaction.atomic():
        episode = lock_episode(session.episode_id)
        session = Session.objects.select_for_update().get(pk=session.pk)
        session.episode = episode
        earlier = Rating.objects.current().filter(session=session, rater=rater).first()
        if earlier and earlier.payload_hash == answers.fingerprint():
            return Receipt(earlier, is_replay=True)
        if earlier and (earlier.outcome != Rating.Outcome.DECLINED or answers.declined):
            raise AlreadyAnswered(earlier)
        _check_rated_by(rater, session)
        if request is not None:
            _check_open(request, way_in, now)
        if rating_uuid and Rating.objects.filter(uuid=rating_uuid).exists():
            rating_uuid = None  # from the form of another session: no retry of this one
        rating = _store(
            session=session,
            rater=rater,
            answers=answers,
            way_in=way_in,
            now=now,
            request=request,
            rating_uuid=rating_uuid,
            entered_by=entered_by,
            earlier=earlier,
            around=around or Circumstances(),
        )
        if answers.happened:
            say_whether_it_happened(rating=rating, promise=answers.promise, says=answers.happened)
        if is_assessed:
            assess_episode(episode=episode, rater=rater, now=now)
    return Receipt(rating, is_replay=False)


def waive_blind(*, session: Session, now: dt.datetime) -> None:
    """ "Not this time": the counselor does without an own rating and sees the client's.

    In a group it is said once, for the meeting.
    """
    if session.group_id is not None:
        waive_group(meeting=session.group_id, now=now)
        return
    Session.objects.filter(pk=session.pk, blind_waived_at__isnull=True).update(blind_waived_at=now)


def waive_group(*, meeting: int, now: dt.datetime) -> None:
    """ "Not this time", for everybody in a group meeting at once."""
    meetings = GroupMeeting.objects.filter(pk=meeting, blind_waived_at__isnull=True)
    meetings.update(blind_waived_at=now)


def close_link(*, link: RatingLink, now: dt.datetime) -> None:
    """End one link before its time. Its request stays open, and so does every other link."""
    RatingLink.objects.filter(pk=link.pk, closed_at__isnull=True).update(closed_at=now)


def _link_end(request: RatingRequest, channel: str, now: dt.datetime) -> dt.datetime:
    """A code shown in the room is for now; every other link lives as long as its request."""
    minutes = MINUTES.get(channel)
    if minutes is None:
        return request.expires_at
    return min(now + dt.timedelta(minutes=minutes), request.expires_at)


def _check_rated_by(rater: str, session: Session) -> None:
    if session.status != Session.Status.HELD:
        raise SessionNotHeld
    if session.group_id is not None and rater == Rater.COUNSELOR:
        raise RatedAsAGroup


def _check_open(request: RatingRequest, way_in: str, now: dt.datetime) -> None:
    """Paper comes in late: whether it was given in time is judged by who types it (`slips`)."""
    current = RatingRequest.objects.select_for_update().get(pk=request.pk)
    on_paper = way_in == Rating.WayIn.PAPER and current.withdrawn_at is None
    if not (on_paper or current.is_open(now)):
        raise RequestClosed


def _store(
    *,
    session: Session,
    rater: str,
    answers: Answers,
    way_in: str,
    now: dt.datetime,
    request: RatingRequest | None,
    rating_uuid: uuid.UUID | None,
    entered_by: Membership | None,
    earlier: Rating | None,
    around: Circumstances,
) -> Rating:
    asked_in = request.instrument_version if request else current_version()
    version = around.asked_in or asked_in
    if earlier is not None:
        Rating.objects.filter(pk=earlier.pk).update(
            # A later transaction may have come first: its clock is ahead of this one's.
            superseded_at=max(now, earlier.stored_at)
        )
    return Rating.objects.create(
        uuid=rating_uuid or uuid.uuid4(),
        organization_id=session.organization_id,
        session=session,
        rater=rater,
        instrument_id=version.instrument_id,
        instrument_version=version,
        request=request,
        way_in=way_in,
        input_kind=answers.input_kind,
        entered_by=entered_by,
        helper=around.helper,
        present=around.present,
        given_at=around.given_at or now,
        stored_at=now,
        outcome=answers.outcome,
        **answers.facets,
        answers=answers.as_given,
        sealed_note=seal(session.episode.client, "note", answers.note),
        note_for=answers.note_for,
        change_wish=answers.change_wish,
        payload_hash=answers.fingerprint(),
        corrects=earlier,
        reason="answered after declining" if earlier else "",
    )
