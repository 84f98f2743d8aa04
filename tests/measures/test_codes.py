"""The six digits beside a QR code: where they lead, how long, and how little guessing helps."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client as Browser

from alliance_site import transactions
from measures.capture import codes
from measures.capture.codes import LETTERS, MadeCode, keep_alive, make_code, plain_digits
from measures.models import Rating, RatingCode, RatingLink
from sessions.models import AccessEntry, Session, Tries
from tests import factories

Clock = Callable[..., None]
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def clock(cast: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Set the database's clock to so many minutes after `cast.now`."""

    def _clock(minutes: float) -> None:
        now = cast.now + minutes * MINUTE
        monkeypatch.setattr(transactions, "database_now", lambda: now)

    _clock(0)
    return _clock


@pytest.fixture
def session(cast: SimpleNamespace) -> Session:
    return factories.make_session(cast.episode, cast.now - dt.timedelta(hours=1))


@pytest.fixture
def made(session: Session, cast: SimpleNamespace, clock: Clock) -> MadeCode:
    return code_for(session, cast.now)


def code_for(session: Session, now: dt.datetime) -> MadeCode:
    return make_code(link=factories.invite(session, now, RatingLink.Channel.QR).link, now=now)


def other_digits(made: MadeCode) -> str:
    return f"{(int(made.digits) + 1) % 10**6:06}"


@dataclass(frozen=True, slots=True)
class Phone:
    """An old phone, at a network address."""

    address: str = "192.0.2.1"

    def type(self, letters: str, digits: str) -> Any:
        return Browser().post(f"/r/{letters}", {"digits": digits}, REMOTE_ADDR=self.address)


def text_of(response: Any) -> str:
    """A page without the one thing that differs every time."""
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.content.decode())


def whole(response: Any) -> tuple[int, dict[str, str], str]:
    return response.status_code, dict(response.items()), text_of(response)


# ---- the way in ----


def test_the_page_of_a_qr_code_shows_an_address_and_six_digits(cast, log_in, session):
    page = log_in(cast.alice).post(f"/sessions/{session.uuid}/link/", {"channel": "qr"})
    text = page.content.decode()
    letters = re.search(rf">testserver/r/([{LETTERS}]{{3}})<", text)
    digits = re.search(r">(\d{3} \d{3})<", text)
    assert letters
    assert digits
    response = Phone().type(letters[1], digits[1])
    request = RatingLink.objects.get().request
    assert response.headers["Location"] == f"/rate/r/{request.uuid}/"


def test_a_link_to_pass_on_has_no_code(cast, log_in, session):
    page = log_in(cast.alice).post(f"/sessions/{session.uuid}/link/", {"channel": "link"})
    assert 'id="digits"' not in page.content.decode()
    assert not RatingCode.objects.exists()


def test_the_code_leads_to_the_same_questions_as_the_qr_code(made):
    browser = Browser()
    start = browser.post(f"/r/{made.letters}", {"digits": made.digits}).headers["Location"]
    assert browser.get(start).status_code == 200
    answers = {"respect": "8", "understanding": "6", "goals": "7", "step": "send"}
    assert browser.post(f"{start}questions/", answers).headers["Location"] == f"{start}thanks/"
    assert Rating.objects.get().way_in == Rating.WayIn.QR


@pytest.mark.parametrize("shape", ["{a} {b}", "{a}-{b}", " {a}{b} ", "{a}\u2011{b}", "{a}.{b}"])
def test_the_digits_may_be_typed_as_people_write_them(made, shape):
    typed = shape.format(a=made.digits[:3], b=made.digits[3:])
    assert Phone().type(made.letters, typed).status_code == 302


def test_so_may_the_letters(made):
    assert Phone().type(made.letters.upper(), made.digits).status_code == 302


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("\u0664\u0668\u0662\u0669\u0661\u0663", "482913"),  # on an Arabic keyboard
        ("\uff14\uff18\uff12 913", "482913"),
        ("48291e", ""),
        ("4829\u00bd3", ""),
        ("", ""),
    ],
)
def test_digits_of_every_keyboard_are_understood(typed, plain):
    assert plain_digits(typed) == plain


def test_who_typed_only_the_short_address_types_the_letters_too(made):
    browser = Browser()
    assert 'name="letters"' in browser.get("/r/").content.decode()
    typed = {"letters": f" {made.letters.upper()} ", "digits": made.digits}
    assert browser.post("/r/", typed).status_code == 302
    assert browser.post("/r/", {"digits": made.digits}).status_code == 422


