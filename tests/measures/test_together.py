"""The screen that counselor and client look at together: the client's own line and nothing else."""

from __future__ import annotations

import datetime as dt
import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from measures.insight.own_line import own_line
from measures.models import Flag
from measures.repair.talks import record_talk
from sessions.models import AccessEntry, Client, Session
from tests import factories

BLIND = "What you told us last is not here yet. Alice answers the same questions first."


def address(cast: SimpleNamespace, session: Session | None = None) -> str:
    plain = reverse("together", args=[cast.episode.uuid])
    return f"{plain}?session={session.uuid}" if session else plain


@pytest.fixture
def alices(cast: SimpleNamespace, log_in: Any) -> Browser:
    browser: Browser = log_in(cast.alice)
    return browser


def shown(browser: Browser, cast: SimpleNamespace) -> str:
    response = browser.get(address(cast))
    assert response.status_code == 200
    return str(response.content.decode())


def test_it_tells_the_line_in_plain_words(alices: Browser, cast: SimpleNamespace) -> None:
    factories.make_course(cast.episode, [(4, 5, 6), 9, (8, 8, 7)], cast.now)
    page = shown(alices, cast)
    assert re.search(r"Last time, on \w+day, \w+ \d+, your number was 7\.7 of 10\.", page)
    assert "The time before, it was 9.0." in page
    assert "So far, your low was 5.0 and your high was 9.0." in page
    assert page.count('<path class="dot"') == 3
    for question in ("Respect", "Understanding you", "Your goals"):
        assert question in page


def test_every_answer_stands_in_the_list_newest_first(
    alices: Browser, cast: SimpleNamespace
) -> None:
    factories.make_course(cast.episode, [(4, 5, 6), (8, 8, 7)], cast.now)
    rows = re.findall(r"<td[^>]*>(.*?)</td>", shown(alices, cast))
    assert rows == ["8", "8", "7", "7.7", "4", "5", "6", "5.0"]


@pytest.mark.parametrize(
    ("scores", "sentence"),
    [
        ([], "There is no line yet. It starts when you answer two questions or more."),
        ([6], "your number was 6.0 of 10."),
        ([9, 9, 9], "Each time, your number was 9.0 of 10."),
    ],
)
def test_a_young_or_a_level_line_has_a_sentence_of_its_own(
    alices: Browser, cast: SimpleNamespace, scores: list[float | None], sentence: str
) -> None:
    factories.make_course(cast.episode, scores, cast.now)
    assert sentence in shown(alices, cast)


def test_nothing_of_the_staffs_is_on_it(alices: Browser, cast: SimpleNamespace) -> None:
    """With a flag up, a counselor's rating, a note, a wish and a goal."""
    sessions = factories.make_course(cast.episode, [9, 9, 9, 9, 9, 9], cast.now, own=3.14)
    last = factories.make_session(cast.episode, cast.now - dt.timedelta(hours=3))
    factories.rate(last, 3.14, "counselor")
    factories.rate(last, 1, note="Too fast for me", change_wish="slower")
    assert Flag.objects.filter(episode=cast.episode).exists()
    page = shown(alices, cast)
    assert len(sessions) == 6
    for text in (
        cast.episode.client.code, "3.1", "Too fast", "Go slower", "usual", "talked about",
        "Caseload", "Log out", "<nav", "band", "flag", "Counselor",
    ):  # fmt: skip
        assert text not in page, text


def test_a_session_without_answers_is_a_gap_and_no_word_says_why(
    alices: Browser, cast: SimpleNamespace
) -> None:
    [_, middle, _] = factories.make_course(cast.episode, [8, None, 6], cast.now)
    skipped = shown(alices, cast)
    factories.rate(middle, (None, None, None), declined=True)
    assert shown(alices, cast) == skipped
    assert skipped.count('<path class="line"') == 0
    assert skipped.count('<path class="dot"') == 2
    assert skipped.count(">\N{EN DASH}</td>") == 4
    assert not re.search(r"declin|chose|skipp|missed", skipped.partition("<main")[2], re.IGNORECASE)


