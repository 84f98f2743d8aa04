"""Rules about the code itself, from architecture.md: who imports whom, how rows are reached, and
what templates may hold. They read the source; each has a control that shows it finds something.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.core.management import call_command
from django.template import Engine
from django.template.base import Lexer, Token, TokenType
from django.template.loader import get_template

from tests import catalogs

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
PACKAGES = ("alliance_site", "measures", "sessions")


# ---- reading code ----


def python_files(*packages: str) -> list[Path]:
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> Iterator[str]:
    """Every module a file imports, wherever in it, relative ones spelled out."""
    return imported(path.read_text(encoding="utf-8"), package_of(path))


def package_of(path: Path) -> str:
    module = module_of(path)
    return module if path.name == "__init__.py" else module.rpartition(".")[0]


def imported(source: str, package: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from names_from(node, package)


def names_from(node: ast.ImportFrom, package: str) -> Iterator[str]:
    """`from a import b` may name the module a.b: both are said."""
    above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
    module = ".".join([*above, *([node.module] if node.module else [])])
    yield module
    yield from (f"{module}.{alias.name}" for alias in node.names)


def calls_in(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def name_of(node: ast.expr) -> str:
    """The last word of what is called: `mark_safe`, `safestring.mark_safe`."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


# ---- who may import whom ----

HOUSE = {"sessions": 0, "measures": 1, "alliance_site": 2}

# Inside `measures`: each room may import those of a lower number.
ROOMS = {
    "trend": 0,
    "models": 1,
    "builtin": 2,
    "policy": 2,
    "repair": 3,
    "capture": 4,
    "insight": 5,
    "interchange": 5,
    "urls": 6,
    "apps": 6,
    "admin": 6,
    "emails": 6,
    "management": 6,
}


def house_problems(module: str, targets: Iterable[str]) -> list[str]:
    own = HOUSE[module.partition(".")[0]]
    return [
        f"{module} imports {target}"
        for target in targets
        if HOUSE.get(target.partition(".")[0], -1) > own
    ]


def room_of(module: str) -> str:
    return [*module.split("."), ""][1]


def room_problems(module: str, targets: Iterable[str]) -> list[str]:
    """`measures` itself is an empty room: its __init__ imports nothing."""
    own = room_of(module)
    rooms = {room_of(target) for target in targets if target.startswith("measures.")} - {own}
    return [f"{module} imports {room}" for room in sorted(rooms) if ROOMS[room] >= ROOMS[own]]


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_imports_only_what_it_may(package: str) -> None:
    problems = [
        problem
        for path in python_files(package)
        for problem in house_problems(module_of(path), imports_of(path))
    ]
    assert problems == []


def test_inside_measures_each_room_imports_only_what_stands_left_of_it() -> None:
    rooms = [path for path in python_files("measures") if room_of(module_of(path))]
    others = [path for path in rooms if room_of(module_of(path)) != "migrations"]
    problems = [
        problem for path in others for problem in room_problems(module_of(path), imports_of(path))
    ]
    assert problems == []


def test_every_room_of_measures_has_its_place() -> None:
    rooms = {room_of(module_of(path)) for path in python_files("measures")}
    assert rooms - ROOMS.keys() == {"", "migrations"}


def test_the_engine_knows_nothing_but_numpy_and_the_standard_library() -> None:
    allowed = set(sys.stdlib_module_names) - {"time", "datetime", "os", "socket"} | {"numpy"}
    foreign = [
        f"{relative(path)} imports {target}"
        for path in python_files("measures/trend")
        for target in imports_of(path)
        if target.partition(".")[0] not in allowed and not target.startswith("measures.trend")
    ]
    assert foreign == []


@pytest.mark.parametrize(
    ("module", "target", "found"),
    [
        ("sessions.views.clients", "measures.models", True),
        ("sessions.models.clients", "alliance_site.policy", True),
        ("measures.capture.views", "alliance_site", True),
        ("measures.capture.views", "sessions.access", False),
        ("alliance_site.policy", "measures.policy", False),
    ],
)
def test_an_import_against_the_direction_is_found(module: str, target: str, found: bool) -> None:
    assert bool(house_problems(module, [target])) is found


