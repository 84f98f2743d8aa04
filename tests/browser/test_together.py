"""The screen that counselor and client look at together, in the hands of the client."""

from __future__ import annotations

import datetime as dt
import re
from types import SimpleNamespace

import pytest
from playwright.sync_api import Page, expect

from measures.models import Flag, Rater
from measures.repair.talks import record_talk
from sessions.models import Client, Session
from tests.browser.conftest import LogIn, LookAt
from tests.browser.walking import NARROWEST, PHONE, Watch, check_focus, look_small, tab_to
from tests.factories import make_course, make_session, rate

pytestmark = pytest.mark.django_db(transaction=True)

DIRECTIONS = {"en": "ltr", "es": "ltr", "ar": "rtl"}
PROMISE = {
    "en": "we start with what is on your mind",
    "es": "empezamos con lo que a usted le importa",
    "ar": "نبدأ بما يشغل بالك",
}
# What stands on the pages around it, in any language: codes, names, our own words and marks.
OF_THE_STAFF = (
    "T-308",
    "Jo Doe",
    "2.9",
    "Too fast",
    "usual",
    "talked about",
    "Caseload",
    "Log out",
)
LINE_COLOR = "getComputedStyle(document.querySelector('.own-line .line')).stroke"
WIDE = {"width": 1280, "height": 800}


@pytest.fixture
def shown(cast: SimpleNamespace) -> Session:
    """The latest of nine sessions, after a flag, a talk with a promise, a note and own ratings."""
    sessions = make_course(
        cast.episode, [9, 9, None, 8.5, 9, 8, 9, 3], cast.now - dt.timedelta(days=10), own=2.9
    )
    record_talk(
        flag=Flag.objects.get(rater=Rater.CLIENT),
        by=cast.alice,
        now=cast.now,
        talked_on=cast.today - dt.timedelta(days=7),
        client_text=PROMISE,
        wish="privacy",
    )
    assert len(sessions) == 8
    session = make_session(cast.episode, cast.now - dt.timedelta(days=2))
    rate(session, 2.9, Rater.COUNSELOR)
    rate(session, (7, None, 8), note="Too fast for me", change_wish="slower")
    return session


def address(cast: SimpleNamespace, session: Session | None = None) -> str:
    plain = f"/episodes/{cast.episode.uuid}/together/"
    return f"{plain}?session={session.uuid}" if session else plain


def open_it(page: Page, cast: SimpleNamespace, language: str = "en") -> None:
    Client.objects.filter(pk=cast.episode.client_id).update(language=language)
    page.goto(address(cast))
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.locator("details.all")).not_to_have_attribute("open", "")


def everything_readable(page: Page) -> str:
    return str(page.evaluate("document.title + document.documentElement.outerHTML"))


# ---- how it looks ----


@pytest.mark.parametrize("language", DIRECTIONS)
def test_it_fits_the_smallest_phone_and_400_percent(
    page_of: LogIn, watch: Watch, shown: Session, cast: SimpleNamespace, language: str
) -> None:
    page = page_of(cast.alice)
    open_it(page, cast, language)
    assert page.evaluate("getComputedStyle(document.body).direction") == DIRECTIONS[language]
    expect(page.get_by_text(PROMISE[language])).to_be_visible()
    look_small(page, f"shown together, {language}", watch)
    page.locator("summary").click()
    expect(page.locator("tbody tr")).to_have_count(9)
    look_small(page, f"shown together, as a list, {language}", watch)


def test_in_light_and_dark_at_every_width(
    page_of: LogIn, look_at: LookAt, shown: Session, cast: SimpleNamespace
) -> None:
    page = page_of(cast.alice)
    open_it(page, cast)
    look_at(page, "shown together")
    colors = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        colors.append(page.evaluate(LINE_COLOR))
    assert colors[0] != colors[1]


def test_before_the_first_answer_it_says_so(
    page_of: LogIn, watch: Watch, cast: SimpleNamespace
) -> None:
    page = page_of(cast.alice)
    page.goto(address(cast))
    expect(page.get_by_role("main")).to_contain_text("There is no line yet.")
    expect(page.locator("details, dl, figure")).to_have_count(0)
    look_small(page, "shown together, empty", watch)


def test_no_word_of_the_list_is_broken_on_a_phone(
    page_of: LogIn, shown: Session, cast: SimpleNamespace
) -> None:
    page = page_of(cast.alice, **PHONE)
    open_it(page, cast)
    page.locator("summary").tap()
    heads = page.locator("thead th")
    expect(heads).to_have_count(5)
    assert all(
        heads.evaluate_all("(all) => all.map((each) => each.scrollWidth <= each.clientWidth)")
    )
    lines = heads.evaluate_all(
        "(all) => all.map((each) => Math.round(each.firstChild.parentNode.clientHeight / 20))"
    )
    assert max(lines) <= 3


