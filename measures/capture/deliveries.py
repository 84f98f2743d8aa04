"""What gateways report afterwards: a message came back, or somebody answered STOP.

Reports name a message as the gateway did when it took it, or the address. Whose it is comes from
the sealed identities, opened one after the other: addresses are stored in no other form.
"""

from __future__ import annotations

import datetime as dt
import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from enum import StrEnum

from django.db.models import QuerySet

from measures.capture.reaching import address_of
from measures.models import Message
from sessions.agreements import stop_contact
from sessions.models import Client, ContactChannel, ContactStop, Organization
from sessions.phones import normalized_phone
from sessions.wall import transaction_of


class Event(StrEnum):
    """What can happen to a message once a gateway has it."""

    DELIVERED = "delivered"
    BOUNCED = "bounced"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Report:
    """One thing a gateway says: `who` is an address, or what the gateway calls the message."""

    event: Event
    channel: ContactChannel
    who: str


MESSAGE_ID = re.compile(r"^Message-ID:\s*(<\S+>)", re.IGNORECASE | re.MULTILINE)
REASONS = {
    Event.BOUNCED: ContactStop.Reason.UNDELIVERED,
    Event.STOPPED: ContactStop.Reason.STOPPED,
}


def parse_line(line: str) -> Report:
    """A line such as `stopped sms +13125550142`. Raises ValueError, without quoting it."""
    words = line.split()
    if len(words) != 3:
        raise ValueError
    return Report(Event(words[0].lower()), ContactChannel(words[1].lower()), words[2])


def parse_bounce(raw: bytes) -> list[Report]:
    """What a mail server says in a delivery report (RFC 3464); empty for any other mail.

    Only what failed for good counts: a report of a delay is followed by another.
    """
    mail = email.message_from_bytes(raw, policy=policy.default)
    failed = [part for part in mail.walk() if _says_failed(part)]
    if not failed:
        return []
    sent = _message_id(mail)
    names = [sent] if sent else [_recipient(part) for part in failed]
    return [Report(Event.BOUNCED, ContactChannel.MAIL, name) for name in names if name]


def record(report: Report, now: dt.datetime) -> int:
    """Act on a report; how many clients it was about. The same report twice is one."""
    if report.event == Event.DELIVERED:
        return 0
    found = 0
    for organization in Organization.objects.order_by("pk"):
        with transaction_of(organization.pk):
            for client in _clients(report, organization, now):
                reason = REASONS[report.event]
                stop_contact(client=client, channel=report.channel, reason=reason, now=now)
                found += 1
    return found


def _clients(report: Report, organization: Organization, now: dt.datetime) -> Iterator[Client]:
    messages = Message.objects.filter(
        organization=organization, channel=report.channel, reference=report.who
    )
    message = messages.select_related("request__episode__client").first()
    if message is None:
        for client in _with_address(report, organization):
            _came_back(Message.objects.filter(request__episode__client=client), report, now)
            yield client
        return
    client = message.request.episode.client
    if client.erased_at is None and not _was_put_right_since(message):
        yield client
    _came_back(messages, report, now)


def _came_back(messages: QuerySet[Message], report: Report, now: dt.datetime) -> None:
    """What was sent there did not arrive."""
    if report.event == Event.BOUNCED:
        there = messages.filter(channel=report.channel, status__in=["sent", "unsure"])
        there.update(status=Message.Status.UNDELIVERED, done_at=now)


def _was_put_right_since(message: Message) -> bool:
    """A late report is about the address of that time, not the one that was corrected since."""
    client = message.request.episode.client
    ended = ContactStop.objects.filter(client=client, channel=message.channel)
    return ended.filter(ended_at__gt=message.done_at or message.due_at).exists()


def _with_address(report: Report, organization: Organization) -> Iterator[Client]:
    wanted = _comparable(report.who, report.channel)
    clients = Client.objects.filter(organization=organization, erased_at__isnull=True)
    for client in clients.filter(sealed_identity__isnull=False).iterator():
        if wanted and wanted == _comparable(address_of(client, report.channel), report.channel):
            yield client


def _comparable(address: str, channel: ContactChannel) -> str:
    if channel == ContactChannel.SMS:
        return normalized_phone(address)
    return address.strip().strip("<>").casefold()


def _says_failed(part: EmailMessage) -> bool:
    """One recipient's block of a delivery report, with a failure that is for good."""
    status, action = (str(part.get(name, "")).strip() for name in ("Status", "Action"))
    return action.lower() == "failed" and status.startswith("5")


def _recipient(part: EmailMessage) -> str:
    """`rfc822; jo@example.org` without the kind of address."""
    return str(part.get("Final-Recipient", "")).rpartition(";")[2].strip()


def _message_id(mail: EmailMessage) -> str:
    """The mail that came back lies behind the report, whole or by its headers."""
    for part in mail.walk():
        kind = part.get_content_type()
        if kind == "text/rfc822-headers":
            found = re.search(
                r"^Message-ID:\s*(<\S+>)", part.get_content(), re.IGNORECASE | re.MULTILINE
            )
            if found:
                return found[1]
        if kind == "message/rfc822":
            inner = part.get_content()
            return str(inner.get("Message-ID", "")).strip()
    return ""
