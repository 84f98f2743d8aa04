"""The caseload at the size of a clinic: pages, filters, search, and what it weighs."""

from __future__ import annotations

import datetime as dt
import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from measures.builtin import current_version
from measures.insight import caseload as caseload_module
from measures.models import FACETS, Flag, Rater, Rating
from sessions.contacts import record_contact
from sessions.finding import sealed
from sessions.models import Session
from sessions.pausing import pause_episode
from sessions.sealing import Identity
from sessions.services import close_episode
from tests import factories

CLIENTS, SESSIONS = 300, 12
MOST_BYTES = 250_000


@pytest.fixture
def alice(cast: SimpleNamespace) -> Browser:
    browser = Browser()
    browser.force_login(cast.alice.user)
    return browser


def page_of(browser: Browser, q: str = "", **asked: str) -> str:
    query = {"find": sealed(q), **asked} if q else asked
    return browser.get(reverse("caseload"), query).content.decode()


def codes(page: str) -> list[str]:
    table = page[page.index("<tbody") :] if "<tbody" in page else ""
    return re.findall(r'class="code"[^>]*>([^<]+)<', table)


def many(cast: SimpleNamespace) -> None:
    """300 clients with twelve rated sessions each, stored in bulk; a third missed the last one."""
    version = current_version()
    for number in range(CLIENTS):
        name = Identity(name=f"Somebody {number}")
        episode = factories.make_episode(cast.alice, f"Q-{number:03}", cast.today, identity=name)
        sessions = [
            Session(
                organization=cast.here,
                episode=episode,
                starts_at=cast.now - dt.timedelta(days=7 * week + 1, minutes=number),
                status="missed" if week == 0 and number % 3 == 0 else "held",
            )
            for week in range(SESSIONS)
        ]
        Session.objects.bulk_create(sessions)
        Rating.objects.bulk_create(
            Rating(
                organization=cast.here,
                session=session,
                rater=rater,
                instrument_id=version.instrument_id,
                instrument_version=version,
                way_in="link",
                given_at=session.starts_at,
                stored_at=session.starts_at,
                outcome="complete",
                **dict.fromkeys(FACETS, float(4 + (number + at) % 6)),
            )
            for at, session in enumerate(sessions)
            for rater in Rater.values
            if session.status == "held"
        )


def test_three_hundred_clients_make_light_pages_of_few_queries(cast, alice):
    many(cast)
    for route in ("caseload", "today", "session_pick"):
        with CaptureQueriesContext(connection) as asked:
            response = alice.get(reverse(route))
        assert len(response.content) < MOST_BYTES, (route, len(response.content))
        assert len(asked) < 40, (route, len(asked))
    page = page_of(alice)
    assert "301 active clients." in page
    assert "Page 1 of 6" in page
    seen = [code for number in range(1, 7) for code in codes(page_of(alice, page=str(number)))]
    assert len(seen) == len(set(seen)) == CLIENTS + 1


def test_a_page_that_is_not_there_is_the_nearest_one(cast, alice):
    assert codes(page_of(alice, page="99")) == ["T-308"]
    assert codes(page_of(alice, page="x")) == ["T-308"]


def test_filters_are_links_that_show_whom_they_say(cast, alice):
    low = factories.make_episode(cast.alice, "L-1", cast.today)
    factories.make_course(low, [8, 8, 8, 8, 8, 2, 2], cast.now)
    away = factories.make_episode(cast.alice, "P-1", cast.today)
    pause_episode(episode=away, reason="detox", from_on=cast.today, expected_on=None, now=cast.now)
    done = factories.make_episode(cast.alice, "C-9", cast.today)
    close_episode(episode=done, reason="completed", now=cast.now)
    called = factories.make_episode(cast.alice, "M-1", cast.today)
    factories.make_session(called, cast.now - dt.timedelta(days=2), Session.Status.MISSED)
    record_contact(episode=called, did="reached", by=cast.alice, now=cast.now)
    assert codes(page_of(alice)) == ["L-1", "M-1", "T-308"]
    shown = {
        show: codes(page_of(alice, show=show))
        for show in ("talk", "lower", "paused", "closed", "new", "called", "nonsense")
    }
    assert shown == {
        "talk": ["L-1"],
        "lower": ["L-1"],
        "paused": ["P-1"],
        "closed": ["C-9"],
        "new": ["M-1", "T-308"],
        "called": ["M-1"],
        "nonsense": ["L-1", "M-1", "T-308"],
    }
    page = page_of(alice, show="talk", q="l-1")
    assert f'href="?show=lower&amp;find={sealed("l-1")}"' in page
    assert 'aria-current="true">Not yet talked about' in page


