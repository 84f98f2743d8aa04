"""The client's form in a real browser: small and zoomed, by keyboard, by touch, without script."""

from __future__ import annotations

import datetime as dt
import re
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from measures.models import Flag, Rater, Rating, RatingLink
from measures.repair.talks import record_talk
from sessions.models import AnswersWith, Client, Session
from tests.browser.conftest import NewContext, earlier_today
from tests.browser.walking import (
    NARROWEST,
    PHONE,
    SMALL_HEIGHTS,
    Watch,
    check_focus,
    choose,
    look_small,
    question,
    tab_to,
)
from tests.factories import invite, make_course, make_session, rate

pytestmark = pytest.mark.django_db(transaction=True)

LOW: list[float | None] = [9, 9, 8, 9, 9, 8, 9, 3]
SMALLEST_TARGET = 44
# Everything to press, as a person sees it, with its size; links inside a sentence may be as low.
TARGETS = """() => [...document.querySelectorAll(
  "main label.btn, main a.btn, main button, main summary, main input[type=range], main textarea")]
  .map((element) => [element.outerHTML.slice(0, 90), element.getBoundingClientRect()])
  .filter(([, box]) => box.width > 0)
  .map(([html, box]) => [html, box.width, box.height])"""
WHO = """() => {
  const box = document.querySelector(".who").getBoundingClientRect();
  return { top: box.top, height: box.height, screen: innerHeight };
}"""
COUNT_TAPS = """
sessionStorage.taps ??= 0;
addEventListener("pointerdown", () => { sessionStorage.taps++; }, true);
"""
LOOK_OF = """(label) => {
  const style = getComputedStyle(label);
  return `${style.backgroundColor} ${style.color} ${style.borderTopColor}`;
}"""


@pytest.fixture
def promised(cast: SimpleNamespace) -> Session:
    """A held session after a talk at which something was promised."""
    make_course(cast.episode, LOW, cast.now - dt.timedelta(days=10))
    flag = Flag.objects.get(rater=Rater.CLIENT)
    week_ago = cast.today - dt.timedelta(days=7)
    text = {"en": "we start with what is on your mind"}
    record_talk(
        flag=flag, by=cast.alice, now=cast.now, talked_on=week_ago, client_text=text, wish="slower"
    )
    session = make_session(cast.episode, earlier_today(cast))
    rate(session, 7, Rater.COUNSELOR, now=cast.now)
    return session


@pytest.fixture
def with_slider(held: Session) -> Session:
    Client.objects.update(answers_with=AnswersWith.SLIDER)
    return held


def open_link(page: Page, session: Session, now: dt.datetime, channel: str = "link") -> None:
    page.goto(f"/rate/{invite(session, now, channel).token}")


def start(page: Page, session: Session, now: dt.datetime, channel: str = "link") -> Page:
    open_link(page, session, now, channel)
    page.get_by_role("link", name="Start").click()
    expect(page.get_by_role("heading")).to_have_text("Three questions")
    return page


def press(page: Page, name: str) -> None:
    """And wait for the page that follows: the script keeps a draft before it lets go."""
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).click()


def follow(page: Page, name: str) -> None:
    with page.expect_navigation():
        page.get_by_role("link", name=name).click()


def slider(page: Page, number: int) -> Locator:
    return question(page, number).get_by_role("slider")


def given(session: Session) -> Rating:
    return Rating.objects.current().get(session=session, rater=Rater.CLIENT)


# ---- small and zoomed ----


@pytest.mark.parametrize("height", SMALL_HEIGHTS)
def test_who_sees_it_stays_in_view_and_covers_nothing_that_has_the_focus(
    new_context: NewContext, promised: Session, cast: SimpleNamespace, height: int
) -> None:
    page = new_context(viewport={"width": NARROWEST, "height": height}).new_page()
    start(page, promised, cast.now)
    tab_to(page, page.get_by_role("button", name="Check my answers"))
    who = page.evaluate(WHO)
    assert who["top"] == 0, "scrolled away"
    assert page.evaluate("scrollY") > 500
    assert who["height"] < who["screen"] / 3
    assert page.evaluate("document.elementFromPoint(160, 12).closest('.who') !== null")
    for _ in range(7):  # backward, where the page scrolls down under the line
        page.keyboard.press("Shift+Tab")
        check_focus(page)


