from typing import Any, Self

from django.db import models

from sessions.models import Membership, Organization
from sessions.models.base import PublicModel

# Questions have a reader: one of the raters, a client who was in a group, or who led it.
GROUP = "group"
GROUP_COUNSELOR = "group_counselor"


class InstrumentQuerySet(models.QuerySet["Instrument"]):
    def usable_by(self, organization: Organization) -> Self:
        """Built-in ones, and the organization's own."""
        return self.filter(
            models.Q(organization__isnull=True) | models.Q(organization=organization)
        )


class Instrument(PublicModel):
    """A set of questions. Without an organization it is built in."""

    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, null=True, blank=True, related_name="instruments"
    )
    slug = models.SlugField(max_length=60)

    objects = InstrumentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "slug"], name="instrument_slug_unique"),
            models.UniqueConstraint(
                fields=["slug"],
                condition=models.Q(organization__isnull=True),
                name="instrument_builtin_slug_unique",
            ),
        ]

    def __str__(self) -> str:
        return self.slug


class InstrumentVersion(models.Model):
    """One wording of an instrument. A version never changes; a better wording is a new version."""

    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    schema = models.JSONField()
    licence = models.CharField(max_length=200)
    attested_by = models.ForeignKey(
        Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    attested_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["instrument", "number"], name="instrument_version_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.instrument_id} v{self.number}"

    def items(self, reader: str, language: str) -> list[dict[str, Any]]:
        """The questions as that reader reads them, in that language or else in English."""
        return [_item_in(item, reader, language) for item in self.schema["items"]]

    def lead_in(self, reader: str, language: str) -> str:
        return str(in_language(_as_read_by(self.schema["lead_in"], reader), language))


def _as_read_by(wording: dict[str, Any], reader: str) -> dict[str, Any]:
    """A version without words of its own for a group asks its members as it asks any client."""
    words: dict[str, Any] = wording.get(reader) or wording["client"]
    return words


def in_language(texts: dict[str, Any], language: str) -> Any:
    """The wording for "es-mx" is "es"; what has no wording in a language is asked in English."""
    return texts.get(language) or texts.get(language.split("-", maxsplit=1)[0]) or texts["en"]


def _item_in(item: dict[str, Any], reader: str, language: str) -> dict[str, Any]:
    return {"facet": item["facet"], **in_language(_as_read_by(item["wording"], reader), language)}
