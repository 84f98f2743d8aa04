"""What the staff read about asking: whether a message goes out, and why none does."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone
from django.utils.formats import date_format, time_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from measures.capture.asking import WhyNot, why_not
from measures.models import Message, RatingRequest
from sessions.models import ContactChannel, Session

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

ASKED_BY = {
    ContactChannel.MAIL: gettext_lazy("Asked by e-mail on %(day)s, open until %(end)s."),
    ContactChannel.SMS: gettext_lazy("Asked by text message on %(day)s, open until %(end)s."),
}


def what_follows(session: Session, now: dt.datetime) -> str:
    """What becomes of asking about a session that was just logged; empty where there is nothing to
    say."""
    if session.status != Session.Status.HELD:
        return ""
    message = Message.objects.waiting().filter(request__session=session).first()
    if message is not None:
        return when_it_goes(message, session.organization.today(now))
    # Where nobody expects a message, none is missing.
    reason = why_not(session, now) if session.episode.client.contact_by else None
    return str(WHY_NOT[reason]) if reason is not None and reason != WhyNot.ANSWERED else ""


def when_it_goes(message: Message, today: dt.date) -> str:
    """Local time must be active: the sentence names the day and the hour of the place."""
    local = timezone.localtime(message.due_at)
    channel = ContactChannel(message.channel)
    sentence = (SENT_TODAY if local.date() == today else SENT_LATER)[channel]
    words = {"day": date_format(local, "WEEKDAY_FORMAT"), "time": time_format(local)}
    return str(sentence) % words


def what_was_asked(session: Session, now: dt.datetime) -> str:
    """How far asking about a session by message is; empty where none was meant to go out.

    Only for a session without an answer: it tells nothing of one. Local time must be active.
    """
    requests = RatingRequest.objects.open(now).filter(session=session)
    messages = Message.objects.filter(request__in=requests, kind=Message.Kind.INVITATION)
    message = messages.select_related("request").order_by("-pk").first()
    if message is None or message.status == Message.Status.SKIPPED:
        return ""
    if message.status == Message.Status.WAITING:
        return when_it_goes(message, session.organization.today(now))
    if message.status in {Message.Status.FAILED, Message.Status.UNDELIVERED}:
        return _("The message about it did not arrive.")
    words = {
        "day": date_format(timezone.localtime(message.done_at or now), "WEEKDAY_FORMAT"),
        "end": date_format(timezone.localtime(message.request.expires_at), "WEEKDAY_FORMAT"),
    }
    return str(ASKED_BY[ContactChannel(message.channel)]) % words
