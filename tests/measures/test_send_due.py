"""manage.py send_due: what is due goes out once, whatever happens to anybody."""

from __future__ import annotations

import datetime as dt
import io
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from email import message_from_string, policy
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client as Browser

from alliance_site import transactions
from measures.capture import sms
from measures.capture.asking import ask_about, withdraw_request
from measures.capture.gateway_errors import AddressRefused, NotTaken, Unreachable
from measures.capture.letters import Letter
from measures.capture.outbox import send_due
from measures.capture.tokens import hash_token
from measures.models import Message, RatingLink, RatingRequest
from sessions.agreements import refuse, stop_contact
from sessions.models import Client, ContactStop, Episode, Membership, Organization, Pause
from sessions.sealing import Identity, seal_identity
from tests import factories
from tests.smtp_server import MailServer, mail_server

NOW = dt.datetime(2026, 11, 18, 20, tzinfo=dt.UTC)  # a Wednesday, 2 pm in Chicago
DAY, HOUR, MINUTE = dt.timedelta(days=1), dt.timedelta(hours=1), dt.timedelta(minutes=1)
ROOT = Path(__file__).resolve().parent.parent.parent
STATUS = Message.Status

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_outbox() -> None:
    sms.outbox.clear()


@pytest.fixture
def people() -> SimpleNamespace:
    """The staff turned their own mail off: see test_daily_mail.py."""
    cast = factories.make_cast(NOW)
    Membership.objects.update(daily_mail=False)
    return cast


@pytest.fixture
def request_(people: SimpleNamespace) -> RatingRequest:
    return asked(people.episode)


def asked(episode: Episode, channel: str = "sms", to: str = "") -> RatingRequest:
    """A client who agreed, a session just logged as held, and a message that waits."""
    factories.may_be_asked(episode.client, NOW - 100 * DAY, channel)
    if to:
        identity = Identity(email=to, phone=to)
        episode.client.sealed_identity = seal_identity(episode.client, identity)
        episode.client.save(update_fields=["sealed_identity"])
    session = factories.make_session(episode, NOW - HOUR)
    request = ask_about(session=session, now=NOW)
    assert request is not None
    assert request.messages.get().status == STATUS.WAITING
    return request


def run(at: dt.datetime = NOW, **options: Any) -> str:
    out = io.StringIO()
    with time_machine.travel(at, tick=False):
        call_command("send_due", stdout=out, **options)
    return out.getvalue()


def statuses(request: RatingRequest) -> dict[str, str]:
    return dict(request.messages.order_by("pk").values_list("kind", "status"))


def change(row: Any, **values: Any) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=[*values])


# ---- out, once, with a link that works ----


def test_a_text_message_goes_out_with_a_link_that_works(request_, monkeypatch):
    assert "Sent: 1 (mail 0, text messages 1)." in run()
    [text] = sms.outbox
    assert text.to == "+13125550142"
    token = re.search(r"https://oak\.example/rate/(\S{22}) ", text.text)
    assert token
    message = Message.objects.get(kind="invitation")
    assert (message.status, message.attempts, message.done_at) == (STATUS.SENT, 1, NOW)
    assert message.reference == "memory-1"
    assert message.link is not None
    assert (message.link.channel, message.link.expires_at) == ("sms", request_.expires_at)
    monkeypatch.setattr(transactions, "database_now", lambda: NOW + HOUR)
    assert Browser().get(f"/rate/{token[1]}").headers["Location"] == f"/rate/r/{request_.uuid}/"


