"""The supervisor's page over twenty counselors, a thousand clients and twenty thousand sessions."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from measures.builtin import current_version
from measures.insight.agenda import agenda_of
from measures.models import Assessment, Flag, Rating
from sessions.models import Client, Episode, Session
from tests import factories

NOW = dt.datetime(2026, 11, 18, 20, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
COUNSELORS, CLIENTS, SESSIONS = 20, 1000, 20
MOST_QUERIES, MOST_BYTES = 12, 250_000

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def crowd(kept_for_the_module: None) -> SimpleNamespace:
    """Every tenth client has a flag, every seventh did not come last week."""
    people = factories.make_cast(NOW)
    like = people.episode.client
    counselors = [people.alice]
    for number in range(COUNSELORS - 1):
        member = factories.make_member(people.here, f"Many{number}", people.today, counselor=True)
        factories.supervise(people.sam, member, people.today)
        counselors.append(member)
    clients = Client.objects.bulk_create(
        Client(
            organization=people.here,
            code=f"S-{number}",
            wrapped_key=like.wrapped_key,
            key_id=like.key_id,
        )
        for number in range(CLIENTS)
    )
    episodes = Episode.objects.bulk_create(
        Episode(
            organization=people.here,
            client=client,
            counselor=counselors[number % COUNSELORS],
            opened_on=people.today - 200 * DAY,
        )
        for number, client in enumerate(clients)
    )
    sessions = Session.objects.bulk_create(
        Session(
            organization=people.here,
            episode=episode,
            starts_at=NOW - (7 * week + 6) * DAY,
            status="missed" if week == 0 and number % 7 == 0 else "held",
        )
        for number, episode in enumerate(episodes)
        for week in range(SESSIONS)
    )
    version = current_version()
    ratings = Rating.objects.bulk_create(
        Rating(
            organization=people.here,
            session=session,
            rater="client",
            instrument_id=version.instrument_id,
            instrument_version=version,
            way_in="link",
            outcome="complete",
            respect=8,
            understanding=8,
            goals=8,
            given_at=session.starts_at,
            stored_at=session.starts_at,
            payload_hash="",
        )
        for session in sessions
        if session.status == "held"
    )
    Flag.objects.bulk_create(
        Flag(
            organization=people.here,
            episode_id=rating.session.episode_id,
            rater="client",
            kind=Assessment.Kind.DECLINE,
            first_rating=rating,
            last_rating=rating,
            evidence={"score": 5, "expected": 8, "low": 7, "high": 9},
            raised_at=NOW - 3 * DAY,
        )
        for rating in ratings[:: SESSIONS * 10]
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as a database that is in use does by itself
    return people


@pytest.fixture
def visit(crowd: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("alliance_site.transactions.database_now", lambda: NOW)

    def asked(address: str) -> tuple[int, int]:
        browser = Browser()
        browser.force_login(crowd.sam.user)
        with CaptureQueriesContext(connection) as queries:
            page = browser.get(address)
        assert page.status_code == 200
        statements = [each["sql"] for each in queries if "SAVEPOINT" not in each["sql"]]
        # PostgreSQL is told whose rows are read: no query of the page's.
        reads = [
            each
            for each in statements
            if each.startswith(("SELECT", "INSERT", "UPDATE")) and "set_config" not in each
        ]
        return len(reads), len(page.content)

    return asked


def test_the_page_over_everybody_asks_little_and_stays_light(visit):
    queries, size = visit(reverse("supervision"))
    assert queries <= MOST_QUERIES
    assert size <= MOST_BYTES


def test_one_counselors_agenda_stays_light(visit, crowd):
    queries, size = visit(reverse("agenda", args=[crowd.alice.uuid]))
    assert queries <= 30
    assert size <= MOST_BYTES


def test_all_cases_of_an_agenda_come_a_page_at_a_time(crowd, monkeypatch):
    monkeypatch.setattr("measures.insight.agenda.CASES_PER_PAGE", 20)
    viewer = factories.viewer_of(crowd.sam, NOW)
    pages = [agenda_of(viewer, crowd.alice, page).cases for page in ("1", "2", "9", "x")]
    assert [len(page) for page in pages[:2]] == [20, 20]
    assert {row.code for row in pages[0]}.isdisjoint(row.code for row in pages[1])
    assert (pages[2].number, pages[3].number) == (pages[2].paginator.num_pages, 1)
