"""The catalogs of translations: refreshed from the source, compiled, and judged.

`.ci/messages` runs it; test_messages.py judges with it. Refreshing needs GNU gettext, everything
else Babel alone.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "alliance_site" / "locale"
# How each language counts: one and many; none, one, two, a few, many, and the hundreds.
LANGUAGES = {
    "es": "nplurals=2; plural=(n != 1);",
    "ar": (
        "nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 "
        ": n%100>=11 && n%100<=99 ? 4 : 5;"
    ),
}
HEADER = """# Apache-2.0, as the rest. Not yet read by a native speaker.
msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plural}\\n"

"""
PROGRAMS = ("xgettext", "msgmerge", "msguniq", "msgattrib")
HINT = "Run .ci/messages, translate what it lists in alliance_site/locale, and run it again."

# Arabic is for what clients see: a text in one of these files needs it, others need it not.
CLIENT_SIDE = (
    "templates/base_client.html",
    "templates/base_quiet.html",
    "templates/emails/*",
    "templates/errors/*",
    "templates/measures/_choices.html",
    "templates/measures/_question.html",
    "templates/measures/handed.html",
    "templates/measures/kiosk.html",
    "templates/measures/rate/*",
    "templates/measures/together.html",
    "templates/sessions/no_kiosk.html",
    "measures/capture/forms.py",
    "measures/capture/handover_views.py",
    "measures/capture/intake_texts.py",
    "measures/capture/kiosk_views.py",
    "measures/capture/letters.py",
    "measures/capture/views.py",
    "measures/capture/who_sees.py",
    "measures/insight/ready_made.py",
    "measures/insight/together.py",
    "sessions/earlier_answers.py",
    "sessions/names.py",
)
FOR_CLIENTS_ONLY = {"ar"}

# Spelled as in English on purpose. Each was looked at; a new one needs its reason.
SAME: dict[str, dict[str, str]] = {
    "es": {
        "OK": "said so in Spanish, too",
        "No": "the same word",
        "no": "the same word",
        "PIN": "so it is called",
        "Esc": "so it stands on the key",
        "Agenda": "the same word",
        "Agendas": "the same word",
    },
    "ar": {},
}

ARABIC = re.compile(r"[\u0600-\u06ff]")
# A text that went into the wrong catalog. Names of things may stand in Latin letters in Arabic.
OF_ANOTHER_LANGUAGE: dict[str, Callable[[str], bool]] = {
    "es": lambda text: ARABIC.search(text) is not None,
    "ar": lambda text: ARABIC.search(text) is None and _has_words(text),
}

PLACEHOLDER = re.compile(r"%\((\w+)\)[sdf.\d]*[sdf]|\{(\w*)\}")


@dataclass(frozen=True, slots=True)
class Problem:
    language: str
    what: str
    text: str
    where: str

    def __str__(self) -> str:
        return f"{self.language}: {self.what}: {self.text!r} ({self.where})"


def po_of(language: str, locale: Path = LOCALE) -> Path:
    return locale / language / "LC_MESSAGES" / "django.po"


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, abort_invalid=True)


def messages_of(catalog: Catalog) -> Iterator[Message]:
    return (message for message in catalog if message.id)


def key_of(message: Message) -> tuple[str | None, str]:
    return message.context, forms_of(message.id)[0]


def forms_of(text: str | Iterable[str] | None) -> list[str]:
    """One text, or one for each count."""
    return [text or ""] if text is None or isinstance(text, str) else list(text)


def files_of(message: Message) -> list[str]:
    return [file for file, _ in message.locations]


def newest_questions() -> dict[str, Any]:
    """The built-in measure as it is asked today; its wording is data, not in the catalogs."""
    files = (ROOT / "measures" / "builtin").glob("three-questions-*.json")
    newest = max(files, key=lambda path: int(path.stem.rpartition("-")[2]))
    return dict(json.loads(newest.read_text(encoding="utf-8")))


# ---- refreshing ----


def missing_programs() -> list[str]:
    return [name for name in PROGRAMS if shutil.which(name) is None]


def refresh(locale: Path = LOCALE) -> None:
    """Bring the catalogs below `locale` up to the source: new texts empty, gone ones removed."""
    for language in LANGUAGES:
        _begin(language, po_of(language, locale))
    options = [
        *(f"--locale={language}" for language in LANGUAGES),
        *(f"--ignore={folder}" for folder in ("tests", "static*", "locale", ".*")),
        *("--add-location=file", "--no-obsolete", "--no-wrap", "--verbosity=0"),
    ]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.catalog_settings"}
    environment["ALLIANCE_LOCALE"] = str(locale)
    subprocess.run(
        [sys.executable, "manage.py", "makemessages", *options],
        cwd=ROOT,
        env=environment,
        check=True,
    )
    for language in LANGUAGES:
        _tidy(language, po_of(language, locale))


def _begin(language: str, path: Path) -> None:
    """A new catalog says how to count before the first text comes in."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(header_of(language), encoding="utf-8")


