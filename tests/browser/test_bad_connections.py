"""Tunnels, closed tabs, crashes, impatient fingers: what was entered is saved once, or still there.

The network is cut by the browser itself, or a request or its answer dropped on the way.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, BrowserType, Page, Route, expect

from measures.capture.asking import withdraw_request
from measures.capture.services import MadeLink
from measures.models import RatingLink, RatingRequest
from tests import factories
from tests.browser.conftest import LookAt, NewContext
from tests.browser.walking import PHONE, Watch, answer, choose, question

pytestmark = pytest.mark.django_db(transaction=True)

GIVEN = (3.0, 2.0, 4.0)
NOTE = "You talked more than me."
KEPT = "What you entered before is here again."
NOT_SAVED = (
    "Not saved yet. Your answers are still on this screen. We keep trying. "
    "Please do not close this page."
)
# Whatever a page might leave behind on a device.
LEFT_BEHIND = """async () => ({
  local: Object.keys(localStorage),
  session: Object.keys(sessionStorage),
  databases: (await indexedDB.databases()).map((each) => each.name),
  caches: await caches.keys(),
  cookies: document.cookie,
  history: history.state,
})"""
NOTHING: dict[str, Any] = {
    "local": [], "session": [], "databases": [], "caches": [], "cookies": "", "history": None,
}  # fmt: skip
TELL_OF_WRITING = """
const write = Storage.prototype.setItem;
Storage.prototype.setItem = function (...values) {
  console.error(`written: ${values}`);
  write.apply(this, values);
};"""


@pytest.fixture
def link(cast: SimpleNamespace) -> MadeLink:
    return new_link(cast)


@pytest.fixture
def context(new_context: NewContext, watch: Watch) -> BrowserContext:
    watch.connection_may_fail = True
    return new_context(**PHONE)


def new_link(
    cast: SimpleNamespace, channel: str = RatingLink.Channel.LINK, *, of: str = "episode"
) -> MadeLink:
    session = factories.make_session(getattr(cast, of), cast.now - dt.timedelta(hours=1))
    return factories.invite(session, cast.now, channel)


def path_of(link: MadeLink, page: str = "questions/") -> str:
    return f"/rate/r/{link.link.request.uuid}/{page}"


def stored(link: MadeLink) -> list[tuple[float | None, ...]]:
    """Every row there is for the request of a link."""
    return [each.facet_values for each in link.link.request.ratings.all()]


def drafts(page: Page) -> dict[str, dict[str, Any]]:
    """What lies in the browser's storage, by the path of the request."""
    kept = page.evaluate("Object.entries(localStorage)")
    return {key.removeprefix("draft "): json.loads(value) for key, value in kept}


# ---- on the way to the review ----


def to_questions(page: Page, link: MadeLink) -> None:
    page.goto(f"/rate/{link.token}")
    page.get_by_role("link", name="Start").tap()
    expect(page.get_by_role("heading")).to_have_text("Three questions")


def fill_in(page: Page, *values: str) -> None:
    answer(page, *(values or ("3", "2", "4")))
    page.get_by_label("Anything else?").fill(NOTE)


def check(page: Page) -> None:
    page.get_by_role("button", name="Check my answers").tap()
    expect(page.get_by_role("heading")).to_have_text("Check your answers.")


def to_review(page: Page, link: MadeLink, *values: str) -> None:
    to_questions(page, link)
    fill_in(page, *values)
    check(page)


def press_send(page: Page) -> None:
    page.get_by_role("button", name="Send my answers").tap()


def wait_for_draft(page: Page) -> None:
    """Sealing takes a moment, and the draft is written anew with every letter."""
    kept: dict[str, dict[str, Any]] = {}
    for _ in range(50):
        if kept and kept == drafts(page):
            return
        kept = drafts(page)
        page.wait_for_timeout(100)
    raise AssertionError(f"no draft that stays the same: {kept}")


def wait_until(page: Page, happened: Callable[[], Any]) -> None:
    for _ in range(100):
        if happened():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it did not happen")


def wait_until_nothing_is_kept(page: Page) -> None:
    for _ in range(50):
        if drafts(page) == {}:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"still kept: {drafts(page)}")


