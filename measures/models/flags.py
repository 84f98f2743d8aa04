from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from measures.models.assessments import Assessment
from measures.models.ratings import Rater, Rating
from sessions.models import Episode, Membership, Session
from sessions.models.base import OwnedModel, PublicModel

if TYPE_CHECKING:
    from sessions.access import Viewer


class FlagQuerySet(models.QuerySet["Flag"]):
    def open(self) -> Self:
        return self.filter(state__in=Flag.OPEN_STATES)

    def open_to(self, viewer: Viewer) -> Self:
        """A flag is as visible as the rating that raised it, the blind rule included."""
        return self.filter(first_rating__in=Rating.objects.open_to(viewer).values("pk"))


class Flag(PublicModel, OwnedModel):
    """A run of flagged sessions of one rater, asking for a conversation."""

    class State(models.TextChoices):
        NEW = "new", _("not yet talked about")
        TALKED = "talked", _("talked about")
        WATCHING = "watching", _("watching")
        OUTSIDE = "outside", _("outside our work")
        NO_CONCERN = "no_concern", _("no concern")
        BETTER = "better", _("closed: better")
        WITHDRAWN = "withdrawn", _("withdrawn")

    OPEN_STATES = (State.NEW, State.TALKED, State.WATCHING)

    episode = models.ForeignKey(Episode, on_delete=models.PROTECT, related_name="flags")
    rater = models.CharField(max_length=10, choices=Rater)
    kind = models.CharField(max_length=12, choices=Assessment.Kind)
    facets = models.JSONField(default=list)
    first_rating = models.ForeignKey(Rating, on_delete=models.PROTECT, related_name="+")
    last_rating = models.ForeignKey(Rating, on_delete=models.PROTECT, related_name="+")
    onset = models.ForeignKey(Session, on_delete=models.PROTECT, null=True, related_name="+")
    # As it was when raised, so that a later recompute cannot change what somebody acted on.
    evidence = models.JSONField()
    raised_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=State, default=State.NEW)
    snoozed_until = models.DateField(null=True, blank=True)

    objects = FlagQuerySet.as_manager()
    client_path = "episode__client_id"

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["episode", "rater"],
                condition=Q(state__in=["new", "talked", "watching"]),
                name="flag_one_open",
            ),
        ]
        indexes = [models.Index(fields=["organization", "state", "raised_at"], name="flag_talk")]

    def __str__(self) -> str:
        return f"{self.kind} ({self.state})"


class FlagEvent(OwnedModel):
    """The history of a flag, append-only. `by` is empty where the engine acted."""

    flag = models.ForeignKey(Flag, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField()
    by = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, related_name="+")
    from_state = models.CharField(max_length=12, choices=Flag.State, blank=True)
    to_state = models.CharField(max_length=12, choices=Flag.State)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [models.Index(fields=["flag", "at"], name="flag_event_history")]

    def __str__(self) -> str:
        return f"{self.from_state} → {self.to_state}"
