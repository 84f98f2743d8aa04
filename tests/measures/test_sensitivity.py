"""What a sensitivity would bring is shown before it is saved, on own ratings or on made-up ones."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from django.urls import reverse

from measures.insight import trial
from measures.insight.sentences import honesty
from measures.insight.trial import ENOUGH_EPISODES, Setting, try_out
from measures.trend import CLIENT, Sensitivity, assess_many
from sessions.models import Organization
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def own(cast: Any) -> Iterator[Any]:
    """As many closed episodes as it takes; every other one falls."""
    steady, fallen = [8.0] * 12, [8.0] * 8 + [2.0, 2.0, 8.0, 8.0]
    factories.make_closed(cast.bob, [steady, fallen] * (ENOUGH_EPISODES // 2), cast.now)
    return cast


def test_with_few_ratings_it_is_made_up_and_says_so(cast, log_in):
    found = try_out(cast.here)
    assert found.ratings is None
    flags = [each.flags for each in found.settings]
    assert flags == sorted(flags)
    assert all(0 < each.chance < each.flags for each in found.settings)
    assert [each.right for each in found.settings] == sorted(
        (each.right for each in found.settings), reverse=True
    )
    page = log_in(cast.ada).get(reverse("sensitivity")).content.decode()
    assert "Made-up clients" in page
    assert "Your own ratings" not in page


def test_with_enough_it_is_on_own_ratings_and_says_how_many(own, log_in):
    found = try_out(own.here)
    assert (found.episodes, found.ratings) == (ENOUGH_EPISODES, ENOUGH_EPISODES * 12)
    standard = found.settings[1]
    # Half of the episodes fall once: at least one run among 24 ratings.
    assert standard.flags >= 25 / 24
    assert standard.chance <= standard.flags
    page = log_in(own.ada).get(reverse("sensitivity")).content.decode()
    assert "Your own ratings" in page
    assert f"{ENOUGH_EPISODES * 12} ratings of the {ENOUGH_EPISODES} latest episodes" in page
    assert "Z-0" not in page


def test_how_many_are_chance_is_what_stands_on_every_flag(cast, log_in):
    """A page that said one in ten beside flags that say four would be wrong in one of the two."""
    standard = try_out(cast.here).settings[1]
    real = round(10 * standard.right)
    assert f"About {real} in 10 flags like this are a real change" in honesty(cast.here)
    page = log_in(cast.ada).get(reverse("sensitivity")).content.decode()
    assert f"About {10 - real} in 10 are chance." in page


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (0, "No flag in these ratings."),
        (0.25, "About one flag in 4 weeks. About 4 in 10 are chance."),
        (0.9, "About 1 flag a week. About 4 in 10 are chance."),
        (2.6, "About 3 flags a week. About 4 in 10 are chance."),
    ],
)
def test_what_a_setting_brings_is_said_in_words(flags, words):
    assert Setting("standard", flags, 0.578).in_words == words


def test_another_organizations_ratings_count_for_nothing(own):
    assert try_out(own.elsewhere).ratings is None


def test_runs_are_counted_and_not_ratings(own):
    """Two flagged ratings one after the other are one conversation."""
    tables = trial.own_tables(own.here)
    a_week = trial._a_week(tables, CLIENT, Sensitivity.STANDARD)
    assessed = assess_many(tables, parameters=CLIENT)
    flagged = int(np.sum(assessed.flag != 0))
    assert 0 < a_week * trial._rated(tables) / trial.WEEKLY_CLIENTS < flagged


def test_it_is_bounded(cast, monkeypatch):
    monkeypatch.setattr(trial, "EPISODES", 7)
    factories.make_closed(cast.bob, [[8.0] * 70] * 9, cast.now)
    assert trial.own_tables(cast.here).shape[:2] == (7, trial.LONGEST)
    begun = time.monotonic()
    try_out(cast.here)
    assert time.monotonic() - begun < 20


def test_a_setting_is_saved_and_an_unknown_one_is_not(cast, log_in):
    ada = log_in(cast.ada)
    path = reverse("sensitivity")
    assert ada.post(path, {"sensitivity": "max"}).status_code == 422
    assert Organization.objects.get(pk=cast.here.pk).sensitivity == "standard"
    answer = ada.post(path, {"sensitivity": "low"}, follow=True)
    assert "from the next rating on" in answer.content.decode()
    assert Organization.objects.get(pk=cast.here.pk).sensitivity == "low"
