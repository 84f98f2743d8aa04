"""The front desk: "ready" and "finished" and no more, and messages that do not arrive."""

from __future__ import annotations

import datetime as dt
import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client as Browser

from measures.capture import sms
from measures.capture.asking import ask_about
from measures.capture.codes import make_code
from measures.capture.gateways import all_gateways
from measures.capture.outbox import send_due
from measures.capture.stopping import not_for_them
from measures.models import Message, RatingRequest
from sessions.agreements import agree, stop_contact
from sessions.models import ContactStop, Session
from tests import factories

NOW = dt.datetime(2026, 11, 18, 20, tzinfo=dt.UTC)  # a Wednesday, 2 pm in Chicago
HOUR = dt.timedelta(hours=1)
REASONS = ContactStop.Reason

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_two(monkeypatch: pytest.MonkeyPatch) -> None:
    sms.outbox.clear()
    monkeypatch.setattr("alliance_site.transactions.database_now", lambda: NOW)


@pytest.fixture
def people() -> SimpleNamespace:
    return factories.make_cast(NOW)


@pytest.fixture
def finn(people: SimpleNamespace, log_in: Any) -> Browser:
    browser: Browser = log_in(people.finn)
    return browser


@pytest.fixture
def alice(people: SimpleNamespace, log_in: Any) -> Browser:
    browser: Browser = log_in(people.alice)
    return browser


def held(people: SimpleNamespace) -> Session:
    """A held session of today, asked about by text message."""
    factories.may_be_asked(people.episode.client, NOW - HOUR, "sms")
    session = factories.make_session(people.episode, NOW - HOUR)
    assert ask_about(session=session, now=NOW)
    return session


def text(browser: Browser, path: str, **sent: str) -> str:
    answer = browser.post(path, sent, follow=True) if sent else browser.get(path)
    assert answer.status_code == 200
    return str(answer.content.decode())


def chips(page: str) -> list[str]:
    return [
        re.sub(r"<[^>]+>", "", found).strip()
        for found in re.findall(r'<span class="chip">(.*?)</span>', page, re.DOTALL)
    ]


def run() -> None:
    send_due(gateways=all_gateways(), clock=lambda: NOW, batch=9, stop=lambda: False)


# ---- the day list ----


def test_who_is_asked_is_ready(people, finn):
    held(people)
    assert chips(text(finn, "/day/")) == ["Ready"]


@pytest.mark.parametrize("answer", [{}, {"declined": True}], ids=["answered", "declined"])
def test_who_is_done_is_finished_and_a_decline_looks_the_same(people, finn, answer):
    session = held(people)
    given = (None, None, None) if answer else 8
    factories.rate(session, given, now=NOW, **answer)
    page = text(finn, "/day/")
    assert chips(page) == ["Finished"]
    assert "declin" not in page.lower()


def test_what_may_follow_does_not_tell_a_decline_from_an_answer(people, finn):
    """A link, a message, and the code on a screen that is still open."""
    told = []
    for number, declined in enumerate([False, True], start=1):
        session = factories.make_session(people.episode, NOW - number * HOUR)
        made = factories.invite(session, NOW, "qr")
        letters = make_code(link=made.link, now=NOW).letters
        keep = {"letters": letters}
        assert finn.post(f"/sessions/{session.uuid}/link/keep/", keep).json()["open"] is True
        given = (None, None, None) if declined else 8
        factories.rate(session, given, now=NOW, declined=declined)
        kept = finn.post(f"/sessions/{session.uuid}/link/keep/", keep).json()
        pages = [text(finn, f"/sessions/{session.uuid}/{end}/", go="1") for end in ("link", "send")]
        told.append(
            (kept, ["An answer for this session is already here." in each for each in pages])
        )
    assert told == [({"open": False, "until": ""}, [True, True])] * 2


def test_a_request_that_ran_out_is_neither(people, finn):
    held(people)
    RatingRequest.objects.update(created_at=NOW - 4 * HOUR, expires_at=NOW)
    assert chips(text(finn, "/day/")) == []


