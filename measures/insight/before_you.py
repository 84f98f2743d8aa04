"""A client who was with another counselor before: what was left open, as far as the client agrees.

Without their word nothing is told that was answered or concluded then; only that a note waits,
since somebody should ask about it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Exists, OuterRef
from django.utils.translation import get_language

from measures.insight.history import histories
from measures.insight.sentences import flag_sentence
from measures.models import Flag, NoteRead, Rating, Repair
from measures.repair.talks import promised_in
from sessions.access import Viewer
from sessions.earlier_answers import episode_before, may_next_read
from sessions.models import Episode


@dataclass(frozen=True, slots=True)
class OpenFlag:
    flag: Flag
    sentence: str


@dataclass(frozen=True, slots=True)
class OpenPromise:
    """What the client was told would be different, and was not asked about yet."""

    on: dt.date
    text: str


@dataclass(frozen=True, slots=True)
class BeforeYou:
    """The episode before, with somebody else. `agrees`: None where nobody asked the client."""

    episode: Episode
    agrees: bool | None
    flags: list[OpenFlag]
    promises: list[OpenPromise]
    note_waits: bool

    @property
    def is_open(self) -> bool:
        return bool(self.flags or self.promises)


def before_you(viewer: Viewer, episode: Episode) -> BeforeYou | None:
    """What a counselor should know of the episode theirs goes on from; None if it was their own."""
    earlier = episode_before(episode)
    if earlier is None:
        return None
    agrees = may_next_read(earlier, viewer.now)
    return BeforeYou(
        episode=earlier,
        agrees=agrees,
        flags=_flags(viewer, earlier) if agrees else [],
        promises=_promises(viewer, earlier) if agrees else [],
        note_waits=_note_waits(earlier),
    )


def _flags(viewer: Viewer, earlier: Episode) -> list[OpenFlag]:
    [history] = histories(viewer, [earlier])
    still = [flag for flag in history.flags if flag.is_open]
    return [OpenFlag(flag, flag_sentence(flag, history)) for flag in still]


def _promises(viewer: Viewer, earlier: Episode) -> list[OpenPromise]:
    unasked = Repair.objects.open_to(viewer).filter(
        flag__episode=earlier, client_says="", sealed_client_text__isnull=False
    )
    language = get_language() or "en"
    return [
        OpenPromise(talk.talked_on, promised_in(talk, earlier.client, language))
        for talk in unasked.order_by("talked_on", "pk")
    ]


def _note_waits(earlier: Episode) -> bool:
    """Whether a note to the counselor before was read by nobody. What it says stays theirs."""
    notes = Rating.objects.current().filter(session__episode=earlier, sealed_note__isnull=False)
    return notes.filter(~Exists(NoteRead.objects.filter(rating=OuterRef("pk")))).exists()
