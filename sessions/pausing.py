"""An episode on hold: jail, detox, a journey. Nothing is asked or counted until they are back."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from sessions.models import Episode, Pause, Session
from sessions.signals import episode_paused
from sessions.workdays import midnight


class EpisodeClosed(Exception):
    """It ended meanwhile."""


class AlreadyOnHold(Exception):
    """It is on hold, by somebody else or by another tab."""


class NotOnHold(Exception):
    """Nobody is away: they came back meanwhile."""


class MetMeanwhile(Exception):
    """A session was held on a day they are said to have been away."""

    def __init__(self, session: Session) -> None:
        super().__init__("A session was held meanwhile.")
        self.session = session


def pause_episode(
    *,
    episode: Episode,
    reason: str,
    from_on: dt.date,
    expected_on: dt.date | None,
    now: dt.datetime,
) -> Pause:
    """Put an episode on hold from a day up to today, and end what the client is being asked.

    Sessions on the calendar until the expected return are cancelled, and so are those missed since
    `from_on`: somebody who could not come did not stay away. Raises AlreadyOnHold, EpisodeClosed,
    and MetMeanwhile where a session was held after that day; nothing is stored then.
    """
    with transaction.atomic():
        locked = _lock(episode)
        if locked.pauses.running().exists():
            raise AlreadyOnHold
        _check_nobody_met(locked, from_on)
        pause = Pause.objects.create(
            organization_id=locked.organization_id,
            episode=locked,
            reason=reason,
            from_on=from_on,
            expected_on=expected_on,
        )
        _clear_the_calendar(pause)
        transaction.on_commit(lambda: episode_paused.send(sender=Episode, episode=locked, now=now))
    return pause


def change_pause(*, episode: Episode, reason: str, expected_on: dt.date | None) -> Pause:
    """Say anew where they are and when they are expected. Raises NotOnHold, EpisodeClosed."""
    with transaction.atomic():
        pause = _running(_lock(episode))
        pause.reason, pause.expected_on = reason, expected_on
        pause.save(update_fields=["reason", "expected_on"])
        _clear_the_calendar(pause)
    return pause


def end_pause(*, episode: Episode, back_on: dt.date) -> Pause:
    """They are back since that day. Raises NotOnHold, EpisodeClosed.

    A day before they left counts as that day: such a pause never was.
    """
    with transaction.atomic():
        pause = _running(_lock(episode))
        pause.to_on = max(back_on, pause.from_on)
        pause.save(update_fields=["to_on"])
    return pause


def end_pause_by(session: Session) -> None:
    """Whoever came is back. Call it with the episode locked."""
    day = session.organization.today(session.starts_at)
    running = Pause.objects.running().filter(episode=session.episode_id)
    for pause in running.filter(from_on__lte=day):
        pause.to_on = day
        pause.save(update_fields=["to_on"])


def _lock(episode: Episode) -> Episode:
    """One writer per episode. On SQLite the transaction itself is the lock."""
    locked = Episode.objects.select_for_update(of=("self",)).select_related("organization")
    row = locked.get(pk=episode.pk)
    if row.closed_on is not None:
        raise EpisodeClosed
    return row


def _running(episode: Episode) -> Pause:
    pause = episode.pauses.running().first()
    if pause is None:
        raise NotOnHold
    return pause


def _check_nobody_met(episode: Episode, from_on: dt.date) -> None:
    """On its first day they may have been here in the morning."""
    last = episode.sessions.held().order_by("starts_at").last()
    if last is not None and episode.organization.today(last.starts_at) > from_on:
        raise MetMeanwhile(last)


def _clear_the_calendar(pause: Pause) -> None:
    zone = pause.episode.organization.zone
    sessions = pause.episode.sessions.filter(
        status__in=[Session.Status.SCHEDULED, Session.Status.MISSED],
        starts_at__gte=midnight(pause.from_on, zone),
    )
    if pause.expected_on is not None:
        back = midnight(pause.expected_on, zone)
        sessions = sessions.filter(starts_at__lt=back)
    sessions.cancel()