def test_who_was_not_asked_has_no_state(people, finn):
    factories.make_session(people.episode, NOW - HOUR)
    assert chips(text(finn, "/day/")) == []


def test_whose_messages_stopped_is_marked(people, finn):
    held(people)
    assert "/messages/" not in text(finn, "/day/")
    stop(people)
    page = text(finn, "/day/")
    assert chips(page) == ["Ready", "No messages"]
    assert "1 client gets no messages" in page


def test_messages_nobody_sends_are_noticed_in_the_day(people, finn, monkeypatch):
    """As where no cron job was set up."""
    held(people)
    assert "should be gone by now" not in text(finn, "/day/")
    later = NOW + dt.timedelta(minutes=61)
    monkeypatch.setattr("alliance_site.transactions.database_now", lambda: later)
    assert "1 message should be gone by now." in text(finn, "/day/")
    run()
    assert "should be gone by now" not in text(finn, "/day/")


# ---- messages that do not go out ----


def stop(people: SimpleNamespace, reason: str = REASONS.UNDELIVERED) -> ContactStop:
    client = people.episode.client
    stop_contact(client=client, channel="sms", reason=reason, now=NOW)
    return ContactStop.objects.running().get(client=client)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (REASONS.UNDELIVERED, "Text message: a message did not arrive."),
        (REASONS.NOT_ME, "Text message: somebody else reads there."),
        (REASONS.STOPPED, "Text message: they asked us to stop."),
    ],
)
def test_the_list_says_whose_and_why_without_content(people, finn, reason, words):
    stop(people, reason)
    page = text(finn, "/messages/")
    for said in ("T-308", "Jo Doe", words, "Since Wednesday, November 18."):
        assert said in page
    assert "+1312" not in page
    assert "questions are ready" not in page


def test_an_empty_list_says_so(people, finn):
    assert "Everybody who wants messages gets them." in text(finn, "/messages/")


def test_counselors_see_their_own(people, log_in, alice):
    stop(people)
    assert "T-308" in text(alice, "/messages/")
    assert "T-308" not in text(log_in(people.bob), "/messages/")
    assert "did not arrive" in text(alice, f"/clients/{people.episode.client.uuid}/")


def test_starting_again_sends_what_is_open_and_did_not_arrive(people, finn):
    held(people)
    run()
    message = Message.objects.get(kind="invitation")
    row = stop(people)
    Message.objects.filter(pk=message.pk).update(status=Message.Status.UNDELIVERED)
    page = text(finn, f"/messages/{row.uuid}/again/", go="1")
    assert "Messages go there again." in page
    assert "T-308" not in page
    run()
    assert len(sms.outbox) == 2
    kinds = Message.objects.order_by("pk").values_list("kind", "status")
    assert list(kinds) == [
        ("invitation", "undelivered"),
        ("reminder", "skipped"),
        ("invitation", "sent"),
        ("reminder", "waiting"),
    ]


def test_what_did_arrive_is_not_sent_twice(people, finn):
    held(people)
    run()
    text(finn, f"/messages/{stop(people).uuid}/again/", go="1")
    run()
    assert len(sms.outbox) == 1


def test_what_was_answered_is_not_sent_again(people, finn):
    session = held(people)
    Message.objects.update(status=Message.Status.UNDELIVERED, done_at=NOW)
    factories.rate(session, 8, now=NOW)
    text(finn, f"/messages/{stop(people).uuid}/again/", go="1")
    run()
    assert sms.outbox == []


def test_what_the_client_stopped_only_the_client_starts(people, finn):
    row = stop(people, REASONS.STOPPED)
    page = text(finn, "/messages/")
    assert f"/messages/{row.uuid}/again/" not in page
    assert "They asked us to stop. Only they can say otherwise." in text(
        finn, f"/messages/{row.uuid}/again/", go="1"
    )
    assert ContactStop.objects.running().exists()
    agree(
        client=people.episode.client, purpose="contact", text_version="1", how="x", now=NOW + HOUR
    )
    assert not ContactStop.objects.running().exists()