def reopened(page: Page, link: MadeLink) -> Page:
    """Close the tab and open the questions in a new one."""
    wait_for_draft(page)
    page.close()
    tab = page.context.new_page()
    tab.goto(path_of(link))
    return tab


def hurry(page: Page) -> None:
    """Try now, unless it just did by itself."""
    page.locator("[data-try-now]").evaluate_all("(all) => all.forEach((each) => each.click())")


# ---- what the person sees ----


def expect_waiting(page: Page) -> None:
    expect(page.get_by_role("alert")).to_contain_text(NOT_SAVED)
    expect(page.get_by_role("button", name="Try now")).to_be_visible()
    expect(page.get_by_text("Saved.", exact=True)).to_have_count(0)


def expect_saved(page: Page, link: MadeLink, *rows: tuple[float, ...]) -> None:
    """Told so, stored once, and nothing of it left on the device."""
    expect(page.get_by_role("heading")).to_have_text("Thank you.")
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    assert stored(link) == list(rows or [GIVEN])
    assert drafts(page) == {}


def expect_filled_in(page: Page, *values: str) -> None:
    for number, value in enumerate(values or ("3", "2", "4"), start=1):
        button = question(page, number).get_by_role("radio", name=f"{value} of 10", exact=True)
        expect(button).to_be_checked()
    expect(page.get_by_label("Anything else?")).to_have_value(NOTE)


def expect_empty(page: Page) -> None:
    expect(page.get_by_label("Anything else?")).to_have_value("")
    for number in (1, 2, 3):
        expect(question(page, number).locator("input:checked")).to_have_count(0)
    expect(page.get_by_text(KEPT)).to_be_hidden()


# ---- what goes wrong on the way ----


@contextmanager
def sending(page: Page, happens: Any) -> Iterator[list[str]]:
    """Let something happen to each sending on its way; yields what was sent."""
    sent: list[str] = []

    def handle(route: Route) -> None:
        if "step=send" not in (route.request.post_data or ""):
            route.continue_()
            return
        sent.append(route.request.post_data or "")
        happens(route)

    page.route("**/questions/", handle)
    yield sent
    if not page.is_closed():
        page.unroute("**/questions/", handle)


def lost(route: Route) -> None:
    route.abort("connectionreset")


def stored_but_unanswered(route: Route) -> None:
    route.fetch(max_redirects=0)
    route.abort("connectionreset")


def answered_by_a_proxy(status: int) -> Any:
    body = "<!doctype html><title>nginx</title><h1>Not here</h1>"
    return lambda route: route.fulfill(status=status, body=body, content_type="text/html")


# ---- sending ----


def test_offline_in_the_middle_of_sending(
    context: BrowserContext, link: MadeLink, look_at: LookAt
) -> None:
    page = context.new_page()
    to_review(page, link)
    context.set_offline(True)
    press_send(page)
    expect_waiting(page)
    expect(page.locator("dl.review")).to_contain_text("3 of 10")
    expect(page.get_by_role("button", name="Send my answers")).to_be_hidden()
    assert stored(link) == []
    look_at(page, "not saved yet")
    page.get_by_role("button", name="Try now").tap()
    expect_waiting(page)
    context.set_offline(False)
    expect_saved(page, link)


def test_offline_before_the_review_the_form_stays_on_the_screen(
    context: BrowserContext, link: MadeLink
) -> None:
    page = context.new_page()
    to_questions(page, link)
    fill_in(page)
    context.set_offline(True)
    page.get_by_role("button", name="Check my answers").tap()
    expect_waiting(page)
    expect_filled_in(page)
    context.set_offline(False)
    expect(page.get_by_role("heading")).to_have_text("Check your answers.")
    press_send(page)
    expect_saved(page, link)


def test_an_answer_of_the_server_that_is_lost_is_asked_for_again(
    context: BrowserContext, link: MadeLink
) -> None:
    page = context.new_page()
    to_review(page, link)
    with sending(page, stored_but_unanswered) as sent:
        press_send(page)
        expect_waiting(page)
        assert len(sent) >= 1
    assert stored(link) == [GIVEN]
    expect_saved(page, link)


