from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q

from measures.models.ratings import Rater
from sessions.models.base import OwnedModel


class ParameterSetQuerySet(models.QuerySet["ParameterSet"]):
    def newest_first(self) -> Self:
        """In the order they came into use: the first of a rater is the one in use."""
        return self.order_by("-pk")


class ParameterSet(OwnedModel):
    """What the engine goes by for one rater's ratings in an organization; the newest is in use.

    Append-only, because assessments name its version. Without data it is the way back to the
    preset that comes with the software. Averages over many people and no one's own numbers, so
    it belongs to no client and is reached by its organization.
    """

    rater = models.CharField(max_length=10, choices=Rater)
    version = models.CharField(max_length=40, blank=True)
    data = models.JSONField(null=True, blank=True)
    episodes = models.PositiveIntegerField(null=True, blank=True)
    based_on = models.CharField(max_length=40)
    made_at = models.DateTimeField()

    objects = ParameterSetQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "version"],
                condition=~Q(version=""),
                name="parameter_set_version_unique",
            ),
            models.CheckConstraint(
                condition=Q(version="", data__isnull=True, episodes__isnull=True)
                | (~Q(version="") & Q(data__isnull=False, episodes__isnull=False, episodes__gte=1)),
                name="parameter_set_fitted_or_preset",
            ),
            models.CheckConstraint(
                condition=Q(rater__in=["client", "counselor"]), name="parameter_set_rater_known"
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "rater", "-id"], name="parameter_set_newest")
        ]

    def __str__(self) -> str:
        return self.version or f"preset for the {self.rater}"
