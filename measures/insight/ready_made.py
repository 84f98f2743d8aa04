"""What the client may read after a talk: sentences ready in every language of their form.

They follow "{Maria} said:" in the client's form, and are asked about with "Did that happen?".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from measures.capture.forms import ASKED_FOR, HAPPENED_LABEL
from sessions.names import isolated

SENTENCES: dict[str, str | Promise] = {
    "slower": gettext_lazy("we take one thing at a time"),
    "plan": gettext_lazy("we start with a plan for the hour"),
    "listen": gettext_lazy("we start with what is on your mind"),
    "push_more": gettext_lazy("I ask you for one more step each time"),
    "push_less": gettext_lazy("you choose how far we go"),
    "explain": gettext_lazy("I tell you why before we do something"),
    "other_topic": gettext_lazy("you choose what we talk about first"),
    "privacy": gettext_lazy("I ask you before I share something"),
    "say_back": gettext_lazy("I say back what I heard, and you fix it"),
    "goals": gettext_lazy("we look at your own goals each time"),
    "respect": gettext_lazy("I let you finish what you want to say"),
}
BY_FACET = {
    "respect": ("respect", "listen", "push_less"),
    "understanding": ("say_back", "listen", "explain"),
    "goals": ("goals", "other_topic", "plan"),
}
MOST = 4


@dataclass(frozen=True, slots=True)
class Ready:
    """One sentence as a tap: in the client's language, and in the reader's where that differs."""

    key: str
    text: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around the sentence in the client's form, in the client's language."""

    before: str
    after: str

    def around(self, text: str) -> str:
        return f"{self.before} “{text}” {self.after}"


def ready_for(wish: str, facets: Sequence[str], language: str) -> list[Ready]:
    """The sentence that answers their wish first, then those for what moved."""
    keys = [wish] if wish in SENTENCES else []
    keys += [key for row in range(3) for facet in facets for key in [BY_FACET[facet][row]]]
    here = translation.get_language() or "en"
    return [
        Ready(key, in_language(key, language), "" if language == here else str(SENTENCES[key]))
        for key in list(dict.fromkeys(keys))[:MOST]
    ]


def in_language(key: str, language: str) -> str:
    with translation.override(language):
        return str(SENTENCES[key])


def in_every_language(key: str) -> dict[str, str]:
    return {language: in_language(key, language) for language, _name in settings.LANGUAGES}


def frame_for(wish: str, counselor: str, language: str) -> Frame:
    """How the form will put the question: the same texts, as the client reads them."""
    with translation.override(language):
        said = _("%(name)s said:") % {"name": isolated(counselor)}
        asked = str(ASKED_FOR.get(wish, ""))
        return Frame(f"{asked} {said}".strip(), str(HAPPENED_LABEL))
