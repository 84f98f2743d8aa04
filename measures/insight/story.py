"""What happened beside the ratings: talks, events, contacts, time on hold, earlier goals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from django.db.models import Q

from measures.insight.flag_page import Step, steps_by_flag
from measures.insight.history import History
from measures.insight.lane import LaneMark, MarkKind, dated_marks, way_marks
from measures.insight.trend_points import TrendPoint
from measures.models import Flag, FlagEvent, Rating, Repair
from sessions.access import Viewer
from sessions.models import Contact, EarlierGoal, Episode, EpisodeEvent, Pause
from sessions.sealing import unseal


@dataclass(frozen=True, slots=True)
class EarlierWords:
    """A goal as it once stood, in the client's words."""

    text: str
    said_on: dt.date
    until_on: dt.date


@dataclass(frozen=True, slots=True)
class Story:
    """Rows of one episode that a viewer may read, each kind in order of time."""

    events: list[EpisodeEvent]
    talks: list[Repair]
    closings: list[FlagEvent]
    contacts: list[Contact]
    pauses: list[Pause]
    earlier_goals: list[EarlierWords]
    corrections: list[Rating]
    # What was done about each flag, by its number.
    steps: dict[int, list[Step]]


def story_of(viewer: Viewer, history: History) -> Story:
    """Everything dated of one episode, in one query a kind."""
    episode = history.episode
    visible = Episode.objects.clinical_to(viewer).filter(pk=episode.pk).values("pk")
    talks = Repair.objects.open_to(viewer).filter(flag__episode=episode)
    closings = FlagEvent.objects.filter(
        flag__in=Flag.objects.open_to(viewer).filter(episode=episode).values("pk"),
        to_state=Flag.State.BETTER,
    )
    goals = EarlierGoal.objects.clinical_to(viewer).filter(episode=episode)
    return Story(
        events=list(
            EpisodeEvent.objects.clinical_to(viewer).filter(episode=episode).order_by("on", "pk")
        ),
        talks=list(talks.order_by("talked_on", "pk")),
        closings=list(closings.order_by("at", "pk")),
        contacts=list(Contact.objects.standing().filter(episode__in=visible).order_by("at", "pk")),
        pauses=list(Pause.objects.filter(episode__in=visible).order_by("from_on", "pk")),
        earlier_goals=[
            EarlierWords(unseal(episode.client, "goal", row.sealed_goal), row.said_on, row.until_on)
            for row in goals.order_by("-until_on", "-pk")
        ],
        corrections=_corrections(viewer, episode),
        steps=steps_by_flag(viewer, episode),
    )


def _corrections(viewer: Viewer, episode: Episode) -> list[Rating]:
    """What says that an answer was taken off, and answers that were put where they belong."""
    readable = Rating.objects.open_to(viewer).filter(session__episode=episode)
    corrected = readable.filter(
        Q(outcome=Rating.Outcome.WITHDRAWN) | Q(corrects__isnull=True) & ~Q(reason="")
    )
    return list(corrected.select_related("session", "entered_by").order_by("stored_at", "pk"))


def marks_of(points: Sequence[TrendPoint], story: Story, zone: dt.tzinfo) -> list[LaneMark]:
    """What stands on the lane beside flags and missed sessions."""
    dated: list[tuple[dt.date, MarkKind]] = [
        *((talk.talked_on, "talked") for talk in story.talks),
        *((closing.at.astimezone(zone).date(), "back_to_usual") for closing in story.closings),
        *((event.on, cast("MarkKind", event.kind)) for event in story.events),
    ]
    return [*way_marks(points), *dated_marks(points, dated)]
