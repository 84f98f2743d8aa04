"""What follows from a client's choices: consent on record, and who is asked or written to now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q

from measures.capture.asking import withdraw_open_requests
from measures.capture.intake_texts import VERSION
from measures.capture.reaching import address_of
from measures.capture.stopping import write_anew
from measures.models import RatingRequest
from sessions.agreements import address_corrected, agree, refuse
from sessions.models import Client, Consent, ContactChannel
from sessions.sealing import Identity, seal_identity

# What the form gives as the client's row has it.
KEPT = (
    "language",
    "answers_with",
    "answers_by",
    "cadence",
    "not_asked_before",
    "contact_by",
    "contact_days",
    "contact_from",
    "contact_until",
    "own_word",
)


@dataclass(frozen=True, slots=True)
class Agreed:
    """What a client says to each question of consent today, and how they said it.

    None where they were not asked yet.
    """

    asked: bool | None
    contact: bool | None
    how: str


def keep_choices(
    *,
    client: Client,
    identity: Identity,
    choices: Mapping[str, Any],
    agreed: Agreed,
    now: dt.datetime,
) -> None:
    """Store a client's choices, all or nothing, and act on them.

    A changed address ends what was wrong with the old one. Who agrees no more to be asked has no
    open request from now on; who can be reached again is sent what is open and never arrived.
    """
    with transaction.atomic():
        before = {channel: address_of(client, channel) for channel in ContactChannel}
        client.sealed_identity = seal_identity(client, identity)
        for name in KEPT:
            setattr(client, name, choices[name])
        client.cadence_n = choices["cadence_n"] or client.cadence_n
        client.save(update_fields=["sealed_identity", "cadence_n", *KEPT])
        for channel, address in before.items():
            if address_of(client, channel) != address:
                address_corrected(client=client, channel=channel, now=now)
        _keep_agreements(client, agreed, now)
        write_anew(client=client, now=now)


def _keep_agreements(client: Client, agreed: Agreed, now: dt.datetime) -> None:
    answers = {Consent.Purpose.ASKED: agreed.asked, Consent.Purpose.CONTACT: agreed.contact}
    version = f"{VERSION} {client.language}"
    for purpose, is_given in answers.items():
        if is_given:
            agree(client=client, purpose=purpose, text_version=version, how=agreed.how, now=now)
            continue
        is_new = is_given is False and refuse(
            client=client, purpose=purpose, text_version=version, how=agreed.how, now=now
        )
        if is_new and purpose == Consent.Purpose.ASKED:
            why = RatingRequest.Withdrawn.REFUSED
            withdraw_open_requests(of=Q(episode__client=client), why=why, now=now)
