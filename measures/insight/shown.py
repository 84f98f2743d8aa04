"""How somebody asked to see a trend: all in one line or by question, by date or by session.

It stands in the address, so that it works without script and can be kept as a bookmark.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from measures.insight.charts import Along


@dataclass(frozen=True, slots=True)
class Choice:
    label: str | Promise
    address: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Shown:
    by_question: bool = False
    along: Along = "dates"
    page: str = "1"

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Shown:
        """Read an address; what is not known there counts as not given."""
        return cls(
            by_question=given.get("draw") == "questions",
            along="sessions" if given.get("along") == "sessions" else "dates",
            page=given.get("page", "1")[:6],
        )

    @property
    def address(self) -> str:
        """The query of this page's address, without the page of the story."""
        given = {"draw": "questions" if self.by_question else "", "along": self.along}
        kept = {name: value for name, value in given.items() if value not in {"", "dates"}}
        return f"?{urlencode(kept)}" if kept else "?"

    @property
    def draw(self) -> Iterator[Choice]:
        for by_question, label in ((False, _("All three")), (True, _("By question"))):
            other = replace(self, by_question=by_question)
            yield Choice(label, other.address, other == self)

    @property
    def axis(self) -> Iterator[Choice]:
        ways: tuple[tuple[Along, Promise], ...] = (
            ("dates", _("Dates")),
            ("sessions", _("Sessions")),
        )
        for along, label in ways:
            other = replace(self, along=along)
            yield Choice(label, other.address, other == self)
