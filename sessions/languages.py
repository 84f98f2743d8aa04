"""Which language somebody is written to and shown pages in."""

from __future__ import annotations

from django.conf import settings

from sessions.models import Organization, User


def staff_language(user: User, organization: Organization) -> str:
    """For mails to the staff: the language they chose, else their organization's, else English."""
    offered = dict(settings.STAFF_LANGUAGES)
    known = (code for code in (user.language, organization.language) if code in offered)
    return next(known, "en")


def client_language(code: str) -> str:
    """For everything a client reads: their own language where it is spoken here, else English."""
    return code if code in dict(settings.LANGUAGES) else "en"
