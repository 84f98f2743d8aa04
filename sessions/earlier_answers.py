"""May the next counselor read what was answered up to now? What the client hears, and their word.

Notes are apart: they stay with whom the client wrote them to, whatever is agreed here.
"""

from __future__ import annotations

import datetime as dt

from django.utils import translation
from django.utils.translation import gettext_lazy

from sessions.agreements import agree, agreement, refuse
from sessions.languages import client_language
from sessions.models import Consent, Episode
from sessions.names import isolated

# A changed text takes a new version.
VERSION = "2026-11"
READ_TO_THEM = gettext_lazy(
    "You go on with somebody new. May they read what you answered with %(name)s up to now? Your "
    "notes to %(name)s stay between you. You can say no, and you can change your mind later. It "
    "does not change the help you get here."
)


def text_for(episode: Episode) -> str:
    """The question in the client's own language; `episode` is the one with the earlier answers."""
    with translation.override(client_language(episode.client.language)):
        return READ_TO_THEM % {"name": isolated(episode.counselor.name)}


def episode_before(episode: Episode) -> Episode | None:
    """The episode this one goes on from, where that was with another counselor."""
    rows = Episode.objects.select_related("client", "counselor", "organization")
    others = rows.exclude(counselor=episode.counselor_id)
    return others.filter(continued_by=episode).first()


def next_reader(episode: Episode, now: dt.datetime) -> str:
    """The counselor after this one, where the client agrees that they read it; else nobody."""
    if episode.reason != Episode.Reason.TRANSFERRED or not may_next_read(episode, now):
        return ""
    after = Episode.objects.select_related("counselor").filter(continues=episode).first()
    return after.counselor.name if after else ""


def may_next_read(episode: Episode, now: dt.datetime) -> bool | None:
    """Whether the client agrees that the next counselor reads this episode; None: not asked."""
    return agreement(episode.client, Consent.Purpose.EARLIER, now, episode=episode)


def keep_answer(*, episode: Episode, agrees: bool | None, how: str, now: dt.datetime) -> None:
    """Store the client's word on the answers of this episode. None changes nothing."""
    if agrees is None:
        return
    keep = agree if agrees else refuse
    keep(
        client=episode.client,
        episode=episode,
        purpose=Consent.Purpose.EARLIER,
        text_version=f"{VERSION} {episode.client.language}",
        how=how,
        now=now,
    )
