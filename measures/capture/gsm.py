"""How long a text message is. 160 characters hold for the GSM alphabet; one letter beyond it, and
the whole message holds 70.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
TWICE = frozenset("^{}\\[~]|€\f")  # an escape and the character


@dataclass(frozen=True, slots=True)
class Length:
    """What a text takes: its units (septets, or 16 bits each), and in how many messages."""

    units: int
    parts: int


def length_of(text: str) -> Length:
    if all(each in BASIC or each in TWICE for each in text):
        units = len(text) + sum(each in TWICE for each in text)
        return Length(units, _parts(units, 160, 153))
    units = len(text.encode("utf-16-le")) // 2
    return Length(units, _parts(units, 70, 67))


def _parts(units: int, alone: int, joined: int) -> int:
    return 1 if units <= alone else -(-units // joined)


def folded(text: str) -> str:
    """The text in the GSM alphabet where only accents stand against it: "Pájaro" as "Pajaro".

    Letters the alphabet has (é, ñ, ü, ...) stay. What has no plain letter stays as well: then the
    message is one of 70 characters.
    """
    return "".join(_folded(each) for each in unicodedata.normalize("NFC", text))


def _folded(character: str) -> str:
    if character in BASIC or character in TWICE:
        return character
    plain = LOOKALIKES.get(character) or unicodedata.normalize("NFKD", character)
    bare = "".join(each for each in plain if not unicodedata.combining(each))
    return bare if bare and all(each in BASIC or each in TWICE for each in bare) else character


LOOKALIKES = {
    "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-",
    "\u2026": "...", "\u00a0": " ", "\u202f": " ",
}  # fmt: skip
