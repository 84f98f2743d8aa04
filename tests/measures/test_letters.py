"""What is sent: as short as one text message, in the client's language, with their own word."""

from __future__ import annotations

import datetime as dt
import re
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measures.capture.gsm import BASIC, TWICE, folded, length_of
from measures.capture.letters import Addresses, mail_letter, text_letter
from measures.capture.tokens import new_token
from measures.models import Message
from sessions.models import Client, Organization

KINDS = Message.Kind.values
LONG_HOST = "https://questions.oakstreet-houses.org"
HOST = "https://oak.example"
ACCENTS = "ÁÉÍÓÚáéíóúÑñÜü¿¡"


def text_to(
    language: str,
    kind: str = "invitation",
    *,
    word: str = "",
    sender: str = "Oak Street",
    host: str = HOST,
    until: dt.datetime | None = None,
) -> str:
    """The text message as it leaves, without a database."""
    organization = Organization(sender_name=sender, time_zone="America/Chicago")
    letter = text_letter(
        client=Client(language=language, own_word=word),
        organization=organization,
        kind=kind,
        to="+13125550142",
        rate=f"{host}/rate/{new_token()}",
        until=until or dt.datetime(2026, 11, 27, 23, tzinfo=dt.UTC),
    )
    return letter.text


def days() -> list[dt.datetime]:
    """Days whose names are the longest and shortest of their language, and one with each accent."""
    return [
        dt.datetime(2026, month, day, 18, tzinfo=dt.UTC)
        for month in (1, 5, 9)
        for day in range(9, 29)
    ]


def test_the_host_of_this_test_has_30_letters():
    assert len(LONG_HOST.removeprefix("https://")) == 30


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "word", ["", "Bluebird", "Mariposa bonita 7", "Pájaro azul", "Ñandú", "É" * 20]
)
def test_a_text_with_the_longest_host_fits_one_message(language, kind, word):
    for until in days():
        text = text_to(language, kind, word=word, host=LONG_HOST, until=until)
        length = length_of(text)
        assert (length.parts, length.units <= 160) == (1, True), text
        assert set(text) <= BASIC | TWICE


@pytest.mark.parametrize(
    ("word", "front"),
    [
        ("Pájaro", "Pajaro: "),  # á is not in the GSM alphabet
        ("Peñón", "Peñon: "),  # ñ is, ó is not
        ("Éxito", "Éxito: "),
        ("Jose\u0301", "José: "),  # an accent that came apart from its letter
        ("It\u2019s me", "It's me: "),
        ("Птица", "Птица: "),  # nothing plain to fall back on
    ],
)
def test_accents_go_only_where_they_would_cost_a_second_message(word, front):
    assert text_to("es", word=word).startswith(front)


def test_one_letter_beyond_the_alphabet_makes_a_message_of_70():
    assert length_of("a" * 160).parts == 1
    assert length_of("a" * 161).parts == 2
    assert length_of("á" + "a" * 69).parts == 1
    assert length_of("á" + "a" * 70).parts == 2
    assert length_of("[" * 80).parts == 1  # each of these counts twice
    assert length_of("[" * 81).parts == 2
    assert length_of("🐦" * 35).parts == 1
    assert length_of("🐦" * 36).parts == 2


def test_a_short_host_leaves_room_for_more_words():
    assert "About 1 minute" in text_to("en")
    assert "About 1 minute" not in text_to("en", host=LONG_HOST)


