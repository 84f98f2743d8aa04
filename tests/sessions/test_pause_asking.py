""" "Do not ask me for a while": until a day, never shortened by accident."""

from __future__ import annotations

import datetime as dt

import pytest

from sessions.models import Client
from sessions.services import pause_asking

DAY = dt.date(2026, 12, 16)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, DAY),
        (DAY - dt.timedelta(days=1), DAY),
        (DAY + dt.timedelta(days=1), DAY + dt.timedelta(days=1)),
    ],
)
def test_nobody_asks_before_the_later_day(cast, before, after):
    client = cast.episode.client
    Client.objects.filter(pk=client.pk).update(not_asked_before=before)
    pause_asking(client=client, until=DAY)
    client.refresh_from_db()
    assert client.not_asked_before == after
    assert not Client.objects.exclude(pk=client.pk).filter(not_asked_before__isnull=False)
