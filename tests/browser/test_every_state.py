"""Every state of the client's side in every language: axe with no rule off, nothing sticks out.

On the smallest phone and at 400 %. What the states do is told in the other files; here they are
found by what does not depend on a language.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.test import Client as Browser
from playwright.sync_api import BrowserContext, Page, expect

from measures.capture.asking import ask_about, withdraw_request
from measures.capture.codes import make_code
from measures.capture.gateways import all_gateways
from measures.capture.outbox import send_due
from measures.models import CallRequest, Flag, HandOver, Message, Rater, Rating, RatingLink
from measures.repair.talks import record_talk
from sessions.devices import offer_device
from sessions.models import AnswersWith, Client, Session
from sessions.pins import set_pin
from tests import factories
from tests.browser.conftest import LogIn, NewContext, earlier_today
from tests.browser.walking import Watch, look_small
from tests.factories import invite, make_course, make_session, rate

pytestmark = pytest.mark.django_db(transaction=True)

DIRECTIONS = {"en": "ltr", "es": "ltr", "ar": "rtl"}
PROMISE = {
    "en": "we start with what is on your mind",
    "es": "empezamos con lo que a usted le importa",
    "ar": "نبدأ بما يشغل بالك",
}
TABLET = {"width": 820, "height": 1180}

Look: TypeAlias = Callable[[Page, str], None]


@pytest.fixture(params=DIRECTIONS)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def look(request: pytest.FixtureRequest, watch: Watch, language: str) -> Look:
    """Once is enough: a page looks the same whatever database it came from."""
    is_second_run = request.config.getoption("only_database")

    def _look(page: Page, name: str) -> None:
        expect(page.locator("html")).to_have_attribute("lang", language)
        assert page.evaluate("getComputedStyle(document.body).direction") == DIRECTIONS[language]
        if not is_second_run:
            look_small(page, f"{name}, {language}", watch)

    return _look


@pytest.fixture
def browser_context_args(browser_context_args: dict[str, Any], language: str) -> dict[str, Any]:
    """A browser that speaks the language, for the pages that know nobody's."""
    return {**browser_context_args, "locale": language}


@pytest.fixture
def new_page(new_context: NewContext, watch: Watch) -> Callable[[], Page]:
    watch.connection_may_fail = True
    return lambda: new_context().new_page()


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


def path_of(page: Page) -> str:
    return urlsplit(page.url).path


def press(page: Page, what: str) -> None:
    """And wait for the page that follows: the script keeps a draft before it lets go."""
    with page.expect_navigation():
        page.locator(what).first.click()


def step(name: str) -> str:
    return f"button[value={name}]"


def expect_error(page: Page) -> None:
    expect(page.locator("[role=alert]:not(:empty)").first).to_be_visible()


def to_questions(page: Page, session: Session, now: dt.datetime) -> RatingLink:
    made = invite(session, now)
    page.goto(f"/rate/{made.token}")
    press(page, "a.btn-primary")
    expect(page.locator("[data-rate=questions]")).to_be_visible()
    return made.link


def to_review(page: Page, session: Session, now: dt.datetime) -> RatingLink:
    link = to_questions(page, session, now)
    page.locator("label[for=respect-8]").click()
    press(page, step("review"))
    return link


# ---- the form ----


def test_from_the_first_page_to_the_call(
    *,
    new_page: Callable[[], Page],
    look: Look,
    watch: Watch,
    asked: Session,
    cast: SimpleNamespace,
    language: str,
) -> None:
    page = new_page()
    page.goto(f"/rate/{invite(asked, cast.now).token}")
    look(page, "start")
    press(page, "a.btn-primary")
    look(page, "questions")
    page.locator("summary").click()
    look(page, "who sees them")
    page.locator("summary").click()
    press(page, step("review"))
    look(page, "nothing answered")
    watch.expect_status(path_of(page), 422)
    press(page, step("send"))
    expect_error(page)
    look(page, "nothing answered, not ticked")
    press(page, step("change"))
    for name in ("happened-little", "respect-8", "goals-skip", "change_wish-privacy"):
        page.locator(f"label[for={name}]").click()
    page.locator("#note").fill("w" * 80)
    look(page, "questions, answered")
    press(page, step("review"))
    look(page, "review")
    page.context.set_offline(True)
    page.locator(step("send")).click()
    expect(page.locator("[data-try-now]")).to_be_visible()
    look(page, "not saved yet")
    page.context.set_offline(False)
    page.wait_for_url("**/thanks/", timeout=15_000)
    look(page, "thanks")
    press(page, step("call"))
    expect_error(page)
    look(page, "no number")
    page.locator("#phone").fill("555-0111")
    press(page, step("call"))
    look(page, "asked for a call")
    assert CallRequest.objects.waiting().count() == 1
    given = Rating.objects.current().get(session=asked, rater=Rater.CLIENT)
    assert (given.respect, given.goals, given.change_wish) == (8, None, "privacy")
    assert (given.answers["happened"], given.language) == ("little", language)


