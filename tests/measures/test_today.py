"""Today: unread notes first, the card of the next session, what is due, and who is new."""

from __future__ import annotations

import datetime as dt
import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

import alliance_site.transactions
from measures.insight.today import today
from measures.models import Action, Flag, NoteRead, Rating, Repair
from measures.repair.actions import agree_on_action
from measures.repair.reading_notes import mark_read
from measures.repair.states import move
from measures.repair.talks import record_talk, say_whether_it_happened
from sessions.finding import sealed
from sessions.models import Session
from tests import factories

WEDNESDAY = dt.datetime(2026, 11, 18, 9, tzinfo=factories.ZONE)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> dt.datetime:
    in_utc = WEDNESDAY.astimezone(dt.UTC)
    monkeypatch.setattr(alliance_site.transactions, "database_now", lambda: in_utc)
    return in_utc


@pytest.fixture
def alice(cast: SimpleNamespace) -> Browser:
    browser = Browser()
    browser.force_login(cast.alice.user)
    return browser


def page_of(browser: Browser) -> str:
    return " ".join(browser.get(reverse("today")).content.decode().split())


def note(cast: SimpleNamespace, text: str = "A slower start", **values: Any) -> Rating:
    session = factories.make_session(cast.episode, cast.now - dt.timedelta(days=1))
    return factories.rate(session, 7, now=cast.now, note=text, **values)


def coming(cast: SimpleNamespace, hours: float, episode: Any = None) -> Session:
    at = cast.now + dt.timedelta(hours=hours)
    return factories.make_session(episode or cast.episode, at, Session.Status.SCHEDULED)


def opener(cast: SimpleNamespace) -> Any:
    [row] = [
        each for each in today(factories.viewer_of(cast.alice, cast.now)).sessions if each.opener
    ]
    return row.opener


# ---- notes ----


def test_an_unread_note_comes_first_and_is_gone_once_it_was_read(cast, alice):
    rating = note(cast)
    coming(cast, 1)
    page = page_of(alice)
    assert page.index("left you a note.") < page.index('class="card-next')
    assert "A slower start" not in page[: page.index('class="card-next')]
    response = alice.post(reverse("note_read", args=[rating.uuid]), follow=True)
    assert "A slower start" in response.content.decode()
    assert "left you a note." not in page_of(alice)
    assert NoteRead.objects.get().member == cast.alice


def test_reading_twice_is_kept_once(cast, alice):
    rating = note(cast)
    for _ in range(2):
        alice.post(reverse("note_read", args=[rating.uuid]))
    assert NoteRead.objects.count() == 1


def test_looking_at_a_note_without_a_tap_marks_nothing(cast, alice):
    rating = note(cast)
    page = alice.get(reverse("note", args=[rating.uuid])).content.decode()
    assert "A slower start" in page
    assert "I have read it" in page
    assert not NoteRead.objects.exists()


def test_a_note_is_not_held_back_by_the_blind_rule(cast, alice):
    """The counselor has not rated; the note opens, the numbers do not."""
    rating = note(cast)
    assert not Rating.objects.open_to(factories.viewer_of(cast.alice, cast.now)).exists()
    assert alice.get(reverse("note", args=[rating.uuid])).status_code == 200


def test_an_old_note_waits_until_it_is_read(cast, alice):
    session = factories.make_session(cast.episode, cast.now - dt.timedelta(days=90))
    factories.rate(session, 7, note="Long ago")
    assert "left you a note." in page_of(alice)


@pytest.mark.parametrize(("note_for", "status"), [("counselor", 404), ("supervisor", 200)])
def test_only_whom_the_client_chose_reads_it(cast, log_in, note_for, status):
    rating = note(cast, note_for=note_for)
    factories.say_why(cast.sam, cast.now)
    assert log_in(cast.sam).get(reverse("note", args=[rating.uuid])).status_code == status
    assert log_in(cast.bob).get(reverse("note", args=[rating.uuid])).status_code == 404


def test_it_says_in_which_language_a_note_is_written(cast, alice):
    note(cast, text="Más despacio", language="es")
    assert "Written in Spanish." in page_of(alice)


def test_who_stands_in_has_what_the_counselor_left_unread(cast, log_in):
    rating = note(cast)
    factories.cover(cast.alice, cast.bob, cast.today)
    bob = log_in(cast.bob)
    assert "left you a note." in page_of(bob)
    bob.post(reverse("note_read", args=[rating.uuid]))
    assert "left you a note." not in page_of(bob)
    assert "left you a note." in page_of(log_in(cast.alice))  # it was written to her
    other = note_of_another_day(cast)
    mark_read(rating=other, member=cast.alice, now=cast.now)
    assert "left you a note." not in page_of(bob)


