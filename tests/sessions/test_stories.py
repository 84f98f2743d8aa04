"""Events of fixed kinds, and the goal in the client's own words."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from sessions.models import EarlierGoal, EpisodeEvent
from sessions.sealing import unseal
from sessions.services import close_episode
from sessions.stories import add_event, change_goal
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(cast, log_in):
    return log_in(cast.alice)


def events(episode: Any) -> list[tuple[str, dt.date]]:
    return list(EpisodeEvent.objects.filter(episode=episode).values_list("kind", "on"))


def mark(browser: Any, episode: Any, **fields: str) -> Any:
    return browser.post(f"/episodes/{episode.uuid}/events/", fields)


def test_an_event_is_marked_shown_and_taken_away(cast, alice):
    on = cast.today - dt.timedelta(days=3)
    answer = mark(alice, cast.episode, kind="life_event", on=on.isoformat())
    assert answer.headers["Location"] == f"/episodes/{cast.episode.uuid}/"
    assert events(cast.episode) == [("life_event", on)]
    page = alice.get(f"/episodes/{cast.episode.uuid}/").content.decode()
    assert "Life event" in page
    event = EpisodeEvent.objects.get()
    assert f"/events/{event.uuid}/remove/" in page
    alice.post(f"/events/{event.uuid}/remove/")
    assert events(cast.episode) == []


def test_twice_the_same_is_once(cast, alice):
    for _ in range(2):
        mark(alice, cast.episode, kind="referral", on=cast.today.isoformat())
    assert events(cast.episode) == [("referral", cast.today)]
    values = {"organization": cast.here, "episode": cast.episode, "on": cast.today}
    with pytest.raises(IntegrityError), transaction.atomic():
        EpisodeEvent.objects.create(kind="referral", **values)
    with pytest.raises(IntegrityError), transaction.atomic():
        EpisodeEvent.objects.create(kind="free text", **values)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("kind", "", "Choose what happened."),
        ("kind", "murder", "Select a valid choice"),
        ("on", "soon", "Give a date, such as 2026-11-23."),
        ("on", "2999-01-01", "Pick a date that is not in the future."),
        ("on", "1999-01-01", "That is more than a year before you began."),
    ],
)
def test_what_cannot_be_marked_is_said_and_nothing_is_lost(cast, alice, field, value, sentence):
    given = {"kind": "relapse", "on": cast.today.isoformat(), field: value}
    page = mark(alice, cast.episode, **given).content.decode()
    assert sentence in page
    assert events(cast.episode) == []
    if field == "on":
        assert 'value="relapse"' in page
        assert "checked" in page


def test_a_supervisor_reads_events_and_changes_none(cast, log_in):
    add_event(episode=cast.episode, kind="relapse", on=cast.today)
    factories.say_why(cast.sam, cast.now)
    page = log_in(cast.sam).get(f"/episodes/{cast.episode.uuid}/").content.decode()
    assert "Return to use" in page
    assert "/remove/" not in page
    assert "/goal/" not in page


def test_a_new_goal_keeps_the_earlier_words_with_their_days(cast, alice):
    say = f"/episodes/{cast.episode.uuid}/goal/"
    alice.post(say, {"goal": "See my kids"})
    alice.post(say, {"goal": "Be the dad who shows up", "mark": "on"})
    page = alice.get(f"/episodes/{cast.episode.uuid}/").content.decode()
    assert page.index("Be the dad who shows up") < page.index("See my kids")
    assert events(cast.episode) == [("new_goal", cast.today)]
    earlier = EarlierGoal.objects.get()
    assert (earlier.said_on, earlier.until_on) == (cast.today, cast.today)
    assert earlier.replaced_by == cast.alice
    assert b"kids" not in bytes(earlier.sealed_goal)
    assert unseal(cast.episode.client, "goal", earlier.sealed_goal) == "See my kids"


def test_the_same_words_again_change_nothing(cast, alice):
    change_goal(episode=cast.episode, goal="Sleep", by=cast.alice, today=cast.today)
    alice.post(f"/episodes/{cast.episode.uuid}/goal/", {"goal": " Sleep ", "mark": "on"})
    assert not EarlierGoal.objects.exists()
    assert events(cast.episode) == []


def test_a_goal_taken_away_stays_among_the_earlier_ones(cast, alice):
    change_goal(episode=cast.episode, goal="Sleep", by=cast.alice, today=cast.today)
    alice.post(f"/episodes/{cast.episode.uuid}/goal/", {"goal": "", "mark": "on"})
    cast.episode.refresh_from_db()
    assert cast.episode.sealed_goal is None
    assert EarlierGoal.objects.count() == 1
    assert events(cast.episode) == []


def test_a_goal_was_said_when_the_one_before_ended(cast):
    later = cast.today + dt.timedelta(days=9)
    for goal, on in (("One", cast.today), ("Two", later), ("", later), ("Three", later)):
        change_goal(episode=cast.episode, goal=goal, by=cast.alice, today=on)
    said = EarlierGoal.objects.order_by("pk").values_list("said_on", "until_on")
    assert list(said) == [(cast.today, later), (later, later)]


def test_a_closed_episode_takes_no_more_words(cast, alice):
    add_event(episode=cast.episode, kind="referral", on=cast.today)
    close_episode(episode=cast.episode, reason="completed", now=cast.now)
    assert mark(alice, cast.episode, kind="other", on=cast.today.isoformat()).status_code == 403
    goal = alice.post(f"/episodes/{cast.episode.uuid}/goal/", {"goal": "More"})
    gone = alice.post(f"/events/{EpisodeEvent.objects.get().uuid}/remove/")
    assert (goal.status_code, gone.status_code) == (403, 403)
    assert events(cast.episode) == [("referral", cast.today)]