def test_everything_to_press_is_large_enough_and_the_eleven_stand_in_two_rows(
    new_context: NewContext, promised: Session, cast: SimpleNamespace
) -> None:
    page = new_context(**PHONE | {"viewport": {"width": NARROWEST, "height": 568}}).new_page()
    start(page, promised, cast.now)
    targets = page.evaluate(TARGETS)
    assert len(targets) > 50
    small = [each for each in targets if each[1] < SMALLEST_TARGET or each[2] < SMALLEST_TARGET]
    assert small == []
    for number in (1, 2, 3):
        labels = question(page, number).locator(".eleven label")
        boxes = [label.bounding_box() for label in labels.all()]
        tops = [round(box["y"]) for box in boxes if box]
        assert [tops.count(top) for top in sorted(set(tops))] == [6, 5]


# ---- how long it takes ----


def test_a_whole_rating_with_the_slider_takes_seven_taps_at_most(
    new_context: NewContext, with_slider: Session, cast: SimpleNamespace
) -> None:
    phone = new_context(**PHONE).new_page()
    phone.add_init_script(COUNT_TAPS)
    start(phone, with_slider, cast.now)
    phone.evaluate("sessionStorage.taps = 0")
    for number, share in enumerate((0.9, 0.5, 0.3), start=1):
        one = slider(phone, number)
        box = one.bounding_box()
        assert box is not None
        one.tap(position={"x": box["width"] * share, "y": box["height"] / 2})
    choose(phone.get_by_role("group", name="one thing you want"), "Listen more")
    phone.get_by_role("button", name="Check my answers").tap()
    phone.get_by_role("button", name="Send my answers").tap()
    expect(phone.get_by_role("heading")).to_have_text("Thank you.")
    assert 0 < int(phone.evaluate("sessionStorage.taps")) <= 7
    rating = given(with_slider)
    assert (rating.outcome, rating.input_kind) == (Rating.Outcome.COMPLETE, "slider")


def test_a_whole_rating_takes_seven_taps_at_most(
    new_context: NewContext, held: Session, cast: SimpleNamespace
) -> None:
    phone = new_context(**PHONE).new_page()
    phone.add_init_script(COUNT_TAPS)
    start(phone, held, cast.now)
    expect(question(phone, 1)).to_have_accessible_name(
        "Question 1 of 3. How much respect was there between you and Alice today, both ways?"
        " 0 means No respect, 10 means Full respect."
    )
    expect(question(phone, 1).get_by_role("radio").nth(7)).to_have_accessible_name("7 of 10")
    phone.evaluate("sessionStorage.taps = 0")
    for number, value in enumerate("986", start=1):
        choose(question(phone, number), value)
    choose(phone.get_by_role("group", name="one thing you want"), "Listen more")
    phone.get_by_role("button", name="Check my answers").tap()
    phone.get_by_role("button", name="Send my answers").tap()
    expect(phone.get_by_role("heading")).to_have_text("Thank you.")
    assert 0 < int(phone.evaluate("sessionStorage.taps")) <= 7
    assert given(held).outcome == Rating.Outcome.COMPLETE


# ---- other colors, other languages ----


def test_where_colors_are_forced_the_choice_is_still_to_be_seen(
    new_context: NewContext, watch: Watch, held: Session, cast: SimpleNamespace
) -> None:
    page = new_context(forced_colors="active").new_page()
    start(page, held, cast.now)
    choose(question(page, 1), "8")
    eight, nine = (page.locator(f"label[for=respect-{number}]") for number in (8, 9))
    assert eight.evaluate(LOOK_OF) != nine.evaluate(LOOK_OF)
    page.keyboard.press("Tab")
    check_focus(page)
    look_small(page, "questions, forced colors", watch)


def test_the_language_is_one_tap_away_and_back(
    new_context: NewContext, held: Session, cast: SimpleNamespace
) -> None:
    phone = new_context(**PHONE).new_page()
    open_link(phone, held, cast.now)
    english = phone.get_by_role("heading").inner_text()
    phone.get_by_role("link", name="العربيّة").tap()
    expect(phone.locator("html")).to_have_attribute("dir", "rtl")
    phone.locator("a.btn-primary").tap()
    expect(phone.locator("html")).to_have_attribute("lang", "ar")
    phone.go_back()
    phone.get_by_role("link", name="English").tap()
    expect(phone.get_by_role("heading")).to_have_text(english)


# ---- without script ----


