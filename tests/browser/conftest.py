"""Real pages in a real Chromium. Whatever goes wrong on any of them fails the test."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, TypeAlias

import pytest
from django.conf import settings
from django.test import Client as Browser
from playwright.sync_api import BrowserContext, Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from measures.models import Rater
from sessions.models import Membership, Session
from tests.browser.walking import Watch, look_at
from tests.factories import make_course, make_episode, make_session, rate

LookAt: TypeAlias = Callable[[Page, str], None]
NewContext: TypeAlias = Callable[..., BrowserContext]
LogIn: TypeAlias = Callable[..., Page]

SECONDS_TO_END = 10
# Long enough for a machine that runs the suite twice and something else beside it.
MOST_MILLISECONDS = 20_000
DESK: ViewportSize = {"width": 1280, "height": 900}
STEADY: list[float | None] = [9, 9, 8, 9, 9, 8, 9]

expect.set_options(timeout=MOST_MILLISECONDS)


@pytest.fixture(scope="session")
def base_url(live_server: LiveServer) -> str:
    return live_server.url


@pytest.fixture(scope="session")
def last_answers(live_server: LiveServer) -> Iterator[None]:
    """After the browser was closed, and before the server is: its threads come to their end while
    SQLite's one connection, which they share, may still be shared."""
    yield
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join(SECONDS_TO_END)


@pytest.fixture(scope="session")
def browser_type_launch_args(
    last_answers: None, browser_type_launch_args: dict[str, Any]
) -> dict[str, Any]:
    return browser_type_launch_args


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """No motion, so that axe never sees a color on its way to another."""
    return {
        **browser_context_args,
        "reduced_motion": "reduce",
        "locale": "en-US",
        "timezone_id": "America/Chicago",
    }


@pytest.fixture
def watch(live_server: LiveServer) -> Iterator[Watch]:
    watch = Watch(live_server.url)
    yield watch
    watch.check()


@pytest.fixture
def new_context(new_context: NewContext, watch: Watch) -> NewContext:
    """Every context is watched, those behind `page` and `context` included."""

    def _new_context(**options: Any) -> BrowserContext:
        context = new_context(**{"viewport": DESK, **options})
        context.set_default_timeout(MOST_MILLISECONDS)
        watch.over(context)
        return context

    return _new_context


@pytest.fixture(name="look_at")
def look_at_fixture(request: pytest.FixtureRequest, watch: Watch) -> LookAt:
    """Once is enough: a page looks the same whatever database it came from."""
    is_second_run = request.config.getoption("only_database")

    def _look_at(page: Page, name: str) -> None:
        if not is_second_run:
            look_at(page, name, watch)

    return _look_at


@pytest.fixture
def page_of(new_context: NewContext, live_server: LiveServer) -> LogIn:
    """A page of somebody who is logged in already; the log-in form has its own test."""

    def _page_of(membership: Membership, **options: Any) -> Page:
        browser = Browser()
        browser.force_login(membership.user)
        value = browser.cookies[settings.SESSION_COOKIE_NAME].value
        context = new_context(**options)
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": value, "url": live_server.url}
        context.add_cookies([cookie])  # type: ignore[list-item]
        return context.new_page()

    return _page_of


@pytest.fixture
def planned(cast: SimpleNamespace) -> Session:
    """A session of T-308 planned for a moment ago, after seven steady ratings."""
    make_course(cast.episode, STEADY, cast.now)
    return make_session(cast.episode, earlier_today(cast), Session.Status.SCHEDULED)


@pytest.fixture
def held(cast: SimpleNamespace) -> Session:
    """A held session of T-308 that the counselor has rated and the client has not."""
    make_course(cast.episode, STEADY, cast.now)
    session = make_session(cast.episode, earlier_today(cast))
    rate(session, 7, Rater.COUNSELOR, now=cast.now)
    return session


@pytest.fixture
def flagged(held: Session, cast: SimpleNamespace) -> Session:
    rate(held, (3, 2, 3), now=cast.now, note="You talked more than me.", note_for="supervisor")
    return held


@pytest.fixture
def busy(flagged: Session, cast: SimpleNamespace) -> SimpleNamespace:
    """A full day: every state that Today, the caseload and the supervision lists can show."""
    now, alice, today = cast.now, cast.alice, cast.today
    courses: dict[str, list[float | None]] = {
        "A-001": [],
        "A-002": [8],
        "A-003": [10, 10, 10, 10, 10, 10],
        "A-004": [7, 8, 7, 8, 7, 8, 9.5],
        "A-005": [9, 9, 8, 9, 9, 8, 9, 3],
        "A-006": [8, 8, 9, 8, 8, None, None, None],
    }
    episodes = {code: make_episode(alice, code, today, goal="To sleep.") for code in courses}
    for code, scores in courses.items():
        make_course(episodes[code], scores, now)
    at = earlier_today(cast)
    make_session(episodes["A-001"], at, Session.Status.SCHEDULED)
    make_session(episodes["A-002"], at, Session.Status.MISSED)
    make_session(episodes["A-003"], at)
    given = make_session(episodes["A-004"], at)
    rate(given, 8, now=now)
    make_session(episodes["A-006"], now - dt.timedelta(days=3, hours=5))
    return SimpleNamespace(**vars(cast), episodes=episodes, session=flagged)


def earlier_today(cast: SimpleNamespace) -> dt.datetime:
    """Ten minutes ago, unless that was yesterday."""
    moment: dt.datetime = cast.now.replace(second=0, microsecond=0)
    earlier = moment - dt.timedelta(minutes=10)
    return earlier if cast.here.today(earlier) == cast.today else moment
