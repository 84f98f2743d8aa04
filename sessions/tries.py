"""Counting tries: in the database, where every worker sees the same number."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.crypto import salted_hmac

from sessions.models import Tries

SALT = "sessions.tries"
KEPT = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """So many tries of one kind by one party, and then no more until `within` has gone by."""

    what: str
    most: int
    within: dt.timedelta

    def take(self, who: str, now: dt.datetime) -> bool:
        """Count one try. False, and nothing counted, where too many were made already.

        Counted before anything is compared: of tries made at the same moment, no more than
        `most` get through.
        """
        Tries.objects.filter(since__lte=now - max(KEPT, self.within)).delete()
        row = Tries.objects.filter(key=self._key(who))
        running = row.filter(since__gt=now - self.within)
        if running.filter(count__lt=self.most).update(count=F("count") + 1):
            return True
        if row.filter(since__lte=now - self.within).update(since=now, count=1):
            return True
        try:
            with transaction.atomic():
                Tries.objects.create(key=self._key(who), since=now, count=1)
        except IntegrityError:  # there is one: too many, or somebody else began this moment
            return bool(running.filter(count__lt=self.most).update(count=F("count") + 1))
        return True

    def give_back(self, who: str) -> None:
        """The try was right: it does not count."""
        Tries.objects.filter(key=self._key(who), count__gt=0).update(count=F("count") - 1)

    def _key(self, who: str) -> str:
        return salted_hmac(SALT, f"{self.what}:{who}", algorithm="sha256").hexdigest()
