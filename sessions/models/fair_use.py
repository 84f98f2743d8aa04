from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import OuterRef, Q, Subquery

from sessions.models.base import OwnedModel
from sessions.models.people import Membership

if TYPE_CHECKING:
    from sessions.access import Viewer


def fair_use_signed_at() -> Subquery:
    """Of a membership: when a statement was last signed there, or None.

    Asked with the membership itself, on every request, so that it costs no query of its own.
    """
    signed = FairUse.objects.filter(organization=OuterRef("organization"))
    return Subquery(signed.order_by("-entered_at").values("entered_at")[:1])


class FairUseQuerySet(models.QuerySet["FairUse"]):
    def visible_to(self, viewer: Viewer) -> Self:
        """Signed for everybody of the organization."""
        return self.filter(organization=viewer.organization)

    def in_force(self) -> FairUse | None:
        return self.order_by("-entered_at", "-pk").first()


class FairUse(OwnedModel):
    """What the director promised about the ratings, by the version of the text. The last counts."""

    text_version = models.CharField(max_length=20)
    signed_by = models.CharField(max_length=120)
    signed_on = models.DateField()
    entered_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField()

    objects = FairUseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(signed_by=""), name="fair_use_signed_by_somebody"),
        ]

    def __str__(self) -> str:
        return f"{self.signed_by}, {self.signed_on}"
