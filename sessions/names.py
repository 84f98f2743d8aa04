"""Names inside sentences: in a row as each language says it, and kept apart from its direction."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from django.utils.translation import get_language_bidi, pgettext
from django.utils.translation import gettext as _

FIRST_STRONG, POP = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
RIGHT_TO_LEFT = {"R", "AL"}
# "Maria e Irene", but "Maria y Hielda": Spanish changes the word before the sound of an i.
SOUND_OF_I = re.compile(r"(?:i|hi(?![aeo]))", re.IGNORECASE)


def in_a_row(names: Sequence[str]) -> str:
    """ "Maria", "Maria and Sam", "Maria, Jo and Sam"."""
    if len(names) < 2:
        return "".join(names)
    row = names[0]
    for name in names[1:-1]:
        row = _("%(names)s, %(name)s") % {"names": row, "name": name}
    return _last(names[-1]) % {"names": row, "name": names[-1]}


def _last(name: str) -> str:
    plain = unicodedata.normalize("NFD", name.strip(FIRST_STRONG + POP))
    if SOUND_OF_I.match(plain):
        return pgettext("the name begins with the sound of i", "%(names)s and %(name)s")
    return _("%(names)s and %(name)s")


def isolated(text: str) -> str:
    """A name, code or telephone number that neither turns the sentence around nor is turned by it.

    As it is where nothing can happen: in a line from left to right, and of such letters.
    """
    turns = any(unicodedata.bidirectional(letter) in RIGHT_TO_LEFT for letter in text)
    return f"{FIRST_STRONG}{text}{POP}" if text and (turns or get_language_bidi()) else text