def test_every_other_end(
    *, new_page: Callable[[], Page], look: Look, watch: Watch, asked: Session, cast: SimpleNamespace
) -> None:
    page = new_page()
    page.goto(f"/rate/{invite(asked, cast.now).token}")
    start = page.url
    press(page, "a[href$='decline/']")
    look(page, "decline")
    press(page, step("yes"))
    expect_error(page)
    look(page, "decline, not ticked")
    page.locator("[name=sure]").check()
    press(page, step("yes"))
    look(page, "declined, and not for a while")

    page.goto(start)
    press(page, "a.btn-primary")
    page.locator("label[for=respect-8]").click()
    page.wait_for_timeout(300)  # the draft is sealed
    page.reload()
    expect(page.locator("[data-restored]")).to_be_visible()
    look(page, "what was entered is here again")
    press(page, step("review"))
    rate(asked, 9)
    watch.expect_status(path_of(page), 409)
    page.locator(step("send")).click()
    expect(page.locator("[data-rate=answered]")).to_be_visible()
    look(page, "answered before")


def test_links_that_are_over(
    *, new_page: Callable[[], Page], look: Look, watch: Watch, asked: Session, cast: SimpleNamespace
) -> None:
    page = new_page()
    link = to_review(page, asked, cast.now)
    page.context.set_offline(True)
    page.locator(step("send")).click()
    expect(page.locator("[data-try-now]")).to_be_visible()
    withdraw_request(request=link.request, now=cast.now)
    for path in ("fresh/", "questions/"):
        watch.expect_status(f"/rate/r/{link.request.uuid}/{path}", 404)
    page.context.set_offline(False)
    expect(page.locator("[data-rate=closed] .notice")).to_be_visible(timeout=15_000)
    look(page, "closed, and not saved")

    watch.expect_status("/rate/" + "x" * 22, 404)
    page.goto("/rate/" + "x" * 22)
    look(page, "closed")

    page.goto(f"/rate/{invite(asked, cast.now).token}")
    press(page, "a[href$='not-me/']")
    look(page, "not for me")
    press(page, "button.btn-primary")
    expect_error(page)
    look(page, "not for me, not ticked")
    page.locator("[name=sure]").check()
    press(page, "button.btn-primary")
    look(page, "not for me, told")


def test_the_slider(
    *, new_page: Callable[[], Page], look: Look, asked: Session, cast: SimpleNamespace
) -> None:
    Client.objects.update(answers_with=AnswersWith.SLIDER)
    page = new_page()
    to_questions(page, asked, cast.now)
    slider = page.get_by_role("slider").first
    expect(slider).to_be_visible()
    look(page, "slider, untouched")
    slider.press("End")
    look(page, "slider, touched")


def test_about_a_group(
    *, new_page: Callable[[], Page], look: Look, asked: Session, cast: SimpleNamespace
) -> None:
    meeting = factories.make_group([cast.episode], cast.now - dt.timedelta(days=1, hours=3))
    page = new_page()
    to_questions(page, meeting.attendances.get(), cast.now)
    look(page, "questions about a group")


# ---- the ways in ----


def test_the_short_address(
    *, new_page: Callable[[], Page], look: Look, watch: Watch, asked: Session, cast: SimpleNamespace
) -> None:
    page = new_page()
    page.goto("/r/")
    look(page, "letters and digits")
    watch.expect_status("/r/", 422)
    press(page, "button.btn-primary")
    expect(page.locator(".field-error")).to_have_count(2)
    look(page, "letters and digits, none typed")
    made = make_code(link=invite(asked, cast.now, RatingLink.Channel.QR).link, now=cast.now)
    page.goto(f"/r/{made.letters}")
    watch.expect_status(path_of(page), 422)
    page.locator("#digits").fill("000 000" if made.digits != "000000" else "111 111")
    press(page, "button.btn-primary")
    expect_error(page)
    look(page, "digits, wrong")
    expect(page.locator("#digits")).to_have_css("direction", "ltr")


