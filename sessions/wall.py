"""The second wall: PostgreSQL is told, for each transaction, whose rows are being read."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


def set_organization(pk: int) -> None:
    """Name the organization for the rest of this transaction. SQLite has no such wall."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('app.organization', %s, true)", [str(pk)])


@contextmanager
def transaction_of(organization_pk: int) -> Iterator[None]:
    """A transaction of a command's own about one organization's rows."""
    with transaction.atomic():
        set_organization(organization_pk)
        yield
