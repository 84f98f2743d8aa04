"""Start the product with made-up people, ready to look around."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.db import connection

from alliance_site import demo
from alliance_site.demo.plan import PlannedClient
from alliance_site.demo.world import (
    PASSWORD,
    ZONE,
    client_link,
    email_of,
    make_world,
    was_used,
)
from alliance_site.transactions import database_now
from measures.capture.gateways import all_gateways
from measures.capture.outbox import send_due
from sessions.models import Organization

SEND_EVERY = 15  # seconds
PEOPLE = (
    ("Counselor", "Maria"),
    ("Counselor in Spanish", "Lena"),
    ("Supervisor", "Sam"),
    ("Administrator", "Ana"),
    ("Front desk", "Ben"),
    ("Rights contact", "Dana"),
    ("Counselor elsewhere", "Kim"),
)


class Command(BaseCommand):
    help = "Start the product with made-up people on this computer. Data stay until the next day."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="Port on this computer (8000).")
        parser.add_argument("--fresh", action="store_true", help="Make the data anew.")
        parser.add_argument(
            "--no-serve", action="store_true", help="Make the data, say the log-ins, and stop."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Run it as: uv run --no-dev manage.py demo")
        settings.ALLIANCE_URL = f"http://localhost:{options['port']}"
        server = None if options["no_serve"] else _bind(options["port"])
        self._prepare(fresh=options["fresh"])
        self._say_who(options["port"])
        if server is not None:
            self._serve(server)

    def _prepare(self, *, fresh: bool) -> None:
        today = dt.datetime.now(ZONE).date()
        made_on = _made_on()
        if fresh or (made_on != today and not _in_use()):
            _remove()
        if not demo.database().exists():
            self.stdout.write("Making demo data. This takes some seconds, once a day.")
        call_command("migrate", verbosity=0)
        if not Organization.objects.exists():
            make_world(database_now(), self._progress)
            (demo.folder() / "made_on").write_text(today.isoformat(), encoding="utf-8")

    def _progress(self, clients: Iterable[PlannedClient]) -> Iterable[PlannedClient]:
        planned = list(clients)
        for done, client in enumerate(planned, start=1):
            yield client
            if self.stdout.isatty():
                self.stdout.write(f"\r  {done} of {len(planned)} clients", ending="")
                self.stdout.flush()
        self.stdout.write("")

    def _say_who(self, port: int) -> None:
        address = f"http://localhost:{port}"
        self.stdout.write(f"\nThe demo is at {address}/\n\nLog in, always with {PASSWORD}\n")
        for role, name in PEOPLE:
            self.stdout.write(f"  {role:<20} {email_of(name)}")
        self.stdout.write("\nAs a client, without an account:")
        for slider, way in ((False, "with buttons"), (True, "with a slider")):
            token = client_link(database_now(), slider=slider)
            if token:
                self.stdout.write(f"  {way:<20} {address}/rate/{token}")
        self.stdout.write("\nThe people are made up. Stop it with Ctrl+C.\n")
        self.stdout.flush()

    def _serve(self, server: ThreadedWSGIServer) -> None:
        # Plotly takes a moment to load; better now than under the first page.
        threading.Thread(target=_warm_up, daemon=True).start()
        threading.Thread(target=_send_messages, daemon=True).start()
        server.set_app(get_wsgi_application())
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            self.stdout.write("\nStopped. The data are kept.")
        finally:
            server.server_close()


def _bind(port: int) -> ThreadedWSGIServer:
    """Take the port before making data for it."""
    try:
        return ThreadedWSGIServer(("127.0.0.1", port), WSGIRequestHandler)
    except (OSError, OverflowError) as error:
        raise CommandError(
            f"Port {port} cannot be used ({error}). Try: manage.py demo --port {port + 1}"
        ) from error


def _warm_up() -> None:
    from measures.insight.charts import trend_figure  # noqa: PLC0415  on purpose not before

    trend_figure([])


def _send_messages() -> None:
    """What `send_due --loop` does, to the terminal: whoever logs a session sees what goes out."""
    while True:
        send_due(gateways=all_gateways(), clock=database_now, batch=50, stop=lambda: False)
        time.sleep(SEND_EVERY)


def _made_on() -> dt.date | None:
    path = demo.folder() / "made_on"
    try:
        return dt.date.fromisoformat(path.read_text(encoding="utf-8").strip())
    except (FileNotFoundError, ValueError):
        return None


def _in_use() -> bool:
    """Whether the data there are hold anything somebody entered."""
    if not demo.database().exists():
        return False
    return "alliance_sessions_accessentry" in connection.introspection.table_names() and was_used()


def _remove() -> None:
    connection.close()
    for path in demo.folder().glob("demo.sqlite3*"):
        path.unlink()
