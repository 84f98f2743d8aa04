from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from sessions.models.base import OwnedModel, PublicModel
from sessions.models.clients import Client, ContactChannel, Episode

if TYPE_CHECKING:
    from sessions.access import Viewer


class ConsentQuerySet(models.QuerySet["Consent"]):
    def current(self, now: dt.datetime) -> Self:
        """Given, and neither withdrawn nor run out."""
        running = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
        return self.filter(running, given_at__lte=now, withdrawn_at__isnull=True)


class Consent(OwnedModel):
    """What a client agreed to, with the version of the text they agreed to.

    Who said no at once has a row that was withdrawn when it was given; who was not asked has none.
    """

    class Purpose(models.TextChoices):
        CARE = "care", _("care")
        SUPERVISION = "supervision", _("supervision")
        RESEARCH = "research", _("research")
        ASKED = "asked", _("being asked the three questions")
        CONTACT = "contact", _("messages by phone or mail")
        DISCLOSURE = "disclosure", _("disclosure to a named recipient")
        EARLIER = "earlier", _("earlier answers read by the next counselor")

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="consents")
    # Whose answers the next counselor may read: those of this episode.
    episode = models.ForeignKey(
        Episode, on_delete=models.PROTECT, null=True, blank=True, related_name="consents"
    )
    purpose = models.CharField(max_length=12, choices=Purpose)
    text_version = models.CharField(max_length=20)
    scope = models.CharField(max_length=200, blank=True)
    recipient = models.CharField(max_length=200, blank=True)
    given_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    how = models.CharField(max_length=100)
    withdrawn_how = models.CharField(max_length=100, blank=True)

    objects = ConsentQuerySet.as_manager()
    client_path = "client_id"

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client", "purpose"],
                condition=Q(purpose__in=["asked", "contact"], withdrawn_at__isnull=True),
                name="consent_one_to_be_asked",
            ),
            models.UniqueConstraint(
                fields=["episode"],
                condition=Q(withdrawn_at__isnull=True),
                name="consent_one_to_earlier_answers",
            ),
            models.CheckConstraint(
                condition=Q(purpose="earlier", episode__isnull=False)
                | (~Q(purpose="earlier") & Q(episode__isnull=True)),
                name="consent_earlier_names_an_episode",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_how="") | Q(withdrawn_at__isnull=False),
                name="consent_withdrawn_how_and_when",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gte=F("given_at")),
                name="consent_times_in_order",
            ),
            models.CheckConstraint(
                condition=~Q(purpose="disclosure") | ~Q(recipient=""),
                name="consent_disclosure_names_recipient",
            ),
        ]
        indexes = [models.Index(fields=["client", "purpose"], name="consent_of_client")]

    def __str__(self) -> str:
        return self.purpose


class ContactStopQuerySet(models.QuerySet["ContactStop"]):
    def visible_to(self, viewer: Viewer) -> Self:
        """As visible as the address it is about."""
        return self.filter(client__in=Client.objects.visible_to(viewer).values("pk"))

    def editable_by(self, viewer: Viewer) -> Self:
        return self.filter(client__in=Client.objects.editable_by(viewer).values("pk"))

    def running(self) -> Self:
        return self.filter(ended_at__isnull=True)


class ContactStop(PublicModel, OwnedModel):
    """Nothing is sent to a client's address any more, until somebody puts it right."""

    class Reason(models.TextChoices):
        UNDELIVERED = "undelivered", _("a message did not arrive")
        NOT_ME = "not_me", _("somebody else reads there")
        STOPPED = "stopped", _("they asked us to stop")

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="contact_stops")
    channel = models.CharField(max_length=10, choices=ContactChannel)
    reason = models.CharField(max_length=12, choices=Reason)
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ContactStopQuerySet.as_manager()
    client_path = "client_id"

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client", "channel"],
                condition=Q(ended_at__isnull=True),
                name="contact_stop_one_running",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("at")),
                name="contact_stop_times_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel}: {self.reason}"
