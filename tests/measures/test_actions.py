"""What is agreed in a meeting: sealed, once, and kept."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from measures.models import Action
from measures.repair.actions import agree_on_action, end_action, text_of
from sessions.models import CaseOpening
from sessions.openings import open_case
from tests import factories

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def agreed(cast, **values):
    defaults = {
        "counselor": cast.alice,
        "text": "Ask what helped",
        "owner": cast.alice,
        "due_on": cast.today,
        "by": cast.sam,
        "now": cast.now,
    }
    return agree_on_action(**defaults | values)


def test_an_action_about_a_client_is_sealed(cast):
    action = agreed(cast, episode=cast.episode)
    assert (action.text, text_of(action)) == ("", "Ask what helped")
    assert b"Ask" not in bytes(action.sealed_text or b"")
    assert text_of(agreed(cast)) == "Ask what helped"
    with pytest.raises(IntegrityError), transaction.atomic():
        Action.objects.filter(pk=action.pk).update(text="Ask what helped")


def test_an_action_ends_once(cast):
    action = agreed(cast)
    assert end_action(action=action, outcome="done", now=cast.now)
    assert not end_action(action=action, outcome="dropped", now=cast.now)
    assert Action.objects.get().outcome == "done"
    with pytest.raises(IntegrityError), transaction.atomic():
        Action.objects.update(outcome="")


def test_who_sees_an_action(cast):
    agreed(cast, episode=cast.episode)
    agreed(cast)
    agreed(cast, counselor=cast.bob, owner=cast.bob)
    seen = {
        name: Action.objects.clinical_to(factories.viewer_of(getattr(cast, name), cast.now)).count()
        for name in ("alice", "sam", "bob", "rita", "ada", "finn", "eve")
    }
    assert seen == {"alice": 2, "sam": 2, "bob": 1, "rita": 0, "ada": 0, "finn": 0, "eve": 0}


def test_the_first_purpose_of_a_day_stands(cast):
    open_case(episode=cast.episode, by=cast.sam, purpose="concern", now=cast.now)
    open_case(episode=cast.episode, by=cast.sam, purpose="preparing", now=cast.now)
    open_case(episode=cast.episode, by=cast.sam, purpose="asked", now=cast.now + DAY)
    kept = CaseOpening.objects.order_by("pk").values_list("purpose", flat=True)
    assert list(kept) == ["concern", "asked"]
