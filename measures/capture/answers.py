"""What one rater answered, before it is a row."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from measures.models import FACETS, Rating


@dataclass(frozen=True, slots=True)
class Answers:
    """The three facets on 0-10, `None` where skipped, and the client's words."""

    respect: float | None = None
    understanding: float | None = None
    goals: float | None = None
    change_wish: str = ""
    note: str = ""
    note_for: str = Rating.NoteFor.COUNSELOR.value
    declined: bool = False

    @property
    def facets(self) -> dict[str, float | None]:
        return {facet: getattr(self, facet) for facet in FACETS}

    @property
    def is_empty(self) -> bool:
        return not any([self.given, self.change_wish, self.note])

    @property
    def given(self) -> int:
        """How many of the three were answered."""
        return sum(value is not None for value in self.facets.values())

    @property
    def outcome(self) -> str:
        if self.declined:
            return Rating.Outcome.DECLINED
        complete = self.given == len(FACETS)
        return Rating.Outcome.COMPLETE if complete else Rating.Outcome.PARTIAL

    def fingerprint(self) -> str:
        """The same for the same answers: tells a retry from a second opinion."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()
