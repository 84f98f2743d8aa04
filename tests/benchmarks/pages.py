"""What the staff's pages ask of the database, weigh and take, at three sizes of a clinic.

    uv run python -m tests.benchmarks.pages                             # on SQLite
    uv run python -m tests.benchmarks.pages --postgresql                # on a private PostgreSQL
    uv run python -m tests.benchmarks.pages --postgresql --unanalyzed   # which has no statistics
    uv run python -m tests.benchmarks.pages --profile today             # where one page's time goes

Queries and kB of HTML of each page, and its time as a ratio to a bare page (the help) of the same
person in the same run. Everything happens in one process, from the request to the last byte.
"""

from __future__ import annotations

import argparse
import cProfile
import datetime as dt
import os
import pstats
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sessions.finding import sealed
from tests.postgresql import private_cluster

# A Wednesday, 2 pm in Chicago.
NOW = dt.datetime(2026, 11, 18, 20, tzinfo=dt.UTC)
SESSIONS, OF_THE_LONGEST = 20, 60
RUNS = 7


@dataclass(frozen=True)
class Size:
    counselors: int
    clients: int


SIZES = (Size(1, 30), Size(1, 300), Size(20, 1000))
# Who asks for what; of the last size the supervisor's pages alone.
PAGES = {
    "today": ("alice", lambda reverse, people: reverse("today")),
    "caseload": ("alice", lambda reverse, people: reverse("caseload")),
    "caseload, one filter": ("alice", lambda reverse, people: reverse("caseload") + "?show=called"),
    "search": ("alice", lambda reverse, people: f"{reverse('caseload')}?find={sealed('Q-02')}"),
    "whom to log": ("alice", lambda reverse, people: reverse("session_pick")),
    "client page": ("alice", lambda reverse, people: reverse("episode", args=[people.long.uuid])),
    "group": ("alice", lambda reverse, people: reverse("group", args=[people.group.uuid])),
    "waiting": ("alice", lambda reverse, people: reverse("waiting")),
    "own agenda": ("alice", lambda reverse, people: reverse("agenda", args=[people.alice.uuid])),
    "the day": ("finn", lambda reverse, people: reverse("day")),
    "slips": ("finn", lambda reverse, people: reverse("slips")),
    "supervision": ("sam", lambda reverse, people: reverse("supervision")),
    "one agenda": ("sam", lambda reverse, people: reverse("agenda", args=[people.alice.uuid])),
}


@dataclass(frozen=True)
class Measured:
    """`ratio` is to the bare page; `size` in kB."""

    name: str
    queries: int
    size: float
    ratio: float


@contextmanager
def database(*, postgresql: bool) -> Iterator[str]:
    """The URL of an empty database, gone afterwards. Autovacuum would gather statistics."""
    if postgresql:
        with private_cluster({"autovacuum": "off", "fsync": "off"}) as url:
            yield url
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{Path(folder) / 'pages.sqlite3'}"


def set_up(url: str, *, is_analyzed: bool) -> list[tuple[Size, SimpleNamespace]]:
    """Every size as an organization of its own, in one database."""
    os.environ["DATABASE_URL"] = url
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django  # noqa: PLC0415  (after the environment says which database)

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    import alliance_site.transactions  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    alliance_site.transactions.database_now = lambda: NOW
    made = [(size, fill(size)) for size in SIZES]
    if is_analyzed:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return made


def fill(size: Size) -> SimpleNamespace:
    """A clinic: the cast, the crowd, one client who came for long, and a group of eight."""
    from tests import factories  # noqa: PLC0415
    from tests.crowds import make_crowd  # noqa: PLC0415

    people = factories.make_cast(NOW)
    counselors = [people.alice]
    for number in range(1, size.counselors):
        name = f"Counselor{number}"
        counselors.append(factories.make_member(people.here, name, people.today, counselor=True))
        factories.supervise(people.sam, counselors[-1], people.today)
    episodes = make_crowd(counselors, size.clients, SESSIONS, NOW, code="Q")
    [people.long] = make_crowd([people.alice], 1, OF_THE_LONGEST, NOW, code="L")
    met_at = NOW - dt.timedelta(hours=3)
    people.group = factories.make_group(episodes[:: size.counselors][:8], met_at)
    factories.say_why(people.sam, NOW)
    return people


