"""What an invitation and a reminder say: as neutral as an envelope, in the client's language."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formataddr, parseaddr
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from measures.capture.gsm import folded, length_of
from measures.models import Message
from sessions.languages import client_language
from sessions.models import Client, Organization


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the links of one message lead. They hold its tokens, so they are kept nowhere."""

    rate: str
    stop: str


@dataclass(frozen=True, slots=True)
class Letter:
    """One message, ready to hand over."""

    to: str
    sender: str
    subject: str
    text: str
    html: str = ""
    stop: str = ""
    message_id: str = ""

    def mail(self) -> EmailMultiAlternatives:
        """As Django's mail. The header leads to a page that asks first: no one-click, since a
        scanner that presses it would silence somebody who never said so."""
        own = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
        headers = {"Message-ID": self.message_id, "Auto-Submitted": "auto-generated"}
        if self.stop:
            headers["List-Unsubscribe"] = f"<{self.stop}>"
        mail = EmailMultiAlternatives(
            self.subject,
            self.text,
            formataddr((self.sender, own)),
            [self.to],
            headers=headers,
        )
        if self.html:
            mail.attach_alternative(self.html, "text/html")
        return mail


def addresses(token: str, stop_token: str) -> Addresses:
    return Addresses(
        rate=settings.ALLIANCE_URL + reverse("rate", args=[token]),
        stop=settings.ALLIANCE_URL + reverse("stop", args=[stop_token]),
    )


def text_letter(
    *, client: Client, organization: Organization, kind: str, to: str, rate: str, until: dt.datetime
) -> Letter:
    """A text message: the longest wording that fits one, accents left out where they would not."""
    with _speaking_to(client, organization):
        texts = [
            folded(wording % {"name": front_word(client, organization), "link": rate, "day": day})
            for wording, day in _wordings(kind, until)
        ]
    text = next((each for each in texts if length_of(each).parts == 1), texts[-1])
    return Letter(to=to, sender=organization.sender_name, subject="", text=text)


def mail_letter(
    *,
    client: Client,
    organization: Organization,
    kind: str,
    to: str,
    links: Addresses,
    until: dt.datetime,
    message_id: str = "",
) -> Letter:
    """A mail, as text and as plain HTML."""
    with _speaking_to(client, organization):
        context = {"links": links, "until": until, "is_reminder": kind == Message.Kind.REMINDER}
        subject = _("Your 3 quick questions")
        if client.own_word:
            subject = _("%(word)s: your 3 quick questions") % {"word": _line(client.own_word)}
        return Letter(
            to=to,
            sender=_line(organization.sender_name),
            subject=subject,
            text=render_to_string("emails/invitation.txt", context),
            html=render_to_string("emails/invitation.html", context | {"subject": subject}),
            stop=links.stop,
            message_id=message_id,
        )


def message_id_of(message: Message) -> str:
    """By which a bounce is known. Its host is the one in the links, not the machine's own."""
    return message_id_for(message.uuid)


def message_id_for(uuid: UUID) -> str:
    return f"<{uuid}@{urlsplit(settings.ALLIANCE_URL).hostname}>"


def front_word(client: Client, organization: Organization) -> str:
    """What a text begins with: the client's own word, or the sender they were told."""
    return _line(client.own_word or organization.sender_name)


def _wordings(kind: str, until: dt.datetime) -> list[tuple[str, str]]:
    """Each wording with the day as it fits in, the longest first."""
    local = timezone.localtime(until)
    weekday, day = (
        date_format(local, name) for name in ("SHORT_WEEKDAY_FORMAT", "SHORT_DAY_FORMAT")
    )
    if kind == Message.Kind.REMINDER:
        long = _(
            "%(name)s: your 3 questions are open until %(day)s. OK to skip. %(link)s "
            "Reply STOP to end."
        )
        short = _("%(name)s: your 3 questions are open until %(day)s. %(link)s Reply STOP to end.")
    else:
        long = _(
            "%(name)s: your 3 quick questions are ready. About 1 minute. %(link)s "
            "Open until %(day)s. Reply STOP to end."
        )
        short = _(
            "%(name)s: your 3 questions are ready. %(link)s Open until %(day)s. Reply STOP to end."
        )
    return [(long, weekday), (short, day)]


@contextmanager
def _speaking_to(client: Client, organization: Organization) -> Iterator[None]:
    language = client_language(client.language)
    with translation.override(language), timezone.override(organization.zone):
        yield


def _line(text: str) -> str:
    """On one line, as a header must be."""
    return " ".join(text.split())
