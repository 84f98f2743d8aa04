"""manage.py record_delivery: bounces and STOP, as gateways and mail servers report them."""

from __future__ import annotations

import datetime as dt
import io
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from measures.capture import sms
from measures.capture.asking import ask_about
from measures.capture.gateways import all_gateways
from measures.capture.outbox import send_due
from measures.models import Message
from sessions.agreements import address_corrected, agree, agreement
from sessions.models import Client, Consent, ContactChannel, ContactStop, Episode
from tests import factories

HOUR = dt.timedelta(hours=1)
PHONE = "+13125550142"
REASONS = ContactStop.Reason


class Run:
    """The command, fed with lines or with a mail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.patch = monkeypatch

    def __call__(self, text: str, **options: Any) -> str:
        stdin = io.TextIOWrapper(io.BytesIO(text.encode("utf-8", "surrogateescape")))
        self.patch.setattr("sys.stdin", stdin)
        out = io.StringIO()
        call_command("record_delivery", stdout=out, **options)
        return out.getvalue()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    return Run(monkeypatch)


@pytest.fixture
def person(cast: SimpleNamespace) -> Client:
    return factories.may_be_asked(cast.episode.client, cast.now - HOUR, "sms")


def send(episode: Episode, now: dt.datetime, channel: str) -> Message:
    """An invitation that went out a moment ago."""
    sms.outbox.clear()
    episode.organization.send_from = dt.time(0)
    episode.organization.send_until = dt.time(23, 59, 59)
    episode.organization.save()
    factories.may_be_asked(episode.client, now - HOUR, channel)
    assert ask_about(session=factories.make_session(episode, now - HOUR), now=now)
    Message.objects.update(due_at=now)
    send_due(gateways=all_gateways(), clock=lambda: now, batch=9, stop=lambda: False)
    return Message.objects.get(request__episode=episode, kind="invitation")


def running() -> list[tuple[int, str, str]]:
    rows = ContactStop.objects.running().order_by("client")
    return list(rows.values_list("client", "channel", "reason"))


def test_stop_by_number_ends_every_message(run, person, now):
    assert "Stopped: 1." in run(f"stopped sms {PHONE}\n")
    assert running() == [(person.pk, "sms", REASONS.STOPPED)]
    assert agreement(person, Consent.Purpose.CONTACT, now + HOUR) is False


@pytest.mark.parametrize(
    "number", ["(312)555-0142", "312.555.0142", "13125550142", "0013125550142"]
)
def test_a_number_is_known_however_it_is_written(run, person, number):
    run(f"STOPPED SMS {number}")
    assert running() == [(person.pk, "sms", REASONS.STOPPED)]


def test_everybody_with_that_number_is_meant_wherever_they_are(run, cast, person):
    other = factories.may_be_asked(cast.eves.client, cast.now - HOUR, "sms")
    run(f"stopped sms {PHONE}")
    assert {client for client, *_ in running()} == {person.pk, other.pk}


def test_nobody_else_is(run, cast, person):
    factories.may_be_asked(cast.peers.client, cast.now - HOUR, "mail")
    said = run("stopped sms +13125550143\nbounced mail somebody@example.org\n")
    assert "About nobody here: 2." in said
    assert running() == []


def test_a_bounced_address_is_compared_without_case(run, person):
    run(f"bounced mail {str(person.uuid).upper()}@EXAMPLE.org")
    assert running() == [(person.pk, "mail", REASONS.UNDELIVERED)]


@pytest.mark.parametrize("channel", ["mail", "sms"])
def test_what_the_gateway_calls_the_message_is_enough(run, cast, channel):
    message = send(cast.episode, cast.now, channel)
    assert message.reference
    assert "Came back: 1." in run(f"bounced {channel} {message.reference}")
    message.refresh_from_db()
    assert message.status == Message.Status.UNDELIVERED
    assert running() == [(cast.episode.client_id, channel, REASONS.UNDELIVERED)]


def test_the_same_report_twice_is_one(run, cast):
    message = send(cast.episode, cast.now, "sms")
    run(f"bounced sms {message.reference}\nbounced sms {message.reference}\n")
    run(f"bounced sms {message.reference}")
    assert ContactStop.objects.count() == 1


def test_a_late_report_says_nothing_about_the_corrected_address(run, cast):
    message = send(cast.episode, cast.now - HOUR, "mail")
    run(f"bounced mail {message.reference}")
    address_corrected(client=cast.episode.client, channel=ContactChannel.MAIL, now=cast.now + HOUR)
    run(f"bounced mail {message.reference}")
    assert running() == []


def test_delivered_changes_nothing(run, cast):
    message = send(cast.episode, cast.now, "sms")
    before = factories.every_row()
    assert "Delivered: 1." in run(f"delivered sms {message.reference}")
    assert factories.every_row() == before


def test_who_agrees_again_is_written_to_again_and_can_stop_again(run, person, now):
    run(f"stopped sms {PHONE}")
    agree(client=person, purpose="contact", text_version="1", how="x", now=now + HOUR)
    assert running() == []
    run(f"stopped sms {PHONE}")
    assert len(running()) == 1


@pytest.mark.parametrize(
    "line",
    ["stopped", "stopped sms", "stopped fax 1", "burst sms 1", "stopped sms 1 2", "{}", "\0 \0 \0"],
)
def test_a_line_that_is_none_is_named_by_its_number_and_the_rest_is_done(run, person, line):
    with pytest.raises(CommandError, match="Not understood: line 2") as error:
        run(f"\n{line}\nstopped sms {PHONE}\n")
    assert "The other lines were taken in." in str(error.value)
    assert len(running()) == 1


def test_nothing_is_read_back(run, person, caplog):
    with pytest.raises(CommandError) as error:
        run(f"stopped sms {PHONE} now\nstopped sms {PHONE}")
    assert "5550142" not in str(error.value) + caplog.text


# ---- a mail that came back ----

REPORT = """\
From: MAILER-DAEMON@mail.example
To: alliance@localhost
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I am sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example

