"""The cast, and what every test stands on.

alice counsels, carl used to, sam supervises alice, rita left, ada administers, finn is at the
front desk, eve is at another organization; cleo stands in for alice only while a test says so.
"""

from __future__ import annotations

import datetime as dt
import gc
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser

from alliance_site.transactions import database_now
from sessions.append_only import _deleting
from tests.factories import make_cast, undone
from tests.postgresql import PostgresqlError, find_postgresql
from tests.second_run import SecondRun, asks_for_database, cores, on_postgresql

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

# Chromium prepares these pages for every new window; no test types into an address bar, and they
# took a third of the time of opening one.
POPUPS_OF_THE_ADDRESS_BAR = ("WebUIOmniboxPopup", "WebUIOmniboxFullPopup", "WebUIOmniboxAimPopup")
# Only the last list counts, so that Playwright's own has to be repeated.
LEFT_OUT_BY_PLAYWRIGHT = (
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
)

# Looking through everything that stays anyway, again and again, took a tenth of the time.
gc.set_threshold(100_000, 50, 100)


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--only-database",
        action="store_true",
        help="leave out the tests that cannot reach the database, on whatever they run",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is for the other database; look last how the second run ended."""
    other = "sqlite_only" if on_postgresql() else "postgresql_only"
    gone = [item for item in items if item.get_closest_marker(other)]
    if config.getoption("only_database"):
        gone += [item for item in items if item not in gone and not asks_for_database(item)]
    if gone:
        config.hook.pytest_deselected(items=gone)
    items[:] = [item for item in items if item not in gone]
    items.sort(key=is_about_the_second_run)


def is_about_the_second_run(item: pytest.Item) -> bool:
    return item.path.name == "test_postgresql.py"


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> None:
    """Nobody asks for the database only on the way: the second run would leave the test out."""
    if fixturedef.argname in {"db", "transactional_db"} and not asks_for_database(request.node):
        pytest.fail("Ask for the database by an argument or @pytest.mark.django_db.", pytrace=False)


@pytest.fixture(scope="session", autouse=True)
def second_run(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SecondRun]:
    """The suite on PostgreSQL. It starts with the first test where a second core is free for it,
    else (and where it could not start, to say why) with the test that waits for it."""
    run = SecondRun(tmp_path_factory.mktemp("postgresql"))
    asked_for = any(map(is_about_the_second_run, request.session.items))
    if asked_for and find_postgresql() is not None and cores() > 1:
        with suppress(PostgresqlError):
            run.start()
    yield run
    run.stop()


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
        f"--disable-features={','.join((*POPUPS_OF_THE_ADDRESS_BAR, *LEFT_OUT_BY_PLAYWRIGHT))}",
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


@pytest.fixture(scope="module")
def kept_for_the_module(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A transaction around a module whose rows take seconds to make; its tests run inside.

    Not for a module that also has tests with `transaction=True`: they empty every table.
    """
    with django_db_blocker.unblock():
        # Django finds this out once, by a rollback, which must not be that of our rows.
        assert connection.features.supports_transactions
        with undone():
            yield


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
