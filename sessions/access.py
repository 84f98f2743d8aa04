"""Who may reach which row, and the only doors to it.

Two roots carry every right:

* `Client.objects.visible_to(viewer)`: identity and schedule.
* `Episode.objects.clinical_to(viewer)`: everything answered or concluded.

Every other model of a client's hangs from one of them by a subquery (`Session.visible_to`,
`Rating.open_to` ...), so a row is exactly as visible as its root, minus the blind rule.
A counselor has their own episodes, those of whom they cover today, and after a transfer the one
before, where the client agreed; a supervisor those of the counselors supervised today, or whose
supervisor named them deputy; the front desk has identity and schedule; an administrator neither.

Rights are read from the database on every request: a `Viewer` lives as long as its request.
Views fetch rows through `get_visible`, `get_editable` and `seen`, which note whose data went out.
What is not yours and what never was answer alike: 404. Yours to read but not to change: 403.
A supervisor says why before a case opens, once a day: the doors raise `PurposeNeeded`, and
alliance_site/transactions.py answers with the question in place of the page.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, cast

from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.http import Http404, HttpRequest

from sessions.models import CaseOpening, Client, Cover, Device, Episode, Membership, Organization
from sessions.models.clients import EpisodeQuerySet, covered_by, shown_to_the_next, supervised_by
from sessions.models.fair_use import fair_use_signed_at

T = TypeVar("T")


@dataclass(frozen=True)
class Viewer:
    """A member of the staff, as of this request."""

    membership: Membership
    organization: Organization
    now: dt.datetime
    # The fair-use statement was signed, or signed anew, and they have not read it.
    has_fair_use_to_read: bool = False
    _found: dict[Any, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    @property
    def today(self) -> dt.date:
        return self.organization.today(self.now)

    @property
    def counselor(self) -> bool:
        return self.membership.counselor

    @property
    def supervisor(self) -> bool:
        return self.membership.supervisor

    @property
    def administrator(self) -> bool:
        return self.membership.administrator

    @property
    def front_desk(self) -> bool:
        return self.membership.front_desk

    @property
    def rights_contact(self) -> bool:
        return self.membership.rights_contact

    # Read once a request, as lists: as subqueries they stood in every other query of a page, and
    # building those took most of its time.

    def once(self, find: Callable[[Viewer], T]) -> T:
        """What `find` finds for this viewer, asked once a request."""
        if find not in self._found:
            self._found[find] = find(self)
        return cast("T", self._found[find])

    @cached_property
    def acts_for(self) -> list[Membership]:
        """The counselors in whose place one acts today: oneself, and whom one covers."""
        return [self.membership, *covered_by(self, Cover.Part.CLIENTS)] if self.counselor else []

    @cached_property
    def reads_on(self) -> list[int]:
        """The numbers of the episodes one's own go on from, where the client agrees today."""
        return list(shown_to_the_next(self).values_list("pk", flat=True)) if self.acts_for else []

    @cached_property
    def supervises(self) -> list[Membership]:
        """The counselors supervised today, by name."""
        return list(supervised_by(self).order_by("name")) if self.supervisor else []


class StaffRequest(HttpRequest):
    """A request as the views see it, after the policy let it through."""

    viewer: Viewer
    now: dt.datetime
    seen_clients: set[int]
    # Set where a client's link was recognized, so that the entry lands with its organization.
    link_organization_id: int | None
    # The paired tablet for clients that asks, if it is one: it gets its own pages only.
    device: Device | None


def viewer_for(user: Any, now: dt.datetime) -> Viewer | None:
    """The viewer a logged-in user is today, or None. Who is at several places sees the oldest."""
    memberships = (
        Membership.objects.of_user(user)
        .annotate(signed_at=fair_use_signed_at())
        .select_related("organization")
        .order_by("pk")
    )
    # "Today" is each organization's own date, so the rows are read before it can be asked for.
    viewers = (
        Viewer(
            membership,
            membership.organization,
            now,
            has_fair_use_to_read=_has_to_read(membership, cast("Any", membership).signed_at),
        )
        for membership in memberships
        if membership.is_active_on(membership.organization.today(now))
    )
    return next(viewers, None)


