"""What the made-up people went through beside their sessions: dated events, by how it went."""

from __future__ import annotations

import datetime as dt

from alliance_site.demo.plan import PlannedClient
from sessions.models import Episode, EpisodeEvent
from sessions.stories import add_event

# Of the sessions up to now, the share after which it happened, and how many days after.
HAPPENED = {
    "ruptured and repaired": ((EpisodeEvent.Kind.LIFE_EVENT, 0.4, 3),),
    "slowly declining": (
        (EpisodeEvent.Kind.RELAPSE, 0.6, 2),
        (EpisodeEvent.Kind.REFERRAL, 0.85, 0),
    ),
    "rising": ((EpisodeEvent.Kind.NEW_GOAL, 0.5, 0),),
}


def date_events(planned: PlannedClient, episode: Episode) -> None:
    for kind, share, days in HAPPENED.get(planned.kind, ()):
        after = planned.sessions[int(share * (len(planned.sessions) - 1))].starts_at
        on = (after + dt.timedelta(days=days)).date()
        add_event(episode=episode, kind=kind, on=on)
