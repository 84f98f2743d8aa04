""" "Did that happen?": asked once, kept with the rating and on the talk it is about."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from types import SimpleNamespace
from typing import Any

import pytest

from measures.capture.forms import ASKED_FOR, WISHES
from measures.models import Flag, Rating, Repair
from measures.repair.talks import record_talk
from tests import factories
from tests.measures.link_holder import LinkHolder, invite

LOW: list[float | None] = [9, 9, 8, 9, 9, 8, 9, 3]
TEXTS = {"en": "we start with what is on your mind", "es": "empezamos con lo que le importa"}
ASKS = "Did that happen?"


@pytest.fixture
def repair(cast: SimpleNamespace) -> Repair:
    """Of a talk a week ago about a flag of before."""
    factories.make_course(cast.episode, LOW, cast.now - dt.timedelta(days=10))
    return promise(cast)


def promise(cast: SimpleNamespace, **values: Any) -> Repair:
    given = {"talked_on": cast.today - dt.timedelta(days=7), "client_text": TEXTS, "wish": "slower"}
    flag = Flag.objects.get(rater="client")
    return record_talk(flag=flag, by=cast.alice, now=cast.now, **given | values)


@pytest.fixture
def holder(cast: SimpleNamespace, repair: Repair) -> LinkHolder:
    holder = invite(cast.episode, cast.now)
    holder.open()
    return holder


def text(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", "", response.content.decode()))


def test_the_client_reads_what_they_asked_for_and_what_was_said(holder):
    page = text(holder.get("questions/"))
    assert f"You asked us to go slower. Alice said: {TEXTS['en']} {ASKS}" in page
    for label in ("Yes", "A little", "No", "Skip"):
        assert label in page


def test_in_the_language_of_the_visit_only(holder, cast):
    assert TEXTS["es"] in text(holder.get("questions/?language=es"))
    arabic = text(holder.get("questions/?language=ar"))
    assert TEXTS["en"] not in arabic
    assert 'name="happened"' not in holder.get("questions/").content.decode()


def test_every_wish_but_one_has_words_for_next_time():
    assert ASKED_FOR.keys() == dict(WISHES).keys() - {"fine"}
    assert str(ASKED_FOR["privacy"]) == "You asked for more privacy."


def test_a_talk_without_a_wish_begins_with_what_was_said(cast, holder):
    promise(cast, wish="")
    page = text(holder.get("questions/"))
    assert f"Alice said: {TEXTS['en']} {ASKS}" in page
    assert "You asked" not in page


@pytest.mark.parametrize("says", ["yes", "little", "no", "skipped"])
def test_the_answer_is_kept_with_the_rating_and_on_the_talk(holder, repair, says):
    given = {"promise": str(repair.uuid), "happened": says}
    review = text(holder.review(**given))
    shown = {"yes": "Yes", "little": "A little", "no": "No", "skipped": "skipped"}[says]
    assert f"{ASKS}{shown} Change" in review
    holder.send(**given)
    rating = Rating.objects.get(request=holder.request)
    assert rating.answers["happened"] == says
    assert rating.answers["promise"] == str(repair.uuid)
    repair.refresh_from_db()
    assert (repair.client_says, repair.said_in) == (says, rating)


def test_once_answered_it_is_not_asked_again(cast, holder, repair):
    holder.send(promise=str(repair.uuid), happened="no")
    later = invite(cast.episode, cast.now + dt.timedelta(minutes=5))
    later.open()
    assert ASKS not in text(later.get("questions/"))


def test_who_taps_nothing_is_asked_again(cast, holder, repair):
    holder.send(promise=str(repair.uuid))
    repair.refresh_from_db()
    assert (repair.client_says, repair.said_in) == ("", None)
    assert "promise" not in Rating.objects.get(request=holder.request).answers
    later = invite(cast.episode, cast.now + dt.timedelta(minutes=5))
    later.open()
    assert ASKS in text(later.get("questions/"))


def test_sending_again_is_a_receipt_although_it_is_asked_no_more(holder, repair):
    for _ in range(2):
        sent = holder.send(promise=str(repair.uuid), happened="yes")
        assert sent.headers["Location"] == holder.path("thanks/")
    assert Rating.objects.filter(request=holder.request).count() == 1


def test_it_alone_is_an_answer(holder, repair):
    nothing = {"respect": "skip", "understanding": "", "goals": "skip"}
    review = holder.review(**nothing, promise=str(repair.uuid), happened="no")
    assert "You skipped all three." not in text(review)


def test_nobody_answers_about_somebody_elses_talk(cast, holder, repair):
    course = factories.make_course(cast.peers, LOW, cast.now - dt.timedelta(days=10))
    flag = Flag.objects.get(episode=course[0].episode, rater="client")
    other = record_talk(
        flag=flag, by=cast.bob, now=cast.now, talked_on=cast.today, client_text=TEXTS
    )
    holder.send(promise=str(other.uuid), happened="no")
    other.refresh_from_db()
    assert (other.client_says, other.said_in) == ("", None)


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"happened": "maybe"}, 422),
        ({"happened": "yes", "promise": "'; DROP TABLE"}, 422),
        ({"happened": "yes"}, 302),
        ({"happened": "yes", "promise": str(uuid.uuid4())}, 302),
    ],
)
def test_what_is_no_answer_changes_no_talk(holder, repair, given, status):
    assert holder.send(**given).status_code == status
    repair.refresh_from_db()
    assert repair.client_says == ""


def test_change_keeps_it(holder, repair):
    page = holder.post(promise=str(repair.uuid), happened="little", step="change")
    assert re.search(r'id="happened-little" value="little" checked', page.content.decode())


def test_markup_in_a_promise_is_shown_as_it_was_typed(cast, holder):
    promise(cast, client_text={"en": "<script>alert(1)</script>"})
    page = holder.get("questions/").content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


def test_the_counselor_reads_what_the_client_said_of_it_once_the_rating_is_open(
    cast, holder, repair, log_in
):
    holder.send(promise=str(repair.uuid), happened="no")
    alice = log_in(cast.alice)
    path = f"/episodes/{cast.episode.uuid}/"
    said = "T-308 says: what was promised did not happen"
    factories.say_why(cast.sam, cast.now)
    assert said not in text(alice.get(path)), "blind until the own rating"
    assert said in text(log_in(cast.sam).get(path))
    factories.rate(holder.session, 7, "counselor", now=cast.now)
    page = text(alice.get(path))
    assert said in page
    assert TEXTS["en"] in page


def test_a_skip_stands_in_no_story(cast, holder, repair, log_in):
    holder.send(promise=str(repair.uuid), happened="skipped")
    factories.say_why(cast.sam, cast.now)
    assert "what was promised" not in text(log_in(cast.sam).get(f"/episodes/{cast.episode.uuid}/"))