def test_opening_does_not_use_the_code_up_and_the_answer_does(cast, made, session):
    for _ in range(3):
        assert Phone().type(made.letters, made.digits).status_code == 302
    factories.rate(session, 8, now=cast.now)
    assert Phone().type(made.letters, made.digits).status_code == 422


def test_using_it_is_logged_without_naming_anybody(cast, made):
    Phone().type(made.letters, made.digits)
    entry = AccessEntry.objects.get(route="code")
    assert (entry.user, entry.organization, entry.clients) == (None, cast.here, [])


# ---- how it is kept ----


def test_the_digits_lie_nowhere_and_their_plain_hash_neither(made):
    row = RatingCode.objects.get()
    assert made.digits not in repr(list(RatingCode.objects.values_list()))
    assert row.digits_hash == codes.hash_digits(made.digits)


def test_the_hash_needs_the_key_of_the_server(made, settings):
    before = codes.hash_digits(made.digits)
    settings.SECRET_KEY = "another key of the server, which has fifty letters or more"
    assert codes.hash_digits(made.digits) != before


def test_no_two_open_codes_of_an_organization_are_the_same(cast, made, monkeypatch):
    other = factories.make_session(cast.peers, cast.now - dt.timedelta(hours=1))
    numbers = iter([int(made.digits), int(made.digits), 7])
    monkeypatch.setattr("secrets.randbelow", lambda below: next(numbers))
    again = code_for(other, cast.now)
    assert again.digits == "000007"
    assert again.spaced == "000 007"


def test_the_database_holds_that_too(made):
    row = RatingCode.objects.get()
    row.pk, row.letters = None, "zzz"
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


def test_a_new_code_closes_the_one_before(cast, made, session):
    again = code_for(session, cast.now)
    assert Phone().type(made.letters, made.digits).status_code == 422
    assert Phone().type(again.letters, again.digits).status_code == 302
    assert RatingCode.objects.count() == 1


def test_expired_codes_are_deleted_with_the_next_one_made(cast, made, clock):
    other = factories.make_session(cast.peers, cast.now - dt.timedelta(hours=1))
    code_for(other, cast.now + 16 * MINUTE)
    assert not RatingCode.objects.filter(letters=made.letters).exists()


# ---- how long ----


@pytest.mark.parametrize(("minutes", "status"), [(0, 302), (14.9, 302), (15, 422), (90, 422)])
def test_it_lives_15_minutes_by_the_databases_clock(made, clock, minutes, status):
    clock(minutes)
    assert Phone().type(made.letters, made.digits).status_code == status


def keep(browser: Browser, session: Session, letters: str) -> Any:
    return browser.post(f"/sessions/{session.uuid}/link/keep/", {"letters": letters})


def test_the_page_that_shows_it_keeps_it_alive(cast, log_in, made, session, clock):
    browser = log_in(cast.alice)
    for minutes in (10, 20, 30):
        clock(minutes)
        assert keep(browser, session, made.letters).json()["open"] is True
    clock(44)
    assert Phone().type(made.letters, made.digits).status_code == 302
    assert RatingLink.objects.get().expires_at == cast.now + 45 * MINUTE


def test_and_says_until_when(cast, log_in, made, session, clock):
    clock(5)
    here = (cast.now + 20 * MINUTE).astimezone(cast.here.zone)
    said = keep(log_in(cast.alice), session, made.letters).json()["until"]
    assert f"{here:%M}" in said
    assert said.startswith(f"{here.hour % 12 or 12}:")


def test_but_no_longer_than_an_hour(cast, log_in, made, session, clock):
    browser = log_in(cast.alice)
    for minutes in range(10, 60, 10):
        clock(minutes)
        keep(browser, session, made.letters)
    clock(59.9)
    assert Phone().type(made.letters, made.digits).status_code == 302
    assert keep(browser, session, made.letters).json()["open"] is True
    clock(60)
    assert Phone().type(made.letters, made.digits).status_code == 422
    assert keep(browser, session, made.letters).json() == {"open": False, "until": ""}


def test_a_closed_code_is_not_brought_back(cast, log_in, made, session, clock):
    browser = log_in(cast.alice)
    clock(15)
    assert keep(browser, session, made.letters).json()["open"] is False
    clock(0)
    for _ in range(5):
        Phone().type(made.letters, other_digits(made))
    assert keep(browser, session, made.letters).json()["open"] is False


def test_nor_one_that_was_answered(cast, log_in, made, session):
    factories.rate(session, 8, now=cast.now)
    assert keep(log_in(cast.alice), session, made.letters).json()["open"] is False


