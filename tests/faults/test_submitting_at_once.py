"""Many submit at once, and answers get lost: one row for what was acknowledged, and never two.

A real app server on the tests' database, and clients that behave as badly as a real network: they
hang up before the answer, or in the middle of the question, and try again with a fresh token.
"""

from __future__ import annotations

import json
import random
import socket
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest
from django.core.signing import get_cookie_signer
from django.db import connection
from django.middleware.csrf import _get_new_csrf_string

from measures.capture.answers import Answers
from measures.capture.visits import COOKIE, SALT
from measures.models import Rating, RatingLink
from sessions.append_only import deleting_allowed
from tests import factories
from tests.serving import database_url, gunicorn

pytestmark = pytest.mark.django_db(transaction=True)

# Each request is answered in so many tabs at once: most of them say one thing, the last another.
TABS = 4
# 500 submissions on PostgreSQL; SQLite has one writer at a time.
REQUESTS = {"postgresql": 125, "sqlite": 20}
MOST_TRIES = 40
GUARDS = ("rating_one_current", "rating_one_per_request")
SEED = 20261125


@dataclass
class Tab:
    """One browser tab that wants one thing stored, and knows only what it was told."""

    link: RatingLink
    says: Answers
    luck: random.Random
    csrf: str = field(default_factory=_get_new_csrf_string)
    token: str = ""  # first that of its page
    told: str = ""  # "saved" or "others stand"
    tries: int = 0

    @property
    def path(self) -> str:
        return f"/rate/r/{self.link.request.uuid}"

    @property
    def cookies(self) -> str:
        value = get_cookie_signer(salt=COOKIE + SALT).sign(str(self.link.pk))
        return f"{COOKIE}={value}; csrftoken={self.csrf}"

    def submit(self, host: str, start: threading.Barrier) -> None:
        start.wait()
        while not self.told and self.tries < MOST_TRIES:
            if self.tries:
                self.ask_for_a_token(host)
            self.tries += 1
            self.send(host)

    def send(self, host: str) -> None:
        given = {name: f"{value:g}" for name, value in self.says.facets.items()}
        form = urlencode({**given, "step": "send", "csrfmiddlewaretoken": self.token or self.csrf})
        question = self.question(f"POST {self.path}/questions/", host, form)
        fate = self.luck.random()
        if fate < 0.15:
            asked(host, question[: len(question) - self.luck.randrange(1, len(form))])
        elif fate < 0.45:
            asked(host, question)
        else:
            status, headers, _ = answer_to(host, question)
            thanks = f"location: {self.path}/thanks/" in headers.lower()
            self.told = {(302, True): "saved", (409, False): "others stand"}.get(
                (status, thanks), ""
            )

    def ask_for_a_token(self, host: str) -> None:
        status, _, body = answer_to(host, self.question(f"GET {self.path}/fresh/", host))
        if status == 200:
            self.token = json.loads(body)["csrf"]

    def question(self, first_line: str, host: str, body: str = "") -> bytes:
        lines = [
            f"{first_line} HTTP/1.1",
            f"Host: {host}",
            f"Cookie: {self.cookies}",
            "Content-Type: application/x-www-form-urlencoded",
            f"Content-Length: {len(body)}",
            "Connection: close",
        ]
        return "\r\n".join([*lines, "", body]).encode()


def asked(host: str, question: bytes) -> None:
    """Send, and hang up without waiting."""
    name, _, port = host.partition(":")
    with closing(socket.create_connection((name, int(port)), timeout=30)) as to_server:
        to_server.sendall(question)


def answer_to(host: str, question: bytes) -> tuple[int, str, bytes]:
    """The status, the headers and the body; a status of 0 where the connection broke."""
    name, _, port = host.partition(":")
    try:
        with closing(socket.create_connection((name, int(port)), timeout=30)) as to_server:
            to_server.sendall(question)
            answer = b"".join(iter(lambda: to_server.recv(65536), b""))
    except OSError:
        return 0, "", b""
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head:
        return 0, "", b""
    return int(head.split(b" ", 2)[1]), head.decode("latin-1"), body


