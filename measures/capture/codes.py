"""The six digits beside a QR code, for phones that cannot scan it: made, kept alive, tried.

How hopeless guessing is. Every code has a short address of its own: 3 of 20 letters, 8,000 of
them. A blind guess names one address and one of 1,000,000 codes; with 50 codes open at once it
hits one with a chance of 50 / 8,000,000,000, about 6 in 1,000,000,000.

* Each address takes five wrong tries, then its code is closed. However many guess, from wherever:
  of all codes ever shown, at most 5 in 1,000,000 can be opened that way, and only while
  practically no code in the house works, which people notice.
* Each network address has 20 wrong tries in 15 minutes, 701,000 in a year: a chance of 0.4 % to
  open one single form in a year of trying day and night. What opens is one form to rate one
  session, once, with nobody's name on it but the counselor's.

On a paired tablet (a kiosk) the digits alone are asked for, and looked for among those of its own
organization. It has 5 wrong tries in 15 minutes and 30 in a day: with 20 codes open all day long,
whoever stands at it from morning to night opens one with a chance of 0.06 %.
"""

from __future__ import annotations

import datetime as dt
import secrets
import unicodedata
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.crypto import constant_time_compare, salted_hmac

from measures.capture.asking import AlreadyAnswered, NotToBeAsked, SessionNotHeld
from measures.capture.services import is_usable, make_link
from measures.models import RatingCode, RatingLink, RatingRequest
from measures.models.codes import RatingCodeQuerySet
from sessions.models import Device, Session
from sessions.tries import Limit

SALT = "measures.capture.codes"
# Without vowels there are no words, and without l nothing that looks like a digit.
LETTERS = "bcdfghjkmnpqrstvwxyz"
LETTERS_LENGTH = 3
DIGITS_LENGTH = 6
LIFE = dt.timedelta(minutes=15)
KEEP_EVERY = dt.timedelta(minutes=4)  # how often the page that shows it asks for new time
# However long the page stays open: a screen left on over lunch shows no way in.
LONGEST_LIFE = dt.timedelta(hours=1)

BY_DEVICE = Limit("rating code on a tablet", most=5, within=dt.timedelta(minutes=15))
BY_DEVICE_A_DAY = Limit("rating code on a tablet, daily", most=30, within=dt.timedelta(days=1))
BY_ADDRESS = Limit("rating code", most=20, within=dt.timedelta(minutes=15))


class TooManyTries(Exception):
    """This tablet takes no digits for a while."""


@dataclass(frozen=True, slots=True)
class MadeCode:
    """A fresh code. The digits are here and nowhere else: they are stored as a keyed hash."""

    letters: str
    digits: str
    row: RatingCode

    @property
    def spaced(self) -> str:
        """As people read and say them: 482 913."""
        return f"{self.digits[:3]} {self.digits[3:]}"


def make_code(*, link: RatingLink, now: dt.datetime) -> MadeCode:
    """Give a link digits and a short address, for as long as the link lives.

    Earlier codes of the same request are closed: a screen that was left shows none that works.
    """
    with transaction.atomic():
        RatingCode.objects.filter(expires_at__lte=now).delete()
        RatingCode.objects.filter(link__request=link.request_id).delete()
        made = None
        while made is None:
            made = _try_to_make(link)
    return made


def _try_to_make(link: RatingLink) -> MadeCode | None:
    """None where the letters or the digits are in use: one time in some thousands."""
    letters = "".join(secrets.choice(LETTERS) for _ in range(LETTERS_LENGTH))
    digits = f"{secrets.randbelow(10**DIGITS_LENGTH):0{DIGITS_LENGTH}}"
    try:
        with transaction.atomic():
            row = RatingCode.objects.create(
                organization_id=link.organization_id,
                link=link,
                letters=letters,
                digits_hash=hash_digits(digits),
                expires_at=link.expires_at,
            )
    except IntegrityError:
        return None
    return MadeCode(letters, digits, row)


def keep_alive(*, session: Session, letters: str, now: dt.datetime) -> RatingCode | None:
    """Give the code a page shows, and its link, new time; None where it is closed.

    Wrong tries stay counted: a longer life is no more guesses.
    """
    with transaction.atomic():
        codes = RatingCode.objects.open(now).select_related("link__request")
        code = codes.filter(letters=letters, link__request__session=session).first()
        if code is None or not is_usable(code.link, now):
            return None
        link = code.link
        end = min(now + LIFE, link.created_at + LONGEST_LIFE, link.request.expires_at)
        if end > code.expires_at:
            code.expires_at = link.expires_at = end
            code.save(update_fields=["expires_at"])
            link.save(update_fields=["expires_at"])
    return code


def open_code(*, letters: str, digits: str, address: str, now: dt.datetime) -> RatingLink | None:
    """The link behind letters and digits, else None, without saying why.

    Takes one of the tries of the network address and of the code itself before it compares, so
    that tries made at the same moment are no more than those made one after the other.
    """
    typed = plain_digits(digits)
    if len(typed) != DIGITS_LENGTH or not BY_ADDRESS.take(address, now):
        return None
    code = _take_a_try(RatingCode.objects.filter(letters=letters.strip().lower()), now)
    if code is None or not constant_time_compare(code.digits_hash, hash_digits(typed)):
        return None
    RatingCode.objects.filter(pk=code.pk).update(wrong_tries=F("wrong_tries") - 1)
    BY_ADDRESS.give_back(address)
    return code.link if is_usable(code.link, now) else None


def open_code_on(*, device: Device, digits: str, now: dt.datetime) -> RatingLink | None:
    """A link to rate by on a paired tablet, made for the request behind the digits, or None.

    Ends what was open on the tablet before. Raises TooManyTries.
    """
    typed = plain_digits(digits)
    if len(typed) != DIGITS_LENGTH:
        return None
    if not (BY_DEVICE.take(str(device.pk), now) and BY_DEVICE_A_DAY.take(str(device.pk), now)):
        raise TooManyTries
    codes = RatingCode.objects.open(now).filter(organization=device.organization_id)
    code = codes.filter(digits_hash=hash_digits(typed)).select_related("link__request").first()
    if code is None or not is_usable(code.link, now):
        return None
    for limit in (BY_DEVICE, BY_DEVICE_A_DAY):
        limit.give_back(str(device.pk))
    return _link_on(device, code.link.request, now)


def _link_on(device: Device, request: RatingRequest, now: dt.datetime) -> RatingLink | None:
    with transaction.atomic():
        RatingLink.objects.filter(device=device, closed_at__isnull=True).update(closed_at=now)
        Device.objects.filter(pk=device.pk).update(used_at=now)
        try:
            made = make_link(
                session=request.session, channel=RatingLink.Channel.KIOSK, now=now, device=device
            )
        except (AlreadyAnswered, NotToBeAsked, SessionNotHeld):
            return None
    return made.link


def _take_a_try(codes: RatingCodeQuerySet, now: dt.datetime) -> RatingCode | None:
    """Count a try of an open code, before it is known whether it is a wrong one."""
    if not codes.open(now).update(wrong_tries=F("wrong_tries") + 1):
        return None
    return codes.select_related("link__request").get()


def hash_digits(digits: str) -> str:
    return salted_hmac(SALT, digits, algorithm="sha256").hexdigest()


def plain_digits(typed: str) -> str:
    """What was typed as 0 to 9, whatever the keyboard's digits are; spaces and dashes fall away."""
    kept = (each for each in typed if not each.isspace() and each not in "-\u2010\u2011\u2013.")
    values = [unicodedata.digit(each, None) for each in kept]
    return "" if None in values else "".join(map(str, values))
