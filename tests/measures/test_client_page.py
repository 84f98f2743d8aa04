"""The client page: how it is asked for, what stands in its story, and how heavy it gets."""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import Any
from uuid import uuid4

import pytest

from measures.builtin import current_version
from measures.capture.correcting import Mistake, move_rating
from measures.capture.logging_sessions import log_session
from measures.insight.shown import Shown
from measures.models import Assessment, Flag, Rater, Rating
from measures.repair.acting import Decision, Did, decide
from measures.repair.states import record_event
from measures.repair.talks import record_talk
from sessions.models import Contact, Episode, Pause, Session
from sessions.stories import add_event
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(cast, log_in):
    return log_in(cast.alice)


def page(browser: Any, episode: Episode, query: str = "") -> str:
    answer = browser.get(f"/episodes/{episode.uuid}/{query}")
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def story(text: str) -> list[str]:
    """The titles of what happened, in the order of the page."""
    found = re.search(r'<ol class="line">(.*?)</ol>', text, re.DOTALL)
    assert found
    return re.findall(r'<span class="strong">(.*?)</span>', found[1])


# ---- how to draw stands in the address ----


def test_the_switches_are_links_that_keep_each_other(cast, alice):
    factories.make_course(cast.episode, [8, 9, 8], cast.now - dt.timedelta(days=7))
    text = page(alice, cast.episode, "?draw=questions&along=sessions")
    assert 'href="?along=sessions#trend"' in text
    assert 'href="?draw=questions#trend"' in text
    assert text.count('aria-current="true"') == 2
    assert "trend-chart-tall" in text
    assert '"title": "Understanding"' in text
    assert "What is usual is known for the three together." in text


@pytest.mark.parametrize("query", ["?draw=<b>", "?along=weeks", "?page=zero", "?page=999", "?x=1"])
def test_an_address_nobody_knows_shows_the_usual_page(cast, alice, query):
    factories.make_course(cast.episode, [8, 9], cast.now)
    text = page(alice, cast.episode, query)
    assert "trend-chart-tall" not in text
    assert "<b>" not in text


def test_the_choices_say_where_they_lead():
    shown = Shown.of({"draw": "questions", "along": "sessions", "page": "3"})
    assert [choice.address for choice in shown.draw] == [
        "?along=sessions",
        "?draw=questions&along=sessions",
    ]
    assert [choice.is_chosen for choice in shown.axis] == [False, True]


def test_without_script_the_chart_is_there_as_it_was_asked_for(cast, alice):
    factories.make_course(cast.episode, [8, 9], cast.now - dt.timedelta(days=7))
    still = re.compile(r'<noscript><svg class="chart plot".*?</svg></noscript>', re.DOTALL)
    mean, questions = (page(alice, cast.episode, query) for query in ("", "?draw=questions"))
    found, by_question = still.search(mean), still.search(questions)
    assert found
    assert by_question
    assert found[0].count('class="v-client"') == 1
    assert by_question[0].count('class="v-client"') == 3
    assert "Understanding" in by_question[0]


# ---- what happened ----


def test_the_story_has_everything_newest_first(cast, alice):
    factories.make_course(cast.episode, [9, 9, 8, 9, 9, 8, 9, 3], cast.now - dt.timedelta(days=7))
    day = cast.today
    flag = Flag.objects.get()
    record_talk(
        flag=flag, by=cast.alice, talked_on=day - dt.timedelta(days=6), now=cast.now, agreed="Less."
    )
    better = Flag.State.BETTER
    at = cast.now - dt.timedelta(days=4)
    record_event(flag, better, now=at, reason="better", from_state=Flag.State.TALKED, by=cast.alice)
    Contact.objects.create(
        organization=cast.here,
        episode=cast.episode,
        at=cast.now - dt.timedelta(days=3),
        by=cast.alice,
        kind="call",
        outcome="reached",
    )
    Pause.objects.create(
        organization=cast.here,
        episode=cast.episode,
        reason="travel",
        from_on=day - dt.timedelta(days=2),
        to_on=day - dt.timedelta(days=1),
    )
    add_event(episode=cast.episode, kind="life_event", on=day)
    text = page(alice, cast.episode)
    titles = story(text)
    assert titles[:6] == [
        "Life event",
        "No longer on hold",
        "On hold: traveling",
        "Call: reached",
        "Back to usual",
        "Talked about",
    ]
    assert titles[6].startswith("Flag: ")
    assert titles[7:] == [f"Session {number}" for number in range(8, 0, -1)]
    assert "What we agreed: Less." in text


