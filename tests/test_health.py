"""Is the process alive, and can it store a rating right now?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.test import Client as Browser

from sessions.models import AccessEntry, Organization


@contextmanager
def broken(statement: str, error: Exception) -> Iterator[None]:
    """The database refuses statements of one kind."""

    def refuse(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(statement):
            raise error
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        yield


def test_alive_asks_the_database_nothing(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = Browser().get("/health/live")
    assert (response.status_code, response.content) == (200, b"alive\n")


@pytest.mark.parametrize(
    "inside",
    [
        pytest.param("a transaction", marks=pytest.mark.django_db),
        pytest.param("none", marks=pytest.mark.django_db(transaction=True)),
    ],
)
def test_ready_says_so_and_leaves_nothing_behind(inside):
    response = Browser().get("/health/ready")
    assert (response.status_code, response.content) == (200, b"ready\n")
    assert not Organization.objects.exists()
    assert not AccessEntry.objects.exists()


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("INSERT", OperationalError("database or disk is full")),
        ("INSERT", OperationalError("attempt to write a readonly database")),
        ("INSERT", InterfaceError("connection already closed")),
        ("SAVEPOINT", OperationalError("server closed the connection unexpectedly")),
    ],
)
def test_not_ready_while_nothing_can_be_stored(db, statement, error):
    with broken(statement, error):
        response = Browser().get("/health/ready")
    assert response.status_code == 503
    assert response.content == b"The database does not store.\n"


def test_reading_would_have_said_ready(db):
    """The control: with a full disk, a query alone notices nothing."""
    with broken("INSERT", OperationalError("database or disk is full")):
        assert Organization.objects.count() == 0


@pytest.mark.parametrize("address", ["/health/live", "/health/ready"])
def test_a_proxy_may_ask_in_short_and_may_not_post(db, address):
    assert Browser().head(address).status_code == 200
    assert Browser().post(address).status_code == 405
