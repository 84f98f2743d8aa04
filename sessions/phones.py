"""Phone numbers, as people write them and as gateways want them."""

import re

from django.conf import settings

FEWEST, MOST = 8, 15  # digits of a number with its country code


def normalized_phone(text: str) -> str:
    """ "(312) 555-0142" as "+13125550142"; empty where it is no number that can be written to.

    A number without a country code is one of the country in ALLIANCE_COUNTRY_CODE.
    """
    compact = re.sub(r"[\s().\-/\u2010-\u2015\u202a-\u202e\u2066-\u2069]", "", text)
    compact = re.sub(r"\A00", "+", compact)
    if not re.fullmatch(r"\+?[0-9]+", compact):
        return ""
    number = compact if compact.startswith("+") else _with_country(compact)
    return number if FEWEST <= len(number) - 1 <= MOST else ""


def _with_country(digits: str) -> str:
    code: str = settings.ALLIANCE_COUNTRY_CODE
    if code != "1":
        return f"+{code}{digits.lstrip('0')}"
    national = digits.removeprefix("1") if len(digits) == 11 else digits
    return f"+1{national}" if len(national) == 10 else ""
