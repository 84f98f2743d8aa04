"""Messages end when somebody says so, and never because a machine looked at them."""

from __future__ import annotations

import datetime as dt
import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail
from django.test import Client as Browser

from measures.capture.asking import ask_about
from measures.capture.gateways import all_gateways
from measures.capture.outbox import send_due
from measures.models import Message, RatingLink, RatingRequest
from sessions.agreements import agreement
from sessions.models import AccessEntry, Consent, ContactStop, Episode
from tests import factories
from tests.measures.link_holder import LinkHolder, invite

HOUR = dt.timedelta(hours=1)
REASONS = ContactStop.Reason


@pytest.fixture(autouse=True)
def at_any_hour(cast: SimpleNamespace) -> None:
    cast.here.send_from, cast.here.send_until = dt.time(0), dt.time(23, 59, 59)
    cast.here.save()


def write_to(episode: Episode, now: dt.datetime) -> RatingRequest:
    """Ask a client by mail, and send it, as the command does."""
    factories.may_be_asked(episode.client, now - HOUR, "mail")
    request = ask_about(session=factories.make_session(episode, now - HOUR), now=now)
    assert request is not None
    Message.objects.update(due_at=now)
    send_due(gateways=all_gateways(), clock=lambda: now, batch=9, stop=lambda: False)
    return request


def link_in_the_mail(kind: str) -> str:
    found = re.search(rf"https://oak\.example(/{kind}/\S+)", str(mail.outbox[-1].body))
    assert found
    return found[1]


@pytest.fixture
def request_(cast: SimpleNamespace) -> RatingRequest:
    return write_to(cast.episode, cast.now)


@pytest.fixture
def address(request_: RatingRequest) -> str:
    return link_in_the_mail("stop")


def running() -> list[tuple[str, str]]:
    return list(ContactStop.objects.running().values_list("channel", "reason"))


def texts(answer: Any) -> str:
    return str(answer.content.decode())


def test_the_stop_page_needs_no_log_in_and_says_nothing_about_anybody(cast, address):
    answer = Browser().get(address)
    assert answer.status_code == 200
    assert "Stop these messages?" in texts(answer)
    for told in ("T-308", "Alice", "Oak Street", str(cast.episode.client.uuid)):
        assert told not in texts(answer)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "same-origin"


def test_no_scanner_ends_anything(request_, address):
    """It opens the page, and sends the form as it stands."""
    scanner = Browser()
    for _ in range(3):
        scanner.head(address)
        scanner.get(address)
        answer = scanner.post(address)
        assert "Choose one of the two" in texts(answer)
        scanner.post(address, {"List-Unsubscribe": "One-Click"})
        scanner.post(address, {"what": "everything"})
    assert running() == []
    request_.refresh_from_db()
    assert request_.withdrawn_at is None


def test_do_not_write_to_me_anymore(cast, request_, address):
    answer = Browser().post(address, {"what": "stop"})
    assert "We will stop writing to you here." in texts(answer)
    assert running() == [("mail", REASONS.STOPPED)]
    assert agreement(cast.episode.client, Consent.Purpose.CONTACT, cast.now + HOUR) is False
    request_.refresh_from_db()
    assert request_.is_open(cast.now)  # who wants to answer all the same, may


def test_this_is_not_for_me_closes_the_questions_as_well(cast, request_, address):
    Browser().post(address, {"what": "not_me"})
    assert running() == [("mail", REASONS.NOT_ME)]
    assert agreement(cast.episode.client, Consent.Purpose.CONTACT, cast.now + HOUR) is True
    request_.refresh_from_db()
    assert request_.withdrawn_why == RatingRequest.Withdrawn.NOT_ME
    assert Browser().get(link_in_the_mail("rate")).status_code == 404


def test_the_same_twice_is_once(address):
    for _ in range(2):
        answer = Browser().post(address, {"what": "stop"})
        assert "Thank you for telling us." in texts(answer)
    assert len(running()) == 1


def test_a_stop_link_works_for_as_long_as_somebody_keeps_the_mail(address):
    long_ago = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    RatingRequest.objects.update(created_at=long_ago, expires_at=long_ago + HOUR)
    RatingLink.objects.update(expires_at=long_ago)
    assert Browser().get(address).status_code == 200
    Browser().post(address, {"what": "stop"})
    assert len(running()) == 1


def test_it_opens_no_questions_and_the_other_link_stops_nothing(address):
    token = address.rpartition("/")[2]
    assert Browser().get(f"/rate/{token}").status_code == 404
    other = link_in_the_mail("rate").rpartition("/")[2]
    assert Browser().get(f"/stop/{other}").status_code == 404
    Browser().post(f"/stop/{other}", {"what": "stop"})
    assert running() == []


def test_made_up_is_the_page_for_everything_that_is_closed(address):
    made_up = Browser().get("/stop/AAAAAAAAAAAAAAAAAAAAAA")
    assert made_up.status_code == 404
    assert made_up.content == Browser().get("/rate/AAAAAAAAAAAAAAAAAAAAAA").content


def test_the_page_speaks_the_language_of_the_client(cast, address):
    cast.episode.client.language = "es"
    cast.episode.client.save(update_fields=["language"])
    answer = Browser().get(address, headers={"accept-language": "en"})
    assert "¿No recibir más estos mensajes?" in texts(answer)
    assert '<html lang="es"' in texts(answer)


def test_it_is_logged_without_a_name(cast, address):
    Browser().post(address, {"what": "stop"})
    entry = AccessEntry.objects.get(route="stop")
    assert (entry.organization_id, entry.user) == (cast.here.pk, None)
    assert entry.clients == [cast.episode.client_id]


def test_nothing_is_sent_there_afterwards(cast, request_, address):
    Browser().post(address, {"what": "stop"})
    later = cast.now + dt.timedelta(days=2)
    Message.objects.waiting().update(due_at=later)
    send_due(gateways=all_gateways(), clock=lambda: later, batch=9, stop=lambda: False)
    assert len(mail.outbox) == 1
    assert Message.objects.get(kind="reminder").status == Message.Status.SKIPPED


# ---- on the page of the questions ----


@pytest.mark.parametrize(("channel", "stopped"), [("sms", True), ("mail", True), ("link", False)])
def test_not_for_me_stops_the_address_it_was_sent_to(cast, channel, stopped):
    holder = invite(cast.episode, cast.now, channel)
    holder.open()
    holder.post("not-me/")
    assert running() == []
    answer = holder.post("not-me/", sure="yes")
    says = "We will stop writing to you here." if stopped else "This link is closed now."
    assert says in texts(answer)
    assert running() == ([(channel, REASONS.NOT_ME)] if stopped else [])
    assert isinstance(holder, LinkHolder)
    holder.request.refresh_from_db()
    assert holder.request.withdrawn_why == RatingRequest.Withdrawn.NOT_ME
