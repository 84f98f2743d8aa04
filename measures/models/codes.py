from __future__ import annotations

import datetime as dt
from typing import Self

from django.db import models
from django.db.models import Q

from measures.models.requests import RatingLink
from sessions.models.base import OwnedModel

MOST_TRIES = 5


class RatingCodeQuerySet(models.QuerySet["RatingCode"]):
    def open(self, now: dt.datetime) -> Self:
        """Neither past their time nor tried in vain too often."""
        return self.filter(expires_at__gt=now, wrong_tries__lt=MOST_TRIES)


class RatingCode(OwnedModel):
    """Six digits, and a short address of their own, beside a QR code: for phones without a camera.

    The digits are kept as a keyed hash, since a plain hash of six digits is no secret. Rows are
    deleted when their time is up, so that digits and letters can be given out again.
    """

    link = models.OneToOneField(RatingLink, on_delete=models.PROTECT, related_name="code")
    letters = models.CharField(max_length=6, unique=True)
    digits_hash = models.CharField(max_length=64)
    wrong_tries = models.PositiveSmallIntegerField(default=0)
    expires_at = models.DateTimeField(db_index=True)

    objects = RatingCodeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "digits_hash"], name="rating_code_unique_while_open"
            ),
            models.CheckConstraint(
                condition=Q(wrong_tries__lte=MOST_TRIES), name="rating_code_five_tries"
            ),
        ]

    def __str__(self) -> str:
        return f"code of link {self.link_id}"
