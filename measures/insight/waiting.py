"""What waits for a member of the staff, in a sentence each: how many, and where to find them.

Counted under the same rules as the pages it leads to, the blind rule included, so that neither a
list nor the daily mail says more than they would.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Q, QuerySet
from django.utils.translation import ngettext

from measures.insight.due import due_actions
from measures.insight.history import outlines
from measures.insight.reaching_out import reach_out
from measures.insight.silences import COUNSELORS_OWN_DAYS, recent, silences
from measures.insight.supervision import supervised
from measures.models import CallRequest, Flag, unrated_sessions, unread_notes
from measures.models.flags import FlagQuerySet
from sessions.access import Viewer
from sessions.models import ContactStop, Episode
from sessions.workdays import midnight, working_days_later


@dataclass(frozen=True, slots=True)
class Waiting:
    """One kind of thing that waits. `newest` is when the latest of them came; None: no news.

    A session not rated yet is none. There is one after nearly every day, it stands on Today, and
    its time is over after the next working day: a mail about it would come daily and say nothing.
    """

    sentence: str
    route: str
    newest: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Found:
    """How many, and when the latest of them came."""

    count: int
    newest: dt.datetime | None = None


def waiting_for(viewer: Viewer) -> list[Waiting]:
    """Everything that waits for the viewer, in the order of their pages."""
    kinds = ((found, route, sentence(found.count)) for found, route, sentence in _kinds(viewer))
    return [
        Waiting(sentence % {"n": found.count}, route, found.newest)
        for found, route, sentence in kinds
        if found.count
    ]


def _kinds(viewer: Viewer) -> Iterator[tuple[Found, str, Callable[[int], str]]]:
    """What was found, the page it stands on, and the sentence for that many."""
    flags = Flag.objects.open_to(viewer).running(viewer.today)
    to_talk_about = flags.not_yet_talked_about(viewer.today)
    if viewer.counselor or viewer.supervisor:
        yield _due(viewer), "today" if viewer.counselor else "supervision", _things_to_do
    if viewer.counselor:
        own = to_talk_about.filter(episode__in=Episode.objects.editable_by(viewer).values("pk"))
        yield _found(unread_notes(viewer), "stored_at"), "today", _notes
        yield _flags(own, viewer), "caseload", _own_flags
        yield _to_call(viewer), "today", _to_be_called
        yield _unrated(viewer), "today", _sessions
    if viewer.supervisor:
        others = to_talk_about.filter(episode__counselor__in=viewer.supervises)
        yield _flags(others, viewer), "supervision", _conversations
        yield _to_reach(viewer), "supervision", _to_be_reached
    if viewer.rights_contact:
        calls = CallRequest.objects.visible_to(viewer).waiting()
        yield _found(calls, "asked_at"), "calls", _calls
    if viewer.front_desk:
        stops = ContactStop.objects.editable_by(viewer).running()
        yield _found(stops, "at"), "messages", _stops


def _found(rows: QuerySet[Any], time: str) -> Found:
    return Found(**rows.order_by().aggregate(count=Count("pk"), newest=Max(time)))


def _flags(flags: FlagQuerySet, viewer: Viewer) -> Found:
    """A flag that was put off comes on the day on which it is looked at again."""
    zone = viewer.organization.zone
    rows = list(flags.values_list("raised_at", "snoozed_until"))
    came = [
        max(raised_at, midnight(again_on, zone)) if again_on else raised_at
        for raised_at, again_on in rows
    ]
    return Found(len(rows), max(came, default=None))


def _due(viewer: Viewer) -> Found:
    """An action is news on the day it is due."""
    due = [each.action.due_on for each in due_actions(viewer)]
    return Found(len(due), midnight(max(due), viewer.organization.zone) if due else None)


def _to_call(viewer: Viewer) -> Found:
    mine = Episode.objects.editable_by(viewer).select_related("client")
    calls = reach_out(viewer, outlines(viewer, list(mine))).due
    return Found(len(calls), max((call.since for call in calls), default=None))


def _to_reach(viewer: Viewer) -> Found:
    """News on the day on which the counselor's own time for the call is over."""
    cases = supervised(viewer)
    silent = silences(viewer, cases, recent(viewer, cases))
    last = max((each.last_at for each in silent), default=None)
    if last is None:
        return Found(0)
    last_on = last.astimezone(viewer.organization.zone).date()
    day = working_days_later(last_on, COUNSELORS_OWN_DAYS + 1)
    return Found(len(silent), midnight(day, viewer.organization.zone))


def _unrated(viewer: Viewer) -> Found:
    """A group is rated once, whoever was in it."""
    begun = unrated_sessions(viewer).filter(starts_at__lte=viewer.now)
    found = begun.aggregate(
        alone=Count("pk", filter=Q(group__isnull=True)),
        groups=Count("group", distinct=True),
    )
    return Found(found["alone"] + found["groups"])


def _notes(n: int) -> str:
    return ngettext("%(n)d client left a note.", "%(n)d clients left a note.", n)


def _things_to_do(n: int) -> str:
    return ngettext("%(n)d thing to do is due.", "%(n)d things to do are due.", n)


def _to_be_called(n: int) -> str:
    return ngettext("%(n)d client is to be called.", "%(n)d clients are to be called.", n)


def _to_be_reached(n: int) -> str:
    return ngettext(
        "On your supervision list, %(n)d client is to be reached.",
        "On your supervision list, %(n)d clients are to be reached.",
        n,
    )


def _own_flags(n: int) -> str:
    return ngettext(
        "With %(n)d client, something may have changed.",
        "With %(n)d clients, something may have changed.",
        n,
    )


def _sessions(n: int) -> str:
    return ngettext(
        "%(n)d session waits for your own rating.",
        "%(n)d sessions wait for your own rating.",
        n,
    )


def _conversations(n: int) -> str:
    return ngettext(
        "%(n)d conversation waits on your supervision list.",
        "%(n)d conversations wait on your supervision list.",
        n,
    )


def _calls(n: int) -> str:
    return ngettext("%(n)d person asks you to call.", "%(n)d people ask you to call.", n)


def _stops(n: int) -> str:
    return ngettext(
        "The messages of %(n)d client do not arrive.",
        "The messages of %(n)d clients do not arrive.",
        n,
    )
