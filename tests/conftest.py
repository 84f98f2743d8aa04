"""The cast, and what every test stands on.

alice counsels, carl used to, sam supervises alice, rita left, ada administers, finn is at the
front desk, eve is at another organization; cleo stands in for alice only while a test says so.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser

from alliance_site.transactions import database_now
from sessions.append_only import _deleting
from tests.factories import make_cast

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is for the other database; run the whole PostgreSQL suite last."""
    on_postgresql = os.environ.get("DATABASE_URL", "").startswith(("postgres", "pgsql"))
    other = "sqlite_only" if on_postgresql else "postgresql_only"
    gone = [item for item in items if item.get_closest_marker(other)]
    if gone:
        config.hook.pytest_deselected(items=gone)
    items[:] = [item for item in items if item not in gone]
    items.sort(key=lambda item: item.path.name == "test_postgresql.py")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    if CHROMIUM is None:
        reason = "Chromium is not installed (looked on PATH)"
        if os.environ.get("ALLIANCE_REQUIRE_ALL") == "1":
            pytest.fail(f"{reason}, and ALLIANCE_REQUIRE_ALL=1", pytrace=False)
        pytest.skip(reason)
    args = [
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-quic",
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
    ]
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": args}


@pytest.fixture(autouse=True)
def append_only() -> Iterator[None]:
    """Tests run under the real triggers; only the flush after a test may delete everything."""
    _deleting.set(False)
    yield
    _deleting.set(True)


@pytest.fixture(scope="session", autouse=True)
def lingering_connections(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A server thread of the browser tests may keep an idle connection to its end. PostgreSQL
    drops no database that somebody is connected to, so they are shown out first."""
    yield
    if connection.vendor != "postgresql":
        return
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    connection.close()


@pytest.fixture
def now() -> dt.datetime:
    """The database's clock, which is the one the product goes by."""
    return database_now()


@pytest.fixture
def cast(db: None, now: dt.datetime) -> SimpleNamespace:
    return make_cast(now)


@pytest.fixture
def log_in(client: Browser) -> Any:
    """Give a browser that is logged in as one of the cast."""

    def _log_in(membership: Any) -> Browser:
        browser = Browser()
        browser.force_login(membership.user)
        return browser

    return _log_in


@pytest.fixture
def vendor() -> str:
    return connection.vendor
