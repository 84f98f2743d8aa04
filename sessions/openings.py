"""Why a supervisor opened a case, and how the counselor reads it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.translation import gettext_lazy

from sessions.access import Viewer, unexplained_to
from sessions.models import CaseOpening, Episode, Membership
from sessions.names import isolated

SHOWN = 3
Purpose = CaseOpening.Purpose
SENTENCES = {
    Purpose.PREPARING: gettext_lazy("%(name)s opened this on %(day)s, preparing supervision."),
    Purpose.ASKED: gettext_lazy("%(name)s opened this on %(day)s; the counselor asked."),
    Purpose.COVERING: gettext_lazy("%(name)s opened this on %(day)s, covering."),
    Purpose.CONCERN: gettext_lazy("%(name)s opened this on %(day)s, because of a concern."),
}


@dataclass(frozen=True, slots=True)
class Openings:
    """Who opened a case lately, in sentences, newest first; those before are folded away."""

    newest: Sequence[str]
    more: Sequence[str]


def open_case(*, episode: Episode, by: Membership, purpose: str, now: dt.datetime) -> CaseOpening:
    """Say why a supervisor looks at a case today. The counselor sees it; the first word stands."""
    day = by.organization.today(now)
    opening, _ = CaseOpening.objects.get_or_create(
        episode=episode,
        by=by,
        on=day,
        defaults={"organization_id": episode.organization_id, "purpose": purpose, "at": now},
    )
    return opening


def openings_of(viewer: Viewer, episode: Episode) -> Openings:
    """Of the last twenty."""
    rows = CaseOpening.objects.clinical_to(viewer).filter(episode=episode).select_related("by")
    latest = rows.order_by("-on", "-pk")[:20]
    said = [opening_sentence(each.by.name, each.on, each.purpose) for each in latest]
    return Openings(newest=said[:SHOWN], more=said[SHOWN:])


def unexplained(viewer: Viewer, episodes: Iterable[Episode]) -> set[int]:
    """Those of these cases that ask for the reason first; a list asks in place: see
    templates/sessions/_case_link.html."""
    silent = unexplained_to(viewer).filter(pk__in={episode.pk for episode in episodes})
    return set(silent.values_list("pk", flat=True))


def opening_sentence(name: str, day: dt.date, purpose: str) -> str:
    words = {"name": isolated(name), "day": date_format(day, "WEEKDAY_FORMAT")}
    return str(SENTENCES[Purpose(purpose)]) % words
