"""Every page of the staff that there is, from all sides: axe, widths, 400 %, dark, forced colors.

The pages are those of the policy table, and who opens each is known from the hand-written table of
tests/test_access.py, so that a new page is walked without being named here.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

import alliance_site.transactions
from alliance_site.policy import POLICY
from sessions.policy import Actor
from tests.browser.conftest import LogIn, NewContext
from tests.browser.walking import Watch, look_from_all_sides
from tests.test_access import NOW, TABLES, World, address_of, build

# A page looks the same whatever database it came from.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sqlite_only]

# Whoever comes first opens a page: the one who sees most on it.
LOOKERS = ("alice", "sam", "ada", "finn", "dana", "anon")
# The supervisor's own ways of seeing a case.
SAMS = {"episode", "flag", "note", "report", "session_answers", "about", "account", "waiting"}
NOT_PAGES = {
    "health_live": "a word for the proxy",
    "health_ready": "a word for the proxy",
    "report_file": "a PDF; test_report.py reads it",
}
ELSEWHERE = {
    "kiosk_pair": "by a link that works once; test_kiosk_offline.py",
    "home": "it leads to the first page of one's own",
    "own_agenda": "it leads to the agenda",
    "account_change_password": "test_pages.py",
    "group_codes": "it is what a form answers; test_groups.py",
    "episode_earlier": "after a transfer only; its one question is that of episode_transfer",
    "hand_over": "on a marked tablet only; test_handed_over.py",
    "slips_sheet": "it prints what was chosen; test_slips.py",
}
OF_CLIENTS = {Actor.LINK_HOLDER, Actor.KIOSK}


def pages() -> Iterator[tuple[str, str, str]]:
    """Who opens which page about whom; every page of the staff at least once."""
    for route in sorted(POLICY.routes() - set(NOT_PAGES)):
        actors = POLICY.actors_for(route)
        can_be_read = any("GET" in row.methods for row in POLICY.rows if row.route == route)
        if actors <= OF_CLIENTS or not can_be_read:
            continue
        cells = [
            (whose, answers) for (name, whose), answers in TABLES["GET"].items() if name == route
        ]
        opened = [
            (who, whose) for who in LOOKERS for whose, answers in cells if answers[who] == 200
        ]
        if not opened:
            assert route in ELSEWHERE, f"Nobody opens {route!r}: say where it is looked at."
            continue
        yield route, *opened[0]
        yield from ((route, *each) for each in opened if each[0] == "sam" and route in SAMS)


def test_every_page_of_the_staff_is_fit_to_look_at(
    page_of: LogIn,
    new_context: NewContext,
    watch: Watch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    walk = list(pages())
    monkeypatch.setattr(alliance_site.transactions, "database_now", lambda: NOW)
    world = build()
    opened: dict[str, Page] = {}
    for route, who, whose in walk:
        if who not in opened:
            opened[who] = open_for(world, who, page_of, new_context)
        page = opened[who]
        address = address_of(world, route, whose)
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, (who, address, answer.status)
        look_from_all_sides(page, f"{route}, {who}", watch)


def open_for(world: World, who: str, page_of: LogIn, new_context: NewContext) -> Page:
    return new_context().new_page() if who == "anon" else page_of(getattr(world.cast, who))