@pytest.mark.parametrize(
    ("module", "target", "found"),
    [
        ("measures.models.ratings", "measures.capture.answers", True),
        ("measures.trend.ewma", "measures.models", True),
        ("measures.repair.flags", "measures.capture", True),
        ("measures.insight.charts", "measures.interchange", True),
        ("measures.insight.charts", "measures.models", False),
        ("measures.capture.services", "measures.builtin", False),
    ],
)
def test_an_import_from_a_room_to_the_right_is_found(module: str, target: str, found: bool) -> None:
    assert bool(room_problems(module, [target])) is found


def test_relative_imports_are_spelled_out() -> None:
    source = "from .. import models\nfrom .answers import Answers\nimport numpy as np"
    found = set(imported(source, "measures.capture"))
    assert {"measures.models", "measures.capture.answers", "numpy"} <= found


# Imports inside functions, which could hide a circle. ready() is where Django wants them.
LATE_IMPORTS = {
    "measures/insight/report_pdf.py": "imports fpdf2 where a file is asked for, not for every page",
    "measures/apps.py": "ready() connects the receivers",
    "alliance_site/management/commands/demo.py": "imports Plotly in the background, to be quick",
}


def late_imports(source: str) -> bool:
    functions = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    return any(
        isinstance(inner, ast.Import | ast.ImportFrom)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, functions)
        for inner in ast.walk(node)
    )


def test_nothing_is_imported_inside_a_function_but_where_it_is_listed() -> None:
    found = {
        relative(path)
        for path in python_files(*PACKAGES)
        if late_imports(path.read_text(encoding="utf-8"))
    }
    assert found == LATE_IMPORTS.keys()


# ---- migrations ----


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def our_imports(targets: Iterable[str]) -> list[str]:
    return [target for target in targets if target.partition(".")[0] in HOUSE]


def test_migrations_import_nothing_of_ours() -> None:
    """They must run years from now, when the code around them is another."""
    paths = [path for path in python_files(*PACKAGES) if path.parent.name == "migrations"]
    assert len(paths) > 4
    problems = {relative(path): our_imports(imports_of(path)) for path in paths}
    assert [name for name, found in problems.items() if found] == []


# ---- how rows are reached ----

CLINICAL = {
    "Client",
    "Episode",
    "Session",
    "Pause",
    "Consent",
    "Contact",
    "EpisodeEvent",
    "EarlierGoal",
    "GroupMeeting",
    "RatingRequest",
    "RatingLink",
    "Message",
    "ContactStop",
    "Rating",
    "Assessment",
    "Flag",
    "FlagEvent",
    "Repair",
    "AgendaItem",
    "CallRequest",
    "PaperSlip",
}
# get_visible and get_editable apply visible_to, clinical_to and editable_by to what they are given.
RULES = {
    "visible_to",
    "clinical_to",
    "open_to",
    "editable_by",
    "schedulable_by",
    "reopenable_by",
    "notes_to",
    "get_visible",
    "get_editable",
    "none",
}
# What leads from a row to others without asking a rule.
RELATED = {
    "episodes",
    "sessions",
    "ratings",
    "rating_requests",
    "links",
    "messages",
    "contact_stops",
    "flags",
    "events",
    "pauses",
    "contacts",
    "consents",
    "attendances",
    "corrected_by",
    "continued_by",
    "talks",
    "agenda_items",
    "call_requests",
    "paper_slip",
}
# Where rows are read for a page, and where the rules must stand.
READERS = (
    "sessions/views/*.py",
    "sessions/forms.py",
    "measures/capture/*views.py",
    "measures/capture/forms.py",
    "measures/capture/visits.py",
    "measures/capture/who_sees.py",
    "measures/insight/*.py",
    "measures/interchange/*.py",
    "alliance_site/*.py",
)
# (file, function): why it may do without.
WITHOUT_A_RULE = {
    ("sessions/views/meetings.py", "_with_client"): "what get_editable narrows",
    ("sessions/views/organization.py", "settings"): "counts, of the administrator's organization",
    ("measures/insight/corrections.py", "counts"): "counts, of the administrator's organization",
    ("measures/insight/trial.py", "own_tables"): "points without a name, to be counted",
    ("measures/capture/visits.py", "find_visit"): "a client, by the signed cookie of a link",
    ("measures/capture/stop_views.py", "_link"): "a client, by the stop token of a mail",
    (
        "measures/capture/staff_views.py",
        "sessions_to_ask_about",
    ): "what get_visible and get_editable narrow",
    ("measures/capture/staff_views.py", "_own_rating"): "of a session own_session let through",
    ("measures/capture/group_views.py", "_is_on_hold"): "of an episode of one's own, prefetched",
    ("measures/insight/history.py", "_pauses"): "pauses of episodes the caller may read",
    ("measures/insight/history.py", "_sessions"): "sessions of episodes the caller may read",
    ("measures/insight/history.py", "_contacts"): "those handed on: that somebody got through",
    ("measures/insight/before_you.py", "_note_waits"): "whether there is one, and nothing of it",
}


