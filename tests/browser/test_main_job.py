"""The whole main job in a real browser: log, ask, answer, see, supervise."""

import re
from types import SimpleNamespace

import pytest
from playwright.sync_api import Page, expect

from sessions.models import Session
from tests.browser.conftest import LogIn, LookAt, NewContext
from tests.browser.walking import PHONE, Watch, answer, choose, column, drawn, question
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)

EARLIER = [9, 9, 8, 9, 9, 8, 9]
NOTE = "You talked more than me."


def test_from_the_log_in_to_the_flag(
    *,
    page: Page,
    new_context: NewContext,
    page_of: LogIn,
    look_at: LookAt,
    watch: Watch,
    planned: Session,
    cast: SimpleNamespace,
) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    log_in_with_the_form(page, cast, look_at)
    log_the_session(page, look_at)
    link = make_a_link(page, look_at)

    phone = new_context(**PHONE).new_page()
    answer_on_the_phone(phone, link, look_at)
    open_it_again(phone, link, look_at, watch)

    page.goto("/today/")
    expect(page.get_by_text("T-308 left you a note.")).to_be_visible()
    expect(page.get_by_text("Both are in: client 2.7, you 7.0.")).to_be_visible()
    page.get_by_role("link", name="T-308", exact=True).last.click()
    see_the_flag(page, look_at)

    sam = page_of(cast.sam)
    supervise_it(sam, look_at)


def log_in_with_the_form(page: Page, cast: SimpleNamespace, look_at: LookAt) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    look_at(page, "log in")
    page.get_by_label("Email").fill(cast.alice.user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(re.compile("/today/$"))


def log_the_session(page: Page, look_at: LookAt) -> None:
    card = page.get_by_role("article").filter(has_text="T-308")
    expect(page.get_by_text("1 session today.")).to_be_visible()
    expect(card).to_contain_text("Jo Doe")
    look_at(page, "today, one planned")
    card.get_by_role("link", name="Log and rate").click()
    expect(page.get_by_role("radio", name="Held")).to_be_checked()
    look_at(page, "log a session")
    answer(page, "7", "8", "6")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".messages")).to_have_text("Saved.")
    assert drawn(page)["counselor"] == [7.0] * 8
    assert drawn(page)["client"] == EARLIER


