"""The translations are there: complete, compiled, and of today's source.

While texts are still moving this file may be red on a branch: it is made green before a release,
by `.ci/messages` (see CONTRIBUTING).
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message

from tests import catalogs
from tests.catalogs import HINT, LANGUAGES, SAME, po_of, read


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalogs as they would be after `.ci/messages`."""
    if missing := catalogs.missing_programs():
        reason = f"GNU gettext is not installed ({', '.join(missing)} not on PATH)"
        if os.environ.get("ALLIANCE_REQUIRE_ALL") == "1":
            pytest.fail(f"{reason}, and ALLIANCE_REQUIRE_ALL=1", pytrace=False)
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("locale") / "locale"
    shutil.copytree(catalogs.LOCALE, folder)
    catalogs.refresh(folder)
    return folder


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language: str) -> None:
    left = [str(problem) for problem in catalogs.problems(read(po_of(language)), language)]
    if left:
        pytest.fail("\n".join([f"{len(left)} texts to translate. {HINT}", *left]), pytrace=False)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogs_hold_the_texts_of_the_source(fresh: Path, language: str) -> None:
    found = catalogs.differences(read(po_of(language)), read(po_of(language, fresh)))
    if found:
        pytest.fail("\n".join([f"{language} is behind the source. {HINT}", *found]), pytrace=False)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_compiled_is_what_is_written(language: str) -> None:
    path = po_of(language)
    assert path.with_suffix(".mo").read_bytes() == catalogs.compiled(path), (
        "Run .ci/messages --compile"
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_list_of_texts_that_stay_english_holds_no_others(language: str) -> None:
    kept = {
        message.id
        for message in catalogs.messages_of(read(po_of(language)))
        if message.id == message.string and isinstance(message.id, str)
    }
    assert SAME[language].keys() - kept == set()


@pytest.mark.parametrize(
    ("original", "translation", "found"),
    [
        ("Save", "Guardar", None),
        ("Save", "", "not translated"),
        ("Save", "Save", "the same as the original, and not on the list"),
        ("%(name)s came", "%(nombre)s vino", "the gaps differ"),
        ("%(name)s came", "Vino", "the gaps differ"),
        ("{client} came", "Vino {client}", None),
        ("{client} came", "Vino", "the gaps differ"),
        ("%(low)s - %(high)s", "%(low)s - %(high)s", None),
        (" and more", "y más", "a space or line break at an end differs"),
        (("%(n)d day", "%(n)d days"), ("un día", "%(n)d días"), None),
        (("%(n)d day", "%(n)d days"), ("un día", "días"), "the gaps differ"),
        (("%(n)d day", "%(n)d days"), ("un día", ""), "not translated"),
    ],
)
def test_what_is_wrong_with_a_translation_is_found(
    original: Any, translation: Any, found: str | None
) -> None:
    assert catalogs.problem_of(Message(original, translation), "es") == found


@pytest.mark.parametrize(("language", "text"), [("es", "حفظ"), ("ar", "Guardar")])
def test_a_text_in_the_wrong_catalog_is_found(language: str, text: str) -> None:
    found = catalogs.problem_of(Message("Save", text), language)
    assert found == "in the letters of another language"


def test_a_guess_of_gettext_is_found() -> None:
    message = Message("Save it", "Guardar", flags=["fuzzy"])
    assert catalogs.problem_of(message, "es") == "fuzzy"


def catalog_of(*texts: str, file: str = "a.py", language: str = "es") -> Catalog:
    catalog = Catalog(locale=language)
    for text in texts:
        catalog.add(text, locations=[(file, 1)])
    return catalog


def test_what_the_source_has_and_the_catalog_has_not_is_found() -> None:
    found = catalogs.differences(catalog_of("Old", "Both"), catalog_of("Both", "New"))
    assert found == ["no longer in the source: 'Old'", "not in the catalog: 'New' (a.py)"]


def test_a_text_that_moved_to_another_file_is_found() -> None:
    """It may be a client's now, and then Arabic needs it."""
    found = catalogs.differences(catalog_of("Both"), catalog_of("Both", file="b.py"))
    assert found == ["now in b.py: 'Both'"]


def test_arabic_is_asked_for_what_clients_see_alone() -> None:
    staff = catalog_of("Caseload", file="templates/measures/caseload.html", language="ar")
    client = catalog_of("Start", file="templates/measures/rate/start.html", language="ar")
    assert [problem.text for problem in catalogs.problems(staff, "ar")] == []
    assert [problem.text for problem in catalogs.problems(client, "ar")] == ["Start"]


def test_a_half_translated_plural_is_left_out_at_run_time(tmp_path: Path) -> None:
    path = tmp_path / "django.po"
    forms = 'msgid "day"\nmsgid_plural "days"\nmsgstr[0] "{}"\nmsgstr[1] ""\n'
    path.write_text(catalogs.header_of("es") + forms.format("día"), encoding="utf-8")
    assert "día".encode() not in catalogs.compiled(path)


# ---- the questions ----


@pytest.mark.parametrize("language", ["en", "es", "ar"])
def test_clients_are_asked_in_every_language(language: str) -> None:
    version = catalogs.newest_questions()
    texts = [version["title"], *(version["lead_in"][reader] for reader in ("client", "group"))]
    readers = ("client", "group")
    texts += [item["wording"][reader] for item in version["items"] for reader in readers]
    assert [text for text in texts if language not in text] == []


@pytest.mark.parametrize("language", ["en", "es"])
def test_counselors_are_asked_in_every_language_of_the_staff(language: str) -> None:
    version = catalogs.newest_questions()
    texts = [version["lead_in"]["counselor"]]
    texts += [item["wording"]["counselor"] for item in version["items"]]
    assert [text for text in texts if language not in text] == []


# ---- Spanish keeps to its words (see the glossary in CONTRIBUTING) ----

# "Sesión" is a client's; whoever is addressed is "usted"; quotation marks are « ».
NOT_OURS = re.compile(
    r"\b(?:episodios?|(?:iniciar?|cerrar?|inicie|cierre) sesión|tu|tus|tú|ti|contigo|vosotros|"
    r"counselors?|clic|banderas?)\b|[“”]",
    re.IGNORECASE,
)


def test_spanish_keeps_to_its_words() -> None:
    texts = [
        catalogs.PLACEHOLDER.sub("", text)
        for message in catalogs.messages_of(read(po_of("es")))
        for text in catalogs.forms_of(message.string)
    ]
    assert [text for text in texts if NOT_OURS.search(text)] == []
    assert NOT_OURS.search("Inicie sesión con tu correo")
    assert not NOT_OURS.search("La sesión empieza; usted la anota")


# ---- Arabic speaks to women and men alike ----

# Told to one man. Nouns of action do the same for everybody ("الإرسال", "يُرجى اختيار").
COMMANDS = (
    "أرسل أرسلها اختر اضغط افتح أغلق اكتب امسح امسحه ابدأ حاول انتقل راجع أدخل اقرأ انتظر اتصل"
)
TO_A_MAN = re.compile(rf"\b(?:{'|'.join([*COMMANDS.split(), 'تريد', 'تجيب', 'لا تغلق'])})\b")


def test_arabic_gives_no_orders_to_one_man() -> None:
    texts = [
        text
        for message in catalogs.messages_of(read(po_of("ar")))
        for text in catalogs.forms_of(message.string)
    ]
    assert [text for text in texts if TO_A_MAN.search(text)] == []
    assert TO_A_MAN.search("حاول الآن")
    assert TO_A_MAN.search("من فضلك لا تغلق هذه الصفحة")


def test_a_guess_goes_where_nobody_asked_for_the_translation() -> None:
    guess = (
        '#: templates/measures/caseload.html\n#, fuzzy\n#| msgid "Start"\n'
        'msgid "Starts"\nmsgstr ""\n"البدء\\n"\n"هنا"'
    )
    bare = '#: templates/measures/caseload.html\nmsgid "Starts"\nmsgstr ""'
    assert catalogs._without_guess(guess, "ar") == bare
    assert "البدء" in catalogs._without_guess(guess, "es")
