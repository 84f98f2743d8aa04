"""Who is asked about which session, and why somebody is not: one rule, for one session or many.

What it looks at is read for all of them at once, so that a group costs no more than one client.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from measures.models import Rater, Rating
from sessions.agreements import agreement, agreements
from sessions.models import Client, Consent, Episode, Pause, Session

Row = TypeVar("Row")


class WhyNot(StrEnum):
    """Why a client is not asked about a session."""

    NOT_HELD = "not held"
    ANSWERED = "answered already"
    CLOSED = "the episode is closed"
    PAUSED = "on hold"
    NEVER_AGREED = "nobody asked them whether they want to be asked"
    REFUSED = "they do not want to be asked"
    NOT_NOW = "they asked not to be asked for a while"
    OFF = "they are not asked by themselves"
    LONG_AGO = "too long ago to remember"
    NEWER = "a newer session was asked about"
    TOO_SOON = "they were asked a few days ago"
    NOT_DUE = "it is not the turn of this session"
    OWN_FIRST = "a session of their own is near, and goes before the group"


@dataclass(frozen=True, slots=True)
class _Known:
    """What the rule looks at.

    answered    keys of the sessions the client answered about
    agreed      whether they agree to be asked, by client
    pauses      by episode
    asked       sessions that were asked about, by client
    sessions    all that were not cancelled, by episode
    """

    answered: set[int]
    agreed: dict[int, bool | None]
    pauses: dict[int, list[Pause]]
    asked: dict[int, list[Session]]
    sessions: dict[int, list[Session]]


def why_not_by_hand(episode: Episode, now: dt.datetime) -> WhyNot | None:
    """What stands against asking even where somebody on the staff means to."""
    agreed = agreement(episode.client, Consent.Purpose.ASKED, now)
    return _by_hand(episode, now, agreed, episode.pauses.all())


def why_not(session: Session, now: dt.datetime) -> WhyNot | None:
    """What stands against asking about a session without anybody doing anything; None: ask."""
    return reasons([session], now)[session.pk]


def reasons(sessions: Sequence[Session], now: dt.datetime) -> dict[int, WhyNot | None]:
    """`why_not` of each session, by its key."""
    known = _look_up(sessions, now)
    return {each.pk: _reason(each, now, known) for each in sessions}


def _look_up(sessions: Sequence[Session], now: dt.datetime) -> _Known:
    episodes = {each.episode_id for each in sessions}
    clients = {each.episode.client_id for each in sessions}
    answers = Rating.objects.current().by(Rater.CLIENT).filter(session__in=sessions)
    asked = Session.objects.filter(
        rating_requests__withdrawn_at__isnull=True,
        rating_requests__isnull=False,
        episode__client__in=clients,
    )
    others = Session.objects.not_cancelled().filter(episode__in=episodes)
    needed = ("episode", "starts_at", "group", "status")
    return _Known(
        answered=set(answers.values_list("session", flat=True)),
        agreed=agreements(clients, Consent.Purpose.ASKED, now),
        pauses=_by(lambda pause: pause.episode_id, Pause.objects.filter(episode__in=episodes)),
        asked=_by(
            lambda each: each.episode.client_id,
            asked.select_related("episode").only(*needed, "episode__client").distinct(),
        ),
        sessions=_by(lambda each: each.episode_id, others.only(*needed)),
    )


def _by(key: Callable[[Row], int], rows: Iterable[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found


def _reason(session: Session, now: dt.datetime, known: _Known) -> WhyNot | None:
    episode = session.episode
    agreed = known.agreed[episode.client_id]
    return (
        _not_to_be_rated(session, known)
        or _by_hand(episode, now, agreed, known.pauses[episode.pk])
        or _not_by_itself(session, now, agreed)
        or _not_its_turn(session, known)
    )


def _not_to_be_rated(session: Session, known: _Known) -> WhyNot | None:
    if session.status != Session.Status.HELD:
        return WhyNot.NOT_HELD
    return WhyNot.ANSWERED if session.pk in known.answered else None


def _by_hand(
    episode: Episode, now: dt.datetime, agreed: bool | None, pauses: Iterable[Pause]
) -> WhyNot | None:
    client, today = episode.client, episode.organization.today(now)
    if episode.closed_on is not None:
        return WhyNot.CLOSED
    if any(pause.covers(today) for pause in pauses):
        return WhyNot.PAUSED
    if agreed is False:
        return WhyNot.REFUSED
    if client.not_asked_before is not None and today < client.not_asked_before:
        return WhyNot.NOT_NOW
    return None


def _not_by_itself(session: Session, now: dt.datetime, agreed: bool | None) -> WhyNot | None:
    if not agreed:
        return WhyNot.NEVER_AGREED
    if session.episode.client.cadence == Client.Cadence.OFF:
        return WhyNot.OFF
    days = session.episode.organization.request_days
    return WhyNot.LONG_AGO if session.starts_at <= now - dt.timedelta(days=days) else None


def _not_its_turn(session: Session, known: _Known) -> WhyNot | None:
    """Newer sessions, the last days, and every nth, judged by the sessions asked about before.

    A client's own sessions are judged as if there were no groups, so that no group takes the
    question from them. A group waits for its turn behind both.
    """
    every = [each for each in known.asked[session.episode.client_id] if each.pk != session.pk]
    asked = _of_its_kind(session, every)
    here = [each.starts_at for each in asked if each.episode_id == session.episode_id]
    if any(starts_at > session.starts_at for starts_at in here):
        return WhyNot.NEWER
    if _asked_lately(session, asked if _is_alone(session) else every):
        return WhyNot.TOO_SOON
    others = known.sessions[session.episode_id]
    if not _is_alone(session) and _own_is_near(session, others):
        return WhyNot.OWN_FIRST
    client = session.episode.client
    if client.cadence != Client.Cadence.NTH or not here:
        return None
    since = [
        each
        for each in _of_its_kind(session, others)
        if each.status == Session.Status.HELD and max(here) < each.starts_at <= session.starts_at
    ]
    return None if len(since) >= client.cadence_n else WhyNot.NOT_DUE


def _is_alone(session: Session) -> bool:
    return session.group_id is None


def _of_its_kind(session: Session, others: Iterable[Session]) -> list[Session]:
    return [each for each in others if _is_alone(each) == _is_alone(session)]


def _own_is_near(session: Session, others: Iterable[Session]) -> bool:
    """Whether a session of the client's own, held or to come, lies within the days between two."""
    near = dt.timedelta(days=session.episode.organization.days_between)
    counts = {Session.Status.SCHEDULED, Session.Status.HELD}
    return any(
        _is_alone(each) and each.status in counts and abs(each.starts_at - session.starts_at) < near
        for each in others
    )


def _asked_lately(session: Session, asked: Iterable[Session]) -> bool:
    """Days count from session to session, on the calendar of the place: a Monday's client is asked
    every Monday, however late in the day one of them was logged."""
    organization = session.episode.organization
    day = organization.today(session.starts_at)
    days = organization.days_between
    return any(abs((organization.today(each.starts_at) - day).days) < days for each in asked)