@pytest.fixture
def tabs(cast: SimpleNamespace) -> list[Tab]:
    luck = random.Random(SEED)
    tabs = []
    for number in range(REQUESTS[connection.vendor]):
        episode = factories.make_episode(cast.alice, f"N-{number:03}", cast.today)
        link = factories.invite(factories.make_session(episode, cast.now), cast.now).link
        one, other = map(float, luck.sample(range(11), 2))
        said = [Answers(one, one, other)] * (TABS - 1) + [Answers(other, one, one)]
        tabs += [Tab(link, says, random.Random(luck.random())) for says in said]
    return tabs


def submit_all(tabs: list[Tab], host: str) -> None:
    start = threading.Barrier(len(tabs))
    with ThreadPoolExecutor(len(tabs)) as pool:
        for done in [pool.submit(tab.submit, host, start) for tab in tabs]:
            done.result()


@contextmanager
def served(tmp_path: Path, app: str) -> Iterator[str]:
    """The app on the tests' database."""
    environment = {
        "DATABASE_URL": database_url(tmp_path / "copy.sqlite3"),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }
    with gunicorn(environment, log=tmp_path / "log", app=app) as host:
        yield host


@dataclass(frozen=True)
class Row:
    request_id: int
    payload_hash: str
    assessments: int


def stored(tmp_path: Path) -> list[Row]:
    """Every rating there is, read past Django: SQLite's are in the copy the server wrote to."""
    sql = (
        "SELECT request_id, payload_hash, (SELECT count(*) FROM measures_assessment"
        " WHERE rating_id = measures_rating.id) FROM measures_rating"
    )
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(tmp_path / "copy.sqlite3")) as copy:
            return [Row(*row) for row in copy.execute(sql)]
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [Row(*row) for row in cursor.fetchall()]


def troubles(tabs: list[Tab], rows: list[Row]) -> Counter[str]:
    """What must never be, counted."""
    found: Counter[str] = Counter()
    for request_id in {tab.link.request_id for tab in tabs}:
        there = [row.payload_hash for row in rows if row.request_id == request_id]
        found["doubled"] += len(there) > 1
        found["lost"] += not there
        for tab in tabs:
            if tab.link.request_id != request_id:
                continue
            is_there = tab.says.fingerprint() in there
            found["never told"] += not tab.told
            found["told saved, and it is not"] += tab.told == "saved" and not is_there
            found["told others stand, and they do not"] += tab.told == "others stand" and is_there
    found["half done"] = sum(row.assessments != 1 for row in rows)
    return +found


def test_one_row_for_what_was_acknowledged_and_never_two(tabs: list[Tab], tmp_path: Path) -> None:
    with served(tmp_path, "alliance_site.wsgi:application") as host:
        submit_all(tabs, host)
    rows = stored(tmp_path)
    assert troubles(tabs, rows) == {}
    assert len(rows) == REQUESTS[connection.vendor]
    told = Counter(tab.told for tab in tabs)
    assert set(told) == {"saved", "others stand"}
    assert max(tab.tries for tab in tabs) > 3, "nobody had bad luck: the network was too good"


def test_without_the_guards_some_are_stored_twice(tabs: list[Tab], tmp_path: Path) -> None:
    """The control: were the lock and the constraints to go, the test above would say so."""
    del tabs[TABS * 25 :]
    with without_constraints():
        with served(tmp_path, "tests.faults.unguarded:application") as host:
            submit_all(tabs, host)
        assert troubles(tabs, stored(tmp_path))["doubled"] > 0


@contextmanager
def without_constraints() -> Iterator[None]:
    """Unique no more, while the test runs."""
    constraints = [each for each in Rating._meta.constraints if each.name in GUARDS]
    assert len(constraints) == len(GUARDS)
    with connection.schema_editor() as editor:
        for constraint in constraints:
            editor.remove_constraint(Rating, constraint)
    try:
        yield
    finally:
        with deleting_allowed(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM measures_assessment")
            cursor.execute("DELETE FROM measures_rating")
        with connection.schema_editor() as editor:
            for constraint in constraints:
                editor.add_constraint(Rating, constraint)
