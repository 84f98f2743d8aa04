"""A tablet marked for handing over: by a cookie that opens nothing and can be taken back."""

from __future__ import annotations

import re

from django.test import Client as Browser
from django.urls import reverse

from sessions.tablets import COOKIE
from tests import factories


def mark(browser: Browser) -> None:
    browser.post("/tablet/", {"mark": "yes"})


def says_it_is_marked(browser: Browser) -> bool:
    return "This is a tablet we hand to clients." in browser.get("/tablet/").content.decode()


def test_marking_lasts_longer_than_any_log_in(cast, log_in):
    browser = log_in(cast.alice)
    assert not says_it_is_marked(browser)
    mark(browser)
    assert says_it_is_marked(browser)
    assert browser.cookies[COOKIE]["max-age"] > 365 * 24 * 60 * 60
    assert browser.cookies[COOKIE]["httponly"]


def test_the_mark_stays_for_the_next_who_logs_in_until_it_is_undone(cast, log_in):
    alice, bob = log_in(cast.alice), log_in(cast.bob)
    mark(alice)
    bob.cookies[COOKIE] = alice.cookies[COOKIE].value
    assert says_it_is_marked(bob)
    bob.post("/tablet/", {"mark": "no"})
    assert not says_it_is_marked(bob)


def test_a_mark_of_another_organization_or_made_up_counts_for_nothing(cast, log_in):
    alice, eve = log_in(cast.alice), log_in(cast.eve)
    mark(eve)
    alice.cookies[COOKIE] = eve.cookies[COOKIE].value
    assert not says_it_is_marked(alice)
    alice.cookies[COOKIE] = str(cast.here.uuid)
    assert not says_it_is_marked(alice)


def test_no_title_on_a_marked_tablet_says_who_a_page_is_about(cast, log_in):
    """A browser's history keeps titles, and the client holds the browser."""
    session = factories.make_session(cast.episode, cast.now, "scheduled")
    client = cast.episode.client
    addresses = [
        reverse("client", args=[client.uuid]),
        reverse("client_edit", args=[client.uuid]),
        reverse("session_schedule", args=[client.uuid]),
        reverse("episode", args=[cast.episode.uuid]),
        reverse("episode_close", args=[cast.episode.uuid]),
        reverse("session_log", args=[session.uuid]),
        reverse("today"),
        reverse("caseload"),
    ]
    browser = log_in(cast.alice)
    before = [title(browser, address) for address in addresses]
    assert sum("T-308" in each for each in before) >= 3
    mark(browser)
    after = [title(browser, address) for address in addresses]
    assert after == ["Alliance"] * 6 + ["Today", "Caseload"]


def title(browser: Browser, address: str) -> str:
    found = re.search(r"<title>(.*?)</title>", browser.get(address).content.decode(), re.DOTALL)
    assert found
    return found[1]


def test_on_a_marked_tablet_nobody_looks_for_a_name_in_an_address(cast, log_in):
    browser = log_in(cast.alice)
    assert 'name="q"' in browser.get("/caseload/").content.decode()
    mark(browser)
    assert 'name="q"' not in browser.get("/caseload/").content.decode()
