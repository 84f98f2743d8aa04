"""From an invitation to a stored, assessed rating."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db import transaction

from measures.builtin import current_version
from measures.capture.answers import Answers
from measures.capture.assessing import assess_episode
from measures.capture.tokens import hash_token, new_token
from measures.models import Rater, Rating, RatingLink, RatingRequest
from measures.repair.talks import say_whether_it_happened
from sessions.models import Episode, Membership, Session
from sessions.sealing import seal
from sessions.wall import set_organization

QR_MINUTES = 15
# A new link is not worth much with less time than this; its request is then given new time.
SHORTEST = dt.timedelta(days=1)


class AlreadyAnswered(Exception):
    """Other answers are stored for this request. They stand."""

    def __init__(self, rating: Rating) -> None:
        super().__init__("This request was answered before.")
        self.rating = rating


class RequestClosed(Exception):
    """The request was withdrawn or its time ran out."""


class SessionNotHeld(Exception):
    """Only a session that took place can be rated."""


@dataclass(frozen=True, slots=True)
class MadeLink:
    """A fresh link. The token is here and nowhere else: it is stored as a hash."""

    token: str
    link: RatingLink


@dataclass(frozen=True, slots=True)
class Receipt:
    """A stored rating; `is_replay` when the very same answers had been stored before."""

    rating: Rating
    is_replay: bool


def make_link(*, session: Session, channel: str, now: dt.datetime) -> MadeLink:
    """Invite the client to rate a held session: reuses its open request, mints a new link.

    A request whose time ran out is given new time. Raises SessionNotHeld, AlreadyAnswered.
    """
    if session.status != Session.Status.HELD:
        raise SessionNotHeld
    with transaction.atomic():
        _lock(session.episode_id)
        request = _open_request(session, now)
        expires_at = _link_end(request, channel, now)
        token = new_token()
        link = RatingLink.objects.create(
            organization_id=session.organization_id,
            request=request,
            channel=channel,
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
    if link.expires_at <= now:
        return False
    set_organization(link.organization_id)
    answer = answer_of(link.request)
    is_used = answer is not None and answer.outcome != Rating.Outcome.DECLINED
    return link.request.is_open(now) and not is_used


def answer_of(request: RatingRequest) -> Rating | None:
    """What the client answered about the session of a request, whichever way it came in."""
    return _client_answer(request.session_id)


def _client_answer(session_id: int) -> Rating | None:
    return Rating.objects.current().by(Rater.CLIENT).filter(session=session_id).first()


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
) -> Receipt:
    """Store one rating, assess its episode and settle its flags, all or nothing.

    A client's request is the key: the same answers again are a receipt, others raise
    AlreadyAnswered; a declined one may still be answered while it is open. Staff bring
    `rating_uuid`, fresh with every form, for the same purpose. Raises RequestClosed and
    SessionNotHeld. An engine that fails loses no rating (`assess_episode`).
    """
    with transaction.atomic():
        episode = _lock(session.episode_id)
        session = Session.objects.select_for_update().get(pk=session.pk)
        session.episode = episode
        earlier = Rating.objects.current().filter(session=session, rater=rater).first()
        if earlier and earlier.payload_hash == answers.fingerprint():
            return Receipt(earlier, is_replay=True)
        if earlier and (earlier.outcome != Rating.Outcome.DECLINED or answers.declined):
            raise AlreadyAnswered(earlier)
        if session.status != Session.Status.HELD:
            raise SessionNotHeld
        if request is not None:
            _check_open(request, now)
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
        )
        if answers.happened:
            say_whether_it_happened(rating=rating, promise=answers.promise, says=answers.happened)
        assess_episode(episode=episode, rater=rater, now=now)
    return Receipt(rating, is_replay=False)


def waive_blind(*, session: Session, now: dt.datetime) -> None:
    """ "Not this time": the counselor does without an own rating and sees the client's."""
    Session.objects.filter(pk=session.pk, blind_waived_at__isnull=True).update(blind_waived_at=now)


def withdraw_request(*, request: RatingRequest, now: dt.datetime) -> None:
    """End every link of a request: it reached somebody it is not for."""
    RatingRequest.objects.filter(pk=request.pk, withdrawn_at__isnull=True).update(withdrawn_at=now)


def _lock(episode_id: int) -> Episode:
    """One writer per episode. On SQLite the transaction itself is the lock."""
    locked = Episode.objects.select_for_update(of=("self",)).select_related(
        "organization", "client"
    )
    return locked.get(pk=episode_id)


def _open_request(session: Session, now: dt.datetime) -> RatingRequest:
    answer = _client_answer(session.pk)
    if answer is not None and answer.outcome != Rating.Outcome.DECLINED:
        raise AlreadyAnswered(answer)
    instrument_version = current_version()
    expires_at = now + dt.timedelta(days=session.organization.request_days)
    request, is_new = RatingRequest.objects.get_or_create(
        session=session,
        instrument=instrument_version.instrument,
        withdrawn_at=None,
        defaults={
            "organization_id": session.organization_id,
            "instrument_version": instrument_version,
            "created_at": now,
            "expires_at": expires_at,
        },
    )
    if not is_new and request.expires_at - now < SHORTEST:
        request.expires_at = expires_at
        request.save(update_fields=["expires_at"])
    return request


def _link_end(request: RatingRequest, channel: str, now: dt.datetime) -> dt.datetime:
    """A code shown in the room is for now; every other link lives as long as its request."""
    if channel == RatingLink.Channel.QR:
        return min(now + dt.timedelta(minutes=QR_MINUTES), request.expires_at)
    return request.expires_at


def _check_open(request: RatingRequest, now: dt.datetime) -> None:
    current = RatingRequest.objects.select_for_update().get(pk=request.pk)
    if not current.is_open(now):
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
) -> Rating:
    version = request.instrument_version if request else current_version()
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
        given_at=now,
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
