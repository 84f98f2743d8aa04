"""Who may reach which row, and the only doors to it.

Two roots carry every right:

* `Client.objects.visible_to(viewer)`: identity and schedule.
* `Episode.objects.clinical_to(viewer)`: everything answered or concluded.

Every other model of a client's hangs from one of them by a subquery (`Session.visible_to`,
`Rating.open_to` ...), so a row is exactly as visible as its root, minus the blind rule.
A counselor has their own episodes, those of whom they cover today, and after a transfer the one
before, where the client agreed; a supervisor those of the counselors supervised today; the front
desk has identity and schedule; an administrator neither.

Rights are read from the database on every request: a `Viewer` lives as long as its request.
Views fetch rows through `get_visible`, `get_editable` and `seen`, which note whose data went out.
What is not yours and what never was answer alike: 404. Yours to read but not to change: 403.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest

from sessions.models import Client, Device, Membership, Organization


@dataclass(frozen=True, slots=True)
class Viewer:
    """A member of the staff, as of this request."""

    membership: Membership
    organization: Organization
    now: dt.datetime

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
    memberships = Membership.objects.of_user(user).select_related("organization").order_by("pk")
    # "Today" is each organization's own date, so the rows are read before it can be asked for.
    viewers = (
        Viewer(membership, membership.organization, now)
        for membership in memberships
        if membership.is_active_on(membership.organization.today(now))
    )
    return next(viewers, None)


M = TypeVar("M", bound=models.Model)


def get_visible(request: StaffRequest, queryset: models.QuerySet[M], **lookup: Any) -> M:
    """The one row the viewer may read under its root, or 404. Notes whose data it is."""
    return _get(request, _readable(queryset, request.viewer), lookup)


def get_editable(request: StaffRequest, queryset: models.QuerySet[M], **lookup: Any) -> M:
    """The one row the viewer may change: 404 if it is not theirs, 403 if only to read."""
    row = get_visible(request, queryset, **lookup)
    if not cast("Any", queryset).editable_by(request.viewer).filter(pk=row.pk).exists():
        raise PermissionDenied
    return row


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
