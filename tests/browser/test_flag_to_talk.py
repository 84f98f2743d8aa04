"""From Today to "saved": a flag becomes a conversation, in a real browser."""

from __future__ import annotations

import datetime as dt
import os
from types import SimpleNamespace

import pytest
from playwright.sync_api import Page, expect

from measures.models import Flag, Repair
from sessions.models import Client, Session
from tests.browser.conftest import LogIn, LookAt
from tests.browser.walking import PHONE, tab_to
from tests.factories import make_course, make_episode, make_session, rate

pytestmark = pytest.mark.django_db(transaction=True)
LOW: list[float | None] = [9, 9, 8, 9, 9, 8, 9, 3]
MOST_CLICKS = 3


@pytest.fixture
def flag(cast: SimpleNamespace) -> Flag:
    """Of somebody without a session today, who asked to be listened to more."""
    episode = make_episode(cast.alice, "T-512", cast.today)
    make_course(episode, LOW[:-1], cast.now - dt.timedelta(days=9))
    low = make_session(episode, cast.now - dt.timedelta(days=4))
    rate(low, 7, "counselor")
    said = {"note": "It felt like boxes.", "note_for": "supervisor", "change_wish": "listen"}
    rate(low, (3, 2, 3), now=cast.now - dt.timedelta(days=4), **said)
    return Flag.objects.get()


def save(page: Page, name: str) -> None:
    folder = os.environ.get("FLAG_SHOTS")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_from_today_to_saved_in_three_clicks(
    page_of: LogIn, look_at: LookAt, cast: SimpleNamespace, flag: Flag
) -> None:
    page, clicks = page_of(cast.alice), 0
    page.goto("/today/")
    for target in (
        page.get_by_role("region", name="Not yet talked about").get_by_role("link", name="T-512"),
        page.get_by_text("Talked about", exact=True),
        page.get_by_role("button", name="Save", exact=True),
    ):
        target.click()
        clicks += 1
    expect(page.get_by_role("status").first).to_contain_text("Saved. We look again")
    assert clicks <= MOST_CLICKS
    flag.refresh_from_db()
    assert flag.state == "talked"
    look_at(page, "flag, talked about")
    save(page, "talked-1280-light")


def test_what_the_client_will_read_is_shown_as_it_is_chosen(
    page_of: LogIn, look_at: LookAt, cast: SimpleNamespace, flag: Flag
) -> None:
    Client.objects.filter(code="T-512").update(language="es")
    page = page_of(cast.alice)
    page.goto(f"/flags/{flag.uuid}/")
    preview = page.locator("#preview")
    expect(preview).to_be_hidden()
    look_at(page, "flag, new")
    save(page, "new-1280-light")
    page.get_by_text("Talked about", exact=True).click()
    page.get_by_text("empezamos con lo que a usted le importa").click()
    expect(preview).to_contain_text("“empezamos con lo que a usted le importa”")
    expect(preview).to_contain_text("Alice dijo:")
    page.get_by_text("In my own words", exact=True).click()
    page.get_by_label("In your own words, in Spanish").fill("hablo menos")
    expect(preview).to_contain_text("“hablo menos”")
    look_at(page, "flag, own words")
    save(page, "own-1280-light")
    page.emulate_media(color_scheme="dark")
    save(page, "own-1280-dark")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("has not said yet whether it happened")).to_be_visible()
    assert Repair.objects.get().released_at is not None


def test_by_keyboard_alone(page_of: LogIn, cast: SimpleNamespace, flag: Flag) -> None:
    page = page_of(cast.alice)
    page.goto(f"/flags/{flag.uuid}/")
    tab_to(page, page.locator("#did-talked"))
    page.keyboard.press("ArrowRight")  # not yet
    expect(page.get_by_label("Ask me again on")).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#did-no_concern")).to_be_checked()
    tab_to(page, page.get_by_role("button", name="Save", exact=True))
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Saved.")
    flag.refresh_from_db()
    assert flag.state == "no_concern"


def test_without_script_own_words_are_shown_before_they_are_saved(
    page_of: LogIn, cast: SimpleNamespace, flag: Flag
) -> None:
    page = page_of(cast.alice, java_script_enabled=False, **PHONE)
    page.goto(f"/flags/{flag.uuid}/")
    save(page, "new-390-no-script")
    page.locator("label[for=did-talked]").click()
    page.locator("label[for=reads-own]").click()
    page.locator("#id_own_words").fill("I talk less")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#preview")).to_contain_text("“I talk less”")
    assert not Repair.objects.exists()
    page.get_by_role("button", name="Save", exact=True).click()
    assert Repair.objects.get().released_at is not None


def test_back_to_usual_is_asked_on_a_phone(
    page_of: LogIn, look_at: LookAt, cast: SimpleNamespace, flag: Flag
) -> None:
    page = page_of(cast.alice, **PHONE)
    page.goto(f"/flags/{flag.uuid}/")
    save(page, "new-390-light")
    page.locator("label[for=did-talked]").click()
    page.get_by_label("When you talked").fill(str(cast.today - dt.timedelta(days=3)))
    page.get_by_role("button", name="Save", exact=True).click()
    for hours in (40, 6):
        session: Session = make_session(flag.episode, cast.now - dt.timedelta(hours=hours))
        rate(session, 7, "counselor")
        rate(session, 9)
    page.goto(f"/flags/{flag.uuid}/")
    look_at(page, "flag, back to usual?")
    save(page, "back-390-light")
    page.get_by_role("button", name="Yes, it is better").click()
    flag.refresh_from_db()
    assert flag.state == "better"
    save(page, "closed-390-light")
