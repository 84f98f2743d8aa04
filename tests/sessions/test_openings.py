"""A supervisor says why before a case opens, and its counselor reads it."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sessions.models import AccessEntry, CaseOpening, Membership
from sessions.openings import open_case
from tests import factories

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
QUESTION = "Why are you opening this?"


@pytest.fixture
def path(cast):
    return f"/episodes/{cast.episode.uuid}/"


def say(browser, path, **sent):
    return browser.post(f"{path}why/", {"purpose": "preparing", "next": path, **sent})


def test_the_question_comes_first_and_once_a_day(cast, log_in, path):
    sam = log_in(cast.sam)
    asked = sam.get(path + "?by=date")
    text = asked.content.decode()
    assert (asked.status_code, QUESTION in text, "Jo Doe" in text) == (403, True, False)
    assert "Alice will see: “Sam opened this on" in text
    assert f'name="next" value="{path}?by=date"' in text
    entry = AccessEntry.objects.latest("pk")
    assert (entry.status, entry.clients) == (403, [cast.episode.client_id])
    answer = say(sam, path, next=path + "?by=date")
    assert (answer.status_code, answer["Location"]) == (302, path + "?by=date")
    assert QUESTION not in sam.get(path).content.decode()
    say(sam, path, purpose="concern")
    assert CaseOpening.objects.get().purpose == "preparing"
    CaseOpening.objects.update(on=cast.today - DAY)
    assert sam.get(path).status_code == 403


@pytest.mark.parametrize(
    "away", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1", "x", ""]
)
def test_the_way_on_leads_nowhere_else(cast, log_in, path, away):
    assert say(log_in(cast.sam), path, next=away)["Location"] == path


def test_a_purpose_nobody_offers_opens_nothing(cast, log_in, path):
    answer = say(log_in(cast.sam), path, purpose="curious")
    assert answer.status_code == 422
    assert "Choose one of the four." in answer.content.decode()
    assert not CaseOpening.objects.exists()


def test_nobody_else_is_asked(cast, log_in, path):
    factories.cover(cast.alice, cast.sam, cast.today)
    Membership.objects.filter(pk=cast.sam.pk).update(counselor=True)
    for person in (cast.alice, cast.sam):
        assert log_in(person).get(path).status_code == 200
        assert say(log_in(person), path).status_code == 404
    for person in (cast.bob, cast.rita, cast.eve, cast.finn, cast.ada):
        assert log_in(person).get(path).status_code == 404
        assert say(log_in(person), path).status_code == 404
    assert not CaseOpening.objects.exists()


def test_it_costs_one_query(cast, log_in, path, monkeypatch):
    factories.say_why(cast.sam, cast.now)
    sam = log_in(cast.sam)
    with CaptureQueriesContext(connection) as asking:
        assert sam.get(path).status_code == 200
    monkeypatch.setattr("sessions.access._ask_why", lambda *args: None)
    with CaptureQueriesContext(connection) as open_door:
        sam.get(path)
    assert len(asking) == len(open_door) + 1


def test_the_counselor_reads_who_and_why_newest_first(cast, log_in, path):
    purposes = ["concern", "asked", "covering", "preparing", "preparing"]
    for days, purpose in enumerate(purposes):
        now = cast.now - days * DAY
        open_case(episode=cast.episode, by=cast.sam, purpose=purpose, now=now)
    text = log_in(cast.alice).get(path).content.decode()
    places = [text.index(words) for words in ("of a concern.", "counselor asked.", ", covering.")]
    assert places == sorted(places)
    assert places[-1] < text.index("Opened before")
    assert text.count("Sam opened this on") == 5
