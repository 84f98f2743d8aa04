"""Who is on the staff and in what role, who supervises and who stands in; and who leaves.

Each change locks the organization first, so that two administrators who act at once cannot leave it
without one. Rights follow with the next request: they are read from these rows every time.
"""

from __future__ import annotations

import datetime as dt
import logging
import smtplib
from collections.abc import Collection
from dataclasses import dataclass

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from sessions.languages import staff_language
from sessions.models import Cover, Episode, Membership, Organization, Supervision
from sessions.models.people import MembershipQuerySet, on_day
from sessions.services import ROLES, add_member, add_supervision
from sessions.signals import member_left
from sessions.transferring import NoCounselor, transfer_episodes

log = logging.getLogger(__name__)
DAY = dt.timedelta(days=1)


class LastAdministrator(Exception):
    """Nobody would be left who can change anything here."""


class LastRightsContact(Exception):
    """Clients would have nobody to call but their counselor."""


class StillNeeded(Exception):
    """They have clients, or counselors to supervise, and nobody was named who takes over."""

    def __init__(self, leaving: Leaving) -> None:
        super().__init__("Somebody has to take over.")
        self.leaving = leaving


@dataclass(frozen=True, slots=True)
class Leaving:
    """What hangs from a member, in numbers: what somebody has to take over.

    alone   counselors whom nobody else supervises
    covers  those for whom they stand in, today or later
    """

    episodes: int
    alone: list[Membership]
    covers: list[Cover]

    @property
    def is_needed(self) -> bool:
        return bool(self.episodes or self.alone)


def invite_member(
    *,
    organization: Organization,
    email: str,
    name: str,
    roles: Collection[str],
    today: dt.date,
    phone: str,
    address: str,
) -> Membership:
    """Put somebody on the staff and mail them a link to set a password; `address`: of our pages.

    The mail goes out after the commit, says nothing of what this is, and is only a shortcut: who
    does not get it sets one under "Forgot your password?". Raises ValidationError.
    """
    with transaction.atomic():
        member = add_member(
            organization=organization,
            email=email,
            name=name,
            roles=tuple(roles),
            today=today,
            phone=phone,
        )
        transaction.on_commit(lambda: _invite(member, address))
    return member


def change_member(
    *, member: Membership, name: str, phone: str, roles: Collection[str], today: dt.date
) -> Membership:
    """Give a member other roles, another name or number.

    Raises LastAdministrator, LastRightsContact, and StillNeeded where a counselor has open
    episodes or a supervisor counselors of their own; ValidationError where no role is left.
    """
    with transaction.atomic():
        row = _lock(member)
        _check_others(row, today, without=set(ROLES) - set(roles))
        leaving = leaving_of(row, today=today)
        has_clients = row.counselor and "counselor" not in roles and leaving.episodes
        has_team = row.supervisor and "supervisor" not in roles and leaving.alone
        if has_clients or has_team:
            raise StillNeeded(leaving)
        row.name, row.phone = name, phone
        for role in ROLES:
            setattr(row, role, role in roles)
        row.full_clean()
        row.save(update_fields=["name", "phone", *ROLES])
    return row


def start_supervision(
    *, supervisor: Membership, counselor: Membership, today: dt.date
) -> Supervision:
    """Make a supervisor responsible for a counselor from today. Raises ValidationError."""
    with transaction.atomic():
        _lock(counselor)
        return add_supervision(supervisor=supervisor, counselor=counselor, today=today)


def end_supervision(*, supervision: Supervision, today: dt.date) -> None:
    """From now on they read nothing of that counselor's clients any more."""
    running = Supervision.objects.filter(on_day(today), pk=supervision.pk)
    for row in running.select_for_update():
        _end(row, today)


def start_cover(
    *,
    member: Membership,
    stands_in: Membership,
    from_on: dt.date,
    to_on: dt.date,
    reason: str,
    part: Cover.Part = Cover.Part.CLIENTS,
) -> Cover:
    """Have somebody stand in, from a day to a day: with the clients, or as a supervisor's deputy.

    The same people for the same days are named once. Raises ValidationError.
    """
    same = {
        "organization_id": member.organization_id,
        "member": member,
        "stands_in": stands_in,
        "part": part,
        "from_on": from_on,
        "to_on": to_on,
    }
    with transaction.atomic():
        _lock(member)  # a second tap waits here
        earlier = Cover.objects.filter(**same).first()
        if earlier is not None:
            return earlier
        cover = Cover(**same, reason=reason)
        cover.full_clean()
        cover.save()
    return cover


def end_cover(*, cover: Cover, today: dt.date) -> None:
    """End it with yesterday. One of today or later shrinks to a day that has passed."""
    with transaction.atomic():
        row = Cover.objects.select_for_update().get(pk=cover.pk)
        row.to_on = min(row.to_on, today - DAY)
        row.from_on = min(row.from_on, row.to_on)
        row.save(update_fields=["from_on", "to_on"])


def leaving_of(member: Membership, *, today: dt.date) -> Leaving:
    """What hangs from a member. What is open with their clients: `leaving.what_is_open`."""
    episodes = Episode.objects.open().filter(counselor=member)
    running = Supervision.objects.filter(on_day(today))
    others = running.filter(supervisor__in=_working(member, today, supervisor=True))
    team = running.filter(supervisor=member).values("counselor")
    alone = Membership.objects.active_on(today).filter(pk__in=team, counselor=True)
    covers = Cover.objects.filter(stands_in=member, to_on__gte=today)
    return Leaving(
        episodes=episodes.count(),
        alone=list(alone.exclude(pk__in=others.values("counselor")).order_by("name")),
        covers=list(covers.select_related("member").order_by("from_on")),
    )


