"""The fair-use statement: signed by the director, read once by everybody, always to be found."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from sessions.models import FairUse, Membership

pytestmark = pytest.mark.django_db


def sign(browser, day, name="Dr. Lee"):
    return browser.post(reverse("fair_use_sign"), {"signed_by": name, "signed_on": str(day)})


def test_everybody_reads_it_once_after_it_is_signed(cast, log_in):
    ada, alice, eve = (log_in(member) for member in (cast.ada, cast.alice, cast.eve))
    home = reverse("home")
    assert alice.get(home).url == reverse("today")
    assert "Nobody has signed this here yet." in alice.get(reverse("about")).content.decode()
    sign(ada, cast.today)
    assert alice.get(home).url == reverse("fair_use")
    assert eve.get(home).url != reverse("fair_use")  # another organization's
    page = alice.get(reverse("fair_use")).content.decode()
    assert "or to rank anyone" in page
    assert "Dr. Lee" in page
    assert "I have read it" in page
    assert alice.post(reverse("fair_use")).url == home
    assert alice.get(home).url == reverse("today")
    assert "Dr. Lee" in alice.get(reverse("about")).content.decode()
    assert "I have read it" not in alice.get(reverse("fair_use")).content.decode()


def test_what_is_signed_anew_is_shown_anew_and_the_old_one_is_kept(cast, log_in):
    ada, alice = log_in(cast.ada), log_in(cast.alice)
    sign(ada, cast.today)
    alice.post(reverse("fair_use"))
    # On PostgreSQL a test is one transaction, with one time.
    early = cast.now - dt.timedelta(hours=1)
    Membership.objects.filter(pk=cast.alice.pk).update(fair_use_read_at=early)
    FairUse.objects.update(entered_at=early)
    assert alice.get(reverse("home")).url == reverse("today")
    sign(ada, cast.today, "Dr. Ruiz")
    assert alice.get(reverse("home")).url == reverse("fair_use")
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
