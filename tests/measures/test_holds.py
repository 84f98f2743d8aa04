"""On hold: nothing is asked, counted or listed until they are back; and a closed one reopened."""

from __future__ import annotations

import datetime as dt
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client as Browser
from django.urls import reverse
from django.utils.formats import date_format

from measures.capture.asking import NotToBeAsked, open_request
from measures.insight.chips import chips_of
from measures.insight.history import histories
from measures.models import Flag, RatingRequest
from sessions.models import Episode, Pause, Session
from sessions.pausing import (
    AlreadyOnHold,
    EpisodeClosed,
    MetMeanwhile,
    NotOnHold,
    change_pause,
    end_pause,
    pause_episode,
)
from sessions.sealing import seal, unseal
from sessions.services import (
    REOPEN_DAYS,
    EpisodeFollowed,
    close_episode,
    continue_episode,
    reopen_episode,
    start_session,
)
from tests import factories

DAY = dt.timedelta(days=1)
LOW_AT_THE_END = [8, 8, 8, 8, 8, 8, 2]


def put_on_hold(cast: SimpleNamespace, days: int = 0, expected: int | None = 12) -> Pause:
    return pause_episode(
        episode=cast.episode,
        reason=Pause.Reason.DETOX,
        from_on=cast.today - dt.timedelta(days=days),
        expected_on=None if expected is None else cast.today + dt.timedelta(days=expected),
        now=cast.now,
    )


def page(browser: Browser, name: str, *args: Any) -> str:
    response = browser.get(reverse(name, args=args))
    assert response.status_code == 200
    return str(response.content.decode())


def send(browser: Browser, name: str, episode: Episode, **fields: Any) -> Any:
    return browser.post(reverse(name, args=[episode.uuid]), fields)


@pytest.fixture
def alice(cast: SimpleNamespace, log_in: Any) -> Browser:
    browser: Browser = log_in(cast.alice)
    return browser


# ---- nothing is asked ----


def test_what_was_asked_is_withdrawn_and_nobody_is_asked_by_hand(
    cast, django_capture_on_commit_callbacks
):
    session = factories.make_session(cast.episode, cast.now - DAY)
    made = factories.invite(session, cast.now)
    with django_capture_on_commit_callbacks(execute=True):
        put_on_hold(cast)
    request = RatingRequest.objects.get(pk=made.link.request_id)
    assert request.withdrawn_why == RatingRequest.Withdrawn.PAUSED
    with pytest.raises(NotToBeAsked):
        open_request(session=Session.objects.get(pk=session.pk), now=cast.now)
    end_pause(episode=cast.episode, back_on=cast.today)
    assert open_request(session=Session.objects.get(pk=session.pk), now=cast.now).pk != request.pk


# ---- nothing is counted ----


def test_sessions_until_the_return_are_cancelled_and_missed_ones_count_no_more(cast):
    def at(days: int, status: str) -> Session:
        return factories.make_session(cast.episode, cast.now + days * DAY, status)

    before = at(-8, Session.Status.MISSED)
    meanwhile = [
        at(-3, Session.Status.MISSED),
        at(-2, Session.Status.SCHEDULED),
        at(4, Session.Status.SCHEDULED),
    ]
    after = at(13, Session.Status.SCHEDULED)
    put_on_hold(cast, days=5)
    status = dict(Session.objects.values_list("pk", "status"))
    assert status[before.pk] == Session.Status.MISSED
    assert {status[each.pk] for each in meanwhile} == {Session.Status.CANCELLED}
    assert status[after.pk] == Session.Status.SCHEDULED
    assert Session.objects.get(pk=meanwhile[0].pk).version == 2  # a second tab is told


def test_without_an_expected_return_everything_to_come_is_cancelled(cast):
    later = cast.now + 300 * DAY
    session = factories.make_session(cast.episode, later, Session.Status.SCHEDULED)
    put_on_hold(cast, expected=None)
    assert Session.objects.get(pk=session.pk).status == Session.Status.CANCELLED


