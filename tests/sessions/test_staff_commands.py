"""From nothing to a first log-in, by commands."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client as Browser
from django.urls import reverse

from sessions.models import Membership, Organization, Supervision, User

pytestmark = pytest.mark.django_db

ARGUMENTS = {
    "sender": "Oak Street",
    "phone": "555-0100",
    "time_zone": "America/Chicago",
    "administrator": "ada@clinic.example",
    "administrator_name": "Ada",
}


def add_organization(**changes: str) -> None:
    call_command("add_organization", "Oak Street", **ARGUMENTS | changes)


def add_member(*arguments: str, **options: str) -> None:
    call_command("add_member", "Oak Street", *arguments, **options)


def test_the_first_administrator_sets_a_password_by_mail_and_logs_in():
    add_organization()
    browser = Browser()
    browser.post(reverse("account_reset_password"), {"email": "ada@clinic.example"})
    path = re.search(r"https?://testserver(/account/reset/\S+)", str(mail.outbox[0].body))
    assert path is not None
    form = browser.get(path[1], follow=True)
    passwords = {"password1": "a brand new sentence", "password2": "a brand new sentence"}
    browser.post(form.request["PATH_INFO"], passwords)
    browser.post(
        reverse("account_login"),
        {"login": "ada@clinic.example", "password": "a brand new sentence"},
    )
    assert browser.get(reverse("settings")).status_code == 200


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("time_zone", "Middle-earth", "not a time zone"),
        ("administrator", "nobody", "valid email"),
        ("administrator_name", "", "blank"),
        ("sender", "", "blank"),
    ],
)
def test_bad_values_are_said_and_leave_nothing_behind(field: str, value: str, said: str):
    with pytest.raises(CommandError, match=said):
        add_organization(**{field: value})
    assert not Organization.objects.exists()
    assert not User.objects.exists()


def test_a_counselor_comes_with_a_supervisor():
    add_organization()
    add_member("sam@clinic.example", "Sam", "supervisor")
    add_member("maria@clinic.example", "Maria", "counselor", supervised_by="sam@clinic.example")
    supervision = Supervision.objects.get()
    assert (supervision.supervisor.name, supervision.counselor.name) == ("Sam", "Maria")


def test_a_reset_answers_alike_for_known_and_unknown_mail():
    add_organization()
    url = reverse("account_reset_password")
    known = Browser().post(url, {"email": "ada@clinic.example"})
    unknown = Browser().post(url, {"email": "nobody@clinic.example"})
    assert (known.status_code, known.headers["Location"]) == (302, unknown.headers["Location"])
    assert unknown.status_code == 302
    assert len(mail.outbox) == 1


def test_the_rights_contact_needs_a_number_and_only_counselors_a_supervisor():
    add_organization()
    with pytest.raises(CommandError, match="--phone"):
        add_member("dana@clinic.example", "Dana", "rights_contact")
    add_member("dana@clinic.example", "Dana", "rights_contact", phone="555-0142")
    add_member("sam@clinic.example", "Sam", "supervisor")
    with pytest.raises(CommandError, match="Only a counselor"):
        add_member("finn@clinic.example", "Finn", "front_desk", supervised_by="sam@clinic.example")
    assert not User.objects.filter(email__startswith="finn").exists()


def test_nobody_is_put_on_the_staff_twice():
    add_organization()
    add_member("sam@clinic.example", "Sam", "supervisor")
    with pytest.raises(CommandError):
        add_member("SAM@clinic.example", "Sam", "counselor")
    assert Membership.objects.filter(name="Sam").count() == 1


def test_an_unknown_organization_or_supervisor_is_said():
    with pytest.raises(CommandError, match="no organization"):
        add_member("sam@clinic.example", "Sam", "supervisor")
    add_organization()
    with pytest.raises(CommandError, match="not a supervisor"):
        add_member("maria@clinic.example", "Maria", "counselor", supervised_by="ada@clinic.example")
    assert Membership.objects.count() == 1