@pytest.mark.parametrize("status", [403, 404, 429, 500, 502, 200])
def test_what_a_proxy_answers_settles_nothing(
    context: BrowserContext, link: MadeLink, watch: Watch, status: int
) -> None:
    page = context.new_page()
    to_review(page, link)
    watch.expect_status(path_of(link), status)
    with sending(page, answered_by_a_proxy(status)):
        press_send(page)
        expect_waiting(page)
        assert stored(link) == []
    hurry(page)
    expect_saved(page, link)


def test_a_token_that_is_out_of_date_is_renewed_by_itself(
    context: BrowserContext, link: MadeLink, watch: Watch
) -> None:
    page = context.new_page()
    to_review(page, link)
    context.clear_cookies(name="csrftoken")
    watch.expect_status(path_of(link), 403)
    press_send(page)
    expect_saved(page, link)


def test_a_double_tap_sends_once(context: BrowserContext, link: MadeLink) -> None:
    page = context.new_page()
    to_review(page, link)
    with sending(page, lambda route: route.continue_()) as sent:
        page.get_by_role("button", name="Send my answers").dblclick()
        expect_saved(page, link)
    assert len(sent) == 1


def test_a_double_tap_without_script_stores_once(
    new_context: NewContext, link: MadeLink, watch: Watch
) -> None:
    phone = new_context(**PHONE, java_script_enabled=False).new_page()
    to_review(phone, link)
    phone.get_by_role("button", name="Send my answers").dblclick()
    expect(phone.get_by_role("heading")).to_have_text("Thank you.")
    assert stored(link) == [GIVEN]


def test_back_after_sending_finds_a_closed_page(
    context: BrowserContext, link: MadeLink, watch: Watch
) -> None:
    page = context.new_page()
    to_review(page, link)
    press_send(page)
    expect_saved(page, link)
    watch.expect_status(path_of(link), 404)
    page.go_back()
    expect(page.get_by_role("heading")).to_have_text("This page is closed.")
    assert NOTE not in page.content()
    assert drafts(page) == {}


def test_two_tabs_that_wait_are_saved_once(context: BrowserContext, link: MadeLink) -> None:
    """One after the other: the threads of the test server share SQLite's one connection."""
    tabs = [context.new_page() for _ in range(2)]
    for tab in tabs:
        to_review(tab, link)
    for tab in tabs:
        tab.route("**/*", lost)
        press_send(tab)
        expect_waiting(tab)
    for tab in tabs:
        tab.unroute("**/*")
        hurry(tab)
        expect_saved(tab, link)


def test_other_answers_stored_meanwhile_stand_and_it_says_so(
    context: BrowserContext, link: MadeLink, watch: Watch, look_at: LookAt
) -> None:
    page = context.new_page()
    to_review(page, link)
    with sending(page, lost):
        press_send(page)
        expect_waiting(page)
        factories.rate(link.link.request.session, 9)
    watch.expect_status(path_of(link), 409)
    hurry(page)
    expect(page.get_by_role("heading")).to_have_text("Your first answers are saved.")
    assert drafts(page) == {}
    look_at(page, "answered before")


def test_a_link_withdrawn_meanwhile_closes_the_page(
    context: BrowserContext,
    link: MadeLink,
    watch: Watch,
    cast: SimpleNamespace,
    look_at: LookAt,
) -> None:
    page = context.new_page()
    to_review(page, link)
    with sending(page, lost):
        press_send(page)
        expect_waiting(page)
        withdraw_request(request=link.link.request, now=cast.now)
    watch.expect_status(path_of(link, "fresh/"), 404)
    hurry(page)
    expect_lost(page, link)
    look_at(page, "not saved, closed")


@pytest.mark.parametrize("sent_before", [False, True])
def test_a_request_whose_time_ran_out_says_that_nothing_was_saved(
    context: BrowserContext, link: MadeLink, watch: Watch, *, sent_before: bool
) -> None:
    page = context.new_page()
    to_questions(page, link)
    fill_in(page)
    if sent_before:
        check(page)
        with sending(page, lost):
            press_send(page)
            expect_waiting(page)
            run_out(link, dt.timedelta(minutes=1))
            page.close()
        page = context.new_page()
        for path in (path_of(link), path_of(link, "fresh/")):
            watch.expect_status(path, 404)
        page.goto(path_of(link))
    else:
        run_out(link, dt.timedelta(minutes=1))
        watch.expect_status(path_of(link, "fresh/"), 404)
        page.get_by_role("button", name="Check my answers").tap()
    expect_lost(page, link)