# ---- asked by a message, by hand ----


def send(browser: Browser, session: Session) -> str:
    path = f"/sessions/{session.uuid}/send/"
    answer = browser.post(path, follow=True)
    return " / ".join(map(str, answer.context["messages"]))


def test_a_session_can_be_asked_about_by_hand(people, alice):
    """Even where the client is asked by hand only, or was asked some days ago."""
    client = factories.may_be_asked(people.episode.client, NOW - HOUR, "sms")
    client.cadence = "off"
    client.save()
    session = factories.make_session(people.episode, NOW - 2 * HOUR)
    factories.rate(session, 7, "counselor", now=NOW)
    assert send(alice, session) == "The client gets a text message today, from 2:00 PM."
    run()
    assert len(sms.outbox) == 1
    assert send(alice, session) == "A message about this session went out already."


def test_without_consent_to_messages_none_is_sent_by_hand_either(people, alice):
    session = factories.make_session(people.episode, NOW - 2 * HOUR)
    assert "No message can be sent to this client." in send(alice, session)
    assert not Message.objects.exists()


def test_who_told_us_it_is_somebody_elses_gets_none(people, alice):
    held(people)
    run()
    link = Message.objects.get(kind="invitation").link
    assert link is not None
    not_for_them(link=link, now=NOW)
    session = RatingRequest.objects.get().session
    assert "No message can be sent to this client." in send(alice, session)


def test_a_blind_answer_is_given_away_by_no_message(people, alice):
    session = held(people)
    factories.rate(session, (None, None, None), declined=True, now=NOW)
    assert send(alice, session) == "An answer for this session is already here."


# ---- what the counselor reads on the client's page ----


def asking_line(alice: Browser, people: SimpleNamespace) -> str:
    page = text(alice, f"/episodes/{people.episode.uuid}/")
    found = re.search(r"The questions are about the session of [^<]*", page)
    return found[0].partition(". ")[2] if found else ""


def held_and_rated(people: SimpleNamespace) -> Session:
    session = held(people)
    factories.rate(session, 7, "counselor", now=NOW)
    return session


def test_the_counselor_reads_how_far_it_is(people, alice):
    held_and_rated(people)
    assert asking_line(alice, people) == "The client gets a text message today, from 2:00 PM."
    run()
    sent = "Asked by text message on Wednesday, November 18, open until Sunday, November 22."
    assert asking_line(alice, people) == sent
    Message.objects.filter(kind="invitation").update(status=Message.Status.UNDELIVERED)
    assert asking_line(alice, people) == "The message about it did not arrive."


def test_what_nobody_sent_is_not_spoken_of(people, alice):
    session = factories.make_session(people.episode, NOW - HOUR)
    factories.rate(session, 7, "counselor", now=NOW)
    assert asking_line(alice, people) == ""
    assert "Send a text message" not in text(alice, f"/episodes/{people.episode.uuid}/")


def test_a_button_sends_it_where_none_went_out(people, alice):
    factories.may_be_asked(people.episode.client, NOW - HOUR, "sms")
    session = factories.make_session(people.episode, NOW - HOUR)
    factories.rate(session, 7, "counselor", now=NOW)
    page = text(alice, f"/episodes/{people.episode.uuid}/")
    assert f"/sessions/{session.uuid}/send/" in page
    send(alice, session)
    assert f"/sessions/{session.uuid}/send/" not in text(alice, f"/episodes/{people.episode.uuid}/")


def test_today_says_that_messages_do_not_arrive(people, alice, log_in):
    assert "/messages/" not in text(alice, "/today/")
    stop(people)
    assert "1 client gets no messages" in text(alice, "/today/")
    assert "/messages/" not in text(log_in(people.bob), "/today/")
