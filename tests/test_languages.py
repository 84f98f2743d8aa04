"""Every page in the language of whoever reads it, as a whole."""

from __future__ import annotations

import datetime as dt
import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from measures.models import Rater
from sessions.languages import staff_language
from tests.factories import make_session, rate

pytestmark = pytest.mark.django_db

HTML = re.compile(r'<html lang="([\w-]+)"( dir="rtl")?>')


def language_of(response: Any) -> str:
    found = HTML.search(response.content.decode())
    assert found, "The page does not say its language."
    assert response.headers.get("Content-Language", found[1]) == found[1]
    assert bool(found[2]) == (found[1] == "ar")
    return found[1]


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("", "en"),
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("en-US,en;q=0.9,es;q=0.8", "en"),
        ("fr,es;q=0.5", "es"),
        ("ar,es;q=0.5", "es"),
        ("ar", "en"),
        ("*;q=x, ,;", "en"),
    ],
)
def test_a_stranger_reads_the_log_in_page_as_the_browser_asks(asked: str, language: str) -> None:
    page = Browser().get(reverse("account_login"), headers={"Accept-Language": asked})
    assert language_of(page) == language


@pytest.mark.parametrize(("asked", "language"), [("ar-EG", "ar"), ("es", "es"), ("fr", "en")])
def test_who_holds_no_link_reads_closed_as_the_browser_asks(asked: str, language: str) -> None:
    page = Browser().get(reverse("rate", args=["x" * 22]), headers={"Accept-Language": asked})
    assert page.status_code == 404
    assert language_of(page) == language


@pytest.mark.parametrize(
    ("wishes", "language"),
    [
        (("es", "en", "en"), "es"),
        (("en", "es", "es"), "en"),
        (("", "es", "en"), "es"),
        (("", "ar", "es"), "es"),
        (("", "", "es"), "es"),
        (("", "", "en"), "en"),
        (("ar", "", "en"), "en"),  # the staff's pages are not complete in it
    ],
)
def test_staff_read_the_language_they_chose(
    cast: SimpleNamespace, log_in: Any, wishes: tuple[str, str, str], language: str
) -> None:
    own, asked, organization = wishes
    cast.alice.user.language = own
    cast.alice.user.save()
    cast.alice.organization.language = organization
    cast.alice.organization.save()
    browser = log_in(cast.alice)
    for route in ("today", "supervision"):  # the second answers alice with a 404
        page = browser.get(reverse(route), headers={"Accept-Language": asked})
        assert language_of(page) == language


def test_one_persons_language_does_not_stay_for_the_next(
    cast: SimpleNamespace, log_in: Any
) -> None:
    cast.alice.user.language = "es"
    cast.alice.user.save()
    alice, bob = log_in(cast.alice), log_in(cast.bob)
    assert language_of(alice.get(reverse("today"))) == "es"
    assert language_of(bob.get(reverse("today"))) == "en"


def test_a_language_is_chosen_on_the_account_page(cast: SimpleNamespace, log_in: Any) -> None:
    browser = log_in(cast.alice)
    page = browser.post(reverse("account"), {"language": "es"}, follow=True)
    cast.alice.user.refresh_from_db()
    assert cast.alice.user.language == "es"
    assert language_of(page) == "es"
    browser.post(reverse("account"), {"language": ""})
    cast.alice.user.refresh_from_db()
    assert cast.alice.user.language == ""


def test_a_language_without_complete_pages_is_not_offered(
    cast: SimpleNamespace, log_in: Any
) -> None:
    page = log_in(cast.alice).post(reverse("account"), {"language": "ar"})
    cast.alice.user.refresh_from_db()
    assert (page.status_code, cast.alice.user.language) == (200, "")


@pytest.mark.parametrize(
    ("own", "organization", "language"),
    [("es", "en", "es"), ("", "es", "es"), ("", "ar", "en"), ("ar", "es", "es")],
)
def test_mails_to_staff_are_in_their_language(
    cast: SimpleNamespace, own: str, organization: str, language: str
) -> None:
    cast.alice.user.language, cast.alice.organization.language = own, organization
    assert staff_language(cast.alice.user, cast.alice.organization) == language


def test_a_note_says_in_which_language_it_was_answered(cast: SimpleNamespace, log_in: Any) -> None:
    session = make_session(cast.episode, cast.now - dt.timedelta(hours=2))
    rate(session, 7, Rater.COUNSELOR)
    rating = rate(session, 7, note="Fue muy rápido.", language="es", now=cast.now)
    browser = log_in(cast.alice)
    for address in (
        reverse("note", args=[rating.uuid]),
        reverse("episode", args=[cast.episode.uuid]),
    ):
        page = browser.get(address).content.decode()
        assert '<bdi lang="es">Fue muy rápido.</bdi>' in page
        assert "Answered in Spanish." in page
        in_spanish = browser.get(address, headers={"Accept-Language": "es"}).content.decode()
        assert "Fue muy rápido." in in_spanish
        assert "Contestado en" not in in_spanish


def test_a_note_in_the_language_of_the_page_says_nothing_about_it(
    cast: SimpleNamespace, log_in: Any
) -> None:
    session = make_session(cast.episode, cast.now - dt.timedelta(hours=2))
    rating = rate(session, 7, note="That was fast.", now=cast.now)
    page = log_in(cast.alice).get(reverse("note", args=[rating.uuid])).content.decode()
    assert '<bdi lang="en">That was fast.</bdi>' in page
    assert "Answered in" not in page
