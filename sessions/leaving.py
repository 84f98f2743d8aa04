"""What is open of somebody's clients, in numbers and words, before another takes over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sessions.access import Viewer
from sessions.models import Episode, Membership, Pause, Session
from sessions.signals import open_things


@dataclass(frozen=True, slots=True)
class OpenThings:
    """So many of one kind: what they are, what a transfer does to them, and with whom it matters.

    `clients` is empty for what simply goes on.
    """

    what: str
    then: str
    clients: frozenset[int]


@dataclass(frozen=True, slots=True)
class Open:
    """Everything open of some clients, and with how many of them somebody should look first."""

    things: list[OpenThings]

    @property
    def clients(self) -> int:
        return len(frozenset[int]().union(*(each.clients for each in self.things)))


def open_with(member: Membership, now: dt.datetime) -> Open:
    """What a transfer of all clients of a member touches, as far as that member may know of it.

    Whoever reads this learns no more than the counselor: an answer they do not see yet counts for
    nothing here.
    """
    return _open_of(member, Episode.objects.open().filter(counselor=member), now, is_one=False)


def open_of(episode: Episode, now: dt.datetime) -> Open:
    """The same of one client, whose sessions are logged first."""
    one = Episode.objects.filter(pk=episode.pk)
    return _open_of(episode.counselor, one, now, is_one=True)


def _open_of(
    member: Membership, episodes: QuerySet[Episode], now: dt.datetime, *, is_one: bool
) -> Open:
    viewer = Viewer(member, member.organization, now)
    things = list(_on_the_calendar(viewer, episodes, is_one=is_one))
    answers = open_things.send(Episode, viewer=viewer, episodes=episodes)
    for found in cast("list[tuple[Any, list[OpenThings]]]", answers):
        things += found[1]
    return Open(things)


def counted(
    rows: QuerySet[Any] | Sequence[int], client_of: str, what: Callable[[int], str], then: str
) -> list[OpenThings]:
    """One kind of rows, or nothing where there are none. `client_of`: the way to their client."""
    found = rows.values_list(client_of, flat=True) if isinstance(rows, QuerySet) else rows
    clients = list(found)
    if not clients:
        return []
    return [OpenThings(what(len(clients)) % {"n": len(clients)}, then, frozenset(clients))]


def _going_on(rows: QuerySet[Any], what: Callable[[int], str], then: str) -> list[OpenThings]:
    found = counted(rows, "episode__client", what, then)
    return [replace(each, clients=frozenset()) for each in found]


def _on_the_calendar(
    viewer: Viewer, episodes: QuerySet[Episode], *, is_one: bool
) -> list[OpenThings]:
    scheduled = Session.objects.scheduled().filter(episode__in=episodes.values("pk"))
    coming = scheduled.filter(starts_at__gt=viewer.now)
    begun = scheduled.filter(starts_at__lte=viewer.now)
    client = "episode__client"
    return [
        *_going_on(coming.alone(), _planned, _("With the colleague from then on.")),
        *counted(
            coming.filter(group__isnull=False),
            client,
            _in_groups,
            _("Cancelled: the colleague plans groups of their own."),
        ),
        *counted(
            begun,
            client,
            _unlogged,
            _("To be logged first.")
            if is_one
            else _("Best logged before, or it counts as cancelled."),
        ),
        *_going_on(
            Pause.objects.running().filter(episode__in=episodes.values("pk")),
            _on_hold,
            _("On hold with the colleague, too."),
        ),
    ]


def _planned(n: int) -> str:
    return ngettext("%(n)d session on the calendar.", "%(n)d sessions on the calendar.", n)


def _in_groups(n: int) -> str:
    return ngettext("%(n)d place in a group to come.", "%(n)d places in groups to come.", n)


def _unlogged(n: int) -> str:
    return ngettext(
        "%(n)d session that has begun and was not logged.",
        "%(n)d sessions that have begun and were not logged.",
        n,
    )


def _on_hold(n: int) -> str:
    return ngettext("%(n)d client on hold.", "%(n)d clients on hold.", n)
