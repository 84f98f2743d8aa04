"""The suite once more, on PostgreSQL: it runs beside this one, and here we look how it ended."""

import os

import pytest

from tests.postgresql import find_postgresql
from tests.second_run import SecondRun, asks_for_database, counts, on_postgresql

TAIL_LINES = 120

# Whoever runs the suite on PostgreSQL already is not asked to run it there twice.
__test__ = not on_postgresql()


def test_the_same_suite_passes_on_postgresql(
    request: pytest.FixtureRequest, second_run: SecondRun
) -> None:
    if find_postgresql() is None:
        give_up("PostgreSQL is not installed (looked on PATH and in /usr/lib/postgresql)")
    returncode, output = second_run.wait()
    if returncode != 0:
        pytest.fail(f"On PostgreSQL:\n{tail(output)}", pytrace=False)
    counted = counts(output)
    done = counted.get("passed", 0) + counted.get("skipped", 0)
    assert counted.get("passed", 0) > 0, tail(output)
    assert done >= expected(request.session.items), tail(output)
    if everything_is_required():
        assert counted.get("skipped", 0) == 0, tail(output)


def expected(items: list[pytest.Item]) -> int:
    """How many tests this run collected that PostgreSQL must see too."""
    return sum(
        asks_for_database(item) and item.get_closest_marker("sqlite_only") is None for item in items
    )


def everything_is_required() -> bool:
    return os.environ.get("ALLIANCE_REQUIRE_ALL") == "1"


def give_up(reason: str) -> None:
    if everything_is_required():
        pytest.fail(f"{reason}, and ALLIANCE_REQUIRE_ALL=1", pytrace=False)
    pytest.skip(reason)


def tail(output: str) -> str:
    return "\n".join(output.splitlines()[-TAIL_LINES:])
