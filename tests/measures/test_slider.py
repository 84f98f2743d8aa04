"""The slider with halves: the organization's option, one way per client, kept with each rating."""

from __future__ import annotations

import datetime as dt
import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client as Browser

from measures.models import Rating
from sessions.models import AnswersWith, Client, Episode
from tests import factories
from tests.measures.link_holder import LinkHolder, invite

HALVES = {"respect": "7.5", "understanding": "0.5", "goals": "skip", "input_kind": "slider"}


@pytest.fixture
def holder(cast: SimpleNamespace) -> LinkHolder:
    Client.objects.update(answers_with=AnswersWith.SLIDER)
    holder = invite(cast.episode, cast.now)
    holder.open()
    return holder


def text(response: Any) -> str:
    return str(response.content.decode())


def test_halves_are_stored_with_the_way_they_were_given(holder):
    review = holder.review(**HALVES)
    assert "7.5 of 10" in text(review)
    assert "0.5 of 10" in text(review)
    holder.send(**HALVES)
    rating = Rating.objects.get()
    assert rating.facet_values == (7.5, 0.5, None)
    assert rating.input_kind == Rating.InputKind.SLIDER


def test_without_script_the_buttons_work_and_that_is_what_is_stored(holder):
    page = text(holder.get("questions/"))
    assert page.count('type="radio" name="respect"') == 12
    assert 'name="input_kind" value="buttons"' in page
    holder.send(input_kind="buttons")
    assert Rating.objects.get().input_kind == Rating.InputKind.BUTTONS


def test_nothing_counts_before_the_slider_is_touched(holder):
    page = text(holder.get("questions/"))
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)" disabled>', page)
    assert hidden == [("respect", ""), ("understanding", ""), ("goals", "")]
    ranges = re.findall(r'<input class="rate is-unset" type="range"[^>]*>', page)
    assert len(ranges) == 3
    assert not any("name=" in each for each in ranges)
    assert "You skipped all three." in text(
        holder.post(step="review", respect="", understanding="", goals="", input_kind="slider")
    )


def test_change_brings_the_halves_back(holder):
    page = text(holder.post(**HALVES, step="change"))
    assert '<input type="hidden" name="respect" value="7.5" disabled>' in page
    assert '<input type="hidden" name="goals" value="skip" disabled>' in page


@pytest.mark.parametrize("value", ["7.4", "10.5", "-0.5", "7,5", ".5", "7.50", "5.5.5"])
def test_what_is_no_half_is_refused(holder, value):
    answer = holder.review(**{**HALVES, "respect": value})
    assert answer.status_code == 422
    assert "Choose a number from 0 to 10, or skip this one." in text(answer)


def test_a_half_that_comes_from_buttons_is_refused(holder):
    assert holder.send(**{**HALVES, "input_kind": "buttons"}).status_code == 422
    assert holder.send(**{**HALVES, "input_kind": "paper"}).status_code == 422
    assert not Rating.objects.exists()


def test_the_same_answers_by_buttons_are_a_retry_and_not_a_second_opinion(holder):
    whole = {"respect": "7", "understanding": "6"}
    for kind in ("slider", "buttons"):
        sent = holder.send(**whole, input_kind=kind)
        assert sent.headers["Location"] == holder.path("thanks/")
    assert Rating.objects.get().input_kind == Rating.InputKind.SLIDER


def test_who_answers_with_buttons_gets_no_slider_and_no_script(cast):
    holder = invite(cast.episode, cast.now)
    holder.open()
    page = text(holder.get("questions/"))
    assert "slider" not in page
    assert 'type="range"' not in page


def test_the_administrator_chooses_and_only_who_begins_is_concerned(cast, log_in):
    ada: Browser = log_in(cast.ada)
    given = {
        "name": "Oak Street",
        "sender_name": "Oak Street",
        "phone": "555-0100",
        "time_zone": "America/Chicago",
        "language": "en",
        "request_days": "4",
        **factories.MESSAGE_SETTINGS,
        "answers_with": "slider",
    }
    assert ada.post("/settings/", given).status_code == 302
    assert {each.answers_with for each in Client.objects.all()} == {"buttons"}
    alice: Browser = log_in(cast.alice)
    page = text(alice.get("/episodes/open/"))
    assert re.search(r'value="slider"[^>]*checked', page)
    alice.post("/episodes/open/", {"code": "N-001", "language": "en", "answers_with": "slider"})
    assert Episode.objects.get(client__code="N-001").client.answers_with == "slider"
    cast.alice.organization.refresh_from_db()
    later = factories.make_episode(cast.alice, "N-002", cast.today)
    assert later.client.answers_with == "slider", "also without the form"


def test_a_clients_way_is_changed_on_purpose(cast, log_in):
    client = cast.episode.client
    alice: Browser = log_in(cast.alice)
    path = f"/clients/{client.uuid}/edit/"
    assert re.search(r'value="buttons"[^>]*checked', text(alice.get(path)))
    alice.post(path, {**factories.CLIENT_FORM, "answers_with": "slider"})
    client.refresh_from_db()
    assert client.answers_with == "slider"
    refused = text(alice.post(path, {**factories.CLIENT_FORM, "answers_with": "dice"}))
    assert "Select a valid choice." in refused


def test_a_change_is_marked_on_the_chart_and_in_the_table(cast, log_in):
    first, second = (
        factories.make_session(cast.episode, cast.now - dt.timedelta(days=days)) for days in (9, 0)
    )
    factories.rate(first, 8)
    path = f"/episodes/{cast.episode.uuid}/"
    sam: Browser = log_in(cast.sam)
    factories.say_why(cast.sam, cast.now)
    assert "way of answering" not in text(sam.get(path))
    factories.rate(second, 7.5, input_kind="slider")
    page = text(sam.get(path))
    assert re.search(r"<td>The way of answering changed</td>", page)
    assert re.search(r'<ul class="key".*The way of answering changed</li>', page, re.DOTALL)
    assert "answered another way" in page  # the word on the lane, in the figure
    assert "way of answering" not in text(log_in(cast.alice).get(path)), "blind"


def test_a_decline_changes_no_way(cast, log_in):
    first, second = (
        factories.make_session(cast.episode, cast.now - dt.timedelta(days=days)) for days in (9, 2)
    )
    factories.rate(first, 8, input_kind="slider")
    factories.rate(second, (None, None, None), declined=True, input_kind="buttons")
    factories.say_why(cast.sam, cast.now)
    assert "way of answering" not in text(log_in(cast.sam).get(f"/episodes/{cast.episode.uuid}/"))
