from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from measures.models.ratings import Rating
from measures.trend import FlagKind
from measures.trend import Status as TrendStatus
from sessions.models import Session
from sessions.models.base import OwnedModel

if TYPE_CHECKING:
    from sessions.access import Viewer


class AssessmentQuerySet(models.QuerySet["Assessment"]):
    def open_to(self, viewer: Viewer) -> Self:
        return self.filter(rating__in=Rating.objects.open_to(viewer).values("pk"))


class Assessment(OwnedModel):
    """What the engine concluded after a rating; rewritten freely. NULL: not computable."""

    class Status(models.TextChoices):
        TOO_EARLY = TrendStatus.TOO_EARLY.value, _("not enough yet")
        NO_VARIATION = TrendStatus.NO_VARIATION.value, _("same top marks")
        STEADY = TrendStatus.STEADY.value, _("about the same")
        WEAKENING = TrendStatus.WEAKENING.value, _("lower than usual")
        RECOVERING = TrendStatus.RECOVERING.value, _("coming back")
        REPAIRED = TrendStatus.REPAIRED.value, _("back to usual")
        FAILED = "failed", _("not computed")

    class Kind(models.TextChoices):
        NONE = FlagKind.NONE.value, _("none")
        DECLINE = FlagKind.DECLINE.value, _("lower than usual")
        SHARP_DROP = FlagKind.SHARP_DROP.value, _("sharp drop")
        FACET = FlagKind.FACET.value, _("one question")

    rating = models.OneToOneField(Rating, on_delete=models.PROTECT, related_name="assessment")
    score = models.FloatField(null=True)
    expected = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    statistic = models.FloatField(null=True)
    limit = models.FloatField(null=True)
    probability = models.FloatField(null=True)
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.NONE)
    facets = models.JSONField(default=list)
    onset = models.ForeignKey(Session, on_delete=models.PROTECT, null=True, related_name="+")
    status = models.CharField(max_length=12, choices=Status)
    engine = models.CharField(max_length=40)
    parameters = models.CharField(max_length=40)

    objects = AssessmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="none")
                | models.Q(statistic__isnull=False, statistic__gt=models.F("limit")),
                name="assessment_flag_is_above_limit",
            )
        ]

    def __str__(self) -> str:
        return f"{self.status} ({self.rating_id})"