def test_a_mail_goes_out_with_its_headers(people):
    asked(people.episode, "mail")
    run()
    [sent] = mail.outbox
    message = Message.objects.get(kind="invitation")
    assert sent.subject == "Your 3 quick questions"
    assert sent.from_email == "Oak Street <alliance@localhost>"
    assert sent.to == [f"{people.episode.client.uuid}@example.org"]
    headers = sent.message()
    assert headers["Message-ID"] == f"<{message.uuid}@oak.example>"
    assert re.fullmatch(r"<https://oak\.example/stop/\S{22}>", headers["List-Unsubscribe"])
    assert "List-Unsubscribe-Post" not in headers
    assert message.reference == headers["Message-ID"]
    assert [part.get_content_type() for part in headers.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


def test_no_token_is_stored_anywhere_not_even_in_the_outbox(people):
    asked(people.episode, "mail")
    asked(people.peers, "sms")
    run()
    body = str(mail.outbox[0].body) + sms.outbox[0].text
    tokens = re.findall(r"/(?:rate|stop)/([A-Za-z0-9_-]{22})", body)
    assert len(tokens) == 3
    stored = "\n".join(every_value())
    for token in tokens:
        assert token not in stored
        assert hash_token(token) in stored


def every_value() -> Iterator[str]:
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            yield from (str(value) for row in cursor.fetchall() for value in row)


def test_the_second_run_sends_nothing(request_):
    run()
    assert "Sent: 0" in run()
    assert len(sms.outbox) == 1


def test_a_dry_run_says_and_does_nothing(people):
    asked(people.episode)
    asked(people.peers, "mail")
    asked(people.eves)
    stop(people.eves.client)
    before = factories.every_row()
    said = run(dry_run=True)
    assert "Would be sent: 2 (mail 1, text messages 1)." in said
    assert "Not needed any more: 1." in said
    assert factories.every_row() == before
    assert (sms.outbox, mail.outbox) == ([], [])


def test_a_run_is_bounded(people):
    for episode in (people.episode, people.peers, people.eves):
        asked(episode)
    run(batch=2)
    assert len(sms.outbox) == 2
    run(batch=2)
    assert len(sms.outbox) == 3


# ---- when ----


def test_nothing_before_its_time(people):
    change(people.here, send_from=dt.time(15))
    asked(people.episode)
    assert "Sent: 0" in run()
    assert "Sent: 1" in run(NOW + HOUR)


def test_a_run_that_comes_late_waits_for_the_morning(request_):
    """The machine was off in the afternoon. Nobody is written to at night for that."""
    night = dt.datetime(2026, 11, 19, 3, tzinfo=dt.UTC)
    assert "Later: 1." in run(night)
    assert sms.outbox == []
    assert Message.objects.get().due_at == dt.datetime(2026, 11, 19, 15, tzinfo=dt.UTC)
    assert "Sent: 0" in run(dt.datetime(2026, 11, 19, 14, 59, tzinfo=dt.UTC))
    assert "Sent: 1" in run(dt.datetime(2026, 11, 19, 15, tzinfo=dt.UTC))


def test_hours_changed_since_are_the_ones_that_count(request_, people):
    change(people.episode.client, contact_from=dt.time(17), contact_until=dt.time(19))
    assert "Later: 1." in run()
    assert "Sent: 1" in run(NOW + 3 * HOUR)


def test_one_reminder_after_two_days(request_):
    run()
    reminder = Message.objects.get(kind="reminder")
    assert (reminder.status, reminder.due_at) == (STATUS.WAITING, NOW + 2 * DAY)
    run(NOW + 2 * DAY - MINUTE)
    assert len(sms.outbox) == 1
    run(NOW + 2 * DAY)
    run(NOW + 3 * DAY)
    assert len(sms.outbox) == 2
    assert "are open until" in sms.outbox[1].text
    request_.refresh_from_db()
    assert request_.reminded_at == NOW + 2 * DAY
    assert sms.outbox[0].text.split("/rate/")[1] != sms.outbox[1].text.split("/rate/")[1]


def test_both_links_of_a_reminded_client_work_until_the_first_answer(request_):
    run()
    run(NOW + 2 * DAY)
    links = RatingLink.objects.filter(request=request_)
    assert links.count() == 2
    assert {link.expires_at for link in links} == {request_.expires_at}


def test_no_reminder_where_none_is_wanted(people):
    change(people.here, reminder_days=0)
    asked(people.episode)
    run()
    assert not Message.objects.filter(kind="reminder").exists()


def test_no_reminder_after_the_time_is_up(people):
    change(people.here, reminder_days=4)
    asked(people.episode)
    run()
    assert not Message.objects.filter(kind="reminder").exists()


# ---- not needed any more ----


def stop(client: Client) -> None:
    stop_contact(client=client, channel="sms", reason=ContactStop.Reason.UNDELIVERED, now=NOW)


def pause(request: RatingRequest) -> None:
    Pause.objects.create(
        organization_id=request.organization_id,
        episode=request.episode,
        reason=Pause.Reason.JAIL,
        from_on=dt.date(2026, 11, 18),
    )


def withdraw_consent(request: RatingRequest, purpose: str) -> None:
    refuse(
        text_version="2026-11",
        client=request.episode.client,
        purpose=purpose,
        how="on paper",
        now=NOW,
    )


HAPPENED: dict[str, Callable[[RatingRequest], Any]] = {
    "answered": lambda request: factories.rate(request.session, 8, now=NOW),
    "declined": lambda request: factories.rate(
        request.session, (None, None, None), declined=True, now=NOW
    ),
    "withdrawn": lambda request: withdraw_request(request=request, now=NOW),
    "superseded": lambda request: change(request, superseded_at=NOW),
    "paused": pause,
    "closed": lambda request: change(
        request.episode, closed_on=dt.date(2026, 11, 18), reason="completed"
    ),
    "not to be asked": lambda request: withdraw_consent(request, "asked"),
    "not to be written to": lambda request: withdraw_consent(request, "contact"),
    "for a while": lambda request: change(
        request.episode.client, not_asked_before=dt.date(2026, 12, 1)
    ),
    "stopped": lambda request: stop(request.episode.client),
    "on paper from now on": lambda request: change(request.episode.client, answers_by="paper"),
    "no messages": lambda request: change(request.episode.client, contact_by=""),
    "no number": lambda request: change(request.episode.client, sealed_identity=None),
    "no hours in common": lambda request: change(
        request.episode.client, contact_from=dt.time(20), contact_until=dt.time(22)
    ),
}


@pytest.mark.parametrize("happened", HAPPENED.values(), ids=[*HAPPENED])
def test_what_nobody_needs_any_more_is_not_sent(request_, happened):
    happened(RatingRequest.objects.get())
    said = run()
    assert "Sent: 0" in said
    assert "Not needed any more: 1." in said
    assert statuses(request_) == {"invitation": STATUS.SKIPPED}
    assert sms.outbox == []
    assert not RatingLink.objects.exists()


@pytest.mark.parametrize("happened", HAPPENED.values(), ids=[*HAPPENED])
def test_nor_is_anybody_reminded_of_it(request_, happened):
    run()
    happened(RatingRequest.objects.get())
    run(NOW + 2 * DAY)
    assert len(sms.outbox) == 1
    assert Message.objects.get(kind="reminder").status == STATUS.SKIPPED


@pytest.mark.parametrize(
    ("happened", "why"),
    [("paused", "paused"), ("closed", "closed"), ("not to be asked", "refused")],
)
def test_a_request_nobody_is_to_be_asked_ends_with_its_message(request_, happened, why):
    HAPPENED[happened](RatingRequest.objects.get())
    run()
    request_.refresh_from_db()
    assert (request_.withdrawn_at, request_.withdrawn_why) == (NOW, why)


def test_time_that_ran_out_while_it_waited(request_):
    run(NOW + 4 * DAY)
    assert statuses(request_) == {"invitation": STATUS.SKIPPED}


def test_who_changed_to_mail_meanwhile_gets_a_mail(request_, people):
    change(people.episode.client, contact_by="mail")
    run()
    run()
    assert (len(mail.outbox), sms.outbox) == (1, [])


# ---- gateways that fail ----


@pytest.fixture
def post_office(settings: Any) -> Iterator[MailServer]:
    """Real SMTP: Django's own backend against a server on this computer."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_USE_TLS = "127.0.0.1", False
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    with mail_server() as server:
        settings.EMAIL_PORT = server.port
        yield server


def by_mail(people: SimpleNamespace, *to: str) -> list[RatingRequest]:
    episodes = [
        factories.make_episode(people.alice, f"M-{number}", people.today)
        for number, _ in enumerate(to)
    ]
    return [
        asked(episode, "mail", f"{name}@example.org")
        for episode, name in zip(episodes, to, strict=True)
    ]


def test_one_bad_address_does_not_stop_the_rest(people, post_office, caplog):
    first, nobody, later, dislikes, hangs_up, last = by_mail(
        people, "first", "nobody", "later", "dislikes", "hangs-up", "last"
    )
    said = run()
    assert post_office.recipients == ["first@example.org", "last@example.org"]
    assert "Sent: 2 (mail 2" in said
    assert "Later: 1. Not needed any more: 0. Failed: 2. May not have arrived: 1." in said
    assert statuses(first)["invitation"] == statuses(last)["invitation"] == STATUS.SENT
    assert statuses(nobody) == {"invitation": STATUS.FAILED}
    assert statuses(later) == {"invitation": STATUS.WAITING}
    assert statuses(dislikes) == {"invitation": STATUS.FAILED}
    assert statuses(hangs_up) == {"invitation": STATUS.UNSURE, "reminder": STATUS.WAITING}
    stops = ContactStop.objects.running().values_list("client", "reason")
    assert list(stops) == [(nobody.episode.client_id, "undelivered")]
    assert "example.org" not in said + caplog.text


def test_what_left_is_a_mail_any_program_reads(people, post_office):
    change(people.here, sender_name="Calle Peña")
    [request] = by_mail(people, "first")
    change(request.episode.client, own_word="Pájaro", language="es")
    run()
    [(_, raw)] = post_office.taken
    got = message_from_string(raw, policy=policy.default)
    assert isinstance(got, EmailMessage)
    assert got["From"].addresses[0].display_name == "Calle Peña"
    assert "Pájaro" in got["Subject"]
    body = got.get_body(("plain",))
    assert body is not None
    assert re.search(r"https://oak\.example/rate/\S{22}\s", body.get_content())


def test_not_now_is_tried_again_a_few_times_and_then_given_up(people, post_office):
    [request] = by_mail(people, "later")
    at, tried = NOW, []
    for _ in range(6):
        run(at)
        message = request.messages.get()
        tried.append((message.status, message.attempts))
        at = message.due_at
    waiting = [(STATUS.WAITING, attempt) for attempt in range(1, 5)]
    assert tried == [*waiting, (STATUS.FAILED, 5), (STATUS.FAILED, 5)]
    assert RatingLink.objects.count() == 1  # each attempt took the place of the one before
    assert not ContactStop.objects.exists()


def test_each_attempt_waits_longer(people, post_office):
    [request] = by_mail(people, "later")
    run()
    assert request.messages.get().due_at == NOW + 5 * MINUTE
    run(NOW + 4 * MINUTE)
    assert request.messages.get().attempts == 1
    run(NOW + 5 * MINUTE)
    assert request.messages.get().due_at == NOW + 20 * MINUTE


def test_a_mail_gateway_that_is_not_there_is_a_sentence_and_loses_nothing(people, post_office):
    by_mail(people, "first", "last")
    asked(people.peers, "sms")
    with time_machine.travel(NOW, tick=False), pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.EMAIL_PORT", free_port())
        with pytest.raises(CommandError, match="mail gateway cannot be reached") as error:
            call_command("send_due", stdout=io.StringIO())
    assert "the next run tries again" in str(error.value)
    assert len(sms.outbox) == 1  # the other gateway works on
    waiting = Message.objects.filter(channel="mail")
    assert set(waiting.values_list("status", "attempts", "claimed_at")) == {
        (STATUS.WAITING, 0, None)
    }
    run()
    assert len(post_office.taken) == 2


def free_port() -> int:
    """A port nobody listens at."""
    with mail_server() as server:
        return server.port


class Scripted(sms.SmsBackend):
    """A gateway that does as it is told."""

    troubles: list[Exception] = []
    opened = closed = 0

    def open(self) -> None:
        Scripted.opened += 1

    def send(self, to: str, text: str) -> str:
        if Scripted.troubles:
            raise Scripted.troubles.pop(0)
        sms.outbox.append(sms.Text(to, text))
        return ""

    def close(self) -> None:
        Scripted.closed += 1


@pytest.fixture
def scripted(settings: Any) -> type[Scripted]:
    settings.ALLIANCE_SMS_BACKEND = f"{__name__}.Scripted"
    Scripted.troubles, Scripted.opened, Scripted.closed = [], 0, 0
    return Scripted


@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        (AddressRefused(), STATUS.FAILED),
        (NotTaken(for_now=False), STATUS.FAILED),
        (NotTaken(for_now=True), STATUS.WAITING),
        (TimeoutError("+13125550142"), STATUS.UNSURE),
        (KeyError("+13125550142"), STATUS.UNSURE),
    ],
)
def test_what_a_text_gateway_says_is_what_becomes_of_it(people, scripted, trouble, status):
    first = asked(people.episode)
    asked(people.peers)
    scripted.troubles = [trouble]
    run()
    assert statuses(first)["invitation"] == status
    assert len(sms.outbox) == 1  # the other one
    assert scripted.opened == scripted.closed == 2


def test_what_such_an_error_says_is_not_logged(request_, scripted, caplog):
    scripted.troubles = [TimeoutError("no answer from +13125550142")]
    assert "5550142" not in run() + caplog.text
    assert "TimeoutError" in caplog.text


def test_a_text_gateway_that_breaks_down_keeps_the_message(request_, people, scripted):
    asked(people.peers)
    scripted.troubles = [Unreachable()]
    with pytest.raises(CommandError, match="text messages cannot be reached"):
        run()
    assert scripted.opened == 1  # asked once
    assert set(Message.objects.values_list("status", "attempts")) == {(STATUS.WAITING, 0)}
    run()
    assert len(sms.outbox) == 2


def test_without_a_text_gateway_their_messages_wait(request_, settings):
    settings.ALLIANCE_SMS_BACKEND = ""
    with pytest.raises(CommandError, match="ALLIANCE_SMS_BACKEND"):
        run()
    assert statuses(request_) == {"invitation": STATUS.WAITING}


def test_without_an_address_for_the_links_nothing_goes_out(request_, settings):
    settings.ALLIANCE_URL = ""
    with pytest.raises(CommandError, match="ALLIANCE_URL is not set"):
        run()
    assert statuses(request_) == {"invitation": STATUS.WAITING}


def test_a_header_that_cannot_be_one_fails_alone(people):
    asked(people.episode, "mail", "a@example.org\nBcc: all@example.org")
    asked(people.peers, "mail")
    assert "Sent: 1 (mail 1" in run()
    assert [sent.to for sent in mail.outbox] == [[f"{people.peers.client.uuid}@example.org"]]


def test_nothing_personal_is_printed_or_logged(people, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    asked(people.episode)
    asked(people.peers, "mail")
    said = run() + run(NOW + 2 * DAY) + capsys.readouterr().out
    for secret in ("555", "example.org", "T-308", "B-001", "/rate/"):
        assert secret not in said + caplog.text


# ---- half way ----


class Killed(BaseException):
    """What no handler catches, as a kill would not be."""


class Deadly:
    """A gateway that is not survived, before or after it took the message."""

    def __init__(self, *, after: bool) -> None:
        self.after, self.taken = after, 0

    def open(self) -> None:
        pass

    def send(self, letter: Letter) -> str:
        self.taken += self.after
        raise Killed

    def close(self) -> None:
        pass


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("after", [True, False])
def test_a_message_whose_sender_was_killed_is_never_sent_twice(after):
    people = factories.make_cast(NOW)
    request = asked(people.episode)
    deadly = Deadly(after=after)
    with pytest.raises(Killed):
        send_due(gateways={"sms": deadly}, clock=lambda: NOW, batch=9, stop=lambda: False)
    assert statuses(request) == {"invitation": STATUS.SENDING}
    assert "Sent: 0" in run(NOW + 14 * MINUTE)
    assert statuses(request) == {"invitation": STATUS.SENDING}
    assert "May not have arrived: 1." in run(NOW + 16 * MINUTE)
    assert statuses(request) == {"invitation": STATUS.UNSURE, "reminder": STATUS.WAITING}
    assert sms.outbox == []
    run(NOW + 3 * DAY)
    assert len(sms.outbox) == 1  # the reminder is the second chance


KILLED_HALF_WAY = """
import os, signal, sys
import django
django.setup()
from django.core.management import call_command
from alliance_site import transactions
from measures.capture import sms

class Fatal(sms.SmsBackend):
    sent = 0
    def send(self, to, text):
        Fatal.sent += 1
        print(to, flush=True)
        if Fatal.sent == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return ""

sms.MemoryBackend = Fatal
call_command("send_due")
"""


def process(code: str) -> subprocess.Popen[str]:
    """The command as cron starts it, on the database of this test."""
    name = str(connection.settings_dict["NAME"])
    url = re.sub(r"/[^/]*$", f"/{name}", os.environ["DATABASE_URL"])
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def asked_today(count: int) -> list[str]:
    """So many clients with a message due now, by the real clock; their numbers."""
    now = dt.datetime.now(dt.UTC) - MINUTE
    people = factories.make_cast(now)
    Organization.objects.update(send_from=dt.time(0), send_until=dt.time(23, 59, 59))
    numbers = []
    for number in range(count):
        episode = factories.make_episode(people.alice, f"N-{number}", people.today)
        factories.may_be_asked(episode.client, now - DAY, "sms")
        numbers.append(f"+1312555{number:04}")
        identity = Identity(phone=numbers[-1])
        change(episode.client, sealed_identity=seal_identity(episode.client, identity))
        session = factories.make_session(episode, now - HOUR)
        assert ask_about(session=session, now=now)
    Message.objects.update(due_at=now)  # whatever the hour this test is run at
    return numbers


@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
def test_killed_in_the_middle_the_next_run_does_the_rest():
    numbers = asked_today(6)
    first = process(KILLED_HALF_WAY)
    sent, _ = first.communicate(timeout=60)
    assert first.returncode == -signal.SIGKILL
    out = io.StringIO()
    call_command("send_due", stdout=out)
    everybody = sent.split() + [text.to for text in sms.outbox]
    assert sorted(everybody) == sorted(numbers)
    assert Message.objects.filter(status=STATUS.SENDING).count() == 1


@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
def test_four_runs_at_once_send_every_message_once():
    numbers = asked_today(40)
    gate = threading.Barrier(4)
    outcomes: list[str] = []

    def look_after() -> None:
        connection.ensure_connection()
        gate.wait()
        try:
            out = io.StringIO()
            call_command("send_due", stdout=out)
            outcomes.append(out.getvalue())
        finally:
            connection.close()

    threads = [threading.Thread(target=look_after) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(text.to for text in sms.outbox) == sorted(numbers)
    shares = [int(said.split()[1]) for said in outcomes]
    assert sum(shares) == 40
    assert sum(share > 0 for share in shares) > 1  # they did work at the same time
    assert set(Message.objects.filter(kind="invitation").values_list("status", "attempts")) == {
        (STATUS.SENT, 1)
    }


def test_the_database_holds_one_message_of_a_kind(request_):
    message = request_.messages.get()
    message.pk, message.uuid = None, request_.uuid
    with pytest.raises(IntegrityError), transaction.atomic():
        message.save(force_insert=True)


# ---- --loop ----


@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
def test_a_loop_goes_on_until_it_is_told_to_stop():
    asked_today(2)
    code = (
        "import django; django.setup()\n"
        "from django.core.management import call_command\n"
        "call_command('send_due', loop=True, every=1)"
    )
    running = process(code)
    try:
        deadline = time.monotonic() + 30
        while Message.objects.filter(status=STATUS.SENT).count() < 2:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        running.send_signal(signal.SIGTERM)
        said, _ = running.communicate(timeout=30)
    assert running.returncode == 0, said
    assert "Sent: 2" in said


@pytest.mark.parametrize("option", ["batch", "every"])
@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5"])
def test_numbers_that_are_none_are_refused(option, value):
    with pytest.raises(CommandError, match="whole number"):
        call_command("send_due", f"--{option}={value}")
