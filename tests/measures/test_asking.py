"""Requests: born from a session logged as held, one to an episode, and kept as what they became."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Q

from measures.capture.asking import (
    NotToBeAsked,
    ask_about,
    open_request,
    withdraw_open_requests,
    withdraw_request,
)
from measures.capture.logging_sessions import log_session
from measures.capture.whom_to_ask import WhyNot, why_not
from measures.models import Message, RatingRequest
from sessions.agreements import agree, refuse
from sessions.models import Client, Consent, Episode, Organization, Pause, Session
from sessions.services import close_episode
from tests import factories

NOW = dt.datetime(2026, 11, 18, 20, tzinfo=dt.UTC)  # a Wednesday, 2 pm in Chicago
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> SimpleNamespace:
    return factories.make_cast(NOW)


@pytest.fixture
def episode(people: SimpleNamespace) -> Episode:
    """An episode whose client may be asked, by text message."""
    factories.may_be_asked(people.episode.client, NOW - 300 * DAY, "sms")
    row: Episode = people.episode
    return row


def hold(episode: Episode, starts_at: dt.datetime = NOW - HOUR, now: dt.datetime = NOW) -> Session:
    """Log a session as held, as the counselor's form does."""
    session = factories.make_session(episode, starts_at, Session.Status.SCHEDULED)
    return log(session, Session.Status.HELD, now)


def log(session: Session, status: str, now: dt.datetime = NOW) -> Session:
    session = Session.objects.get(pk=session.pk)
    return log_session(
        session=session,
        status=status,
        starts_at=session.starts_at,
        mode=session.mode,
        version=session.version,
        answers=None,
        rating_uuid=uuid.uuid4(),
        by=session.episode.counselor,
        now=now,
    )


def asked_days(episode: Episode) -> list[str]:
    """The local dates of the sessions that were asked about."""
    requests = RatingRequest.objects.filter(episode=episode).select_related("session")
    zone = episode.organization.zone
    ordered = requests.order_by("session__starts_at")
    return [f"{each.session.starts_at.astimezone(zone):%a %d}" for each in ordered]


def change(row: Any, **values: Any) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=[*values])


# ---- born from a held session ----


def test_a_session_logged_as_held_asks_the_client(episode):
    session = hold(episode)
    request = RatingRequest.objects.get()
    assert (request.session, request.episode) == (session, episode)
    assert request.expires_at == NOW + 4 * DAY
    message = Message.objects.get()
    assert (message.kind, message.channel, message.status) == ("invitation", "sms", "waiting")
    assert message.due_at == NOW
    assert message.link is None  # no token before it is sent


@pytest.mark.parametrize("status", ["missed", "cancelled", "scheduled"])
def test_any_other_session_asks_nobody(episode, status):
    log(factories.make_session(episode, NOW - HOUR, "scheduled"), status)
    assert not RatingRequest.objects.exists()


def test_saving_the_same_form_again_asks_once(episode):
    session = hold(episode)
    log(session, Session.Status.HELD)
    assert RatingRequest.objects.count() == Message.objects.count() == 1


def test_no_message_goes_out_while_they_still_talk(episode):
    hold(episode, NOW - dt.timedelta(minutes=10))
    assert Message.objects.get().due_at == NOW + dt.timedelta(minutes=50)


def test_an_evening_session_is_asked_about_in_the_morning(episode):
    evening = dt.datetime(2026, 11, 19, 2, tzinfo=dt.UTC)  # 8 pm in Chicago
    hold(episode, evening - HOUR, evening)
    assert Message.objects.get().due_at == dt.datetime(2026, 11, 19, 15, tzinfo=dt.UTC)


def test_the_client_is_written_to_when_it_suits_them(episode):
    own = {"contact_from": dt.time(17), "contact_until": dt.time(21), "contact_days": "weekends"}
    change(episode.client, **own)
    hold(episode)
    assert Message.objects.get().due_at == dt.datetime(2026, 11, 21, 23, tzinfo=dt.UTC)


def test_no_message_that_would_come_after_its_time_is_up(episode):
    change(episode.organization, request_days=1)
    change(episode.client, contact_days="weekends")
    hold(episode)
    assert RatingRequest.objects.exists()
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    "how",
    [
        {"answers_by": "tablet"},
        {"answers_by": "paper"},
        {"answers_by": "read"},
        {"contact_by": ""},
        {"sealed_identity": None},
    ],
)
def test_who_answers_here_or_cannot_be_reached_is_asked_without_a_message(episode, how):
    change(episode.client, **how)
    hold(episode)
    assert RatingRequest.objects.exists()
    assert not Message.objects.exists()


