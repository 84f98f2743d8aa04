"""What holds at every address, asked of each by somebody it is for.

Who gets in where is the matter of test_access.py, whose world this is.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session as WebSession
from django.core.cache import cache
from django.test import Client as Browser

from alliance_site import transactions
from alliance_site.logs import TOKEN, JsonFormatter
from alliance_site.policy import POLICY
from alliance_site.transactions import BEFORE_READING
from sessions.models import AccessEntry, FairUse
from sessions.policy import VISITORS
from tests.factories import undone, viewer_of
from tests.test_access import (
    TABLES,
    World,
    address_of,
    built_once,
    cookies_of,
    give_cookies,
    payload,
    snapshot,
    world,
)

__all__ = ["built_once", "world"]  # fixtures

pytestmark = pytest.mark.django_db

PEOPLE = ("alice", "sam", "ada", "finn", "dana", "link", "anon")


def welcome(method: str) -> Iterator[tuple[str, str, str]]:
    """(route, person, whose): every address, once for each of these people whom it answers."""
    seen = set()
    for (route, whose), cells in TABLES[method].items():
        for person in PEOPLE:
            if cells[person] in {200, 302} and (route, person) not in seen:
                seen.add((route, person))
                yield route, person, whose


def once(rows: Iterator[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    """Of each address the first person."""
    seen: set[str] = set()
    for route, person, whose in rows:
        if route not in seen:
            seen.add(route)
            yield route, person, whose


def asked(world: World, person: str, method: str, address: str, **sent: Any) -> Any:
    """The answer to one request, which leaves nothing behind."""
    browser = world.browsers[person]
    cookies = cookies_of(browser)
    cache.clear()
    with undone():
        answer = browser.generic(method, address, **sent)
    give_cookies(browser, cookies)
    return answer


# ---- the fair-use statement comes first ----


def test_no_address_leads_around_the_statement_and_none_tells_what_is_behind(world: World) -> None:
    """But the visitors' own, and those that say nothing about anybody."""
    FairUse.objects.create(
        organization=world.cast.here,
        signed_by="Dr. Lee",
        signed_on=world.cast.today,
        entered_by=world.cast.ada,
        entered_at=world.cast.now,
    )
    for_staff = [row.route for row in POLICY.rows if "GET" in row.methods]
    for_staff = [each for each in for_staff if not VISITORS & POLICY.actors_for(each)]
    seen = 0
    for person in ("alice", "sam", "ada", "finn", "dana"):
        viewer = viewer_of(getattr(world.cast, person), world.cast.now)
        for route in sorted({*for_staff} - BEFORE_READING):
            address = address_of(world, route, "alice")
            is_theirs = "GET" in POLICY.methods_for(route, viewer)
            answer = world.browsers[person].get(address)
            text = answer.content.decode()
            assert answer.status_code == (403 if is_theirs else 404), (person, address)
            assert ("I have read it" in text) is is_theirs
            assert "kn-" not in text.replace(address, "")
            assert AccessEntry.objects.latest("pk").clients == []
            seen += is_theirs
    assert seen > 40


# ---- what every page is sent with, and what it leaves in the log ----


@dataclass(frozen=True)
class Visit:
    """One page somebody asked for: how it was sent, and the lines it left in the log."""

    route: str
    person: str
    headers: Mapping[str, str]
    lines: list[str]

    def __str__(self) -> str:
        return f"{self.route} for {self.person}"


@contextmanager
def log_lines() -> Iterator[list[str]]:
    """What is written to the log, as it is written."""
    formatter = JsonFormatter()
    written: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(formatter.format(record))

    handler = Keep()
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)


@pytest.fixture(scope="module")
def visits(built_once: World) -> list[Visit]:
    """Every page, asked for once by everybody it is for."""
    visits = []
    for route, person, whose in welcome("GET"):
        with log_lines() as lines:
            answer = asked(built_once, person, "GET", address_of(built_once, route, whose))
        visits.append(Visit(route, person, answer.headers, lines))
    return visits


def test_nothing_is_kept_by_a_browser_and_no_other_site_is_told(visits: list[Visit]) -> None:
    kept = [str(each) for each in visits if "no-store" not in each.headers["Cache-Control"]]
    assert kept == []
    quiet = {"same-origin", "no-referrer"}
    assert [str(each) for each in visits if each.headers["Referrer-Policy"] not in quiet] == []


def test_no_page_writes_what_it_shows_into_the_log(visits: list[Visit]) -> None:
    """Not by itself: a library may be more talkative than we are."""
    assert [(str(each), each.lines[0]) for each in visits if each.lines] == []


