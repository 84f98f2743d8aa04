from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from measures.models.flags import Flag
from sessions.models import Episode, Membership, Supervision
from sessions.models.base import OwnedModel, PublicModel

if TYPE_CHECKING:
    from sessions.access import Viewer


class AgendaItemQuerySet(models.QuerySet["AgendaItem"]):
    def waiting(self) -> Self:
        return self.filter(removed_at__isnull=True, done_at__isnull=True)

    def clinical_to(self, viewer: Viewer) -> Self:
        """Of the viewer's episodes; what is about a flag, as far as its flag is open to them."""
        of_flag = Q(flag__isnull=True) | Q(flag__in=Flag.objects.open_to(viewer).values("pk"))
        return self.filter(of_flag, episode__in=Episode.objects.clinical_to(viewer).values("pk"))

    def editable_by(self, viewer: Viewer) -> Self:
        """Put there and taken off by the counselor, or by who stands in for them today."""
        mine = Episode.objects.editable_by(viewer).values("pk")
        return self.clinical_to(viewer).filter(episode__in=mine)


class AgendaItem(PublicModel, OwnedModel):
    """Something the counselor takes to supervision: one case, and the flag it is about if any."""

    supervision = models.ForeignKey(
        Supervision, on_delete=models.PROTECT, related_name="agenda_items"
    )
    episode = models.ForeignKey(Episode, on_delete=models.PROTECT, related_name="agenda_items")
    flag = models.ForeignKey(
        Flag, on_delete=models.PROTECT, null=True, blank=True, related_name="agenda_items"
    )
    sealed_note = models.BinaryField(null=True, blank=True)
    added_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    objects = AgendaItemQuerySet.as_manager()
    client_path = "episode__client_id"

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["supervision", "episode"],
                condition=Q(removed_at__isnull=True, done_at__isnull=True),
                name="agenda_item_one_waiting",
            ),
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True) | Q(done_at__isnull=True),
                name="agenda_item_removed_or_done",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "supervision", "added_at"], name="agenda_of")
        ]

    def __str__(self) -> str:
        return f"agenda item of {self.supervision_id}"
