"""Some tables only ever grow: ratings, the history of a flag, the access log.

Triggers (see the migrations) refuse to change or delete their rows, whoever asks. Erasing a person
is the one lawful deletion; it runs inside `deleting_allowed()`, which both databases can see.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

_deleting: ContextVar[bool] = ContextVar("deleting", default=False)


@contextmanager
def deleting_allowed() -> Iterator[None]:
    """Let the enclosed statements, all or nothing, delete append-only rows."""
    token = _deleting.set(True)
    try:
        with transaction.atomic():  # on an error, rolling back takes PostgreSQL's setting along
            _tell_postgresql("on")
            yield
            _tell_postgresql("off")
    finally:
        _deleting.reset(token)


def _tell_postgresql(value: str) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('app.deleting', %s, true)", [value])


def teach_connection(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Give SQLite the function that its delete triggers ask."""
    if connection.vendor == "sqlite":
        connection.connection.create_function("alliance_deleting", 0, lambda: int(_deleting.get()))
