"""The very message a client would get, to read together before they agree to it."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse

from measures.capture.letters import Addresses, Letter, mail_letter, text_letter
from sessions.models import Client, ContactChannel, Organization

# As long as a real one, and plainly none.
NO_TOKEN = "x" * 22
# The widest day there is, for measuring: whatever the day, the message is no longer.
WIDE_DAY = dt.datetime(2026, 9, 30, 12, tzinfo=ZoneInfo("UTC"))


def sample_text(client: Client, organization: Organization, kind: str) -> str:
    """A text message to this client, with a link that leads nowhere."""
    return _text(client, organization, kind, WIDE_DAY).text


def preview(
    client: Client, organization: Organization, kind: str, now: dt.datetime
) -> Letter | None:
    """The message this client would get if it went out at `now`; None where they get none."""
    until = now + dt.timedelta(days=organization.request_days)
    if client.contact_by == ContactChannel.SMS:
        return _text(client, organization, kind, until)
    if client.contact_by == ContactChannel.MAIL:
        links = Addresses(_url("rate"), _url("stop"))
        return mail_letter(
            client=client, organization=organization, kind=kind, to="", links=links, until=until
        )
    return None


def _text(client: Client, organization: Organization, kind: str, until: dt.datetime) -> Letter:
    return text_letter(
        client=client,
        organization=organization,
        kind=kind,
        to="",
        rate=_url("rate"),
        until=until,
    )


def _url(name: str) -> str:
    return str(settings.ALLIANCE_URL) + reverse(name, args=[NO_TOKEN])
