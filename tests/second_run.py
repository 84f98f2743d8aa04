"""The suite once more, on PostgreSQL, beside the first run in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.postgresql import private_cluster

ROOT = Path(__file__).resolve().parent.parent
SECONDS_TO_STOP = 30
# No test needs what this leaves out: data that outlive a crash, plans compiled for long queries,
# and a look at the tables once a minute: between two tests it finds them empty, and what is planned
# for no rows takes seconds over the hundreds of clients of the next one.
QUICK = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "jit": "off",
    "autovacuum": "off",
}


def on_postgresql() -> bool:
    return os.environ.get("DATABASE_URL", "").startswith(("postgres", "pgsql"))


def asks_for_database(item: pytest.Item) -> bool:
    """Whether the test can reach the database at all: pytest-django lets no other through."""
    fixtures = getattr(item, "fixturenames", ())
    return "db" in fixtures or item.get_closest_marker("django_db") is not None


def cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class SecondRun:
    """One run of the suite on a new cluster. Its output goes to a file in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.output = folder / "output"
        self._process: subprocess.Popen[bytes] | None = None
        self._cluster = ExitStack()

    def start(self) -> subprocess.Popen[bytes]:
        database_url = self._cluster.enter_context(private_cluster(QUICK))
        command = [sys.executable, "-m", "pytest", "tests", "-p", "no:cacheprovider"]
        # Playwright empties its output folder at the start, and the first run has one open.
        command += [f"--output={self.folder / 'playwright'}", "--benchmark-disable"]
        # Where the database is gone, as when the first run was killed, it need not go on for long.
        command += ["--only-database", "--maxfail=20"]
        with self.output.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, "DATABASE_URL": database_url},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that Ctrl-C reaches the first run, and only that
            )
        return self._process

    def wait(self) -> tuple[int, str]:
        """How it ended, and what it said."""
        process = self._process or self.start()
        return process.wait(), self.output.read_text(encoding="utf-8", errors="replace")

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()  # not an interrupt, which a run in the background ignores
            try:
                self._process.wait(SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._cluster.close()


def counts(output: str) -> dict[str, int]:
    """{"passed": 12, "skipped": 1} from pytest's closing line."""
    closing = output.rstrip().rpartition("\n")[2]
    return {word: int(number) for number, word in re.findall(r"(\d+) ([a-z]+)", closing)}
