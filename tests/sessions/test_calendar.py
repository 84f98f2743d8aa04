"""Sessions every week or two; one of them moved, cancelled, put back. Nobody is written to."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail
from django.test import Client as Browser
from django.urls import reverse

import alliance_site.transactions
from measures.models import Message
from sessions.calendar import (
    AlreadyBegun,
    NotScheduled,
    cancel_session,
    move_session,
    restore_session,
    schedule_series,
)
from sessions.models import Session
from sessions.services import TimeTaken
from tests import factories

WEDNESDAY = dt.datetime(2026, 10, 21, 9, tzinfo=factories.ZONE)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> dt.datetime:
    in_utc = WEDNESDAY.astimezone(dt.UTC)
    monkeypatch.setattr(alliance_site.transactions, "database_now", lambda: in_utc)
    return in_utc


def at(day: int, month: int = 10, hour: int = 15) -> dt.datetime:
    return dt.datetime(2026, month, day, hour, tzinfo=factories.ZONE)


def series(cast: SimpleNamespace, **values: Any) -> list[Session]:
    wanted = {"starts_at": at(22), "mode": "in_person", "weeks": 1, "times": 4, **values}
    return schedule_series(episode=cast.episode, **wanted).sessions


def schedule(browser: Browser, cast: SimpleNamespace, **values: str) -> Any:
    form = {
        "episode": str(cast.episode.uuid),
        "starts_at": "2026-10-22T15:00",
        "mode": "in_person",
        **values,
    }
    address = reverse("session_schedule", args=[cast.episode.client.uuid])
    return browser.post(address, form, follow=True)


@pytest.fixture
def alice(cast: SimpleNamespace, log_in: Any) -> Browser:
    browser: Browser = log_in(cast.alice)
    return browser


def test_the_local_time_stays_when_the_clocks_change(cast):
    """They go back on November 1: the hour between is not the clients' to remember."""
    local = [each.starts_at.astimezone(factories.ZONE) for each in series(cast)]
    assert [each.hour for each in local] == [15, 15, 15, 15]
    assert [each.day for each in local] == [22, 29, 5, 12]
    assert len({each.utcoffset() for each in local}) == 2


def test_every_two_weeks_until_a_day_it_included(cast):
    made = series(cast, weeks=2, times=52, until=dt.date(2026, 11, 19))
    assert [each.starts_at.astimezone(factories.ZONE).day for each in made] == [22, 5, 19]


def test_there_is_an_end_even_where_none_was_given(cast):
    assert len(series(cast, times=500)) == 52


def test_a_time_that_is_taken_is_left_out_and_named(cast, alice):
    factories.make_session(cast.episode, at(29), Session.Status.SCHEDULED)
    page = schedule(alice, cast, repeat="1", times="3").content.decode()
    assert "2 sessions are on the calendar, the last one on November 5." in page
    assert "Left out, since there is a session already or they are away: October 29." in page


def test_a_calendar_without_an_end_is_refused_and_nothing_is_lost(cast, alice):
    response = schedule(alice, cast, repeat="1")
    assert "Say how many times, or until which day." in response.content.decode()
    assert 'value="2026-10-22T15:00"' in response.content.decode()
    assert not Session.objects.exists()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"until": "2026-10-22"}, "Pick a day after the first session."),
        ({"until": "2029-10-22"}, "Pick a date within a year of today."),
        ({"times": "53"}, "less than or equal to 52"),
        ({"times": "1"}, "greater than or equal to 2"),
    ],
)
def test_what_makes_no_series_is_said(cast, alice, values, said):
    assert said in schedule(alice, cast, repeat="1", **values).content.decode()
    assert not Session.objects.exists()


def test_once_is_once(cast, alice):
    schedule(alice, cast)
    assert Session.objects.get().series is None


def test_moving_one_leaves_the_others_and_keeps_where_it_was(cast, now):
    made = series(cast)
    moved = move_session(session=made[1], starts_at=at(30), mode="video", version=1, now=now)
    old = Session.objects.get(pk=made[1].pk)
    assert (old.status, old.starts_at) == ("cancelled", at(29))
    assert (moved.moved_from, moved.series, moved.mode) == (old, made[0].series, "video")
    assert Session.objects.scheduled().count() == 4


