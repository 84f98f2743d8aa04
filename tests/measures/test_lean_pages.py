"""The client's pages are small, plain, and colored as the rest."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.staticfiles import finders

from measures.capture.who_sees import who_sees_answers
from sessions.models import Client
from tests.measures.link_holder import LinkHolder, invite

ROOT = Path(__file__).resolve().parent.parent.parent
CLIENT = (ROOT / "static/css/client.css").read_text()
THEME = (ROOT / "static/css/theme.css").read_text()

# Over the wire, everything there is to fetch; the page itself counted as Django sends it.
MOST_BYTES = 60_000
# What it is today, with room for a sentence or two: a framework would not fit in.
USUAL_BYTES = 40_000


@pytest.fixture
def holder(cast: SimpleNamespace) -> LinkHolder:
    cast.here.crisis_text = "If you need help now, call or text 988. In danger, call 911."
    cast.here.save()
    holder = invite(cast.episode, cast.now)
    holder.open()
    return holder


def pages(holder: LinkHolder) -> dict[str, Any]:
    found = {name: holder.get(name) for name in ("", "questions/", "decline/", "not-me/")}
    found["review"] = holder.review(note="Slower, please", change_wish="slower")
    holder.send()
    return found | {"thanks/": holder.get("thanks/")}


def files_of(html: str) -> list[str]:
    return re.findall(r'(?:href|src)="/static/([^"]+)"', html)


def compressed(name: str) -> int:
    path = finders.find(name)
    assert isinstance(path, str), name
    return len(gzip.compress(Path(path).read_bytes(), 9))


@pytest.mark.parametrize("way", ["buttons", "slider"])
def test_a_page_with_all_it_fetches_is_small(holder, way):
    Client.objects.update(answers_with=way)
    for name, response in pages(holder).items():
        html = response.content.decode()
        weight = len(response.content) + sum(compressed(each) for each in files_of(html))
        assert weight < USUAL_BYTES < MOST_BYTES, (name, weight)


def test_a_page_has_one_stylesheet_no_framework_and_only_scripts_that_wait(holder):
    for name, response in pages(holder).items():
        html = response.content.decode()
        sheets = [each for each in files_of(html) if each.endswith(".css")]
        assert sheets == ["css/client.css"], name
        assert not re.search(r"<script(?![^>]*\bdefer\b)", html), name
        assert "vendor/" not in html, name


def test_the_stylesheet_fetches_nothing():
    assert not re.search(r"url\(|@import|@font-face", CLIENT)


def tokens(css: str, start: str) -> dict[str, str]:
    """The variables of the first block after `start`."""
    block = css[css.index(start) :]
    block = block[block.index("{", block.index(":root")) : block.index("}", block.index(":root"))]
    return dict(re.findall(r"(--wa-[\w-]+): ([^;]+);", block))


@pytest.mark.parametrize("start", [":root", "prefers-color-scheme: dark"])
def test_the_colors_are_those_of_the_theme(start):
    ours, theirs = tokens(CLIENT, start), tokens(THEME, start)
    second_voice = ours.pop("--wa-ink-2")  # darker here, so that all text is 7:1
    assert second_voice != theirs["--wa-ink-2"]
    assert len(ours) > 10
    assert {name: theirs.get(name) for name in ours} == ours


def luminance(color: str) -> float:
    if len(color) == 4:
        color = "#" + "".join(2 * each for each in color[1:])
    channels = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


PAIRS = [
    ("ink", "surface"), ("ink-2", "surface"), ("accent", "surface"), ("error", "surface"),
    ("on-accent", "accent"), ("on-accent", "accent-hover"), ("ink", "accent-soft"),
    ("ink", "sunk"), ("ink", "error-soft"), ("error", "error-soft"), ("ask", "ask-soft"),
]  # fmt: skip


@pytest.mark.parametrize("start", [":root", "prefers-color-scheme: dark"])
def test_every_text_has_a_contrast_of_seven_to_one(start):
    found = {name.removeprefix("--wa-"): value for name, value in tokens(CLIENT, start).items()}
    weak = {pair: contrast(found[pair[0]], found[pair[1]]) for pair in PAIRS}
    assert {pair: value for pair, value in weak.items() if value < 7} == {}
    assert contrast(found["edge"], found["surface"]) >= 3  # borders of controls


# ---- plain words ----


def syllables(word: str) -> int:
    """Groups of vowels, without a silent e at the end; close enough for a grade."""
    word = re.sub(r"(?<=[^aeiouy])(e|es|ed)$", "", word.lower())
    return max(1, len(re.findall(r"[aeiouy]+", word)))


def grade(text: str) -> float:
    """Flesch-Kincaid: the school year in which a text can be read."""
    sentences = max(1, len(re.findall(r"[.?!](?=\s|$)", text)))
    words = re.findall(r"[A-Za-z']+", text)
    return 0.39 * len(words) / sentences + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def prose(response: Any) -> str:
    """The paragraphs and questions of a page, as sentences."""
    html = response.content.decode()
    html = re.sub(r"<(svg|button|option|summary)\b.*?</\1>", " ", html, flags=re.DOTALL)
    found = re.findall(r"<(?:p|h1|legend)\b[^>]*>(.*?)</(?:p|h1|legend)>", html, flags=re.DOTALL)
    texts = (re.sub(r"\s+", " ", re.sub("<[^>]+>", "", each)).strip() for each in found)
    return " ".join(each if each[-1] in ".?!" else f"{each}." for each in texts if each)


def test_every_page_can_be_read_after_five_years_of_school(holder):
    grades = {name: round(grade(prose(page)), 1) for name, page in pages(holder).items()}
    assert {name: each for name, each in grades.items() if each > 5} == {}


def test_who_sees_it_can_be_read_after_five_years_of_school(cast, holder):
    cast.episode.organization.refresh_from_db()
    who = who_sees_answers(cast.episode, cast.today)
    assert grade(" ".join([who.first_line, *who.more])) <= 5


def test_what_is_hard_to_read_is_found():
    assert grade("Supervisory personnel periodically evaluate documentation.") > 12
    assert grade("We do not send them to court. You can ask for a copy.") < 3
