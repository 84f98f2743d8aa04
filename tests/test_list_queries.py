"""The number of queries of a page does not grow with its rows: the same page at two sizes."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

import alliance_site.transactions
from measures.capture.calls import ask_for_call
from measures.models import RatingRequest
from sessions.models import Cover, Episode, Membership, Session
from sessions.sealing import Identity
from tests import factories

# A Wednesday, 2 pm in Chicago.
NOW = dt.datetime(2026, 11, 18, 20, tzinfo=dt.UTC)
SMALL, LARGE = (3, 3), (12, 9)  # clients, and sessions of each


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> dt.datetime:
    monkeypatch.setattr(alliance_site.transactions, "database_now", lambda: NOW)
    return NOW


@pytest.fixture
def people(cast: Any) -> Any:
    """Everybody of the cast; bob is covered by alice and supervised by sam, too."""
    factories.supervise(cast.sam, cast.bob, cast.today)
    Cover.objects.create(
        organization=cast.here,
        member=cast.bob,
        stands_in=cast.alice,
        from_on=cast.today,
        to_on=cast.today,
    )
    return cast


def grow(people: Any, clients: int, sessions: int) -> None:
    """Fill up to that many clients, a third of them closed and a third covered, and the staff."""
    for index in range(clients):
        counselor = people.bob if index % 3 == 2 else people.alice
        episode = client_number(people, counselor, index)
        fill(episode, sessions)
        if index % 3 == 1:
            Episode.objects.filter(pk=episode.pk).update(closed_on=people.today, reason="other")
    for index in range(Membership.objects.count(), 10 + clients):
        factories.make_member(people.here, f"Staff {index}", people.today, front_desk=True)


def client_number(people: Any, counselor: Membership, index: int) -> Episode:
    code = f"Q-{index:03}"
    found = Episode.objects.filter(client__code=code).first()
    identity = Identity(name=f"Somebody {index}")
    return found or factories.make_episode(counselor, code, people.today, identity=identity)


def fill(episode: Episode, sessions: int) -> None:
    """Sessions of every kind; the rated ones with notes, and low at the end."""
    if not episode.sessions.exists():
        today = factories.make_session(episode, NOW - dt.timedelta(hours=3))
        ask_to_call(factories.invite(today, NOW).link.request)
        factories.make_session(episode, NOW - dt.timedelta(days=1, hours=2))
        gone = NOW - dt.timedelta(days=200)
        factories.make_session(episode, gone, Session.Status.MISSED)
    for week in range(episode.sessions.scheduled().count(), sessions):
        coming = NOW + dt.timedelta(days=7 + 7 * week)
        factories.make_session(episode, coming, Session.Status.SCHEDULED)
    rated = episode.sessions.filter(ratings__isnull=False).distinct().count()
    for number in range(rated, sessions):
        held = factories.make_session(episode, NOW - dt.timedelta(days=90 - 7 * number))
        low = number in {sessions - 1, sessions - 2} and sessions > 3
        factories.rate(held, 2 if low else 8, now=NOW, note="Thank you", change_wish="slower")


def ask_to_call(request: RatingRequest) -> None:
    dana = Membership.objects.get(name="Dana")
    ask_for_call(request=request, contact=dana, now=NOW, calls_url="/calls/", phone="555-0111")


def count(browser: Browser, address: str) -> CaptureQueriesContext:
    with CaptureQueriesContext(connection) as queries:
        response = browser.get(address)
    assert response.status_code == 200, address
    return queries


def first(name: str, people: Any) -> str:
    episode = Episode.objects.get(client__code="Q-000")
    row = {"client": episode.client, "episode": episode}[name]
    return reverse(name, args=[row.uuid])


def plain(name: str) -> Callable[[Any], str]:
    return lambda people: reverse(name)


PAGES: dict[str, tuple[str, Callable[[Any], str]]] = {
    "today": ("alice", plain("today")),
    "caseload": ("alice", plain("caseload")),
    "closed episodes": ("alice", lambda people: reverse("caseload") + "?show=closed"),
    "session_pick": ("alice", plain("session_pick")),
    "client": ("alice", lambda people: first("client", people)),
    "client, front desk": ("finn", lambda people: first("client", people)),
    "episode": ("alice", lambda people: first("episode", people)),
    "episode, supervisor": ("sam", lambda people: first("episode", people)),
    "supervision": ("sam", plain("supervision")),
    "day": ("finn", plain("day")),
    "settings": ("ada", plain("settings")),
    "calls": ("dana", plain("calls")),
}


def measured(people: Any, browsers: dict[str, Browser]) -> dict[str, CaptureQueriesContext]:
    return {
        name: count(browsers[person], address(people)) for name, (person, address) in PAGES.items()
    }


def grown(people: Any, log_in: Any) -> dict[str, str]:
    """{page: what it asked at both sizes}, of the pages that asked more with more rows."""
    browsers = {name: log_in(getattr(people, name)) for name, _ in PAGES.values()}
    grow(people, *SMALL)
    few = measured(people, browsers)
    grow(people, *LARGE)
    many = measured(people, browsers)
    return {
        name: comparison(name, few[name], many[name])
        for name in PAGES
        if len(few[name]) != len(many[name])
    }


def comparison(name: str, few: CaptureQueriesContext, many: CaptureQueriesContext) -> str:
    lines = [f"{name}: {len(few)} queries for few rows, {len(many)} for many"]
    for title, queries in (("few", few), ("many", many)):
        lines += [f"-- {title}", *(query["sql"][:200] for query in queries.captured_queries)]
    return "\n".join(lines)


def test_no_page_asks_more_queries_for_more_rows(people: Any, log_in: Any) -> None:
    more = grown(people, log_in)
    assert not more, "\n\n".join(more.values())


def test_pages_that_fetch_row_by_row_are_found(
    people: Any, log_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: without select_related, every list asks for each of its rows."""
    monkeypatch.setattr(QuerySet, "select_related", lambda self, *fields: self)
    lists = {"today", "caseload", "closed episodes", "session_pick", "supervision", "day", "calls"}
    assert set(grown(people, log_in)) >= lists | {"episode", "client", "settings"}


def test_the_lists_do_show_more_rows_at_the_larger_size(people: Any, log_in: Any) -> None:
    """The other control: counting queries of a page without rows would prove nothing."""
    browsers = {name: log_in(getattr(people, name)) for name, _ in PAGES.values()}
    for size, clients in ((SMALL, 3), (LARGE, 12)):
        grow(people, *size)
        rows = {
            name: rows_of(browsers[who], address(people)) for name, (who, address) in PAGES.items()
        }
        open_ones = clients * 2 // 3
        assert rows["caseload"] == rows["session_pick"] == open_ones
        assert rows["today"] >= open_ones
        assert rows["day"] == clients  # the closed ones were here this morning
        assert rows["calls"] == clients
        assert rows["closed episodes"] == clients // 3
        assert rows["supervision"] >= clients // 3


def rows_of(browser: Browser, address: str) -> int:
    return len(set(re.findall(r">(Q-\d{3})<", browser.get(address).content.decode())))
