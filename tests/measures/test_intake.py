"""What a client chooses at intake: parsed with a sentence for everything that cannot be, shown as
the very message they would get, and kept with the text they agreed to."""

from __future__ import annotations

import datetime as dt
import html
import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client as Browser

from measures.capture import sms
from measures.capture.asking import ask_about
from measures.capture.gateways import all_gateways
from measures.capture.intake_texts import ASKED, VERSION
from measures.capture.outbox import send_due
from measures.models import Message, RatingRequest
from sessions.agreements import agreement, stop_contact
from sessions.models import Client, Consent, ContactStop, Episode
from sessions.phones import normalized_phone
from sessions.sealing import Identity, unseal_identity
from tests import factories

NOW = dt.datetime(2026, 11, 18, 20, tzinfo=dt.UTC)  # a Wednesday, 2 pm in Chicago
HOUR = dt.timedelta(hours=1)
EVERYTHING = {
    **factories.CLIENT_FORM,
    "name": "Jo Doe",
    "email": "jo@example.org",
    "phone": "(312) 555-0142",
    "language": "es",
    "cadence": "nth",
    "cadence_n": "4",
    "not_asked_before": "2026-12-01",
    "contact_by": "sms",
    "contact_days": "weekdays",
    "contact_from": "16:00",
    "contact_until": "21:00",
    "own_word": " Pájaro   azul ",
    "asked": "yes",
    "contact": "yes",
    "how": "on paper",
}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_two(monkeypatch: pytest.MonkeyPatch) -> None:
    sms.outbox.clear()
    monkeypatch.setattr("alliance_site.transactions.database_now", lambda: NOW)


@pytest.fixture
def people() -> SimpleNamespace:
    return factories.make_cast(NOW)


@pytest.fixture
def person(people: SimpleNamespace) -> Client:
    row: Client = people.episode.client
    return row


@pytest.fixture
def desk(people: SimpleNamespace, log_in: Any, person: Client) -> Desk:
    return Desk(log_in(people.finn), person)


class Desk:
    """The front desk with the form of one client open."""

    def __init__(self, browser: Browser, client: Client) -> None:
        self.browser, self.path = browser, f"/clients/{client.uuid}/edit/"

    def get(self) -> str:
        return html.unescape(self.browser.get(self.path).content.decode())

    def post(self, **changes: str) -> Any:
        return self.browser.post(self.path, {**EVERYTHING, **changes})

    def text(self, **changes: str) -> str:
        answer = self.post(**changes)
        assert answer.status_code == 200
        return html.unescape(str(answer.content.decode()))


def without(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "")


def test_everything_is_kept(desk, person):
    assert desk.post().headers["Location"] == f"/clients/{person.uuid}/"
    person.refresh_from_db()
    kept = {
        name: getattr(person, name) for name in ("language", "answers_by", "cadence", "cadence_n")
    }
    assert kept == {"language": "es", "answers_by": "phone", "cadence": "nth", "cadence_n": 4}
    assert person.not_asked_before == dt.date(2026, 12, 1)
    assert (person.contact_by, person.contact_days) == ("sms", "weekdays")
    assert (person.contact_from, person.contact_until) == (dt.time(16), dt.time(21))
    assert person.own_word == "Pájaro azul"
    assert unseal_identity(person) == Identity("Jo Doe", "jo@example.org", "+13125550142")


def test_consent_is_kept_with_the_text_that_was_read_and_how(desk, person):
    desk.post()
    rows = Consent.objects.filter(client=person).order_by("purpose")
    assert list(rows.values_list("purpose", "text_version", "how", "given_at", "withdrawn_at")) == [
        ("asked", f"{VERSION} es", "on paper", NOW, None),
        ("contact", f"{VERSION} es", "on paper", NOW, None),
    ]


def test_the_form_opens_with_what_is_kept(desk, person):
    desk.post()
    page = desk.get()
    for value in ("Pájaro azul", "+13125550142", "16:00", "21:00", "2026-12-01"):
        assert f'value="{value}"' in page
    for name, value in (("cadence", "nth"), ("contact_by", "sms"), ("contact_days", "weekdays")):
        assert re.search(rf'name="{name}"[^>]*value="{value}" checked', page)
    for name in ("asked", "contact"):
        assert choices(page, name) == {"yes": True, "no": False}


