"""One request, one transaction: view, rendering and access entry commit together, or not at all."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import OperationalError, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import Http404, HttpResponse
from django.template.response import SimpleTemplateResponse
from django.test import Client as Browser
from django.utils import timezone

from alliance_site.transactions import database_now
from alliance_site.urls import urlpatterns
from measures.capture import views as capture
from sessions.forms import OrganizationForm
from sessions.models import AccessEntry, Organization
from sessions.views import organization as pages
from tests.measures.link_holder import invite

Replace = Callable[[Callable[[Any], HttpResponse]], None]


@pytest.fixture
def about(monkeypatch: pytest.MonkeyPatch) -> Replace:
    """Have the page /about/ answered by something else, inside the real machinery."""

    def _about(answer: Callable[[Any], HttpResponse]) -> None:
        monkeypatch.setattr(pages, "render", lambda request, *rest, **more: answer(request))

    return _about


@pytest.fixture
def alice(cast: SimpleNamespace, log_in: Any) -> Browser:
    browser: Browser = log_in(cast.alice)
    return browser


@pytest.fixture
def ada(cast: SimpleNamespace, log_in: Any) -> Browser:
    browser: Browser = log_in(cast.ada)
    return browser


def rename(to: str) -> None:
    Organization.objects.filter(name="Oak Street").update(name=to)


def names() -> set[str]:
    return set(Organization.objects.values_list("name", flat=True))


def save_settings(browser: Browser) -> Any:
    as_it_is = OrganizationForm(instance=Organization.objects.get(name="Oak Street")).initial
    return browser.post("/settings/", {**as_it_is, "name": "Saved"})


def test_now_is_the_clock_of_the_database(cast, log_in, about):
    seen = []

    def answer(request: Any) -> HttpResponse:
        seen.append(request.now)
        return HttpResponse()

    about(answer)
    with time_machine.travel("2041-05-05"):
        log_in(cast.alice).get("/about/")
    assert abs(seen[0] - cast.now) < dt.timedelta(minutes=5)
    assert seen[0].tzinfo is dt.UTC
    assert AccessEntry.objects.get(route="about").at == seen[0]


def test_the_clock_of_the_database_is_right(db):
    assert abs(database_now() - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=5)


def test_everything_happens_in_one_transaction(alice, about):
    inside = []

    def answer(request: Any) -> HttpResponse:
        inside.append(connection.in_atomic_block)
        return HttpResponse()

    about(answer)
    alice.get("/about/")
    assert inside == [True]


def test_times_are_those_of_the_organization_and_only_for_that_request(alice, about):
    seen = []

    def answer(request: Any) -> HttpResponse:
        seen.append(timezone.get_current_timezone_name())
        return HttpResponse()

    about(answer)
    alice.get("/about/")
    assert seen == ["America/Chicago"]
    assert timezone.get_current_timezone_name() == "UTC"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", [ValueError, Http404, PermissionDenied])
def test_an_error_in_a_view_undoes_everything(alice, about, error):
    def answer(request: Any) -> HttpResponse:
        rename("half")
        raise error

    about(answer)
    alice.raise_request_exception = False
    assert alice.get("/about/").status_code in {403, 404, 500}
    assert "half" not in names()


@pytest.mark.django_db(transaction=True)
def test_an_error_while_rendering_undoes_everything(ada, monkeypatch):
    def broken(self: Any) -> None:
        raise ValueError

    def late(request: Any, *args: Any, **kwargs: Any) -> SimpleTemplateResponse:
        rename("half")
        return SimpleTemplateResponse("sessions/settings.html")

    monkeypatch.setattr(pages, "render", late)
    monkeypatch.setattr(SimpleTemplateResponse, "rendered_content", property(broken))
    ada.raise_request_exception = False
    assert ada.post("/settings/", {"name": ""}).status_code == 500
    assert "half" not in names()


def test_a_late_answer_is_rendered_inside(alice, about, monkeypatch):
    inside = []

    def content(self: Any) -> str:
        inside.append(connection.in_atomic_block and timezone.get_current_timezone_name())
        return "done"

    monkeypatch.setattr(SimpleTemplateResponse, "rendered_content", property(content))
    about(lambda request: SimpleTemplateResponse("errors/404.html"))
    assert alice.get("/about/").content == b"done"
    assert inside == ["America/Chicago"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_page_whose_entry_cannot_be_written_is_not_sent(ada, monkeypatch, method):
    def full(**values: Any) -> None:
        raise OperationalError("database or disk is full")

    monkeypatch.setattr(AccessEntry.objects, "create", full)
    ada.raise_request_exception = False
    answer = save_settings(ada) if method == "post" else ada.get("/settings/")
    assert answer.status_code == 500
    assert b"Ada" not in answer.content
    assert "Saved" not in names()


def test_one_request_is_one_entry(cast, alice):
    alice.get(f"/episodes/{cast.episode.uuid}/")
    entry = AccessEntry.objects.get()
    assert (entry.membership, entry.user) == (cast.alice, cast.alice.user)
    assert (entry.route, entry.method, entry.status) == ("episode", "GET", 200)
    assert entry.clients == [cast.episode.client_id]


@pytest.mark.django_db(transaction=True)
def test_a_refusal_is_logged_in_a_transaction_of_its_own(cast, alice):
    assert alice.get(f"/episodes/{cast.peers.uuid}/").status_code == 404
    assert alice.get("/settings/").status_code == 404
    entries = AccessEntry.objects.order_by("pk").values_list("route", "status", "clients")
    assert list(entries) == [("episode", 404, []), ("settings", 404, [])]


def test_strangers_leave_no_entry(db):
    Browser().get("/account/login/")
    Browser().get("/rate/nothing")
    assert not AccessEntry.objects.exists()


def test_a_method_that_is_not_in_the_table_is_refused(alice):
    answer = alice.post("/about/")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD"


@pytest.fixture
def file_database(
    transactional_db: None, cast: SimpleNamespace, tmp_path: Path
) -> Iterator[BaseDatabaseWrapper]:
    """The cast in a file, as in production: SQLite in memory has other locks."""
    path = tmp_path / "copy.sqlite3"
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(path)])
    in_memory = connections["default"]
    on_disk = type(in_memory)({**in_memory.settings_dict, "NAME": str(path)}, "default")
    connections["default"] = on_disk
    yield on_disk
    on_disk.close()
    connections["default"] = in_memory


def write_from_elsewhere(path: str) -> None:
    other = sqlite3.connect(path, timeout=0)
    try:
        other.create_function("alliance_deleting", 0, lambda: 0)
        other.execute("UPDATE alliance_sessions_organization SET phone = '555-0111'")
        other.commit()
    finally:
        other.close()


@pytest.mark.sqlite_only
def test_reading_on_sqlite_lets_others_write(file_database, cast, log_in, about):
    def answer(request: Any) -> HttpResponse:
        assert Organization.objects.count() == 2
        write_from_elsewhere(file_database.settings_dict["NAME"])
        return HttpResponse("read")

    about(answer)
    assert log_in(cast.alice).get("/about/").content == b"read"
    assert AccessEntry.objects.get().route == "about"
    assert file_database.transaction_mode == "IMMEDIATE"


@pytest.mark.sqlite_only
def test_writing_on_sqlite_makes_others_wait_from_the_start(
    file_database, cast, log_in, monkeypatch
):
    """The control of the test above, and why two writers never meet half way."""

    def answer(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            write_from_elsewhere(file_database.settings_dict["NAME"])
        return HttpResponse("written")

    browser = log_in(cast.ada)
    monkeypatch.setattr(pages, "render", answer)
    assert browser.post("/settings/", {"name": ""}).content == b"written"


@pytest.mark.sqlite_only
def test_after_a_read_that_failed_writing_is_as_before(file_database, cast, log_in, about):
    def answer(request: Any) -> HttpResponse:
        raise ValueError

    about(answer)
    browser = log_in(cast.ada)
    browser.raise_request_exception = False
    assert browser.get("/about/").status_code == 500
    assert file_database.transaction_mode == "IMMEDIATE"
    assert save_settings(browser).status_code == 302


@pytest.mark.sqlite_only
def test_an_acknowledged_write_survives_a_power_cut(file_database):
    with file_database.cursor() as cursor:
        found = {}
        for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout"):
            cursor.execute(f"PRAGMA {name}")
            found[name] = cursor.fetchone()[0]
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "foreign_keys": 1,
        "busy_timeout": 20_000,
    }


def wall() -> str | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.organization', true)")
        value: str | None = cursor.fetchone()[0]
    return value


@pytest.mark.postgresql_only
def test_postgresql_is_told_whose_rows_are_read(cast, alice, log_in, about):
    seen = []

    def answer(request: Any) -> HttpResponse:
        seen.append(wall())
        return HttpResponse()

    about(answer)
    alice.get("/about/")
    log_in(cast.eve).get("/about/")
    assert seen == [str(cast.here.pk), str(cast.elsewhere.pk)]


@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
def test_and_forgets_it_with_the_transaction(cast, alice):
    assert alice.get("/about/").status_code == 200
    with transaction.atomic():
        assert wall() in {None, ""}


@pytest.mark.postgresql_only
def test_a_clients_link_tells_it_too(cast, monkeypatch):
    seen = []
    monkeypatch.setattr(capture, "who_sees_answers", lambda *rest: seen.append(wall()))
    holder = invite(cast.eves, cast.now)
    holder.open()
    holder.get("questions/")
    assert seen == [str(cast.elsewhere.pk)]


def test_only_health_answers_without_a_transaction():
    marked = {
        pattern.name
        for pattern in urlpatterns
        if getattr(getattr(pattern, "callback", None), "without_transaction", False)
    }
    assert marked == {"health_live", "health_ready"}