def test_without_script_the_slider_is_buttons_and_all_else_works(
    new_context: NewContext, with_slider: Session, cast: SimpleNamespace
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    start(page, with_slider, cast.now)
    expect(page.get_by_role("slider")).to_have_count(0)
    for number, label in enumerate(("7", "Skip this one", "10"), start=1):
        choose(question(page, number), label)
    press(page, "Check my answers")
    expect(page.locator("dl.review")).to_contain_text("7 of 10")
    page.get_by_role("button", name="Change: Your goals").click()
    expect(page.get_by_role("radio", name="10 of 10").last).to_be_checked()
    assert page.url.endswith("#for-goals")
    press(page, "Check my answers")
    press(page, "Send my answers")
    expect(page.get_by_role("heading")).to_have_text("Thank you.")
    rating = given(with_slider)
    assert (rating.facet_values, rating.input_kind) == ((7, None, 10), "buttons")


# ---- the slider ----


def test_the_slider_by_keyboard(
    new_context: NewContext, watch: Watch, with_slider: Session, cast: SimpleNamespace
) -> None:
    page = start(new_context().new_page(), with_slider, cast.now)
    look_small(page, "slider, untouched", watch)
    first, second, third = (slider(page, number) for number in (1, 2, 3))
    for each in (first, second, third):
        expect(each).to_have_attribute("aria-valuetext", "Not answered")
        expect(each).to_have_accessible_name(re.compile("today"))
    tab_to(page, first)
    page.keyboard.press("ArrowRight")
    expect(first).to_have_attribute("aria-valuetext", "5.5 of 10")
    page.keyboard.press("End")
    expect(first).to_have_attribute("aria-valuetext", "10 of 10")
    tab_to(page, second)  # over it alone answers nothing
    tab_to(page, third)
    expect(second).to_have_attribute("aria-valuetext", "Not answered")
    page.keyboard.press("Space")
    expect(third).to_have_attribute("aria-valuetext", "5 of 10")
    tab_to(page, question(page, 3).get_by_role("button", name="Skip this one"))
    page.keyboard.press("Enter")
    expect(third).to_have_attribute("aria-valuetext", "Not answered")
    expect(third).to_be_focused()
    page.keyboard.press("Home")
    expect(question(page, 3)).to_contain_text("0 of 10")
    look_small(page, "slider, touched", watch)
    press(page, "Check my answers")
    expect(page.locator("dl.review dd:nth-child(2)")).to_have_text(
        ["10 of 10", "skipped", "0 of 10"]
    )
    page.get_by_role("button", name="Change: Respect").click()
    first = slider(page, 1)
    expect(first).to_have_attribute("aria-valuetext", "10 of 10")
    first.focus()
    page.keyboard.press("ArrowLeft")
    press(page, "Check my answers")
    press(page, "Send my answers")
    expect(page.get_by_role("heading")).to_have_text("Thank you.")
    rating = given(with_slider)
    assert (rating.facet_values, rating.input_kind) == ((9.5, None, 0), "slider")


def test_the_slider_by_touch_counts_a_tap_and_not_a_scroll(
    new_context: NewContext, with_slider: Session, cast: SimpleNamespace
) -> None:
    phone = new_context(**PHONE).new_page()
    start(phone, with_slider, cast.now)
    first, second = slider(phone, 1), slider(phone, 2)
    swipe_up_from(phone, first)
    assert phone.evaluate("scrollY") > 50, "the swipe did not scroll"
    expect(first).to_have_attribute("aria-valuetext", "Not answered")
    first.scroll_into_view_if_needed()
    first.tap()  # in the middle, where the unseen thumb is: the value does not change
    expect(first).to_have_attribute("aria-valuetext", "5 of 10")
    box = second.bounding_box()
    assert box is not None
    second.tap(position={"x": box["width"] - 4, "y": box["height"] / 2})
    expect(second).to_have_attribute("aria-valuetext", "10 of 10")
    swipe_up_from(phone, first)
    expect(first).to_have_attribute("aria-valuetext", "5 of 10")


def swipe_up_from(phone: Page, place: Locator) -> None:
    """A finger that lands on the slider to scroll the page."""
    place.scroll_into_view_if_needed()
    box = place.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] * 0.8, box["y"] + box["height"] / 2
    touch = phone.context.new_cdp_session(phone)

    def send(kind: str, *points: Any) -> None:
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

    send("touchStart", {"x": x, "y": y})
    for step in range(1, 9):
        send("touchMove", {"x": x, "y": y - 25 * step})
    send("touchEnd")
    phone.wait_for_timeout(200)


# ---- a clinic's tablet ----


def test_a_clinics_tablet_is_asked_back_with_nowhere_to_go(
    new_context: NewContext, watch: Watch, held: Session, cast: SimpleNamespace
) -> None:
    page = new_context(viewport={"width": 820, "height": 1180}).new_page()
    start(page, held, cast.now, RatingLink.Channel.HANDOVER)
    choose(question(page, 1), "8")
    press(page, "Check my answers")
    press(page, "Send my answers")
    expect(page.get_by_text("Please hand the tablet back.")).to_be_visible()
    expect(page.get_by_role("main").get_by_role("link")).to_have_count(0)
    look_small(page, "thanks on a tablet", watch)
