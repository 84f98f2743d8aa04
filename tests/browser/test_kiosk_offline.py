"""A clinic's tablet without a connection: it keeps no answers on its screen, and loses none."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from django.test import Client as Browser
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from measures.capture.codes import make_code
from measures.models import Rater, Rating, RatingLink
from sessions.devices import offer_device
from sessions.models import Session
from tests.browser.conftest import LookAt, NewContext
from tests.browser.walking import PHONE, TWO_FRAMES, Watch, answer
from tests.factories import invite, rate

pytestmark = pytest.mark.django_db(transaction=True)

NOTE = "You talked more than me."
IDLE = "02:01"


@pytest.fixture
def tablet(
    *,
    new_context: NewContext,
    live_server: LiveServer,
    watch: Watch,
    held: Session,
    cast: SimpleNamespace,
) -> Page:
    """A paired tablet on which somebody has answered, with its clock in our hands."""
    watch.connection_may_fail = True
    context = new_context(**PHONE | {"viewport": {"width": 820, "height": 1180}})
    paired = Browser()
    token = offer_device(name="Waiting room", by=cast.ada, now=cast.now).token
    paired.post(f"/kiosk/pair/{token}")
    cookies = [
        {"name": name, "value": morsel.value, "url": live_server.url}
        for name, morsel in paired.cookies.items()
    ]
    context.add_cookies(cookies)  # type: ignore[arg-type]
    page = context.new_page()
    page.clock.install()
    page.goto("/kiosk/")
    shown = make_code(link=invite(held, cast.now, RatingLink.Channel.QR).link, now=cast.now)
    page.get_by_label("The six digits").fill(shown.digits)
    page.get_by_role("button", name="Go on").tap()
    page.get_by_role("link", name="Start").tap()
    answer(page, "3", "2", "4")
    page.get_by_label("Anything else?").fill(NOTE)
    return page


def send_offline(page: Page) -> None:
    page.get_by_role("button", name="Check my answers").tap()
    expect(page.get_by_role("heading")).to_have_text("Check your answers.")
    page.context.set_offline(True)
    page.get_by_role("button", name="Send my answers").tap()
    expect(page.get_by_role("alert").first).to_contain_text("Not saved yet.")


def expect_clear(page: Page, words: str) -> None:
    expect(page.get_by_role("heading")).to_have_count(1)
    expect(page.get_by_role("main")).to_contain_text(words, use_inner_text=True)
    assert NOTE not in page.content()


def expect_at_its_start(page: Page) -> None:
    expect(page).to_have_url(re.compile(r"/kiosk/$"), timeout=15_000)
    expect(page.get_by_label("The six digits")).to_be_visible()


@pytest.mark.parametrize("way", ["idle", "button"])
def test_a_page_that_is_left_offline_is_cleared_and_goes_on_when_the_network_is_back(
    tablet: Page, look_at: LookAt, way: str
) -> None:
    tablet.context.set_offline(True)
    if way == "idle":
        tablet.clock.fast_forward(IDLE)
    else:
        tablet.get_by_role("button", name="Leave without sending").tap()
    expect_clear(tablet, "There is no connection.")
    if way == "idle":
        look_at(tablet, "tablet, cleared without a connection")
    tablet.context.set_offline(False)
    expect_at_its_start(tablet)


def test_a_sending_goes_on_behind_the_cleared_screen_until_it_is_saved(
    tablet: Page, held: Session
) -> None:
    send_offline(tablet)
    tablet.clock.fast_forward(IDLE)
    expect_clear(tablet, "We keep trying to send")
    tablet.context.set_offline(False)
    expect(tablet.get_by_role("heading")).to_have_text("Thank you.", timeout=15_000)
    rating = Rating.objects.get(session=held, rater=Rater.CLIENT)
    assert list(rating.facet_values) == [3, 2, 4]
    tablet.clock.fast_forward(IDLE)
    expect_at_its_start(tablet)


def test_after_ten_minutes_it_says_that_the_answers_were_not_saved(
    tablet: Page, held: Session
) -> None:
    send_offline(tablet)
    tablet.clock.fast_forward(IDLE)
    expect_clear(tablet, "Not saved yet.")
    tablet.clock.fast_forward("10:01")
    expect_clear(tablet, "The last answers could not be sent.")
    tablet.context.set_offline(False)
    tablet.clock.fast_forward("01:00")
    expect_clear(tablet, "The last answers could not be sent.")
    tablet.clock.fast_forward(IDLE)
    expect_at_its_start(tablet)
    assert not Rating.objects.filter(session=held, rater=Rater.CLIENT).exists()


UNDER = """([x, y]) => document.elementsFromPoint(x, y)
  .filter((each) => each.matches("label")).map((each) => each.htmlFor)"""


def test_saying_that_one_is_still_there_presses_nothing_that_lies_under_it(tablet: Page) -> None:
    label = tablet.locator("label[for=change_wish-slower]")
    box = label.bounding_box()
    assert box is not None
    tablet.evaluate("(by) => scrollBy(0, by)", box["y"] - 1110)
    tablet.evaluate(TWO_FRAMES)  # to scroll is to be there
    tablet.clock.fast_forward("01:35")
    still_here = tablet.get_by_role("button", name="I am still here")
    expect(still_here).to_be_focused()
    box = label.bounding_box()
    assert box is not None
    middle = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
    assert tablet.evaluate(UNDER, middle) == ["change_wish-slower"]
    tablet.touchscreen.tap(*middle)
    expect(still_here).to_be_hidden()
    tablet.evaluate(TWO_FRAMES)  # so that what has the focus again is scrolled to before
    tablet.clock.fast_forward("01:35")
    expect(still_here).to_be_focused()
    tablet.keyboard.press("Enter")
    expect(still_here).to_be_hidden()
    expect(tablet.get_by_role("heading", name="Three questions")).to_be_visible()
    expect(tablet.locator("[name=change_wish]:checked")).to_have_count(0)
    expect(tablet.get_by_label("Anything else?")).to_have_value(NOTE)
    expect(tablet.get_by_label("Anything else?")).to_be_focused()


def test_what_was_answered_elsewhere_stays_off_the_cleared_screen(
    tablet: Page, held: Session, watch: Watch
) -> None:
    """Whoever comes next would read when somebody answered, and with whom."""
    send_offline(tablet)
    tablet.clock.fast_forward(IDLE)
    expect_clear(tablet, "We keep trying to send")
    rate(held, 9)
    request = held.rating_requests.get()
    watch.expect_status(f"/rate/r/{request.uuid}/questions/", 409)
    tablet.context.set_offline(False)
    tablet.clock.fast_forward("01:00")
    expect_clear(tablet, "The last answers could not be sent.")
    assert "Your first answers are saved." not in tablet.content()
