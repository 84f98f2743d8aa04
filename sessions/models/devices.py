from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import F, Q

from sessions.models.base import OwnedModel, PublicModel
from sessions.models.people import Membership

if TYPE_CHECKING:
    from sessions.access import Viewer


class DeviceQuerySet(models.QuerySet["Device"]):
    def visible_to(self, viewer: Viewer) -> Self:
        """The administrator's matter, within the organization."""
        here = self.filter(organization=viewer.organization)
        return here if viewer.administrator else here.none()

    def in_use(self) -> Self:
        return self.filter(paired_at__isnull=False, revoked_at__isnull=True)

    def waiting(self, now: dt.datetime) -> Self:
        """Offered, and neither paired nor too old by now."""
        return self.filter(paired_at__isnull=True, revoked_at__isnull=True, pairing_ends_at__gt=now)


class Device(PublicModel, OwnedModel):
    """A tablet of the house that clients rate on, and that does nothing else.

    It is paired once, by a link an administrator makes, and then knows a secret of its own. Both
    are kept as hashes. Revoking ends it with the next request.
    """

    name = models.CharField(max_length=60)
    paired_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    pairing_hash = models.CharField(max_length=64, unique=True)
    pairing_ends_at = models.DateTimeField()
    paired_at = models.DateTimeField(null=True, blank=True)
    secret_hash = models.CharField(max_length=64, unique=True, null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = DeviceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(paired_at__isnull=True, secret_hash__isnull=True)
                | Q(paired_at__isnull=False, secret_hash__isnull=False),
                name="device_paired_with_a_secret",
            ),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True) | Q(revoked_at__gte=F("created_at")),
                name="device_times_in_order",
            ),
        ]

    def __str__(self) -> str:
        return self.name
