"""Putting an answer right: given on the wrong client's tablet, or typed in for the wrong day.

Ratings are append-only. What was wrong is superseded, a row beside it says who took it off and why,
and the answers are stored anew where they belong. Both episodes are assessed again.
"""

from __future__ import annotations

import datetime as dt

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from measures.capture.asking import AlreadyAnswered, SessionNotHeld, client_answer
from measures.capture.assessing import assess_episode
from measures.models import Rater, Rating, RatingRequest, Repair
from sessions.models import Episode, Membership, Session
from sessions.sealing import seal, unseal


class Mistake(models.TextChoices):
    """How an answer came to stand in the wrong place."""

    WRONG_CLIENT = "wrong client", _("another client answered")
    WRONG_SESSION = "wrong session", _("it is about another session of this client")
    WRONG_SLIP = "wrong slip", _("it was typed in from another slip")


# Beside an own rating of a session that was logged by mistake.
NOT_HELD = "not held"


class NothingToMove(Exception):
    """The client gave no answer about this session, or somebody took it off before."""


def move_rating(
    *, session: Session, to: Session | None, why: str, by: Membership, now: dt.datetime
) -> Rating | None:
    """Take the client's answer off a session and store it for another; the new rating.

    Without `to` it is only taken off: it belongs to nobody here. The note is sealed again under the
    other client's key, what the form asked about a promise is taken back, and the request it came
    by is withdrawn, so that the client can be asked again. `why`: one of Mistake. Raises
    NothingToMove, SessionNotHeld, AlreadyAnswered (the other session has an answer); nothing is
    stored then.
    """
    with transaction.atomic():
        _lock(session, to)
        wrong = client_answer(session.pk)
        if wrong is None:
            raise NothingToMove
        if to is not None:
            _check(to)
        take_off(wrong, why, by, now)
        _forget_what_came_with(wrong, now)
        moved = None if to is None else _store(wrong, to, why, by, now)
        for episode in {session.episode_id, to.episode_id if to else session.episode_id}:
            row = Episode.objects.select_related("organization").get(pk=episode)
            assess_episode(episode=row, rater=Rater.CLIENT, now=now)
    return moved


def _lock(session: Session, to: Session | None) -> None:
    """Always in the same order, so that two who do it at once wait and do not block each other."""
    keys = [session.episode_id, *([to.episode_id] if to else [])]
    list(Episode.objects.select_for_update().filter(pk__in=keys).order_by("pk"))


def _check(to: Session) -> None:
    if Session.objects.get(pk=to.pk).status != Session.Status.HELD:
        raise SessionNotHeld
    answer = client_answer(to.pk)
    if answer is not None:
        raise AlreadyAnswered(answer)


def take_off(wrong: Rating, why: str, by: Membership, now: dt.datetime) -> None:
    """Supersede a rating; a row beside it keeps who took it off, and why."""
    at = max(now, wrong.stored_at)
    Rating.objects.filter(pk=wrong.pk).update(superseded_at=at)
    Rating.objects.create(
        organization_id=wrong.organization_id,
        session=wrong.session,
        rater=wrong.rater,
        instrument_id=wrong.instrument_id,
        instrument_version_id=wrong.instrument_version_id,
        way_in=Rating.WayIn.STAFF,
        input_kind=wrong.input_kind,
        entered_by=by,
        given_at=at,
        stored_at=at,
        outcome=Rating.Outcome.WITHDRAWN,
        payload_hash="",
        corrects=wrong,
        reason=why,
        superseded_at=at,
    )


def _forget_what_came_with(wrong: Rating, now: dt.datetime) -> None:
    """The answer about a promise, and the request, so that the client can be asked again."""
    Repair.objects.filter(said_in=wrong).update(said_in=None, client_says="")
    RatingRequest.objects.standing().filter(session=wrong.session_id).update(
        withdrawn_at=now, withdrawn_why=RatingRequest.Withdrawn.BY_HAND
    )


def _store(wrong: Rating, to: Session, why: str, by: Membership, now: dt.datetime) -> Rating:
    note = unseal(wrong.session.episode.client, "note", wrong.sealed_note)
    RatingRequest.objects.standing().filter(session=to).update(
        withdrawn_at=now, withdrawn_why=RatingRequest.Withdrawn.BY_HAND
    )
    return Rating.objects.create(
        organization_id=to.organization_id,
        session=to,
        rater=wrong.rater,
        instrument_id=wrong.instrument_id,
        instrument_version_id=wrong.instrument_version_id,
        way_in=wrong.way_in,
        input_kind=wrong.input_kind,
        helper=wrong.helper,
        present=wrong.present,
        entered_by=by,
        given_at=wrong.given_at,
        stored_at=max(now, wrong.stored_at),
        outcome=wrong.outcome,
        respect=wrong.respect,
        understanding=wrong.understanding,
        goals=wrong.goals,
        answers=wrong.answers,
        sealed_note=seal(to.episode.client, "note", note),
        note_for=wrong.note_for,
        change_wish=wrong.change_wish,
        payload_hash=wrong.payload_hash,
        reason=why,
    )
