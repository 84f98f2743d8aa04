"""English client texts are for everybody: Flesch-Kincaid grade 5 at most, page by page.

A formula knows nothing of meaning; it only catches what got long. Syllables are counted by rule
(textstat 0.7.3 differs by 0.5 of a grade on the texts of this product), so that nothing has to be
downloaded. Numbers and names count as words of one syllable.
"""

from __future__ import annotations

import re
from collections import defaultdict
from fnmatch import fnmatch

import pytest

from tests import catalogs

PAGE, SENTENCE = 5.0, 8.5  # one list of names may be longer: court, probation, immigration

SILENT_END = re.compile(r"(?:[^aeiouylr]e|[aeiou][lr]e|[^aeioutd]ed)$")
NOT_FOR_CLIENTS = ("templates/errors/403.html",)
# Of one word a formula says nothing: it is read with the page it stands on.
PART_OF = {"templates/measures/rate/_languages.html": "templates/measures/rate/start.html"}


def syllables(word: str) -> int:
    letters = re.sub(r"[^a-z]", "", word.lower())
    found = len(re.findall(r"[aeiouy]+", letters))
    return max(found - bool(SILENT_END.search(letters)), 1)


def grade(text: str) -> float:
    sentences = [part for part in re.split(r"[.!?:]+(?:\s|$)", text) if re.search(r"\w", part)]
    words = re.findall(r"[A-Za-z0-9']+", text)
    per_word = sum(map(syllables, words)) / len(words)
    return 0.39 * len(words) / len(sentences) + 11.8 * per_word - 15.59


def texts_by_page() -> dict[str, list[str]]:
    """What clients read, by the file it stands in; the questions by who is asked."""
    pages = defaultdict(list)
    for message in catalogs.messages_of(catalogs.read(catalogs.po_of("ar"))):
        for file in catalogs.files_of(message):
            if any(fnmatch(file, pattern) for pattern in catalogs.CLIENT_SIDE):
                pages[PART_OF.get(file, file)].append(catalogs.forms_of(message.id)[-1])
    version = catalogs.newest_questions()
    for reader in ("client", "group"):
        wordings = [item["wording"][reader]["en"] for item in version["items"]]
        pages[reader] = [version["lead_in"][reader]["en"]]
        pages[reader] += [wording["question"] for wording in wordings]
        pages[reader] += [wording["help"] for wording in wordings if "help" in wording]
    return {page: list(map(filled, texts)) for page, texts in pages.items()}


def filled(text: str) -> str:
    """A name in every gap, and an end where a button has none."""
    named = re.sub(catalogs.PLACEHOLDER, "Sam", re.sub(r"<[^>]*>", "", text))
    return named if named.rstrip()[-1] in ".?!" else f"{named}."


PAGES = {page: texts for page, texts in texts_by_page().items() if page not in NOT_FOR_CLIENTS}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_for_clients_is_easy_to_read(page: str) -> None:
    assert grade(" ".join(PAGES[page])) <= PAGE


def test_no_sentence_for_clients_is_long() -> None:
    texts = [text for page in PAGES.values() for text in page if len(text.split()) > 5]
    assert [text for text in texts if grade(text) > SENTENCE] == []


@pytest.mark.parametrize(
    ("word", "count"),
    [("send", 1), ("probation", 3), ("use", 1), ("asked", 1), ("needed", 2), ("idea", 2)],
)
def test_syllables_are_counted(word: str, count: int) -> None:
    assert syllables(word) == count


def test_a_hard_page_is_found() -> None:
    hard = "Participation necessitates authorization by the responsible administrative authority."
    assert grade(hard) > SENTENCE > PAGE > grade("You can ask for a copy. That is OK.")