def test_the_list_needs_no_scrolling_sideways_on_the_smallest_phone(
    page_of: LogIn, shown: Session, cast: SimpleNamespace
) -> None:
    page = page_of(cast.alice, **PHONE)
    open_it(page, cast)
    page.set_viewport_size({"width": NARROWEST, "height": 568})
    page.locator("summary").tap()
    expect(page.get_by_role("columnheader", name="Your number")).to_have_count(1)
    assert page.locator(".scroll").evaluate("(box) => box.scrollWidth <= box.clientWidth")


def test_where_colors_are_forced_the_line_is_still_to_be_seen(
    page_of: LogIn, watch: Watch, shown: Session, cast: SimpleNamespace
) -> None:
    page = page_of(cast.alice, forced_colors="active")
    open_it(page, cast)
    canvas_text = "getComputedStyle(document.body).color"
    assert page.evaluate(LINE_COLOR) == page.evaluate(canvas_text)
    page.keyboard.press("Tab")
    check_focus(page)
    look_small(page, "shown together, forced colors", watch)


def test_on_paper_stand_the_line_and_the_whole_list_and_no_button(
    page_of: LogIn, shown: Session, cast: SimpleNamespace
) -> None:
    page = page_of(cast.alice)
    open_it(page, cast)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print", color_scheme="light")
    expect(page.locator("tbody tr").last).to_be_visible()
    expect(page.locator(".own-line")).to_be_visible()
    expect(page.get_by_role("link", name="Close")).to_be_hidden()
    printed = page.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1


# ---- by keyboard ----


def test_by_keyboard_alone(page_of: LogIn, shown: Session, cast: SimpleNamespace) -> None:
    page = page_of(cast.alice)
    page.goto(f"/sessions/{shown.uuid}/answers/")
    tab_to(page, page.get_by_role("link", name="Show together"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your answers")
    tab_to(page, page.locator("summary"))
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr").last).to_be_visible()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(f"/sessions/{shown.uuid}/answers/$"))
    expect(page.get_by_role("heading", name="T-308")).to_be_visible()


# ---- nothing of the staff's ----


@pytest.mark.parametrize("language", DIRECTIONS)
def test_nothing_of_the_counselors_is_on_it(
    page_of: LogIn, shown: Session, cast: SimpleNamespace, language: str
) -> None:
    page = page_of(cast.alice)
    page.goto(f"/episodes/{cast.episode.uuid}/")
    before = everything_readable(page)
    assert [word for word in OF_THE_STAFF if word not in before] == []  # the search finds them
    open_it(page, cast, language)
    page.locator("summary").click()
    after = everything_readable(page)
    assert [word for word in OF_THE_STAFF if word in after] == []
    expect(page.get_by_role("link")).to_have_count(2)  # to the page, and out


def test_back_shows_nothing_more(page_of: LogIn, shown: Session, cast: SimpleNamespace) -> None:
    page = page_of(cast.alice)
    page.goto("/today/")
    page.goto(f"/episodes/{cast.episode.uuid}/")
    page.get_by_role("link", name="Show together").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your answers")
    for go in (page.go_back, page.go_back, page.go_forward, page.reload):
        go()
        expect(page.get_by_role("button", name="Show it again")).to_be_focused()
        expect(page).to_have_title("Alliance")
        readable = str(page.evaluate("document.title + document.body.innerText"))
        assert [word for word in OF_THE_STAFF if word in readable] == []
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="T-308")).to_be_visible()
    page.goto("/today/")
    expect(page.get_by_role("button", name="Show it again")).to_have_count(0)


def test_nothing_of_the_page_is_painted_before_it_is_covered(
    page_of: LogIn, shown: Session, cast: SimpleNamespace
) -> None:
    """The script that covers comes before the page does."""
    page = page_of(cast.alice)
    open_it(page, cast)
    page.add_init_script("""
      addEventListener("readystatechange", () => {
        if (document.readyState === "interactive")
          window.boxes = document.body.getClientRects().length;
      }, { capture: true, once: true });
    """)
    page.goto("/caseload/")
    expect(page.get_by_role("button", name="Show it again")).to_be_focused()
    assert page.evaluate("window.boxes") == 0


def test_closing_leads_back_to_an_open_page(
    page_of: LogIn, shown: Session, cast: SimpleNamespace
) -> None:
    page = page_of(cast.alice)
    page.goto(address(cast, shown))
    page.get_by_role("link", name="Close").click()
    expect(page.get_by_role("heading", name="T-308")).to_be_visible()
    expect(page.get_by_role("button", name="Show it again")).to_have_count(0)
