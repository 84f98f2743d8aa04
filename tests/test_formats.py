"""Dates, times and numbers as each language writes them, by name."""

from __future__ import annotations

import ast
import datetime as dt
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from django.utils import translation
from django.utils.formats import FORMAT_SETTINGS, date_format, number_format, time_format

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("alliance_site", "measures", "sessions")
DAY = dt.datetime(2026, 3, 4, 13, 5)  # noqa: DTZ001 - what a page shows, whatever the zone

# Django's names for what a page may show, and our own (alliance_site/formats).
OWN = {"WEEKDAY_FORMAT", "SHORT_WEEKDAY_FORMAT", "SHORT_DAY_FORMAT", "CLOCK_FORMAT"}
OWN |= {"CLOCK_HALF_FORMAT"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("DATE_FORMAT", ("March 4, 2026", "4 de marzo de 2026", "4 مارس 2026")),
        ("MONTH_DAY_FORMAT", ("March 4", "4 de marzo", "4 مارس")),
        ("SHORT_DATE_FORMAT", ("Mar 4, 2026", "4 mar 2026", "4 مارس 2026")),
        ("WEEKDAY_FORMAT", ("Wednesday, March 4", "miércoles 4 de marzo", "الأربعاء، 4 مارس")),
        ("SHORT_WEEKDAY_FORMAT", ("Wed, Mar 4", "miércoles 4 mar", "الأربعاء، 4 مارس")),
        ("SHORT_DAY_FORMAT", ("Mar 4", "4 mar", "4 مارس")),
        ("TIME_FORMAT", ("1:05 PM", "1:05 PM", "1:05 م")),
        (
            "DATETIME_FORMAT",
            ("March 4, 2026, 1:05 PM", "4 de marzo de 2026, 1:05 PM", "4 مارس 2026، 1:05 م"),
        ),
        ("CLOCK_FORMAT", ("1:05", "1:05", "1:05")),
        ("CLOCK_HALF_FORMAT", ("PM", "PM", "م")),
    ],
)
def test_dates_and_times_are_written_as_each_language_does(
    name: str, said: tuple[str, str, str]
) -> None:
    for language, expected in zip(("en", "es", "ar"), said, strict=True):
        with translation.override(language):
            assert date_format(DAY, name) == expected


@pytest.mark.parametrize("language", ["en", "es", "ar"])
def test_numbers_have_a_decimal_point_everywhere(language: str) -> None:
    """Spanish as in the United States and Mexico; Arabic with the digits 0 to 9."""
    with translation.override(language):
        assert number_format(8.5, 1) == "8.5"
        assert number_format(12345, force_grouping=True) == "12,345"
        assert time_format(DAY.time()) == date_format(DAY, "TIME_FORMAT")


@pytest.mark.parametrize("language", ["en", "es", "ar"])
def test_every_language_has_every_format_of_ours(language: str) -> None:
    module = import_module(f"alliance_site.formats.{language}.formats")
    assert [name for name in OWN if not hasattr(module, name)] == []


# ---- the source names formats ----


def spelled_out_in_template(source: str) -> list[str]:
    """Formats spelled out in English order: {{ day|date:"F j" }}."""
    used = re.findall(r"\|\s*(?:date|time):(?:\"([^\"]*)\"|'([^']*)')", source)
    return [first or second for first, second in used if not is_name(first or second)]


def is_name(text: str) -> bool:
    return text in OWN | FORMAT_SETTINGS


def spelled_out_in_code(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            function = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if function in {"date_format", "time_format"}:
                given = [*node.args[1:2], *(k.value for k in node.keywords if k.arg == "format")]
                texts = [each.value for each in given if isinstance(each, ast.Constant)]
                yield from (str(text) for text in texts if not is_name(str(text)))
            elif function in {"strftime", "get_text_list"}:
                yield function


def test_no_template_spells_out_a_date() -> None:
    paths = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "templates").rglob("*.txt")]
    found = {
        path.relative_to(ROOT).as_posix(): spelled
        for path in paths
        if (spelled := spelled_out_in_template(path.read_text(encoding="utf-8")))
    }
    assert found == {}, "Name a format (alliance_site/formats/__init__.py lists them)."


def test_no_code_spells_out_a_date_or_a_row_of_names() -> None:
    """Names stand in a row by sessions.names.in_a_row."""
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    found = {
        path.relative_to(ROOT).as_posix(): spelled
        for path in paths
        if (spelled := list(spelled_out_in_code(path.read_text(encoding="utf-8"))))
    }
    assert found == {}, "Name a format (alliance_site/formats/__init__.py lists them)."


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('{{ day|date:"F j" }}', ["F j"]),
        ("{% x with day=at|time:'H:i' %}", ["H:i"]),
        ('{{ day|date:"WEEKDAY_FORMAT" }} {{ at|time }}', []),
        ('{{ day|date:"NO_SUCH_FORMAT" }}', ["NO_SUCH_FORMAT"]),
    ],
)
def test_a_date_spelled_out_in_a_template_is_found(source: str, found: list[str]) -> None:
    assert spelled_out_in_template(source) == found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('date_format(day, "F j")', ["F j"]),
        ('formats.date_format(day, format="l")', ["l"]),
        ('day.strftime("%B")', ["strftime"]),
        ('get_text_list(names, "and")', ["get_text_list"]),
        ('date_format(day, "MONTH_DAY_FORMAT")', []),
        ("date_format(day, form)", []),
    ],
)
def test_a_date_spelled_out_in_code_is_found(source: str, found: list[str]) -> None:
    assert list(spelled_out_in_code(source)) == found


# ---- scripts have no words of their own ----

LITERAL = re.compile(r"\"((?:[^\"\\\n]|\\.)*)\"|'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`")
SENTENCE = re.compile(r"^[A-Z][a-z]+(?:[ .!?…]|$)|[A-Za-z]{2,} [a-z]{2,}")
# Not for people: strict mode, and what looks for elements, media or styles.
MACHINE = re.compile(r"^use strict$|[\[\]#>]|\.[a-z-]+|\(|^[A-Z][a-z]+[A-Z]")
NAMES_OF_KEYS = {"Enter", "Escape", "Home", "End", "Tab", "Delete", "Backspace", "Accept"}


def words_in_script(source: str) -> list[str]:
    code = re.sub(
        r"^\s*//.*$|(?<=[;{}),])\s*//.*$|/\*.*?\*/", "", source, flags=re.MULTILINE | re.DOTALL
    )
    texts = ["".join(groups) for groups in LITERAL.findall(code)]
    return [
        text
        for text in texts
        if SENTENCE.search(text) and not MACHINE.search(text) and text not in NAMES_OF_KEYS
    ]


def test_no_script_has_words_of_its_own() -> None:
    """One catalog serves: the page hands a script its texts."""
    found = {
        path.name: words
        for path in (ROOT / "static" / "js").glob("*.js")
        if (words := words_in_script(path.read_text(encoding="utf-8")))
    }
    assert found == {}, "Let the template write the text into a data- attribute."


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('note.textContent = "Saved.";', ["Saved."]),
        ("note.textContent = `Try again in ${n} seconds`;", ["Try again in ${n} seconds"]),
        ('"use strict"; // Say it in words', []),
        ('document.querySelector("button[name=send] span")', []),
        ('if (event.key === "Escape") matchMedia("(pointer: fine)");', []),
    ],
)
def test_words_in_a_script_are_found(source: str, found: list[str]) -> None:
    assert words_in_script(source) == found
