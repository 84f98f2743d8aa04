"""A counselor leaves with things open: counted before, and afterwards where the next one looks."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from alliance_site.transactions import database_now
from measures.models import Action, Flag
from measures.repair.actions import agree_on_action
from measures.repair.agenda import take_to_supervision
from measures.repair.talks import record_talk
from sessions.calendar import schedule_series
from sessions.contacts import record_contact
from sessions.earlier_answers import may_next_read
from sessions.models import Client, Consent, Contact, Episode, Membership, Session
from sessions.pausing import pause_episode
from sessions.staffing import end_membership
from sessions.transferring import transfer_episode
from sessions.workdays import next_working_day
from tests import factories

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)
NOTE = "Something only Alice may read."
PROMISE = "We begin with what is on your mind."
TO_DO = "Ask the clinic about Tuesday."


@pytest.fixture(scope="module")
def left(kept_for_the_module: None) -> SimpleNamespace:
    """Alice's client: an open flag with a promise, an unread note, a call due, a planned series."""
    cast = factories.make_cast(database_now())
    episode, now = cast.episode, cast.now
    factories.make_course(episode, [8, 8, 8, 8, 8, 8, 3], now - 9 * DAY)
    cast.flag = Flag.objects.get()
    record_talk(
        flag=cast.flag,
        by=cast.alice,
        talked_on=cast.today - 8 * DAY,
        now=now - 8 * DAY,
        agreed="",
        client_text={"en": PROMISE},
        wish="",
    )
    noted = factories.make_session(episode, now - 8 * DAY)
    factories.rate(noted, 7, "counselor")
    factories.rate(noted, 4, note=NOTE)
    factories.make_session(episode, now - 1 * DAY, Session.Status.MISSED)
    agree_on_action(
        counselor=cast.alice,
        episode=episode,
        text=TO_DO,
        owner=cast.sam,
        due_on=cast.today,
        by=cast.sam,
        now=now,
    )
    take_to_supervision(flag=cast.flag, note="", by=cast.alice, now=now)
    later = dt.datetime.combine(cast.today + 3 * DAY, dt.time(15), tzinfo=dt.UTC)
    schedule_series(episode=episode, starts_at=later, mode="in_person", weeks=1, times=4)
    return cast


def hand_on(cast: SimpleNamespace, **said: Any) -> Episode:
    return transfer_episode(episode=cast.episode, to=cast.bob, now=cast.now, **said)


def text_of(browser: Browser, route: str, row: Any = None) -> str:
    response = browser.get(reverse(route, args=[row.uuid] if row else []))
    assert response.status_code == 200, response.status_code
    return " ".join(str(response.content.decode()).split())


BEFORE = (
    "1 open flag.",
    "1 promise that the client was not asked about yet.",
    "1 unread note.",
    "1 client to call after a missed session.",
    "1 thing to do, agreed in supervision.",
    "1 case taken to supervision.",
    "4 sessions on the calendar.",
)


def test_the_page_of_who_leaves_counts_what_is_open_and_names_nobody(left, log_in):
    page = text_of(log_in(left.ada), "staff_leave", left.alice)
    assert "Something is open with 1 client of 1." in page
    for sentence in BEFORE:
        assert sentence in page
    assert "T-308" not in page
    assert PROMISE not in page


def test_the_counselor_reads_the_same_of_one_client_before_a_transfer(left, log_in):
    page = text_of(log_in(left.alice), "episode_transfer", left.episode)
    for sentence in BEFORE:
        assert sentence in page


def test_what_the_counselor_does_not_see_yet_is_not_counted(cast, log_in):
    """A flag raised by an answer that waits for the own rating is in no number."""
    factories.make_course(cast.episode, [8, 8, 8, 8, 8, 8], cast.now - 7 * DAY)
    today = factories.make_session(cast.episode, cast.now - dt.timedelta(hours=3))
    factories.rate(today, 2, now=cast.now)
    assert cast.episode.flags.count() == 1
    page = text_of(log_in(cast.ada), "staff_leave", cast.alice)
    assert "1 session without an own rating." in page
    assert "open flag" not in page


def test_who_leaves_passes_on_what_is_to_do_and_nothing_that_was_answered(left, log_in):
    fields = {"how": "transfer", "colleague": str(left.bob.uuid)}
    log_in(left.ada).post(reverse("staff_leave", args=[left.alice.uuid]), fields)
    new = Episode.objects.get(continues=left.episode)
    bob = log_in(left.bob)
    today = text_of(bob, "today")
    assert TO_DO in today
    assert "T-308 did not come on" in today
    assert "With Alice before." in today
    assert Action.objects.get().owner == left.bob  # sam does not supervise bob
    assert new.sessions.scheduled().count() == 4
    page = text_of(bob, "episode", new)
    assert "Nobody has asked T-308 yet whether you may read" in page
    assert "A note from T-308 to Alice has not been read." in page
    for secret in (NOTE, PROMISE, "Left open", "3.0"):
        assert secret not in page + today
    assert Flag.objects.get().is_open


def test_once_the_client_agrees_the_next_counselor_reads_what_was_left_open(left, log_in):
    new = hand_on(left)
    bob = log_in(left.bob)
    question = text_of(bob, "episode_earlier", new)
    assert "May they read what you answered with Alice up to now?" in question
    bob.post(reverse("episode_earlier", args=[new.uuid]), {"agrees": "yes", "how": "on paper"})
    given = Consent.objects.get(purpose=Consent.Purpose.EARLIER)
    assert (given.episode, given.how, given.text_version) == (
        left.episode,
        "on paper",
        "2026-11 en",
    )
    page = text_of(bob, "episode", new)
    assert "Left open: talked about." in page
    assert PROMISE in page
    assert NOTE not in page
    earlier = text_of(bob, "episode", left.episode)
    assert "T-308 agreed that Bob reads it, too." in earlier
    assert NOTE not in earlier
    refused = bob.post(reverse("flag", args=[left.flag.uuid]), {"did": "talked"})
    assert refused.status_code == 403  # it is alice's to close


