"""A client goes on with another counselor: the episode closes, and the next one continues it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.db.models import F, OuterRef, Subquery

from sessions.earlier_answers import keep_answer
from sessions.models import Episode, Membership, Pause, Session
from sessions.pausing import EpisodeClosed
from sessions.services import close_episodes, continue_episodes
from sessions.signals import episodes_transferred


class NoCounselor(Exception):
    """They are not a counselor of this organization today, or the one it is with already."""


class AlreadyTogether(Exception):
    """The client already has an open episode with that counselor."""


def transfer_episode(
    *,
    episode: Episode,
    to: Membership,
    now: dt.datetime,
    agrees: bool | None = None,
    how: str = "",
    unlogged_are_cancelled: bool = False,
) -> Episode:
    """Close an episode and open the one with `to` that continues it; the new one.

    The former counselor goes on reading the closed episode; the new one reads it only where the
    client agrees: `agrees` is their word now, None where nobody asked. All else as in
    `transfer_episodes`.
    """
    with transaction.atomic():
        [new] = transfer_episodes(
            episodes=[episode], to=to, now=now, unlogged_are_cancelled=unlogged_are_cancelled
        )
        keep_answer(episode=episode, agrees=agrees, how=how, now=now)
    return new


def transfer_episodes(
    *,
    episodes: Sequence[Episode],
    to: Membership,
    now: dt.datetime,
    unlogged_are_cancelled: bool = False,
) -> list[Episode]:
    """All these episodes of one counselor go on with `to`, or none does; the new ones.

    A fixed number of queries, however many they are: nobody waits for a caseload of hundreds.
    Sessions still to come move along, but those of a group of the former counselor, and so does
    being on hold. What is open of the questions is withdrawn. `episodes_transferred` tells whoever
    keeps more about them. Raises NoCounselor, AlreadyTogether, EpisodeClosed, and SessionNotLogged
    where one has begun and nobody said what became of it, unless `unlogged_are_cancelled`.
    """
    if not episodes:
        return []
    keys = [episode.pk for episode in episodes]
    with transaction.atomic():
        rows = Episode.objects.select_related("organization", "client", "counselor")
        locked = rows.select_for_update(of=("self",)).filter(pk__in=keys)
        formers = list(locked.order_by("pk"))
        today = to.organization.today(now)
        _check(formers, to, today)
        pauses = list(Pause.objects.running().filter(episode__in=keys))
        scheduled = Session.objects.scheduled().filter(episode__in=keys)
        if unlogged_are_cancelled:
            scheduled.filter(starts_at__lte=now).cancel()
        scheduled.filter(starts_at__gt=now, group__isnull=False).cancel()
        close_episodes(episodes=formers, reason=Episode.Reason.TRANSFERRED, now=now)
        news = continue_episodes(episodes=formers, counselor=to, today=today)
        next_one = Episode.objects.filter(continues=OuterRef("episode")).values("pk")
        scheduled.update(episode=Subquery(next_one), version=F("version") + 1)
        _go_on_waiting(pauses, news, today)
        episodes_transferred.send(
            sender=Episode, pairs=list(zip(formers, news, strict=True)), now=now
        )
    return news


def _check(formers: Sequence[Episode], to: Membership, today: dt.date) -> None:
    if any(former.closed_on is not None for former in formers):
        raise EpisodeClosed
    here = all(former.organization_id == to.organization_id for former in formers)
    works = Membership.objects.active_on(today).filter(pk=to.pk, counselor=True).exists()
    if not (here and works) or any(former.counselor_id == to.pk for former in formers):
        raise NoCounselor
    clients = [former.client_id for former in formers]
    if Episode.objects.open().filter(client__in=clients, counselor=to).exists():
        raise AlreadyTogether


def _go_on_waiting(pauses: Sequence[Pause], news: Sequence[Episode], today: dt.date) -> None:
    next_of = {new.continues_id: new for new in news}
    Pause.objects.bulk_create(
        _pause_of(next_of[pause.episode_id], pause, today) for pause in pauses
    )


def _pause_of(episode: Episode, before: Pause, today: dt.date) -> Pause:
    still_due = before.expected_on is not None and before.expected_on > today
    return Pause(
        organization_id=before.organization_id,
        episode=episode,
        reason=before.reason,
        from_on=today,
        expected_on=before.expected_on if still_due else None,
    )
