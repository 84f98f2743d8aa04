"""Why a supervisor opened a case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sessions.models.base import OwnedModel
from sessions.models.clients import Episode
from sessions.models.people import Membership

if TYPE_CHECKING:
    from sessions.access import Viewer


class CaseOpeningQuerySet(models.QuerySet["CaseOpening"]):
    def clinical_to(self, viewer: Viewer) -> Self:
        """Who looked at a case is for everybody who may: first of all for its counselor."""
        return self.filter(episode__in=Episode.objects.clinical_to(viewer).values("pk"))

    def today_by(self, viewer: Viewer) -> Self:
        return self.filter(by=viewer.membership, on=viewer.today)


class CaseOpening(OwnedModel):
    """A supervisor opened a case, and why. The counselor sees it."""

    class Purpose(models.TextChoices):
        PREPARING = "preparing", _("preparing supervision")
        ASKED = "asked", _("the counselor asked")
        COVERING = "covering", _("covering")
        CONCERN = "concern", _("a concern")

    episode = models.ForeignKey(Episode, on_delete=models.PROTECT, related_name="openings")
    by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=12, choices=Purpose)
    at = models.DateTimeField()
    on = models.DateField()

    objects = CaseOpeningQuerySet.as_manager()
    client_path = "episode__client_id"

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["episode", "by", "on"], name="case_opening_once_a_day"),
            models.CheckConstraint(
                condition=Q(purpose__in=["preparing", "asked", "covering", "concern"]),
                name="case_opening_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.by_id} opened {self.episode_id}"
