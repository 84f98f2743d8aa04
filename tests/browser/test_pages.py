"""Every page of every person, looked at in both color schemes and three widths."""

import datetime as dt
from types import SimpleNamespace

import pytest
from playwright.sync_api import Page, expect

from measures.capture.calls import ask_for_call
from measures.insight import views
from sessions.models import Session
from tests.browser.conftest import LogIn, LookAt, NewContext
from tests.browser.walking import PHONE, Watch, answer
from tests.factories import invite, make_episode, make_member, make_session, say_why, supervise

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_counselors_lists(page_of: LogIn, look_at: LookAt, busy: SimpleNamespace) -> None:
    page = page_of(busy.alice)
    for path, heading in (
        ("/today/", None),
        ("/caseload/", "Caseload"),
        ("/caseload/?show=closed", "Caseload"),
        ("/sessions/log/", "Whose session?"),
        ("/about/", "What this is and is not"),
    ):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        if heading:
            expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        page.get_by_label("Your account").click()
        look_at(page, path)


def test_the_client_page_in_every_state(
    page_of: LogIn, look_at: LookAt, busy: SimpleNamespace
) -> None:
    page = page_of(busy.alice)
    for code, sentence in (
        ("A-001", "No ratings yet."),
        ("A-003", "the same top marks"),
        ("A-004", "Higher than usual for A-004"),
        ("A-006", "No answer from A-006"),
    ):
        page.goto(f"/episodes/{busy.episodes[code].uuid}/")
        expect(page.locator("p.lead")).to_contain_text(sentence)
        for fold in page.locator("details.fold summary").all():
            fold.click()
        look_at(page, f"client page of {code}")


def test_a_counselors_forms(
    page_of: LogIn, look_at: LookAt, watch: Watch, planned: Session, cast: SimpleNamespace
) -> None:
    page = page_of(cast.alice)
    client = f"/clients/{cast.episode.client.uuid}"
    page.goto(f"{client}/")
    look_at(page, "client")
    page.goto(f"{client}/edit/")
    page.get_by_label("E-mail address").fill("nobody")
    submit(page, "Save")
    look_at(page, "edit a client, wrong")
    page.goto(f"{client}/schedule/")
    page.get_by_label("Starts at").fill("2001-01-01T09:00")
    submit(page, "Schedule")
    look_at(page, "schedule, wrong")
    page.goto("/episodes/open/")
    submit(page, "Open the episode")
    look_at(page, "open an episode, wrong")
    page.goto(f"/episodes/{cast.episode.uuid}/close/")
    submit(page, "Close the episode")
    look_at(page, "close an episode, wrong")
    page.goto("/account/password/")
    submit(page, "Save")
    look_at(page, "change my password, wrong")
    path = f"/sessions/{planned.uuid}/"
    watch.expect_status(path, 422)
    page.goto(path)
    page.get_by_label("Started at").fill("2001-01-01T09:00")
    submit(page, "Save")
    look_at(page, "log a session, wrong")


def test_the_supervisors_and_the_administrators_pages(
    page_of: LogIn, look_at: LookAt, busy: SimpleNamespace
) -> None:
    sam = page_of(busy.sam)
    sam.goto("/supervision/")
    expect(sam.get_by_role("region", name="Talk").get_by_role("article")).to_have_count(2)
    look_at(sam, "supervision, several")
    rita = page_of(busy.rita)
    rita.goto("/supervision/")
    expect(rita.get_by_text("You supervise nobody today.")).to_be_visible()
    look_at(rita, "supervision of nobody")

    dana = page_of(busy.dana)
    dana.goto("/")
    expect(dana.get_by_text("Nobody waits for a call.")).to_be_visible()
    look_at(dana, "calls, none")
    request = invite(make_session(busy.peers, busy.now), busy.now).link.request
    ask_for_call(request=request, contact=busy.dana, now=busy.now, calls_url="/calls/")
    dana.reload()
    expect(dana.get_by_role("article")).to_contain_text("No number is on record.")
    look_at(dana, "calls, one")
    dana.get_by_role("button", name="Done: B-001").click()
    expect(dana.get_by_role("region", name="Done")).to_contain_text("B-001")

    ada = page_of(busy.ada)
    ada.goto("/settings/")
    ada.get_by_label("Time zone").fill("Nowhere")
    submit(ada, "Save")
    look_at(ada, "settings, wrong")


def test_the_pages_of_nobody(
    page: Page, page_of: LogIn, look_at: LookAt, watch: Watch, cast: SimpleNamespace
) -> None:
    page.goto("/account/login/")
    page.get_by_label("Email").fill("alice@example.org")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.locator(".alert-danger, .invalid-feedback").first).to_be_visible()
    look_at(page, "log in, wrong")
    page.goto("/account/reset/")
    look_at(page, "reset")
    page.get_by_label("Email").fill(cast.alice.user.email)
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_role("heading")).to_have_text("Look in your mail")
    look_at(page, "reset, sent")
    for path in ("/account/reset/x-y/", "/account/reset/done/", "/account/inactive/"):
        page.goto(path)
        look_at(page, path)

    watch.expect_status("/", 403)
    carl = page_of(cast.carl)
    carl.goto("/")
    expect(carl.get_by_role("heading")).to_contain_text("not on the staff today")
    look_at(carl, "no membership")
    carl.goto("/account/logout/")
    look_at(carl, "log out")