Final-Recipient: rfc822; {to}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 no such user

--b
{returned}
--b--
"""
WHOLE = "Content-Type: message/rfc822\n\nMessage-ID: {id}\nSubject: Your 3 quick questions\n\nHello"
HEADERS = "Content-Type: text/rfc822-headers\n\nMessage-ID: {id}\nSubject: Your 3 quick questions\n"
NEITHER = "Content-Type: text/plain\n\nNothing."


def report(message: Message, returned: str, action: str = "failed", status: str = "5.1.1") -> str:
    to = f"{message.request.episode.client.uuid}@example.org"
    back = returned.format(id=message.reference)
    return REPORT.format(to=to, action=action, status=status, returned=back)


@pytest.mark.parametrize("returned", [WHOLE, HEADERS, NEITHER], ids=["whole", "headers", "address"])
def test_a_returned_mail_stops_its_address(run, cast, returned):
    message = send(cast.episode, cast.now, "mail")
    assert "Came back: 1." in run(report(message, returned), bounce=True)
    assert running() == [(cast.episode.client_id, "mail", REASONS.UNDELIVERED)]
    message.refresh_from_db()
    assert message.status == Message.Status.UNDELIVERED


@pytest.mark.parametrize(
    ("action", "status"), [("delayed", "4.4.1"), ("failed", "4.2.2"), ("delivered", "2.0.0")]
)
def test_a_delay_is_no_failure(run, cast, action, status):
    message = send(cast.episode, cast.now, "mail")
    run(report(message, WHOLE, action, status), bounce=True)
    assert running() == []


@pytest.mark.parametrize(
    "mail",
    ["", "Subject: Out of office\n\nBack on Monday.", "\udcff\udcfe", REPORT[:200], "--b\n--b--"],
)
def test_any_other_mail_is_let_go(run, person, mail):
    assert "Came back: 0." in run(mail, bounce=True)
    assert running() == []