def choices(page: str, name: str) -> dict[str, bool]:
    """What can be chosen there, and whether it is."""
    found = re.findall(rf'name="{name}" [^>]*value="(\w*)"( checked)?', page)
    return {value: bool(checked) for value, checked in found}


def test_saving_again_changes_no_consent(desk):
    desk.post()
    before = list(Consent.objects.order_by("pk").values())
    desk.post(how="on the phone")
    assert list(Consent.objects.order_by("pk").values()) == before


def post_no(desk: Desk, *names: str) -> Any:
    return desk.post(**dict.fromkeys(names, "no"), how="on the phone", not_asked_before="")


def test_a_no_after_a_yes_withdraws_at_once(desk, person):
    desk.post()
    post_no(desk, "contact")
    row = Consent.objects.get(purpose="contact")
    assert (row.withdrawn_at, row.withdrawn_how) == (NOW, "on the phone")
    assert agreement(person, Consent.Purpose.ASKED, NOW) is True


def test_who_does_not_want_to_be_asked_any_more_has_no_open_request(desk, people):
    request = asked(people.episode)
    post_no(desk, "asked")
    request.refresh_from_db()
    assert (request.withdrawn_at, request.withdrawn_why) == (NOW, "refused")


def test_saving_something_else_leaves_what_was_asked_by_hand(desk, people):
    made = factories.invite(factories.make_session(people.episode, NOW - HOUR), NOW)
    desk.post(**without("asked", "contact"), not_asked_before="")
    made.link.request.refresh_from_db()
    assert made.link.request.is_open(NOW)


def test_a_first_no_is_kept_apart_from_not_asked_yet(desk, person, people):
    made = factories.invite(factories.make_session(people.episode, NOW - HOUR), NOW)
    assert choices(desk.get(), "asked") == {"yes": False, "no": False, "": True}
    desk.post(**without("asked", "contact"))
    assert not Consent.objects.exists()
    assert agreement(person, Consent.Purpose.ASKED, NOW) is None
    for _twice in range(2):
        post_no(desk, "asked", "contact")
    rows = Consent.objects.filter(client=person).order_by("purpose")
    told = rows.values_list("purpose", "text_version", "how", "withdrawn_at", "withdrawn_how")
    assert list(told) == [
        (purpose, f"{VERSION} es", "on the phone", NOW, "on the phone")
        for purpose in ("asked", "contact")
    ]
    assert agreement(person, Consent.Purpose.ASKED, NOW) is False
    made.link.request.refresh_from_db()
    assert made.link.request.withdrawn_why == "refused"
    assert choices(desk.get(), "asked") == {"yes": False, "no": True}
    page = desk.browser.get(f"/clients/{person.uuid}/").content.decode()
    assert "They said no: they do not want to be asked" in page
    assert "They said no: they do not want messages" in page
    desk.post()
    assert agreement(person, Consent.Purpose.ASKED, NOW) is True


def test_what_was_said_is_not_unsaid(desk, person):
    desk.post()
    assert "Choose Yes or No." in html.unescape(desk.post(asked="").content.decode())
    assert agreement(person, Consent.Purpose.ASKED, NOW) is True


def asked(episode: Episode) -> RatingRequest:
    factories.may_be_asked(episode.client, NOW - HOUR, "sms")
    request = ask_about(session=factories.make_session(episode, NOW - HOUR), now=NOW)
    assert request is not None
    return request


def run() -> list[str]:
    send_due(gateways=all_gateways(), clock=lambda: NOW, batch=9, stop=lambda: False)
    return [text.to for text in sms.outbox]


def test_a_corrected_number_gets_what_did_not_arrive_at_the_old_one(desk, people, person):
    asked(people.episode)
    assert run() == ["+13125550142"]
    Message.objects.filter(kind="invitation").update(status="undelivered")
    stop_contact(client=person, channel="sms", reason=ContactStop.Reason.UNDELIVERED, now=NOW)
    desk.post(phone="312 555 0177", not_asked_before="", contact_from="", contact_until="")
    assert not ContactStop.objects.running().exists()
    assert run() == ["+13125550142", "+13125550177"]