def test_a_page_keeps_only_the_code_of_its_own_session_alive(cast, log_in, made):
    other = factories.make_session(cast.episode, cast.now - dt.timedelta(hours=2))
    assert keep(log_in(cast.alice), other, made.letters).json()["open"] is False
    assert keep_alive(session=other, letters=made.letters, now=cast.now) is None


# ---- guessing ----


def test_five_wrong_tries_close_a_code_for_good(made):
    phones = [Phone(f"192.0.2.{number}") for number in range(6)]
    for phone in phones[:5]:
        assert phone.type(made.letters, other_digits(made)).status_code == 422
    assert phones[5].type(made.letters, made.digits).status_code == 422
    assert RatingCode.objects.get().wrong_tries == 5


def test_after_four_it_still_opens_and_the_four_stay_counted(made):
    for _ in range(4):
        Phone().type(made.letters, other_digits(made))
    assert Phone().type(made.letters, made.digits).status_code == 302
    assert RatingCode.objects.get().wrong_tries == 4
    Phone().type(made.letters, other_digits(made))
    assert Phone().type(made.letters, made.digits).status_code == 422


def test_the_qr_code_still_works_after_that(cast, session, clock):
    holder = factories.invite(session, cast.now, RatingLink.Channel.QR)
    made = make_code(link=holder.link, now=cast.now)
    for _ in range(5):
        Phone().type(made.letters, other_digits(made))
    assert Browser().get(f"/rate/{holder.token}").status_code == 302


def test_digits_do_not_open_at_the_address_of_another_code(cast, made):
    other = code_for(factories.make_session(cast.peers, cast.now - dt.timedelta(hours=1)), cast.now)
    assert Phone().type(other.letters, made.digits).status_code == 422
    assert Phone().type("", made.digits).status_code == 422


def test_what_is_no_six_digits_costs_no_try(made):
    for typed in ("", "12345", "1234567", "abcdef", "12345x", "1" * 40):
        assert Phone().type(made.letters, typed).status_code == 422
    assert RatingCode.objects.get().wrong_tries == 0
    assert not Tries.objects.exists()


def test_a_network_address_has_20_wrong_tries_in_15_minutes(cast, made, clock):
    for _ in range(20):
        Phone().type("zzz", "123456")
    assert Phone().type(made.letters, made.digits).status_code == 422
    assert Phone("192.0.2.2").type(made.letters, made.digits).status_code == 302
    clock(15)
    assert Tries.objects.get(count=20).since == cast.now
    keep_open = RatingCode.objects.get()
    keep_open.expires_at += 5 * MINUTE
    keep_open.save()
    RatingLink.objects.update(expires_at=keep_open.expires_at)
    assert Phone().type(made.letters, made.digits).status_code == 302


def test_right_tries_are_not_counted(made):
    for _ in range(25):
        assert Phone().type(made.letters, made.digits).status_code == 302
    assert Tries.objects.get().count == 0


def test_who_tried_is_not_to_be_read_from_the_rows_and_is_gone_the_next_day(made, clock):
    Phone().type("zzz", "123456")
    assert "192.0.2.1" not in repr(list(Tries.objects.values_list()))
    clock(24 * 60)
    Phone("192.0.2.9").type("zzz", "123456")
    assert Tries.objects.count() == 1


def test_wrong_expired_used_and_made_up_are_the_same_to_the_byte(cast, made, session, clock):
    wrong = whole(Phone("192.0.2.9").type(made.letters, other_digits(made)))
    nobodys = "bcd" if made.letters != "bcd" else "dcb"
    made_up = whole(Phone("192.0.2.8").type(nobodys, made.digits))
    clock(15)
    expired = whole(Phone("192.0.2.7").type(made.letters, made.digits))
    clock(0)
    factories.rate(session, 8, now=cast.now)
    used = whole(Phone("192.0.2.6").type(made.letters, made.digits))
    typed = {made.digits: "", other_digits(made): ""}
    answers = [blank(each, typed) for each in (wrong, made_up, expired, used)]
    assert answers[0][0] == 422
    assert answers == [answers[0]] * 4


def blank(answer: tuple[int, dict[str, str], str], typed: dict[str, str]) -> tuple[int, str, str]:
    """Without what the person typed, which the page gives back."""
    status, headers, text = answer
    headers.pop("Content-Length", None)
    for digits in typed:
        text = text.replace(digits, "")
    return status, repr(headers), text


@pytest.mark.parametrize("letters", ["%00", "x" * 5000, "..", "\u0130", "'"])
def test_strange_letters_open_nothing(db, letters):
    assert Phone().type(letters, "123456").status_code in {400, 404, 422}
