"""Sessions every week or two, moving one, cancelling some. The client is not written to.

Times are local: 3 pm stays 3 pm when the clocks change. Nothing is deleted: a session that was
moved or cancelled stays where it was, cancelled.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db import transaction

from sessions.models import Episode, Session
from sessions.services import TimeTaken, schedule_session

MOST_TIMES = 52


class NotScheduled(Exception):
    """Somebody logged, moved or cancelled this session meanwhile."""


class AlreadyBegun(Exception):
    """What has begun is logged, not put off."""


@dataclass(frozen=True, slots=True)
class Series:
    """What was put on the calendar, and the times that were taken."""

    sessions: list[Session]
    skipped: list[dt.datetime]


def times_of(
    first: dt.datetime, *, weeks: int, zone: dt.tzinfo, times: int, until: dt.date | None
) -> list[dt.datetime]:
    """Every so many weeks at the same local time: so many times, or up to a day, it included."""
    local = first.astimezone(zone).replace(tzinfo=None)
    steps = (local + dt.timedelta(weeks=weeks * number) for number in range(MOST_TIMES))
    wanted = [each for each in steps if until is None or each.date() <= until]
    return [each.replace(tzinfo=zone).astimezone(dt.UTC) for each in wanted[:times]]


def schedule_series(
    *,
    episode: Episode,
    starts_at: dt.datetime,
    mode: str,
    weeks: int,
    times: int = MOST_TIMES,
    until: dt.date | None = None,
) -> Series:
    """Put a session on the calendar every so many weeks. A time that is taken, or a day on which
    the client is away, is left out and named. Raises TimeTaken where none is left.
    """
    zone = episode.organization.zone
    series = uuid.uuid4()
    made: list[Session] = []
    skipped: list[dt.datetime] = []
    with transaction.atomic():
        Episode.objects.select_for_update().get(pk=episode.pk)
        for at in times_of(starts_at, weeks=weeks, zone=zone, times=times, until=until):
            if episode.is_away(at.astimezone(zone).date()):
                skipped.append(at)
                continue
            try:
                made.append(schedule_session(episode=episode, starts_at=at, mode=mode))
            except TimeTaken:
                skipped.append(at)
        if not made:
            raise TimeTaken
        if len(made) > 1:
            for session in made:
                session.series = series
            Session.objects.bulk_update(made, ["series"])
    return Series(made, skipped)


def move_session(
    *, session: Session, starts_at: dt.datetime, mode: str, version: int, now: dt.datetime
) -> Session:
    """Another time for this one session; the others of its series stay. The old one is cancelled.

    Raises NotScheduled, AlreadyBegun and TimeTaken; nothing is stored then.
    """
    with transaction.atomic():
        current = _locked(session, version, now)
        current.status = Session.Status.CANCELLED
        current.version += 1
        current.save(update_fields=["status", "version"])
        moved = schedule_session(episode=current.episode, starts_at=starts_at, mode=mode)
        moved.series, moved.moved_from = current.series, current
        moved.save(update_fields=["series", "moved_from"])
    return moved


def cancel_session(
    *, session: Session, version: int, now: dt.datetime, and_following: bool = False
) -> int:
    """Cancel this one, or this and those after it in its series; how many that were.

    Raises NotScheduled and AlreadyBegun.
    """
    with transaction.atomic():
        current = _locked(session, version, now)
        chosen = Session.objects.scheduled().filter(pk=current.pk)
        if and_following and current.series is not None:
            chosen = Session.objects.scheduled().filter(
                episode=current.episode_id,
                series=current.series,
                starts_at__gte=current.starts_at,
            )
        return chosen.cancel()


def restore_session(*, session: Session, now: dt.datetime) -> Session:
    """Undo a cancellation of a session still to come. Raises NotScheduled and TimeTaken."""
    with transaction.atomic():
        Episode.objects.select_for_update().get(pk=session.episode_id)
        current = Session.objects.select_for_update(of=("self",)).get(pk=session.pk)
        was_moved = Session.objects.filter(moved_from=current).exists()
        if current.status != Session.Status.CANCELLED or current.starts_at <= now or was_moved:
            raise NotScheduled
        if current.episode.is_away(session.organization.today(current.starts_at)):
            raise NotScheduled
        same_time = Session.objects.not_cancelled().filter(
            episode=current.episode_id, starts_at=current.starts_at
        )
        if same_time.exists():
            raise TimeTaken
        current.status = Session.Status.SCHEDULED
        current.version += 1
        current.save(update_fields=["status", "version"])
    return current


def _locked(session: Session, version: int, now: dt.datetime) -> Session:
    Episode.objects.select_for_update().get(pk=session.episode_id)
    related = Session.objects.select_related("episode__organization")
    current = related.select_for_update(of=("self",)).get(pk=session.pk)
    if current.status != Session.Status.SCHEDULED or current.version != version:
        raise NotScheduled
    if current.starts_at <= now:
        raise AlreadyBegun
    return current
