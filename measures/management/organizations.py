"""Which organization a command is about."""

from __future__ import annotations

from django.core.management.base import CommandError

from sessions.models import Organization


def find_organization(name: str) -> Organization:
    """Return the one organization of that name. Raises CommandError for none and for several."""
    found = list(Organization.objects.filter(name=name)[:2])
    if not found:
        raise CommandError(f"There is no organization named {name!r}.")
    if len(found) > 1:
        raise CommandError(f"There is more than one organization named {name!r}: rename one.")
    return found[0]
