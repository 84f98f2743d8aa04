"""One mail a day to whoever has something waiting: a link, and nothing about anybody.

Each member is looked at once on a working day, from the hour on at which their organization sends.
That look is claimed before anything is sent, so that a mail goes out at most once, however many
machines run this. Who heard of it already hears again only of something newer, or after a week.
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from measures.capture.gateway_errors import AddressRefused, NotTaken, Unreachable
from measures.capture.gateways import Gateway
from measures.capture.letters import Letter, message_id_for
from measures.insight.waiting import waiting_for
from sessions.access import Viewer
from sessions.languages import staff_language
from sessions.models import Membership, Organization
from sessions.models.people import MembershipQuerySet
from sessions.wall import transaction_of
from sessions.workdays import SATURDAY

log = logging.getLogger(__name__)

AGAIN_AFTER = dt.timedelta(days=7)


@dataclass(slots=True)
class Mailed:
    """What one run did: mails sent, not sent for good, and whether the gateway was there."""

    sent: int = 0
    failed: int = 0
    is_down: bool = False


def mail_what_waits(
    *, gateway: Gateway, clock: Callable[[], dt.datetime], stop: Callable[[], bool]
) -> Mailed:
    """Look at every member whose look is due today, and mail whom something waits for.

    A gateway that is not there costs nobody their look; the next run goes on. `stop` is asked
    before each member whether to leave the rest to the next run.
    """
    mailed = Mailed()
    for member in due_members(clock()):
        if stop() or mailed.is_down:
            break
        _look_at(member, gateway, clock(), mailed)
    return mailed


def would_mail(now: dt.datetime) -> int:
    """How many mails `mail_what_waits` would send, without sending them."""
    return sum(_has_news(member, now) for member in due_members(now))


def due_members(now: dt.datetime) -> Iterator[Membership]:
    """Active members who want the mail and were not looked at on this working day."""
    for organization in Organization.objects.order_by("pk"):
        local = now.astimezone(organization.zone)
        is_time = organization.send_from <= local.time() < organization.send_until
        if local.weekday() < SATURDAY and is_time:
            due = _not_looked_at(local.date()).filter(organization=organization, daily_mail=True)
            yield from due.active_on(local.date()).select_related("user", "organization")


def _not_looked_at(day: dt.date) -> MembershipQuerySet:
    return Membership.objects.filter(Q(mail_looked_on__isnull=True) | Q(mail_looked_on__lt=day))


def _look_at(member: Membership, gateway: Gateway, now: dt.datetime, mailed: Mailed) -> None:
    if not _has_news(member, now):
        _claim(member, now)
        return
    try:
        gateway.open()
        if _claim(member, now):
            _send(member, gateway, now, mailed)
    except Unreachable:
        mailed.is_down = True
    finally:
        gateway.close()


def _has_news(member: Membership, now: dt.datetime) -> bool:
    with transaction_of(member.organization_id):
        waiting = waiting_for(Viewer(member, member.organization, now))
    before = member.mailed_at
    newest = max((each.newest for each in waiting if each.newest), default=None)
    if newest is None or before is None:
        return newest is not None
    return newest > before or now - before >= AGAIN_AFTER


def _claim(member: Membership, now: dt.datetime) -> bool:
    """Take today's look at a member: true for one of all who try."""
    today = member.organization.today(now)
    return bool(_not_looked_at(today).filter(pk=member.pk).update(mail_looked_on=today))


def _send(member: Membership, gateway: Gateway, now: dt.datetime, mailed: Mailed) -> None:
    """Send the mail of a claimed look. Whatever its answer was lost of is not repeated."""
    try:
        gateway.send(letter_to(member))
    except NotTaken as refusal:
        mailed.failed += 1
        if refusal.for_now:
            _unclaim(member)
    except AddressRefused:
        mailed.failed += 1
    except Unreachable:
        _unclaim(member)
        raise
    except Exception as error:  # noqa: BLE001  a backend of somebody else's may raise anything
        mailed.failed += 1
        log.warning("A mail to the staff may not have arrived: %s", type(error).__name__)
    else:
        mailed.sent += 1
        Membership.objects.filter(pk=member.pk).update(mailed_at=now)


def _unclaim(member: Membership) -> None:
    Membership.objects.filter(pk=member.pk).update(mail_looked_on=member.mail_looked_on)


def letter_to(member: Membership) -> Letter:
    """As neutral as what clients get: whoever sees the inbox learns nothing."""
    address = settings.ALLIANCE_URL + reverse("waiting")
    with translation.override(staff_language(member.user, member.organization)):
        text = _(
            "Something is waiting for you. Log in to see what: %(address)s\n\n"
            'At most one such mail a day. Under "Your account" you can turn it off.'
        ) % {"address": address}
        return Letter(
            to=member.user.email,
            sender=member.organization.sender_name,
            subject=_("Something is waiting"),
            text=text,
            message_id=message_id_for(uuid.uuid4()),
        )