def test_long_after_the_end_it_says_that_nobody_knows(
    context: BrowserContext, link: MadeLink, watch: Watch
) -> None:
    page = context.new_page()
    to_review(page, link)
    with sending(page, lost):
        press_send(page)
        expect_waiting(page)
        (draft,) = drafts(page).values()
        page.close()
    run_out(link, dt.timedelta(hours=1))
    context.clock.set_system_time(draft["until"] / 1000 + 60 * 60)
    watch.expect_status(path_of(link), 404)
    page = context.new_page()
    page.goto(path_of(link))
    expect(page.get_by_role("alert")).to_contain_text("We do not know if your answers were saved.")
    assert drafts(page) == {}


def run_out(link: MadeLink, ago: dt.timedelta) -> None:
    end = link.link.request.created_at - ago
    RatingRequest.objects.filter(pk=link.link.request.pk).update(
        created_at=end - dt.timedelta(days=1), expires_at=end
    )


def expect_lost(page: Page, link: MadeLink) -> None:
    expect(page.get_by_role("heading")).to_have_text("This page is closed.")
    expect(page.get_by_role("alert")).to_contain_text("Not saved.")
    expect(page.get_by_role("alert")).to_contain_text("Nothing you entered was saved.")
    expect(page.get_by_text("You did nothing wrong.")).to_be_visible()
    assert drafts(page) == {}
    assert stored(link) == []


def test_what_the_server_refuses_comes_back_as_it_was_typed(
    context: BrowserContext, link: MadeLink, watch: Watch
) -> None:
    page = context.new_page()
    to_review(page, link)
    page.evaluate("document.querySelector('[name=goals]').value = '11'")
    watch.expect_status(path_of(link), 422)
    press_send(page)
    expect(page.get_by_text("Choose a number from 0 to 10")).to_be_visible()
    expect(page.get_by_label("Anything else?")).to_have_value(NOTE)
    choose(question(page, 3), "4")
    check(page)
    press_send(page)
    expect_saved(page, link)


def test_changing_an_answer_ends_the_waiting(context: BrowserContext, link: MadeLink) -> None:
    page = context.new_page()
    to_review(page, link)
    with sending(page, lost):
        press_send(page)
        expect_waiting(page)
        page.get_by_role("button", name="Change: ").first.tap()
        choose(question(page, 1), "8")
    expect(page.get_by_role("alert")).to_be_empty()
    check(page)
    assert stored(link) == []
    press_send(page)
    expect_saved(page, link, (8, 2, 4))


def test_changing_what_was_stored_without_an_answer_finds_it_saved(
    context: BrowserContext, link: MadeLink
) -> None:
    page = context.new_page()
    to_review(page, link)
    with sending(page, stored_but_unanswered):
        press_send(page)
        expect_waiting(page)
        page.get_by_role("button", name="Change: ").first.tap()
        expect_waiting(page)
    hurry(page)
    expect_saved(page, link)


def test_nor_does_a_tab_that_was_closed_over_a_change_say_that_it_was_not_sent(
    context: BrowserContext, link: MadeLink, watch: Watch
) -> None:
    page = context.new_page()
    to_review(page, link)
    with sending(page, lost):
        press_send(page)
        expect_waiting(page)
        page.reload()
        expect_waiting(page)
    arrived: list[Route] = []

    def arrive(route: Route) -> None:
        stored_but_unanswered(route)
        arrived.append(route)

    with sending(page, arrive):
        hurry(page)
        wait_until(page, lambda: arrived)
        choose(question(page, 1), "8")
        expect(page.get_by_role("alert")).to_be_empty()
        wait_for_draft(page)
        (draft,) = drafts(page).values()
        assert draft["unsent"] is False
        page.close()
    watch.expect_status(f"/rate/{link.token}", 404)
    page = context.new_page()
    page.goto(f"/rate/{link.token}")
    expect_saved(page, link)