def test_the_same_number_in_another_spelling_is_no_correction(desk, people, person):
    desk.post()
    stop_contact(client=person, channel="sms", reason=ContactStop.Reason.UNDELIVERED, now=NOW)
    desk.post(phone="312.555.0142")
    assert ContactStop.objects.running().exists()


def test_who_agrees_again_after_stop_is_written_to_again(desk, people, person):
    asked(people.episode)
    stop_contact(client=person, channel="sms", reason=ContactStop.Reason.STOPPED, now=NOW)
    assert run() == []
    assert choices(desk.get(), "contact") == {"yes": False, "no": True}
    desk.post(not_asked_before="", contact_from="", contact_until="")
    assert not ContactStop.objects.running().exists()


def test_who_agrees_today_is_sent_what_is_open_today(desk, people):
    client = factories.may_be_asked(people.episode.client, NOW - HOUR)
    assert ask_about(session=factories.make_session(people.episode, NOW - HOUR), now=NOW)
    assert run() == []
    desk.post(not_asked_before="", contact_from="", contact_until="")
    assert run() == ["+13125550142"]
    assert client.pk


# ---- what cannot be ----


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"phone": ""}, "Give the number with + and the country code"),
        ({"phone": "555-0142"}, "Give the number with + and the country code"),
        ({"phone": "call me"}, "Give the number with + and the country code"),
        ({"phone": "+1 312 555 0142 ext 3"}, "Give the number with + and the country code"),
        ({"contact_by": "mail", "email": ""}, "Give the address, or choose no messages."),
        ({"contact_by": "mail", "email": "jo"}, "Enter a valid email address."),
        ({"contact_by": "fax"}, "Select a valid choice."),
        ({"contact_by": ""}, "Choose where messages go, or choose No below."),
        ({"contact_from": "", "contact_until": "18:00"}, "Give both times, or neither."),
        ({"contact_until": ""}, "Give both times, or neither."),
        ({"contact_from": "18:00", "contact_until": "17:00"}, "This is not after the first one."),
        ({"contact_from": "five"}, "Give a time, such as 17:00."),
        ({"contact_from": "20:00"}, "Messages go out from 9:00 AM to 7:00 PM."),
        ({"contact_from": "18:30"}, "Messages go out from 9:00 AM to 7:00 PM."),
        ({"cadence": "weekly"}, "Select a valid choice."),
        ({"cadence_n": ""}, "Give a number from 2 to 12."),
        ({"cadence_n": "1"}, "greater than or equal to 2"),
        ({"cadence_n": "13"}, "less than or equal to 12"),
        ({"cadence_n": "often"}, "Enter a whole number."),
        ({"not_asked_before": "soon"}, "Give a date, such as 2026-11-23."),
        ({"not_asked_before": "2028-01-01"}, "Pick a date within a year of today."),
        ({"own_word": "Clinic"}, "“Clinic” may tell others what this is about."),
        ({"own_word": "mi terapia"}, "“terapia” may tell others what this is about."),
        ({"own_word": "العلاج"}, "“العلاج” may tell others what this is about."),
        ({"own_word": "see oak.example"}, "Only a word or two, no address and no link."),
        ({"own_word": "https:now"}, "Only a word or two, no address and no link."),
        ({"own_word": "a@b"}, "Only a word or two, no address and no link."),
        ({"own_word": "Птичка"}, "With this word one message becomes two."),
        ({"own_word": "🐦"}, "With this word one message becomes two."),
        ({"own_word": "b" * 21}, "at most 20 characters"),
        ({"own_word": "\0"}, "Null characters are not allowed."),
        ({"how": "by pigeon"}, "Select a valid choice."),
    ],
)
def test_it_is_said_and_nothing_is_stored(desk, person, changes, sentence):
    before = factories.every_row()
    page = desk.text(**changes)
    assert sentence in page
    assert "Something needs another look. Nothing is lost." in page
    assert 'value="Jo Doe"' in page  # what was typed stays
    after = factories.every_row()
    assert {name for name in after if after[name] != before[name]} <= {"AccessEntry"}


@pytest.mark.parametrize("word", ["Bluebird", "Peña 7", "Éxito", "O'Neil & co", "العصفور"])
def test_words_that_tell_nothing_are_fine(desk, person, word):
    desk.post(own_word=word, language="ar" if word == "العصفور" else "es")
    person.refresh_from_db()
    assert person.own_word == word


