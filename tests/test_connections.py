"""What a new connection to the database is told."""

from __future__ import annotations

import pytest
from django.db import connection


@pytest.mark.postgresql_only
def test_postgresql_compiles_no_plans(db):
    """Said by the connection: the cluster of the tests is told the same, others are not."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT setting, source FROM pg_settings WHERE name = 'jit'")
        assert cursor.fetchone() == ("off", "session")