@pytest.mark.parametrize("agreed", [None, False])
def test_no_message_without_consent_to_messages(people, agreed):
    client = factories.may_be_asked(people.episode.client, NOW - DAY)
    change(client, contact_by="mail")
    if agreed is False:
        agree(client=client, purpose="contact", text_version="1", how="x", now=NOW - DAY)
        refuse(text_version="2026-11", client=client, purpose="contact", how="x", now=NOW - HOUR)
    hold(people.episode)
    assert RatingRequest.objects.exists()
    assert not Message.objects.exists()


# ---- who is not asked ----


def never_agreed(episode: Episode) -> None:
    Consent.objects.all().delete()


def agrees_no_more(episode: Episode) -> None:
    refuse(
        text_version="2026-11",
        client=episode.client,
        purpose="asked",
        how="on the phone",
        now=NOW - DAY,
    )


def agreed_until_yesterday(episode: Episode) -> None:
    Consent.objects.update(expires_at=NOW - DAY)


def asked_for_a_break(episode: Episode) -> None:
    change(episode.client, not_asked_before=dt.date(2026, 11, 19))


def paused(episode: Episode) -> None:
    Pause.objects.create(
        organization=episode.organization,
        episode=episode,
        reason=Pause.Reason.DETOX,
        from_on=dt.date(2026, 11, 18),
    )


def closed(episode: Episode) -> None:
    change(episode, closed_on=dt.date(2026, 11, 18), reason=Episode.Reason.COMPLETED)


def switched_off(episode: Episode) -> None:
    change(episode.client, cadence=Client.Cadence.OFF)


BY_HAND_NEITHER = {
    agrees_no_more: WhyNot.REFUSED,
    agreed_until_yesterday: WhyNot.REFUSED,
    asked_for_a_break: WhyNot.NOT_NOW,
    paused: WhyNot.PAUSED,
    closed: WhyNot.CLOSED,
}
BY_HAND_ONLY = {never_agreed: WhyNot.NEVER_AGREED, switched_off: WhyNot.OFF}


@pytest.mark.parametrize(("happened", "reason"), [*(BY_HAND_NEITHER | BY_HAND_ONLY).items()])
def test_nobody_is_asked(episode, happened, reason):
    session = factories.make_session(episode, NOW - HOUR)
    assert why_not(session, NOW) is None  # the control
    happened(episode)
    session = Session.objects.get(pk=session.pk)
    assert ask_about(session=session, now=NOW) is None
    assert why_not(session, NOW) == reason
    assert not RatingRequest.objects.exists()


@pytest.mark.parametrize(("happened", "reason"), [*BY_HAND_NEITHER.items()])
def test_nor_by_hand(episode, happened, reason):
    happened(episode)
    session = factories.make_session(episode, NOW - HOUR)
    with pytest.raises(NotToBeAsked) as refusal:
        open_request(session=session, now=NOW)
    assert refusal.value.why == reason
    assert not RatingRequest.objects.exists()


@pytest.mark.parametrize("happened", BY_HAND_ONLY)
def test_but_by_hand_in_the_room(episode, happened):
    happened(episode)
    session = factories.make_session(episode, NOW - HOUR)
    assert open_request(session=session, now=NOW).session == session


def test_the_break_is_over_on_its_day(episode):
    change(episode.client, not_asked_before=dt.date(2026, 11, 18))
    hold(episode)
    assert RatingRequest.objects.exists()


def test_what_was_answered_in_the_room_is_not_asked_about(episode):
    session = factories.make_session(episode, NOW - HOUR)
    factories.rate(session, 8)
    assert why_not(session, NOW) == WhyNot.ANSWERED


def test_what_is_longer_ago_than_a_request_lasts_is_not_asked_about(episode):
    hold(episode, NOW - 4 * DAY)
    assert not RatingRequest.objects.exists()
    hold(episode, NOW - 4 * DAY + HOUR)
    assert RatingRequest.objects.exists()


# ---- how often ----


def hold_on(episode: Episode, *days: int, hour: int = 20) -> None:
    """Hold sessions on these days of November 2026, each logged an hour after it began."""
    for day in days:
        starts_at = dt.datetime(2026, 11, day, hour, tzinfo=dt.UTC)
        hold(episode, starts_at, starts_at + HOUR)


def test_twice_a_week_is_asked_once_a_week(episode):
    hold_on(episode, 2, 5, 9, 12, 16)
    assert asked_days(episode) == ["Mon 02", "Mon 09", "Mon 16"]