def end_membership(
    *,
    member: Membership,
    now: dt.datetime,
    to: Membership | None = None,
    stands_in: Membership | None = None,
    until: dt.date | None = None,
    supervisor: Membership | None = None,
) -> int:
    """Take somebody off the staff at once; the number of clients who go on with somebody else.

    Their open episodes are transferred to `to`, or `stands_in` has them until a day; `supervisor`
    takes over whom nobody else supervises. Sessions that have begun and were not logged are
    cancelled with a transfer, and kept for who stands in; so is being supervised. `member_left`
    tells whoever keeps more about them. With the next request nothing opens any more.
    Raises StillNeeded, LastAdministrator, LastRightsContact, NoCounselor; nothing is stored then.
    """
    with transaction.atomic():
        row = _lock(member)
        today = row.organization.today(now)
        _check_others(row, today, without=set(ROLES))
        leaving = leaving_of(row, today=today)
        if (leaving.episodes and to is None and stands_in is None) or (
            leaving.alone and supervisor is None
        ):
            raise StillNeeded(leaving)
        _pass_on_the_team(leaving.alone, supervisor, row, today)
        if to is not None:
            transfer_all(member=row, to=to, now=now)
        elif stands_in is not None and leaving.episodes:
            _let_stand_in(row, stands_in, today, until or today)
        _end_each(Supervision.objects.filter(on_day(today), supervisor=row), today)
        theirs = Supervision.objects.filter(on_day(today), counselor=row)
        if to is None and leaving.episodes:
            # Somebody supervises the work with those clients as long as it is with who stands in.
            theirs.update(ended_on=until or today)
        else:
            _end_each(theirs, today)
        _end(row, today)
        member_left.send(sender=Membership, member=row, to=to, supervisor=supervisor, now=now)
    return leaving.episodes


def transfer_all(*, member: Membership, to: Membership, now: dt.datetime) -> int:
    """Every open episode of a member goes on with a colleague, or none does; how many.

    Sessions that have begun and were not logged are cancelled. Raises NoCounselor,
    AlreadyTogether.
    """
    with transaction.atomic():
        # Locked as they are found: one that closes at this moment is not handed on.
        theirs = Episode.objects.open().filter(counselor=member).order_by("pk")
        episodes = list(theirs.select_for_update())
        transfer_episodes(episodes=episodes, to=to, now=now, unlogged_are_cancelled=True)
        today = member.organization.today(now)
        if not member.is_active_on(today):  # left, and somebody stood in until now
            _end_each(Supervision.objects.filter(on_day(today), counselor=member), today)
    return len(episodes)


def _pass_on_the_team(
    alone: list[Membership], supervisor: Membership | None, leaver: Membership, today: dt.date
) -> None:
    for counselor in alone:
        if supervisor is None or supervisor.pk in {counselor.pk, leaver.pk}:
            raise NoCounselor
        add_supervision(supervisor=supervisor, counselor=counselor, today=today)


def _let_stand_in(
    member: Membership, stands_in: Membership, today: dt.date, until: dt.date
) -> None:
    working = _working(member, today, counselor=True)
    if not working.filter(pk=stands_in.pk).exists():
        raise NoCounselor
    start_cover(
        member=member, stands_in=stands_in, from_on=today, to_on=until, reason=_("left the staff")
    )


def _end(row: Membership | Supervision, today: dt.date) -> None:
    """Yesterday was the last day: both ends of a span count. Who began today never did."""
    row.ended_on = today - DAY
    row.started_on = min(row.started_on, row.ended_on)
    row.save(update_fields=["started_on", "ended_on"])


def _end_each(supervisions: QuerySet[Supervision], today: dt.date) -> None:
    for supervision in supervisions:
        _end(supervision, today)


def _lock(member: Membership) -> Membership:
    Organization.objects.select_for_update().get(pk=member.organization_id)
    return Membership.objects.select_related("organization", "user").get(pk=member.pk)


def _working(member: Membership, today: dt.date, **role: bool) -> MembershipQuerySet:
    """The others at work today, in a role."""
    here = Membership.objects.active_on(today).filter(organization=member.organization_id, **role)
    return here.exclude(pk=member.pk)


def _check_others(member: Membership, today: dt.date, *, without: Collection[str]) -> None:
    """Somebody else must be there for what nobody may be without."""
    needed = (("administrator", LastAdministrator), ("rights_contact", LastRightsContact))
    for role, problem in needed:
        loses = getattr(member, role) and role in without
        if loses and not _working(member, today, **{role: True}).exists():
            raise problem


def _invite(member: Membership, address: str) -> None:
    key = default_token_generator.make_token(member.user)
    uid = user_pk_to_url_str(member.user)
    link = address + reverse("account_reset_password_from_key", args=[uid, key])
    with translation.override(staff_language(member.user, member.organization)):
        subject = _("Your log-in at %(place)s") % {"place": member.organization.sender_name}
        text = _(
            "Hello %(name)s, you can log in here from now on. First set a password: %(link)s\n\n"
            "The link works for three days. After that, use “Forgot your password?” at %(address)s."
        ) % {"name": member.name, "link": link, "address": address + reverse("account_login")}
    try:
        send_mail(subject, text, settings.DEFAULT_FROM_EMAIL, [member.user.email])
    except (OSError, smtplib.SMTPException):
        log.exception("A mail to a new member could not be sent.")