def _has_to_read(membership: Membership, signed_at: dt.datetime | None) -> bool:
    """Whether a statement was signed since they last read one."""
    if signed_at is None:
        return False
    return membership.fair_use_read_at is None or signed_at > membership.fair_use_read_at


class PurposeNeeded(Exception):
    """A supervisor asked for something of this case and has not said why today."""

    def __init__(self, episode: Episode) -> None:
        super().__init__()
        self.episode = episode


M = TypeVar("M", bound=models.Model)


def get_visible(request: StaffRequest, queryset: models.QuerySet[M], **lookup: Any) -> M:
    """The one row the viewer may read under its root, or 404. Notes whose data it is."""
    row = _get(request, _readable(queryset, request.viewer), lookup)
    _ask_why(request, queryset, row)
    return row


def get_editable(request: StaffRequest, queryset: models.QuerySet[M], **lookup: Any) -> M:
    """The one row the viewer may change: 404 if it is not theirs, 403 if only to read."""
    row = _get(request, _readable(queryset, request.viewer), lookup)
    if not cast("Any", queryset).editable_by(request.viewer).filter(pk=row.pk).exists():
        raise PermissionDenied
    _ask_why(request, queryset, row)
    return row


def get_case_to_open(request: StaffRequest, **lookup: Any) -> Episode:
    """A case the viewer reads as a supervisor only, to say why: its code and nothing answered."""
    cases = Episode.objects.supervised_only_by(request.viewer)
    return _get(request, cases.select_related("client", "counselor"), lookup)


def unexplained_to(viewer: Viewer) -> EpisodeQuerySet:
    """Cases the viewer reads as a supervisor only, and has not said why today."""
    opened = CaseOpening.objects.today_by(viewer).filter(episode=OuterRef("pk"))
    return Episode.objects.supervised_only_by(viewer).filter(~Exists(opened))


def _ask_why(request: StaffRequest, queryset: models.QuerySet[M], row: M) -> None:
    """Let the row out, unless it is of a case the viewer only supervises and gave no reason for."""
    viewer = request.viewer
    clinical = hasattr(queryset, "clinical_to")
    if not viewer.supervisor or (viewer.front_desk and not clinical):
        return
    silent = unexplained_to(viewer).values("pk")
    cases = Episode.objects.clinical_to(viewer).filter(**_cases_of(row, clinical=clinical))
    found = list(
        cases.annotate(silent=Q(pk__in=silent))
        .select_related("client", "counselor")
        .order_by("-opened_on", "-pk")
    )
    if not found or not all(cast("Any", case).silent for case in found):
        return
    if request.method not in {"GET", "HEAD"}:
        raise PermissionDenied
    raise PurposeNeeded(found[0])


def _cases_of(row: models.Model, *, clinical: bool) -> dict[str, Any]:
    """The episode a row belongs to, along its model's path; else all of the client's."""
    if isinstance(row, Episode):
        return {"pk": row.pk}
    path = [] if isinstance(row, Client) else cast("Any", row).client_path.split("__")
    if not clinical or "episode" not in path:
        return {"client": _client_id(row)}
    owner: Any = row
    for step in path[: path.index("episode")]:
        owner = getattr(owner, step)
    return {"pk": owner.episode_id}


def _readable(queryset: models.QuerySet[M], viewer: Viewer) -> models.QuerySet[M]:
    root = cast("Any", queryset)
    rule = root.clinical_to if hasattr(root, "clinical_to") else root.visible_to
    return cast("models.QuerySet[M]", rule(viewer))


def _get(request: StaffRequest, queryset: models.QuerySet[M], lookup: dict[str, Any]) -> M:
    row = queryset.filter(**lookup).first()
    if row is None:
        raise Http404
    note_seen(request, [_client_id(row)])
    return row


def _client_id(row: models.Model) -> int:
    """The client a row belongs to, along the one path its model declares."""
    if isinstance(row, Client):
        return row.pk
    owner: Any = row
    for step in cast("Any", row).client_path.split("__"):
        owner = getattr(owner, step)
    return int(owner)


def note_seen(request: StaffRequest, client_ids: Iterable[int]) -> None:
    """Have the access entry of this request name these clients."""
    request.seen_clients.update(client_ids)