def test_what_is_not_open_yet_is_not_on_it_and_it_says_so(
    alices: Browser, cast: SimpleNamespace
) -> None:
    factories.make_course(cast.episode, [8, 7], cast.now - dt.timedelta(days=7))
    session = factories.make_session(cast.episode, cast.now - dt.timedelta(minutes=50))
    before = shown(alices, cast)
    factories.rate(session, 1, now=cast.now)
    held_back = shown(alices, cast)
    assert BLIND in held_back
    assert held_back.replace(f'<p class="told">{BLIND}</p>\n', "").split() == before.split()
    alices.post(reverse("session_waive", args=[session.uuid]))
    opened = shown(alices, cast)
    assert BLIND not in opened
    assert "your number was 1.0 of 10." in opened


def test_it_speaks_the_clients_language(alices: Browser, cast: SimpleNamespace) -> None:
    factories.make_course(cast.episode, [8, 7], cast.now)
    for language, direction, words in (
        ("es", "", ("Entenderle", "Cerrar")),
        ("ar", ' dir="rtl"', ("فهم مقصدك", "إغلاق")),
    ):
        Client.objects.filter(pk=cast.episode.client_id).update(language=language)
        response = alices.get(address(cast))
        page = response.content.decode()
        assert f'<html lang="{language}"{direction}>' in page
        assert response.headers["Content-Language"] == language
        for word in words:
            assert word in page


def test_only_what_was_released_in_that_language_is_listed(
    alices: Browser, cast: SimpleNamespace
) -> None:
    factories.make_course(cast.episode, [9, 9, 9, 9, 9, 9, 2], cast.now)
    flag = Flag.objects.get(episode=cast.episode, rater="client")
    record_talk(
        flag=flag,
        by=cast.alice,
        talked_on=cast.today,
        now=cast.now,
        agreed="for the staff",
        client_text={"en": "we start with what is on your mind"},
        wish="slower",
    )
    page = shown(alices, cast)
    assert "You asked us to go slower." in page
    assert "we start with what is on your mind" in page
    assert "for the staff" not in page
    Client.objects.filter(pk=cast.episode.client_id).update(language="es")
    assert "we start with" not in shown(alices, cast)


def test_it_is_one_tap_away_and_closes_to_where_one_was(
    alices: Browser, cast: SimpleNamespace
) -> None:
    [session] = factories.make_course(cast.episode, [8], cast.now)
    client_page = reverse("episode", args=[cast.episode.uuid])
    answers = reverse("session_answers", args=[session.uuid])
    assert f'href="{address(cast)}"' in alices.get(client_page).content.decode()
    assert f'href="{address(cast, session)}"' in alices.get(answers).content.decode()
    assert f'href="{client_page}" data-close' in shown(alices, cast)
    from_answers = alices.get(address(cast, session)).content.decode()
    assert f'href="{answers}" data-close' in from_answers


@pytest.mark.parametrize("asked", ["nonsense", "https://example.org/", "someone else's"])
def test_it_closes_to_nowhere_else(alices: Browser, cast: SimpleNamespace, asked: str) -> None:
    if asked == "someone else's":
        theirs = factories.make_episode(cast.bob, "B-9", cast.today)
        asked = str(factories.make_session(theirs, cast.now).uuid)
    page = alices.get(address(cast), {"session": asked}).content.decode()
    client_page = reverse("episode", args=[cast.episode.uuid])
    assert f'href="{client_page}" data-close' in page


def test_it_leaves_an_entry_that_names_the_client(alices: Browser, cast: SimpleNamespace) -> None:
    shown(alices, cast)
    entry = AccessEntry.objects.get(route="together")
    assert entry.clients == [cast.episode.client_id]


def test_a_long_line_is_drawn_without_a_dot_for_each() -> None:
    drawn = own_line([7.0] * 61 + [None] + [6.0], label="x")
    assert drawn.count('class="dot"') == 1
    assert drawn.count('class="line"') == 1