def test_a_no_ends_it_at_once_and_not_asked_is_no_answer_any_more(left, log_in):
    new = hand_on(left, agrees=True, how="in person")
    bob = log_in(left.bob)
    here = reverse("episode_earlier", args=[new.uuid])
    assert bob.post(here, {"agrees": "", "how": "in person"}).status_code == 422
    bob.post(here, {"agrees": "no", "how": "in person"})
    assert may_next_read(left.episode, left.now + DAY) is False
    page = text_of(bob, "episode", new)
    assert "T-308 does not want you to read" in page
    assert PROMISE not in page
    assert bob.get(reverse("episode", args=[left.episode.uuid])).status_code == 404


def test_a_no_at_the_transfer_is_kept_as_well(left):
    hand_on(left, agrees=False, how="in person")
    assert may_next_read(left.episode, left.now) is False
    assert Consent.objects.get(purpose=Consent.Purpose.EARLIER).withdrawn_at is not None


def test_the_question_is_read_in_the_language_of_the_client(left, log_in):
    Client.objects.filter(pk=left.episode.client_id).update(language="ar")
    page = text_of(log_in(left.alice), "episode_transfer", left.episode)
    assert 'lang="ar" dir="rtl"' in page


def test_nobody_asks_about_an_episode_of_their_own_before_or_about_none(left, log_in):
    alice = log_in(left.alice)
    assert alice.get(reverse("episode_earlier", args=[left.episode.uuid])).status_code == 404
    new = hand_on(left)
    assert alice.get(reverse("episode_earlier", args=[new.uuid])).status_code == 404
    Membership.objects.filter(pk=left.sam.pk).update(counselor=True)
    sam = log_in(left.sam)
    assert sam.get(reverse("episode_earlier", args=[new.uuid])).status_code == 404


def test_whom_the_counselor_before_reached_is_not_called_again(left, log_in):
    Contact.objects.create(
        organization=left.here,
        episode=left.episode,
        at=left.now,
        by=left.alice,
        kind=Contact.Kind.CALL,
        outcome=Contact.Outcome.REACHED,
    )
    hand_on(left)
    assert "T-308 did not come" not in text_of(log_in(left.bob), "today")


def test_a_call_is_no_more_due_once_they_came_to_the_next_counselor(left, log_in):
    new = hand_on(left)
    factories.make_session(new, left.now - dt.timedelta(hours=1))
    assert "T-308 did not come" not in text_of(log_in(left.bob), "today")


def test_an_action_stays_with_a_supervisor_of_both(left):
    factories.supervise(left.sam, left.bob, left.today)
    new = hand_on(left)
    action = Action.objects.get()
    assert (action.owner, action.counselor, action.episode) == (left.sam, left.bob, new)


def test_with_somebody_standing_in_everything_stays_and_they_see_it(left, log_in):
    until = str(left.today + 20 * DAY)
    fields = {"how": "cover", "colleague": str(left.bob.uuid), "until": until}
    log_in(left.ada).post(reverse("staff_leave", args=[left.alice.uuid]), fields)
    today = text_of(log_in(left.bob), "today")
    assert "T-308 did not come on" in today
    assert "left you a note" in today


def test_what_the_one_who_left_had_to_do_about_clients_is_for_who_stands_in(left, log_in):
    Action.objects.update(owner=left.alice)
    end_membership(member=left.alice, now=left.now, stands_in=left.bob, until=left.today + DAY)
    bob = log_in(left.bob)
    assert TO_DO in text_of(bob, "today")
    bob.post(reverse("action_end", args=[Action.objects.get().uuid]), {"outcome": "done"})
    assert Action.objects.get().outcome == Action.Outcome.DONE


# ---- those who have gone quiet ----


@pytest.fixture
def quiet(cast: SimpleNamespace) -> SimpleNamespace:
    factories.make_course(cast.episode, [8, 8, 8, None, None, None], cast.now - DAY)
    return cast


def to_do(cast: SimpleNamespace) -> list[dt.date]:
    return [each.due_on for each in Action.objects.filter(organization=cast.here)]


def test_whoever_has_gone_quiet_is_called_by_the_next_counselor(quiet, log_in):
    page = text_of(log_in(quiet.alice), "episode_transfer", quiet.episode)
    assert "1 client who has gone quiet and should be called." in page
    assert "The colleague is asked to call." in page
    hand_on(quiet)
    today = text_of(log_in(quiet.bob), "today")
    assert "No answer lately when Alice passed this on. A short friendly call is next." in today
    assert "Agreed with" not in today


@pytest.mark.parametrize("did", ["reached", "message"])
def test_whoever_was_reached_after_going_quiet_is_not_called_again(quiet, did):
    record_contact(episode=quiet.episode, did=did, by=quiet.alice, now=quiet.now)
    hand_on(quiet)
    assert to_do(quiet) == []


def test_whoever_nobody_reached_today_is_called_on_the_next_working_day(quiet):
    record_contact(episode=quiet.episode, did="no_answer", by=quiet.alice, now=quiet.now)
    hand_on(quiet)
    assert to_do(quiet) == [next_working_day(quiet.today)]


def test_whoever_is_on_hold_or_answers_is_not_called(quiet):
    pause_episode(
        episode=quiet.episode,
        reason="detox",
        from_on=quiet.today,
        expected_on=None,
        now=quiet.now,
    )
    hand_on(quiet)
    transfer_episode(episode=quiet.peers, to=quiet.alice, now=quiet.now)
    assert to_do(quiet) == []
