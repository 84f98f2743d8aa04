"""What was agreed in supervision."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from measures.models import Action
from sessions.contacts import ONE_TAP
from sessions.models import Episode, Membership, Supervision
from sessions.models.people import on_day
from sessions.sealing import seal, unseal


def agree_on_action(
    *,
    counselor: Membership,
    text: str,
    owner: Membership,
    due_on: dt.date,
    by: Membership,
    now: dt.datetime,
    episode: Episode | None = None,
) -> Action:
    """Write down what was agreed. About a client it is sealed under that client's key.

    The same, sent twice in a moment, is written down once.
    """
    sealed = seal(episode.client, "action", text) if episode is not None else None
    what: dict[str, Any] = {"counselor": counselor, "episode": episode, "owner": owner}
    what |= {"due_on": due_on, "agreed_by": by}
    with transaction.atomic():
        Membership.objects.select_for_update().get(pk=counselor.pk)  # the second tap waits here
        lately = Action.objects.open().filter(**what, agreed_at__gt=now - ONE_TAP)
        for earlier in lately.select_related("episode__client"):
            if text_of(earlier) == text:
                return earlier
        return Action.objects.create(
            organization_id=counselor.organization_id,
            **what,
            text="" if episode is not None else text,
            sealed_text=sealed,
            agreed_at=now,
        )


def end_action(*, action: Action, outcome: str, now: dt.datetime) -> bool:
    """Say that an action is done, or dropped. False where somebody said so already."""
    waiting = Action.objects.open().filter(pk=action.pk)
    return bool(waiting.update(done_at=now, outcome=outcome))


def episodes_were_transferred(
    *, pairs: Sequence[tuple[Episode, Episode]], now: dt.datetime, **_kwargs: Any
) -> None:
    """Receiver: what is still to be done about clients moves along to the next counselor.

    It stays with who had it where that is a supervisor of the next counselor too; else it is for
    that counselor, who alone would see it.
    """
    next_of = {former.pk: new for former, new in pairs}
    counselor = pairs[0][1].counselor
    today = counselor.organization.today(now)
    supervising = Supervision.objects.filter(on_day(today), counselor=counselor)
    stays_with = set(supervising.values_list("supervisor", flat=True))
    actions = list(Action.objects.open().filter(episode__in=next_of))
    for action in actions:
        if action.owner_id not in stays_with:
            action.owner = counselor
        action.episode, action.counselor = next_of[action.episode_id or 0], counselor
    Action.objects.bulk_update(actions, ["episode", "counselor", "owner"])


def member_has_left(
    *,
    member: Membership,
    to: Membership | None,
    supervisor: Membership | None,
    now: dt.datetime,
    **_kwargs: Any,
) -> None:
    """Receiver: nothing agreed waits for somebody who is gone.

    What they had to do about another counselor is for the new supervisor, or else for that
    counselor. What was agreed about their own work ends where their clients went on with `to` (what
    is about a client went with them), and stays for who stands in.
    """
    waiting = Action.objects.open().filter(organization=member.organization_id)
    for action in waiting.filter(owner=member).exclude(counselor=member):
        action.owner = supervisor or action.counselor
        action.save(update_fields=["owner"])
    if to is not None:
        waiting.filter(counselor=member).update(done_at=now, outcome=Action.Outcome.DROPPED)


def text_of(action: Action) -> str:
    """What was agreed; an action about a client comes with its episode and client."""
    if action.episode is None:
        return action.text
    return unseal(action.episode.client, "action", action.sealed_text)
