"""The suite once more, on PostgreSQL. Runs last; see pytest_collection_modifyitems in conftest."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.postgresql import find_postgresql, private_cluster

ROOT = Path(__file__).resolve().parent.parent
# These do not touch the database of the tests, or would start this very run again.
LEFT_OUT = ("tests/test_postgresql.py", "tests/test_pins.py")
TAIL_LINES = 120

# Whoever runs the suite on PostgreSQL already is not asked to run it there twice.
__test__ = not os.environ.get("DATABASE_URL", "").startswith(("postgres", "pgsql"))


def test_the_same_suite_passes_on_postgresql(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    if find_postgresql() is None:
        give_up("PostgreSQL is not installed (looked on PATH and in /usr/lib/postgresql)")
    with private_cluster() as database_url:
        run = run_suite(database_url, tmp_path)
    if run.returncode != 0:
        pytest.fail(f"On PostgreSQL:\n{tail(run.stdout)}", pytrace=False)
    counted = counts(run.stdout)
    done = counted.get("passed", 0) + counted.get("skipped", 0)
    assert counted.get("passed", 0) > 0, tail(run.stdout)
    assert done >= expected(request.session.items), tail(run.stdout)
    if everything_is_required():
        assert counted.get("skipped", 0) == 0, tail(run.stdout)


def run_suite(database_url: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "tests", "-p", "no:cacheprovider"]
    command += [f"--ignore={path}" for path in LEFT_OUT]
    # Playwright empties its output folder at the start, and this run has one open already.
    command += [f"--output={tmp_path / 'playwright'}", "--benchmark-disable"]
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database_url},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def counts(output: str) -> dict[str, int]:
    """{"passed": 12, "skipped": 1} from pytest's closing line."""
    closing = output.rstrip().rpartition("\n")[2]
    return {word: int(number) for number, word in re.findall(r"(\d+) ([a-z]+)", closing)}


def expected(items: list[pytest.Item]) -> int:
    """How many tests this run collected that PostgreSQL must see too."""
    left_out = {ROOT / path for path in LEFT_OUT}
    return sum(
        item.path not in left_out and item.get_closest_marker("sqlite_only") is None
        for item in items
    )


def everything_is_required() -> bool:
    return os.environ.get("ALLIANCE_REQUIRE_ALL") == "1"


def give_up(reason: str) -> None:
    if everything_is_required():
        pytest.fail(f"{reason}, and ALLIANCE_REQUIRE_ALL=1", pytrace=False)
    pytest.skip(reason)


def tail(output: str) -> str:
    return "\n".join(output.splitlines()[-TAIL_LINES:])