def note_of_another_day(cast: SimpleNamespace) -> Rating:
    session = factories.make_session(cast.episode, cast.now - dt.timedelta(days=5))
    return factories.rate(session, 7, note="Another one")


# ---- openers ----


def flagged(cast: SimpleNamespace) -> Flag:
    factories.make_course(cast.episode, [8, 8, 8, 8, 8, 3, 3], cast.now - dt.timedelta(days=6))
    return Flag.objects.get(episode=cast.episode, rater="client")


def test_the_card_has_promise_words_sentence_and_then_numbers(cast, alice):
    flag = flagged(cast)
    record_talk(
        flag=flag,
        by=cast.alice,
        talked_on=cast.today - dt.timedelta(days=5),
        now=cast.now,
        client_text={"en": "we start with how the week was"},
    )
    note(cast, text="It felt like checking boxes")
    coming(cast, 1)
    page = page_of(alice)
    card = page[page.index('class="card-next') :]
    order = [
        "We start with how the week was",
        "It felt like checking boxes",
        "You might open with",
        "Last time I said what I would do differently. Did I do it?",
        "Last rating,",
        "Cover the screen",
    ]
    places = [card.index(each) for each in order]
    assert places == sorted(places)


def test_what_the_client_says_of_a_promise_is_as_hidden_as_its_rating(cast):
    flag = flagged(cast)
    record_talk(
        flag=flag,
        by=cast.alice,
        talked_on=cast.today - dt.timedelta(days=5),
        now=cast.now,
        client_text={"en": "we start slowly"},
    )
    session = factories.make_session(cast.episode, cast.now - dt.timedelta(hours=20))
    rating = factories.rate(session, 6, now=cast.now)
    say_whether_it_happened(rating=rating, promise=str(Repair.objects.get().uuid), says="no")
    coming(cast, 1)
    assert opener(cast).promise.says == ""
    before = opener(cast).first_words
    factories.rate(session, 6, "counselor", now=cast.now)
    assert opener(cast).promise.says == "no"
    assert str(before) == "Last time I said what I would do differently. Did I do it?"


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ([8, 8, 8, 8, 8], "Is what we do here getting you closer?"),
        ([10, 10, 10, 10, 10, 10], "Nobody's hour with me is perfect."),
        ([4, 4, 4, 4, 4], "What would make one hour with me worth it?"),
        ([8, 8, 8, None, None, None], "Would you rather answer later"),
        ([8], "What do I still not get about your life"),
        ([], "At the end I ask three questions"),
    ],
)
def test_one_sentence_by_the_state(cast, scores, words):
    factories.make_course(cast.episode, scores, cast.now - dt.timedelta(days=6))
    coming(cast, 1)
    card = opener(cast)
    assert words in f"{card.first_words}{card.introduction}"


def test_after_a_missed_session_it_is_no_lecture(cast):
    factories.make_course(cast.episode, [8, 8, 8, 8], cast.now - dt.timedelta(days=8))
    factories.make_session(cast.episode, cast.now - dt.timedelta(days=7), Session.Status.MISSED)
    coming(cast, 1)
    assert str(opener(cast).first_words).startswith("No lecture.")


def test_the_lowest_question_chooses_the_sentence(cast):
    for week, score in enumerate([(8, 8, 8)] * 5 + [(4, 4, 1), (4, 4, 1)]):
        at = cast.now - dt.timedelta(days=60 - 7 * week)
        session = factories.make_session(cast.episode, at)
        factories.rate(session, 8, "counselor")
        factories.rate(session, score)
    coming(cast, 1)
    assert "what would you want from our time" in str(opener(cast).first_words)


def test_a_hidden_answer_changes_nothing_on_the_card(cast, alice):
    factories.make_course(cast.episode, [8, 8, 8, 8, 8], cast.now - dt.timedelta(days=8))
    last = factories.make_session(cast.episode, cast.now - dt.timedelta(days=1))
    coming(cast, 1)
    before = opener(cast)
    factories.rate(last, 1, now=cast.now, change_wish="slower")
    assert opener(cast) == before


def test_only_the_next_card_is_open(cast, alice):
    coming(cast, 1)
    second = factories.make_episode(cast.alice, "Z-2", cast.today)
    coming(cast, 3, second)
    page = page_of(alice)
    assert page.count('class="card-next') == 1
    assert page.count("Before you meet") == 1
    assert page.count("btn-primary") == 1
    assert "Next, in 60 minutes" in page


