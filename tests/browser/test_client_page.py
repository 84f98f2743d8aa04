"""The client page in a real browser: switches, files made on the spot, the line, and paper."""

import datetime as dt
import re
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from playwright.sync_api import Page, expect

from sessions.models import Session
from sessions.stories import add_event
from tests.browser.conftest import LogIn, LookAt
from tests.browser.walking import PHONE

pytestmark = pytest.mark.django_db(transaction=True)

PAGES = re.compile(rb"/Type /Page\b(?!s)")
FULL = "document.getElementById('trend-chart')._fullLayout"


@pytest.fixture
def page(page_of: LogIn, flagged: Session, cast: SimpleNamespace) -> Page:
    add_event(episode=cast.episode, kind="life_event", on=cast.today - dt.timedelta(days=12))
    page = page_of(cast.alice)
    page.goto(f"/episodes/{cast.episode.uuid}/")
    return page


def test_the_keyboard_switches_to_a_panel_for_each_question(page: Page, look_at: LookAt) -> None:
    page.get_by_role("link", name="By question").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/?draw=questions*")
    page.wait_for_function(f"{FULL}?.yaxis4")
    domains = page.evaluate(f"['yaxis', 'yaxis3', 'yaxis4'].map((axis) => {FULL}[axis].domain)")
    tops = [round(top, 3) for _bottom, top in domains]
    assert tops == sorted(tops, reverse=True)
    assert all(low[0] > high[1] for low, high in pairwise(domains))
    page.get_by_role("link", name="Sessions").click()
    page.wait_for_url("**/?draw=questions&along=sessions*")
    expect(page.get_by_role("link", name="By question")).to_have_attribute("aria-current", "true")
    page.locator("#trend-chart").focus()
    page.keyboard.press("End")
    said = r"^Session 8, .*: client 3, counselor 7\. Understanding: client 2, .* Flag\.$"
    expect(page.locator("#trend-readout")).to_have_text(re.compile(said))
    look_at(page, "client page by question")


@pytest.mark.parametrize("language", ["en", "es"])
def test_no_mark_in_the_help_runs_into_its_meaning(
    page: Page, cast: SimpleNamespace, language: str
) -> None:
    cast.alice.user.language = language
    cast.alice.user.save()
    page.goto("/help/")
    into = """[...document.querySelectorAll('.meanings > div')].filter((row) => {
      const [mark, meaning] = [row.querySelector('.chip'), row.querySelector('dd')];
      const [a, b] = [mark.getBoundingClientRect(), meaning.getBoundingClientRect()];
      return a.right > b.left && a.bottom > b.top;
    }).map((row) => row.textContent.trim())"""
    assert page.evaluate("document.querySelectorAll('.meanings > div').length") > 15
    assert page.evaluate(into) == []


def test_the_arrow_keys_stop_between_two_sessions(page: Page) -> None:
    page.locator("#trend-chart").focus()
    readout = page.locator("#trend-readout")
    for _ in range(12):
        page.keyboard.press("ArrowRight")
        if "Life event" in readout.inner_text():
            break
    expect(readout).to_have_text(re.compile(r"^[A-Z]\w+ \d+(, \d{4})?\. Life event\.$"))
    expect(page.locator(".hoverlayer .hovertext")).to_be_visible()


@pytest.mark.parametrize("kind", ["SVG", "PNG"])
def test_the_chart_becomes_a_file_here_and_nothing_is_sent(page: Page, kind: str) -> None:
    page.wait_for_function(FULL)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with page.expect_download() as download:
        page.get_by_role("button", name=f"Chart as {kind}").click()
    assert download.value.suggested_filename == f"trend.{kind.lower()}"
    content = Path(download.value.path()).read_bytes()
    assert (b"<svg" if kind == "SVG" else b"\x89PNG") in content[:300]
    assert b"T-308" not in content
    assert [url for url in asked if not url.startswith(("data:", "blob:"))] == []


def test_the_line_for_a_note_is_copied_and_says_so(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy a line for my note").click()
    expect(page.get_by_role("status").filter(has_text="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("#note-line").inner_text()
    assert "was 2.7 of 10 (session 8," in copied


def test_without_script_the_switches_and_the_line_are_there(
    page: Page, page_of: LogIn, cast: SimpleNamespace
) -> None:
    plain = page_of(cast.alice, java_script_enabled=False)
    plain.goto(f"/episodes/{cast.episode.uuid}/")
    expect(plain.locator("svg.plot")).to_be_visible()
    plain.get_by_role("link", name="By question").click()
    expect(plain.locator("svg.plot text", has_text="Understanding")).to_be_visible()
    expect(plain.locator("#note-line")).to_be_visible()
    expect(plain.get_by_role("button", name="Copy a line")).to_be_hidden()
    expect(plain.get_by_role("button", name="Chart as")).to_have_count(0)


def test_the_page_and_the_report_print_on_one_page(page: Page) -> None:
    page.wait_for_function(FULL)
    for size in ("A4", "Letter"):
        assert len(PAGES.findall(page.pdf(format=size))) == 1
    page.get_by_role("link", name="One page").click()
    expect(page.locator("svg.plot")).to_be_visible()
    for size in ("A4", "Letter"):
        assert len(PAGES.findall(page.pdf(format=size))) == 1


def test_the_pages_around_it(page: Page, look_at: LookAt, cast: SimpleNamespace) -> None:
    uuid = cast.episode.uuid
    page.goto(f"/episodes/{uuid}/events/")
    page.get_by_label("When").fill("2999-01-01")
    page.get_by_role("button", name="Mark it on the chart").click()
    expect(page.get_by_text("Pick a date that is not in the future.")).to_be_visible()
    look_at(page, "mark an event, wrong")
    for goal in ("To sleep.", "To sleep without anything."):
        page.goto(f"/episodes/{uuid}/goal/")
        page.get_by_label("in their own words").fill(goal)
        page.get_by_role("button", name="Save").click()
    page.get_by_text("What it was before").click()
    expect(page.get_by_text("To sleep.", exact=True)).to_be_visible()
    look_at(page, "client page with earlier words")
    page.goto(f"/episodes/{uuid}/page/?name=yes")
    look_at(page, "one page")


def test_on_a_phone_by_question(page: Page, page_of: LogIn, cast: SimpleNamespace) -> None:
    phone = page_of(cast.alice, **PHONE)
    phone.goto(f"/episodes/{cast.episode.uuid}/?draw=questions")
    phone.wait_for_function(f"{FULL}?.yaxis4")
    wide = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert phone.evaluate(wide)
