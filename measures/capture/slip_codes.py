"""The code of a paper slip: seven letters and digits, the last of which notices typing slips.

Of the 23 signs none looks like another: 8 stands for itself and for B, 5 for S, 2 for Z, 6 for G;
O, Q, I and L are left out with 0 and 1, and vowels, so that no code is a word. Six signs are drawn,
148 million ways; the seventh makes the weighted sum of all divisible by 23. Since 23 is prime and
no weight is 0 or like another, one wrong sign is always noticed, and so are any two that changed
places. Two wrong signs at once pass one time in 23, and then hit some other slip with 1 in 15,000
where 10,000 are known; the page shows whose slip it is before anything is stored.

>>> with_check("K7M4WP")
'K7M4WP8'
>>> read_code("k7m-4wp b")
'K7M4WP8'
>>> spaced("K7M4WP8")
'K7M-4WP8'
"""

from __future__ import annotations

import secrets

from measures.models.slips import SLIP_CODE_LENGTH

SIGNS = "23456789CDFHJKMNPRTVWXY"
# What people read or type instead; none of these is a sign.
READ_AS = str.maketrans("BSZG", "8526")
BETWEEN = str.maketrans("", "", " -\u00a0\u2010\u2011\u2013._")


class MistypedCode(ValueError):
    """No slip can have this code: a sign is wrong, missing or too many."""


def new_code() -> str:
    return with_check("".join(secrets.choice(SIGNS) for _ in range(SLIP_CODE_LENGTH - 1)))


def with_check(drawn: str) -> str:
    """The drawn signs and the one that belongs after them. Its own weight is 1."""
    return drawn + SIGNS[-_weighted(drawn) % len(SIGNS)]


def read_code(typed: str) -> str:
    """The code somebody typed, as it is stored. Raises MistypedCode."""
    code = typed.upper().translate(BETWEEN).translate(READ_AS)
    known = len(code) == SLIP_CODE_LENGTH and all(sign in SIGNS for sign in code)
    if not known or with_check(code[:-1]) != code:
        raise MistypedCode
    return code


def spaced(code: str) -> str:
    """As it is printed: K7M-4WP8."""
    return f"{code[:3]}-{code[3:]}"


def _weighted(drawn: str) -> int:
    """2 for the first sign, 3 for the second, and so on."""
    return sum(weight * SIGNS.index(sign) for weight, sign in enumerate(drawn, start=2))
