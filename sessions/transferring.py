"""A client goes on with another counselor: the episode closes, and the next one continues it."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import F, QuerySet

from sessions.earlier_answers import keep_answer
from sessions.models import Episode, Membership, Pause, Session
from sessions.pausing import EpisodeClosed
from sessions.services import close_episode, continue_episode
from sessions.signals import episode_transferred


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

    Sessions still to come move along, but those of a group of the former counselor, and so does
    being on hold. What is open of the questions is withdrawn. The former counselor goes on reading
    the closed episode; the new one reads it only where the client agrees: `agrees` is their word
    now, None where nobody asked. `episode_transferred` tells whoever keeps more about the episode.
    Raises NoCounselor, AlreadyTogether, EpisodeClosed, and SessionNotLogged where a session has
    begun and nobody said what became of it, unless `unlogged_are_cancelled`.
    """
    with transaction.atomic():
        rows = Episode.objects.select_related("organization", "client", "counselor")
        former = rows.select_for_update(of=("self",)).get(pk=episode.pk)
        today = former.organization.today(now)
        _check(former, to, today)
        pause = former.pauses.running().first()
        scheduled = former.sessions.scheduled()
        if unlogged_are_cancelled:
            _cancel(scheduled.filter(starts_at__lte=now))
        _cancel(scheduled.filter(starts_at__gt=now, group__isnull=False))
        coming = list(scheduled.filter(starts_at__gt=now).values_list("pk", flat=True))
        close_episode(
            episode=former, reason=Episode.Reason.TRANSFERRED, now=now, cancel_coming=False
        )
        new = continue_episode(episode=former, counselor=to, today=today)
        keep_answer(episode=former, agrees=agrees, how=how, now=now)
        Session.objects.filter(pk__in=coming).update(episode=new, version=F("version") + 1)
        if pause is not None:
            _go_on_waiting(pause, new, today)
        episode_transferred.send(sender=Episode, former=former, new=new, now=now)
    return new


def _check(former: Episode, to: Membership, today: dt.date) -> None:
    if former.closed_on is not None:
        raise EpisodeClosed
    here = to.organization_id == former.organization_id
    works = Membership.objects.active_on(today).filter(pk=to.pk, counselor=True).exists()
    if not (here and works) or to.pk == former.counselor_id:
        raise NoCounselor
    if Episode.objects.open().filter(client=former.client_id, counselor=to).exists():
        raise AlreadyTogether


def _cancel(sessions: QuerySet[Session]) -> None:
    sessions.update(status=Session.Status.CANCELLED, version=F("version") + 1)


def _go_on_waiting(pause: Pause, episode: Episode, today: dt.date) -> None:
    still_due = pause.expected_on if pause.expected_on and pause.expected_on > today else None
    Pause.objects.create(
        organization_id=episode.organization_id,
        episode=episode,
        reason=pause.reason,
        from_on=today,
        expected_on=still_due,
    )
