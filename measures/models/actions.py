"""What a supervisor and a counselor agree in their meeting.

Actions hang from the counselor, not from one supervision: whoever supervises that counselor
today, reads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sessions.models import Episode, Membership
from sessions.models.base import OwnedModel, PublicModel

if TYPE_CHECKING:
    from sessions.access import Viewer


class ActionQuerySet(models.QuerySet["Action"]):
    def open(self) -> Self:
        return self.filter(done_at__isnull=True)

    def clinical_to(self, viewer: Viewer) -> Self:
        """Of the counselors one is or supervises today; never more than their cases."""
        theirs = Q(counselor__in=viewer.acts_for) | Q(counselor__in=viewer.supervises)
        cases = Q(episode__isnull=True) | Q(
            episode__in=Episode.objects.clinical_to(viewer).values("pk")
        )
        return self.filter(theirs, cases, organization=viewer.organization)

    def editable_by(self, viewer: Viewer) -> Self:
        return self.clinical_to(viewer)

    def to_do_by(self, viewer: Viewer) -> Self:
        """One's own; and about their clients, those of whoever one stands in for today."""
        covered = Q(owner__in=viewer.acts_for, episode__isnull=False)
        return self.editable_by(viewer).filter(Q(owner=viewer.membership) | covered)


class Action(PublicModel, OwnedModel):
    """Something agreed in a meeting: who does it, and by which day."""

    class Outcome(models.TextChoices):
        DONE = "done", _("done")
        DROPPED = "dropped", _("dropped")

    counselor = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    episode = models.ForeignKey(
        Episode, on_delete=models.PROTECT, null=True, blank=True, related_name="actions"
    )
    # About a client it is sealed under their key; about the work in general it is plain.
    text = models.CharField(max_length=200, blank=True)
    sealed_text = models.BinaryField(null=True, blank=True)
    owner = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="actions")
    due_on = models.DateField()
    agreed_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    agreed_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)

    objects = ActionQuerySet.as_manager()
    client_path = "episode__client_id"

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(episode__isnull=True, sealed_text__isnull=True)
                | Q(episode__isnull=False, sealed_text__isnull=False, text=""),
                name="action_about_a_client_is_sealed",
            ),
            models.CheckConstraint(
                condition=Q(done_at__isnull=True, outcome="")
                | Q(done_at__isnull=False, outcome__in=["done", "dropped"]),
                name="action_done_has_an_outcome",
            ),
        ]
        indexes = [models.Index(fields=["organization", "done_at", "due_on"], name="action_due")]

    def __str__(self) -> str:
        return f"action due {self.due_on}"
