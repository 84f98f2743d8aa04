"""How soon a client sees the first page, and how much comes over the wire.

    uv run python -m tests.benchmarks.clients_minute

In Chromium, at 150 ms a round trip, 1.6 Mbit/s and a CPU four times slower, from an app server of
its own on a database of its own. Prints the first paint after the redirect of the link (median and
worst) beside that of a bare page in the same run, the bytes of each page and of the whole visit,
and Lighthouse's scores where it is installed (`npm install --global lighthouse`).
"""

from __future__ import annotations

import base64
import functools
import http.server
import json
import os
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

RUNS = 9
MOST_BYTES = 60_000
FEWEST_POINTS = 95
NETWORK = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1_600_000 / 8,
    "uploadThroughput": 1_600_000 / 8,
}
SLOWER = 4
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
BARE = "<!doctype html><html lang=en><title>Bare</title><h1>Three short questions.</h1>"
PAINT = """() => {
  const [visit] = performance.getEntriesByType("navigation");
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  return paint ? paint.startTime - visit.redirectEnd : null;
}"""
PAGES = {
    "start": None,
    "questions": "Start",
    "review": "Check my answers",
    "thanks": "Send my answers",
}


def make_link(folder: Path) -> str:
    """A database with one client who may be asked; the path of the link."""
    import django  # noqa: PLC0415  (after the environment says which database)
    from django.core.management import call_command  # noqa: PLC0415

    django.setup()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    from alliance_site.transactions import database_now  # noqa: PLC0415
    from tests import factories  # noqa: PLC0415

    cast = factories.make_cast(database_now())
    session = factories.make_session(cast.episode, cast.now)
    return f"/rate/{factories.invite(session, cast.now).token}"


@contextmanager
def bare_page(folder: Path) -> Iterator[str]:
    (folder / "index.html").write_text(BARE, encoding="utf-8")

    class Silent(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_args: Any) -> None:
            pass

    handler = functools.partial(Silent, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()


def slowed(browser: Any) -> tuple[Any, Any]:
    """A page of a phone of its own, nothing cached, and the line to its innards."""
    page = browser.new_context(**PHONE).new_page()
    tools = page.context.new_cdp_session(page)
    tools.send("Network.enable")
    tools.send("Network.emulateNetworkConditions", NETWORK)
    tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    return page, tools


def first_paint(browser: Any, address: str) -> float:
    page, _tools = slowed(browser)
    answer = page.goto(address)
    if answer is None or not answer.ok:
        sys.exit(f"{address} did not open.")
    page.wait_for_function(f"({PAINT})() !== null")
    milliseconds = float(page.evaluate(PAINT))
    page.context.close()
    return milliseconds


def weights(browser: Any, link: str) -> dict[str, int]:
    """Bytes over the wire, headers included, for each page of a whole visit."""
    page, tools = slowed(browser)
    received = [0]

    def count(event: dict[str, Any]) -> None:
        received[0] += int(event["encodedDataLength"])

    def count_redirect(event: dict[str, Any]) -> None:
        received[0] += int(event.get("redirectResponse", {}).get("encodedDataLength", 0))

    tools.on("Network.loadingFinished", count)
    tools.on("Network.requestWillBeSent", count_redirect)
    found, before = {}, 0
    for name, button in PAGES.items():
        if button is None:
            page.goto(link)
        else:
            _fill(page)
            page.get_by_role("link" if name == "questions" else "button", name=button).click()
        page.wait_for_selector(f"[data-rate={name}]")
        page.wait_for_load_state("networkidle")
        found[name], before = received[0] - before, received[0]
    page.context.close()
    return found


def _fill(page: Any) -> None:
    for question in ("respect", "understanding", "goals"):
        eight = page.locator(f"input[type=radio][name={question}][value='8']")
        if eight.count():
            eight.evaluate("(button) => button.click()")


def lighthouse(link: str, chromium: str) -> dict[str, int] | None:
    """Its scores of 100, or None where it is not installed."""
    command = shutil.which("lighthouse")
    if command is None:
        return None
    categories = "--only-categories=performance,accessibility,best-practices"
    flags = "--chrome-flags=--headless --no-sandbox --disable-gpu"
    done = subprocess.run(
        [command, link, categories, flags, "--output=json", "--quiet"],
        env={**os.environ, "CHROME_PATH": chromium},
        capture_output=True,
        text=True,
        check=True,
    )
    scores = json.loads(done.stdout)["categories"]
    return {name: round(100 * each["score"]) for name, each in scores.items()}


def report(say: Callable[[str], None], folder: Path, chromium: str) -> None:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    from tests.serving import gunicorn  # noqa: PLC0415

    path = make_link(folder)
    bare_folder = folder / "bare"
    bare_folder.mkdir()
    with (
        gunicorn({}, log=folder / "log") as host,
        bare_page(bare_folder) as bare,
        sync_playwright() as playwright,
    ):
        link = f"http://{host}{path}"
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        ours, floors = [], []
        for _ in range(RUNS):  # in turns, so that whatever else the machine does is in both
            floors.append(first_paint(browser, bare))
            ours.append(first_paint(browser, link))
        middle, floor = statistics.median(ours), statistics.median(floors)
        say(
            f"first paint after the redirect  {middle:.0f} ms (worst of {RUNS}: {max(ours):.0f} ms)"
        )
        say(f"first paint of a bare page      {floor:.0f} ms (worst {max(floors):.0f} ms)")
        say(f"ratio                           {middle / floor:.2f}")
        scores = lighthouse(link, chromium)  # before the link is used up
        found = weights(browser, link)
        for name, size in found.items():
            say(f"{name:<31} {size / 1000:.1f} kB")
        total = sum(found.values())
        say(f"{'the whole visit':<31} {total / 1000:.1f} kB of {MOST_BYTES / 1000:.0f} kB")
        if scores is None:
            say("Lighthouse is not installed: npm install --global lighthouse")
        for name, points in (scores or {}).items():
            say(f"Lighthouse {name:<20} {points} (at least {FEWEST_POINTS})")
        browser.close()
        missed = [name for name, points in (scores or {}).items() if points < FEWEST_POINTS]
        if total > MOST_BYTES or missed:
            sys.exit("A bar was missed.")


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Install Chromium first: it was looked for on PATH.")
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(
            DJANGO_SETTINGS_MODULE="alliance_site.settings",  # with files as in production
            DATABASE_URL=f"sqlite:///{folder}/database.sqlite3",
            SECRET_KEY=secrets.token_urlsafe(60),
            ALLIANCE_MASTER_KEYS="bench:" + base64.b64encode(secrets.token_bytes(32)).decode(),
            ALLIANCE_BEHIND_TLS="false",
            ALLOWED_HOSTS="127.0.0.1",
            EMAIL_URL="memorymail://",
            ALLIANCE_URL="https://oak.example",
        )
        report(print, Path(folder), chromium)


if __name__ == "__main__":
    main()