def make_a_link(page: Page, look_at: LookAt) -> str:
    """As a QR code first, then as a link; the link is what is opened."""
    page.get_by_role("button", name="Show the QR code").click()
    code = page.get_by_role("img", name="QR code of the link below").locator("svg")
    expect(code).to_be_visible()
    assert (code.bounding_box() or {"width": 0})["width"] > 150
    shown = page.locator("#link").inner_text()
    look_at(page, "link")
    page.go_back()
    page.get_by_role("button", name="Make a link").click()
    link = page.locator("#link").inner_text().strip()
    assert link != shown
    page.get_by_role("button", name="Copy the link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == link
    return link


def answer_on_the_phone(phone: Page, link: str, look_at: LookAt) -> None:
    phone.goto(link)
    expect(phone.get_by_role("heading")).to_have_text("Three short questions.")
    assert link.rsplit("/", 1)[1] not in phone.url
    for secret in ("Alice", "T-308", "Oak Street", "Jo Doe"):
        assert secret not in phone.content()
    look_at(phone, "start")
    phone.get_by_role("link", name="Start").tap()
    expect(phone.get_by_role("heading")).to_have_text("Three questions")
    for number in (1, 2, 3):
        expect(question(phone, number).locator("input:checked")).to_have_count(0)
    look_at(phone, "questions")
    answer(phone, "3", "2", "3")
    choose(phone.get_by_role("group", name="one thing you want to be different"), "Listen more")
    phone.get_by_label("Anything else?").fill(NOTE)
    choose(phone.get_by_role("group", name="Who may read your note?"), "Alice and Sam")
    phone.get_by_role("button", name="Check my answers").tap()
    review = phone.locator("dl.review")
    shown = ["3 of 10", "2 of 10", "3 of 10", "Listen more", NOTE]
    expect(review.locator("dd:nth-child(2)")).to_have_text(shown)
    expect(review).to_contain_text("Note for Alice and Sam")
    look_at(phone, "check your answers")
    phone.get_by_role("button", name="Send my answers").tap()
    expect(phone.get_by_role("heading")).to_have_text("Thank you.")
    expect(phone.get_by_role("status")).to_have_text(re.compile("Saved."))
    expect(phone.get_by_text("Call Dana at 555-0199")).to_be_visible()
    look_at(phone, "thank you")


def open_it_again(phone: Page, link: str, look_at: LookAt, watch: Watch) -> None:
    watch.expect_status(link.removeprefix(watch.origin), 404)
    phone.goto(link)
    expect(phone.get_by_role("heading")).to_have_text("This page is closed.")
    look_at(phone, "closed")


def see_the_flag(page: Page, look_at: LookAt) -> None:
    """The chart, the table and the sentences say the same."""
    seen = drawn(page)
    assert seen["client"] == [*EARLIER, 2.7]
    assert seen["counselor"] == [7.0] * 8
    assert seen["flags"] == [2.7]
    assert seen["laneFlags"] == 1
    assert seen["bands"] == 1
    low, high = column(page, "Usual")[-1].split(" to ")
    assert float(low) > 2.7
    assert [float(each) for each in column(page, "Client")] == seen["client"]
    assert [float(each) for each in column(page, "Counselor")] == seen["counselor"]
    assert column(page, "Respect")[-1] == "3"
    assert column(page, "Understanding")[-1] == "2"
    assert column(page, "What happened") == [""] * 7 + ["Flag"]
    chart = page.get_by_role("group", name="Client and counselor ratings by session.")
    expect(chart).to_have_accessible_name(re.compile(rf"2\.7, usual {low} to {high}.* 1 flag\."))
    expect(page.locator("p.lead")).to_contain_text(f"2.7, where {low} to {high} would be usual")
    expect(page.get_by_text("the rest are chance")).to_be_visible()
    expect(page.locator("header .chip")).to_have_text(["Lower than usual", "Not yet talked about"])
    expect(page.get_by_role("list", name="Key to the chart")).to_contain_text("Flag")
    story = page.locator("ol.line")
    expect(story).to_contain_text("wrote, for the counselor and the supervisor")
    expect(story).to_contain_text(NOTE)
    expect(story).to_contain_text("Listen more")
    look_at(page, "client page with a flag")


def supervise_it(page: Page, look_at: LookAt) -> None:
    page.goto("/")
    expect(page).to_have_url(re.compile("/supervision/$"))
    talk = page.get_by_role("region", name="Talk")
    entry = talk.get_by_role("article").filter(has_text="T-308")
    expect(entry).to_contain_text("Lower than usual")
    expect(entry).to_contain_text("with Alice")
    look_at(page, "supervision")
    entry.locator("summary").click()
    look_at(page, "why a case is opened")
    entry.get_by_role("button", name="Preparing supervision").click()
    seen = drawn(page)
    assert seen["client"] == [*EARLIER, 2.7]
    assert seen["flags"] == [2.7]
    expect(page.get_by_text(NOTE)).to_be_visible()
    for act in ("Log", "Start now", "Show the QR code", "Make a link", "Schedule", "Close the"):
        expect(page.get_by_role("button", name=act)).to_have_count(0)
        expect(page.get_by_role("main").get_by_role("link", name=act)).to_have_count(0)
    expect(page.get_by_role("main").locator("form")).to_have_count(0)
    look_at(page, "flag page, read only")


def test_the_front_desk_hands_out_a_code_and_sees_no_scores(
    page_of: LogIn, look_at: LookAt, watch: Watch, held: Session, cast: SimpleNamespace
) -> None:
    page = page_of(cast.finn)
    page.goto("/")
    expect(page).to_have_url(re.compile("/day/$"))
    expect(page.get_by_role("region", name="Who comes")).to_contain_text("with Alice")
    look_at(page, "day list")
    check_without_scores(page)
    page.get_by_role("link", name="T-308").click()
    expect(page.get_by_role("heading", name="T-308")).to_be_visible()
    expect(page.get_by_role("link", name="With Alice")).to_have_count(0)
    check_without_scores(page)
    page.goto("/day/")
    page.get_by_role("button", name="Show the QR code for T-308").click()
    expect(page.get_by_role("img", name="QR code of the link below")).to_be_visible()
    check_without_scores(page)
    path = f"/episodes/{cast.episode.uuid}/"
    watch.expect_status(path, 404)
    page.goto(path)
    expect(page.get_by_role("heading")).to_have_text("Nothing here")


def check_without_scores(page: Page) -> None:
    text = page.locator("body").inner_text()
    for word in ("Lower", "usual", "Trend", "rating", "Respect", "flag ", "declined"):
        assert word not in text.replace("A flag is an invitation", ""), word
    assert not re.search(r"\b\d\.\d\b", text), text
    expect(page.locator(".spark, .trend-chart, .chip")).to_have_count(0)


def test_a_client_answers_without_script_on_the_narrowest_phone(
    page_of: LogIn, new_context: NewContext, held: Session, cast: SimpleNamespace
) -> None:
    page = page_of(cast.alice)
    link = link_for(page, cast)
    narrow = {**PHONE, "viewport": {"width": 320, "height": 568}}
    phone = new_context(**narrow, java_script_enabled=False).new_page()
    phone.goto(link)
    phone.get_by_role("link", name="Start").tap()
    for number, label in ((1, "3"), (2, "Skip this one"), (3, "10")):
        question(phone, number).locator("label.btn").get_by_text(label, exact=True).tap()
    phone.get_by_text("More", exact=True).tap()
    expect(phone.get_by_text("judge")).to_be_visible()
    phone.get_by_role("button", name="Check my answers").tap()
    phone.get_by_role("button", name="Change: ").first.tap()
    expect(question(phone, 2).get_by_role("radio", name="Skip this one")).to_be_checked()
    question(phone, 1).locator("label.btn").get_by_text("4", exact=True).tap()
    phone.get_by_role("button", name="Check my answers").tap()
    expect(phone.locator("dl.review dd:nth-child(2)")).to_have_text(
        ["4 of 10", "skipped", "10 of 10"]
    )
    phone.get_by_role("button", name="Send my answers").tap()
    expect(phone.get_by_role("heading")).to_have_text("Thank you.")

    page.goto(f"/episodes/{cast.episode.uuid}/")
    assert drawn(page)["client"][-1] == 7.0


def test_sending_from_two_tabs_stores_the_first_answers_only(
    page_of: LogIn, new_context: NewContext, watch: Watch, held: Session, cast: SimpleNamespace
) -> None:
    page = page_of(cast.alice)
    link = link_for(page, cast)
    first = new_context(**PHONE).new_page()
    first.goto(link)
    start = first.url
    cookies = first.context.storage_state()
    same, other = (new_context(**PHONE, storage_state=cookies).new_page() for _ in range(2))
    for tab, value in ((first, "9"), (same, "9"), (other, "1")):
        tab.goto(start)
        tab.get_by_role("link", name="Start").tap()
        answer(tab, value, value, value)
        tab.get_by_role("button", name="Check my answers").tap()
        expect(tab.get_by_role("heading")).to_have_text("Check your answers.")
    for tab in (first, same):
        tab.get_by_role("button", name="Send my answers").tap()
        expect(tab.get_by_role("heading")).to_have_text("Thank you.")
    watch.expect_status(other.url.removeprefix(watch.origin), 409)
    other.get_by_role("button", name="Send my answers").tap()
    expect(other.get_by_role("heading")).to_have_text("Your first answers are saved.")
    page.goto(f"/episodes/{cast.episode.uuid}/")
    assert drawn(page)["client"][-1] == 9.0


def test_back_from_the_review_finds_the_answers_where_they_were(
    page_of: LogIn, new_context: NewContext, held: Session, cast: SimpleNamespace
) -> None:
    link = link_for(page_of(cast.alice), cast)
    phone = new_context(**PHONE).new_page()
    phone.goto(link)
    phone.get_by_role("link", name="Start").tap()
    answer(phone, "3", "2", "3")
    phone.get_by_label("Anything else?").fill(NOTE)
    phone.get_by_role("button", name="Check my answers").tap()
    expect(phone.get_by_role("heading")).to_have_text("Check your answers.")
    phone.go_back()
    expect(question(phone, 2).get_by_role("radio", name="2 of 10")).to_be_checked()
    expect(phone.get_by_label("Anything else?")).to_have_value(NOTE)


def link_for(page: Page, cast: SimpleNamespace) -> str:
    page.goto(f"/episodes/{cast.episode.uuid}/")
    page.get_by_role("button", name="Make a link").click()
    return page.locator("#link").inner_text().strip()