def test_what_waits_in_one_tab_is_not_sent_from_under_the_review_of_another(
    context: BrowserContext, link: MadeLink
) -> None:
    one, other = context.new_page(), context.new_page()
    to_questions(other, link)
    fill_in(other, "9", "9", "9")
    to_review(one, link)
    with sending(one, lost):
        press_send(one)
        expect_waiting(one)
        wait_for_draft(one)
        one.close()
    check(other)
    other.wait_for_load_state("networkidle")
    expect(other.get_by_role("button", name="Send my answers")).to_be_visible()
    assert stored(link) == []
    press_send(other)
    expect_saved(other, link, (9, 9, 9))


def test_a_full_device_keeps_nothing_older_than_what_stands_there(
    context: BrowserContext, link: MadeLink
) -> None:
    page = context.new_page()
    to_questions(page, link)
    fill_in(page)
    wait_for_draft(page)
    page.evaluate("() => { Storage.prototype.setItem = () => { throw new Error('full'); }; }")
    choose(question(page, 1), "8")
    expect(page.get_by_text("this device keeps what you entered")).to_be_hidden()
    wait_until_nothing_is_kept(page)
    check(page)
    press_send(page)
    expect_saved(page, link, (8, 2, 4))


def test_a_clock_that_is_set_back_does_not_make_not_known_into_not_saved(
    context: BrowserContext, link: MadeLink, watch: Watch
) -> None:
    page = context.new_page()
    page.clock.install()
    to_review(page, link)
    with sending(page, stored_but_unanswered):
        press_send(page)
        expect_waiting(page)
        run_out(link, dt.timedelta(hours=1))
        page.context.set_offline(True)
        page.clock.fast_forward(5 * 24 * 60 * 60 * 1000)
        page.clock.set_system_time(0)
    watch.expect_status(path_of(link, "fresh/"), 404)
    page.context.set_offline(False)
    hurry(page)
    expect(page.get_by_role("alert")).to_contain_text("We do not know if your answers were saved.")


# ---- tabs that close, pages that crash ----


def test_a_tab_that_was_closed_finds_everything_again(
    context: BrowserContext, link: MadeLink, look_at: LookAt
) -> None:
    page = context.new_page()
    to_questions(page, link)
    expect(page.get_by_text("this device keeps what you entered for 30 minutes")).to_be_visible()
    fill_in(page)
    page = reopened(page, link)
    expect_filled_in(page)
    expect(page.get_by_text(KEPT)).to_be_visible()
    look_at(page, "restored")
    check(page)
    press_send(page)
    expect_saved(page, link)


def test_a_page_that_crashed_finds_everything_again(
    context: BrowserContext, link: MadeLink
) -> None:
    page = context.new_page()
    to_questions(page, link)
    fill_in(page)
    wait_for_draft(page)
    with page.expect_event("crash"):
        kill_every_page(context)
    page.close()
    page = context.new_page()
    page.goto(path_of(link))
    expect_filled_in(page)


@pytest.fixture
def new_start(
    *,
    browser_type: BrowserType,
    browser_type_launch_args: dict[str, Any],
    browser_context_args: dict[str, Any],
    watch: Watch,
    tmp_path: Path,
) -> NewContext:
    """Starts a browser of its own, each time with the same profile on the disk."""

    def _new_start() -> BrowserContext:
        options = {**browser_type_launch_args, **browser_context_args, **PHONE}
        context = browser_type.launch_persistent_context(tmp_path, **options)
        context.set_default_timeout(10_000)
        watch.over(context)
        return context

    return _new_start


def test_a_browser_that_was_killed_finds_everything_again_for_half_an_hour(
    new_start: NewContext, link: MadeLink, watch: Watch, tmp_path: Path
) -> None:
    context = new_start()
    page = context.new_page()
    to_questions(page, link)
    fill_in(page)
    wait_for_draft(page)
    made = page.evaluate("Date.now()") / 1000
    (draft,) = drafts(page).values()
    wait_until_on_disk(draft["sealed"], tmp_path)
    watch.contexts.remove(context)
    with context.expect_event("close"):
        kill_browser_with(tmp_path)

    for minutes, is_there in ((29, True), (31, False)):
        context = new_start()
        context.clock.set_system_time(made + minutes * 60)
        page = context.new_page()
        to_questions(page, link)
        page.wait_for_load_state("networkidle")
        if is_there:
            expect_filled_in(page)
            expect(page.get_by_text(KEPT)).to_be_visible()
        else:
            expect_empty(page)
            assert drafts(page) == {}
        watch.contexts.remove(context)
        context.close()


