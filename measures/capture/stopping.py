"""Messages end: because somebody said so, or because they do not arrive. The front desk is told.

All of it is shown on the page "Messages" and beside the client's address, never with any content.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from measures.capture.asking import withdraw_request
from measures.models import RatingLink
from sessions.agreements import stop_contact
from sessions.models import ContactChannel, ContactStop


def is_by_message(link: RatingLink) -> bool:
    """Whether a link was sent somewhere, or shown and handed over here."""
    return link.channel in ContactChannel.values


def not_for_them(*, link: RatingLink, now: dt.datetime) -> None:
    """ "This is not for me": close the request, and write to that address no more."""
    with transaction.atomic():
        withdraw_request(request=link.request, now=now)
        if is_by_message(link):
            _stop(link, ContactStop.Reason.NOT_ME, now)


def no_more_messages(*, link: RatingLink, now: dt.datetime) -> None:
    """ "Do not write to me anymore": the questions themselves stay open until their time is up."""
    _stop(link, ContactStop.Reason.STOPPED, now)


def _stop(link: RatingLink, reason: str, now: dt.datetime) -> None:
    client = link.request.episode.client
    stop_contact(client=client, channel=link.channel, reason=reason, now=now)
