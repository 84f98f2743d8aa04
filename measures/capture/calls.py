"""The other door: ask somebody who is not the counselor to call."""

from __future__ import annotations

import datetime as dt
import logging
import smtplib

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from measures.models import CallRequest, RatingRequest
from sessions.languages import staff_language
from sessions.models import Membership
from sessions.sealing import seal

log = logging.getLogger(__name__)


def ask_for_call(
    *,
    request: RatingRequest,
    contact: Membership,
    now: dt.datetime,
    calls_url: str,
    phone: str = "",
) -> CallRequest:
    """Store that the client of a rating request wants `contact` to call, and mail them neutrally.

    Asking again while one waits changes nothing but the number, where another was given. The mail
    goes out after the commit, names nobody and leads to `calls_url`; if it cannot be sent, the
    call still stands on their list.
    """
    client = request.session.episode.client
    with transaction.atomic():
        RatingRequest.objects.select_for_update().get(pk=request.pk)  # the second tap waits here
        waiting = CallRequest.objects.waiting().filter(request=request).first()
        if waiting is not None:
            if phone:
                waiting.sealed_phone = seal(client, "call", phone)
                waiting.save(update_fields=["sealed_phone"])
            return waiting
        call = CallRequest.objects.create(
            organization_id=request.organization_id,
            client=client,
            request=request,
            contact=contact,
            sealed_phone=seal(client, "call", phone),
            asked_at=now,
        )
        transaction.on_commit(lambda: _tell(contact, calls_url))
    return call


def finish_call(*, call: CallRequest, by: Membership, now: dt.datetime) -> None:
    """Take a call off the list. Who did first stays on record."""
    waiting = CallRequest.objects.waiting().filter(pk=call.pk)
    waiting.update(done_at=max(now, call.asked_at), done_by=by)


def _tell(contact: Membership, calls_url: str) -> None:
    with translation.override(staff_language(contact.user, contact.organization)):
        subject = _("Somebody asks you to call")
        text = _("Log in to see whom: %(address)s") % {"address": calls_url}
    try:
        send_mail(subject, text, settings.DEFAULT_FROM_EMAIL, [contact.user.email])
    except (OSError, smtplib.SMTPException):
        log.exception("A mail about a call could not be sent.")
