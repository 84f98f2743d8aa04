"""One message on its way out: claimed, made into a letter, and what came of it.

At most once, on purpose. A message is claimed by a conditional UPDATE that commits before anything
is handed over; whoever comes second changes no row. Should the sender die in between, nobody knows
whether it went out: it becomes "unsure" and is not sent again, since two texts about the same thing
are worse than one less, and the reminder comes as a second chance. Where a gateway says that it did
not take a message, it is tried again later, a few times.

The tokens of a link are made in the claim and live in the memory of this process only.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import models
from django.db.models import F

from measures.capture.asking import client_answer, lock_episode, plan_reminder, withdraw_request
from measures.capture.letters import (
    Addresses,
    Letter,
    addresses,
    mail_letter,
    message_id_of,
    text_letter,
)
from measures.capture.reaching import address_of, channel_of, hours_of
from measures.capture.tokens import hash_token, new_token
from measures.capture.whom_to_ask import WhyNot, why_not_by_hand
from measures.models import Message, RatingLink, RatingRequest
from sessions.agreements import stop_contact
from sessions.models import ContactChannel, ContactStop
from sessions.wall import transaction_of

# How long to wait after the first, second ... time a message was not taken; then it failed.
AGAIN_AFTER = tuple(dt.timedelta(minutes=minutes) for minutes in (5, 15, 60, 240))

Status = Message.Status
WITHDRAWN = RatingRequest.Withdrawn
# What ends the request as well, not its message alone.
ENDS = {
    WhyNot.CLOSED: WITHDRAWN.CLOSED,
    WhyNot.PAUSED: WITHDRAWN.PAUSED,
    WhyNot.REFUSED: WITHDRAWN.REFUSED,
    WhyNot.NOT_NOW: WITHDRAWN.REFUSED,
}


@dataclass(frozen=True, slots=True)
class Claim:
    """What came of trying to make a message ours: the letter to send, or why there is none."""

    message: Message
    status: str
    letter: Letter | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What the gateway made of a message."""

    status: str
    reference: str = ""
    address_is_wrong: bool = False
    counts_as_attempt: bool = True


def claim(message: Message, now: dt.datetime) -> Claim:
    """Make a due message ours, with a fresh token, or say what it is instead.

    Status SENDING comes with a letter; WAITING and SKIPPED were written down; anything else was
    somebody else's doing.
    """
    with transaction_of(message.organization_id):
        lock_episode(message.request.episode_id)
        row = with_everything(message.pk)
        if row.status != Status.WAITING or row.due_at > now:
            return Claim(row, "")
        if is_needless(row, now):
            _skip(row, now)
            return Claim(row, Status.SKIPPED)
        channel, opens = channel_of(row.request.episode.client, now), opens_at(row, now)
        if channel != row.channel or opens != now:
            _postpone(row, opens or now, channel or row.channel)
            return Claim(row, Status.WAITING)
        if not _take(row, now):
            return Claim(row, "")
        return Claim(row, Status.SENDING, _letter(row, now))


def write_down(message: Message, result: Result, now: dt.datetime) -> str:
    """Store what came of a message that was ours; its status from now on."""
    with transaction_of(message.organization_id):
        row = with_everything(message.pk)
        if result.status == Status.WAITING:
            return _wait(row, result, now)
        if result.address_is_wrong:
            reason = ContactStop.Reason.UNDELIVERED
            client = row.request.episode.client
            stop_contact(client=client, channel=row.channel, reason=reason, now=now)
        _finish(row, result.status, now, result.reference)
    return result.status


def give_up(message: Message, now: dt.datetime) -> bool:
    """Whoever claimed it is gone: it may have arrived. False where it was finished after all."""
    with transaction_of(message.organization_id):
        return _finish(with_everything(message.pk), Status.UNSURE, now)


def is_needless(message: Message, now: dt.datetime) -> bool:
    """Whether nobody needs a message any more: answered, declined, or not to be sent today."""
    request = message.request
    opens = opens_at(message, now)
    return (
        not request.is_open(now)
        or client_answer(request.session_id) is not None
        or why_not_by_hand(request.episode, now) is not None
        or channel_of(request.episode.client, now) is None
        or opens is None
        or opens >= request.expires_at
    )


