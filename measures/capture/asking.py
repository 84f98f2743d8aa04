"""Requests, from the held session on.

One request stands in an episode. The database holds that (a unique index over the rows neither
withdrawn nor superseded), and every writer here first locks the episode, so that two of them queue
instead of failing. A newer request supersedes the one before, whose outcome stays what it was.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q

from measures.builtin import current_version
from measures.capture.reaching import channel_of, hours_of
from measures.capture.whom_to_ask import WhyNot, why_not, why_not_by_hand
from measures.models import Message, Rater, Rating, RatingRequest, unanswered_requests
from sessions.models import Episode, Session
from sessions.wall import transaction_of

# A new link is not worth much with less time than this; its request is then given new time.
SHORTEST = dt.timedelta(days=1)
# No message while client and counselor still sit together. Sessions have no end on record.
WHILE_THEY_TALK = dt.timedelta(hours=1)


class NotToBeAsked(Exception):
    """Not even by hand: the client does not want to be asked, or there is nobody to ask."""

    def __init__(self, why: WhyNot) -> None:
        super().__init__(why.value)
        self.why = why


class SessionNotHeld(Exception):
    """Only a session that took place can be rated."""


class AlreadyAnswered(Exception):
    """Other answers are stored for this request. They stand."""

    def __init__(self, rating: Rating) -> None:
        super().__init__("This request was answered before.")
        self.rating = rating


def lock_episode(episode_id: int) -> Episode:
    """One writer per episode. On SQLite the transaction itself is the lock."""
    locked = Episode.objects.select_for_update(of=("self",)).select_related(
        "organization", "client"
    )
    return locked.get(pk=episode_id)


def client_answer(session_id: int) -> Rating | None:
    """What the client answered about a session, whichever way it came in."""
    return Rating.objects.current().by(Rater.CLIENT).filter(session=session_id).first()


# ---- requests ----


def ask_about(*, session: Session, now: dt.datetime) -> RatingRequest | None:
    """Make the request of a session that was just logged as held, and plan its message.

    None where nobody is to be asked (`why_not`); the same session twice is asked about once.
    """
    with transaction.atomic():
        session.episode = lock_episode(session.episode_id)
        standing = _standing(session.episode)
        if standing is not None and standing.session_id == session.pk:
            return standing
        if why_not(session, now) is not None:
            return None
        request = _new_request(session, now)
        plan_invitation(request=request, now=now)
    return request


def open_request(*, session: Session, now: dt.datetime) -> RatingRequest:
    """The request to hang a link on that somebody makes by hand: the standing one, or a new one.

    A request whose time is nearly up is given new time. By hand goes before: a request about
    another session of the episode is superseded, even by an older session. Raises SessionNotHeld,
    AlreadyAnswered, NotToBeAsked.
    """
    with transaction.atomic():
        session.episode = lock_episode(session.episode_id)
        if session.status != Session.Status.HELD:
            raise SessionNotHeld
        answer = client_answer(session.pk)
        if answer is not None and answer.outcome != Rating.Outcome.DECLINED:
            raise AlreadyAnswered(answer)
        reason = why_not_by_hand(session.episode, now)
        if reason is not None:
            raise NotToBeAsked(reason)
        standing = _standing(session.episode)
        if standing is None or standing.session_id != session.pk:
            return _new_request(session, now)
        if standing.expires_at - now < SHORTEST:
            standing.expires_at = _end(session.episode, now)
            standing.save(update_fields=["expires_at"])
        return standing


def withdraw_request(
    *,
    request: RatingRequest,
    now: dt.datetime,
    why: str = RatingRequest.Withdrawn.NOT_ME,
) -> bool:
    """End every link of a request. False where something had ended it before."""
    standing = RatingRequest.objects.standing().filter(pk=request.pk)
    return bool(standing.update(withdrawn_at=now, withdrawn_why=why))


def withdraw_open_requests(*, of: Q, why: str, now: dt.datetime) -> list[RatingRequest]:
    """End what is being asked at the moment `of` somebody, or about something; what it was.

    What was answered or ran out before is left as it is.
    """
    with transaction.atomic():
        unanswered = unanswered_requests(now).filter(of)
        return [each for each in unanswered if withdraw_request(request=each, now=now, why=why)]


def episodes_were_closed(*, episodes: Sequence[Episode], now: dt.datetime, **_kwargs: Any) -> None:
    """Receiver: nobody is asked about a closed episode."""
    with transaction_of(episodes[0].organization_id):
        why = RatingRequest.Withdrawn.CLOSED
        withdraw_open_requests(of=Q(episode__in=episodes), why=why, now=now)


def episode_was_paused(*, episode: Episode, now: dt.datetime, **_kwargs: Any) -> None:
    """Receiver: nobody is asked while they are away."""
    with transaction_of(episode.organization_id):
        why = RatingRequest.Withdrawn.PAUSED
        withdraw_open_requests(of=Q(episode=episode), why=why, now=now)


def _standing(episode: Episode) -> RatingRequest | None:
    return RatingRequest.objects.standing().filter(episode=episode).first()


def _new_request(session: Session, now: dt.datetime) -> RatingRequest:
    """The episode is locked: what stands is superseded, and nothing comes in between."""
    standing = _standing(session.episode)
    if standing is not None:
        standing.superseded_at = max(now, standing.created_at)
        standing.save(update_fields=["superseded_at"])
    version = current_version()
    return RatingRequest.objects.create(
        organization_id=session.organization_id,
        episode=session.episode,
        session=session,
        instrument=version.instrument,
        instrument_version=version,
        created_at=now,
        expires_at=_end(session.episode, now),
    )


def _end(episode: Episode, now: dt.datetime) -> dt.datetime:
    return now + dt.timedelta(days=episode.organization.request_days)


# ---- what may be told of them ----


def desk_states(sessions: Iterable[Session], now: dt.datetime) -> dict[int, str]:
    """What the front desk may know of each session, by its key: "ready" or "finished", or nothing.

    A decline is finished like any answer: that somebody is done is all this says.
    """
    keys = [session.pk for session in sessions]
    asked = RatingRequest.objects.open(now).filter(session__in=keys)
    answered = Rating.objects.current().by(Rater.CLIENT).filter(session__in=keys)
    states = dict.fromkeys(asked.values_list("session_id", flat=True), "ready")
    return states | dict.fromkeys(answered.values_list("session_id", flat=True), "finished")


# ---- messages ----


def plan_invitation(*, request: RatingRequest, now: dt.datetime) -> Message | None:
    """Write down that a message is to go out, where the client can be written to."""
    earliest = max(now, request.session.starts_at + WHILE_THEY_TALK)
    return _plan(request, Message.Kind.INVITATION, earliest, now)


def plan_reminder(*, request: RatingRequest, now: dt.datetime) -> Message | None:
    """Write down the one reminder, so many days after the invitation went out at `now`."""
    days = request.episode.organization.reminder_days
    if not days:
        return None
    return _plan(request, Message.Kind.REMINDER, now + dt.timedelta(days=days), now)


def _plan(
    request: RatingRequest, kind: str, earliest: dt.datetime, now: dt.datetime
) -> Message | None:
    client, organization = request.episode.client, request.episode.organization
    channel = channel_of(client, now)
    due_at = hours_of(organization, client).next_open(earliest)
    if channel is None or due_at is None or due_at >= request.expires_at:
        return None
    message, _ = Message.objects.live().get_or_create(
        request=request,
        kind=kind,
        defaults={
            "organization_id": request.organization_id,
            "channel": channel,
            "due_at": due_at,
        },
    )
    return message
