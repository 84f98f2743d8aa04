"""Paper slips: printed for a session, held or still to come, and typed in when they come back.

What counts is the day the client wrote on, which whoever types it in says. It must lie between the
session (or the first printing, where that came later) and the end of the time the client had: as
many days as any request has, from that moment, or until the request's own end where that is later.
So paper that was given in time still counts when the request has run out, or a newer one took its
place; it can be typed in for LONGEST. A request that was taken back ends its paper with it.

An answer that is there, whichever way it came in, stays. Only the session's counselor may answer
after a decline, and once they have rated: to others a decline is an answer like any other, and they
must not learn which.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from django.db import IntegrityError, transaction

from measures.builtin import current_version
from measures.capture.answers import Answers
from measures.capture.asking import (
    AlreadyAnswered,
    SessionNotHeld,
    client_answer,
    lock_episode,
    open_request,
)
from measures.capture.handovers import OwnRatingFirst, may_hand_over
from measures.capture.services import Circumstances, RequestClosed, record_rating
from measures.capture.slip_codes import new_code
from measures.capture.whom_to_ask import WhyNot, why_not_by_hand
from measures.models import PaperSlip, Rater, Rating, RatingRequest
from sessions.access import Viewer
from sessions.agreements import agreement
from sessions.languages import client_language
from sessions.models import Consent, Membership, Session

# As long as the practice figures look back: what is older changes no talk any more.
LONGEST = dt.timedelta(days=90)


class WhyNotEntered(StrEnum):
    """Why the answers on a slip are not stored."""

    NOT_LOGGED = "nobody has said that the session was held"
    NOT_HELD = "the session was missed or cancelled"
    TYPED = "the slip was typed in before"
    ANSWERED = "an answer came in another way"
    WITHDRAWN = "the request was taken back"
    REFUSED = "the client does not want to be asked"
    CLOSED = "the episode is closed"
    TOO_OLD = "too long ago"


class NotEntered(Exception):
    """Nothing was stored."""

    def __init__(self, why: WhyNotEntered) -> None:
        super().__init__(why.value)
        self.why = why


class WrongDay(Exception):
    """Nobody can have answered on that day, or not in time."""


@dataclass(frozen=True, slots=True)
class NotPrinted:
    """A session nobody gets a slip for."""

    session: Session
    why: WhyNot


@dataclass(frozen=True, slots=True)
class Printed:
    slips: list[PaperSlip]
    refused: list[NotPrinted]


@dataclass(frozen=True, slots=True)
class Days:
    """The days a slip can have been answered on, both included, on the calendar of the place."""

    first: dt.date
    last: dt.date


# ---- printing ----


def print_slips(*, sessions: Iterable[Session], by: Membership, now: dt.datetime) -> Printed:
    """A slip for each session that can be asked about; a second printing gives the same slip.

    Asks about a session that was held (`asking.open_request`, by hand); one that is still to come
    is asked about when it was held.
    """
    chosen, slips, refused = list(sessions), [], []
    with transaction.atomic():
        # In one order, whoever prints what: two who wait for each other would wait forever.
        episodes = {pk: lock_episode(pk) for pk in sorted({each.episode_id for each in chosen})}
        for session in chosen:
            session.episode = episodes[session.episode_id]
            why = _why_not_printed(session, now)
            if why is not None:
                refused.append(NotPrinted(session, why))
                continue
            if session.status == Session.Status.HELD:
                open_request(session=session, now=now)
            slips.append(_slip_of(session, by, now))
    return Printed(slips, refused)


def _why_not_printed(session: Session, now: dt.datetime) -> WhyNot | None:
    if session.status not in {Session.Status.HELD, Session.Status.SCHEDULED}:
        return WhyNot.NOT_HELD
    if client_answer(session.pk) is not None:
        return WhyNot.ANSWERED
    return why_not_by_hand(session.episode, now)


def _slip_of(session: Session, by: Membership, now: dt.datetime) -> PaperSlip:
    slip = PaperSlip.objects.filter(session=session).first()
    version = current_version()
    while slip is None:
        try:
            with transaction.atomic():
                slip = PaperSlip.objects.create(
                    organization_id=session.organization_id,
                    session=session,
                    slip_code=new_code(),
                    instrument_version=version,
                    printed_by=by,
                    printed_at=now,
                )
        except IntegrityError:  # another slip has that code: once in some thousands
            continue
    slip.session = session
    return slip


# ---- the time a client has ----


def days_of(slip: PaperSlip, request: RatingRequest | None) -> Days:
    """`request` is the last one about the session."""
    organization = slip.session.organization
    begins = max(slip.session.starts_at, slip.printed_at)
    ends = begins + dt.timedelta(days=organization.request_days)
    last = max(ends, request.expires_at) if request else ends
    return Days(organization.today(begins), organization.today(last))


def request_of(session: Session) -> RatingRequest | None:
    """The last request about a session, whatever became of it."""
    return RatingRequest.objects.filter(session=session).order_by("-pk").first()


# ---- typing in ----


def why_not_entered(slip: PaperSlip, viewer: Viewer) -> WhyNotEntered | None:
    """What stands against typing a slip in, whatever is on it."""
    session, now = slip.session, viewer.now
    return (
        _not_to_be_answered(session, viewer)
        or _not_held(session)
        or _taken_back(session, now)
        or (WhyNotEntered.TOO_OLD if _is_too_old(slip, now) else None)
    )


def _not_to_be_answered(session: Session, viewer: Viewer) -> WhyNotEntered | None:
    answer = client_answer(session.pk)
    if answer is None or (_is_declined(answer) and _may_know(viewer, session)):
        return None
    typed = answer.way_in == Rating.WayIn.PAPER
    return WhyNotEntered.TYPED if typed else WhyNotEntered.ANSWERED


def _is_declined(answer: Rating) -> bool:
    return answer.outcome == Rating.Outcome.DECLINED


def _may_know(viewer: Viewer, session: Session) -> bool:
    """Who counsels the client, and is not blind any more."""
    counsels = session.episode.counselor_id in {each.pk for each in viewer.acts_for}
    return counsels and may_hand_over(session, viewer)


def _not_held(session: Session) -> WhyNotEntered | None:
    if session.status == Session.Status.HELD:
        return None
    planned = session.status == Session.Status.SCHEDULED
    return WhyNotEntered.NOT_LOGGED if planned else WhyNotEntered.NOT_HELD


def _taken_back(session: Session, now: dt.datetime) -> WhyNotEntered | None:
    if session.episode.closed_on is not None:
        return WhyNotEntered.CLOSED
    if agreement(session.episode.client, Consent.Purpose.ASKED, now) is False:
        return WhyNotEntered.REFUSED
    request = request_of(session)
    withdrawn = request is not None and request.withdrawn_at is not None
    return WhyNotEntered.WITHDRAWN if withdrawn else None


def _is_too_old(slip: PaperSlip, now: dt.datetime) -> bool:
    return now > max(slip.session.starts_at, slip.printed_at) + LONGEST


def enter_slip(
    *,
    slip: PaperSlip,
    viewer: Viewer,
    answers: Answers,
    given_on: dt.date,
    rating_uuid: uuid.UUID,
    helper: str = "",
    present: str = "",
) -> Rating:
    """Store what a client wrote on a slip, as given on its own day and stored now.

    `rating_uuid` is fresh with every form: the same form sent twice is stored once. Raises
    NotEntered, WrongDay, and OwnRatingFirst where the session's counselor types it in and has
    neither rated it nor waived that; nothing is stored then.
    """
    session, now = slip.session, viewer.now
    with transaction.atomic():
        session.episode = lock_episode(session.episode_id)
        session.refresh_from_db(fields=["status", "starts_at", "blind_waived_at"])
        if not _is_retry(session, rating_uuid):
            _check(slip, viewer, given_on)
        try:
            receipt = record_rating(
                session=session,
                rater=Rater.CLIENT,
                answers=_on_paper(answers, session),
                way_in=Rating.WayIn.PAPER,
                now=now,
                request=request_of(session),
                rating_uuid=rating_uuid,
                entered_by=viewer.membership,
                around=Circumstances(
                    helper, present, _given_at(slip, given_on, now), slip.instrument_version
                ),
            )
        except AlreadyAnswered as earlier:
            typed = earlier.rating.way_in == Rating.WayIn.PAPER
            raise NotEntered(WhyNotEntered.TYPED if typed else WhyNotEntered.ANSWERED) from earlier
        except SessionNotHeld as error:
            raise NotEntered(WhyNotEntered.NOT_HELD) from error
        except RequestClosed as error:
            raise NotEntered(WhyNotEntered.WITHDRAWN) from error
    return receipt.rating


def _is_retry(session: Session, rating_uuid: uuid.UUID) -> bool:
    """The very form. That other answers are the same must not be told: it would give them away."""
    answer = client_answer(session.pk)
    return answer is not None and answer.uuid == rating_uuid


def _check(slip: PaperSlip, viewer: Viewer, given_on: dt.date) -> None:
    why = why_not_entered(slip, viewer)
    if why is not None:
        raise NotEntered(why)
    if not may_hand_over(slip.session, viewer):
        raise OwnRatingFirst
    days = days_of(slip, request_of(slip.session))
    if not days.first <= given_on <= min(days.last, viewer.today):
        raise WrongDay


def _on_paper(answers: Answers, session: Session) -> Answers:
    language = client_language(session.episode.client.language)
    return replace(answers, input_kind=Rating.InputKind.PAPER.value, language=language)


def _given_at(slip: PaperSlip, day: dt.date, now: dt.datetime) -> dt.datetime:
    """Paper says a day. At noon, but neither before it could be answered nor in the future."""
    noon = dt.datetime.combine(day, dt.time(12), tzinfo=slip.session.organization.zone)
    return min(max(noon, slip.session.starts_at, slip.printed_at), now)
