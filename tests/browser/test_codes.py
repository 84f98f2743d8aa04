"""The page with the QR code, and the short address for phones that cannot scan it."""

import re
from types import SimpleNamespace

import pytest
from playwright.sync_api import Page, expect

from measures.models import RatingCode
from sessions.models import Session
from tests.browser.conftest import LogIn, LookAt, NewContext
from tests.browser.walking import PHONE, Watch

pytestmark = pytest.mark.django_db(transaction=True)


def show_the_code(page: Page, cast: SimpleNamespace) -> tuple[str, str]:
    page.goto(f"/episodes/{cast.episode.uuid}/")
    page.get_by_role("button", name="Show the QR code").click()
    return page.locator("dd.address").inner_text(), page.locator("#digits").inner_text()


def test_an_old_phone_types_what_the_counselor_shows(
    *,
    page_of: LogIn,
    new_context: NewContext,
    look_at: LookAt,
    watch: Watch,
    held: Session,
    cast: SimpleNamespace,
) -> None:
    desk = page_of(cast.alice)
    address, digits = show_the_code(desk, cast)
    look_at(desk, "QR code, address and digits")

    phone = new_context(**PHONE, java_script_enabled=False).new_page()
    phone.goto(f"http://{address}")
    path = phone.url.removeprefix(watch.origin)
    watch.expect_status(path, 422)
    phone.get_by_label("The six digits").fill("12 34 56" if digits != "123 456" else "654321")
    phone.get_by_role("button", name="Go on").tap()
    expect(phone.get_by_role("alert")).to_contain_text("These do not open anything.")
    phone.get_by_label("The six digits").fill(digits)
    phone.get_by_role("button", name="Go on").tap()
    expect(phone).to_have_url(re.compile(r"/rate/r/[0-9a-f-]{36}/$"))
    expect(phone.get_by_role("link", name="Start")).to_be_visible()

    watch.expect_status("/r/", 422)
    other = new_context(**PHONE).new_page()
    other.goto("/r/")
    other.get_by_role("button", name="Go on").tap()
    expect(other.locator(".field-error")).to_have_count(2)
    look_at(other, "type letters and digits, empty")


def test_the_page_keeps_its_code_while_it_is_in_view_and_says_when_it_is_closed(
    page_of: LogIn, look_at: LookAt, held: Session, cast: SimpleNamespace
) -> None:
    page = page_of(cast.alice)
    page.clock.install()
    show_the_code(page, cast)
    page.wait_for_load_state()  # the script has begun to count
    until = page.locator("#code-until")
    until.evaluate("(element) => { element.textContent = ''; }")
    page.clock.fast_forward("04:01")
    expect(until).to_have_text(re.compile(r"\d:\d\d"))
    expect(page.locator("#code-closed")).to_be_hidden()

    RatingCode.objects.update(wrong_tries=5)
    page.clock.fast_forward("04:01")
    expect(page.locator("#code-closed")).to_have_text("This code is closed. Make a new one.")
    look_at(page, "QR code, its digits closed")
    page.get_by_role("button", name="New code").click()
    expect(page.locator("#code-closed")).to_be_hidden()
    assert RatingCode.objects.get().wrong_tries == 0