def readers() -> list[Path]:
    return sorted(path for pattern in READERS for path in ROOT.glob(pattern))


def unruled(source: str) -> Iterator[tuple[str, int]]:
    """(function, line) of every statement that reads a clinical model and names no rule."""
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for statement in statements(function.body):
                if reads_clinical(statement) and not names_a_rule(statement):
                    yield function.name, statement.lineno


def statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The simple statements, and the heads of the compound ones."""
    for statement in body:
        inner = [
            each
            for part in ("body", "orelse", "finalbody")
            for each in getattr(statement, part, [])
        ]
        handlers = getattr(statement, "handlers", [])
        if not inner:
            yield statement
        elif not isinstance(statement, ast.FunctionDef | ast.ClassDef):
            yield from heads(statement)
            yield from statements(inner)
            yield from (each for handler in handlers for each in statements(handler.body))


def heads(statement: ast.stmt) -> Iterator[ast.stmt]:
    """What an `if`, a `for` or a `with` evaluates before its block, as statements."""
    names = ("test", "iter", "subject")
    found = [getattr(statement, name) for name in names if hasattr(statement, name)]
    found += [item.context_expr for item in getattr(statement, "items", [])]
    for expression in found:
        yield ast.copy_location(ast.Expr(expression), statement)


def reads_clinical(statement: ast.stmt) -> bool:
    return any(
        isinstance(node, ast.Attribute)
        and (
            (node.attr in {"objects", "_default_manager"} and name_of(node.value) in CLINICAL)
            or is_related_manager(node)
        )
        for node in ast.walk(statement)
    )


def is_related_manager(node: ast.Attribute) -> bool:
    """`row.ratings.filter`: the way from a row to others. `history.sessions` alone is a list."""
    queries = {"all", "filter", "exclude", "get", "first", "last", "count", "values", "exists"}
    below = node.value
    if not isinstance(below, ast.Attribute) or name_of(below.value) == "self":
        return False  # a read model's own dictionary
    return node.attr in queries and below.attr in RELATED


def names_a_rule(statement: ast.stmt) -> bool:
    names = {node.attr for node in ast.walk(statement) if isinstance(node, ast.Attribute)}
    names |= {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
    return bool(names & RULES)


def test_pages_reach_clinical_rows_only_through_the_rules() -> None:
    found = {
        (relative(path), function): line
        for path in readers()
        for function, line in unruled(path.read_text(encoding="utf-8"))
    }
    surprising = [
        f"{name}:{line}, {function}() reads a clinical model without a rule"
        for (name, function), line in found.items()
        if (name, function) not in WITHOUT_A_RULE
    ]
    assert surprising == []
    assert WITHOUT_A_RULE.keys() - found.keys() == set(), "These exceptions are needed no more."


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("Rating.objects.filter(session=session)", True),
        ("rows = list(Client.objects.all())", True),
        ("x = models.Flag.objects.count()", True),
        ("x = episode.ratings.filter(rater='client')", True),
        ("for row in Episode.objects.all():\n        pass", True),
        ("if Rating.objects.exists():\n        pass", True),
        ("x = Rating.objects.open_to(viewer).filter(session=session)", False),
        ("row = get_visible(request, Client.objects.all(), uuid=uuid)", False),
        ("x = Membership.objects.all()", False),
    ],
)
def test_a_read_without_a_rule_is_found(statement: str, found: bool) -> None:
    assert bool(list(unruled(f"def view(request):\n    {statement}"))) is found


# ---- templates ----


@pytest.mark.parametrize("path", TEMPLATES, ids=relative)
def test_every_template_compiles(path: Path) -> None:
    get_template(path.relative_to(ROOT / "templates").as_posix())


def tokens_of(source: str) -> list[Token]:
    return Lexer(source).tokenize()


def bare_html(source: str) -> str:
    """A template without its tags, variables and translated texts: what is left is literal."""
    parts, is_translated = [], False
    for token in tokens_of(source):
        word = token.contents.split(maxsplit=1)[0] if token.contents.strip() else ""
        if token.token_type == TokenType.BLOCK and word in {"blocktranslate", "comment"}:
            is_translated = True
        elif token.token_type == TokenType.BLOCK and word.startswith("end"):
            is_translated = is_translated and word not in {"endblocktranslate", "endcomment"}
        elif token.token_type == TokenType.TEXT and not is_translated:
            parts.append(token.contents)
    return "".join(parts)


class LiteralTexts(HTMLParser):
    """Texts a person reads or hears: between tags, and in the attributes that are read out."""

    SPOKEN = frozenset({"aria-label", "title", "placeholder", "alt", "aria-description", "label"})

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in self.SPOKEN and value]


# The name of the product is the same in every language.
NAMES = {"Alliance"}


def literal_texts(source: str) -> list[str]:
    parser = LiteralTexts()
    parser.feed(bare_html(source))
    parser.close()
    texts = (text.strip() for text in parser.found)
    return [text for text in texts if re.search(r"[^\W\d_]", text) and text not in NAMES]


@pytest.mark.parametrize("path", TEMPLATES, ids=relative)
def test_every_text_of_a_template_can_be_translated(path: Path) -> None:
    assert literal_texts(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<p>Hello</p>", ["Hello"]),
        ('<input placeholder="Code">', ["Code"]),
        ('<a class="{% if x %}on{% endif %}" href="/">{% translate "Go" %}</a>', []),
        ("{% blocktranslate %}Hello{% endblocktranslate %} there", ["there"]),
        ("<p>Alliance</p> {{ name }} 10 {# note #}", []),
    ],
)
def test_a_literal_text_is_found(source: str, found: list[str]) -> None:
    assert literal_texts(source) == found


FORBIDDEN = {
    "|safe": r"\|\s*safe(seq)?\b",
    "autoescape off": r"\{%\s*autoescape\s+off",
    "an inline script": r"<script\b(?![^>]*\bsrc=)",
    "an inline style": r"<style\b|\sstyle\s*=",
    "an event handler": r"<[^>]*\son[a-z]+\s*=",
    "a javascript: address": r"javascript:",
    "a file from elsewhere": r"(?:src|href)=[\"'](?:https?:)?//",
}


def forbidden_in(source: str) -> list[str]:
    return [
        what for what, pattern in FORBIDDEN.items() if re.search(pattern, source, re.IGNORECASE)
    ]


@pytest.mark.parametrize("path", TEMPLATES, ids=relative)
def test_no_template_holds_what_the_policy_for_content_forbids(path: Path) -> None:
    assert forbidden_in(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("{{ note|safe }}", "|safe"),
        ("{% autoescape off %}", "autoescape off"),
        ("<script>alert(1)</script>", "an inline script"),
        ('<p style="color: red">', "an inline style"),
        ('<a href="/" onclick="go()">', "an event handler"),
        ('<a href="javascript:go()">', "a javascript: address"),
        ('<script src="https://cdn.example/x.js"></script>', "a file from elsewhere"),
    ],
)
def test_what_is_forbidden_in_a_template_is_found(source: str, found: str) -> None:
    assert forbidden_in(source) == [found]


# Who may call a string safe, and why it is.
SAFE_STRINGS = {
    ("sessions/templatetags/look.py", "mark_safe"): "icons of our own, pinned by their hash",
    ("sessions/qr.py", "mark_safe"): "a QR code drawn by segno from our own URL",
    ("measures/insight/sparklines.py", "SafeString"): "the empty string",
    ("measures/insight/own_line.py", "SafeString"): "the empty string",
}


def safe_strings(source: str) -> set[str]:
    calls = {name_of(call.func) for call in calls_in(ast.parse(source))}
    return calls & {"mark_safe", "SafeString", "html_safe", "SafeData", "SafeText"}


def test_only_what_is_listed_calls_a_string_safe() -> None:
    found = {
        (relative(path), name)
        for path in python_files(*PACKAGES)
        for name in safe_strings(path.read_text(encoding="utf-8"))
    }
    assert found == SAFE_STRINGS.keys()


def test_autoescape_is_on() -> None:
    assert Engine.get_default().autoescape


# ---- words ----

# What the code and the studies call it; and what would set one counselor beside another.
UNWANTED = {
    "en": re.compile(
        r"weaken|ruptur|repaired|\branking|\bleague|leaderboard|scorecard",
        re.IGNORECASE,
    ),
    "es": re.compile(
        r"debilit|ruptura|\brepar(a|ó|o|e)|resquebraj|\branking|clasificaci|mejor consejer|"
        r"puntuación de cada consejer",
        re.IGNORECASE,
    ),
    "ar": re.compile("ضعف|ضعيف|تمزّ?ق|قطيعة|تصدّ?ع|شرخ|إصلاح|أصلح|ترتيب|تصنيف|أفضل مرشد"),
}
GETTEXT = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "pgettext", "npgettext"}


def translated_strings(source: str) -> Iterator[str]:
    """The texts a Python file shows to people."""
    for call in calls_in(ast.parse(source)):
        if name_of(call.func) in GETTEXT:
            yield from (
                node.value
                for argument in call.args
                for node in ast.walk(argument)
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
            )


def screen_texts() -> Iterator[tuple[str, str]]:
    """(file, text) of everything that can stand on a screen: pages, sentences, questions."""
    for path in python_files(*PACKAGES):
        for text in translated_strings(path.read_text(encoding="utf-8")):
            yield relative(path), text
    others = [*(ROOT / "measures/builtin").glob("*.json"), *(ROOT / "static/js").glob("*.js")]
    for path in [*TEMPLATES, *(ROOT / "templates").rglob("*.txt"), *others]:
        yield relative(path), path.read_text(encoding="utf-8")


def catalog_texts(language: str) -> Iterator[tuple[str, str]]:
    """(English, translation) of every form of every text of a catalog."""
    for message in catalogs.read(catalogs.po_of(language)):
        string = message.string or ""
        forms = [string] if isinstance(string, str) else string
        yield from ((str(message.id), form) for form in forms)


def unwanted(texts: Iterable[tuple[str, str]], language: str) -> list[str]:
    return [name for name, text in texts if UNWANTED[language].search(text)]


def test_no_screen_says_weakening_rupture_or_repaired_or_ranks_anybody() -> None:
    assert unwanted(screen_texts(), "en") == []


@pytest.mark.parametrize("language", catalogs.LANGUAGES)
def test_no_translation_says_it_either(language: str) -> None:
    texts = list(catalog_texts(language))
    assert len(texts) > 1000
    assert unwanted(texts, language) == []


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        ("es", "El vínculo se debilita.", True),
        ("es", "Una ruptura reparada.", True),
        ("es", "Ya se reparó.", True),
        ("es", "Para preparar la supervisión.", False),
        ("es", "Clasificación de consejeros", True),
        ("ar", "ضعف العلاقة", True),
        ("ar", "إصلاح التمزق", True),
        ("ar", "انقطاع الاتصال", False),  # of the network
        ("en", "A ranking of counselors", True),
        ("en", "Frankly said", False),
    ],
)
def test_the_words_are_found_and_their_neighbors_are_not(
    language: str, text: str, found: bool
) -> None:
    assert bool(unwanted([("", text)], language)) is found


def test_the_search_for_words_reads_sentences_and_pages() -> None:
    source = 'x = _("The bond is weakening.")\ny = ngettext("a rupture", "%(n)d ruptures", n)'
    assert [bool(UNWANTED["en"].search(text)) for text in translated_strings(source)] == [True] * 3
    texts = dict(screen_texts())
    assert {"templates/measures/today.html", "measures/insight/sentences.py"} <= texts.keys()