def _tidy(language: str, path: Path) -> None:
    """Leave out what changes with every run, and guesses at what nobody asked for."""
    _head, *blocks = path.read_text(encoding="utf-8").rstrip("\n").split("\n\n")
    tidied = [_without_guess(block, language) for block in blocks]
    path.write_text(header_of(language) + "\n\n".join([*tidied, ""]).rstrip("\n") + "\n", "utf-8")


def _without_guess(block: str, language: str) -> str:
    """One text of a catalog; a guess stays only where a translation is wanted at all."""
    lines = [line for line in block.splitlines() if not line.startswith("# |")]
    files = " ".join(line[3:] for line in lines if line.startswith("#: ")).split()
    is_guess = any(line.startswith("#,") and "fuzzy" in line for line in lines)
    if is_guess and not is_for(files, language):
        kept = [line.replace(", fuzzy", "") for line in lines if not line.startswith("#|")]
        emptied = re.sub(
            r'^(msgstr\S*) ".*"(?:\n".*")*', r'\1 ""', "\n".join(kept), flags=re.MULTILINE
        )
        lines = emptied.splitlines()
    return "\n".join(line for line in lines if line != "#")


def header_of(language: str) -> str:
    return HEADER.format(language=language, plural=LANGUAGES[language])


def compiled(path: Path) -> bytes:
    """What a catalog is at run time. The same texts give the same bytes."""
    catalog = read(path)
    catalog.creation_date = catalog.revision_date = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    for message in list(messages_of(catalog)):
        if not is_translated(message):  # a half-empty plural would be shown as it is
            catalog.delete(message.id, message.context)
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def compile_all() -> None:
    for language in LANGUAGES:
        path = po_of(language)
        path.with_suffix(".mo").write_bytes(compiled(path))


# ---- judging ----


def is_wanted(message: Message, language: str) -> bool:
    return is_for(files_of(message), language)


def is_for(files: list[str], language: str) -> bool:
    """Whether a text in these files is to be read in that language."""
    return language not in FOR_CLIENTS_ONLY or any(
        fnmatch(file, pattern) for file in files for pattern in CLIENT_SIDE
    )


def problems(catalog: Catalog, language: str) -> Iterator[Problem]:
    """What is left to do in one language."""
    for message in messages_of(catalog):
        where = ", ".join(files_of(message))
        what = problem_of(message, language)
        if what and is_wanted(message, language):
            yield Problem(language, what, forms_of(message.id)[0], where)


def problem_of(message: Message, language: str) -> str | None:
    originals, translations = forms_of(message.id), forms_of(message.string)
    if message.fuzzy:
        return "fuzzy"
    if not is_translated(message):
        return "not translated"
    if translations[0] == originals[0] and not may_stay(originals[0], language):
        return "the same as the original, and not on the list"
    return _problem_between(originals, translations, language)


def _problem_between(originals: list[str], translations: list[str], language: str) -> str | None:
    if any(map(OF_ANOTHER_LANGUAGE[language], translations)):
        return "in the letters of another language"
    if not _same_gaps(originals, translations):
        return "the gaps differ"
    if not _same_ends(originals[0], translations[0]):
        return "a space or line break at an end differs"
    return None


def may_stay(text: str, language: str) -> bool:
    """Whether a text may be the same in both languages: listed, or without a word of its own."""
    return text in SAME[language] or not _has_words(text)


def _has_words(text: str) -> bool:
    return any(letter.isalpha() for letter in PLACEHOLDER.sub("", text))


def is_translated(message: Message) -> bool:
    return all(text.strip() for text in forms_of(message.string))


def _same_gaps(originals: list[str], translations: list[str]) -> bool:
    """The last form fills the gaps of the last; "one day" may leave the number out."""
    known = set().union(*map(gaps, originals))
    fills_all = gaps(translations[-1]) == gaps(originals[-1])
    return fills_all and all(gaps(text) <= known for text in translations)


def gaps(text: str) -> set[str]:
    return {first or second for first, second in PLACEHOLDER.findall(text)}


def _same_ends(original: str, translation: str) -> bool:
    """Sentences are put in a row as they are."""
    return (original[0].isspace(), original[-1].isspace()) == (
        translation[0].isspace(),
        translation[-1].isspace(),
    )


def differences(catalog: Catalog, fresh: Catalog) -> list[str]:
    """How a catalog differs from what the source asks for."""
    have = {key_of(message): sorted(files_of(message)) for message in messages_of(catalog)}
    want = {key_of(message): sorted(files_of(message)) for message in messages_of(fresh)}
    missing = [
        f"not in the catalog: {text!r} ({', '.join(want[context, text])})"
        for context, text in want.keys() - have.keys()
    ]
    gone = [f"no longer in the source: {text!r}" for _, text in have.keys() - want.keys()]
    moved = [
        f"now in {', '.join(want[key])}: {key[1]!r}"
        for key in want.keys() & have.keys()
        if want[key] != have[key]
    ]
    return sorted([*missing, *gone, *moved])
