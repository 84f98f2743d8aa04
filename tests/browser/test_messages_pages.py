"""How a client wants to be asked, whose messages do not arrive, and the page that stops them."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pytest
from playwright.sync_api import Page, expect

from measures.capture.tokens import hash_token, new_token
from measures.models import RatingLink
from sessions.agreements import agreement, stop_contact
from sessions.models import Consent, ContactStop
from tests import factories
from tests.browser.conftest import LogIn, LookAt, NewContext
from tests.browser.walking import choose
from tests.measures.link_holder import invite


def test_the_front_desk_goes_through_it_with_a_client(
    page_of: LogIn, look_at: LookAt, cast: SimpleNamespace
) -> None:
    client = cast.episode.client
    page = page_of(cast.finn)
    page.goto(f"/clients/{client.uuid}/edit/")
    look_at(page, "how to ask, nothing chosen")
    page.get_by_text("Text message", exact=True).click()
    page.get_by_label("Phone number").fill("555")
    page.get_by_label("Their own word").fill("Clinic")
    choose(page.get_by_role("group", name="Do they agree to be asked?"), "Yes")
    choose(page.get_by_role("group", name="Do they agree to get messages?"), "Yes")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("may tell others what this is about")).to_be_visible()
    expect(page.get_by_text("Give the number with +")).to_be_visible()
    look_at(page, "how to ask, wrong")
    page.get_by_label("Phone number").fill("312 555 0142")
    page.get_by_label("Their own word").fill("Bluebird")
    page.get_by_label("Language").select_option("es")
    page.get_by_role("button", name="Show it as chosen").click()
    expect(page.locator(".letter-text")).to_contain_text("Bluebird: sus 3 preguntas")
    assert page.url.endswith("#message")
    assert agreement(client, Consent.Purpose.ASKED, cast.now) is None, "shown, not stored"
    look_at(page, "how to ask, the message in Spanish")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("After every session")).to_be_visible()
    look_at(page, "client, with choices")
    later = cast.now + dt.timedelta(hours=1)
    assert agreement(client, Consent.Purpose.CONTACT, later) is True


def test_messages_that_do_not_arrive(
    page_of: LogIn, look_at: LookAt, cast: SimpleNamespace
) -> None:
    reasons = {cast.episode: "undelivered", cast.peers: "not_me", cast.carls: "stopped"}
    for episode, reason in reasons.items():
        stop_contact(client=episode.client, channel="sms", reason=reason, now=cast.now)
    factories.make_session(cast.episode, cast.now - dt.timedelta(minutes=1))
    page = page_of(cast.finn)
    page.goto("/day/")
    look_at(page, "day, with messages that do not arrive")
    page.get_by_role("link", name="3 clients get no messages").click()
    expect(page.get_by_role("article")).to_have_count(3)
    look_at(page, "messages")
    page.get_by_role("button", name="The address of T-308 is right, start again").click()
    expect(page.get_by_role("article")).to_have_count(2)
    page.get_by_role("link", name="Correct the address of B-001").click()
    expect(page.get_by_label("Phone number")).to_be_visible()


@pytest.mark.parametrize("language", ["en", "es", "ar"])
def test_the_page_that_stops_messages(
    new_context: NewContext, look_at: LookAt, cast: SimpleNamespace, language: str
) -> None:
    cast.episode.client.language = language
    cast.episode.client.save()
    token = new_token()
    link = invite(cast.episode, cast.now, RatingLink.Channel.MAIL).made.link
    RatingLink.objects.filter(pk=link.pk).update(stop_hash=hash_token(token))
    page: Page = new_context(java_script_enabled=True).new_page()
    page.goto(f"/stop/{token}")
    page.locator("button[type=submit]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#what-error")).to_be_visible()
    look_at(page, f"stop, nothing chosen, {language}")
    assert not ContactStop.objects.exists()
    page.locator("#what-stop").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator("form")).to_have_count(0)
    look_at(page, f"stop, done, {language}")
    assert ContactStop.objects.get().reason == ContactStop.Reason.STOPPED
