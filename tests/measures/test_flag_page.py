"""The flag page: what it says, the one form, and what the client will read."""

from __future__ import annotations

import datetime as dt
import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from measures.models import AgendaItem, Flag, Repair
from measures.repair.talks import open_promise
from sessions.models import Client, Cover, Pause, Session
from sessions.sealing import unseal
from sessions.services import close_episode
from tests import factories

LOW: list[float | None] = [9, 9, 8, 9, 9, 8, 9, 3]


@pytest.fixture
def flag(cast: SimpleNamespace) -> Flag:
    factories.make_course(cast.episode, LOW, cast.now - dt.timedelta(days=3))
    session = Session.objects.filter(episode=cast.episode).latest("starts_at")
    again = factories.make_session(cast.episode, session.starts_at + dt.timedelta(days=1))
    factories.rate(again, 7, "counselor")
    factories.rate(again, 4, note="It felt like boxes.", change_wish="listen")
    return Flag.objects.get()


@pytest.fixture
def alice(cast: SimpleNamespace, log_in: Any) -> Any:
    return log_in(cast.alice)


def address(flag: Flag) -> str:
    return reverse("flag", args=[flag.uuid])


def shown(response: Any) -> str:
    plain = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", plain).replace(" .", ".")


def tap(browser: Any, flag: Flag, did: str, **values: Any) -> Any:
    flag.refresh_from_db()
    return browser.post(address(flag), {"version": flag.version, "did": did} | values)


def test_it_says_why_how_sure_and_what_to_try(alice, flag):
    page = shown(alice.get(address(flag)))
    for text in (
        "Something may have changed for T-308.",
        "usual",
        "in 10 flags like this are a real change in the answers",
        "It felt like boxes.",
        "Listen more",
        "What to try, words to say",
        "Talked about",
        "Not yet",
        "Something outside our work",
        "No concern",
        "Take to supervision",
        "Thank you for telling me.",
    ):
        assert text in page, text


def test_one_tap_is_enough(cast, alice, flag):
    saved = tap(alice, flag, "talked")
    assert saved.headers["Location"] == address(flag)
    flag.refresh_from_db()
    talk = flag.talks.get()
    assert (flag.state, talk.talked_on, talk.released_at) == ("talked", cast.today, None)
    page = shown(alice.get(address(flag)))
    assert "Saved. We look again after the next two ratings. Closing is up to you." in page
    assert "Talked about, waiting for the next two ratings" in page


@pytest.mark.parametrize(
    ("did", "state"),
    [("not_yet", "watching"), ("outside", "outside"), ("no_concern", "no_concern")],
)
def test_each_tap_is_a_state(cast, alice, flag, did, state):
    tap(alice, flag, did, line="A hard week at work.")
    flag.refresh_from_db()
    assert flag.state == state
    assert "A hard week at work." in shown(alice.get(address(flag)))
    if did == "not_yet":
        assert flag.snoozed_until == cast.today + dt.timedelta(days=7)
    else:
        tap(alice, flag, "reopen")
        flag.refresh_from_db()
        assert flag.state == "new"


def test_nothing_chosen_loses_nothing(alice, flag):
    answer = alice.post(address(flag), {"version": 1, "line": "We start later."})
    assert answer.status_code == 422
    assert 'value="We start later."' in answer.content.decode()
    assert "Choose one of the four." in shown(answer)


@pytest.mark.parametrize("days", [1, -400])
def test_a_talk_was_not_in_the_future(cast, alice, flag, days):
    answer = tap(alice, flag, "talked", talked_on=cast.today + dt.timedelta(days=days))
    assert answer.status_code == 422
    assert Repair.objects.count() == 0


