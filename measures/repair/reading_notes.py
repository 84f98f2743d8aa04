"""A client's note, opened by whom it was for."""

from __future__ import annotations

import datetime as dt

from measures.models import NoteRead, Rating
from sessions.models import Membership


def mark_read(*, rating: Rating, member: Membership, now: dt.datetime) -> None:
    """Keep when a member first opened the note. Opening it again changes nothing."""
    NoteRead.objects.get_or_create(
        rating=rating,
        member=member,
        defaults={"organization_id": rating.organization_id, "read_at": now},
    )