def opens_at(message: Message, now: dt.datetime) -> dt.datetime | None:
    """When the message may leave, from now on."""
    episode = message.request.episode
    return hours_of(episode.organization, episode.client).next_open(now)


def with_everything(pk: int) -> Message:
    """A message with all that its letter is written from, as it stands at this moment."""
    related = ("link", "request__session", "request__episode__client")
    messages = Message.objects.select_related(*related, "request__episode__organization")
    return messages.get(pk=pk)


def _take(message: Message, now: dt.datetime) -> bool:
    """The claim itself: one statement that only one of two can make true."""
    mine = Message.objects.waiting().filter(pk=message.pk)
    return bool(mine.update(status=Status.SENDING, claimed_at=now, attempts=F("attempts") + 1))


def _skip(message: Message, now: dt.datetime) -> None:
    _finish(message, Status.SKIPPED, now)
    reason = why_not_by_hand(message.request.episode, now)
    if reason in ENDS and client_answer(message.request.session_id) is None:
        withdraw_request(request=message.request, now=now, why=ENDS[reason])


def _wait(message: Message, result: Result, now: dt.datetime) -> str:
    """Later again, each time a little more; too often, or too late, is a failure."""
    if not result.counts_as_attempt:
        message.attempts -= 1
        message.save(update_fields=["attempts"])
        _postpone(message, message.due_at, message.channel)
        return Status.WAITING
    if message.attempts <= len(AGAIN_AFTER):
        again = opens_at(message, now + AGAIN_AFTER[message.attempts - 1])
        if again is not None and again < message.request.expires_at:
            _postpone(message, again, message.channel)
            return Status.WAITING
    _finish(message, Status.FAILED, now)
    return Status.FAILED


def _postpone(message: Message, due_at: dt.datetime, channel: str) -> None:
    _unfinished(message).update(status=Status.WAITING, due_at=due_at, channel=channel)


def _finish(message: Message, status: str, now: dt.datetime, reference: str = "") -> bool:
    """The last word on a message, and what follows. False where somebody else had it."""
    values = {"status": status, "done_at": now, "reference": reference[:100]}
    if not _unfinished(message).update(**values):
        return False
    if status in {Status.SENT, Status.UNSURE}:
        _then_remind(message, now)
    return True


def _unfinished(message: Message) -> models.QuerySet[Message]:
    return Message.objects.filter(pk=message.pk, status__in=[Status.WAITING, Status.SENDING])


def _then_remind(message: Message, now: dt.datetime) -> None:
    if message.kind == Message.Kind.REMINDER:
        message.request.reminded_at = now
        message.request.save(update_fields=["reminded_at"])
    else:
        plan_reminder(request=message.request, now=now)


def _letter(message: Message, now: dt.datetime) -> Letter:
    """What goes out, with tokens nobody has seen before; their hashes are stored on its link."""
    episode = message.request.episode
    client, organization = episode.client, episode.organization
    links = _mint(message, now)
    to = address_of(client, ContactChannel(message.channel))
    until = message.request.expires_at
    if message.channel == ContactChannel.SMS:
        return text_letter(
            client=client,
            organization=organization,
            kind=message.kind,
            to=to,
            rate=links.rate,
            until=until,
        )
    return mail_letter(
        client=client,
        organization=organization,
        kind=message.kind,
        to=to,
        links=links,
        until=until,
        message_id=message_id_of(message),
    )


def _mint(message: Message, now: dt.datetime) -> Addresses:
    """One link to a message: a second attempt takes the place of the first one's tokens."""
    token, stop_token = new_token(), new_token()
    link = message.link or RatingLink(
        organization_id=message.organization_id, request=message.request
    )
    link.channel, link.created_at = message.channel, now
    link.expires_at = message.request.expires_at
    link.token_hash, link.stop_hash = hash_token(token), hash_token(stop_token)
    link.save()
    Message.objects.filter(pk=message.pk).update(link=link)
    return addresses(token, stop_token)
