"""A tablet of the house: offered by an administrator, paired once, revoked at any time.

A paired tablet holds a cookie with a secret of 256 bits, signed, and kept here as a hash. Whoever
holds it gets the page that asks for six digits, and nothing else (`alliance_site.transactions`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from sessions.models import Device, Membership

COOKIE = "kiosk"
SALT = "sessions.devices"
AGE = 400 * 24 * 60 * 60  # as long as browsers keep one; renewed with every use
PAIRING_LIFE = dt.timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class OfferedDevice:
    """A tablet to be paired. The token is here and in the link that is shown, nowhere else."""

    token: str
    device: Device


def offer_device(*, name: str, by: Membership, now: dt.datetime) -> OfferedDevice:
    """Begin to pair a tablet: the link is good once, for 15 minutes."""
    token = secrets.token_urlsafe(16)
    device = Device.objects.create(
        organization_id=by.organization_id,
        name=name,
        paired_by=by,
        created_at=now,
        pairing_hash=_hash(token),
        pairing_ends_at=now + PAIRING_LIFE,
    )
    return OfferedDevice(token, device)


def find_offer(token: str, now: dt.datetime) -> Device | None:
    """The tablet a link is about, while it may still be paired. Looking uses nothing up."""
    waiting = Device.objects.waiting(now).select_related("organization")
    return waiting.filter(pairing_hash=_hash(token)).first()


def pair_device(*, device: Device, now: dt.datetime) -> str | None:
    """Give the tablet its secret; None where another was faster."""
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        mine = Device.objects.waiting(now).filter(pk=device.pk)
        if not mine.update(paired_at=now, secret_hash=_hash(secret)):
            return None
    return secret


def revoke_device(*, device: Device, now: dt.datetime) -> None:
    Device.objects.filter(pk=device.pk, revoked_at__isnull=True).update(revoked_at=now)


def device_of(request: HttpRequest) -> Device | None:
    """The paired tablet a request comes from. Asks the database only where there is a cookie."""
    secret = request.get_signed_cookie(COOKIE, default="", salt=SALT)
    if not secret:
        return None
    known = Device.objects.in_use().filter(secret_hash=_hash(secret))
    return known.select_related("organization").first()


def remember_device(response: HttpResponse, secret: str) -> None:
    response.set_signed_cookie(
        COOKIE,
        secret,
        salt=SALT,
        max_age=AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def forget_device(response: HttpResponse) -> None:
    response.delete_cookie(COOKIE, samesite="Lax")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
