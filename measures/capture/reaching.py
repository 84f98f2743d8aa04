"""How a client who is not here can be reached, and when: as they chose, and no other way."""

from __future__ import annotations

import datetime as dt

from measures.capture.hours import EVERY_DAY, Hours
from sessions.agreements import agreement
from sessions.models import Client, Consent, ContactChannel, ContactStop, Organization
from sessions.sealing import unseal_identity

DAYS = {
    Client.ContactDays.ANY: EVERY_DAY,
    Client.ContactDays.WEEKDAYS: frozenset(range(5)),
    Client.ContactDays.WEEKENDS: frozenset({5, 6}),
}


def channel_of(client: Client, now: dt.datetime) -> ContactChannel | None:
    """The way messages may go to this client today; None where they may not, or cannot."""
    if client.answers_by != Client.AnswersBy.PHONE or not client.contact_by:
        return None
    channel = ContactChannel(client.contact_by)
    if not agreement(client, Consent.Purpose.CONTACT, now):
        return None
    if ContactStop.objects.running().filter(client=client, channel=channel).exists():
        return None
    return channel if address_of(client, channel) else None


def address_of(client: Client, channel: ContactChannel) -> str:
    """The mail address or phone number, out of its envelope; empty where there is none."""
    identity = unseal_identity(client)
    return identity.email if channel == ContactChannel.MAIL else identity.phone


def hours_of(organization: Organization, client: Client) -> Hours:
    """When a message may go to this client: the organization's hours, within the client's own."""
    zone = organization.zone
    office = Hours(zone, organization.send_from, organization.send_until)
    days = DAYS[Client.ContactDays(client.contact_days)]
    own = Hours(zone, client.contact_from or office.start, client.contact_until or office.end, days)
    return office.within(own)
