"""The built-in measure: versions are data, and a version never changes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from measures import builtin
from measures.builtin import current_version, load_builtin
from measures.models import FACETS, Instrument, InstrumentVersion
from tests import factories

# A version that was shipped is in people's databases. A better wording is a new file.
SHIPPED = {
    "three-questions-1.json": "908615b847d6663950358f5675e686cdb848025ff27cbe2a23a88ecb445f333a",
    "three-questions-2.json": "a7409e18af2a7b091394a31e671923cd12f461dd06d732b3d7d1f97d0ccf39f6",
    "three-questions-3.json": "465674a80d3466b29a0f1a6462df79b3ecc3eba62a61fca10b889519fead44bd",
}

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of versions that a test may change."""
    for path in builtin.FOLDER.glob("*.json"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(builtin, "FOLDER", tmp_path)
    return tmp_path


def write_version(folder: Path, number: int, **changes: Any) -> None:
    schema = json.loads((folder / "three-questions-1.json").read_text())
    path = folder / f"three-questions-{number}.json"
    path.write_text(json.dumps({**schema, **changes}))


def test_every_version_that_was_shipped_is_still_the_same():
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in builtin.FOLDER.glob("*.json")
    }
    assert found == SHIPPED


def test_migrating_loads_every_version():
    versions = InstrumentVersion.objects.order_by("number")
    assert [(each.number, each.licence) for each in versions] == [
        (number, "CC0-1.0") for number in (1, 2, 3)
    ]
    assert {each.instrument.organization for each in versions} == {None}
    assert versions.last() == current_version()


def test_loading_again_changes_nothing():
    before = list(InstrumentVersion.objects.values())
    load_builtin()
    assert list(InstrumentVersion.objects.values()) == before
    assert Instrument.objects.count() == 1


def test_a_changed_file_does_not_change_a_stored_version(folder):
    before = list(InstrumentVersion.objects.values())
    write_version(folder, 1, licence="all rights reserved", items=[])
    load_builtin()
    assert list(InstrumentVersion.objects.values()) == before


def test_a_new_file_is_a_new_version_and_the_current_one(folder):
    write_version(folder, 4, title={"en": "Three better questions"})
    load_builtin()
    assert current_version().number == 4
    assert InstrumentVersion.objects.count() == 4


def test_the_tenth_version_is_newer_than_the_ninth(folder):
    for number in (9, 10):
        write_version(folder, number)
    load_builtin()
    assert current_version().number == 10


def test_a_request_keeps_the_version_it_was_made_with(cast, folder):
    session = factories.make_session(cast.episode, cast.now)
    request = factories.invite(session, cast.now).link.request
    before = request.instrument_version.number
    write_version(folder, before + 1)
    load_builtin()
    again = factories.invite(session, cast.now).link.request
    assert (again, again.instrument_version.number) == (request, before)
    assert current_version().number == before + 1


def test_an_organizations_own_instrument_is_not_taken_for_it(cast):
    own = Instrument.objects.create(organization=cast.here, slug=builtin.SLUG)
    InstrumentVersion.objects.create(instrument=own, number=99, schema={}, licence="own")
    assert current_version().number == 3
    assert set(Instrument.objects.usable_by(cast.elsewhere)) == {current_version().instrument}


@pytest.mark.parametrize("rater", ["client", "group", "counselor", "group_counselor"])
@pytest.mark.parametrize("language", ["en", "es", "es-mx", "de"])
def test_every_rater_is_asked_about_every_facet(rater, language):
    items = current_version().items(rater, language)
    assert tuple(item["facet"] for item in items) == FACETS
    for item in items:
        assert all(item[part] for part in ("short", "question", "lowest", "highest"))
    assert current_version().lead_in(rater, language)


def test_what_has_no_wording_in_a_language_is_asked_in_english():
    assert current_version().items("client", "de") == current_version().items("client", "en")
    assert current_version().items("client", "es") != current_version().items("client", "en")


def test_a_group_has_questions_of_its_own_about_the_same_facets():
    version = current_version()
    for language in ("en", "es"):
        alone, group = (version.items(reader, language) for reader in ("client", "group"))
        assert [item["facet"] for item in group] == [item["facet"] for item in alone]
        assert all(
            one["question"] != other["question"] for one, other in zip(alone, group, strict=True)
        )
        assert "{" not in version.lead_in("group", language)


def test_a_version_without_words_for_a_group_asks_as_it_asks_anybody():
    first = InstrumentVersion.objects.get(number=1)
    assert first.items("group", "es") == first.items("client", "es")
    assert first.lead_in("group", "es") == first.lead_in("client", "es")


def test_names_are_the_only_blanks():
    """Wording is filled in by format(): a stray brace would break every form."""
    for rater, blank in (("client", "counselor"), ("counselor", "client")):
        for language in ("en", "es"):
            for item in current_version().items(rater, language):
                assert "Maria" in item["question"].format(**{blank: "Maria"})
            current_version().lead_in(rater, language).format(**{blank: "Maria"})
