"""What a client agreed to about being asked and written to, and what stops it."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, transaction

from sessions.agreements import (
    address_corrected,
    agree,
    agreement,
    refuse,
    restart_contact,
    stop_contact,
)
from sessions.models import Client, Consent, ContactChannel, ContactStop

DAY = dt.timedelta(days=1)
ASKED, CONTACT = Consent.Purpose.ASKED, Consent.Purpose.CONTACT
REASONS = ContactStop.Reason


@pytest.fixture
def person(cast: SimpleNamespace) -> Client:
    row: Client = cast.episode.client
    return row


def give(person: Client, now: dt.datetime, purpose: str = CONTACT) -> None:
    agree(client=person, purpose=purpose, text_version="2026-11", how="in person", now=now)


def stop(person: Client, now: dt.datetime, reason: str, channel: str = "sms") -> None:
    stop_contact(client=person, channel=channel, reason=reason, now=now)


def running(person: Client) -> list[tuple[str, str]]:
    rows = ContactStop.objects.running().filter(client=person).order_by("channel")
    return list(rows.values_list("channel", "reason"))


def test_not_asked_yes_and_no_longer_are_three_things(person, now):
    assert agreement(person, CONTACT, now) is None
    give(person, now - DAY)
    assert agreement(person, CONTACT, now) is True
    assert agreement(person, ASKED, now) is None
    assert refuse(
        text_version="2026-11", client=person, purpose=CONTACT, how="on the phone", now=now
    )
    assert agreement(person, CONTACT, now) is False
    row = Consent.objects.get()
    assert (row.withdrawn_at, row.withdrawn_how) == (now, "on the phone")


def test_agreeing_twice_is_one_row_and_agreeing_anew_another(person, now):
    give(person, now - 2 * DAY)
    give(person, now - DAY)
    assert Consent.objects.count() == 1
    refuse(text_version="2026-11", client=person, purpose=CONTACT, how="x", now=now - DAY)
    give(person, now)
    assert Consent.objects.count() == 2
    assert agreement(person, CONTACT, now) is True


def test_what_ran_out_can_be_agreed_to_again(person, now):
    give(person, now - 3 * DAY)
    Consent.objects.update(expires_at=now - DAY)
    assert agreement(person, CONTACT, now) is False
    give(person, now)
    assert agreement(person, CONTACT, now) is True


def test_a_first_no_is_a_no_and_the_same_again_is_once(person, now):
    said = [say_no(person, now) for _twice in range(2)]
    assert (said, Consent.objects.count()) == ([True, False], 1)
    assert agreement(person, CONTACT, now) is False
    give(person, now)
    assert agreement(person, CONTACT, now) is True


def say_no(person: Client, now: dt.datetime) -> bool:
    return refuse(client=person, purpose=CONTACT, text_version="2026-11", how="x", now=now)


def test_the_database_holds_one_agreement_of_a_kind(person, now):
    give(person, now)
    row = Consent.objects.get()
    row.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)


@pytest.mark.parametrize("reason", [REASONS.UNDELIVERED, REASONS.NOT_ME])
def test_a_wrong_address_stops_that_address_and_no_agreement(person, now, reason):
    give(person, now - DAY)
    stop(person, now, reason)
    stop(person, now, reason)
    assert running(person) == [("sms", reason)]
    assert agreement(person, CONTACT, now) is True


def test_stop_ends_every_message(person, now):
    give(person, now - DAY)
    stop(person, now, REASONS.STOPPED)
    assert agreement(person, CONTACT, now) is False
    assert running(person) == [("sms", REASONS.STOPPED)]


def test_stop_outlasts_other_reasons(person, now):
    stop(person, now - DAY, REASONS.UNDELIVERED)
    stop(person, now, REASONS.STOPPED)
    stop(person, now, REASONS.NOT_ME)
    assert running(person) == [("sms", REASONS.STOPPED)]
    address_corrected(client=person, channel=ContactChannel.SMS, now=now)
    row = ContactStop.objects.running().get()
    assert not restart_contact(stop=row, now=now)
    assert running(person) == [("sms", REASONS.STOPPED)]


def test_only_agreeing_anew_starts_it_again(person, now):
    give(person, now - 2 * DAY)
    stop(person, now - DAY, REASONS.STOPPED)
    give(person, now, ASKED)
    assert running(person) == [("sms", REASONS.STOPPED)]
    give(person, now)
    assert running(person) == []
    assert ContactStop.objects.get().ended_at == now


def test_agreeing_says_nothing_about_a_wrong_address(person, now):
    stop(person, now - DAY, REASONS.UNDELIVERED)
    give(person, now)
    assert running(person) == [("sms", REASONS.UNDELIVERED)]


def test_a_corrected_address_is_a_new_one(person, now):
    stop(person, now - DAY, REASONS.UNDELIVERED, "mail")
    stop(person, now - DAY, REASONS.NOT_ME, "sms")
    address_corrected(client=person, channel=ContactChannel.SMS, now=now)
    assert running(person) == [("mail", REASONS.UNDELIVERED)]


def test_an_address_that_is_right_after_all_is_written_to_again(person, now):
    stop(person, now - DAY, REASONS.UNDELIVERED)
    row = ContactStop.objects.get()
    assert restart_contact(stop=row, now=now)
    assert not restart_contact(stop=row, now=now + DAY)
    assert ContactStop.objects.get().ended_at == now


def test_the_database_holds_one_stop_to_an_address(person, now):
    stop(person, now, REASONS.UNDELIVERED)
    row = ContactStop.objects.get()
    row.pk, row.uuid = None, person.uuid
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)
