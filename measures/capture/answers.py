"""What one rater answered, before it is a row."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

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
    # Whether what was promised happened (`Repair.ClientSays`), and the talk it was promised in.
    happened: str = ""
    promise: str = ""
    # How they were given. Not part of what was said: see `fingerprint`.
    input_kind: str = Rating.InputKind.BUTTONS.value
    language: str = ""

    @property
    def facets(self) -> dict[str, float | None]:
        return {facet: getattr(self, facet) for facet in FACETS}

    @property
    def is_empty(self) -> bool:
        return not any([self.given, self.change_wish, self.note, self.happened])

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

    @property
    def as_given(self) -> dict[str, Any]:
        """What is kept beside the columns, for exports and for who reads a note."""
        asked = {"happened": self.happened, "promise": self.promise} if self.happened else {}
        return {**self.facets, **asked, **({"language": self.language} if self.language else {})}

    def fingerprint(self) -> str:
        """The same for the same answers: tells a retry from a second opinion."""
        said = asdict(self)
        del said["input_kind"], said["language"]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