def test_a_monday_is_asked_every_monday_however_early_or_late(episode):
    for days, hour, logged_after in ((0, 18, 3), (7, 15, 1), (14, 22, 40), (21, 14, 1)):
        starts_at = dt.datetime(2026, 10, 19, hour, tzinfo=dt.UTC) + days * DAY
        hold(episode, starts_at, starts_at + logged_after * HOUR)
    # Clocks went back on November 1, in between.
    assert asked_days(episode) == ["Mon 19", "Mon 26", "Mon 02", "Mon 09"]


def test_an_organization_may_ask_about_each(episode):
    change(episode.organization, days_between=0)
    hold_on(episode, 2, 3, 5)
    assert asked_days(episode) == ["Mon 02", "Tue 03", "Thu 05"]


def test_an_organization_may_ask_more_seldom(episode):
    change(episode.organization, days_between=14)
    hold_on(episode, 2, 9, 16, 23)
    assert asked_days(episode) == ["Mon 02", "Mon 16"]


def test_a_client_of_two_counselors_is_asked_once_a_week_all_the_same(people, episode):
    other = Episode.objects.create(
        organization=people.here,
        client=episode.client,
        counselor=people.bob,
        opened_on=people.today,
    )
    hold_on(episode, 2)
    hold_on(other, 3)
    assert asked_days(other) == []
    factories.may_be_asked(people.peers.client, NOW - 100 * DAY)
    hold_on(people.peers, 3)
    assert asked_days(people.peers) == ["Tue 03"]


def test_who_reached_somebody_else_was_not_asked(episode):
    hold_on(episode, 2)
    withdraw_request(request=RatingRequest.objects.get(), now=NOW - 15 * DAY)
    hold_on(episode, 5)
    assert RatingRequest.objects.count() == 2


def test_every_third_session_counts_those_that_were_held(episode):
    change(episode.client, cadence=Client.Cadence.NTH, cadence_n=3)
    change(episode.organization, days_between=0)
    hold_on(episode, 1, 2)
    log(factories.make_session(episode, dt.datetime(2026, 11, 3, tzinfo=dt.UTC)), "missed")
    hold_on(episode, 4, 5, 6, 7, 8)
    assert asked_days(episode) == ["Sun 01", "Thu 05", "Sun 08"]


def test_one_asked_by_hand_counts(episode):
    change(episode.client, cadence=Client.Cadence.NTH, cadence_n=2)
    change(episode.organization, days_between=0)
    change(episode.client, cadence=Client.Cadence.OFF)
    hold_on(episode, 2, 3)
    second = episode.sessions.order_by("starts_at")[1]
    open_request(session=second, now=second.starts_at + HOUR)
    change(episode.client, cadence=Client.Cadence.NTH)
    hold_on(episode, 4, 5)
    assert asked_days(episode) == ["Tue 03", "Thu 05"]


# ---- one to an episode ----


def test_a_newer_session_takes_the_place_of_the_older_request(people, episode):
    change(people.here, days_between=0)
    hold(episode, NOW - 2 * DAY, NOW - 2 * DAY + HOUR)
    older = RatingRequest.objects.get()
    hold(episode)
    newer = RatingRequest.objects.standing().get()
    assert newer != older
    assert newer.is_open(NOW)
    older.refresh_from_db()
    assert older.superseded_at == NOW
    assert not older.is_open(NOW)


def test_a_session_logged_late_does_not_push_a_newer_one_aside(people, episode):
    change(people.here, days_between=0)
    hold(episode)
    assert why_not(factories.make_session(episode, NOW - 2 * DAY), NOW) == WhyNot.NEWER
    hold(episode, NOW - 3 * DAY)
    assert RatingRequest.objects.get().session.starts_at == NOW - HOUR


def test_by_hand_goes_before(people, episode):
    hold(episode)
    first = RatingRequest.objects.get()
    older = factories.make_session(episode, NOW - 2 * DAY)
    by_hand = open_request(session=older, now=NOW)
    assert RatingRequest.objects.standing().get() == by_hand
    first.refresh_from_db()
    assert first.superseded_at == NOW
    again = open_request(session=first.session, now=NOW)
    assert again != first
    assert RatingRequest.objects.standing().get() == again


def test_the_database_holds_one(episode):
    hold(episode)
    request = RatingRequest.objects.get()
    other = factories.make_session(episode, NOW - 2 * DAY)
    request.pk, request.uuid, request.session = None, uuid.uuid4(), other
    with pytest.raises(IntegrityError), transaction.atomic():
        request.save(force_insert=True)


