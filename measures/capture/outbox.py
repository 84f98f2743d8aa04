"""The outbox: what is due goes out, however many machines look after it (see outgoing.py)."""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from measures.capture.gateway_errors import AddressRefused, NotTaken, Unreachable
from measures.capture.gateways import Gateway
from measures.capture.letters import Letter
from measures.capture.outgoing import (
    Result,
    claim,
    give_up,
    is_needless,
    opens_at,
    with_everything,
    write_down,
)
from measures.models import Message
from sessions.models import Organization
from sessions.wall import transaction_of

log = logging.getLogger(__name__)

# Sending takes seconds. Whoever claimed a message this long ago is not sending it any more.
LOST_AFTER = dt.timedelta(minutes=15)
LATE_AFTER = dt.timedelta(hours=1)

Clock = Callable[[], dt.datetime]
Status = Message.Status


@dataclass(frozen=True, slots=True)
class Sent:
    """What one run did, in numbers. `down` are the channels whose gateway was not there."""

    counts: Counter[str] = field(default_factory=Counter)
    by_channel: Counter[str] = field(default_factory=Counter)
    down: set[str] = field(default_factory=set)

    def add(self, status: str, channel: str) -> None:
        self.counts[status] += 1
        if status == Status.SENT:
            self.by_channel[channel] += 1


def send_due(
    *, gateways: Mapping[str, Gateway], clock: Clock, batch: int, stop: Callable[[], bool]
) -> Sent:
    """Send what is due, at most `batch` of it. Whatever one message meets, the others go on.

    A gateway that is not there is asked once; its messages wait, unclaimed. `stop` is asked before
    each message whether to leave the rest to the next run.
    """
    sent = Sent()
    for message in _lost(clock()):
        if give_up(message, clock()):
            sent.add(Status.UNSURE, message.channel)
    for message in due(clock(), batch):
        if stop():
            break
        _send(message, gateways[message.channel], sent, clock)
    return sent


def would_send(now: dt.datetime, batch: int) -> Sent:
    """What `send_due` would do with what is due, without doing it."""
    sent = Sent()
    for message in due(now, batch):
        with transaction_of(message.organization_id):
            row = with_everything(message.pk)
            if is_needless(row, now):
                sent.add(Status.SKIPPED, row.channel)
            else:
                sent.add(Status.SENT if opens_at(row, now) == now else Status.WAITING, row.channel)
    return sent


def due(now: dt.datetime, batch: int) -> Iterator[Message]:
    """What waits and is due, at most `batch` of it, the longest due of each organization first."""
    left = batch
    for organization in Organization.objects.order_by("pk"):
        with transaction_of(organization.pk):
            waiting = Message.objects.waiting().filter(organization=organization, due_at__lte=now)
            ordered = waiting.select_related("request").order_by("due_at", "pk")
            rows = list(ordered[:left])
        yield from rows
        left -= len(rows)
        if left <= 0:
            return


def late_messages(organization: Organization, now: dt.datetime) -> int:
    """How many should be gone by now: nobody runs `send_due`, or a gateway is away for long.

    Whatever waits for the morning is due in the morning, so the night is not late.
    """
    waiting = Message.objects.waiting().filter(organization=organization)
    return waiting.filter(due_at__lt=now - LATE_AFTER).count()


def _lost(now: dt.datetime) -> Iterator[Message]:
    for organization in Organization.objects.order_by("pk"):
        with transaction_of(organization.pk):
            claimed = Message.objects.filter(
                organization=organization,
                status=Status.SENDING,
                claimed_at__lt=now - LOST_AFTER,
            )
            rows = list(claimed)
        yield from rows


def _send(message: Message, gateway: Gateway, sent: Sent, clock: Clock) -> None:
    if message.channel in sent.down or not _reach(gateway, message.channel, sent):
        sent.add(Status.WAITING, message.channel)
        return
    try:
        ours = claim(message, clock())
        status = ours.status
        if ours.letter is not None:
            result = _hand_over(ours.letter, gateway, message.channel, sent)
            status = write_down(ours.message, result, clock())
    finally:
        _leave(gateway)
    if status:
        sent.add(status, message.channel)


def _reach(gateway: Gateway, channel: str, sent: Sent) -> bool:
    """Before anything is claimed: a gateway that is not there costs no message."""
    try:
        gateway.open()
    except Unreachable:
        sent.down.add(channel)
        return False
    return True


def _hand_over(letter: Letter, gateway: Gateway, channel: str, sent: Sent) -> Result:
    """Send it. No transaction is open meanwhile, and the claim stands whatever happens here."""
    try:
        return Result(Status.SENT, gateway.send(letter))
    except AddressRefused:
        return Result(Status.FAILED, address_is_wrong=True)
    except NotTaken as refusal:
        return Result(Status.WAITING if refusal.for_now else Status.FAILED)
    except Unreachable:
        sent.down.add(channel)
        return Result(Status.WAITING, counts_as_attempt=False)
    except Exception as error:  # noqa: BLE001  a backend of somebody else's may raise anything
        # The type alone: the text of such an error may hold an address.
        log.warning("A message may not have arrived: %s", type(error).__name__)
        return Result(Status.UNSURE)


def _leave(gateway: Gateway) -> None:
    try:
        gateway.close()
    except Exception as error:  # noqa: BLE001  what was sent is sent
        log.warning("A gateway did not say goodbye: %s", type(error).__name__)
