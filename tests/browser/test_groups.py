"""A group, by keyboard at the desk and by thumb on a phone."""

import re
from types import SimpleNamespace

import pytest
from playwright.sync_api import expect

from measures.models import GroupRating, Rating
from sessions.models import GroupMeeting
from tests.browser.conftest import LogIn, LookAt, NewContext
from tests.browser.walking import PHONE, answer
from tests.factories import make_episode

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_group_is_planned_and_logged_by_keyboard_alone(
    page_of: LogIn, look_at: LookAt, cast: SimpleNamespace
) -> None:
    for number in range(9):
        make_episode(cast.alice, f"K-{number}", cast.today)
    page = page_of(cast.alice)
    page.goto("/groups/plan/")
    look_at(page, "plan a group")
    page.get_by_label("Find a code").press_sequentially("k-1")
    expect(page.get_by_role("checkbox")).to_have_count(1)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.get_by_label("Find a code").fill("k-2")
    expect(page.get_by_role("checkbox")).to_have_count(2)  # what is ticked stays in view
    page.get_by_label("K-2").press("Space")
    page.get_by_label("K-2").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Group")
    page.get_by_role("radio", name="Came").first.focus()
    page.keyboard.press("ArrowRight")
    page.get_by_role("radio", name="7 of 10").first.press("Space")
    look_at(page, "log a group")
    page.get_by_role("main").get_by_role("button", name="Save", exact=True).press("Enter")
    expect(page.get_by_text("Saved.")).to_be_visible()
    states = GroupMeeting.objects.get().attendances.order_by("episode_id")
    assert list(states.values_list("status", flat=True)) == ["missed", "held"]
    assert GroupRating.objects.get().respect == 7


def test_a_slip_is_answered_on_the_own_phone(
    *, page_of: LogIn, new_context: NewContext, look_at: LookAt, cast: SimpleNamespace
) -> None:
    desk = page_of(cast.alice, **PHONE)
    desk.goto("/groups/plan/")
    desk.get_by_label("T-308").check()
    desk.get_by_role("button", name="Save the group").tap()
    desk.get_by_role("main").get_by_role("button", name="Save", exact=True).tap()
    desk.get_by_role("button", name="Slips for their own phones").tap()
    expect(desk.get_by_role("heading", level=1)).to_have_text("1 slip to print")
    look_at(desk, "slips for their own phones")
    address = desk.locator(".code-slip .address").inner_text()
    digits = desk.locator(".code-slip .figure").inner_text()
    phone = new_context(**PHONE).new_page()
    phone.goto(f"http://{address}")
    phone.get_by_label("The six digits").fill(digits)
    phone.get_by_role("button", name="Go on").tap()
    phone.get_by_role("link", name="Start").tap()
    expect(phone.get_by_text(re.compile("How much respect was there in the group"))).to_be_visible()
    answer(phone, "8", "7", "6")
    phone.get_by_role("button", name="Check my answers").tap()
    phone.get_by_role("button", name="Send my answers").tap()
    expect(phone.get_by_role("heading", level=1)).to_contain_text("Thank you")
    assert Rating.objects.get().respect == 8
