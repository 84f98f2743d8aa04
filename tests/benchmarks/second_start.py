"""How long from starting the demo again to its first page, beside a bare start of Django.

    uv run python -m tests.benchmarks.second_start

Prints seconds and their ratio. Makes the demo's data first if there are none.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PORT = 8765
PAGE = f"http://127.0.0.1:{PORT}/account/login/"
RUNS = 5
LIMIT = 60.0


def floor() -> float:
    """A process that imports Django and sets it up with nothing of ours."""
    bare = (
        "import django; from django.conf import settings; settings.configure("
        "INSTALLED_APPS=['django.contrib.auth', 'django.contrib.contenttypes']); django.setup()"
    )
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", bare], check=True)
    return time.perf_counter() - started


def second_start(environment: dict[str, str]) -> float:
    """From the command to the last byte of the log-in page."""
    started = time.perf_counter()
    command = [sys.executable, "manage.py", "demo", "--port", str(PORT)]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as server:
        try:
            _wait_for_page(started)
            return time.perf_counter() - started
        finally:
            server.terminate()


def _wait_for_page(started: float) -> None:
    while time.perf_counter() - started < LIMIT:
        try:
            with urllib.request.urlopen(PAGE, timeout=LIMIT) as answer:
                answer.read()
                return
        except OSError:
            time.sleep(0.02)
    raise TimeoutError(f"No page within {LIMIT:.0f} seconds.")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"ALLIANCE_DEMO_FOLDER": folder}
        make = [sys.executable, "manage.py", "demo", "--no-serve"]
        subprocess.run(make, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
        starts = sorted(second_start(environment) for _ in range(RUNS))
        floors = sorted(floor() for _ in range(RUNS))
    middle = RUNS // 2
    print(f"second start to first page  {starts[middle]:.2f} s (worst {starts[-1]:.2f} s)")
    print(f"bare start of Django        {floors[middle]:.2f} s")
    print(f"ratio                       {starts[middle] / floors[middle]:.1f}")


if __name__ == "__main__":
    main()