def wait_until_on_disk(sealed: str, profile: Path) -> None:
    """Chromium writes what pages keep a few seconds later."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for file in profile.glob("Default/Local Storage/leveldb/*"):
            if file.suffix in {".log", ".ldb"} and sealed.encode() in file.read_bytes():
                return
        time.sleep(0.5)
    raise AssertionError("not written to the disk")


def kill_browser_with(profile: Path) -> None:
    """The process of the browser itself: a profile in use is locked with its number."""
    lock = (profile / "SingletonLock").readlink()
    os.kill(int(lock.name.rpartition("-")[2]), signal.SIGKILL)


def kill_every_page(context: BrowserContext) -> None:
    """Kill the processes that draw pages in this browser; the browser itself lives on."""
    assert context.browser is not None
    told = context.browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")
    for process in told["processInfo"]:
        if process["type"] == "renderer":
            os.kill(process["id"], signal.SIGKILL)


def test_a_review_that_is_reloaded_sends_nothing_twice(
    context: BrowserContext, link: MadeLink
) -> None:
    page = context.new_page()
    to_review(page, link)
    page.reload()
    expect_filled_in(page)
    expect(page.get_by_text(KEPT)).to_be_visible()
    assert stored(link) == []


def test_a_draft_is_gone_after_half_an_hour(
    context: BrowserContext, link: MadeLink, watch: Watch
) -> None:
    page = context.new_page()
    to_questions(page, link)
    fill_in(page)
    wait_for_draft(page)
    made = page.evaluate("Date.now()")
    page.close()
    context.clock.set_system_time(made / 1000 + 29 * 60)
    page = context.new_page()
    page.goto(path_of(link))
    expect_filled_in(page)
    context.clock.set_system_time(made / 1000 + 31 * 60)
    watch.expect_status("/rate/nothing", 404)
    page.goto("/rate/nothing")
    assert drafts(page) == {}
    page.goto(path_of(link))
    expect_empty(page)


def test_what_is_kept_cannot_be_read_there(context: BrowserContext, link: MadeLink) -> None:
    page = context.new_page()
    to_questions(page, link)
    fill_in(page)
    wait_for_draft(page)
    (draft,) = drafts(page).values()
    assert set(draft) == {"until", "unsent", "key", "iv", "sealed"}
    kept = json.dumps(drafts(page))
    for word in (NOTE, "respect", link.token):
        assert word not in kept


def test_what_is_kept_can_be_erased(context: BrowserContext, link: MadeLink) -> None:
    page = context.new_page()
    to_questions(page, link)
    fill_in(page)
    page = reopened(page, link)
    page.get_by_role("button", name="Erase it").tap()
    expect_empty(page)
    assert drafts(page) == {}
    page.reload()
    expect_empty(page)


def test_erase_and_leave_leaves_nothing_that_back_would_find(
    context: BrowserContext, link: MadeLink
) -> None:
    page = context.new_page()
    to_review(page, link)
    page.get_by_role("link", name="Erase and leave").tap()
    expect(page.get_by_role("heading")).to_have_text("Three short questions.")
    assert drafts(page) == {}
    page.go_back()
    expect_empty(page)
    page.go_back()
    expect_empty(page)


def test_declining_erases_what_was_entered(context: BrowserContext, link: MadeLink) -> None:
    page = context.new_page()
    to_questions(page, link)
    fill_in(page)
    wait_for_draft(page)
    page.get_by_role("link", name="I'd rather not answer").tap()
    page.get_by_label("I'd rather not answer today.").check()
    page.get_by_role("button", name="OK").tap()
    expect(page.get_by_role("heading")).to_have_text("That is OK.")
    assert drafts(page) == {}


# ---- taken up again ----


def test_a_reload_takes_up_an_unfinished_sending(context: BrowserContext, link: MadeLink) -> None:
    page = context.new_page()
    to_review(page, link)
    with sending(page, lost):
        press_send(page)
        expect_waiting(page)
        page.reload()
        expect_waiting(page)
        expect_filled_in(page)
    hurry(page)
    expect_saved(page, link)


def test_a_tab_reopened_days_later_takes_it_up_from_the_first_page(
    context: BrowserContext, link: MadeLink
) -> None:
    page = context.new_page()
    to_review(page, link)
    with sending(page, lost):
        press_send(page)
        expect_waiting(page)
        later = page.evaluate("Date.now()") / 1000 + 2 * 24 * 60 * 60
        page.close()
    context.clock.set_system_time(later)
    page = context.new_page()
    page.goto(f"/rate/{link.token}")
    expect_saved(page, link)


def test_what_was_sent_from_a_code_arrives_after_the_code_is_over(
    context: BrowserContext, cast: SimpleNamespace, watch: Watch, look_at: LookAt
) -> None:
    link = new_link(cast, RatingLink.Channel.QR)
    page = context.new_page()
    to_review(page, link)
    with sending(page, lost):
        press_send(page)
        expect_waiting(page)
        page.close()
    RatingLink.objects.filter(pk=link.link.pk).update(expires_at=cast.now - dt.timedelta(hours=2))
    page = context.new_page()
    watch.expect_status(path_of(link), 404)
    with sending(page, lost):
        page.goto(path_of(link))
        expect(page.get_by_role("alert")).to_contain_text("Not saved yet. Your answers are still")
        look_at(page, "not saved yet, closed")
    hurry(page)
    expect_saved(page, link)


@pytest.mark.parametrize("is_over", [False, True])
def test_what_is_refused_on_the_closed_page_is_kept_and_told(
    context: BrowserContext, cast: SimpleNamespace, watch: Watch, *, is_over: bool
) -> None:
    link = new_link(cast, RatingLink.Channel.QR)
    page = context.new_page()
    to_review(page, link)
    page.evaluate("document.querySelector('[name=goals]').value = '11'")
    with sending(page, lost):
        press_send(page)
        expect_waiting(page)
        page.close()
    if is_over:
        over = cast.now - dt.timedelta(hours=2)
        RatingLink.objects.filter(pk=link.link.pk).update(expires_at=over)
    for path, status in (("/rate/nothing", 404), (path_of(link), 404), (path_of(link), 422)):
        watch.expect_status(path, status)
    page = context.new_page()
    page.goto("/rate/nothing")
    expect(page.get_by_role("alert")).to_contain_text("Not saved. Something in your answers")
    assert stored(link) == []
    (draft,) = drafts(page).values()
    assert draft["unsent"] is False
    again = page.get_by_role("link", name="Look at them again")
    if is_over:
        expect(again).to_have_count(0)
        page.goto(path_of(link))
        expect(page.get_by_role("heading")).to_have_text("This page is closed.")
        page.wait_for_load_state("networkidle")
        assert len(drafts(page)) == 1
        return
    again.tap()
    expect(page.get_by_label("Anything else?")).to_have_value(NOTE)
    choose(question(page, 3), "4")
    check(page)
    press_send(page)
    expect_saved(page, link)


@pytest.mark.parametrize("way", ["link", "tab"])
def test_what_was_stored_without_an_answer_is_found_on_the_closed_page(
    context: BrowserContext, link: MadeLink, watch: Watch, way: str
) -> None:
    page = context.new_page()
    to_review(page, link)
    with sending(page, stored_but_unanswered):
        press_send(page)
        expect_waiting(page)
        page.close()
    page = context.new_page()
    address = {"link": f"/rate/{link.token}", "tab": path_of(link)}[way]
    watch.expect_status(address, 404)
    page.goto(address)
    expect_saved(page, link)


def test_a_link_that_was_used_elsewhere_ends_what_is_kept_here(
    context: BrowserContext, link: MadeLink, watch: Watch
) -> None:
    page = context.new_page()
    to_questions(page, link)
    fill_in(page)
    wait_for_draft(page)
    factories.rate(link.link.request.session, 9)
    watch.expect_status(f"/rate/{link.token}", 404)
    page.goto(f"/rate/{link.token}")
    expect(page.get_by_role("heading")).to_have_text("This page is closed.")
    wait_until_nothing_is_kept(page)


def test_two_links_open_at_once_never_mix(
    context: BrowserContext, cast: SimpleNamespace, watch: Watch
) -> None:
    links = [new_link(cast), new_link(cast, of="peers")]
    tabs = [context.new_page() for _ in links]
    for tab, one, value in zip(tabs, links, "19", strict=True):
        to_questions(tab, one)
        fill_in(tab, value, value, value)
    tabs = [reopened(tab, one) for tab, one in zip(tabs, links, strict=True)]
    assert set(drafts(tabs[0])) == {path_of(one, "") for one in links}
    for tab, value in zip(tabs, "19", strict=True):
        expect_filled_in(tab, *value * 3)
    check(tabs[0])
    press_send(tabs[0])
    expect(tabs[0].get_by_role("heading")).to_have_text("Thank you.")
    assert set(drafts(tabs[0])) == {path_of(links[1], "")}
    # A closed page of one looks after the other, which is open: it stays.
    watch.expect_status(f"/rate/{links[0].token}", 404)
    tabs[0].goto(f"/rate/{links[0].token}", wait_until="networkidle")
    tabs[1].reload()
    expect_filled_in(tabs[1], "9", "9", "9")
    check(tabs[1])
    press_send(tabs[1])
    expect_saved(tabs[1], links[1], (9, 9, 9))
    assert stored(links[0]) == [(1, 1, 1)]


# ---- machines that open links before people do ----


def test_a_scanner_that_runs_scripts_and_presses_everything_uses_nothing_up(
    context: BrowserContext, new_context: NewContext, link: MadeLink
) -> None:
    elsewhere = new_context()
    page = context.new_page()
    page.goto(f"/rate/{link.token}")
    controls = "main a, main button, main input, main summary"
    assert page.locator(controls).count() >= 3
    for number in range(page.locator(controls).count()):
        scanner = elsewhere.new_page()
        scanner.goto(f"/rate/{link.token}")
        scanner.locator(controls).nth(number).click()
        scanner.wait_for_load_state("networkidle")
        for button in scanner.locator("main button[type=submit]").all()[:1]:
            button.click()
            scanner.wait_for_timeout(500)
        scanner.close()
    assert stored(link) == []
    link.link.request.refresh_from_db()
    assert link.link.request.withdrawn_at is None
    to_review(page, link)
    press_send(page)
    expect_saved(page, link)


# ---- a clinic's device, and a browser without script ----


@pytest.mark.parametrize("channel", [RatingLink.Channel.HANDOVER, RatingLink.Channel.KIOSK])
def test_a_clinics_device_keeps_nothing(
    context: BrowserContext, cast: SimpleNamespace, channel: str
) -> None:
    context.add_init_script(TELL_OF_WRITING)
    link = new_link(cast, channel)
    page = context.new_page()
    to_questions(page, link)
    fill_in(page)
    expect(page.get_by_text("this device keeps")).to_be_hidden()
    assert page.evaluate(LEFT_BEHIND) == NOTHING
    check(page)
    context.set_offline(True)
    press_send(page)
    expect_waiting(page)
    assert page.evaluate(LEFT_BEHIND) == NOTHING
    page.close()
    context.set_offline(False)
    page = context.new_page()
    page.goto(path_of(link))
    expect_empty(page)
    fill_in(page)
    check(page)
    press_send(page)
    expect_saved(page, link)
    assert page.evaluate(LEFT_BEHIND) == NOTHING


def test_a_form_refused_without_script_is_sent_again_in_one_tap(
    new_context: NewContext, link: MadeLink, watch: Watch, look_at: LookAt
) -> None:
    """Our script never came; the browser runs axe, which is one, too."""
    watch.connection_may_fail = True
    phone = new_context(**PHONE).new_page()
    phone.route("**/*.js", lost)
    to_review(phone, link)
    phone.context.clear_cookies(name="csrftoken")
    watch.expect_status(path_of(link), 403)
    press_send(phone)
    expect(phone.get_by_role("heading")).to_have_text("Please try again")
    look_at(phone, "refused, kept")
    phone.get_by_role("button", name="Send it again").tap()
    expect(phone.get_by_role("heading")).to_have_text("Thank you.")
    assert stored(link) == [GIVEN]