def test_a_later_return_cancels_what_now_falls_into_it(cast):
    later = cast.now + 13 * DAY
    session = factories.make_session(cast.episode, later, Session.Status.SCHEDULED)
    put_on_hold(cast)
    change_pause(episode=cast.episode, reason="jail", expected_on=cast.today + 20 * DAY)
    assert Session.objects.get(pk=session.pk).status == Session.Status.CANCELLED


def test_a_session_held_meanwhile_stands_against_it_and_one_of_the_same_day_does_not(cast):
    factories.make_session(cast.episode, cast.now - 3 * DAY)
    with pytest.raises(MetMeanwhile):
        put_on_hold(cast, days=4)
    assert not Pause.objects.exists()
    put_on_hold(cast, days=3)


# ---- no flags, no lists ----


def flagged(cast: SimpleNamespace) -> Flag:
    factories.make_course(cast.episode, LOW_AT_THE_END, cast.now)
    return Flag.objects.get(episode=cast.episode, rater="client")


def test_a_flag_rests_while_they_are_away_and_is_there_again_afterwards(cast):
    flag = flagged(cast)
    viewer = factories.viewer_of(cast.sam, cast.now)
    episodes = [Episode.objects.select_related("client", "counselor").get(pk=cast.episode.pk)]
    assert histories(viewer, episodes)[0].open_flag == flag
    assert Flag.objects.running(cast.today).filter(pk=flag.pk).exists()
    put_on_hold(cast)
    [history] = histories(viewer, episodes)
    assert history.open_flag is None
    assert [str(chip.label) for chip in chips_of(history)] == ["Paused"]
    assert not Flag.objects.running(cast.today).exists()
    end_pause(episode=cast.episode, back_on=cast.today)
    assert histories(viewer, episodes)[0].open_flag == flag
    assert Flag.objects.running(cast.today).filter(pk=flag.pk).exists()


def test_nobody_on_hold_stands_on_a_list(cast, log_in, alice):
    flagged(cast)
    unrated = factories.make_session(cast.episode, cast.now - dt.timedelta(hours=2))
    sam = log_in(cast.sam)
    talk = "Not yet talked about"
    assert talk in page(alice, "caseload")
    assert talk in page(sam, "supervision")
    Session.objects.filter(pk=unrated.pk).update(starts_at=cast.now - DAY)
    put_on_hold(cast)
    assert talk not in page(alice, "caseload")
    assert talk not in page(sam, "supervision")
    today = page(alice, "today")
    assert talk not in today
    assert "Held, not yet rated" not in today
    assert "T-308" not in today


def test_the_page_says_since_when_why_and_until_when(cast, alice):
    pause = put_on_hold(cast)
    text = page(alice, "episode", cast.episode.uuid)
    days = [day for day in (pause.from_on, pause.expected_on) if day]
    since, until = (date_format(day, "F j") for day in days)
    assert "Paused" in text
    assert "in detox. Expected back" in text
    assert since.split()[1] in text
    assert until.split()[1] in text
    assert "Nothing is asked or counted." in text
    assert "Show the QR code" not in text


def test_a_return_that_is_overdue_is_put_to_the_counselor(cast, alice):
    pause = put_on_hold(cast, days=20, expected=None)
    Pause.objects.filter(pk=pause.pk).update(expected_on=cast.today)
    assert "Expected back" not in page(alice, "today")  # it may still be today
    Pause.objects.filter(pk=pause.pk).update(expected_on=cast.today - DAY)
    text = page(alice, "today")
    assert "Expected back" in text
    assert "Was expected back" in text
    send(alice, "episode_resume", cast.episode)
    assert "Expected back" not in page(alice, "today")


# ---- back ----


def test_who_comes_is_back(cast):
    put_on_hold(cast, days=5)
    start_session(episode=cast.episode, now=cast.now)
    assert Pause.objects.get().to_on == cast.today
    assert Episode.objects.running(cast.today).filter(pk=cast.episode.pk).exists()


