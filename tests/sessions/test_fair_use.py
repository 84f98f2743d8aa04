"""The fair-use statement: signed by the director, read once by everybody, always to be found."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from measures.models import RatingLink
from sessions.models import FairUse, Membership
from tests.factories import invite, make_session

pytestmark = pytest.mark.django_db

QUESTION = "I have read it"


def sign(browser, day, name="Dr. Lee"):
    return browser.post(reverse("fair_use_sign"), {"signed_by": name, "signed_on": str(day)})


def asks(browser, path):
    """Whether the statement stands in place of a page."""
    answer = browser.get(path, follow=True)
    return answer.status_code == 403 and QUESTION in answer.content.decode()


def test_everybody_reads_it_once_after_it_is_signed(cast, log_in):
    ada, alice, eve = (log_in(member) for member in (cast.ada, cast.alice, cast.eve))
    home = reverse("home")
    assert not asks(alice, home)
    assert "Nobody has signed this here yet." in alice.get(reverse("about")).content.decode()
    sign(ada, cast.today)
    assert asks(alice, home)
    assert not asks(eve, home)  # another organization's
    page = alice.get(reverse("fair_use")).content.decode()
    assert "or to rank anyone" in page
    assert "Dr. Lee" in page
    assert QUESTION in page
    assert alice.post(reverse("fair_use")).url == home
    assert not asks(alice, home)
    assert "Dr. Lee" in alice.get(reverse("about")).content.decode()
    assert QUESTION not in alice.get(reverse("fair_use")).content.decode()


def test_it_leads_on_to_the_page_asked_for(cast, log_in):
    alice = log_in(cast.alice)
    sign(log_in(cast.ada), cast.today)
    path = f"/episodes/{cast.episode.uuid}/?along=sessions"
    page = alice.get(path).content.decode()
    assert f'name="next" value="{path}"' in page
    assert alice.post(reverse("fair_use"), {"next": path}).url == path
    assert not asks(alice, path)


@pytest.mark.parametrize(
    "away", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1", "x", ""]
)
def test_it_leads_nowhere_else(cast, log_in, away):
    alice = log_in(cast.alice)
    assert alice.post(reverse("fair_use"), {"next": away}).url == reverse("home")


def test_what_was_typed_meanwhile_is_saved_all_the_same(cast, log_in):
    alice = log_in(cast.alice)
    sign(log_in(cast.ada), cast.today)
    answer = alice.post(
        f"/episodes/{cast.episode.uuid}/events/", {"kind": "referral", "on": str(cast.today)}
    )
    assert answer.status_code == 302
    assert cast.episode.events.count() == 1
    assert asks(alice, answer.url)


def test_a_client_beside_a_counselor_who_has_not_read_it_is_asked_nothing(cast, log_in):
    alice = log_in(cast.alice)
    sign(log_in(cast.ada), cast.today)
    session = make_session(cast.episode, cast.now - dt.timedelta(hours=1))
    made = invite(session, cast.now, RatingLink.Channel.LINK)
    assert not asks(alice, f"/rate/{made.token}")


def an_hour_passes(now: dt.datetime) -> None:
    """On PostgreSQL a test is one transaction, with one time."""
    early = now - dt.timedelta(hours=1)
    Membership.objects.filter(fair_use_read_at__isnull=False).update(fair_use_read_at=early)
    FairUse.objects.update(entered_at=early)


def test_what_is_signed_anew_is_shown_anew_and_the_old_one_is_kept(cast, log_in):
    ada, alice = log_in(cast.ada), log_in(cast.alice)
    sign(ada, cast.today)
    alice.post(reverse("fair_use"))
    an_hour_passes(cast.now)
    assert not asks(alice, reverse("home"))
    sign(ada, cast.today, "Dr. Ruiz")
    assert asks(alice, reverse("home"))
    assert "Dr. Ruiz" in alice.get(reverse("about")).content.decode()
    assert FairUse.objects.count() == 2


@pytest.mark.parametrize(
    ("day", "name", "sentence"),
    [(1, "Dr. Lee", "not in the future"), (0, "", "This field is required.")],
)
def test_what_cannot_be_is_said(cast, log_in, day, name, sentence):
    answer = sign(log_in(cast.ada), cast.today + dt.timedelta(days=day), name)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not FairUse.objects.exists()


def test_the_administrator_sees_how_many_have_read_it(cast, log_in):
    ada, alice = log_in(cast.ada), log_in(cast.alice)
    page = reverse("fair_use_sign")
    sign(ada, cast.today)
    for browser in (ada, alice):
        browser.post(reverse("fair_use"))
    everybody = Membership.objects.active_on(cast.today).filter(organization=cast.here).count()
    assert f"2 of {everybody} on the staff have read it." in ada.get(page).content.decode()
    an_hour_passes(cast.now)
    sign(ada, cast.today)  # anew: everybody reads it once more
    ada.post(reverse("fair_use"))
    assert f"1 of {everybody} on the staff has read it." in ada.get(page).content.decode()
