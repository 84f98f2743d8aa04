"""Reaching out to somebody who did not come: what was tried, and a slip taken back."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from sessions.models import Contact, Episode, Membership

# Two taps so close together are one call.
ONE_TAP = dt.timedelta(seconds=20)
# What stands on the buttons: how, and what came of it.
DID: dict[str, tuple[str, str]] = {
    "reached": (Contact.Kind.CALL, Contact.Outcome.REACHED),
    "message": (Contact.Kind.CALL, Contact.Outcome.NEUTRAL_MESSAGE),
    "no_answer": (Contact.Kind.CALL, Contact.Outcome.NO_ANSWER),
    "text": (Contact.Kind.TEXT, Contact.Outcome.NEUTRAL_MESSAGE),
    "letter": (Contact.Kind.LETTER, Contact.Outcome.NEUTRAL_MESSAGE),
    "visit": (Contact.Kind.VISIT, Contact.Outcome.REACHED),
}


def record_contact(*, episode: Episode, did: str, by: Membership, now: dt.datetime) -> Contact:
    """Keep what was tried; `did` is a key of DID. The same tap twice is stored once."""
    kind, outcome = DID[did]
    with transaction.atomic():
        Episode.objects.select_for_update().get(pk=episode.pk)  # the second tap waits here
        same = episode.contacts.standing().filter(
            by=by, kind=kind, outcome=outcome, at__gt=now - ONE_TAP
        )
        return same.first() or Contact.objects.create(
            organization_id=episode.organization_id,
            episode=episode,
            at=now,
            by=by,
            kind=kind,
            outcome=outcome,
        )


def withdraw_contact(*, contact: Contact, now: dt.datetime) -> None:
    """Take a slip back. It stays on record and counts for nothing."""
    standing = Contact.objects.standing().filter(pk=contact.pk)
    standing.update(withdrawn_at=max(now, contact.at))