def test_a_planned_session_that_is_logged_as_held_brings_them_back(cast, alice):
    put_on_hold(cast, days=5)
    session = factories.make_session(
        cast.episode, cast.now - dt.timedelta(hours=1), Session.Status.SCHEDULED
    )
    local = session.starts_at.astimezone(factories.ZONE).strftime("%Y-%m-%dT%H:%M")
    fields = {"mode": "in_person", "starts_at": local, "version": "1"}
    uuid = "0b6b0d3c-0b5c-4a7e-9d5c-3f6f0d7f4b11"
    path = reverse("session_log", args=[session.uuid])
    answer = alice.post(path, {**fields, "status": "missed", "rating_uuid": uuid})
    assert answer.status_code == 302
    assert Pause.objects.get().to_on is None
    answer = alice.post(path, {**fields, "version": "2", "status": "held", "rating_uuid": uuid})
    assert answer.status_code == 302
    assert Pause.objects.get().to_on == cast.here.today(session.starts_at)


def test_a_pause_that_began_and_ended_the_same_day_holds_nothing(cast):
    put_on_hold(cast)
    assert Episode.objects.on_hold(cast.today).exists()
    end_pause(episode=cast.episode, back_on=cast.today)
    assert not Episode.objects.on_hold(cast.today).exists()
    put_on_hold(cast)  # a second one is another row
    assert Pause.objects.count() == 2


def test_the_pause_lasts_up_to_the_day_they_are_back(cast):
    pause = put_on_hold(cast, days=5)
    end_pause(episode=cast.episode, back_on=cast.today)
    for back, away in ((0, False), (1, True), (5, True), (6, False)):
        day = cast.today - back * DAY
        assert Pause.objects.get().covers(day) is away
        assert Pause.objects.on(day).exists() is away
    with pytest.raises(NotOnHold):
        end_pause(episode=cast.episode, back_on=cast.today)
    assert pause.pk == Pause.objects.get().pk


def test_closing_ends_a_pause(cast):
    put_on_hold(cast, days=3)
    close_episode(episode=cast.episode, reason="left", now=cast.now)
    assert Pause.objects.get().to_on == cast.today
    with pytest.raises(EpisodeClosed):
        put_on_hold(cast)


def test_the_database_holds_that_a_return_follows_a_start(cast):
    with pytest.raises(IntegrityError), transaction.atomic():
        Pause.objects.create(
            organization=cast.here,
            episode=cast.episode,
            reason="jail",
            from_on=cast.today,
            expected_on=cast.today,
        )


# ---- the forms ----


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"from_on": 1}, "on the day they leave, not before"),
        ({"from_on": -900}, "This is before the episode began."),
        ({"from_on": "someday"}, "Give a date, such as 2026-11-23."),
        ({"expected_on": 0}, "Pick a day after they left, within ten years."),
        ({"expected_on": 9000}, "Pick a day after they left, within ten years."),
        ({"reason": "prison"}, "Select a valid choice."),
        ({"reason": ""}, "This field is required."),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_stored(cast, alice, fields, sentence):
    days = {"from_on": 0, "expected_on": 9, "reason": "jail", **fields}
    sent = {
        name: str(cast.today + value * DAY) if isinstance(value, int) else value
        for name, value in days.items()
    }
    answer = send(alice, "episode_pause", cast.episode, **sent)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Pause.objects.exists()


def test_by_the_pages_on_hold_changed_and_back(cast, alice):
    today = str(cast.today)
    assert "Put T-308 on hold" in page(alice, "episode_pause", cast.episode.uuid)
    send(alice, "episode_pause", cast.episode, reason="jail", from_on=today)
    assert "T-308 is on hold" in page(alice, "episode_pause", cast.episode.uuid)
    later = str(cast.today + 9 * DAY)
    send(alice, "episode_pause", cast.episode, reason="hospital", expected_on=later)
    pause = Pause.objects.get()
    assert (pause.reason, str(pause.expected_on)) == ("hospital", later)
    early = send(alice, "episode_resume", cast.episode, back_on=str(cast.today - DAY))
    assert "Pick a day between the one they left and today." in early.content.decode()
    assert Pause.objects.get().to_on is None
    send(alice, "episode_resume", cast.episode, back_on=today)
    assert Pause.objects.get().to_on == cast.today
    again = send(alice, "episode_resume", cast.episode)
    assert again.status_code == 302


