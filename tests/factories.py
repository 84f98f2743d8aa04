"""Rows for tests, made through the product's own services wherever there is one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from django.apps import apps
from django.db import transaction

from measures.builtin import current_version
from measures.capture.answers import Answers
from measures.capture.groups import plan_group
from measures.capture.services import MadeLink, make_link, record_rating
from measures.models import FACETS, Rater, Rating, RatingLink
from sessions.access import Viewer
from sessions.agreements import agree
from sessions.models import (
    Client,
    Consent,
    Cover,
    Episode,
    GroupMeeting,
    Membership,
    Organization,
    Session,
    Supervision,
    User,
)
from sessions.openings import open_case
from sessions.sealing import Identity, seal_identity, unseal_identity
from sessions.services import open_episode

# What the forms of a client and of an organization send beside what a test is about.
CLIENT_FORM = {
    "language": "en",
    "answers_with": "buttons",
    "answers_by": "phone",
    "cadence": "every",
    "contact_days": "any",
    "how": "in person",
}
MESSAGE_SETTINGS = {
    "reminder_days": "2",
    "days_between": "7",
    "send_from": "09:00",
    "send_until": "19:00",
}
PASSWORD = "correct horse battery staple"
ZONE = ZoneInfo("America/Chicago")
# The same for all three questions, or each; None for a session that is not rated.
Score = float | tuple[float | None, float | None, float | None] | None


def make_organization(name: str = "Oak Street", **values: Any) -> Organization:
    defaults = {"sender_name": name, "phone": "555-0100", "time_zone": "America/Chicago"}
    return Organization.objects.create(name=name, **defaults | values)


def make_member(organization: Organization, name: str, today: dt.date, **values: Any) -> Membership:
    email = f"{name.lower()}.{organization.pk}@example.org"
    user = User.objects.create_user(email, PASSWORD)
    started_on = values.pop("started_on", today - dt.timedelta(days=700))
    return Membership.objects.create(
        organization=organization, user=user, name=name, started_on=started_on, **values
    )


def supervise(
    supervisor: Membership, counselor: Membership, today: dt.date, ended_on: dt.date | None = None
) -> Supervision:
    return Supervision.objects.create(
        organization_id=supervisor.organization_id,
        supervisor=supervisor,
        counselor=counselor,
        started_on=today - dt.timedelta(days=600),
        ended_on=ended_on,
    )


def cover(member: Membership, stands_in: Membership, today: dt.date) -> Cover:
    return Cover.objects.create(
        organization_id=member.organization_id,
        member=member,
        stands_in=stands_in,
        from_on=today,
        to_on=today,
    )


def make_episode(counselor: Membership, code: str, today: dt.date, **values: Any) -> Episode:
    return open_episode(
        counselor=counselor,
        code=code,
        identity=values.get("identity", Identity()),
        goal=values.get("goal", ""),
        language="en",
        today=today - dt.timedelta(days=values.get("days", 200)),
    )


def make_session(
    episode: Episode, starts_at: dt.datetime, status: str = Session.Status.HELD
) -> Session:
    return Session.objects.create(
        organization_id=episode.organization_id,
        episode=episode,
        starts_at=starts_at,
        status=status,
    )


def make_group(
    episodes: Sequence[Episode], starts_at: dt.datetime, status: str = Session.Status.HELD
) -> GroupMeeting:
    """A group of one counselor's, with everybody in the same state."""
    meeting = plan_group(
        counselor=episodes[0].counselor,
        episodes=episodes,
        starts_at=starts_at,
        mode=Session.Mode.IN_PERSON,
    )
    Session.objects.filter(group=meeting).update(status=status)
    return meeting


def rate(
    session: Session,
    score: float | tuple[float | None, float | None, float | None],
    rater: str = Rater.CLIENT,
    *,
    now: dt.datetime | None = None,
    **values: Any,
) -> Rating:
    facets = score if isinstance(score, tuple) else (score, score, score)
    answers = Answers(*facets, **values)
    given_at = now or session.starts_at + dt.timedelta(hours=1)
    way_in = Rating.WayIn.LINK if rater == Rater.CLIENT else Rating.WayIn.STAFF
    return record_rating(
        session=session, rater=rater, answers=answers, way_in=way_in, now=given_at
    ).rating


def make_course(
    episode: Episode, scores: Sequence[Score], now: dt.datetime, own: float | None = 7
) -> list[Session]:
    """Weekly held sessions up to yesterday, rated by the client and, unless None, the counselor."""
    sessions = []
    for index, score in enumerate(scores):
        starts_at = now - dt.timedelta(days=1 + 7 * (len(scores) - 1 - index))
        session = make_session(episode, starts_at.replace(microsecond=0))
        if own is not None:
            rate(session, own, Rater.COUNSELOR)
        if score is not None:
            rate(session, score)
        sessions.append(session)
    return sessions


