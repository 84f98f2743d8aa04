"""The second wall: PostgreSQL is told, for each transaction, whose rows are being read."""

from django.db import connection


def set_organization(pk: int) -> None:
    """Name the organization for the rest of this transaction. SQLite has no such wall."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('app.organization', %s, true)", [str(pk)])
