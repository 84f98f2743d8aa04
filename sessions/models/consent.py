from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from sessions.models.base import OwnedModel
from sessions.models.clients import Client


class Consent(OwnedModel):
    """What a client agreed to, with the version of the text they agreed to."""

    class Purpose(models.TextChoices):
        CARE = "care", _("care")
        SUPERVISION = "supervision", _("supervision")
        RESEARCH = "research", _("research")
        CONTACT = "contact", _("being asked by phone or mail")
        DISCLOSURE = "disclosure", _("disclosure to a named recipient")

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="consents")
    purpose = models.CharField(max_length=12, choices=Purpose)
    text_version = models.CharField(max_length=20)
    scope = models.CharField(max_length=200, blank=True)
    recipient = models.CharField(max_length=200, blank=True)
    given_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    how = models.CharField(max_length=100)

    class Meta:
        constraints = [
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
