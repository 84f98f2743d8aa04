"""Everything that is done often can be done without a mouse, and the focus is always to be seen."""

import re
from types import SimpleNamespace

import pytest
from playwright.sync_api import Locator, Page, expect

from measures.models import Rater, Rating
from sessions.models import Session
from tests.browser.conftest import LogIn, NewContext
from tests.browser.walking import answer_by_keyboard, tab_to

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_counselor_logs_a_session_by_keyboard(
    page_of: LogIn, planned: Session, cast: SimpleNamespace
) -> None:
    page = page_of(cast.alice)
    page.goto("/today/")
    tab_to(page, page.get_by_role("link", name="Skip to the page"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("link", name="Log and rate"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Session with T-308")).to_be_visible()

    tab_to(page, page.get_by_role("radio", name="Held"))
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Missed")).to_be_checked()
    page.keyboard.press("ArrowLeft")
    for number, value in ((1, 7), (2, 0), (3, 10)):
        answer_by_keyboard(page, number, value)
    tab_to(page, page.get_by_role("button", name="Save"))
    page.keyboard.press("Space")
    expect(page.locator(".messages")).to_have_text("Saved.")

    planned.refresh_from_db()
    assert planned.status == Session.Status.HELD
    own = Rating.objects.get(session=planned, rater=Rater.COUNSELOR)
    assert (own.respect, own.understanding, own.goals) == (7, 0, 10)


def test_a_client_answers_by_keyboard(
    page_of: LogIn, new_context: NewContext, held: Session, cast: SimpleNamespace
) -> None:
    page = page_of(cast.alice)
    page.goto(f"/episodes/{cast.episode.uuid}/")
    tab_to(page, page.get_by_role("button", name="Make a link"))
    page.keyboard.press("Enter")
    link = page.locator("#link").inner_text().strip()

    # Low enough that the line on top could hide what has the focus.
    client = new_context(viewport={"width": 320, "height": 560}).new_page()
    client.goto(link)
    tab_to(client, client.get_by_role("link", name="Start"))
    client.keyboard.press("Enter")
    expect(client.get_by_role("heading")).to_have_text("Three questions")
    tab_to(client, client.locator("summary"))
    client.keyboard.press("Space")
    expect(client.get_by_text("judge")).to_be_visible()
    client.keyboard.press("Space")
    for number, value in ((1, 3), (2, 2), (3, 10)):
        answer_by_keyboard(client, number, value)
    client.keyboard.press("ArrowRight")
    expect(client.get_by_role("radio", name="Skip this one").last).to_be_checked()
    client.keyboard.press("ArrowLeft")
    wish = client.get_by_role("group", name="one thing you want to be different")
    tab_to(client, wish.get_by_role("radio").first)
    client.keyboard.press("Space")
    tab_to(client, client.get_by_label("Anything else?"))
    client.keyboard.type("Thanks.")
    tab_to(client, client.get_by_role("radio", name="Only Alice"))
    tab_to(client, client.get_by_role("button", name="Check my answers"))
    client.keyboard.press("Enter")
    expect(client.get_by_role("heading")).to_have_text("Check your answers.")
    tab_to(client, client.get_by_role("button", name="Send my answers"))
    client.keyboard.press("Enter")
    expect(client.get_by_role("heading")).to_have_text("Thank you.")

    given = Rating.objects.get(session=held, rater=Rater.CLIENT)
    assert (given.respect, given.understanding, given.goals) == (3, 2, 10)
    assert given.change_wish == "slower"


def test_the_whole_client_page_can_be_walked_with_tab(
    page_of: LogIn, flagged: Session, cast: SimpleNamespace
) -> None:
    page = page_of(cast.alice)
    page.goto(f"/episodes/{cast.episode.uuid}/")
    tab_to(page, page.get_by_label("Your account"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("button", name="Log out"))
    tab_to(page, page.locator("#trend-chart"))
    tab_to(page, page.locator("details.fold summary", has_text="The same as a table"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("region", name="Ratings by session"))
    tab_to(page, page.get_by_role("link", name="Close the episode"))


def test_how_long_it_repeats_is_asked_by_keyboard_only_where_it_repeats(
    page_of: LogIn, planned: Session, cast: SimpleNamespace
) -> None:
    page = page_of(cast.alice, java_script_enabled=False)
    page.goto(f"/clients/{cast.episode.client.uuid}/schedule/")
    times, until = page.get_by_label("How many times"), page.get_by_label("Until")
    expect(page.get_by_role("radio", name="Just once")).to_be_checked()
    expect(times.or_(until)).to_have_count(2)
    expect(times.or_(until).filter(visible=True)).to_have_count(0)
    page.get_by_role("radio", name="Just once").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="Every week")).to_be_focused()
    page.keyboard.press("Tab")
    expect(times).to_be_focused()
    page.keyboard.press("Tab")
    expect(until).to_be_focused()


def test_after_each_task_tab_goes_on_from_what_was_done_or_from_the_top(
    page_of: LogIn, busy: SimpleNamespace
) -> None:
    page = page_of(busy.alice)
    page.goto("/today/")

    # a walk-in, rated
    press(page, page.get_by_role("link", name="Log a session"))
    press(page, page.get_by_role("button", name=re.compile("^Start now ?: A-006$")))
    for number, value in ((1, 7), (2, 8), (3, 6)):
        answer_by_keyboard(page, number, value)
    press(page, page.get_by_role("button", name="Save"))
    expect(page.locator(".messages")).to_contain_text("Saved.")
    check_from_the_top(page)

    # what came of a call: on with the calls
    page.goto("/today/")
    press(page, page.get_by_role("button", name=re.compile("^A-002 ?: Reached$")))
    expect(page.get_by_text("A-002: Reached.")).to_be_visible()
    expect(page.locator("#calls")).to_be_focused()

    # a flag: on with what comes next
    waiting = page.get_by_role("region", name="Not yet talked about")
    press(page, waiting.get_by_role("link", name="A-005"))
    tab_to(page, page.locator("#did-talked"))
    page.keyboard.press("Space")
    press(page, page.get_by_role("button", name="Save", exact=True))
    expect(page.get_by_role("status").first).to_contain_text("Saved.")
    expect(page).to_have_url(re.compile("/flags/.*#next$"))

    # a line added to the agenda
    press(page, page.get_by_label("Your account"))
    press(page, page.get_by_role("link", name="Your agenda"))
    tab_to(page, page.get_by_label("What was agreed"))
    page.keyboard.type("Read up on detox.")
    tab_to(page, page.get_by_label("By when"))
    page.keyboard.type(f"{busy.today:%m%d%Y}")
    press(page, page.get_by_role("button", name="Save"))
    expect(page.get_by_role("listitem").filter(has_text="Read up on detox.").last).to_be_visible()
    check_from_the_top(page)


def press(page: Page, target: Locator) -> None:
    tab_to(page, target, most=120)
    page.keyboard.press("Enter")


def check_from_the_top(page: Page) -> None:
    tab_to(page, page.get_by_role("link", name="Skip to the page"), most=1)