def make_closed(
    counselor: Membership, tables: Sequence[Sequence[float | None]], now: dt.datetime
) -> list[Episode]:
    """Closed episodes with the client's scores, None for a session not rated; none assessed.

    Stored in bulk, past the services: fitting needs dozens of them.
    """
    today = now.date()
    version = current_version()
    episodes = []
    for scores in tables:
        code = f"Z-{Episode.objects.count():04}"
        episode = make_episode(counselor, code, today, days=400)
        episode.closed_on, episode.reason = today, Episode.Reason.COMPLETED
        episode.save(update_fields=["closed_on", "reason"])
        starts = [now - dt.timedelta(days=399 - 7 * week) for week in range(len(scores))]
        sessions = [make_session(episode, starts_at) for starts_at in starts]
        ratings = [
            Rating(
                organization_id=episode.organization_id,
                session=session,
                rater=Rater.CLIENT,
                instrument_id=version.instrument_id,
                instrument_version=version,
                way_in=Rating.WayIn.LINK,
                given_at=session.starts_at,
                stored_at=session.starts_at,
                outcome=Rating.Outcome.COMPLETE,
                **dict.fromkeys(FACETS, score),
            )
            for session, score in zip(sessions, scores, strict=True)
            if score is not None
        ]
        Rating.objects.bulk_create(ratings)
        episodes.append(episode)
    return episodes


@contextmanager
def undone() -> Iterator[None]:
    """Whatever happens in here did not happen."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]  # else requests may not be durable
    with block:
        yield
        transaction.set_rollback(True)


def every_row() -> dict[str, list[str]]:
    """Every row of every table, to see that nothing was written."""
    return {
        model.__name__: sorted(map(repr, model._default_manager.values_list()))
        for model in apps.get_models()
    }


def invite(session: Session, now: dt.datetime, channel: str = RatingLink.Channel.LINK) -> MadeLink:
    return make_link(session=session, channel=channel, now=now)


def may_be_asked(client: Client, now: dt.datetime, channel: str = "") -> Client:
    """Have a client agree to be asked and, by a channel, to be written to."""
    purposes = [Consent.Purpose.ASKED, *([Consent.Purpose.CONTACT] if channel else [])]
    for purpose in purposes:
        agree(client=client, purpose=purpose, text_version="1", how="in person", now=now)
    name = unseal_identity(client).name
    reached = Identity(name, email=f"{client.uuid}@example.org", phone="+13125550142")
    client.sealed_identity = seal_identity(client, reached)
    client.contact_by = channel
    client.save(update_fields=["sealed_identity", "contact_by"])
    return client


def viewer_of(membership: Membership, now: dt.datetime) -> Viewer:
    return Viewer(membership, membership.organization, now)


def say_why(supervisor: Membership, now: dt.datetime, purpose: str = "preparing") -> None:
    """Have a supervisor open every case they may open that day."""
    for case in Episode.objects.supervised_only_by(viewer_of(supervisor, now)):
        open_case(episode=case, by=supervisor, purpose=purpose, now=now)


def make_cast(now: dt.datetime) -> SimpleNamespace:
    """Two organizations and everybody of the cast, each counselor with one client."""
    here, elsewhere = make_organization(), make_organization("Elm House")
    today = here.today(now)
    yesterday = today - dt.timedelta(days=1)
    people = SimpleNamespace(
        now=now,
        today=today,
        here=here,
        elsewhere=elsewhere,
        alice=make_member(here, "Alice", today, counselor=True),
        bob=make_member(here, "Bob", today, counselor=True),
        carl=make_member(here, "Carl", today, counselor=True, ended_on=yesterday),
        sam=make_member(here, "Sam", today, supervisor=True),
        rita=make_member(here, "Rita", today, supervisor=True),
        ada=make_member(here, "Ada", today, administrator=True),
        finn=make_member(here, "Finn", today, front_desk=True),
        dana=make_member(here, "Dana", today, rights_contact=True, phone="555-0199"),
        eve=make_member(elsewhere, "Eve", today, counselor=True, administrator=True),
    )
    supervise(people.sam, people.alice, today)
    supervise(people.rita, people.alice, today, ended_on=yesterday)
    people.episode = make_episode(people.alice, "T-308", today, identity=Identity(name="Jo Doe"))
    people.peers = make_episode(people.bob, "B-001", today)
    people.carls = make_episode(people.carl, "C-001", today)
    people.eves = make_episode(people.eve, "E-001", today)
    return people
