""" "Ask Dana to call me": kept for Dana, told to nobody else."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from measures.capture.calls import ask_for_call, finish_call
from measures.models import CallRequest, RatingRequest
from sessions.models import AccessEntry, Membership
from sessions.sealing import Identity, seal_identity
from tests import factories

URL = "https://clinic.example/calls/"


@pytest.fixture
def request_(cast: SimpleNamespace) -> RatingRequest:
    session = factories.make_session(cast.episode, cast.now - dt.timedelta(hours=1))
    return factories.invite(session, cast.now).link.request


def ask(cast: SimpleNamespace, request_: RatingRequest, **values: Any) -> CallRequest:
    given = {"contact": cast.dana, "now": cast.now, "calls_url": URL}
    return ask_for_call(request=request_, **given | values)


def seen_by(cast: SimpleNamespace, person: Membership) -> list[CallRequest]:
    return list(CallRequest.objects.visible_to(factories.viewer_of(person, cast.now)))


def test_only_the_one_who_was_asked_sees_it(cast, request_):
    call = ask(cast, request_)
    deputy = factories.make_member(cast.here, "Dot", cast.today, rights_contact=True)
    assert seen_by(cast, cast.dana) == [call]
    others = [cast.alice, cast.bob, cast.sam, cast.ada, cast.finn, cast.eve, deputy]
    assert [seen_by(cast, person) for person in others] == [[]] * len(others)


@pytest.mark.parametrize("change", ["left", "no longer the contact", "disabled"])
def test_a_call_left_behind_passes_to_who_has_the_post(cast, request_, change):
    call = ask(cast, request_)
    deputy = factories.make_member(cast.here, "Dot", cast.today, rights_contact=True)
    stranger = factories.make_member(cast.elsewhere, "Kay", cast.today, rights_contact=True)
    if change == "left":
        cast.dana.ended_on = cast.today - dt.timedelta(days=1)
    elif change == "disabled":
        cast.dana.user.is_active = False
        cast.dana.user.save()
    else:
        cast.dana.rights_contact, cast.dana.front_desk = False, True
    cast.dana.save()
    assert seen_by(cast, deputy) == [call]
    assert seen_by(cast, stranger) == []


def test_who_counsels_the_client_never_sees_it_in_any_role(cast, request_):
    call = ask(cast, request_)
    cast.alice.rights_contact = True
    cast.alice.save()
    assert seen_by(cast, cast.alice) == []
    CallRequest.objects.filter(pk=call.pk).update(contact=cast.alice)
    assert seen_by(cast, cast.alice) == []


def test_asking_twice_is_one_call_and_one_mail(cast, request_, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        first, second = ask(cast, request_), ask(cast, request_, phone="555-0111")
    assert first == second
    assert (CallRequest.objects.count(), len(mail.outbox)) == (1, 1)


def test_after_it_was_done_one_can_ask_again(cast, request_, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        finish_call(call=ask(cast, request_), by=cast.dana, now=cast.now)
        ask(cast, request_)
    assert CallRequest.objects.count() == 2
    assert CallRequest.objects.waiting().count() == 1
    assert len(mail.outbox) == 2


def test_the_mail_names_nobody(cast, request_, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        ask(cast, request_, phone="555-0111")
    [sent] = mail.outbox
    assert sent.to == [cast.dana.user.email]
    text = f"{sent.subject} {sent.body} {sent.from_email}"
    assert URL in text
    for word in ("T-308", "Jo", "Alice", "555", "client", "counsel", "session"):
        assert word not in text, word


def test_a_mail_that_cannot_be_sent_loses_no_call(
    cast, request_, monkeypatch, caplog, django_capture_on_commit_callbacks
):
    def refuse(self: Any, messages: Any) -> int:
        raise OSError("no route to host")

    monkeypatch.setattr(EmailBackend, "send_messages", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        ask(cast, request_)
    assert CallRequest.objects.waiting().count() == 1
    assert "could not be sent" in caplog.text
    assert "dana" not in caplog.messages[0].lower()


def test_the_list_says_whom_to_call_and_where(cast, request_, log_in):
    ask(cast, request_)
    client = cast.episode.client
    client.sealed_identity = seal_identity(client, Identity("Jo Doe", "", "555-0101"))
    client.save()
    dana = log_in(cast.dana)
    page = dana.get("/calls/").content.decode()
    for text in ("1 person asks you to call.", "T-308", "Jo Doe", "555-0101", "Alice"):
        assert text in page
    ask(cast, request_, phone="555-0111")
    assert "555-0111" in dana.get("/calls/").content.decode()


def test_done_takes_it_off_the_list(cast, request_, log_in):
    call = ask(cast, request_)
    dana = log_in(cast.dana)
    assert dana.post(f"/calls/{call.uuid}/done/").headers["Location"] == "/calls/"
    dana.post(f"/calls/{call.uuid}/done/")  # a second tap
    call.refresh_from_db()
    assert call.done_by == cast.dana
    page = dana.get("/calls/").content.decode()
    assert "Nobody waits for a call." in page
    assert "In the last two weeks" in page


def test_the_access_log_does_not_tell_who_asked(cast, request_, log_in):
    call = ask(cast, request_)
    dana = log_in(cast.dana)
    dana.get("/calls/")
    dana.post(f"/calls/{call.uuid}/done/")
    entries = list(AccessEntry.objects.order_by("pk").values_list("route", "clients"))
    assert entries == [("calls", []), ("call_done", [])]


def test_the_rights_contact_begins_with_the_calls(cast, log_in):
    assert log_in(cast.dana).get("/").headers["Location"] == "/calls/"
