"""What every table of ours shares."""

import uuid

from django.db import models


class PublicModel(models.Model):
    """A row that is named from outside: by its uuid, never by its number."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    class Meta:
        abstract = True


class OwnedModel(models.Model):
    """A row of one organization. The key stands on the row itself, so that the wall can see it."""

    organization = models.ForeignKey(
        "alliance_sessions.Organization", on_delete=models.PROTECT, related_name="+", db_index=False
    )

    class Meta:
        abstract = True
