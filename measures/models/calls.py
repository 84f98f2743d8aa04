"""The other door: a client asks somebody who is not their counselor to call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import F, Q

from measures.models.requests import RatingRequest
from sessions.models import Client, Membership
from sessions.models.base import OwnedModel, PublicModel

if TYPE_CHECKING:
    from sessions.access import Viewer


class CallRequestQuerySet(models.QuerySet["CallRequest"]):
    def waiting(self) -> Self:
        return self.filter(done_at__isnull=True)

    def visible_to(self, viewer: Viewer) -> Self:
        """The rights contact who was asked; who has the post today, where that one left it.

        Never whoever counsels this client, in whatever role they come.
        """
        if not viewer.rights_contact:
            return self.none()
        still_there = Membership.objects.active_on(viewer.today).filter(rights_contact=True)
        mine = Q(contact=viewer.membership) | ~Q(contact__in=still_there.values("pk"))
        return self.filter(
            mine, organization=viewer.organization, client__erased_at__isnull=True
        ).exclude(request__session__episode__counselor__in=viewer.acts_for)

    def editable_by(self, viewer: Viewer) -> Self:
        return self.visible_to(viewer)


class CallRequest(PublicModel, OwnedModel):
    """Who asked whom, and when: no reason is asked for. At most one waits per rating request."""

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="call_requests")
    request = models.ForeignKey(
        RatingRequest, on_delete=models.PROTECT, related_name="call_requests"
    )
    contact = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    # A number the client gave with it; usually the one on record will do.
    sealed_phone = models.BinaryField(null=True, blank=True)
    asked_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = CallRequestQuerySet.as_manager()
    client_path = "client_id"

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["request"],
                condition=Q(done_at__isnull=True),
                name="call_request_one_waiting",
            ),
            models.CheckConstraint(
                condition=Q(done_at__isnull=True, done_by__isnull=True)
                | Q(done_at__gte=F("asked_at"), done_by__isnull=False),
                name="call_request_done_by_somebody",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "done_at", "asked_at"], name="call_request_list")
        ]

    def __str__(self) -> str:
        return f"call asked for on {self.asked_at:%Y-%m-%d}"
