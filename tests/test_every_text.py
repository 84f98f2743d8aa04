"""Nothing a person reads or hears goes around the catalogs, on any page, for anybody.

Every text that gettext hands out comes back spelled with other letters. What is still in plain
letters on a page after that is either somebody's own (a name, a code, a note), or was never
translatable. The pages are those of test_access.py: every address, and what it says to a form.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.utils import translation

from alliance_site.policy import POLICY
from sessions.models import Client
from sessions.policy import Actor
from tests.test_access import Answer, World, built_once, sweep, world

__all__ = ["built_once", "world"]  # fixtures

ROOT = Path(__file__).resolve().parent.parent
PLAIN = string.ascii_lowercase + string.ascii_uppercase
CIRCLED = "".join(chr(0x24D0 + place) for place in range(26))
OTHER = CIRCLED + "".join(chr(0x24B6 + place) for place in range(26))
# What must stay as it is inside a text: gaps, tags, entities.
KEPT = re.compile(r"(%\(\w+\)[\d.]*[sdf]|%[sd]|\{\w*\}|<[^>]*>|&\w+;)")

# What is on the pages and is nobody's translation: made up by the tests, or a name.
NAMES = (
    "Alice|Bob|Carl|Sam|Rita|Ada|Finn|Dana|Eve|Cleo|Olga|Jo Doe|Oak|Street|Elm|House|Waiting room"
)
OWN = re.compile(
    # The word "probation" stands beside its translations: it is what clients are told at court.
    r"\S+@\S+|kn-[\w-]+|https?:\S+|[\w-]+/[\w/-]+|T-308|\(probation\)|"
    r"\b[2-9A-Z]{3}-[2-9A-Z]{4}\b|"  # the code of a paper slip
    rf"\b(?:Alliance|{NAMES}|America|Chicago|English|[Ee]spañol|العربيّة|CC0)\b"
)
pytestmark = pytest.mark.django_db

PEOPLE = ("anon", "alice", "sam", "ada", "finn", "dana", "link")


def disguised(text: str) -> str:
    table = str.maketrans(PLAIN, OTHER)
    return "".join(
        part if KEPT.fullmatch(part) else part.translate(table) for part in KEPT.split(text)
    )


@pytest.fixture
def disguise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let gettext answer with the original in other letters."""

    def one(message: str) -> str:
        return disguised(str(message))

    def some(singular: str, plural: str, number: int) -> str:
        return disguised(singular if number == 1 else plural)

    answers = {
        "gettext": one,
        "ngettext": some,
        "pgettext": lambda context, message: one(message),
        "npgettext": lambda context, *forms: some(*forms),
    }
    for name, answer in answers.items():
        monkeypatch.setattr(vars(translation)["_trans"], name, answer, raising=False)


class Texts(HTMLParser):
    """What is read, read out, or shown by a script: texts, attributes, the chart's words."""

    SPOKEN = frozenset({"aria-label", "aria-description", "title", "placeholder", "alt", "label"})
    SILENT = frozenset({"script", "style", "svg"})

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.stack: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in self.SPOKEN and value]
        values = dict(attrs)
        if tag == "input" and values.get("type") in {"submit", "button"}:
            self.found.append(values.get("value") or "")
        if tag in self.SILENT:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.SILENT and self.stack:
            self.stack.pop()

    def handle_data(self, data: str) -> None:
        if not self.stack:
            self.found.append(data)
        elif data.lstrip().startswith("{"):
            self.found += words_of(json.loads(data))


WORDS = {"text", "hovertext", "ticktext", "label", "labels", "title"}


def words_of(value: object, *, said: bool = False) -> Iterator[str]:
    """The texts of a chart: what stands under the keys that are shown."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from words_of(inner, said=said or key in WORDS)
    elif isinstance(value, list):
        for inner in value:
            yield from words_of(inner, said=said)
    elif isinstance(value, str) and said:
        yield value


def questions() -> list[str]:
    """The wording of the measure is data, in every language; longest first."""
    texts = set()
    for path in (ROOT / "measures" / "builtin").glob("*.json"):
        texts |= set(strings(json.loads(path.read_text(encoding="utf-8"))))
    parts = {part.strip() for text in texts for part in re.split(r"\{\w+\}", text)}
    return sorted((part for part in parts if len(part) > 3), key=len, reverse=True)


def strings(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, str):
        yield value


QUESTIONS = questions()
# Whatever is anybody else's answers with the same bytes (test_access.py).
WHOSE = ("-", "alice", "closed")
LINK_ROUTES = [row.route for row in POLICY.rows if Actor.LINK_HOLDER in row.actors]


def plain_words(html: str) -> list[str]:
    """The texts of a page that have a word in plain letters, and are nobody's own."""
    parser = Texts()
    parser.feed(html)
    parser.close()
    return [text.strip() for text in parser.found if has_plain_word(text)]


def has_plain_word(text: str) -> bool:
    for question in QUESTIONS:
        text = text.replace(question, "")
    return bool(re.search(r"[A-Za-z]{2,}", OWN.sub("", text)))


def problems(answers: list[Answer]) -> list[str]:
    return sorted(
        {
            f"{answer.method} {answer.route}: {text!r}"
            for answer in answers
            if "<!doctype html>" in answer.text
            for text in plain_words(answer.text[answer.text.index("<!doctype html>") :])
        }
    )


@pytest.mark.parametrize("person", PEOPLE)
def test_every_text_can_be_translated(person: str, world: World, disguise: None) -> None:
    answers = sweep(world, person, whose=WHOSE)
    assert any("<!doctype html>" in answer.text for answer in answers)
    if found := problems(answers):
        pytest.fail("\n".join(["These go around the catalogs:", *found]), pytrace=False)


def test_every_page_of_a_link_is_whole_in_arabic(world: World) -> None:
    """Not a Latin letter but in names, and laid out from right to left."""
    Client.objects.update(language="ar")
    world.browsers["link"].defaults["HTTP_ACCEPT_LANGUAGE"] = "ar"
    try:
        answers = sweep(world, "link", LINK_ROUTES)
    finally:
        del world.browsers["link"].defaults["HTTP_ACCEPT_LANGUAGE"]
    pages = [answer for answer in answers if "<!doctype html>" in answer.text]
    assert len(pages) > 10
    assert [page.route for page in pages if '<html lang="ar" dir="rtl">' not in page.text] == []
    assert [page.route for page in pages if "right or wrong" in page.text] == []  # the questions
    if found := problems(answers):
        pytest.fail("\n".join(["These are not in Arabic:", *found]), pytrace=False)


def test_a_text_that_goes_around_the_catalog_is_found() -> None:
    hello = disguised("Hello %(name)s") % {"name": "Alice"}
    page = f"<p>{hello}</p><button aria-label='Close'>x</button>Bye"
    assert plain_words(page) == ["Close", "Bye"]


def test_a_text_of_the_chart_that_goes_around_the_catalog_is_found() -> None:
    chart = '{"data": [{"text": ["Flag"], "meta": {"role": "flag"}}]}'
    page = f'<script type="application/json">{chart}</script>'
    assert plain_words(page) == ["Flag"]