def test_a_ready_made_sentence_reaches_the_client_in_every_language(cast, alice, flag):
    Client.objects.update(language="es")
    page = shown(alice.get(address(flag)))
    assert "Alice dijo:" in page
    assert "empezamos con lo que a usted le importa" in page
    tap(alice, flag, "talked", talked_on=cast.today - dt.timedelta(days=2), reads="listen")
    session = factories.make_session(cast.episode, cast.now)
    told = {
        language: open_promise(session=session, language=language)
        for language in ("en", "es", "ar")
    }
    texts = [promise.text for promise in told.values() if promise]
    assert len(set(texts)) == 3
    assert texts[0] == "we start with what is on your mind"
    assert all(promise and promise.wish == "listen" for promise in told.values())


def test_own_words_are_shown_before_they_are_released(cast, alice, flag):
    own = {"reads": "own", "own_words": "we end with a joke"}
    first = tap(alice, flag, "talked", **own)
    assert first.status_code == 200
    assert "“ we end with a joke ”" in shown(first)
    assert Repair.objects.count() == 0
    tap(alice, flag, "talked", previewed="we end with a joke", **own)
    assert Repair.objects.get().released_at is not None


def test_other_words_than_those_shown_are_not_released(alice, flag):
    own = {"reads": "own", "own_words": "we end with a joke", "previewed": "we begin with one"}
    assert tap(alice, flag, "talked", **own).status_code == 200
    assert Repair.objects.count() == 0


def test_nothing_is_told_without_a_talk(alice, flag):
    assert tap(alice, flag, "no_concern", reads="listen").status_code == 422
    assert Repair.objects.count() == 0


def test_of_two_tabs_the_second_sees_both_versions(cast, alice, flag):
    alice.post(address(flag), {"version": 1, "did": "outside", "line": "Her sister moved in."})
    late = alice.post(address(flag), {"version": 1, "did": "no_concern", "line": "One bad night."})
    page = late.content.decode()
    assert late.status_code == 409
    assert "Someone saved this a moment ago. Here are both versions. Which one stays?" in page
    assert "Her sister moved in." in page
    assert "One bad night." in page
    flag.refresh_from_db()
    assert flag.state == "outside"


@pytest.mark.parametrize("first", ["talked", "outside"])
def test_the_second_may_stay(alice, flag, first):
    alice.post(address(flag), {"version": 1, "did": first, "line": "Slower."})
    late = alice.post(address(flag), {"version": 1, "did": "no_concern", "line": "One bad night."})
    version = re.search(r'name="version" value="(\d+)"', late.content.decode())
    assert version is not None
    again = {"version": version[1], "did": "no_concern", "line": "One bad night.", "over": "on"}
    assert alice.post(address(flag), again).status_code == 302
    flag.refresh_from_db()
    assert flag.state == "no_concern"


def test_what_the_client_says_stands_on_the_page_once_it_may_be_read(cast, alice, flag):
    tap(alice, flag, "talked", talked_on=cast.today - dt.timedelta(days=2), reads="listen")
    session = factories.make_session(cast.episode, cast.now - dt.timedelta(hours=2))
    talk = flag.talks.get()
    factories.rate(session, 8, happened="little", promise=str(talk.uuid))
    assert "has not said yet" in shown(alice.get(address(flag)))  # blind: not rated by alice
    factories.rate(session, 7, "counselor")
    assert "T-308 says: that happened a little." in shown(alice.get(address(flag)))


def two_more(cast: SimpleNamespace, score: float) -> None:
    for hours in (30, 4):
        session = factories.make_session(cast.episode, cast.now - dt.timedelta(hours=hours))
        factories.rate(session, 7, "counselor")
        factories.rate(session, score)


def test_after_two_more_ratings_the_counselor_is_asked_and_closes(cast, alice, flag):
    tap(alice, flag, "talked", talked_on=cast.today - dt.timedelta(days=3))
    two_more(cast, 9)
    page = shown(alice.get(address(flag)))
    flag.refresh_from_db()
    assert flag.state == "talked"  # nobody closed it
    if "Two ratings in a row back in the usual range" not in page:
        two_more_status = [r.assessment.status for r in flag.last_rating.session.ratings.all()]
        pytest.fail(f"{page[:900]} {two_more_status}")
    tap(alice, flag, "better")
    flag.refresh_from_db()
    assert (flag.state, flag.talks.get().outcome) == ("better", "back")