@pytest.mark.parametrize(
    ("language", "kind", "expected"),
    [
        (
            "en",
            "invitation",
            (
                "Oak Street: your 3 quick questions are ready. About 1 minute. LINK | "
                "Open until Fri, Nov 27. Reply STOP to end."
            ),
        ),
        (
            "en",
            "reminder",
            (
                "Oak Street: your 3 questions are open until Fri, Nov 27. OK to skip. LINK | "
                "Reply STOP to end."
            ),
        ),
        (
            "es",
            "invitation",
            (
                "Oak Street: sus 3 preguntas ya llegaron. 1 minuto. LINK | "
                "Hasta el viernes 27 nov. Responda STOP para no recibir."
            ),
        ),
        (
            "es",
            "reminder",
            (
                "Oak Street: sus 3 preguntas siguen hasta el viernes 27 nov. Puede no contestar. "
                "LINK | STOP para no recibir."
            ),
        ),
    ],
)
def test_what_it_says(language, kind, expected):
    assert re.sub(r"https://\S+", "LINK |", text_to(language, kind)) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_arabic_takes_more_than_one_since_its_letters_do(kind):
    text = text_to("ar", kind)
    assert "STOP" in text
    assert "نوفمبر" in text
    assert length_of(text).parts <= 3


def test_the_day_is_that_of_the_place():
    """Ten in the evening of the 26th there is the 27th in Greenwich."""
    until = dt.datetime(2026, 11, 27, 4, tzinfo=dt.UTC)
    assert "Thu, Nov 26" in text_to("en", until=until)


def test_a_language_that_is_not_spoken_here_is_english():
    assert "your 3 quick questions" in text_to("xx")


@given(st.text(max_size=40))
def test_folding_never_makes_a_text_longer_to_send(text):
    before, after = length_of(text), length_of(folded(text))
    assert after.parts <= max(before.parts, 1) or after.units <= 160


@given(st.text(alphabet=sorted(BASIC) + list(ACCENTS), max_size=60))
def test_latin_letters_always_fit_the_alphabet(text):
    assert set(folded(text)) <= BASIC | TWICE


# ---- mail ----


def mail_to(language: str, kind: str = "invitation", **client: str) -> SimpleNamespace:
    letter = mail_letter(
        client=Client(language=language, **client),
        organization=Organization(sender_name="Oak\nStreet", time_zone="America/Chicago"),
        kind=kind,
        to="jo@example.org",
        links=Addresses(rate=f"{HOST}/rate/{'r' * 22}", stop=f"{HOST}/stop/{'s' * 22}"),
        until=dt.datetime(2026, 11, 27, 23, tzinfo=dt.UTC),
    )
    return SimpleNamespace(letter=letter, html=letter.html, text=letter.text)


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Your 3 quick questions", "Hello, your 3 quick questions are ready.",
                "It works until Friday, November 27, 5:00 PM."]),
        ("es", ["Sus 3 preguntas", "Hola: sus 3 preguntas ya están listas.",
                "Funciona hasta el viernes 27 de noviembre, 5:00 PM."]),
        ("ar", ["أسئلتك الثلاثة القصيرة", "مرحبًا", "الجمعة، 27 نوفمبر"]),
    ],
)  # fmt: skip
def test_a_mail_says_it_twice_as_text_and_as_html(language, words):
    mail = mail_to(language)
    subject, *rest = words
    assert mail.letter.subject == subject
    for word in rest:
        assert word in mail.text
        assert word in plain(mail.html)
    for link in ("/rate/" + "r" * 22, "/stop/" + "s" * 22):
        assert f"{HOST}{link}\n" in mail.text
        assert f'href="{HOST}{link}"' in mail.html


def test_a_reminder_says_that_it_is_still_open():
    assert "still open" in mail_to("en", "reminder").text
    assert "still open" not in mail_to("en").text


def test_the_own_word_stands_in_front_and_the_sender_on_one_line():
    mail = mail_to("en", own_word="Blue\nbird")
    assert mail.letter.subject == "Blue bird: your 3 quick questions"
    assert mail.letter.sender == "Oak Street"


def test_arabic_is_laid_out_from_right_to_left():
    assert '<html lang="ar" dir="rtl">' in mail_to("ar").html
    assert "dir=" not in mail_to("es").html


def test_nothing_in_it_comes_from_elsewhere_or_counts_who_opened_it():
    html = mail_to("en").html
    assert not re.search(r"<(img|link|script|style)|url\(", html)


def test_markup_in_a_word_is_text():
    mail: Any = mail_to("en", own_word="<b>&'").letter
    assert "<b>" not in mail.html
    assert mail.subject.startswith("<b>&'")
