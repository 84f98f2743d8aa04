"""What waits for a member of the staff, in a sentence each: how many, and where to find them.

Counted under the same rules as the pages it leads to, the blind rule included, so that neither a
list nor the daily mail says more than they would.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Q, QuerySet
from django.utils.translation import ngettext

from measures.models import CallRequest, Flag, Rating, unrated_sessions
from sessions.access import Viewer
from sessions.models import ContactStop, Episode
from sessions.models.clients import counseled_by, supervised_by

NOTE_DAYS = 7


@dataclass(frozen=True, slots=True)
class Waiting:
    """One kind of thing that waits. `newest` is when the latest of them came."""

    sentence: str
    route: str
    newest: dt.datetime


def waiting_for(viewer: Viewer) -> list[Waiting]:
    """Everything that waits for the viewer, in the order of their pages."""
    return list(_kinds(viewer))


def _kinds(viewer: Viewer) -> Iterator[Waiting]:
    if viewer.counselor:
        yield from _notes(viewer)
        yield from _own_flags(viewer)
        yield from _unrated(viewer)
    if viewer.supervisor:
        yield from _flags_of_others(viewer)
    if viewer.rights_contact:
        yield from _calls(viewer)
    if viewer.front_desk:
        yield from _stops(viewer)


def _notes(viewer: Viewer) -> Iterator[Waiting]:
    fresh = viewer.now - dt.timedelta(days=NOTE_DAYS)
    notes = Rating.objects.notes_to(viewer).current().filter(sealed_note__isnull=False)
    own = notes.filter(session__episode__counselor__in=counseled_by(viewer), stored_at__gte=fresh)
    count, newest = _counted(own, "stored_at")
    if newest:
        text = ngettext("%(n)d client left a note.", "%(n)d clients left a note.", count)
        yield Waiting(text % {"n": count}, "today", newest)


def _own_flags(viewer: Viewer) -> Iterator[Waiting]:
    own = Q(episode__in=Episode.objects.editable_by(viewer).values("pk"))
    count, newest = _counted(_to_talk_about(viewer).filter(own), "raised_at")
    if newest:
        text = ngettext(
            "With %(n)d client, something may have changed.",
            "With %(n)d clients, something may have changed.",
            count,
        )
        yield Waiting(text % {"n": count}, "caseload", newest)


def _unrated(viewer: Viewer) -> Iterator[Waiting]:
    """A group is rated once, whoever was in it."""
    begun = unrated_sessions(viewer).filter(starts_at__lte=viewer.now)
    found = begun.aggregate(
        alone=Count("pk", filter=Q(group__isnull=True)),
        groups=Count("group", distinct=True),
        newest=Max("starts_at"),
    )
    count, newest = found["alone"] + found["groups"], found["newest"]
    if newest:
        text = ngettext(
            "%(n)d session waits for your own rating.",
            "%(n)d sessions wait for your own rating.",
            count,
        )
        yield Waiting(text % {"n": count}, "today", newest)


def _flags_of_others(viewer: Viewer) -> Iterator[Waiting]:
    others = Q(episode__counselor__in=supervised_by(viewer))
    count, newest = _counted(_to_talk_about(viewer).filter(others), "raised_at")
    if newest:
        text = ngettext(
            "%(n)d conversation waits on your supervision list.",
            "%(n)d conversations wait on your supervision list.",
            count,
        )
        yield Waiting(text % {"n": count}, "supervision", newest)


def _calls(viewer: Viewer) -> Iterator[Waiting]:
    count, newest = _counted(CallRequest.objects.visible_to(viewer).waiting(), "asked_at")
    if newest:
        text = ngettext("%(n)d person asks you to call.", "%(n)d people ask you to call.", count)
        yield Waiting(text % {"n": count}, "calls", newest)


def _stops(viewer: Viewer) -> Iterator[Waiting]:
    count, newest = _counted(ContactStop.objects.editable_by(viewer).running(), "at")
    if newest:
        text = ngettext(
            "The messages of %(n)d client do not arrive.",
            "The messages of %(n)d clients do not arrive.",
            count,
        )
        yield Waiting(text % {"n": count}, "messages", newest)


def _to_talk_about(viewer: Viewer) -> QuerySet[Flag]:
    """Not yet talked about, as far as the viewer may know."""
    return Flag.objects.open_to(viewer).running(viewer.today).not_yet_talked_about(viewer.today)


def _counted(rows: QuerySet[Any], time: str) -> tuple[int, dt.datetime | None]:
    """How many, and when the latest of them came; None where there is none."""
    found = rows.order_by().aggregate(count=Count("pk"), newest=Max(time))
    return found["count"], found["newest"]
