from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from measures.models.instruments import Instrument, InstrumentVersion
from sessions.models import Session
from sessions.models.base import OwnedModel, PublicModel

if TYPE_CHECKING:
    from sessions.access import Viewer


class RatingRequestQuerySet(models.QuerySet["RatingRequest"]):
    def visible_to(self, viewer: Viewer) -> Self:
        """That somebody was asked is schedule; what they answered is not."""
        return self.filter(session__in=Session.objects.visible_to(viewer).values("pk"))

    def editable_by(self, viewer: Viewer) -> Self:
        return self.filter(session__in=Session.objects.editable_by(viewer).values("pk"))


class RatingRequest(PublicModel, OwnedModel):
    """An invitation to rate one held session. Whether it was answered is derived, never stored."""

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="rating_requests")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="+")
    instrument_version = models.ForeignKey(
        InstrumentVersion, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = RatingRequestQuerySet.as_manager()
    client_path = "session__episode__client_id"

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session", "instrument"],
                condition=Q(withdrawn_at__isnull=True),
                name="rating_request_one_open",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=models.F("created_at")),
                name="rating_request_times_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"request for {self.session_id}"

    def is_open(self, now: dt.datetime) -> bool:
        """Neither withdrawn nor past its time. Whether it was answered is asked separately."""
        return self.withdrawn_at is None and now < self.expires_at


class RatingLink(OwnedModel):
    """One way into a request. Only the hash of its token is kept."""

    class Channel(models.TextChoices):
        MAIL = "mail", _("e-mail")
        SMS = "sms", _("text message")
        LINK = "link", _("link to pass on")
        QR = "qr", _("QR code")
        HANDOVER = "handover", _("handed over")
        KIOSK = "kiosk", _("clinic tablet")

    request = models.ForeignKey(RatingRequest, on_delete=models.PROTECT, related_name="links")
    channel = models.CharField(max_length=10, choices=Channel)
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.channel} link"
