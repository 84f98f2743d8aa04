"""The administrator's pages, holds and transfers in a real browser: axe, widths, both colors."""

from __future__ import annotations

from types import SimpleNamespace

from playwright.sync_api import Page, expect

from sessions.models import Cover, Pause
from tests import factories


def test_the_staff_the_sensitivity_and_the_fair_use_statement(page_of, look_at, cast, watch):
    ada = page_of(cast.ada)
    ada.goto("/settings/staff/")
    look_at(ada, "staff")
    ada.goto("/settings/sensitivity/")
    look_at(ada, "sensitivity")
    member = f"/settings/staff/{cast.alice.uuid}/"
    watch.expect_status(f"{member}cover/", 422)
    ada.goto(member)
    ada.get_by_label("Who stands in").select_option("Bob")
    submit(ada, "Let them stand in")
    look_at(ada, "member, cover wrong")
    ada.get_by_label("Who stands in").select_option("Bob")
    ada.locator("#id_to_on").fill(str(cast.today))
    submit(ada, "Let them stand in")
    assert Cover.objects.get().stands_in == cast.bob
    ada.goto(f"{member}leave/")
    look_at(ada, "leaving")
    ada.goto("/settings/fair-use/")
    ada.get_by_label("The director's name").fill("Dr. Lee")
    submit(ada, "Signed")
    look_at(ada, "fair use")
    submit(ada, "I have read it")
    expect(ada.get_by_role("heading", name="Settings")).to_be_visible()


def test_on_hold_back_and_transferred(page_of, look_at, cast: SimpleNamespace):
    factories.make_course(cast.episode, [8, 8, 8], cast.now)
    alice = page_of(cast.alice)
    path = f"/episodes/{cast.episode.uuid}/"
    alice.goto(f"{path}hold/")
    look_at(alice, "put on hold")
    alice.get_by_label("In detox").check()
    submit(alice, "Put on hold")
    look_at(alice, "client on hold")
    alice.goto(f"{path}hold/")
    look_at(alice, "on hold")
    alice.goto(path)
    submit(alice, "They are back")
    assert Pause.objects.get().to_on == cast.today
    alice.goto(f"{path}transfer/")
    look_at(alice, "transfer")
    alice.get_by_label("Colleague").select_option("Bob")
    submit(alice, "Transfer")
    cast.episode.refresh_from_db()
    assert cast.episode.reason == "transferred"


def submit(page: Page, name: str) -> None:
    page.get_by_role("main").get_by_role("button", name=name, exact=True).click()
    page.wait_for_load_state()
