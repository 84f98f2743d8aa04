"""Messages end: because somebody said so, or because they do not arrive. The front desk is told.

All of it is shown on the page "Messages" and beside the client's address, never with any content.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from measures.capture.asking import (
    client_answer,
    lock_episode,
    plan_invitation,
    withdraw_request,
)
from measures.models import Message, RatingLink, RatingRequest
from sessions.agreements import restart_contact, stop_contact
from sessions.models import Client, ContactChannel, ContactStop


def is_by_message(link: RatingLink) -> bool:
    """Whether a link was sent somewhere, or shown and handed over here."""
    return link.channel in ContactChannel.values


def not_for_them(*, link: RatingLink, now: dt.datetime) -> None:
    """ "This is not for me": close the request, and write to that address no more."""
    with transaction.atomic():
        withdraw_request(request=link.request, now=now)
        if is_by_message(link):
            _stop(link, ContactStop.Reason.NOT_ME, now)


def no_more_messages(*, link: RatingLink, now: dt.datetime) -> None:
    """ "Do not write to me anymore": the questions themselves stay open until their time is up."""
    _stop(link, ContactStop.Reason.STOPPED, now)


def start_again(*, stop: ContactStop, now: dt.datetime) -> bool:
    """The address was looked at, and is right after all. False where only the client can say so."""
    with transaction.atomic():
        done = restart_contact(stop=stop, now=now)
        if done:
            write_anew(client=stop.client, now=now)
    return done


def write_anew(*, client: Client, now: dt.datetime) -> None:
    """Whoever can be reached again is sent what is open now and never arrived."""
    with transaction.atomic():
        for request in RatingRequest.objects.open(now).filter(episode__client=client):
            lock_episode(request.episode_id)
            if client_answer(request.session_id) is None and not _was_sent(request):
                reminders = request.messages.waiting().filter(kind=Message.Kind.REMINDER)
                reminders.update(status=Message.Status.SKIPPED, done_at=now)
                plan_invitation(request=request, now=now)


def _was_sent(request: RatingRequest) -> bool:
    invitations = Message.objects.live().filter(request=request, kind=Message.Kind.INVITATION)
    return invitations.exists()


def _stop(link: RatingLink, reason: str, now: dt.datetime) -> None:
    client = link.request.episode.client
    stop_contact(client=client, channel=link.channel, reason=reason, now=now)
