"""The client's page: "Today and next" begins at midnight, where the organization is."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.urls import reverse

import alliance_site.transactions
from tests import factories

NOW = dt.datetime(2026, 11, 18, 14, 45, tzinfo=factories.ZONE)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> dt.datetime:
    monkeypatch.setattr(alliance_site.transactions, "database_now", lambda: NOW)
    return NOW


@pytest.mark.parametrize(
    ("hour", "minute", "is_listed"), [(0, 0, True), (0, 30, True), (14, 0, True), (-1, 59, False)]
)
def test_every_session_of_today_is_on_the_clients_page(
    cast: Any, log_in: Any, hour: int, minute: int, is_listed: bool
) -> None:
    midnight = NOW.replace(hour=0, minute=0)
    starts_at = midnight + dt.timedelta(hours=hour, minutes=minute)
    session = factories.make_session(cast.episode, starts_at)
    address = reverse("client", args=[cast.episode.client.uuid])
    response = log_in(cast.alice).get(address)
    assert (session in response.context["sessions"]) is is_listed
