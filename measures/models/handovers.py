from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from measures.models.requests import RatingLink
from sessions.models import Membership
from sessions.models.base import OwnedModel

MOST_PIN_TRIES = 5


class Helper(models.TextChoices):
    """Who read the questions aloud or wrote the answers down. Never the counselor's own choice."""

    STAFF = "staff", _("somebody else on the staff")
    FAMILY = "family", _("family or a friend")
    INTERPRETER = "interpreter", _("an interpreter")


class Present(models.TextChoices):
    """Who else was in the room while the questions were answered."""

    NOBODY = "nobody", _("nobody else")
    COUNSELOR = "counselor", _("the counselor")
    OTHERS = "others", _("somebody else")


class HandOver(OwnedModel):
    """A tablet in the client's hands, from the counselor's log-out until the PIN takes it back.

    The tablet proves by a secret of its own, kept here as a hash, that it is the one.
    """

    link = models.OneToOneField(RatingLink, on_delete=models.PROTECT, related_name="hand_over")
    counselor = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    tablet_hash = models.CharField(max_length=64, unique=True)
    helper = models.CharField(max_length=40, choices=Helper, blank=True)
    present = models.CharField(max_length=40, choices=Present, blank=True)
    handed_at = models.DateTimeField()
    # When the log-in that ended with it would have ended by itself: the PIN makes it no longer.
    log_in_ends_at = models.DateTimeField()
    wrong_pins = models.PositiveSmallIntegerField(default=0)
    returned_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(wrong_pins__lte=MOST_PIN_TRIES), name="hand_over_five_pins"
            ),
            models.CheckConstraint(
                condition=Q(returned_at__isnull=True) | Q(returned_at__gte=F("handed_at")),
                name="hand_over_times_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.handed_at:%Y-%m-%d %H:%M}"