def test_a_hidden_rating_is_in_no_part_of_the_page(cast, alice, log_in):
    factories.make_course(cast.episode, [9, 9, 8], cast.now - dt.timedelta(days=7))
    session = factories.make_session(cast.episode, cast.now - dt.timedelta(hours=2))
    factories.rate(session, (1.5, 1.5, 1.5), now=cast.now, change_wish="slower")
    for query in ("", "?draw=questions"):
        text = page(alice, cast.episode, query)
        assert "1.5" not in re.sub(r"<svg.*?</svg>|<script.*?</script>", "", text, flags=re.DOTALL)
        assert '"y": [9.0, 9.0, 8.0, null]' in text
        assert "Go slower" not in text
        assert "session 3," in text  # the line for the note
        factories.say_why(cast.sam, cast.now)
        seen = page(log_in(cast.sam), cast.episode, query)
        assert "Go slower" in seen
        assert "session 4," in seen


def story_text(text: str) -> str:
    found = re.search(r'<ol class="line">(.*?)</ol>', text, re.DOTALL)
    assert found
    return " ".join(re.sub(r"<svg.*?</svg>|<[^>]*>", " ", found[1], flags=re.DOTALL).split())


def test_the_story_of_a_flag_says_who_did_what_and_when(cast, alice):
    factories.make_course(cast.episode, [9, 9, 8, 9, 9, 8, 9, 3], cast.now - dt.timedelta(days=7))
    flag = Flag.objects.get()
    steps = [(Did.NOT_YET, "Not today."), (Did.NO_CONCERN, "A cold."), (Did.REOPEN, "")]
    for did, line in steps:
        until = cast.today + dt.timedelta(days=7) if did == Did.NOT_YET else None
        decision = Decision(did, until, line)
        flag = decide(
            flag=flag, decision=decision, version=flag.version, by=cast.alice, now=cast.now
        )
        flag.refresh_from_db()
    text = story_text(page(alice, cast.episode))
    day = f"{cast.today:%B} {cast.today.day}"
    told = [
        "Raised",
        f"{day}: Not yet talked about, looked at again later, Alice. Not today.",
        f"{day}: No concern, Alice. A cold.",
        f"{day}: Opened again, Alice",
    ]
    places = [text.index(each) for each in told]
    assert places == sorted(places)


def test_the_story_tells_a_new_way_of_answering(cast, alice):
    course = factories.make_course(cast.episode, [8, 8, 8], cast.now - dt.timedelta(days=7))
    last = factories.make_session(cast.episode, cast.now - dt.timedelta(days=2))
    factories.rate(last, 7, "counselor")
    factories.rate(last, 8, input_kind="slider")
    text = page(alice, cast.episode)
    assert story(text).count("The way of answering changed") == 1
    assert "From here on: slider." in story_text(text)
    assert len(course) == 3


def test_the_story_tells_who_put_an_answer_right_and_why_and_nothing_of_the_answer(cast, alice):
    other = factories.make_episode(cast.alice, "T-309", cast.today)
    wrong, right = (
        factories.make_session(each, cast.now - dt.timedelta(days=3))
        for each in (cast.episode, other)
    )
    for each in (wrong, right):
        factories.rate(each, 7, "counselor")
    factories.rate(wrong, 1.5, note="Mine alone.")
    move_rating(session=wrong, to=right, why=Mistake.WRONG_CLIENT, by=cast.alice, now=cast.now)
    on = wrong.starts_at.astimezone(factories.ZONE)
    day = f"{on:%B} {on.day}"
    before, after = (story_text(page(alice, each)) for each in (cast.episode, other))
    assert (
        f"Alice took the client's answer off the session of {day}: another client answered."
        in before
    )
    assert "1.5" not in before
    assert "Mine alone." not in before
    assert (
        f"Alice put an answer where it belongs, on the session of {day}: another client answered."
        in after
    )
    log_session(
        session=wrong,
        status="cancelled",
        starts_at=wrong.starts_at,
        mode=wrong.mode,
        version=wrong.version,
        answers=None,
        rating_uuid=uuid4(),
        by=cast.alice,
        now=cast.now,
    )
    assert (
        f"Alice took the counselor's rating off the session of {day}: the session was logged by "
        "mistake." in story_text(page(alice, cast.episode))
    )