def test_a_card_leads_to_what_could_help_while_a_flag_is_open(cast, alice):
    flag = flagged(cast)
    coming(cast, 3)
    coming(cast, 1, factories.make_episode(cast.alice, "Z-2", cast.today))
    help_ = f"{reverse('flag', args=[flag.uuid])}#help"
    page = page_of(alice)
    assert page.count(f'href="{help_}"') == page.count("See what could help") == 1
    assert 'id="help"' in alice.get(reverse("flag", args=[flag.uuid])).content.decode()
    move(flag, Flag.State.NO_CONCERN, now=cast.now, reason="no_concern", by=cast.alice)
    assert "See what could help" not in page_of(alice)


def test_a_flag_that_is_still_blind_adds_no_link_to_the_card(cast, alice):
    factories.make_course(cast.episode, [8, 8, 8, 8, 8], cast.now - dt.timedelta(days=6))
    last = factories.make_session(cast.episode, cast.now - dt.timedelta(hours=20))
    factories.rate(last, 1, now=cast.now)
    coming(cast, 1)
    assert Flag.objects.filter(episode=cast.episode, rater="client").exists()
    assert "See what could help" not in page_of(alice)
    factories.rate(last, 7, "counselor", now=cast.now)
    assert "See what could help" in page_of(alice)


# ---- the other rows ----


def test_clients_in_their_first_three_sessions_have_a_row(cast, alice):
    factories.make_course(cast.episode, [8, 8], cast.now - dt.timedelta(days=3))
    coming(cast, 48)
    page = page_of(alice)
    assert "Session 3 on Friday" in page
    assert "2 ratings so far." in page
    factories.make_course(cast.episode, [8], cast.now)
    assert "First three sessions" not in page_of(alice)


def test_flags_of_clients_who_do_not_come_today_are_one_line(cast, alice):
    flagged(cast)
    page = page_of(alice)
    assert "Not coming today" in page
    assert "#need" in page
    assert "Worth asking about" not in page
    coming(cast, 2)
    assert "Not coming today" not in page_of(alice)


def agreed(cast: SimpleNamespace, **values: Any) -> Action:
    return agree_on_action(
        **{
            "counselor": cast.alice,
            "text": "Ask what helped",
            "owner": cast.alice,
            "due_on": cast.today,
            "by": cast.sam,
            "now": cast.now,
            "episode": cast.episode,
            **values,
        }
    )


def test_an_action_appears_when_it_is_due_and_goes_when_it_is_done(cast, alice):
    action = agreed(cast)
    agreed(cast, text="Not yet due", due_on=cast.today + dt.timedelta(days=1))
    page = page_of(alice)
    assert "Ask what helped" in page
    assert "Agreed with Sam" in page
    assert "Not yet due" not in page
    alice.post(reverse("action_end", args=[action.uuid]), {"outcome": "done"})
    assert "Ask what helped" not in page_of(alice)
    action.refresh_from_db()
    assert action.outcome == "done"


def test_an_action_is_ended_by_whoever_took_it_on(cast, log_in):
    action = agreed(cast)
    response = log_in(cast.sam).post(
        reverse("action_end", args=[action.uuid]), {"outcome": "dropped"}
    )
    assert response.status_code == 404
    action.refresh_from_db()
    assert action.done_at is None


def test_a_day_without_anything_says_when_the_next_one_is(cast, alice):
    page = page_of(alice)
    assert "No sessions today." in page
    for gone in ("Unread note", "Reach out", "Due today"):
        assert gone not in page
    coming(cast, 24)
    assert re.search(r"Your next one is Thursday, November 19 at 9", page_of(alice))


def test_a_walk_in_begins_with_two_taps(cast, alice):
    """The link on top, then the button beside the client."""
    assert reverse("session_pick") in page_of(alice)
    page = alice.get(reverse("session_pick")).content.decode()
    address = reverse("session_start", args=[cast.episode.uuid])
    assert f'formaction="{address}"' in page
    response = alice.post(address)
    session = Session.objects.get()
    assert response.url == reverse("session_log", args=[session.uuid])


def test_the_list_of_clients_to_start_with_is_searched_by_code_and_name(cast, alice):
    for number in range(10):
        factories.make_episode(cast.alice, f"Q-{number}", cast.today)
    found = alice.get(reverse("session_pick"), {"find": sealed("jo d")}).content.decode()
    assert "T-308" in found
    assert "Q-1" not in found
    assert (
        "No client with that code or name."
        in alice.get(reverse("session_pick"), {"find": sealed("nobody")}).content.decode()
    )
