"""A tablet that was handed over, in the hands of somebody who wants to see more.

Playwright switches Chromium's back-forward cache off; here it is on, and a page without our
protection is first shown to come back from it. That cache leaves out most pages marked no-store,
but not all, and other browsers' keep them: so the escape is tried a second time with that mark
taken off, as if the browser kept whatever it likes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client as Browser
from playwright.sync_api import BrowserContext, BrowserType, Page, expect
from pytest_django.live_server_helper import LiveServer

from measures.models import HandOver, Rater, Rating
from sessions.models import Session
from sessions.pins import set_pin
from tests.browser.conftest import LookAt
from tests.browser.walking import PHONE, Watch, answer

pytestmark = pytest.mark.django_db(transaction=True)

PIN = "4071"
TABLET: dict[str, Any] = {
    **PHONE,
    "viewport": {"width": 820, "height": 1180},
    "device_scale_factor": 1,
}
OURS = ("T-308", "Jo Doe", "trend-chart", "Your own rating", "Alice, Oak Street")
NO_RELOAD = (
    "Object.defineProperty(PageTransitionEvent.prototype, 'persisted', { get: () => false });"
)
COUNT_TAPS = """
sessionStorage.taps ??= 0;
addEventListener("pointerdown", () => { sessionStorage.taps++; }, true);
"""
OWN_RATING = 4
CLIENTS = ("You talked more than me.", "Listen more")

NewTablet = Callable[..., Page]


@pytest.fixture
def new_tablet(
    *,
    browser_type: BrowserType,
    browser_type_launch_args: dict[str, Any],
    browser_context_args: dict[str, Any],
    live_server: LiveServer,
    cast: SimpleNamespace,
    watch: Watch,
) -> Iterator[NewTablet]:
    """A tablet whose browser keeps pages for Back, with alice logged in on it."""
    browser = browser_type.launch(
        **browser_type_launch_args, ignore_default_args=["--disable-back-forward-cache"]
    )

    def _new_tablet(script: str = "") -> Page:
        context = browser.new_context(**{**browser_context_args, **TABLET})
        context.set_default_timeout(10_000)
        watch.over(context)
        if script:
            context.add_init_script(script)
        log_in(context, cast, live_server)
        return context.new_page()

    yield _new_tablet
    browser.close()


def log_in(context: BrowserContext, cast: SimpleNamespace, live_server: LiveServer) -> None:
    set_pin(cast.alice, PIN)
    browser = Browser()
    browser.force_login(cast.alice.user)
    value = browser.cookies[settings.SESSION_COOKIE_NAME].value
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": value, "url": live_server.url}
    context.add_cookies([cookie])  # type: ignore[list-item]


@pytest.fixture
def keeps_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if this browser kept pages marked no-store, too: the mark does not reach it."""

    def without_mark(headers: Any, key: str, value: Any) -> None:
        if key.lower() != "cache-control":
            real(headers, key, value)

    headers_class = type(HttpResponse().headers)
    real = headers_class.__setitem__
    monkeypatch.setattr(headers_class, "__setitem__", without_mark)


def go(page: Page, steps: int) -> None:
    """Back or Forward. A page the browser kept whole tells no load, so the end is looked for."""
    page.evaluate(f"setTimeout(() => history.go({steps}))")
    page.wait_for_timeout(700)
    expect(page.locator("body")).to_be_attached()
    page.wait_for_function("document.readyState === 'complete'")


def test_the_control_page_comes_back_whole(new_tablet: NewTablet) -> None:
    page = new_tablet()
    page.context.clear_cookies()
    page.goto("/account/login/")
    page.evaluate("window.kept = 'kept'")
    page.goto("/health/live")
    go(page, -1)
    assert page.url.endswith("/account/login/")
    assert page.evaluate("window.kept") == "kept"


def test_a_staff_page_that_comes_back_is_asked_for_anew(
    new_tablet: NewTablet, keeps_everything: None, planned: Session
) -> None:
    page = new_tablet()
    for script, kept in ((NO_RELOAD, "kept"), ("", None)):
        page = new_tablet(script)
        page.goto("/today/")
        expect(page.get_by_text("T-308").locator("visible=true").first).to_be_visible()
        page.evaluate("window.kept = 'kept'")
        page.goto("/health/live")
        page.context.clear_cookies()
        go(page, -1)
        if kept:  # the control: without our script the page of somebody logged out is back
            assert page.evaluate("window.kept") == "kept"
            assert "T-308" in page.content()
        else:
            expect(page.get_by_role("heading", name="Log in")).to_be_visible()
            assert "T-308" not in page.content()


@pytest.fixture(params=["as it is", "keeps everything"])
def kept(request: pytest.FixtureRequest) -> str:
    if request.param == "keeps everything":
        request.getfixturevalue("keeps_everything")
    return str(request.param)


