"""Answers put right: who did it, when and why. For a counselor of both clients, also with whom.

An administrator reads counts: of whom an answer was, and what it said, is not theirs to know.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Max

from measures.capture.correcting import Mistake
from measures.models import Rating
from sessions.access import Viewer
from sessions.models import Session

A_YEAR = dt.timedelta(days=366)
MOST = 200
TAKEN_OFF = Rating.Outcome.WITHDRAWN


@dataclass(frozen=True, slots=True)
class CorrectionCount:
    """How often somebody put an answer right, for one reason, within a year."""

    by: str
    why: str
    count: int
    last_on: dt.date


@dataclass(frozen=True, slots=True)
class Correction:
    """One answer taken off a session; `to`: where it stands now, if that is a session of theirs."""

    on: dt.date
    by: str
    why: str
    session: Session
    to: Session | None


def why_in_words(why: str) -> str:
    """A reason of `Mistake` in words; an older text as it stands."""
    return str(dict(Mistake.choices).get(why, why))


def counts(viewer: Viewer) -> list[CorrectionCount]:
    """For the administrator: by person and reason, the latest first."""
    zone = viewer.organization.zone
    rows = (
        Rating.objects.filter(organization=viewer.organization, outcome=TAKEN_OFF)
        .filter(given_at__gte=viewer.now - A_YEAR)
        .values("entered_by__name", "reason")
        .annotate(n=Count("pk"), last=Max("given_at"))
        .order_by("-last", "entered_by__name", "reason")
    )
    return [
        CorrectionCount(
            by=row["entered_by__name"],
            why=why_in_words(row["reason"]),
            count=row["n"],
            last_on=row["last"].astimezone(zone).date(),
        )
        for row in rows
    ]


def own(viewer: Viewer) -> list[Correction]:
    """For a counselor: what was put right with their clients, the latest first."""
    mine = Rating.objects.clinical_to(viewer).filter(
        session__episode__counselor__in=viewer.acts_for
    )
    taken_off = mine.filter(outcome=TAKEN_OFF, given_at__gte=viewer.now - A_YEAR)
    related = taken_off.select_related("session__episode__client", "entered_by", "corrects")
    records = list(related.order_by("-given_at", "-pk")[:MOST])
    stored = mine.filter(
        payload_hash__in=[each.corrects.payload_hash for each in records if each.corrects],
        stored_at__in=[each.stored_at for each in records],
    ).exclude(reason="")
    moved = {
        (each.payload_hash, each.stored_at): each.session
        for each in stored.select_related("session__episode__client")
    }
    return [
        Correction(
            on=viewer.organization.today(each.given_at),
            by=each.entered_by.name if each.entered_by else "",
            why=why_in_words(each.reason),
            session=each.session,
            to=moved.get((each.corrects.payload_hash, each.stored_at)) if each.corrects else None,
        )
        for each in records
    ]