def test_the_tablet_in_the_waiting_room(
    *, new_context: NewContext, look: Look, watch: Watch, asked: Session, cast: SimpleNamespace
) -> None:
    watch.connection_may_fail = True
    watch.expect_status("/kiosk/", 404)
    page = new_context(viewport=TABLET).new_page()
    page.goto("/kiosk/")
    look(page, "tablet, revoked or never paired")
    pair(page.context, cast, watch)
    page.clock.install()
    page.goto("/kiosk/")
    look(page, "tablet, digits")
    watch.expect_status("/kiosk/", 422)
    page.locator("#digits").fill("00")
    press(page, "form[method=post] button.btn-primary")
    expect_error(page)
    look(page, "tablet, digits wrong")
    made = make_code(link=invite(asked, cast.now, RatingLink.Channel.QR).link, now=cast.now)
    page.locator("#digits").fill(made.digits)
    press(page, "form[method=post] button.btn-primary")
    look(page, "tablet, start")
    press(page, "a.btn-primary")
    page.locator("label[for=respect-8]").click()
    page.clock.fast_forward("01:35")
    expect(page.locator("#still")).to_be_visible()
    look(page, "tablet, still there?")
    page.locator("#still button").click()
    press(page, step("review"))
    look(page, "tablet, review")
    press(page, step("send"))
    page.wait_for_url("**/thanks/")
    look(page, "tablet, thanks")
    page.context.set_offline(True)
    page.locator("#leave button").click()
    expect(page.locator("[data-say=waiting]")).to_be_visible()
    look(page, "tablet, no connection")


def pair(context: BrowserContext, cast: SimpleNamespace, watch: Watch) -> None:
    """By the link of an administrator, with nobody logged in."""
    tablet = Browser()
    token = offer_device(name="Waiting room", by=cast.ada, now=cast.now).token
    tablet.post(f"/kiosk/pair/{token}")
    cookies: list[Any] = [
        {"name": name, "value": morsel.value, "url": watch.origin}
        for name, morsel in tablet.cookies.items()
    ]
    context.add_cookies(cookies)


def test_a_tablet_that_was_handed_over(
    *, page_of: LogIn, watch: Watch, look: Look, asked: Session, cast: SimpleNamespace,
    language: str,
) -> None:  # fmt: skip
    """The client's pages in their language, those of the PIN in the one of the tablet."""
    set_pin(cast.alice, "4071")
    page = page_of(cast.alice, viewport=TABLET)
    page.goto("/tablet/")
    press(page, step("yes"))
    page.goto(f"/sessions/{asked.uuid}/hand-over/")
    press(page, "[aria-labelledby=go] button.btn-primary")
    look(page, "handed over, start")
    start = page.url
    press(page, "a[href$='not-me/']")
    look(page, "handed over, not for me")
    page.goto(start)
    press(page, "a.btn-primary")
    page.locator("label[for=respect-8]").click()
    press(page, step("review"))
    press(page, step("send"))
    page.wait_for_url("**/thanks/")
    look(page, "handed over, thanks")
    if language != "en":
        return
    page.goto("/handed/")
    look(page, "PIN")
    watch.expect_status("/handed/", 422)
    page.locator("#pin").fill("4072")
    press(page, "button.btn-primary")
    expect_error(page)
    look(page, "PIN, wrong")
    HandOver.objects.update(wrong_pins=5)
    page.goto("/handed/")
    look(page, "PIN, no more tries")


def test_the_page_that_stops_messages(
    *, new_page: Callable[[], Page], look: Look, cast: SimpleNamespace, language: str
) -> None:
    hour = dt.timedelta(hours=1)
    Client.objects.update(language=language)
    cast.here.send_from, cast.here.send_until = dt.time(0), dt.time(23, 59, 59)
    cast.here.save()
    factories.may_be_asked(cast.episode.client, cast.now - hour, "mail")
    ask_about(session=make_session(cast.episode, cast.now - hour), now=cast.now)
    Message.objects.update(due_at=cast.now)
    send_due(gateways=all_gateways(), clock=lambda: cast.now, batch=9, stop=lambda: False)
    found = re.search(r"https://[^/]+(/stop/\S+)", str(mail.outbox[-1].body))
    assert found
    page = new_page()
    page.goto(found[1])
    press(page, "button.btn-primary")
    expect_error(page)
    look(page, "stop, nothing chosen")
    page.locator("label[for=what-stop]").click()
    press(page, "button.btn-primary")
    look(page, "stop, done")
