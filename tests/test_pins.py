"""The pins in pyproject.toml and requirements.txt: one resolution, hashed, naming no registry."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import requires, version
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PINS: list[str] = PROJECT["tool"]["uv"]["constraint-dependencies"]

ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^\s/@]*@)?([\w.-]*)", re.IGNORECASE)
HOST = re.compile(
    r"(?<![\w./@-])(?:[a-z0-9-]+\.)+(?:org|com|net|io|dev|cloud|app|de|eu|local|internal)(?![\w-]|\.\w)",
    re.IGNORECASE,
)
INDEX_OPTION = re.compile(
    r"(?:^|[\s\"'])(?:--?(?:extra-)?index(?:-url)?|--find-links|--default-index|--trusted-host|-i|-f)[\s=]"
    r"|^\s*\[\[?tool\.uv\.(?:index|sources|pip)|^\s*(?:extra-)?index-url\s*=|^\s*find-links\s*=",
    re.MULTILINE,
)
ABSOLUTE_PATH = re.compile(r"file:|(?<![\w.:/])/(?:home|root|Users|work|tmp|opt)/")
# This computer, a neighbor in a container network, or reserved for examples.
HARMLESS = re.compile(
    r"|127\.0\.0\.1|0\.0\.0\.0|[\w-]+|(?:[\w-]+\.)*example(?:\.(?:org|com|net))?", re.IGNORECASE
)
CONFIGURATION = (
    *("*.toml", "*.cfg", "*.ini", "*.yaml", "*.yml", "*.lock", "requirements*.txt"),
    *("Dockerfile*", "Containerfile*", ".ci/*", ".github/**/*.y*ml"),
)


def configuration_files() -> Iterator[Path]:
    for pattern in CONFIGURATION:
        for path in ROOT.glob(pattern):
            if path.name != "uv.lock" and path.is_file():  # git ignores it: it records hosts
                yield path


def required(lines: str) -> list[Requirement]:
    """The requirements of a requirements.txt, without its comments and hashes."""
    joined = re.sub(r"\\\n", " ", lines)
    bare = (re.sub(r"\s+(?:--hash=\S+|#.*)", "", line).strip() for line in joined.splitlines())
    return [Requirement(line) for line in bare if line and not line.startswith("#")]


def versions(requirements: Iterable[Requirement]) -> set[tuple[str, str]]:
    """Names with their versions; one name has several when Python versions differ (numpy)."""
    return {(canonicalize_name(one.name), str(one.specifier)) for one in requirements}


def installed_with_all_they_need(asked: Iterable[Requirement]) -> set[tuple[str, str]]:
    """What is installed here because of `asked`, directly or through another package."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    todo = [(one, extra) for one in asked for extra in ("", *one.extras)]
    while todo:
        one, extra = todo.pop()
        key = (canonicalize_name(one.name), extra)
        if key in found:
            continue
        found[key] = (key[0], f"=={version(one.name)}")
        for line in requires(one.name) or []:
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                todo += [(needed, wanted) for wanted in ("", *needed.extras)]
    return set(found.values())


def hosts_in(text: str) -> list[str]:
    found = ADDRESS.findall(text) + HOST.findall(text)
    return [host for host in found if not HARMLESS.fullmatch(host)]


def production() -> str:
    return (ROOT / "requirements.txt").read_text(encoding="utf-8")


def test_requirements_txt_and_the_pins_agree() -> None:
    installed = versions(required(production()))
    names = {name for name, _ in installed}
    pinned = {
        (name, version) for name, version in versions(map(Requirement, PINS)) if name in names
    }
    assert installed == pinned


def test_what_is_installed_here_is_what_is_pinned() -> None:
    development = PROJECT["dependency-groups"]["dev"]
    asked = map(Requirement, [*PROJECT["project"]["dependencies"], *development])
    assert installed_with_all_they_need(asked) - versions(map(Requirement, PINS)) == set()


def test_every_pin_is_one_exact_version() -> None:
    inexact = [pin for pin in PINS if not re.search(r"==[^*,]+$", str(Requirement(pin).specifier))]
    assert inexact == []


def test_pins_are_sorted_and_written_once() -> None:
    assert sorted(set(PINS)) == PINS


def test_every_requirement_has_hashes() -> None:
    joined = re.sub(r"\\\n", " ", production())
    lines = [line for line in joined.splitlines() if line and not line.lstrip().startswith("#")]
    assert lines
    unhashed = [line for line in lines if not re.search(r"--hash=sha256:[0-9a-f]{64}(?!\w)", line)]
    assert unhashed == []


@pytest.mark.parametrize(
    "asked",
    [Requirement(line) for line in PROJECT["project"]["dependencies"]],
    ids=lambda asked: asked.name,
)
def test_every_runtime_dependency_is_in_requirements_txt(asked: Requirement) -> None:
    given = [
        one
        for one in required(production())
        if canonicalize_name(one.name) == canonicalize_name(asked.name)
    ]
    assert given
    for one in given:
        assert asked.specifier.contains(str(one.specifier).removeprefix("=="), prereleases=True)


@pytest.mark.parametrize("group", PROJECT["dependency-groups"])
def test_every_development_dependency_is_pinned(group: str) -> None:
    pinned = {canonicalize_name(Requirement(pin).name) for pin in PINS}
    asked = {
        canonicalize_name(Requirement(line).name)
        for line in PROJECT["dependency-groups"][group]
        if isinstance(line, str)
    }
    assert asked - pinned == set()


@pytest.mark.parametrize(
    "path", sorted(configuration_files()), ids=lambda path: str(path.relative_to(ROOT))
)
def test_no_configuration_names_a_registry(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert hosts_in(text) == []
    assert INDEX_OPTION.findall(text) == []
    assert ABSOLUTE_PATH.findall(text) == []


def test_git_ignores_the_lock_file() -> None:
    assert "uv.lock" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


# Built from pieces, so that this file names no registry either.
REGISTRY = "packages.registry" + ".org"


@pytest.mark.parametrize(
    "line",
    [
        f"url = 'https://{REGISTRY}/simple?of=clinic.example'",
        f"url = 'https://user:secret@{REGISTRY}:8443/simple'",
        f"image: {REGISTRY}/python:3.11",
        f"see {REGISTRY}.",
    ],
)
def test_a_host_is_noticed(line: str) -> None:
    assert hosts_in(line)


@pytest.mark.parametrize(
    "line",
    ["--index-url x", "--extra-index-url=x", "-i x", "[[tool.uv.index]]", "index-url = 'x'"],
)
def test_an_index_line_is_noticed(line: str) -> None:
    assert INDEX_OPTION.search(line)


@pytest.mark.parametrize(
    "line",
    [
        "http://localhost:8000/health",
        "postgres://alliance:secret@db/alliance",
        "sqlite://:memory:",
        "https://clinic.example/",
        "tests.settings",
    ],
)
def test_what_names_no_registry_is_left_alone(line: str) -> None:
    assert hosts_in(line) == []
