"""The app without what keeps a rating from being stored twice: the fault tests must catch it."""

from contextlib import nullcontext
from typing import Any

from django.db import connection
from django.db.models import QuerySet

import alliance_site.wsgi  # first, for it sets Django up
from alliance_site import transactions
from measures.capture import services

application = alliance_site.wsgi.application


class Apart:
    """A `django.db.transaction` in which every statement is on its own."""

    @staticmethod
    def atomic(*args: Any, **kwargs: Any) -> nullcontext[None]:
        return nullcontext()


def unlocked(rows: QuerySet[Any], *args: Any, **kwargs: Any) -> QuerySet[Any]:
    return rows


# On PostgreSQL the rows are locked; on SQLite the transaction itself is the lock.
setattr(QuerySet, "select_for_update", unlocked)  # noqa: B010  a type checker would object
if connection.vendor == "sqlite":
    setattr(transactions, "_transaction", lambda **options: nullcontext())  # noqa: B010
    setattr(services, "transaction", Apart)  # noqa: B010