@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
def test_two_at_the_same_time_queue_and_one_stands():
    episode = factories.make_cast(NOW).episode
    asked = [factories.make_session(episode, NOW - days * DAY) for days in range(1, 7)]
    gate = threading.Barrier(len(asked))
    failures = []

    def ask(session: Session) -> None:
        gate.wait()
        try:
            open_request(session=session, now=NOW)
        except Exception as error:  # noqa: BLE001  whatever it is, the test shows it
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask, args=[session]) for session in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert RatingRequest.objects.count() == len(asked)
    assert RatingRequest.objects.standing().count() == 1


# ---- ended ----


@pytest.mark.parametrize("status", ["missed", "cancelled"])
def test_a_session_that_was_not_held_after_all_is_asked_about_no_more(episode, status):
    session = hold(episode)
    log(session, status)
    request = RatingRequest.objects.get(session=session)
    assert request.withdrawn_why == RatingRequest.Withdrawn.NOT_HELD
    log(session, Session.Status.HELD)
    assert RatingRequest.objects.count() == 2


def test_closing_the_episode_ends_its_request(episode, django_capture_on_commit_callbacks):
    hold(episode)
    with django_capture_on_commit_callbacks(execute=True):
        close_episode(episode=episode, reason=Episode.Reason.COMPLETED, now=NOW + HOUR)
    request = RatingRequest.objects.get()
    assert request.withdrawn_at == NOW + HOUR
    assert request.withdrawn_why == RatingRequest.Withdrawn.CLOSED


def test_what_was_answered_is_not_withdrawn_afterwards(episode):
    session = hold(episode)
    factories.rate(session, 8)
    assert withdraw_open_requests(of=Q(episode=episode), why="refused", now=NOW) == []
    assert RatingRequest.objects.get().withdrawn_at is None


def test_a_decline_raises_nothing(people, episode):
    session = hold(episode)
    factories.rate(session, (None, None, None), declined=True)
    assert not episode.flags.exists()
    assert why_not(factories.make_session(episode, NOW + 7 * DAY), NOW + 7 * DAY) is None


# ---- what the counselor reads ----


def read_after(log_in: Any, people: SimpleNamespace, session: Session, monkeypatch: Any) -> str:
    monkeypatch.setattr("alliance_site.transactions.database_now", lambda: NOW)
    sent = {
        "status": "held",
        "starts_at": f"{session.starts_at.astimezone(people.here.zone):%Y-%m-%dT%H:%M}",
        "mode": session.mode,
        "version": "1",
        "rating_uuid": str(uuid.uuid4()),
    }
    browser = log_in(people.alice)
    page = browser.post(f"/sessions/{session.uuid}/", sent, follow=True)
    return " / ".join(map(str, page.context["messages"]))


def test_the_counselor_reads_when_the_message_goes_out(people, episode, log_in, monkeypatch):
    session = factories.make_session(episode, NOW - HOUR, "scheduled")
    page = read_after(log_in, people, session, monkeypatch)
    assert "The client gets a text message today, from 2:00 PM." in page


def test_or_the_day(people, episode, log_in, monkeypatch):
    change(episode.client, contact_days="weekends", contact_by="mail")
    session = factories.make_session(episode, NOW - HOUR, "scheduled")
    page = read_after(log_in, people, session, monkeypatch)
    assert "The client gets an e-mail on Saturday, November 21, from 9:00 AM." in page


def test_or_why_none_does(people, log_in, monkeypatch):
    change(people.episode.client, contact_by="sms")
    session = factories.make_session(people.episode, NOW - HOUR, "scheduled")
    page = read_after(log_in, people, session, monkeypatch)
    assert "the client has not agreed to one yet" in page


def test_a_link_by_hand_says_why_not(people, episode, log_in, monkeypatch):
    asked_for_a_break(episode)
    monkeypatch.setattr("alliance_site.transactions.database_now", lambda: NOW)
    session = factories.make_session(episode, NOW - HOUR)
    browser = log_in(people.alice)
    page = browser.post(f"/sessions/{session.uuid}/link/", {"channel": "qr"}, follow=True)
    assert "The client is not asked for a while." in page.content.decode()
    assert not RatingRequest.objects.exists()


def test_the_clock_of_the_organization_counts(episode):
    """The break ends with the day of the place, not of Greenwich."""
    change(episode.client, not_asked_before=dt.date(2026, 11, 19))
    late = dt.datetime(2026, 11, 19, 5, tzinfo=dt.UTC)  # still the 18th in Chicago
    session = factories.make_session(episode, late - HOUR)
    assert why_not(session, late) == WhyNot.NOT_NOW
    Organization.objects.update(time_zone="Europe/Berlin")
    assert why_not(Session.objects.get(pk=session.pk), late) is None
