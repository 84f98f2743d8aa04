"""The built-in measure, as versioned data: three questions of our own, CC0, not validated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from measures.models import Instrument, InstrumentVersion

FOLDER = Path(__file__).parent
SLUG = "three-questions"


def load_builtin(**kwargs: Any) -> None:
    """Store each version that is not there yet. A stored version is never touched again."""
    instrument, _ = Instrument.objects.get_or_create(organization=None, slug=SLUG)
    for path in sorted(FOLDER.glob(f"{SLUG}-*.json")):
        number = int(path.stem.rpartition("-")[2])
        schema = json.loads(path.read_text(encoding="utf-8"))
        InstrumentVersion.objects.get_or_create(
            instrument=instrument,
            number=number,
            defaults={"schema": schema, "licence": schema["licence"]},
        )


def current_version() -> InstrumentVersion:
    """The newest version of the built-in measure."""
    versions = InstrumentVersion.objects.select_related("instrument")
    newest = versions.filter(instrument__slug=SLUG, instrument__organization=None)
    return newest.latest("number")
