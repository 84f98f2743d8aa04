"""What the client reads about who reads them."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import translation

from measures.capture import who_sees
from measures.capture.who_sees import who_sees_answers
from sessions.policy import Actor
from tests.factories import make_member, supervise

pytestmark = pytest.mark.django_db


def text(cast) -> str:
    who = who_sees_answers(cast.episode, cast.today)
    return " ".join([who.first_line, *who.more, who.crisis.text])


def test_the_counselor_and_the_supervisor_of_today_are_named(cast):
    assert text(cast).startswith("Alice and Sam can see your answers.")
    assert "Sam helps Alice do good work." in text(cast)


def test_past_supervisors_are_not_named(cast):
    assert "Rita" not in text(cast)


def test_two_supervisors_are_named_in_good_grammar(cast):
    ruth = make_member(cast.here, "Ruth", cast.today, supervisor=True)
    supervise(ruth, cast.alice, cast.today)
    assert "Alice, Ruth and Sam can see your answers." in text(cast)
    assert "Ruth and Sam see your answers, and your note only if you say so." in text(cast)


@pytest.mark.parametrize("change", [{"supervisor": False, "administrator": True}, {"ended_on": 1}])
def test_whoever_no_longer_supervises_is_not_named(cast, change):
    if "ended_on" in change:
        change = {"ended_on": cast.today - dt.timedelta(days=1)}
    for name, value in change.items():
        setattr(cast.sam, name, value)
    cast.sam.save()
    assert text(cast).startswith("Alice can see your answers.")
    assert "Sam" not in text(cast)


def test_the_front_desk_sentence_stands_only_while_the_policy_makes_it_true(cast, monkeypatch):
    assert "The front desk cannot see them." in text(cast)
    everybody = frozenset(Actor)
    monkeypatch.setattr(who_sees, "who_sees", lambda data: everybody)
    assert "The front desk" not in text(cast)


def test_the_crisis_text_of_the_organization_comes_last(cast):
    cast.here.crisis_text = "In danger, call 911."
    cast.here.save()
    cast.episode.organization.refresh_from_db()
    assert text(cast).endswith("In danger, call 911.")


@pytest.mark.parametrize(
    ("texts", "language", "said"),
    [
        ({"en": "Call 911.", "es": "Llame al 911."}, "es", ("Llame al 911.", "es")),
        ({"en": "Call 911.", "es": "Llame al 911."}, "ar", ("Call 911.", "en")),
        ({"es": "Llame al 911."}, "en", ("Llame al 911.", "es")),
        ({}, "ar", ("", "ar")),
    ],
)
def test_whom_to_call_is_said_in_the_language_of_the_page_where_somebody_wrote_it(
    cast, texts, language, said
):
    here = cast.episode.organization
    here.crisis_text, here.crisis_text_es = texts.get("en", ""), texts.get("es", "")
    with translation.override(language):
        crisis = who_sees_answers(cast.episode, cast.today).crisis
    assert (crisis.text, crisis.language) == said
