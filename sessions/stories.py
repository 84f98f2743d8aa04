"""What a counselor writes down about an episode beside its sessions: events, and the goal."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from sessions.models import EarlierGoal, Episode, EpisodeEvent, Membership
from sessions.sealing import seal, unseal


def add_event(*, episode: Episode, kind: str, on: dt.date) -> EpisodeEvent:
    """Date something of a fixed kind. The same kind on the same day is the same event."""
    event, _is_new = EpisodeEvent.objects.get_or_create(
        episode=episode, kind=kind, on=on, defaults={"organization_id": episode.organization_id}
    )
    return event


def change_goal(*, episode: Episode, goal: str, by: Membership, today: dt.date) -> bool:
    """Write down the goal in the client's new words, and keep the earlier ones with their days.

    Returns whether anything changed: the same words again are no change. An empty goal takes the
    one that stands away, into the earlier ones.
    """
    with transaction.atomic():
        locked = Episode.objects.select_for_update().select_related("client").get(pk=episode.pk)
        before = unseal(locked.client, "goal", locked.sealed_goal)
        if goal == before:
            return False
        if locked.sealed_goal is not None:
            EarlierGoal.objects.create(
                organization_id=locked.organization_id,
                episode=locked,
                sealed_goal=locked.sealed_goal,
                said_on=locked.goal_on or locked.opened_on,
                until_on=today,
                replaced_by=by,
            )
        locked.sealed_goal = seal(locked.client, "goal", goal)
        locked.goal_on = today
        locked.save(update_fields=["sealed_goal", "goal_on"])
    return True
