"""The client's form in Spanish and in Arabic: every state on a small phone, and its way."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from measures.models import Flag, Rater, Rating
from measures.repair.talks import record_talk
from sessions.models import AnswersWith, Client, Session
from tests.browser.conftest import LogIn, LookAt, NewContext, earlier_today
from tests.browser.walking import NARROWEST, PHONE, Watch, check_focus, look_once, tab_to
from tests.factories import invite, make_course, make_session, rate

pytestmark = pytest.mark.django_db(transaction=True)

DIRECTIONS = {"es": "ltr", "ar": "rtl"}
PROMISE = {"es": "empezamos con lo que a usted le importa", "ar": "نبدأ بما يشغل بالك"}
LEFT_EDGES = """() => [...document.querySelectorAll("#for-respect .eleven label")]
  .map((label) => label.getBoundingClientRect().left)"""


@pytest.fixture(params=DIRECTIONS)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def asked(cast: SimpleNamespace, language: str) -> Session:
    """A session to answer about, by a client of that language who was promised something."""
    Client.objects.update(language=language)
    cast.here.crisis_text = "In danger, call 911."
    cast.here.save()
    make_course(cast.episode, [9, 9, 8, 9, 9, 8, 9, 3], cast.now - dt.timedelta(days=10))
    record_talk(
        flag=Flag.objects.get(rater=Rater.CLIENT),
        by=cast.alice,
        now=cast.now,
        talked_on=cast.today - dt.timedelta(days=7),
        client_text=PROMISE,
        wish="privacy",
    )
    session = make_session(cast.episode, earlier_today(cast))
    rate(session, 7, Rater.COUNSELOR, now=cast.now)
    return session


def follow(page: Page, session: Session, cast: SimpleNamespace) -> None:
    page.goto(f"/rate/{invite(session, cast.now).token}")


def press(page: Page, value: str) -> None:
    """And wait for the page that follows: the script keeps a draft before it lets go."""
    with page.expect_navigation():
        page.locator(f"button[value={value}]").first.click()


def test_every_state_in_every_language(
    browser: Browser, watch: Watch, asked: Session, cast: SimpleNamespace, language: str
) -> None:
    # Its own browser's language, for the page that knows nobody's.
    context = browser.new_context(locale=language, base_url=watch.origin, reduced_motion="reduce")
    watch.over(context)
    page = context.new_page()

    def look(name: str) -> None:
        expect(page.locator("html")).to_have_attribute("lang", language)
        assert page.evaluate("getComputedStyle(document.body).direction") == DIRECTIONS[language]
        look_once(page, f"{name}, {language}", watch)

    follow(page, asked, cast)
    look("start")
    page.locator("a[href$='decline/']").click()
    page.locator("button.btn-primary").click()
    look("decline, not ticked")
    page.go_back()
    page.go_back()
    page.locator("a[href$='not-me/']").click()
    look("not me")
    page.go_back()
    page.locator("a.btn-primary").click()
    page.locator("summary").click()
    look("questions, and who sees them")
    page.locator("summary").click()
    press(page, "review")
    look("nothing answered")
    press(page, "change")
    for label in ("happened-little", "respect-8", "understanding-6", "change_wish-privacy"):
        page.locator(f"label[for={label}]").click()
    page.locator("#note").fill("Demasiado rápido, 3 times! شكرا")
    press(page, "review")
    look("review")
    press(page, "send")
    page.wait_for_url("**/thanks/**")
    look("thanks")
    watch.expect_status(urlsplit(page.url).path.replace("thanks", "questions"), 422)
    press(page, "call")
    look("no number")
    stored = Rating.objects.current().get(session=asked, rater=Rater.CLIENT)
    assert (stored.respect, stored.change_wish, stored.language) == (8, "privacy", language)
    watch.expect_status("/rate/" + "x" * 22, 404)
    page.goto("/rate/" + "x" * 22)
    look("closed")
    context.close()


def test_the_numbers_go_the_way_the_language_is_read(
    new_context: NewContext, asked: Session, cast: SimpleNamespace, language: str
) -> None:
    page = new_context(**PHONE).new_page()
    follow(page, asked, cast)
    page.locator("a.btn-primary").tap()
    expect(page.locator("#for-respect")).to_be_visible()
    first, second = page.evaluate(LEFT_EDGES)[:6], page.evaluate(LEFT_EDGES)[6:]
    rightward = DIRECTIONS[language] == "ltr"
    assert first == sorted(first, reverse=not rightward)
    assert second == sorted(second, reverse=not rightward)
    assert second[0] == first[0], "6 stands below 0"


def test_the_slider_goes_the_way_the_language_is_read(
    new_context: NewContext, asked: Session, cast: SimpleNamespace, language: str
) -> None:
    Client.objects.update(answers_with=AnswersWith.SLIDER)
    page = new_context(**PHONE).new_page()
    follow(page, asked, cast)
    page.locator("a.btn-primary").tap()
    slider = page.get_by_role("slider").first
    box = slider.bounding_box()
    assert box is not None
    near_left = {"x": box["width"] * 0.06, "y": box["height"] / 2}
    slider.tap(position=near_left)  # type: ignore[arg-type]
    value = float(slider.input_value())
    assert value < 1 if DIRECTIONS[language] == "ltr" else value > 9
    slider.press("Home")
    slider.press("ArrowUp")
    shown = page.locator(".rate-value").first
    expect(shown).to_contain_text("0.5")  # a point, as everywhere else around here


def test_the_line_about_who_sees_it_hides_nothing_that_has_the_focus(
    new_context: NewContext, asked: Session, cast: SimpleNamespace, language: str
) -> None:
    """Spanish takes a fifth line on the smallest phone."""
    page = new_context(viewport={"width": NARROWEST, "height": 568}).new_page()
    follow(page, asked, cast)
    page.locator("a.btn-primary").click()
    tab_to(page, page.locator("button[value=review]"))
    for _ in range(7):
        page.keyboard.press("Shift+Tab")
        check_focus(page)


def test_the_staffs_pages_fit_in_spanish(
    page_of: LogIn, look_at: LookAt, busy: SimpleNamespace, cast: SimpleNamespace
) -> None:
    cast.alice.user.language = "es"
    cast.alice.user.save()
    page = page_of(cast.alice)
    for address in ("/today/", "/caseload/", f"/episodes/{cast.episode.uuid}/", "/account/"):
        page.goto(address)
        expect(page.locator("html")).to_have_attribute("lang", "es")
        look_at(page, f"{address} in Spanish")
