"""The PIN: hard to guess by pattern, stored like a password, set only with the password."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client as Browser

from alliance_site import transactions
from sessions.pins import check_shape, is_pin, set_pin
from tests.factories import PASSWORD

GOOD = "4071"


@pytest.mark.parametrize("pin", ["4071", "83052", "730914", "90573216", "1305", "1228"])
def test_a_pin_of_4_to_8_digits_is_taken(pin):
    check_shape(pin)


@pytest.mark.parametrize(
    "pin", ["", "407", "407123456", "40a1", "4 071", "\u0664\u0660\u0667\u0661"]
)
def test_what_is_no_4_to_8_digits_is_refused(pin):
    with pytest.raises(ValidationError, match="4 to 8 digits"):
        check_shape(pin)


@pytest.mark.parametrize(
    "pin",
    [
        *("0000", "1111", "99999999", "1234", "4321", "0123", "7890", "34567", "1357", "9630"),
        *("1212", "121212", "12341234", "123123", "12121", "1985", "2007", "2580", "159753"),
    ],
)
def test_what_is_soon_guessed_is_refused(pin):
    with pytest.raises(ValidationError, match="soon guessed"):
        check_shape(pin)


def test_no_more_than_one_pin_in_twenty_is_refused():
    """The rules must not themselves make the rest easy to guess."""
    refused = sum(is_refused(f"{number:04}") for number in range(10_000))
    assert 200 < refused < 500


def is_refused(pin: str) -> bool:
    try:
        check_shape(pin)
    except ValidationError:
        return True
    return False


def test_a_pin_opens_for_its_member_only(cast):
    set_pin(cast.alice, GOOD)
    cast.alice.refresh_from_db()
    assert is_pin(cast.alice, GOOD)
    assert not is_pin(cast.alice, "4072")
    assert not is_pin(cast.bob, GOOD)
    assert not is_pin(cast.bob, "")


def test_it_is_stored_with_the_hasher_of_passwords_and_the_key_of_the_server(cast, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    set_pin(cast.alice, GOOD)
    assert cast.alice.pin_hash.startswith("argon2$argon2id$")
    assert is_pin(cast.alice, GOOD)
    settings.SECRET_KEY = "another key of the server, which has fifty letters or more"
    assert not is_pin(cast.alice, GOOD)


def send(browser: Browser, **fields: str) -> Any:
    typed = {"password": PASSWORD, "pin": GOOD, "again": GOOD} | fields
    return browser.post("/account/pin/", typed)


def test_setting_it_takes_the_password(cast, log_in):
    browser = log_in(cast.alice)
    refused = send(browser, password="wrong")
    assert "This is not your password." in refused.content.decode()
    assert GOOD not in refused.content.decode()
    cast.alice.refresh_from_db()
    assert cast.alice.pin_hash == ""
    assert send(browser).headers["Location"] == "/account/"
    cast.alice.refresh_from_db()
    assert is_pin(cast.alice, GOOD)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"again": "4072"}, "These are not the same digits."),
        ({"pin": "1234", "again": "1234"}, "This one is soon guessed."),
        ({"pin": "12", "again": "12"}, "Use 4 to 8 digits."),
        ({"pin": "", "again": ""}, "This field is required."),
    ],
)
def test_what_is_wrong_is_said_and_the_old_pin_stays(cast, log_in, fields, said):
    set_pin(cast.alice, "730914")
    assert said in send(log_in(cast.alice), **fields).content.decode()
    cast.alice.refresh_from_db()
    assert is_pin(cast.alice, "730914")


def test_a_page_left_open_does_not_tell_the_password(cast, log_in, monkeypatch):
    browser = log_in(cast.alice)
    for _ in range(5):
        send(browser, password="wrong")
    assert "Too many tries." in send(browser).content.decode()
    later = cast.now + dt.timedelta(minutes=16)
    monkeypatch.setattr(transactions, "database_now", lambda: later)
    assert send(browser).status_code == 302
