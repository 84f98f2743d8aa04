from django.conf import settings
from django.db import models

from sessions.models.base import OwnedModel
from sessions.models.people import Membership


class AccessEntry(OwnedModel):
    """Who did what, when, and whose data went out: one entry per request, append-only.

    No clinical content, no token, no free text. `clients` lists primary keys.
    """

    at = models.DateTimeField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    membership = models.ForeignKey(
        Membership, on_delete=models.PROTECT, null=True, related_name="+"
    )
    route = models.CharField(max_length=80)
    method = models.CharField(max_length=8)
    status = models.PositiveSmallIntegerField()
    clients = models.JSONField(default=list)

    class Meta:
        indexes = [models.Index(fields=["organization", "-at"], name="access_entry_recent")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.method} {self.route} {self.status}"
