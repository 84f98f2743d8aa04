"""Logging a session: what became of it, with the counselor's own rating in the same act."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import IntegrityError, transaction
from django.db.models import Q

from measures.capture.answers import Answers
from measures.capture.asking import ask_about, client_answer, withdraw_open_requests
from measures.capture.assessing import assess_episode
from measures.capture.correcting import NOT_HELD, take_off
from measures.capture.services import record_rating
from measures.models import Rater, Rating, RatingRequest
from sessions.models import Episode, Membership, Session
from sessions.pausing import end_pause_by
from sessions.services import TimeTaken


class StaleSession(Exception):
    """Somebody saved this session since the form was opened."""


class RatedSession(Exception):
    """The client answered about it: it took place, or the answer belongs elsewhere."""


class NotYet(Exception):
    """A session of a later day can neither be held nor missed."""


def log_session(
    *,
    session: Session,
    status: str,
    starts_at: dt.datetime,
    mode: str,
    version: int,
    answers: Answers | None,
    rating_uuid: uuid.UUID,
    by: Membership,
    now: dt.datetime,
) -> Session:
    """Store what became of a session and the counselor's rating of it, both or neither.

    A session that was held asks the client, by what they agreed to (`whom_to_ask.why_not`). One
    that turns out not to have been loses the counselor's own rating, as a correction. The same form
    sent twice is stored once. Raises StaleSession, RatedSession, NotYet, TimeTaken and
    AlreadyAnswered; nothing is stored then.
    """
    with transaction.atomic():
        episode = Episode.objects.select_for_update().get(pk=session.episode_id)
        current = Session.objects.select_for_update(of=("self",)).get(pk=session.pk)
        changed = (current.status, current.starts_at, current.mode) != (status, starts_at, mode)
        if current.version != version and changed:
            raise StaleSession
        if changed:
            _check(current, status, starts_at, now)
            _save(current, status, starts_at, mode)
            if status == Session.Status.HELD:
                end_pause_by(current)
            else:
                _take_off_own(current, by, now)
        if answers is not None and status == Session.Status.HELD:
            record_rating(
                session=current,
                rater=Rater.COUNSELOR,
                answers=answers,
                way_in=Rating.WayIn.STAFF,
                now=now,
                rating_uuid=rating_uuid,
                entered_by=by,
            )
        if changed:
            _reassess(episode, now)
            ask_or_not(current, now)
    return current


def _check(session: Session, status: str, starts_at: dt.datetime, now: dt.datetime) -> None:
    happened = status in {Session.Status.HELD, Session.Status.MISSED}
    today = session.organization.today
    if happened and today(starts_at) > today(now):
        raise NotYet
    if status != Session.Status.HELD and client_answer(session.pk) is not None:
        raise RatedSession


def _take_off_own(session: Session, by: Membership, now: dt.datetime) -> None:
    """What a counselor said of a session that was none."""
    for rating in Rating.objects.current().by(Rater.COUNSELOR).filter(session=session):
        take_off(rating, NOT_HELD, by, now)
        assess_episode(episode=session.episode, rater=Rater.COUNSELOR, now=now)


def _save(session: Session, status: str, starts_at: dt.datetime, mode: str) -> None:
    session.status, session.starts_at, session.mode = status, starts_at, mode
    session.version += 1
    try:
        with transaction.atomic():
            session.save(update_fields=["status", "starts_at", "mode", "version"])
    except IntegrityError as error:
        raise TimeTaken from error


def ask_or_not(session: Session, now: dt.datetime) -> None:
    """A held session is asked about; one that turns out not to be, no longer."""
    if session.status == Session.Status.HELD:
        ask_about(session=session, now=now)
    else:
        why = RatingRequest.Withdrawn.NOT_HELD
        withdraw_open_requests(of=Q(session=session), why=why, now=now)


def _reassess(episode: Episode, now: dt.datetime) -> None:
    """A session moved or came in between: the order the engine reads has changed."""
    for rater in Rater.values:
        if Rating.objects.current().by(rater).alone().filter(session__episode=episode).exists():
            assess_episode(episode=episode, rater=rater, now=now)
