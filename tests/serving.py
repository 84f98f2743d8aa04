"""A real app server on this computer, for what a test client or a thread of ours cannot show."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from django.db import connection

ROOT = Path(__file__).resolve().parent.parent
SECONDS_TO_START = 60.0


@contextmanager
def gunicorn(
    environment: Mapping[str, str],
    *,
    log: Path,
    app: str = "alliance_site.wsgi:application",
    workers: int = 2,
    threads: int = 8,
) -> Iterator[str]:
    """Serve `app` on a free port of 127.0.0.1; yields "127.0.0.1:port". It ends with the block."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listening:
        host = f"127.0.0.1:{listening.getsockname()[1]}"
        command = [sys.executable, "-m", "gunicorn", app, f"--bind=fd://{listening.fileno()}"]
        command += [f"--workers={workers}", f"--threads={threads}", "--timeout=60"]
        with log.open("wb") as output:
            server = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **environment},
                pass_fds=[listening.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            _wait_until_it_answers(host, server, log)
            yield host
        finally:
            server.terminate()
            try:
                server.wait(15)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _wait_until_it_answers(host: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with closing(http.client.HTTPConnection(host, timeout=5)) as client:
                client.request("GET", "/health/live")
                if client.getresponse().status == 200:
                    return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"the app server did not start:\n{log.read_text(errors='replace')}")


def database_url(copy: Path) -> str:
    """The address of the tests' database for another process; SQLite's, in memory, is copied."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(copy)])
        return f"sqlite:///{copy}"
    return f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{connection.settings_dict['NAME']}"
