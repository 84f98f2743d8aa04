"""What a new connection to the database is told."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper


def run_plans_as_they_are(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Have PostgreSQL compile no plans.

    Who may read a row is a condition with many branches, so that a page's plans look costly and
    are quick: compiling the one of the supervisor's page took a second, running it a tenth of one.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET jit = off")
