"""What involves several rows: staff, episodes, and sessions on the calendar."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.db.models import Q, Value
from django.db.models.functions import Greatest

from sessions.models import (
    Client,
    Episode,
    Membership,
    Organization,
    Pause,
    Session,
    Supervision,
    User,
)
from sessions.pausing import end_pause_by
from sessions.sealing import Identity, new_client_key, seal, seal_identity
from sessions.signals import episodes_closed

# Somebody who comes back so soon goes on where they were.
REOPEN_DAYS = 60


class CodeTaken(Exception):
    """Another client of the organization has this code."""


class SessionNotLogged(Exception):
    """A session has begun, and what became of it was not said yet."""

    def __init__(self, session: Session) -> None:
        super().__init__("A session is not logged yet.")
        self.session = session


class EpisodeFollowed(Exception):
    """It is open, or another one with the same counselor came after it."""


class TimeTaken(Exception):
    """This client already has a session at that time."""


ROLES = ("counselor", "supervisor", "administrator", "front_desk", "rights_contact")


def add_member(
    *,
    organization: Organization,
    email: str,
    name: str,
    roles: Sequence[str],
    today: dt.date,
    phone: str = "",
) -> Membership:
    """Put somebody on the staff, with a log-in that has no password until they set one.

    Raises ValidationError for a bad e-mail or name, and for somebody who is on the staff already.
    """
    with transaction.atomic():
        user = User.objects.filter(email__iexact=email).first()
        if user is None:
            user = User(email=User.objects.normalize_email(email).lower())
            user.set_unusable_password()
            user.full_clean()
            user.save()
        member = Membership(
            organization=organization,
            user=user,
            name=name,
            phone=phone,
            started_on=today,
            **dict.fromkeys(roles, True),
        )
        member.full_clean()
        member.save()
    return member


def add_supervision(
    *, supervisor: Membership, counselor: Membership, today: dt.date
) -> Supervision:
    """Make a supervisor responsible for a counselor from today. Raises ValidationError."""
    supervision = Supervision(
        organization_id=supervisor.organization_id,
        supervisor=supervisor,
        counselor=counselor,
        started_on=today,
    )
    supervision.full_clean()
    supervision.save()
    return supervision


def open_episode(
    *,
    counselor: Membership,
    code: str,
    identity: Identity,
    goal: str,
    language: str,
    today: dt.date,
    answers_with: str = "",
) -> Episode:
    """Take on a new client: the client with a key of their own, and the first episode.

    Without `answers_with` they answer as their organization does today, and go on so when that
    changes. Raises CodeTaken; nothing is stored then.
    """
    client_uuid = uuid.uuid4()
    key = new_client_key(client_uuid)
    client = Client(
        uuid=client_uuid,
        organization_id=counselor.organization_id,
        code=code,
        language=language,
        answers_with=answers_with or counselor.organization.answers_with,
        wrapped_key=key.wrapped,
        key_id=key.key_id,
    )
    client.sealed_identity = seal_identity(client, identity)
    with transaction.atomic():
        try:
            with transaction.atomic():
                client.save()
        except IntegrityError as error:
            raise CodeTaken from error
        return Episode.objects.create(
            organization_id=counselor.organization_id,
            client=client,
            counselor=counselor,
            opened_on=today,
            sealed_goal=seal(client, "goal", goal),
        )


def pause_asking(*, client: Client, until: dt.date) -> None:
    """ "Do not ask me for a while": nobody asks this client before that day.

    Never shortens a pause that lasts longer.
    """
    shorter = Q(not_asked_before__isnull=True) | Q(not_asked_before__lt=until)
    Client.objects.filter(shorter, pk=client.pk).update(not_asked_before=until)


def close_episode(*, episode: Episode, reason: str, now: dt.datetime) -> None:
    """End an episode with a reason. Sessions still to come are cancelled.

    Raises SessionNotLogged while one has begun and nobody said what became of it. Who was away is
    no longer on hold: the episode is over.
    """
    with transaction.atomic():
        close_episodes(episodes=[episode], reason=reason, now=now)
        episode.sessions.scheduled().cancel()


def close_episodes(*, episodes: Sequence[Episode], reason: str, now: dt.datetime) -> None:
    """End these episodes of one organization, by a fixed number of queries, or none of them.

    Their sessions still to come are left to the caller. Raises SessionNotLogged.
    """
    if not episodes:
        return
    keys = [episode.pk for episode in episodes]
    with transaction.atomic():
        rows = Episode.objects.filter(pk__in=keys)
        list(rows.select_for_update().order_by("pk").values_list("pk"))
        scheduled = Session.objects.scheduled().filter(episode__in=keys)
        begun = scheduled.filter(starts_at__lte=now).order_by("starts_at").first()
        if begun is not None:
            raise SessionNotLogged(begun)
        today = episodes[0].organization.today(now)
        rows.update(closed_on=today, reason=reason)
        running = Pause.objects.running().filter(episode__in=keys)
        running.update(to_on=Greatest("from_on", Value(today)))
        for episode in episodes:
            episode.closed_on, episode.reason = today, reason
        transaction.on_commit(
            lambda: episodes_closed.send(sender=Episode, episodes=episodes, now=now)
        )


def reopen_episode(*, episode: Episode, today: dt.date) -> Episode:
    """Go on with a closed episode; the one that is open then.

    Within REOPEN_DAYS it is the same one, as if it had not ended; later a new one continues it,
    with the same goal, and the usual of that client is found anew. Raises EpisodeFollowed.
    """
    with transaction.atomic():
        closed = Episode.objects.select_for_update().get(pk=episode.pk)
        others = Episode.objects.open().filter(client=closed.client_id)
        is_followed = Episode.objects.filter(continues=closed).exists()
        together = others.filter(counselor=closed.counselor_id).exists()
        if closed.closed_on is None or is_followed or together:
            raise EpisodeFollowed
        if reopens_as_it_was(closed, today):
            closed.closed_on, closed.reason = None, ""
            closed.save(update_fields=["closed_on", "reason"])
            return closed
        return continue_episode(episode=closed, counselor=closed.counselor, today=today)


def reopens_as_it_was(episode: Episode, today: dt.date) -> bool:
    """Whether a closed episode goes on itself. What comes later is a new one."""
    return episode.closed_on is not None and today <= episode.closed_on + dt.timedelta(
        days=REOPEN_DAYS
    )


def continue_episode(*, episode: Episode, counselor: Membership, today: dt.date) -> Episode:
    """A new episode of the same client that continues a closed one, with the goal as it stood."""
    [new] = continue_episodes(episodes=[episode], counselor=counselor, today=today)
    return new


def continue_episodes(
    *, episodes: Sequence[Episode], counselor: Membership, today: dt.date
) -> list[Episode]:
    """The same of many, in their order, by a fixed number of queries."""
    return Episode.objects.bulk_create(
        Episode(
            organization_id=episode.organization_id,
            client=episode.client,
            counselor=counselor,
            opened_on=today,
            sealed_goal=episode.sealed_goal,
            continues=episode,
        )
        for episode in episodes
    )


def schedule_session(*, episode: Episode, starts_at: dt.datetime, mode: str) -> Session:
    """Put a session on the calendar. Raises TimeTaken when one stands there already."""
    try:
        with transaction.atomic():
            return Session.objects.create(
                organization_id=episode.organization_id,
                episode=episode,
                starts_at=starts_at,
                mode=mode,
            )
    except IntegrityError as error:
        raise TimeTaken from error


def start_session(*, episode: Episode, now: dt.datetime) -> Session:
    """A walk-in: a session that begins this minute. A second tap finds the same one.

    Who was away is back.
    """
    starts_at = now.replace(second=0, microsecond=0)
    with transaction.atomic():
        Episode.objects.select_for_update().get(pk=episode.pk)  # the second tap waits here
        running = episode.sessions.not_cancelled().filter(
            starts_at__gt=starts_at - dt.timedelta(minutes=5), starts_at__lte=starts_at
        )
        session = running.first() or schedule_session(
            episode=episode, starts_at=starts_at, mode=Session.Mode.IN_PERSON
        )
        end_pause_by(session)
    return session
