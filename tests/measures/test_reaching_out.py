"""Calls after a missed session: asked for the same day, done in one tap, and never nagging."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client as Browser
from django.urls import reverse

import alliance_site.transactions
from measures.insight.chips import chips_of, days_since_contact
from measures.insight.history import histories
from measures.insight.reaching_out import ReachOut
from measures.insight.today import today
from sessions.contacts import record_contact, withdraw_contact
from sessions.models import Contact, Episode, Membership, Session
from sessions.pausing import pause_episode
from sessions.sealing import Identity, seal_identity
from tests import factories

WEDNESDAY = dt.datetime(2026, 11, 18, 14, tzinfo=factories.ZONE)
SetClock = Callable[[dt.datetime], None]


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    def set_(moment: dt.datetime) -> None:
        in_utc = moment.astimezone(dt.UTC)
        monkeypatch.setattr(alliance_site.transactions, "database_now", lambda: in_utc)

    return set_


@pytest.fixture
def now(set_clock: SetClock) -> dt.datetime:
    set_clock(WEDNESDAY)
    return WEDNESDAY.astimezone(dt.UTC)


@pytest.fixture
def alice(cast: SimpleNamespace) -> Browser:
    browser = Browser()
    browser.force_login(cast.alice.user)
    return browser


def miss(episode: Episode, at: dt.datetime) -> Session:
    return factories.make_session(episode, at, Session.Status.MISSED)


def calls(member: Membership, at: dt.datetime) -> ReachOut:
    return today(factories.viewer_of(member, at.astimezone(dt.UTC))).calls


def due(member: Membership, at: dt.datetime) -> list[str]:
    return [call.code for call in calls(member, at).due]


def tap(browser: Browser, episode: Episode, did: str) -> Any:
    return browser.post(reverse("contact_add", args=[episode.uuid]), {"did": did})


def labels(cast: SimpleNamespace, at: dt.datetime) -> list[str]:
    [history] = histories(factories.viewer_of(cast.alice, at), [cast.episode])
    return [str(chip.label) for chip in chips_of(history)]


def test_a_session_missed_this_morning_asks_for_a_call_today(cast, alice):
    miss(cast.episode, cast.now - dt.timedelta(hours=4))
    page = alice.get(reverse("today")).content.decode()
    assert "T-308 did not come today. Call today: people come back more often" in page
    for said in ("Reached", "Left a neutral message", "No answer", "Known reason: pause"):
        assert said in page
    assert reverse("episode_pause", args=[cast.episode.uuid]) in page


def test_a_group_missed_this_morning_asks_for_the_same_call(cast, alice):
    three = [factories.make_episode(cast.alice, f"G-{n}", cast.today) for n in range(3)]
    meeting = factories.make_group(three, cast.now - dt.timedelta(hours=4))
    meeting.attendances.filter(episode=three[1]).update(status=Session.Status.MISSED)
    assert due(cast.alice, cast.now) == ["G-1"]
    page = alice.get(reverse("today")).content.decode()
    assert "G-1 did not come today. Call today:" in page
    tap(alice, three[1], "reached")
    assert due(cast.alice, cast.now) == []


def test_whoever_came_to_the_group_since_or_is_expected_in_it_is_not_called(cast, now):
    miss(cast.episode, now - dt.timedelta(days=1))
    assert due(cast.alice, now) == ["T-308"]
    later = factories.make_group([cast.episode], now + dt.timedelta(hours=3), "scheduled")
    assert due(cast.alice, now) == []
    later.attendances.update(status="missed", starts_at=now - dt.timedelta(hours=2))
    assert due(cast.alice, now) == ["T-308"]
    assert "did not come 2 times in a row" in calls(cast.alice, now).due[0].sentence
    later.attendances.update(status="held")
    assert due(cast.alice, now) == []


@pytest.mark.parametrize("did", ["reached", "message", "text", "letter", "visit"])
def test_one_tap_is_all_it_takes(cast, alice, did):
    miss(cast.episode, cast.now - dt.timedelta(hours=4))
    response = tap(alice, cast.episode, did)
    assert response.url == reverse("today") + "#calls"
    assert due(cast.alice, cast.now) == []
    [contact] = calls(cast.alice, cast.now).done
    assert contact.by == cast.alice


def test_the_card_stays_until_it_is_done(cast):
    miss(cast.episode, cast.now - dt.timedelta(hours=4))
    for days in (0, 1, 7, 30):
        assert due(cast.alice, cast.now + dt.timedelta(days=days)) == ["T-308"]


def test_no_answer_puts_it_off_to_the_next_working_day_and_ends_after_the_third(cast, now):
    """Wednesday, Thursday, Friday: then it is theirs to come."""
    miss(cast.episode, now - dt.timedelta(hours=4))
    for day in range(3):
        at = now + dt.timedelta(days=day)
        assert due(cast.alice, at) == ["T-308"]
        record_contact(episode=cast.episode, did="no_answer", by=cast.alice, now=at)
        assert due(cast.alice, at) == []
    assert [len(calls(cast.alice, now + dt.timedelta(days=day)).put_off) for day in (2, 5, 30)] == [
        0,
        0,
        0,
    ]
    assert due(cast.alice, now + dt.timedelta(days=30)) == []


def test_no_answer_on_a_friday_comes_back_on_monday(cast, now):
    friday = now + dt.timedelta(days=2)
    miss(cast.episode, friday - dt.timedelta(hours=4))
    record_contact(episode=cast.episode, did="no_answer", by=cast.alice, now=friday)
    assert due(cast.alice, friday + dt.timedelta(days=1)) == []
    [waiting] = calls(cast.alice, friday).put_off
    assert waiting.again_on == dt.date(2026, 11, 23)
    [call] = calls(cast.alice, friday + dt.timedelta(days=3)).due
    assert "Try once more today" in call.sentence


def test_two_no_answers_suggest_a_message_or_a_letter(cast, now):
    miss(cast.episode, now - dt.timedelta(hours=4))
    for day in range(2):
        at = now + dt.timedelta(days=day)
        record_contact(episode=cast.episode, did="no_answer", by=cast.alice, now=at)
    [call] = calls(cast.alice, now + dt.timedelta(days=2)).due
    assert "Leave a neutral message or write a letter" in call.sentence


def test_a_slip_is_taken_back_and_stays_on_record(cast, alice):
    miss(cast.episode, cast.now - dt.timedelta(hours=4))
    tap(alice, cast.episode, "reached")
    contact = Contact.objects.get()
    alice.post(reverse("contact_undo", args=[contact.uuid]))
    assert due(cast.alice, cast.now) == ["T-308"]
    contact.refresh_from_db()
    assert contact.withdrawn_at is not None
    assert labels(cast, cast.now) == ["Not enough yet"]


def test_nobody_takes_back_what_somebody_else_did(cast, log_in):
    contact = record_contact(episode=cast.episode, did="reached", by=cast.sam, now=cast.now)
    response = log_in(cast.alice).post(reverse("contact_undo", args=[contact.uuid]))
    assert response.status_code == 403
    contact.refresh_from_db()
    assert contact.withdrawn_at is None


def test_two_quick_taps_are_one_call(cast, alice):
    miss(cast.episode, cast.now - dt.timedelta(hours=4))
    tap(alice, cast.episode, "no_answer")
    tap(alice, cast.episode, "no_answer")
    assert Contact.objects.count() == 1


def test_an_unknown_answer_stores_nothing_and_says_so(cast, alice):
    miss(cast.episode, cast.now - dt.timedelta(hours=4))
    response = alice.post(
        reverse("contact_add", args=[cast.episode.uuid]), {"did": "shouted"}, follow=True
    )
    assert "Choose what came of it." in response.content.decode()
    assert not Contact.objects.exists()


def test_whoever_came_since_is_not_called(cast, now):
    miss(cast.episode, now - dt.timedelta(days=7))
    factories.make_session(cast.episode, now - dt.timedelta(hours=2))
    assert due(cast.alice, now) == []


def test_whoever_is_expected_later_today_is_asked_in_person(cast, now):
    miss(cast.episode, now - dt.timedelta(days=7))
    coming = factories.make_session(
        cast.episode, now + dt.timedelta(hours=2), Session.Status.SCHEDULED
    )
    assert due(cast.alice, now) == []
    coming.status = Session.Status.CANCELLED
    coming.save()
    assert due(cast.alice, now) == ["T-308"]


def test_somebody_on_hold_is_not_called(cast, now):
    miss(cast.episode, now - dt.timedelta(days=3))
    pause_episode(
        episode=cast.episode,
        reason="detox",
        from_on=cast.today - dt.timedelta(days=1),
        expected_on=None,
        now=now,
    )
    assert due(cast.alice, now) == []


def test_a_second_missed_session_asks_again_in_other_words(cast, now):
    miss(cast.episode, now - dt.timedelta(days=7))
    record_contact(
        episode=cast.episode, did="reached", by=cast.alice, now=now - dt.timedelta(days=7, hours=-1)
    )
    assert due(cast.alice, now - dt.timedelta(days=1)) == []
    miss(cast.episode, now - dt.timedelta(hours=4))
    [call] = calls(cast.alice, now).due
    assert "did not come 2 times in a row" in call.sentence


def test_somebody_gone_quiet_is_called_and_not_again_for_every_unanswered_session(cast, now):
    factories.make_course(cast.episode, [8, 8, 8, None, None, None], now)
    [call] = calls(cast.alice, now).due
    assert "A short friendly call is the next step, not another form." in call.sentence
    record_contact(episode=cast.episode, did="message", by=cast.alice, now=now)
    assert due(cast.alice, now) == []
    assert labels(cast, now) == ["No answer lately", "Called"]
    factories.make_session(cast.episode, now + dt.timedelta(days=6))
    assert due(cast.alice, now + dt.timedelta(days=8)) == []


def test_called_is_the_second_chip_after_a_missed_session(cast, now):
    factories.make_course(cast.episode, [8, 8, 8, 8], now - dt.timedelta(days=2))
    miss(cast.episode, now - dt.timedelta(hours=4))
    assert labels(cast, now) == ["About the same"]
    record_contact(episode=cast.episode, did="no_answer", by=cast.alice, now=now)
    assert labels(cast, now) == ["About the same"]
    record_contact(episode=cast.episode, did="reached", by=cast.alice, now=now)
    assert labels(cast, now) == ["About the same", "Called"]


def test_a_call_does_not_stand_for_a_talk_about_lower_answers(cast, now):
    factories.make_course(cast.episode, [8, 8, 8, 8, 2, 2], now - dt.timedelta(days=7))
    miss(cast.episode, now - dt.timedelta(hours=4))
    record_contact(episode=cast.episode, did="reached", by=cast.alice, now=now)
    assert labels(cast, now)[1] == "Not yet talked about"


@pytest.mark.parametrize(("did", "days"), [("reached", 0), ("message", 0), ("no_answer", 8)])
def test_what_got_through_counts_as_contact(cast, now, did, days):
    factories.make_session(cast.episode, now - dt.timedelta(days=8))
    contact = record_contact(episode=cast.episode, did=did, by=cast.alice, now=now)
    viewer = factories.viewer_of(cast.alice, now)
    [history] = histories(viewer, [cast.episode])
    assert days_since_contact(history, viewer.today) == days
    withdraw_contact(contact=contact, now=now)
    [history] = histories(viewer, [cast.episode])
    assert days_since_contact(history, viewer.today) == 8


def test_the_number_to_call_is_a_link_and_the_words_are_there(cast, alice):
    client = cast.episode.client
    client.sealed_identity = seal_identity(client, Identity(name="Jo Doe", phone="+13125550142"))
    client.save(update_fields=["sealed_identity"])
    miss(cast.episode, cast.now - dt.timedelta(hours=4))
    page = alice.get(reverse("today")).content.decode()
    assert 'href="tel:+13125550142"' in page
    assert "Hi, it is Alice. No rush." in page
    assert "My number is 555-0100." in page


def test_who_stands_in_has_the_calls_too(cast, now, log_in):
    miss(cast.peers, now - dt.timedelta(hours=4))
    assert due(cast.alice, now) == []
    factories.cover(cast.bob, cast.alice, cast.today)
    assert due(cast.alice, now) == ["B-001"]
    assert tap(log_in(cast.alice), cast.peers, "reached").status_code == 302


def test_the_attendance_of_a_session_with_a_hidden_answer_gives_nothing_away(cast, now):
    """Quiet is worked out from what the counselor may know: an answer waits, unseen."""
    factories.make_course(cast.episode, [8, 8, 8, None, None, None], now - dt.timedelta(days=7))
    last = factories.make_session(cast.episode, now - dt.timedelta(hours=4))
    before = due(cast.alice, now)
    assert before == ["T-308"]
    factories.rate(last, 2, now=now)
    assert due(cast.alice, now) == before


@pytest.mark.parametrize("values", [{"kind": "fax"}, {"outcome": "maybe"}])
def test_the_database_knows_the_kinds_and_outcomes(cast, values):
    contact = {"kind": "call", "outcome": "reached", **values}
    with pytest.raises(IntegrityError), transaction.atomic():
        Contact.objects.create(
            organization=cast.here, episode=cast.episode, at=cast.now, by=cast.alice, **contact
        )
