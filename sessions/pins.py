"""The PIN that gives a handed-over tablet back to its counselor.

Four digits are soon guessed, so a PIN opens nothing by itself: only on the tablet that was handed
over, for a few minutes, with few tries (measures/capture/handovers.py). Stored like a password,
and mixed with the server's key before, so that the database alone does not tell it.
"""

from __future__ import annotations

from itertools import pairwise

from django.contrib.auth.hashers import check_password, make_password
from django.core.exceptions import ValidationError
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from sessions.models import Membership

SALT = "sessions.pins"
SHORTEST, LONGEST = 4, 8
# What people choose first, beside the patterns below.
COMMON = {"2580", "0852", "5683", "1004", "1313", "2001", "6969", "159753", "147258", "123321"}


def set_pin(member: Membership, pin: str) -> None:
    """Store a new PIN. Raises ValidationError for one that is no PIN, or soon guessed."""
    check_shape(pin)
    member.pin_hash = make_password(_mixed(pin))
    member.save(update_fields=["pin_hash"])


def is_pin(member: Membership, pin: str) -> bool:
    return bool(member.pin_hash) and check_password(_mixed(pin), member.pin_hash)


def check_shape(pin: str) -> None:
    if not (pin.isascii() and pin.isdigit() and SHORTEST <= len(pin) <= LONGEST):
        raise ValidationError(_("Use 4 to 8 digits."))
    if _is_soon_guessed(pin):
        raise ValidationError(_("This one is soon guessed. Take other digits."))


def _is_soon_guessed(pin: str) -> bool:
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(pin)}
    is_run = len(steps) == 1  # 1111, 2345, 8901, 9876, and 1357, too
    is_repeated = any(
        pin == (pin[:part] * len(pin))[: len(pin)] for part in range(1, len(pin) // 2 + 1)
    )
    is_year = len(pin) == 4 and pin[:2] in {"19", "20"}
    return is_run or is_repeated or is_year or pin in COMMON


def _mixed(pin: str) -> str:
    return salted_hmac(SALT, pin, algorithm="sha256").hexdigest()
