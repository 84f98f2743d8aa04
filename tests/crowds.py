"""Many clients at once, stored in bulk: for what a page asks, weighs and takes at size.

Past the services, which look at one row at a time: twenty thousand sessions take seconds, not
minutes. What stands in the rows is what the services would have stored.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from measures.builtin import current_version
from measures.models import FACETS, Assessment, Flag, InstrumentVersion, Rater, Rating
from sessions.models import Client, Contact, Episode, Membership, Pause, Session
from sessions.sealing import Identity, new_client_key, seal, seal_identity

WEEK = dt.timedelta(days=7)
MISSED_BY, QUIET_BY, FLAGGED_BY, PAUSED_BY, NOTED_BY = 7, 11, 10, 23, 9
STATUSES = (
    Assessment.Status.STEADY,
    Assessment.Status.STEADY,
    Assessment.Status.NO_VARIATION,
    Assessment.Status.REPAIRED,
)


def make_crowd(
    counselors: Sequence[Membership], clients: int, sessions: int, now: dt.datetime, *, code: str
) -> list[Episode]:
    """So many clients over these counselors, with weekly sessions rated by both.

    Every seventh did not come last time, every eleventh has not answered for three sessions, every
    tenth has a flag, some are on hold, some left a note; everybody has a session next week, and
    four of each counselor's one later today.
    """
    episodes = _episodes(counselors, clients, now, code)
    rows = Session.objects.bulk_create(
        [
            *(
                _session(episode, now - WEEK * weeks - dt.timedelta(days=2, minutes=number), status)
                for number, episode in enumerate(episodes)
                for weeks in range(sessions)
                for status in [_status(number, weeks)]
            ),
            *_to_come(episodes, len(counselors), now),
        ]
    )
    held = [session for session in rows if session.status == Session.Status.HELD]
    last = {session.episode_id: session for session in reversed(held)}
    numbers = {episode.pk: number for number, episode in enumerate(episodes)}
    answers = _ratings(held, last, numbers)
    _assessments(answers, last, numbers)
    _flags([r for r in answers if last[r.session.episode_id] == r.session], numbers, now)
    _absences(episodes, now)
    return episodes


def _episodes(
    counselors: Sequence[Membership], clients: int, now: dt.datetime, code: str
) -> list[Episode]:
    organization = counselors[0].organization
    people = [_client(organization.pk, f"{code}-{number:03}") for number in range(clients)]
    return Episode.objects.bulk_create(
        Episode(
            organization=organization,
            client=client,
            counselor=counselors[number % len(counselors)],
            opened_on=organization.today(now) - dt.timedelta(days=400),
        )
        for number, client in enumerate(Client.objects.bulk_create(people))
    )


def _client(organization_id: int, code: str) -> Client:
    client = Client(organization_id=organization_id, code=code)
    key = new_client_key(client.uuid)
    client.key_id, client.wrapped_key = key.key_id, key.wrapped
    client.sealed_identity = seal_identity(client, Identity(name=f"Somebody {code}"))
    return client


def _status(number: int, weeks: int) -> str:
    missed = weeks == 0 and number % MISSED_BY == 0
    return Session.Status.MISSED if missed else Session.Status.HELD


def _session(episode: Episode, starts_at: dt.datetime, status: str) -> Session:
    return Session(
        organization_id=episode.organization_id, episode=episode, starts_at=starts_at, status=status
    )


def _to_come(episodes: Sequence[Episode], counselors: int, now: dt.datetime) -> list[Session]:
    scheduled = Session.Status.SCHEDULED
    next_week = [_session(each, now + WEEK, scheduled) for each in episodes]
    today = [
        _session(each, now + dt.timedelta(hours=1 + number // counselors), scheduled)
        for number, each in enumerate(episodes[: 4 * counselors])
    ]
    return [*next_week, *today]


def _ratings(
    held: Sequence[Session], last: dict[int, Session], numbers: dict[int, int]
) -> list[Rating]:
    """The client's; the counselor's are stored beside them."""
    version = current_version()
    silent_since = {key: session.starts_at - 2 * WEEK for key, session in last.items()}
    given = [
        _rating(session, rater, float(4 + (numbers[session.episode_id] + at) % 6), version)
        for at, session in enumerate(held)
        for rater in Rater.values
        if rater == Rater.COUNSELOR
        or numbers[session.episode_id] % QUIET_BY
        or session.starts_at < silent_since[session.episode_id]
    ]
    for rating in given:
        number = numbers[rating.session.episode_id]
        is_last = rating.session == last[rating.session.episode_id]
        if rating.rater == Rater.CLIENT and is_last and number % NOTED_BY == 0:
            rating.sealed_note = seal(rating.session.episode.client, "note", "Thank you for that.")
    return [each for each in Rating.objects.bulk_create(given) if each.rater == Rater.CLIENT]


def _rating(session: Session, rater: str, score: float, version: InstrumentVersion) -> Rating:
    return Rating(
        organization_id=session.organization_id,
        session=session,
        rater=rater,
        instrument_id=version.instrument_id,
        instrument_version=version,
        way_in=Rating.WayIn.LINK if rater == Rater.CLIENT else Rating.WayIn.STAFF,
        outcome=Rating.Outcome.COMPLETE,
        given_at=session.starts_at,
        stored_at=session.starts_at,
        payload_hash="",
        **dict.fromkeys(FACETS, score),
    )


def _assessments(
    answers: Sequence[Rating], last: dict[int, Session], numbers: dict[int, int]
) -> None:
    Assessment.objects.bulk_create(
        Assessment(
            organization_id=rating.organization_id,
            rating=rating,
            score=rating.respect,
            expected=7.0,
            low=5.0,
            high=8.5,
            statistic=1.0,
            limit=2.0,
            status=STATUSES[numbers[rating.session.episode_id] % len(STATUSES)],
        )
        if numbers[rating.session.episode_id] % FLAGGED_BY
        or rating.session != last[rating.session.episode_id]
        else Assessment(
            organization_id=rating.organization_id,
            rating=rating,
            score=rating.respect,
            expected=8.0,
            low=7.0,
            high=9.0,
            statistic=3.0,
            limit=2.0,
            kind=Assessment.Kind.DECLINE,
            status=Assessment.Status.WEAKENING,
        )
        for rating in answers
    )


def _flags(latest: Sequence[Rating], numbers: dict[int, int], now: dt.datetime) -> None:
    Flag.objects.bulk_create(
        Flag(
            organization_id=rating.organization_id,
            episode_id=rating.session.episode_id,
            rater=Rater.CLIENT,
            kind=Assessment.Kind.DECLINE,
            first_rating=rating,
            last_rating=rating,
            evidence={"score": 5, "expected": 8, "low": 7, "high": 9},
            raised_at=now - dt.timedelta(days=1),
        )
        for rating in latest
        if numbers[rating.session.episode_id] % FLAGGED_BY == 0
    )


def _absences(episodes: Sequence[Episode], now: dt.datetime) -> None:
    """Some were called after the session they missed; some are on hold."""
    Contact.objects.bulk_create(
        Contact(
            organization_id=each.organization_id,
            episode=each,
            at=now - dt.timedelta(days=1),
            by=each.counselor,
            kind=Contact.Kind.CALL,
            outcome=Contact.Outcome.REACHED,
        )
        for each in episodes[:: 3 * MISSED_BY]
    )
    Pause.objects.bulk_create(
        Pause(
            organization_id=each.organization_id,
            episode=each,
            reason=Pause.Reason.DETOX,
            from_on=now.date() - WEEK,
        )
        for each in episodes[PAUSED_BY - 1 :: PAUSED_BY]
    )