def test_hours_of_the_day_that_overlap_by_an_hour_are_fine(desk, person):
    assert desk.post(contact_from="18:00", contact_until="23:00").status_code == 302


def test_no_text_messages_are_offered_without_a_gateway(desk, person, settings):
    settings.ALLIANCE_SMS_BACKEND = ""
    assert 'value="sms"' not in desk.get()
    assert "Select a valid choice." in desk.text()
    person.contact_by = "sms"
    person.save()
    assert 'value="sms" checked' in desk.get()


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("(312) 555-0142", "+13125550142"),
        ("1 312 555 0142", "+13125550142"),
        ("+52 55 1234 5678", "+525512345678"),
        ("0052 55 1234 5678", "+525512345678"),
        ("312.555.0142", "+13125550142"),
        ("+1-312-555-0142", "+13125550142"),
        ("\u202d+1 312 555 0142\u202c", "+13125550142"),  # as a contact is copied from a phone
        ("555-0142", ""),
        ("911", ""),
        ("+", ""),
        ("", ""),
        ("+1234567890123456", ""),
        ("312 555 O142", ""),
        ("٣١٢٥٥٥٠١٤٢", ""),
    ],
)
def test_numbers_as_people_write_them(written, number):
    assert normalized_phone(written) == number


def test_a_country_without_a_one(settings):
    settings.ALLIANCE_COUNTRY_CODE = "34"
    assert normalized_phone("612 345 678") == "+34612345678"
    assert normalized_phone("0612 345 678") == "+34612345678"


# ---- the message, read together ----


def letter_of(page: str) -> str:
    found = re.search(r'<p class="letter-text">(.*?)</p>', page, re.DOTALL)
    return found[1] if found else ""


def test_the_message_is_shown_as_it_would_be_in_their_language(desk):
    desk.post()
    shown = letter_of(desk.get())
    assert shown.startswith("Pajaro azul: sus 3 preguntas ya llegaron.")
    assert "https://oak.example/rate/xxxxxxxxxxxxxxxxxxxxxx" in shown
    assert "22 nov" in shown


def test_show_it_shows_what_was_chosen_and_stores_nothing(desk, person):
    before = factories.every_row()
    page = desk.text(show="1", language="en", own_word="Bluebird", contact_by="mail")
    assert letter_of(page).startswith("Hello, your 3 quick questions are ready.")
    assert "Bluebird: your 3 quick questions" in page
    after = factories.every_row()
    assert {name for name in after if after[name] != before[name]} <= {"AccessEntry"}
    assert re.search(r'name="contact_by"[^>]*value="mail" checked', page)


def test_without_messages_there_is_none_to_show(desk):
    assert "None. Choose e-mail or text message to see it." in desk.get()


def test_what_they_agree_to_is_read_in_their_language(desk):
    desk.post(language="ar")
    page = desk.get()
    assert str(ASKED) not in page
    assert '<p class="words words-s" lang="ar" dir="rtl">' in page


def test_opening_an_episode_leads_to_it(people, log_in):
    alice = log_in(people.alice)
    sent = {"code": "N-001", "language": "es", "answers_with": "buttons"}
    answer = alice.post("/episodes/open/", sent)
    client = Client.objects.get(code="N-001")
    assert answer.headers["Location"] == f"/clients/{client.uuid}/edit/"
    page = Desk(alice, client).get()
    assert "How they want to be asked. Go through it together." in page
    assert re.search(r'<option value="es" selected>', page)


def test_the_clients_page_says_what_was_chosen(desk, person):
    desk.post()
    page = html.unescape(desk.browser.get(f"/clients/{person.uuid}/").content.decode())
    for said in (
        "Their own phone",
        "After every 4 sessions",
        "Not before December 1",
        "Text message, Monday to Friday, 4:00 PM to 9:00 PM",
    ):
        assert said in page
    assert "if they agree" not in page
    assert "They said no" not in page


def test_or_that_nobody_was_asked_yet(desk, person):
    page = desk.browser.get(f"/clients/{person.uuid}/").content.decode()
    assert "They were not asked yet if they agree" in page
