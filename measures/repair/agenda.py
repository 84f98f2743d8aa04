"""Taking a case to supervision: an item on the agenda, no state of a flag."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from measures.models import AgendaItem, Flag
from measures.repair.states import record_event
from sessions.models import Membership, Supervision
from sessions.models.people import on_day
from sessions.sealing import seal


class NobodySupervises(Exception):
    """There is no supervision to take it to today."""


def take_to_supervision(
    *, flag: Flag, by: Membership, now: dt.datetime, note: str = ""
) -> list[AgendaItem]:
    """Put a case on every agenda of its counselor, once each; the note is sealed.

    Raises NobodySupervises where nobody does today.
    """
    episode = flag.episode
    today = episode.organization.today(now)
    supervisions = Supervision.objects.filter(on_day(today), counselor=episode.counselor_id)
    with transaction.atomic():
        items = [
            AgendaItem.objects.get_or_create(
                supervision=supervision,
                episode=episode,
                removed_at=None,
                done_at=None,
                defaults={
                    "organization_id": episode.organization_id,
                    "flag": flag,
                    "sealed_note": seal(episode.client, "agenda", note),
                    "added_by": by,
                    "added_at": now,
                },
            )
            for supervision in supervisions.order_by("pk")
        ]
        if not items:
            raise NobodySupervises
        if flag.is_open and any(is_new for _item, is_new in items):
            record_event(
                flag, flag.state, now=now, reason="supervision", from_state=flag.state, by=by
            )
    return [item for item, _is_new in items]