def test_a_handed_over_tablet_shows_nothing_of_the_counselors(
    *,
    kept: str,
    new_tablet: NewTablet,
    watch: Watch,
    look_at: LookAt,
    planned: Session,
    cast: SimpleNamespace,
) -> None:
    page = new_tablet()
    first_look = kept == "as it is"
    mark_it(page, look_at if first_look else None)
    walk_around(page, cast)
    start = rate_and_hand_over(page, planned, look_at if first_look else None)

    titles = {entry["title"] for entry in history_of(page)}
    assert not [title for title in titles if "T-308" in title or "Jo" in title]
    assert {"Today", "Alliance", "Three questions"} <= titles  # the search does see titles

    # Every way back, one after the other, from the client's first page.
    depth = len(history_of(page))
    for _ in range(depth - 2):
        go(page, -1)
        check_nothing(page, OURS)
    for _ in range(3):
        go(page, 1)
        check_nothing(page, OURS)
    page.reload()
    check_nothing(page, OURS)
    for path in ("/today/", "/caseload/", f"/sessions/{planned.uuid}/", "/tablet/", "/"):
        page.goto(path)
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        check_nothing(page, OURS)

    # The client answers, and so does nobody after them.
    closed = [start.removeprefix(watch.origin) + each for each in ("", "questions/")]
    for path in closed:
        watch.expect_status(path, 404)
    page.goto(start)
    answer_on_it(page, look_at if first_look else None)
    for steps in (-1, -1, -1, 1, 1):
        go(page, steps)
        check_nothing(page, OURS + CLIENTS)
        expect(page.locator("input:checked")).to_have_count(0)

    take_it_back(page, watch, look_at if first_look else None)
    for path in closed:
        page.goto(path)
        expect(page.get_by_role("heading")).to_have_text("This page is closed.")
        check_nothing(page, CLIENTS)
    assert Rating.objects.filter(session=planned, rater=Rater.CLIENT).count() == 1


def mark_it(page: Page, look_at: LookAt | None) -> None:
    page.goto("/tablet/")
    if look_at:
        look_at(page, "this tablet, not marked")
    page.get_by_role("button", name="This is a tablet we hand to clients").tap()
    expect(page.get_by_role("status")).to_have_text("This tablet can now be handed to clients.")
    if look_at:
        look_at(page, "this tablet, marked")


def walk_around(page: Page, cast: SimpleNamespace) -> None:
    for path in ("/caseload/", f"/clients/{cast.episode.client.uuid}/"):
        page.goto(path)
        expect(page.get_by_text("T-308").locator("visible=true").first).to_be_visible()
    page.goto("/today/")
    expect(page.get_by_text("Jo Doe").first).to_be_visible()


def rate_and_hand_over(page: Page, session: Session, look_at: LookAt | None) -> str:
    """The own rating, which takes a tap to open it and three to give it; and two taps beside it."""
    page.evaluate(COUNT_TAPS)
    page.context.add_init_script(COUNT_TAPS)
    page.get_by_role("link", name="Rate, then hand over").tap()
    answer(page, "7", "8", "6")
    assert taps(page) == OWN_RATING
    page.get_by_role("button", name="Rate, then hand over").tap()
    expect(page.get_by_role("heading", name="Hand the tablet to T-308")).to_be_visible()
    if look_at:
        look_at(page, "hand over")
    page.get_by_role("button", name="Hand it over").tap()
    expect(page.get_by_text("This is about today,")).to_be_visible()
    assert taps(page) == OWN_RATING + 2
    check_nothing(page, OURS)
    if look_at:
        look_at(page, "start, handed over")
    return page.url


def taps(page: Page) -> int:
    return int(page.evaluate("sessionStorage.taps"))


def answer_on_it(page: Page, look_at: LookAt | None) -> None:
    page.get_by_role("link", name="Start").tap()
    answer(page, "3", "2", "3")
    page.get_by_label("Anything else?").fill("You talked more than me.")
    page.get_by_role("button", name="Check my answers").tap()
    page.get_by_role("button", name="Send my answers").tap()
    expect(page.get_by_text("Please hand the tablet back.")).to_be_visible()
    if look_at:
        look_at(page, "thanks, handed over")


def take_it_back(page: Page, watch: Watch, look_at: LookAt | None) -> None:
    watch.expect_status("/handed/", 422)
    page.goto("/handed/")
    page.get_by_label("Staff: your PIN").fill("4072")
    page.get_by_role("button", name="Take it back").tap()
    expect(page.get_by_role("alert")).to_have_text("This is not the PIN.")
    if look_at:
        look_at(page, "take it back, wrong PIN")
    assert HandOver.objects.get().wrong_pins == 1
    page.get_by_label("Staff: your PIN").fill(PIN)
    page.get_by_role("button", name="Take it back").tap()
    expect(page.get_by_role("heading", name="T-308")).to_be_visible()
    expect(page.locator("td.num")).to_have_text(["3", "7", "2", "8", "3", "6"])
    expect(page.get_by_text("You talked more than me.")).to_be_visible()
    if look_at:
        look_at(page, "both ratings")


def history_of(page: Page) -> list[dict[str, Any]]:
    """What the browser's own history of this tab says."""
    session = page.context.new_cdp_session(page)
    entries: list[dict[str, Any]] = session.send("Page.getNavigationHistory")["entries"]
    session.detach()
    return entries


def check_nothing(page: Page, words: tuple[str, ...]) -> None:
    shown = page.title() + page.content()
    assert not [word for word in words if word in shown], page.url