def measured_pages(size: Size, people: SimpleNamespace) -> Iterator[Measured]:
    from django.urls import reverse  # noqa: PLC0415

    for name, (person, address) in PAGES.items():
        if size.counselors == 1 or person == "sam":
            yield measured(name, getattr(people, person), address(reverse, people))


def measured(name: str, member: Any, address: str) -> Measured:
    """The page and the bare one take turns, so that a busy machine slows both."""
    from django.db import connection  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415
    from django.urls import reverse  # noqa: PLC0415

    browser = logged_in(member)
    with CaptureQueriesContext(connection) as asked:
        page = browser.get(address)
    statements = [each for each in asked.captured_queries if each["sql"].startswith("SELECT")]
    if page.status_code != 200:
        raise RuntimeError(f"{name}: {page.status_code}")
    bare = reverse("help")
    turns = [(seconds(lambda: browser.get(bare)), seconds(lambda: browser.get(address)))]
    turns += [
        (seconds(lambda: browser.get(bare)), seconds(lambda: browser.get(address)))
        for _ in range(RUNS)
    ]
    floor, taken = map(statistics.median, zip(*turns[1:], strict=True))
    return Measured(name, len(statements), len(page.content) / 1000, taken / floor)


def logged_in(member: Any) -> Any:
    from django.test import Client  # noqa: PLC0415

    browser = Client()
    browser.force_login(member.user)
    return browser


def seconds(done: Callable[[], object]) -> float:
    started = time.perf_counter()
    done()
    return time.perf_counter() - started


def measured_mail(people: SimpleNamespace) -> float:
    """One look at everybody in whose place a daily mail is thought of, in bare pages a member."""
    from django.urls import reverse  # noqa: PLC0415

    from measures.insight.daily_mail import due_members, would_mail  # noqa: PLC0415

    browser = logged_in(people.alice)
    floor = statistics.median(seconds(lambda: browser.get(reverse("help"))) for _ in range(RUNS))
    taken = statistics.median(seconds(lambda: would_mail(NOW)) for _ in range(3))
    return taken / floor / len(list(due_members(NOW)))


def show(size: Size, rows: Iterator[Measured]) -> None:
    print(f"\n{size.counselors} counselors, {size.clients} clients, {SESSIONS} sessions each")
    print(f"{'':24}{'queries':>8}{'kB':>8}{'times a bare page':>20}")
    for row in rows:
        print(f"{row.name:24}{row.queries:8}{row.size:8.0f}{row.ratio:20.1f}", flush=True)


def profile(name: str, people: SimpleNamespace) -> None:
    from django.urls import reverse  # noqa: PLC0415

    person, address = PAGES[name]
    browser = logged_in(getattr(people, person))
    browser.get(address(reverse, people))
    watch = cProfile.Profile()
    watch.runcall(browser.get, address(reverse, people))
    pstats.Stats(watch).sort_stats("cumulative").print_stats(45)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--unanalyzed", action="store_true")
    parser.add_argument("--profile", choices=PAGES)
    options = parser.parse_args()
    with database(postgresql=options.postgresql) as url:
        clinics = set_up(url, is_analyzed=not options.unanalyzed)
        if options.profile:
            profile(options.profile, clinics[-1 if PAGES[options.profile][0] == "sam" else 1][1])
            return
        for size, people in clinics:
            show(size, measured_pages(size, people))
        print(f"\nThe daily mail, a member: {measured_mail(clinics[-1][1]):.1f} bare pages")


if __name__ == "__main__":
    main()