def test_not_better_is_brought_to_supervision(cast, alice, flag):
    tap(alice, flag, "talked", talked_on=cast.today - dt.timedelta(days=3))
    two_more(cast, 3)
    page = shown(alice.get(address(flag)))
    assert "Two more ratings are in, and it is not better. Bring it to supervision." in page
    assert "Back, not better: bring it" in page
    tap(alice, flag, "supervision")
    assert AgendaItem.objects.get().flag == flag
    assert "It is on the agenda." in shown(alice.get(address(flag)))


def test_keep_watching_asks_again_later(cast, alice, flag):
    tap(alice, flag, "talked", talked_on=cast.today - dt.timedelta(days=3))
    two_more(cast, 9)
    tap(alice, flag, "watch")
    page = shown(alice.get(address(flag)))
    assert "Close this?" not in page
    assert "Watching until" in page
    Flag.objects.update(snoozed_until=cast.today)
    assert "Close this?" in shown(alice.get(address(flag)))


def test_what_was_put_off_is_not_yet_talked_about_when_its_day_comes(cast, alice, flag):
    tap(alice, flag, "not_yet")
    assert "Watching until" in shown(alice.get("/caseload/"))
    Flag.objects.update(snoozed_until=cast.today)
    assert "Not yet talked about" in shown(alice.get("/caseload/"))


def test_before_the_counselor_rated_there_is_no_such_page(cast, alice, log_in):
    factories.make_course(cast.episode, LOW[:-1], cast.now - dt.timedelta(days=7))
    session = factories.make_session(cast.episode, cast.now - dt.timedelta(hours=3))
    factories.rate(session, 2)
    flag = Flag.objects.get()
    assert alice.get(address(flag)).status_code == 404
    assert tap(alice, flag, "no_concern").status_code == 404
    sam = log_in(cast.sam)
    page = sam.get(address(flag))
    assert page.status_code == 403  # not before saying why
    assert "dropped" not in shown(page)
    factories.say_why(cast.sam, cast.now)
    assert sam.get(address(flag)).status_code == 200
    factories.rate(session, 7, "counselor")
    assert alice.get(address(flag)).status_code == 200


def test_the_supervisor_reads_and_who_stands_in_acts(cast, flag, log_in):
    sam, bob = log_in(cast.sam), log_in(cast.bob)
    factories.say_why(cast.sam, cast.now)
    page = sam.get(address(flag)).content.decode()
    assert 'id="card"' not in page
    assert tap(sam, flag, "talked").status_code == 403
    assert bob.get(address(flag)).status_code == 404
    Cover.objects.create(
        organization=cast.here,
        member=cast.alice,
        stands_in=cast.bob,
        from_on=cast.today,
        to_on=cast.today,
    )
    assert tap(bob, flag, "talked").status_code == 302
    assert flag.events.latest("pk").by == cast.bob


def test_withdrawn_closed_and_on_hold_say_so(cast, alice, flag):
    Pause.objects.create(
        organization=cast.here, episode=cast.episode, reason="detox", from_on=cast.today
    )
    assert "On hold since" in shown(alice.get(address(flag)))
    Pause.objects.all().delete()
    with factories.undone():
        Flag.objects.update(state="withdrawn")
        page = alice.get(address(flag)).content.decode()
        assert "This one was withdrawn" in page
        assert 'id="card"' not in page
        assert tap(alice, flag, "talked").status_code == 422
    close_episode(episode=cast.episode, reason="completed", now=cast.now)
    assert "The episode was closed on" in shown(alice.get(address(flag)))
    assert tap(alice, flag, "talked").status_code == 403


def test_what_was_agreed_is_sealed(cast, alice, flag):
    tap(alice, flag, "talked", line="No checklist aloud.")
    talk = flag.talks.get()
    assert unseal(cast.episode.client, "agreed", talk.sealed_agreed) == "No checklist aloud."
    assert "No checklist aloud." in shown(alice.get(address(flag)))