def test_an_error_on_any_page_writes_nobody_into_the_log(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> None:
        raise ValueError("kn-name-alice")

    monkeypatch.setattr(transactions, "_log", fail)
    with log_lines() as lines:
        for route, person, whose in once(welcome("GET")):
            asked(world, person, "GET", f"{address_of(world, route, whose)}?q=kn-name-alice")
    assert len([line for line in lines if "Internal Server Error" in line]) > 60
    secrets = {
        things[key] for things in world.things.values() for key in {"token", "stop"} & {*things}
    }
    assert [line for line in lines if "kn-" in line or any(each in line for each in secrets)] == []


@pytest.mark.parametrize(
    "path",
    ["/rate/{}", "/stop/{}", "/kiosk/pair/{}", "/account/reset/2-{}-y/", "/account/reset/b-{}/"],
)
def test_no_token_of_a_path_is_written_into_the_log(path: str) -> None:
    record = logging.LogRecord(
        "x", logging.ERROR, "", 0, "Failed: %s", (path.format("tok3n"),), None
    )
    assert "tok3n" not in JsonFormatter().format(record)


def test_where_no_token_is_the_path_stays_whole() -> None:
    for path in ("/account/reset/", "/account/reset/sent/", "/account/reset/done/", "/rate/r/1-2/"):
        assert TOKEN.sub("", path) == path


# ---- forms ----


def test_no_form_is_taken_from_another_site(world: World) -> None:
    """Without the token, and with one of somebody else's."""
    taken = []
    before = snapshot()
    for route, person, whose in welcome("POST"):
        browser = Browser(enforce_csrf_checks=True)
        give_cookies(browser, cookies_of(world.browsers[person]))
        address, fields = address_of(world, route, whose), payload(world, route, whose)
        for sent in (fields, {**fields, "csrfmiddlewaretoken": "a" * 64}):
            cache.clear()
            if browser.post(address, sent).status_code != 403:
                taken.append(f"{person} POST {route}")
    assert taken == []
    assert snapshot() == before


@pytest.mark.parametrize("method", ["PUT", "OPTIONS"])
def test_no_address_answers_to_other_methods(world: World, method: str) -> None:
    before = snapshot()
    for route, person, whose in once(welcome("GET")):
        address = address_of(world, route, whose)
        answer = asked(world, person, method, address, data="sure=yes&what=stop")
        assert answer.status_code in {404, 405, 302}, (person, address)
        if answer.status_code == 302:
            assert answer.headers["Location"].startswith("/account/login/"), (person, address)
    assert snapshot() == before


# ---- numbers and days that no page gives out ----


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-02-30", "x"])
def test_a_day_nobody_means_is_today(world: World, day: str) -> None:
    for person in ("alice", "finn"):
        assert asked(world, person, "GET", f"/slips/?day={day}").status_code == 200


@pytest.mark.parametrize("version", ["9" * 5000, "9" * 30, "-1", "x", ""])
def test_a_version_nobody_has_cancels_nothing(world: World, version: str) -> None:
    browser, address = world.browsers["alice"], address_of(world, "session_cancel", "alice")
    before = snapshot()
    with undone():
        answer = browser.post(address, {"version": version}, follow=True)
        assert snapshot() == before
    assert "logged, moved or cancelled meanwhile" in answer.content.decode()


# What is made anew each time, and shown once: links, codes, the way to pair a tablet. And a paper
# that is signed once more is to be read once more.
MADE_ANEW = {"rating_link", "group_codes", "devices", "fair_use_sign"}


def rows() -> dict[str, int]:
    counted = [each for each in apps.get_models() if each not in {AccessEntry, WebSession}]
    return {model.__name__: model._default_manager.count() for model in counted}


def test_a_form_sent_twice_is_stored_once(world: World) -> None:
    """A double tap, or a browser that asks again: no row more, and no error."""
    doubled, stored = [], set()
    for route, person, whose in welcome("POST"):
        if route in MADE_ANEW:
            continue
        browser, fields = world.browsers[person], payload(world, route, whose)
        cookies = cookies_of(browser)
        cache.clear()
        with undone():
            address, before = address_of(world, route, whose), rows()
            browser.post(address, fields)
            once_sent = rows()
            give_cookies(browser, cookies)
            again = browser.post(address, fields)
            twice_sent = rows()
        give_cookies(browser, cookies)
        stored |= {route} if once_sent != before else set()
        if again.status_code >= 500 or twice_sent != once_sent:
            doubled.append(f"{person} POST {route} ({again.status_code})")
    assert not doubled, "; ".join(doubled)
    assert len(stored) > 15
