"""What came of a flag, and whether the client is asked about it."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest

from measures.models import Flag, Repair
from measures.repair.states import move
from measures.repair.talks import open_promise, record_talk
from sessions.models import Session
from sessions.sealing import unseal
from tests import factories

TEXTS = {"en": "we start with what is on your mind", "es": "empezamos con lo que le importa"}
LOW: list[float | None] = [9, 9, 8, 9, 9, 8, 9, 3]


@pytest.fixture
def flag(cast: SimpleNamespace) -> Flag:
    factories.make_course(cast.episode, LOW, cast.now - dt.timedelta(days=10))
    return Flag.objects.get()


def talk(cast: SimpleNamespace, flag: Flag, **values: Any) -> Repair:
    given = {"talked_on": cast.today - dt.timedelta(days=7), "client_text": TEXTS, "wish": "slower"}
    return record_talk(flag=flag, by=cast.alice, now=cast.now, **given | values)


def session_today(cast: SimpleNamespace) -> Session:
    return factories.make_session(cast.episode, cast.now - dt.timedelta(hours=1))


def test_a_talk_is_on_record_and_moves_the_flag(cast, flag):
    repair = talk(cast, flag, agreed="I cut in less.")
    flag.refresh_from_db()
    assert flag.state == Flag.State.TALKED
    event = flag.events.latest("pk")
    assert (event.from_state, event.to_state, event.by) == ("new", "talked", cast.alice)
    assert unseal(cast.episode.client, "agreed", repair.sealed_agreed) == "I cut in less."
    assert b"mind" not in bytes(repair.sealed_client_text or b"")


def test_the_client_is_asked_in_their_language(cast, flag):
    repair = talk(cast, flag)
    for language, text in (("en", TEXTS["en"]), ("es", TEXTS["es"]), ("es-mx", TEXTS["es"])):
        promise = open_promise(session=session_today(cast), language=language)
        assert promise is not None
        assert (promise.repair, promise.text, promise.wish) == (repair.uuid, text, "slower")
        Session.objects.latest("pk").delete()


@pytest.mark.parametrize("texts", [{}, {"es": "x"}, {"en": ""}])
def test_nobody_is_asked_about_what_was_not_released_in_their_language(cast, flag, texts):
    talk(cast, flag, client_text=texts)
    assert open_promise(session=session_today(cast), language="en") is None


@pytest.mark.parametrize(("days_ago", "is_asked"), [(1, True), (0, False)])
def test_only_a_session_after_the_day_of_the_talk_is_asked_about(cast, flag, days_ago, is_asked):
    session = session_today(cast)
    day = cast.here.today(session.starts_at)
    talk(cast, flag, talked_on=day - dt.timedelta(days=days_ago))
    assert (open_promise(session=session, language="en") is not None) is is_asked


def test_of_two_talks_the_last_is_asked_about_and_an_answered_one_hides_no_older(cast, flag):
    talk(cast, flag)
    closed = Flag.objects.get()
    move(closed, Flag.State.BETTER, now=cast.now, reason="better", by=cast.alice)
    rating = closed.first_rating
    later = Flag.objects.create(
        organization=cast.here,
        episode=cast.episode,
        rater="client",
        kind="decline",
        first_rating=rating,
        last_rating=rating,
        evidence={},
        raised_at=cast.now,
    )
    repair = talk(cast, later, talked_on=cast.today - dt.timedelta(days=2), wish="privacy")
    session = session_today(cast)
    promise = open_promise(session=session, language="en")
    assert promise is not None
    assert promise.wish == "privacy"
    repair.client_says, repair.said_in = "yes", rating
    repair.save()
    assert open_promise(session=session, language="en") is None


def test_another_clients_talk_is_not_asked_about(cast, flag):
    talk(cast, flag)
    session = factories.make_session(cast.peers, cast.now)
    assert open_promise(session=session, language="en") is None


def test_recording_again_replaces_what_was_not_answered(cast, flag):
    first = talk(cast, flag)
    again = talk(cast, flag, client_text={"en": "we keep to the plan"}, wish="plan")
    assert (again.pk, Repair.objects.count(), flag.events.count()) == (first.pk, 1, 3)
    promise = open_promise(session=session_today(cast), language="en")
    assert promise is not None
    assert (promise.text, promise.wish) == ("we keep to the plan", "plan")


def test_what_the_client_answered_about_stays_and_the_next_talk_is_asked_about(cast, flag):
    repair = talk(cast, flag)
    repair.client_says, repair.said_in = "no", flag.last_rating
    repair.save()
    assert open_promise(session=session_today(cast), language="en") is None
    again = talk(cast, flag, client_text={"en": "we keep to the plan"})
    assert (again.pk != repair.pk, Repair.objects.count()) == (True, 2)
    repair.refresh_from_db()
    assert repair.client_says == "no"
    promise = open_promise(session=Session.objects.latest("pk"), language="en")
    assert promise is not None
    assert promise.text == "we keep to the plan"


def test_who_sees_the_flag_sees_the_talk(cast, flag):
    repair = talk(cast, flag)
    for person, found in ((cast.alice, [repair]), (cast.sam, [repair]), (cast.bob, [])):
        assert list(Repair.objects.open_to(factories.viewer_of(person, cast.now))) == found