def test_a_correction_is_as_blind_as_the_answer_it_is_about(cast, alice):
    other = factories.make_episode(cast.alice, "T-309", cast.today)
    at = cast.now - dt.timedelta(hours=3)
    wrong, right = (factories.make_session(each, at) for each in (cast.episode, other))
    factories.rate(wrong, 1.5, now=cast.now)
    before = story(page(alice, other))
    move_rating(session=wrong, to=right, why=Mistake.WRONG_CLIENT, by=cast.alice, now=cast.now)
    assert story(page(alice, other)) == before
    factories.rate(right, 7, "counselor", now=cast.now)
    assert "Put right" in story(page(alice, other))


def test_every_session_leads_to_its_answers_whether_or_not_there_are_any(cast, alice):
    sessions = factories.make_course(cast.episode, [8, None], cast.now - dt.timedelta(days=7))
    last = factories.make_session(cast.episode, cast.now - dt.timedelta(hours=3))
    missed = factories.make_session(
        cast.episode, cast.now - dt.timedelta(days=5), Session.Status.MISSED
    )
    before = page(alice, cast.episode)
    for each in (*sessions, last):
        assert f'href="/sessions/{each.uuid}/answers/"' in before
    assert str(missed.uuid) not in before
    factories.rate(last, 1.5, now=cast.now)  # hidden: the story does not move
    assert story_text(page(alice, cast.episode)) == story_text(before)
    answers = alice.get(f"/sessions/{last.uuid}/answers/").content.decode()
    assert "It opens when you have rated" in answers
    assert ">1.5<" not in answers


def test_a_long_story_comes_a_page_at_a_time(cast, alice):
    for days in range(45):
        add_event(episode=cast.episode, kind="other", on=cast.today - dt.timedelta(days=days))
    first, last = page(alice, cast.episode), page(alice, cast.episode, "?page=3")
    assert (len(story(first)), len(story(last))) == (20, 5)
    assert "page=2#story" in first
    assert "Page 1 of 3" in first
    assert "page=2#story" in last
    assert "page=4" not in last


# ---- how heavy ----


def long_episode(cast: Any, sessions: int) -> Episode:
    scores = [round(6 + week % 7 / 3, 2) for week in range(sessions)]
    [episode] = factories.make_closed(cast.alice, [[]], cast.now)
    version = current_version()
    for week, score in enumerate(scores):
        at = cast.now - dt.timedelta(days=2 + 7 * (sessions - week))
        session = factories.make_session(episode, at)
        for rater in Rater.values:
            rating = Rating.objects.create(
                organization=cast.here,
                session=session,
                rater=rater,
                instrument_id=version.instrument_id,
                instrument_version=version,
                way_in=Rating.WayIn.LINK,
                given_at=at,
                stored_at=at,
                outcome=Rating.Outcome.COMPLETE,
                respect=score,
                understanding=score,
                goals=score,
            )
            Assessment.objects.create(
                organization=cast.here,
                rating=rating,
                score=score,
                expected=7.1234,
                low=6.1234,
                high=9.5432,
                status=Assessment.Status.STEADY,
                engine="1",
                parameters="1",
            )
        if week % 4 == 0:
            add_event(episode=episode, kind="other", on=at.date() + dt.timedelta(days=2))
    return episode


def test_two_hundred_sessions_stay_below_250_kilobytes(cast, alice):
    episode = long_episode(cast, 200)
    for query in ("", "?draw=questions", "?draw=questions&along=sessions&page=5"):
        size = len(alice.get(f"/episodes/{episode.uuid}/{query}").content)
        assert 100_000 < size < 250_000, (query, size)
    report = alice.get(f"/episodes/{episode.uuid}/page/")
    assert len(report.content) < 100_000
    assert b"The last 22 of 250 rows." in report.content
