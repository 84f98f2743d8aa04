"""A tablet goes to the client and comes back: the log-in ends first, and a PIN brings it back.

While it is away the tablet holds a link that is good for one rating, and a secret that says which
hand-over it is. The PIN works with that secret only, for 15 minutes, with five tries; four digits
of 9,600 are then guessed with a chance of 1 in 1,900 by whoever holds that very tablet.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F

from measures.capture.services import answer_of, close_link, make_link
from measures.capture.tokens import hash_token, new_token
from measures.models import HandOver, RatingLink, unrated_sessions
from measures.models.handovers import MOST_PIN_TRIES
from sessions.access import Viewer
from sessions.models import Membership, Session
from sessions.pins import is_pin
from sessions.wall import set_organization

# From the answer, or from the hand-over while there is none.
PIN_LIFE = dt.timedelta(minutes=15)


class OwnRatingFirst(Exception):
    """The counselor has neither rated the session nor said "not this time"."""


@dataclass(frozen=True, slots=True)
class Handed:
    """A tablet about to leave the counselor's hands. The secret is here and on the tablet only."""

    link: RatingLink
    secret: str


def may_hand_over(session: Session, viewer: Viewer) -> bool:
    """The own rating comes first, or is waived: afterwards the client's could sway it."""
    return not unrated_sessions(viewer).filter(pk=session.pk).exists()


def hand_over(
    *,
    session: Session,
    viewer: Viewer,
    log_in_ends_at: dt.datetime,
    helper: str = "",
    present: str = "",
) -> Handed:
    """Make the link the tablet goes away with.

    Raises OwnRatingFirst, SessionNotHeld, AlreadyAnswered and NotToBeAsked; nothing is stored then.
    """
    if not may_hand_over(session, viewer):
        raise OwnRatingFirst
    secret = new_token()
    with transaction.atomic():
        made = make_link(session=session, channel=RatingLink.Channel.HANDOVER, now=viewer.now)
        HandOver.objects.create(
            organization_id=session.organization_id,
            link=made.link,
            counselor=viewer.membership,
            tablet_hash=hash_token(secret),
            helper=helper,
            present=present,
            handed_at=viewer.now,
            log_in_ends_at=log_in_ends_at,
        )
    return Handed(made.link, secret)


def find_hand_over(secret: str) -> HandOver | None:
    """The hand-over a tablet is away with, until it is taken back.

    Names the organization for the rest of the transaction: nobody is logged in.
    """
    away = HandOver.objects.filter(tablet_hash=hash_token(secret), returned_at__isnull=True)
    related = away.select_related("link__request__session", "counselor__user", "organization")
    row = related.first()
    if row is not None:
        set_organization(row.organization_id)
    return row


def takes_pin(row: HandOver, now: dt.datetime) -> bool:
    """Whether the PIN can still bring the log-in back, or only a full one."""
    answer = answer_of(row.link.request)
    since = max(row.handed_at, answer.stored_at) if answer else row.handed_at
    in_time = now < since + PIN_LIFE and now < row.log_in_ends_at
    return in_time and row.wrong_pins < MOST_PIN_TRIES and bool(row.counselor.pin_hash)


def take_back(*, row: HandOver, pin: str, now: dt.datetime) -> Membership | None:
    """End the hand-over with the counselor's PIN; None for a wrong one, or where it comes too late.

    A try is counted before it is compared: of tries at the same moment no more than five count.
    """
    if not takes_pin(row, now):
        return None
    rows = HandOver.objects.filter(pk=row.pk, returned_at__isnull=True)
    if not rows.filter(wrong_pins__lt=MOST_PIN_TRIES).update(wrong_pins=F("wrong_pins") + 1):
        return None
    if not (is_pin(row.counselor, pin) and _is_on_the_staff(row, now)):
        return None
    with transaction.atomic():
        rows.update(wrong_pins=F("wrong_pins") - 1, returned_at=now)
        close_link(link=row.link, now=now)
    return row.counselor


def _is_on_the_staff(row: HandOver, now: dt.datetime) -> bool:
    today = row.organization.today(now)
    return Membership.objects.active_on(today).filter(pk=row.counselor_id).exists()
