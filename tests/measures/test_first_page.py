"""The first page: nothing about anybody, and the languages in their own names."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from django.test import Client as Browser

from measures.capture.visits import LANGUAGE_COOKIE
from measures.models import Rating
from sessions.models import Client
from tests.measures.link_holder import LinkHolder, invite

LANGUAGES = [("en", "English"), ("es", "Spanish"), ("ar", "Arabic"), ("de", "German")]


@pytest.fixture
def holder(cast: SimpleNamespace) -> LinkHolder:
    holder = invite(cast.episode, cast.now)
    holder.open()
    return holder


def text(response: object) -> str:
    return str(response.content.decode())  # type: ignore[attr-defined]


def language_of(response: object) -> str:
    found = re.search(r'<html lang="([^"]+)"( dir="rtl")?', text(response))
    assert found
    return found[1] + (" rtl" if found[2] else "")


def test_each_language_stands_there_in_its_own_name(holder, settings):
    settings.LANGUAGES = LANGUAGES
    page = text(holder.get())
    shown = re.findall(r'\?language=(\w+)" lang="(\w+)"[^>]*><bdi>([^<]+)</bdi>', page)
    names = {"en": "English", "es": "Español", "ar": "العربيّة", "de": "Deutsch"}
    assert shown == [(code, code, name) for code, name in names.items()]
    assert re.findall(r'lang="(\w+)"[^>]*aria-current', page) == ["en"]


def test_one_language_is_no_choice(holder, settings):
    settings.LANGUAGES = LANGUAGES[:1]
    assert "?language=" not in text(holder.get())


@pytest.mark.parametrize(("code", "shown"), [("es", "es"), ("ar", "ar rtl")])
def test_the_language_that_was_tapped_holds_for_every_page_of_the_visit(cast, holder, code, shown):
    assert language_of(holder.get(f"?language={code}")) == shown
    pages = [holder.get(page) for page in ("", "questions/", "decline/", "not-me/")]
    pages += [holder.review(), holder.post(step="change")]
    holder.send()
    pages.append(holder.get("thanks/"))
    assert {language_of(page) for page in pages} == {shown}
    assert Rating.objects.get().answers["language"] == code
    client = Client.objects.get(pk=cast.episode.client_id)
    assert client.language == "en", "only for this visit"


def test_tapping_back_to_the_own_language_works(cast, holder):
    Client.objects.update(language="es")
    assert language_of(holder.get()) == "es"
    holder.get("?language=en")
    assert language_of(holder.get("questions/")) == "en"


@pytest.mark.parametrize("asked", ["xx", "", "ES", "../es", "en%00", "es-mx"])
def test_what_is_no_language_changes_nothing(holder, asked):
    answer = holder.get(f"?language={asked}")
    assert answer.status_code in {200, 400}
    assert LANGUAGE_COOKIE not in answer.cookies
    assert language_of(holder.get("questions/")) == "en"


def test_the_choice_stays_on_this_device_and_with_this_link(cast, holder, settings):
    settings.SESSION_COOKIE_SECURE = True
    cookie = holder.get("?language=es").cookies[LANGUAGE_COOKIE]
    assert cookie["path"] == holder.path()
    assert (cookie["httponly"], cookie["secure"], cookie["max-age"]) == (True, True, "")
    other = LinkHolder(holder.made, Browser())
    other.open()
    assert language_of(other.get()) == "en"


def test_a_made_up_language_in_the_cookie_is_not_believed(holder):
    holder.browser.cookies[LANGUAGE_COOKIE] = "xx"
    assert language_of(holder.get()) == "en"


def test_no_title_names_anybody(cast, holder):
    pages = [holder.get(page) for page in ("", "questions/", "decline/", "not-me/")]
    pages.append(holder.review())
    holder.send()
    pages.append(holder.get("thanks/"))
    titles = {re.search("<title>(.*?)</title>", text(page))[1] for page in pages}  # type: ignore[index]
    assert titles == {"Three questions", "Check your answers.", "Thank you."}