def test_own_clients_and_those_one_stands_in_for(cast, alice):
    assert "My own" not in page_of(alice)
    factories.cover(cast.bob, cast.alice, cast.today)
    assert codes(page_of(alice)) == ["B-001", "T-308"]
    assert codes(page_of(alice, whose="mine")) == ["T-308"]
    assert codes(page_of(alice, whose="cover")) == ["B-001"]


def test_search_keeps_the_filter_and_finds_names(cast, alice):
    page = page_of(alice, q="jo d", show="new")
    assert codes(page) == ["T-308"]
    assert '<input type="hidden" name="show" value="new">' in page
    assert "No client with that code or name." in page_of(alice, q="nobody")


def test_no_address_holds_what_somebody_looked_for(alice):
    answer = alice.post(reverse("find"), {"q": "Jo Doe", "show": "new"}, follow=True)
    [(address, status)] = answer.redirect_chain
    assert status == 302
    assert address.startswith(f"{reverse('caseload')}?show=new&find=")
    assert "Jo" not in address.removesuffix(sealed("Jo Doe"))
    page = answer.content.decode()
    assert "q=" not in page
    assert 'value="Jo Doe"' in page
    for broken in ("Jo", "é", "A" * 400, sealed("Jo Doe")[:-3]):
        assert codes(alice.get(reverse("caseload"), {"find": broken}).content.decode())


def test_a_search_leads_to_a_list_that_can_be_searched_and_nowhere_else(alice):
    elsewhere = {"q": "", "list": "//evil.example", "next": "/account/", "go": ""}
    assert alice.post(reverse("find"), elsewhere).url == reverse("caseload")


def test_a_search_from_today_opens_whom_it_means(cast, alice):
    factories.make_episode(cast.alice, "T-30", cast.today)
    away = factories.make_episode(cast.alice, "A-900", cast.today)
    pause_episode(episode=away, reason="detox", from_on=cast.today, expected_on=None, now=cast.now)
    for typed, opened in (("t-308", cast.episode), ("jo d", cast.episode), ("a-900", away)):
        answer = alice.post(reverse("find"), {"q": typed, "go": "1"}, follow=True)
        assert answer.redirect_chain[-1][0] == reverse("episode", args=[opened.uuid])
    assert alice.get(reverse("caseload"), {"find": sealed("T-30"), "go": "1"}).status_code == 302
    assert codes(page_of(alice, q="T-3", go="1")) == ["T-30", "T-308"]
    assert "No client with that code or name." in page_of(alice, q="B-001", go="1")
    assert codes(page_of(alice, q="", go="1"))
    assert codes(page_of(alice, q="T-308")) == ["T-308"]


def test_with_very_many_clients_names_stay_sealed(cast, alice, monkeypatch):
    monkeypatch.setattr(caseload_module, "MOST_NAMES", 0)
    page = page_of(alice)
    assert codes(page) == ["T-308"]
    assert "Jo Doe" not in page
    assert "No client with that code." in page_of(alice, q="jo")


def test_a_hidden_answer_moves_nobody_between_filters(cast, alice):
    factories.make_course(cast.episode, [8, 8, 8, 8, 8, 8], cast.now - dt.timedelta(days=7))
    last = factories.make_session(cast.episode, cast.now - dt.timedelta(hours=1))

    def everything() -> list[Any]:
        return [
            codes(page_of(alice, show=show))
            for show in ("", *caseload_module.SHOW, *caseload_module.SAYS)
        ]

    before = everything()
    factories.rate(last, 0, now=cast.now)
    assert everything() == before


def test_the_table_keeps_its_roles_where_it_is_folded(alice):
    page = page_of(alice)
    for role in ("table", "rowgroup", "row", "columnheader", "rowheader", "cell"):
        assert f'role="{role}"' in page


def test_who_waits_longer_for_a_conversation_comes_first(cast, alice):
    """Whatever the codes are, and in the list of those who wait as in the whole one."""
    for code, weeks in (("Z-1", 3), ("A-1", 0), ("M-1", 1)):
        episode = factories.make_episode(cast.alice, code, cast.today)
        factories.make_course(episode, [8, 8, 8, 8, 8, 2, 2], cast.now)
        flag = episode.flags.get()
        Flag.objects.filter(pk=flag.pk).update(raised_at=cast.now - dt.timedelta(weeks=weeks))
    page = page_of(alice)
    waiting = re.findall(r'class="code"[^>]*>([^<]+)<', page[: page.index("<tbody")])
    assert waiting == ["Z-1", "M-1", "A-1"]
    assert codes(page)[:3] == waiting