def log(cast: SimpleNamespace, browser: Any, flag: Flag, **values: Any) -> Any:
    at = cast.now - dt.timedelta(hours=1)
    session = factories.make_session(cast.episode, at, status="scheduled")
    given = {
        "status": "held",
        "mode": "in_person",
        "starts_at": at.astimezone(factories.ZONE).strftime("%Y-%m-%dT%H:%M"),
        "version": session.version,
        "rating_uuid": "3d6f1f2e-9a60-4a0c-8b2e-0c6b6fd7a3a1",
        "flag_version": flag.version,
    }
    return session, browser.post(f"/sessions/{session.uuid}/", given | values)


@pytest.mark.parametrize(
    ("says", "state"), [("talked", "talked"), ("not_yet", "watching"), ("outside", "outside")]
)
def test_logging_the_next_session_asks_whether_they_talked(cast, alice, flag, says, state):
    session, answer = log(cast, alice, flag, talked=says)
    assert answer.status_code == 302
    flag.refresh_from_db()
    assert flag.state == state
    if says == "talked":
        assert flag.talks.get().talked_on == cast.here.today(session.starts_at)


@pytest.mark.parametrize("values", [{}, {"talked": "talked", "status": "missed"}])
def test_no_answer_and_no_session_move_nothing(cast, alice, flag, values):
    _session, answer = log(cast, alice, flag, **values)
    assert answer.status_code == 302
    flag.refresh_from_db()
    assert flag.state == "new"


def test_an_answer_about_an_older_reading_does_not_overwrite(cast, alice, flag):
    Flag.objects.update(version=5)
    _session, answer = log(cast, alice, flag, talked="outside")
    assert answer.status_code == 302
    flag.refresh_from_db()
    assert flag.state == "new"
    assert "Somebody saved the flag a moment ago" in shown(alice.get("/about/"))


def test_only_what_is_not_yet_talked_about_is_asked_about(cast, alice, flag):
    session = factories.make_session(cast.episode, cast.now, status="scheduled")
    asks = "Did you two talk about it?"
    assert asks in shown(alice.get(f"/sessions/{session.uuid}/"))
    tap(alice, flag, "talked")
    assert asks not in shown(alice.get(f"/sessions/{session.uuid}/"))


def test_the_page_takes_as_many_queries_with_a_long_history(cast, alice, flag):
    def queries() -> int:
        with CaptureQueriesContext(connection) as context:
            assert alice.get(address(flag)).status_code == 200
        return len(context)

    few = queries()
    for _ in range(3):
        tap(alice, flag, "talked")
        tap(alice, flag, "not_yet")
    alice.get(address(flag))  # the message of the last act
    two_more(cast, 3)
    assert queries() <= few + 1


def test_what_is_not_better_comes_back_on_the_agenda(cast, alice, flag, log_in):
    sam, agenda = log_in(cast.sam), f"/supervision/{cast.alice.uuid}/"
    factories.say_why(cast.sam, cast.now)
    tap(alice, flag, "talked", talked_on=cast.today - dt.timedelta(days=3), line="I ask first.")
    assert "Talked about: not better" not in shown(sam.get(agenda))
    two_more(cast, 3)
    assert "Talked about: not better" in shown(sam.get(agenda))
    assert re.search(r"Talked about on [^<]*: <bdi>I ask first.", sam.get(agenda).content.decode())


@pytest.mark.parametrize(
    ("scores", "says"),
    [
        ([4, 4, 4.5, 4, 4, 4.5], "What would make one hour with me worth it?"),
        ([8, 8, 9, 8, 8, None, None, None], "Is there something about how we meet"),
    ],
)
def test_what_has_no_flag_has_words_on_the_clients_page(cast, alice, scores, says):
    factories.make_course(cast.episode, scores, cast.now)
    assert not Flag.objects.exists()
    assert says in shown(alice.get(f"/episodes/{cast.episode.uuid}/"))