def test_the_pages_of_what_went_wrong(
    *,
    page_of: LogIn,
    look_at: LookAt,
    watch: Watch,
    planned: Session,
    cast: SimpleNamespace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = page_of(cast.alice)
    watch.expect_status("/nothing/", 404)
    page.goto("/nothing/")
    expect(page.get_by_role("heading")).to_have_text("Nothing here")
    look_at(page, "404")

    cleo = make_member(cast.here, "Cleo", cast.today, counselor=True, supervisor=True)
    supervise(cleo, cast.alice, cast.today)
    say_why(cleo, cast.now)
    path = f"/sessions/{planned.uuid}/"
    watch.expect_status(path, 403)
    reader = page_of(cleo)
    reader.goto(path)
    expect(reader.get_by_role("heading")).to_have_text("Only to read")
    look_at(reader, "403")

    page.goto(path)
    page.context.clear_cookies(name="csrftoken")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading")).to_have_text("Please try again")
    look_at(page, "csrf")

    def fail(*args: object) -> None:
        raise RuntimeError("on purpose")

    monkeypatch.setattr(views, "today_of", fail)
    watch.expect_status("/today/", 500)
    page.goto("/today/")
    expect(page.get_by_role("heading")).to_have_text("Something broke")
    look_at(page, "500")


def test_a_client_who_would_rather_not(
    new_context: NewContext, look_at: LookAt, held: Session, cast: SimpleNamespace
) -> None:
    phone = new_context(**PHONE).new_page()
    phone.goto(f"/rate/{invite(held, cast.now).token}")
    phone.get_by_role("link", name="I'd rather not answer").tap()
    phone.get_by_role("button", name="OK").tap()
    expect(phone.get_by_role("alert")).to_have_text("Tick the box first, or go back.")
    look_at(phone, "decline, not ticked")
    phone.get_by_label("I'd rather not answer today.").tap()
    phone.get_by_role("button", name="OK").tap()
    expect(phone.get_by_text("chose not to answer today, and nothing more")).to_be_visible()
    look_at(phone, "declined")
    phone.get_by_role("link", name="I'd like to answer after all").tap()
    expect(phone.get_by_role("heading")).to_have_text("Three questions")
    phone.get_by_role("button", name="Check my answers").tap()
    expect(phone.get_by_role("heading")).to_have_text("You skipped all three. That is OK.")
    look_at(phone, "nothing answered")
    phone.get_by_role("button", name="Go back").tap()
    expect(phone.get_by_role("heading")).to_have_text("Three questions")


def test_a_client_who_writes_too_much_or_got_a_wrong_link(
    new_context: NewContext, look_at: LookAt, watch: Watch, held: Session, cast: SimpleNamespace
) -> None:
    link = f"/rate/{invite(held, cast.now).token}"
    phone = new_context(**PHONE).new_page()
    phone.goto(link)
    phone.get_by_role("link", name="Start").tap()
    answer(phone, "5", "5", "5")
    phone.get_by_label("Anything else?").fill("word " * 250)
    path = phone.url.removeprefix(watch.origin)
    watch.expect_status(path, 422)
    phone.get_by_role("button", name="Check my answers").tap()
    expect(phone.get_by_role("alert").first).to_contain_text("Nothing is lost.")
    expect(phone.get_by_role("radio", name="5 of 10").first).to_be_checked()
    look_at(phone, "too long")
    phone.goto(link)
    phone.get_by_role("link", name="This is not for me").tap()
    expect(phone.get_by_role("heading")).to_have_text("Is this not for you?")
    look_at(phone, "not for me")
    phone.get_by_role("button", name="Close this link").tap()
    expect(phone.get_by_role("alert")).to_have_text("Tick the box first, or go back.")
    look_at(phone, "not for me, without the tick")
    phone.get_by_label("This is not for me.").check()
    phone.get_by_role("button", name="Close this link").tap()
    expect(phone.get_by_role("heading")).to_have_text("Thank you for telling us.")
    look_at(phone, "not for me, told")


def test_a_client_whose_code_and_words_are_long(
    page_of: LogIn, look_at: LookAt, cast: SimpleNamespace
) -> None:
    """The longest code there can be, and a goal without a space in it."""
    episode = make_episode(cast.alice, "W" * 20, cast.today, goal="Donaudampfschiff" * 20)
    start = cast.now + dt.timedelta(hours=1)
    Session.objects.create(organization=cast.here, episode=episode, starts_at=start)
    page = page_of(cast.alice)
    for path in ("/today/", "/caseload/", f"/episodes/{episode.uuid}/"):
        page.goto(path)
        look_at(page, f"{path}, long code")


def submit(page: Page, name: str) -> None:
    """Send a form that must come back with what is wrong beside the field."""
    page.get_by_role("main").get_by_role("button", name=name, exact=True).click()
    expect(page.locator(".is-invalid, .field-error, .invalid-feedback").first).to_be_visible()
