"""What the staff read about asking: whether a message goes out, and why none does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.utils import timezone
from django.utils.formats import date_format, time_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from measures.capture.whom_to_ask import WhyNot, reasons
from measures.models import Message
from sessions.models import ContactChannel, Session

WAITING = Message.Status.WAITING
WHY_NOT = {
    WhyNot.NOT_HELD: gettext_lazy("It was not held."),
    WhyNot.ANSWERED: gettext_lazy("An answer for this session is already here."),
    WhyNot.CLOSED: gettext_lazy("The episode is closed, so nobody is asked."),
    WhyNot.PAUSED: gettext_lazy("The episode is on hold, so nobody is asked."),
    WhyNot.NEVER_AGREED: gettext_lazy("No message goes out: the client has not agreed to one yet."),
    WhyNot.REFUSED: gettext_lazy("The client does not want to be asked."),
    WhyNot.NOT_NOW: gettext_lazy("The client is not asked for a while."),
    WhyNot.OFF: gettext_lazy("The client is asked by hand only."),
    WhyNot.LONG_AGO: gettext_lazy("It is too long ago to ask about by itself."),
    WhyNot.NEWER: gettext_lazy("A newer session was asked about."),
    WhyNot.TOO_SOON: gettext_lazy("The client was asked a few days ago, so not this time."),
    WhyNot.NOT_DUE: gettext_lazy("The client is not asked after every session, so not this time."),
    WhyNot.OWN_FIRST: gettext_lazy("The client is asked about their own session instead."),
}
SENT_TODAY = {
    ContactChannel.MAIL: gettext_lazy("The client gets an e-mail today, from %(time)s."),
    ContactChannel.SMS: gettext_lazy("The client gets a text message today, from %(time)s."),
}
SENT_LATER = {
    ContactChannel.MAIL: gettext_lazy("The client gets an e-mail on %(day)s, from %(time)s."),
    ContactChannel.SMS: gettext_lazy("The client gets a text message on %(day)s, from %(time)s."),
}

ASKED_IN_VAIN = {
    ContactChannel.MAIL: gettext_lazy("Asked by e-mail on %(day)s. No answer came in time."),
    ContactChannel.SMS: gettext_lazy("Asked by text message on %(day)s. No answer came in time."),
}
ASKED_BY = {
    ContactChannel.MAIL: gettext_lazy("Asked by e-mail on %(day)s, open until %(end)s."),
    ContactChannel.SMS: gettext_lazy("Asked by text message on %(day)s, open until %(end)s."),
}


def what_follows(session: Session, now: dt.datetime) -> str:
    """What becomes of asking about a session that was just logged."""
    return about_asking([session], now)[session.pk]


def about_asking(sessions: Sequence[Session], now: dt.datetime) -> dict[int, str]:
    """For each session, by its key: how far asking is, or why nobody is asked; empty where there
    is nothing to say. Local time must be active."""
    invitations = _invitations(sessions)
    why = reasons(sessions, now)
    return {each.pk: _about(each, invitations.get(each.pk), why[each.pk], now) for each in sessions}


def _invitations(sessions: Sequence[Session]) -> dict[int, Message]:
    """The last message about each session that was to go out, by the session's key."""
    messages = Message.objects.filter(
        request__session__in=sessions,
        request__withdrawn_at__isnull=True,
        kind=Message.Kind.INVITATION,
    )
    ordered = messages.exclude(status=Message.Status.SKIPPED).order_by("pk")
    return {each.request.session_id: each for each in ordered.select_related("request")}


def _about(session: Session, message: Message | None, why: WhyNot | None, now: dt.datetime) -> str:
    if why in {WhyNot.NOT_HELD, WhyNot.ANSWERED}:
        return ""
    if message is not None and (message.status != WAITING or message.request.is_open(now)):
        return _how_far(message, session, now)
    # Where nobody expects a message, none is missing.
    is_expected = why is not None and session.episode.client.contact_by
    return str(WHY_NOT[why]) if why is not None and is_expected else ""


def when_it_goes(message: Message, today: dt.date) -> str:
    """Local time must be active: the sentence names the day and the hour of the place."""
    local = timezone.localtime(message.due_at)
    channel = ContactChannel(message.channel)
    sentence = (SENT_TODAY if local.date() == today else SENT_LATER)[channel]
    words = {"day": date_format(local, "WEEKDAY_FORMAT"), "time": time_format(local)}
    return str(sentence) % words


def what_was_asked(session: Session, now: dt.datetime) -> str:
    """How far asking about a session by message is; empty where none was meant to go out, and once
    its time is over.

    Only for a session without an answer: it tells nothing of one. Local time must be active.
    """
    message = _invitations([session]).get(session.pk)
    if message is None or not message.request.is_open(now):
        return ""
    return _how_far(message, session, now)


def _how_far(message: Message, session: Session, now: dt.datetime) -> str:
    if message.status == WAITING:
        return when_it_goes(message, session.organization.today(now))
    if message.status in {Message.Status.FAILED, Message.Status.UNDELIVERED}:
        return _("The message about it did not arrive.")
    words = {
        "day": date_format(timezone.localtime(message.done_at or now), "WEEKDAY_FORMAT"),
        "end": date_format(timezone.localtime(message.request.expires_at), "WEEKDAY_FORMAT"),
    }
    sentences = ASKED_BY if message.request.is_open(now) else ASKED_IN_VAIN
    return str(sentences[ContactChannel(message.channel)]) % words