def test_moving_onto_another_session_moves_nothing(cast, now):
    made = series(cast)
    with pytest.raises(TimeTaken):
        move_session(
            session=made[1], starts_at=made[2].starts_at, mode="in_person", version=1, now=now
        )
    assert Session.objects.scheduled().count() == 4


def test_two_tabs_move_it_once(cast, now):
    [session, *_] = series(cast)
    move_session(session=session, starts_at=at(23), mode="in_person", version=1, now=now)
    with pytest.raises(NotScheduled):
        move_session(session=session, starts_at=at(24), mode="in_person", version=1, now=now)


def test_what_has_begun_is_not_put_off(cast):
    [session, *_] = series(cast)
    with pytest.raises(AlreadyBegun):
        cancel_session(session=session, version=1, now=at(22))


def test_cancelling_one_or_the_rest(cast, now):
    made = series(cast)
    assert cancel_session(session=made[0], version=1, now=now) == 1
    assert cancel_session(session=made[2], version=1, now=now, and_following=True) == 2
    assert [each.pk for each in Session.objects.scheduled()] == [made[1].pk]


def test_a_cancelled_one_is_put_back_unless_the_time_was_taken(cast, now):
    made = series(cast)
    cancel_session(session=made[0], version=1, now=now)
    assert restore_session(session=made[0], now=now).status == "scheduled"
    cancel_session(session=made[0], version=3, now=now)
    factories.make_session(cast.episode, made[0].starts_at, Session.Status.SCHEDULED)
    with pytest.raises(TimeTaken):
        restore_session(session=made[0], now=now)


def test_one_that_was_moved_is_not_put_back_beside_the_new_one(cast, now):
    [session, *_] = series(cast)
    move_session(session=session, starts_at=at(23), mode="in_person", version=1, now=now)
    with pytest.raises(NotScheduled):
        restore_session(session=session, now=now)


def test_the_pages_move_cancel_and_put_back(cast, alice):
    made = series(cast)
    move, cancel = (
        reverse(name, args=[made[1].uuid]) for name in ("session_move", "session_cancel")
    )
    page = alice.get(move).content.decode()
    assert "Cancel this one and the 2 after it" in page
    form = {"starts_at": "2026-10-30T16:00", "mode": "in_person", "version": "1"}
    response = alice.post(move, form, follow=True)
    assert "Moved to Friday, October 30, 4" in response.content.decode()
    assert (
        "logged, moved or cancelled meanwhile"
        in alice.post(cancel, {"version": "1"}, follow=True).content.decode()
    )
    alice.post(
        reverse("session_cancel", args=[made[2].uuid]), {"version": "1", "which": "following"}
    )
    assert Session.objects.scheduled().count() == 2
    client_page = reverse("client", args=[cast.episode.client.uuid])
    assert "2 cancelled" in alice.get(client_page).content.decode()
    alice.post(reverse("session_restore", args=[made[3].uuid]))
    assert "1 cancelled" in alice.get(client_page).content.decode()


def test_the_client_is_not_written_to(cast, alice, now):
    factories.may_be_asked(cast.episode.client, now, "mail")
    schedule(alice, cast, repeat="1", times="3")
    first = Session.objects.order_by("starts_at").first()
    assert first is not None
    move_session(session=first, starts_at=at(23), mode="in_person", version=1, now=now)
    assert not Message.objects.exists()
    assert mail.outbox == []


def test_the_front_desk_moves_sessions_too(cast, log_in):
    [session, *_] = series(cast)
    finn = log_in(cast.finn)
    form = {"starts_at": "2026-10-30T16:00", "mode": "in_person", "version": "1"}
    assert finn.post(reverse("session_move", args=[session.uuid]), form).status_code == 302
    assert Session.objects.filter(moved_from=session).exists()


def test_a_time_gone_by_is_refused_beside_the_field(cast, alice):
    [session, *_] = series(cast)
    form = {"starts_at": "2026-10-20T16:00", "mode": "in_person", "version": "1"}
    response = alice.post(reverse("session_move", args=[session.uuid]), form)
    assert response.status_code == 422
    assert "Pick a time still to come." in response.content.decode()
