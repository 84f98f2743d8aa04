"""The number of queries of a page does not grow with its rows: the same page at two sizes."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

import alliance_site.transactions
from measures.capture.calls import ask_for_call
from measures.capture.slips import print_slips
from measures.models import PaperSlip, RatingRequest
from sessions.agreements import stop_contact
from sessions.models import ContactStop, Cover, Episode, Membership, Session
from sessions.sealing import Identity
from tests import factories

pytestmark = pytest.mark.django_db

# A Wednesday, 2 pm in Chicago.
NOW = dt.datetime(2026, 11, 18, 20, tzinfo=dt.UTC)
# Clients, and sessions of each: enough for somebody to talk about at both sizes.
SMALL, LARGE = (3, 7), (12, 10)


@dataclass(frozen=True)
class Visit:
    """What a page asked the database, and how many clients it showed."""

    queries: list[str]
    clients: int


@dataclass(frozen=True)
class Visits:
    """Every page at one size, as it is and with every related row fetched by itself."""

    as_it_is: dict[str, Visit]
    row_by_row: dict[str, Visit]


@pytest.fixture(scope="module")
def sizes(kept_for_the_module: None) -> tuple[Visits, Visits]:
    """The pages with few rows and with many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alliance_site.transactions, "database_now", lambda: NOW)
        people = staff()
        few = visits(people, *SMALL)
        return few, visits(people, *LARGE)


def staff() -> Any:
    """Everybody of the cast; bob is covered by alice and supervised by sam, too."""
    cast = factories.make_cast(NOW)
    factories.supervise(cast.sam, cast.bob, cast.today)
    Cover.objects.create(
        organization=cast.here,
        member=cast.bob,
        stands_in=cast.alice,
        from_on=cast.today,
        to_on=cast.today,
    )
    return cast


def visits(people: Any, clients: int, sessions: int) -> Visits:
    grow(people, clients, sessions)
    factories.say_why(people.sam, NOW)
    as_it_is = visit_all(people)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(QuerySet, "select_related", lambda self, *fields: self)
        return Visits(as_it_is, visit_all(people))


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
        print_slips(sessions=[today], by=episode.counselor, now=NOW)
        reason = ContactStop.Reason.UNDELIVERED
        stop_contact(client=episode.client, channel="sms", reason=reason, now=NOW)
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


def first(name: str, people: Any) -> str:
    episode = Episode.objects.get(client__code="Q-000")
    row = {"client": episode.client, "episode": episode}[name]
    return reverse(name, args=[row.uuid])


def plain(name: str) -> Callable[[Any], str]:
    return lambda people: reverse(name)


def sheet(people: Any) -> str:
    """Of everybody who was here this morning."""
    chosen = PaperSlip.objects.values_list("session__uuid", flat=True)
    return f"{reverse('slips_sheet')}?{urlencode([('session', each) for each in chosen])}"


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
    "agenda": ("sam", lambda people: reverse("agenda", args=[people.alice.uuid])),
    "day": ("finn", plain("day")),
    "messages": ("finn", plain("messages")),
    "slips": ("finn", plain("slips")),
    "slips_sheet": ("finn", sheet),
    "settings": ("ada", plain("settings")),
    "staff": ("ada", plain("staff")),
    "calls": ("dana", plain("calls")),
}


def visit_all(people: Any) -> dict[str, Visit]:
    browsers = {name: logged_in(getattr(people, name)) for name, _ in PAGES.values()}
    return {
        name: visit(browsers[person], address(people)) for name, (person, address) in PAGES.items()
    }


def logged_in(membership: Membership) -> Browser:
    browser = Browser()
    browser.force_login(membership.user)
    return browser


def visit(browser: Browser, address: str) -> Visit:
    with CaptureQueriesContext(connection) as asked:
        response = browser.get(address)
    assert response.status_code == 200, address
    codes = set(re.findall(r">(Q-\d{3})<", response.content.decode()))
    return Visit([query["sql"] for query in asked.captured_queries], len(codes))


def grown(few: dict[str, Visit], many: dict[str, Visit]) -> dict[str, str]:
    """{page: what it asked at both sizes}, of the pages that asked more with more rows."""
    return {
        name: comparison(name, few[name].queries, many[name].queries)
        for name in PAGES
        if len(few[name].queries) != len(many[name].queries)
    }


def comparison(name: str, few: list[str], many: list[str]) -> str:
    lines = [f"{name}: {len(few)} queries for few rows, {len(many)} for many"]
    for title, queries in (("few", few), ("many", many)):
        lines += [f"-- {title}", *(query[:200] for query in queries)]
    return "\n".join(lines)


def test_no_page_asks_more_queries_for_more_rows(sizes: tuple[Visits, Visits]) -> None:
    few, many = sizes
    more = grown(few.as_it_is, many.as_it_is)
    assert not more, "\n\n".join(more.values())


def test_pages_that_fetch_row_by_row_are_found(sizes: tuple[Visits, Visits]) -> None:
    """The control: without select_related, every list asks for each of its rows."""
    few, many = sizes
    lists = {"today", "caseload", "closed episodes", "session_pick", "supervision", "day", "calls"}
    found = set(grown(few.row_by_row, many.row_by_row))
    assert found >= lists | {"episode", "client", "staff", "slips", "slips_sheet"}


def test_the_lists_do_show_more_rows_at_the_larger_size(sizes: tuple[Visits, Visits]) -> None:
    """The other control: counting queries of a page without rows would prove nothing."""
    for size, clients in zip(sizes, (3, 12), strict=True):
        rows = {name: visit.clients for name, visit in size.as_it_is.items()}
        open_ones = clients * 2 // 3
        assert rows["caseload"] == rows["session_pick"] == open_ones
        assert rows["today"] >= open_ones
        assert rows["day"] == clients  # the closed ones were here this morning
        assert rows["calls"] == clients
        assert rows["slips"] == rows["slips_sheet"] == open_ones
        assert rows["closed episodes"] == clients // 3
        assert rows["agenda"] >= clients // 3
