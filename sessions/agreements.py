"""What a client agreed to: being asked, being written to, earlier answers read by the next one.

All can be withdrawn at once, by the client in any way; messages by whoever reads at the address.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db import transaction

from sessions.models import Client, Consent, ContactChannel, ContactStop, Episode


def agreement(
    client: Client, purpose: str, now: dt.datetime, *, episode: Episode | None = None
) -> bool | None:
    """Whether the client agrees today; None where they were never asked.

    `episode`: whose answers it is about, for `Purpose.EARLIER`.
    """
    return agreements([client.pk], purpose, now, episode=episode)[client.pk]


def agreements(
    clients: Collection[int], purpose: str, now: dt.datetime, *, episode: Episode | None = None
) -> dict[int, bool | None]:
    """`agreement` of each of these clients, by their key."""
    given = Consent.objects.filter(client__in=clients, purpose=purpose, episode=episode)
    answered = dict.fromkeys(given.values_list("client", flat=True), False)
    agreed = dict.fromkeys(given.current(now).values_list("client", flat=True), True)
    return {**dict.fromkeys(clients), **answered, **agreed}


def agree(
    *,
    client: Client,
    purpose: str,
    text_version: str,
    how: str,
    now: dt.datetime,
    episode: Episode | None = None,
) -> None:
    """Store that a client agreed to the text of that version. Agreeing twice is agreeing once.

    To agree to messages again ends what the client themselves had stopped.
    """
    with transaction.atomic():
        _lock(client)
        if agreement(client, purpose, now, episode=episode):
            return
        _withdraw(client, purpose, "", now, episode)  # what ran out makes room
        Consent.objects.create(
            organization_id=client.organization_id,
            client=client,
            purpose=purpose,
            episode=episode,
            text_version=text_version,
            given_at=now,
            how=how,
        )
        if purpose == Consent.Purpose.CONTACT:
            _end_stops(client, now, reason=ContactStop.Reason.STOPPED)


def refuse(
    *,
    client: Client,
    purpose: str,
    text_version: str,
    how: str,
    now: dt.datetime,
    episode: Episode | None = None,
) -> bool:
    """Store that a client says no: who had agreed agrees no more, and a first no is kept as well.

    A no right away is a row that was withdrawn the moment it was given, so that it is not taken
    for "not asked yet". False where they had said no before.
    """
    with transaction.atomic():
        _lock(client)
        if _withdraw(client, purpose, how, now, episode):
            return True
        if agreement(client, purpose, now, episode=episode) is not None:
            return False
        Consent.objects.create(
            organization_id=client.organization_id,
            client=client,
            purpose=purpose,
            episode=episode,
            text_version=text_version,
            given_at=now,
            how=how,
            withdrawn_at=now,
            withdrawn_how=how,
        )
        return True


def stop_contact(*, client: Client, channel: str, reason: str, now: dt.datetime) -> None:
    """Send nothing more to a client's address; where they asked for it, to none of them.

    The same twice is once. "They asked us to stop" outlasts the other reasons.
    """
    with transaction.atomic():
        _lock(client)
        if reason == ContactStop.Reason.STOPPED:
            _withdraw(client, Consent.Purpose.CONTACT, "stopped by a message", now)
        running = ContactStop.objects.running().filter(client=client, channel=channel).first()
        if running is not None and ContactStop.Reason.STOPPED in {running.reason, reason}:
            if running.reason == ContactStop.Reason.STOPPED:
                return
            _end_stops(client, now, channel=channel)
            running = None
        if running is None:
            ContactStop.objects.create(
                organization_id=client.organization_id,
                client=client,
                channel=channel,
                reason=reason,
                at=now,
            )


def restart_contact(*, stop: ContactStop, now: dt.datetime) -> bool:
    """The address was looked at and is right: send there again. False where that is not enough.

    Where the client asked us to stop, only their agreeing anew starts it again (`agree`).
    """
    running = ContactStop.objects.running().exclude(reason=ContactStop.Reason.STOPPED)
    return bool(running.filter(pk=stop.pk).update(ended_at=max(now, stop.at)))


def address_corrected(*, client: Client, channel: ContactChannel, now: dt.datetime) -> None:
    """What was wrong with the old address says nothing about the new one."""
    for reason in (ContactStop.Reason.UNDELIVERED, ContactStop.Reason.NOT_ME):
        _end_stops(client, now, channel=channel, reason=reason)


def _lock(client: Client) -> None:
    """One writer per client. On SQLite the transaction itself is the lock."""
    Client.objects.select_for_update(of=("self",)).get(pk=client.pk)


def _withdraw(
    client: Client, purpose: str, how: str, now: dt.datetime, episode: Episode | None = None
) -> bool:
    standing = Consent.objects.filter(client=client, purpose=purpose, withdrawn_at__isnull=True)
    rows = list(standing.filter(episode=episode))
    for row in rows:
        row.withdrawn_at, row.withdrawn_how = max(now, row.given_at), how
        row.save(update_fields=["withdrawn_at", "withdrawn_how"])
    return bool(rows)


def _end_stops(client: Client, now: dt.datetime, **which: str) -> None:
    for stop in ContactStop.objects.running().filter(client=client, **which):
        stop.ended_at = max(now, stop.at)
        stop.save(update_fields=["ended_at"])
