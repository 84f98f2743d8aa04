"""The client's form in Spanish and in Arabic: every state on a small phone, and its way."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pytest
from playwright.sync_api import Page, expect

from measures.models import Flag, Rater
from measures.repair.talks import record_talk
from sessions.models import AnswersWith, Client, Session
from tests.browser.conftest import LogIn, LookAt, NewContext, earlier_today
from tests.browser.walking import NARROWEST, PHONE, check_focus, tab_to
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
