from __future__ import annotations

import pytest
from django.utils import translation

from sessions.names import in_a_row, isolated


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], ""),
        (["Maria"], "Maria"),
        (["Maria", "Sam"], "Maria and Sam"),
        (["Maria", "Jo", "Irene"], "Maria, Jo and Irene"),
    ],
)
def test_names_stand_in_a_row(names: list[str], said: str) -> None:
    assert in_a_row(names) == said


@pytest.mark.parametrize(
    ("last", "said"),
    [
        ("Sam", "Ana, Jo y Sam"),
        ("Irene", "Ana, Jo e Irene"),
        ("Íñigo", "Ana, Jo e Íñigo"),
        ("Hilda", "Ana, Jo e Hilda"),
        ("Hielda", "Ana, Jo y Hielda"),
        ("Yolanda", "Ana, Jo y Yolanda"),
    ],
)
def test_spanish_changes_its_and_before_the_sound_of_i(last: str, said: str) -> None:
    with translation.override("es"):
        assert in_a_row(["Ana", "Jo", last]) == said


def test_arabic_joins_its_and_to_the_name() -> None:
    with translation.override("ar"):
        assert in_a_row(["سلمى", "عمر", "Sam"]) == "سلمى، عمر وSam"


@pytest.mark.parametrize(
    ("language", "text", "is_isolated"),
    [
        ("en", "Maria", False),
        ("en", "سلمى", True),
        ("ar", "سلمى", True),
        ("ar", "Maria", True),
        ("ar", "555-0100", True),
        ("ar", "", False),
    ],
)
def test_a_name_is_kept_apart_where_directions_meet(
    language: str, text: str, is_isolated: bool
) -> None:
    with translation.override(language):
        assert isolated(text) == (f"\u2068{text}\u2069" if is_isolated else text)
