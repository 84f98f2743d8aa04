"""Today in a browser: the cover, a call in one key, a note."""

from __future__ import annotations

import os
import re
from types import SimpleNamespace

from playwright.sync_api import Page, expect

from sessions.models import Contact
from tests.browser.conftest import DESK, LogIn, LookAt
from tests.browser.walking import PHONE


def everything_readable(page: Page) -> str:
    """What eyes, a screen reader and the browser's search can get at."""
    return str(
        page.evaluate("document.title + document.body.innerText + document.body.textContent")
    )


def test_one_key_covers_everything_and_shows_it_again(
    page_of: LogIn, busy: SimpleNamespace, look_at: LookAt
) -> None:
    page = page_of(busy.alice)
    page.goto("/caseload/")
    page.get_by_label("Find").fill("half a na")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Show it again")).to_be_focused()
    hidden = everything_readable(page)
    assert "T-308" not in hidden
    assert "Jo Doe" not in hidden
    assert page.title() == "Alliance"
    look_at(page, "covered")
    page.keyboard.press("Escape")
    expect(page.get_by_label("Find")).to_have_value("half a na")
    expect(page.get_by_label("Find")).to_be_focused()
    expect(page).to_have_title("Caseload")
    assert "T-308" in everything_readable(page)


def test_a_call_and_a_note_by_keyboard(
    page_of: LogIn, busy: SimpleNamespace, look_at: LookAt
) -> None:
    page = page_of(busy.alice)
    page.goto("/today/")
    look_at(page, "today, a full day")
    if folder := os.environ.get("PICTURES"):
        take(page, f"{folder}/today")
        page.goto("/caseload/")
        take(page, f"{folder}/caseload")
        page.goto("/today/")
    page.get_by_role("button", name="A-002: Reached").press("Enter")
    expect(page).to_have_url(re.compile("/today/#calls$"))
    expect(page.get_by_text("A-002: Reached.")).to_be_visible()
    page.get_by_role("button", name="A-002: Take it back").press("Enter")
    expect(page.get_by_role("button", name="A-002: Reached")).to_be_visible()
    assert not Contact.objects.standing().exists()
    page.get_by_role("button", name="T-308: Read").press("Enter")
    expect(page.get_by_text("You talked more than me.")).to_be_visible()
    look_at(page, "a note")
    page.goto("/today/")
    expect(page.get_by_text("left you a note")).to_have_count(0)


def take(page: Page, name: str) -> None:
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=f"{name}-{width}-{scheme}.png", full_page=True)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 900})


def first_section(page: Page) -> str:
    return str(page.evaluate("document.querySelector('main > section').id"))


def test_today_on_a_phone_begins_with_the_next_session(
    page_of: LogIn, busy: SimpleNamespace
) -> None:
    page = page_of(busy.alice, **PHONE)
    page.goto("/today/")
    expect(page.get_by_role("link", name=re.compile("^Next: "))).to_have_count(0)
    assert first_section(page) == "next"
    below = page.locator("main > section:not(#next)").first.bounding_box()
    card = page.locator("#next").bounding_box()
    assert card
    assert below
    assert card["y"] < below["y"]
    page.set_viewport_size(DESK)
    expect(page.locator("main > section#next")).to_be_visible()
    assert first_section(page) != "next"


def test_without_script_a_link_leads_to_the_next_session(
    page_of: LogIn, busy: SimpleNamespace
) -> None:
    page = page_of(busy.alice, **PHONE, java_script_enabled=False)
    page.goto("/today/")
    page.get_by_role("link", name=re.compile("^Next: ")).tap()
    expect(page.locator("#next")).to_be_in_viewport()