def test_the_desk_is_told_that_nobody_comes_and_not_why(cast, log_in):
    finn = log_in(cast.finn)
    put_on_hold(cast)
    path = reverse("session_schedule", args=[cast.episode.client.uuid])
    fields = {"episode": str(cast.episode.uuid), "mode": "in_person"}
    for days, is_taken in ((3, False), (12, True)):
        starts_at = (cast.now + days * DAY).astimezone(factories.ZONE).strftime("%Y-%m-%dT%H:%M")
        answer = finn.post(path, {**fields, "starts_at": starts_at})
        assert (answer.status_code == 302) is is_taken
        if not is_taken:
            assert "They are on hold until then." in answer.content.decode()
            assert "detox" not in answer.content.decode()


# ---- reopening ----


def end(cast: SimpleNamespace, days: int) -> Episode:
    close_episode(episode=cast.episode, reason="left", now=cast.now)
    Episode.objects.filter(pk=cast.episode.pk).update(closed_on=cast.today - days * DAY)
    return Episode.objects.get(pk=cast.episode.pk)


def test_soon_after_the_same_episode_goes_on(cast, alice):
    closed = end(cast, REOPEN_DAYS)
    assert "The same episode goes on" in page(alice, "episode_reopen", closed.uuid)
    send(alice, "episode_reopen", closed)
    episode = Episode.objects.get(pk=closed.pk)
    assert (episode.closed_on, episode.reason) == (None, "")
    assert Episode.objects.filter(client=closed.client).count() == 1


def test_later_a_new_one_continues_it_with_the_goal_and_nothing_else(cast, alice):
    client = cast.episode.client
    Episode.objects.filter(pk=cast.episode.pk).update(sealed_goal=goal_of(client))
    factories.make_course(cast.episode, [8, 8, 8], cast.now - 100 * DAY)
    closed = end(cast, REOPEN_DAYS + 1)
    assert "A new episode begins" in page(alice, "episode_reopen", closed.uuid)
    send(alice, "episode_reopen", closed)
    opened = Episode.objects.get(continues=closed)
    assert (opened.counselor, opened.opened_on) == (cast.alice, cast.today)
    assert unseal(client, "goal", opened.sealed_goal) == "Sleep"
    assert not opened.sessions.exists()
    assert Episode.objects.get(pk=closed.pk).closed_on is not None
    assert send(alice, "episode_reopen", closed).status_code == 403


def goal_of(client: Any) -> bytes | None:
    return seal(client, "goal", "Sleep")


def test_what_another_episode_followed_stays_closed(cast):
    closed = end(cast, 1)
    continue_episode(episode=closed, counselor=cast.bob, today=cast.today)
    with pytest.raises(EpisodeFollowed):
        reopen_episode(episode=closed, today=cast.today)


def test_an_open_one_is_not_reopened(cast):
    with pytest.raises(EpisodeFollowed):
        reopen_episode(episode=cast.episode, today=cast.today)


# ---- two at once ----


def at_once(act: Any) -> list[str]:
    """What two who do the same at the same moment got."""
    told: list[str] = []
    start = threading.Barrier(2)

    def one() -> None:
        start.wait()
        try:
            act()
        except Exception as problem:  # noqa: BLE001  its name is what the test is about
            told.append(type(problem).__name__)
        else:
            told.append("done")
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(told)


@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
def test_two_who_put_on_hold_at_once_make_one_pause(now):
    cast = factories.make_cast(now)
    assert at_once(lambda: put_on_hold(cast)) == ["AlreadyOnHold", "done"]
    assert Pause.objects.count() == 1
    with pytest.raises(AlreadyOnHold):
        put_on_hold(cast)


@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
def test_two_who_reopen_at_once_begin_one_episode(now):
    cast = factories.make_cast(now)
    closed = end(cast, REOPEN_DAYS + 9)
    told = at_once(lambda: reopen_episode(episode=closed, today=cast.today))
    assert told == ["EpisodeFollowed", "done"]
    assert Episode.objects.filter(continues=closed).count() == 1
