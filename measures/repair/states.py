"""The one place where the state of a flag changes, and where its history is written.

    raised -> new -> talked <-> watching until a day -> better
                 new, talked, watching -> outside our work, no concern
                 better, outside, no concern -> open again (talked if there was a talk, else new)
    the engine alone: raises, withdraws what nobody acted on, and notes what it sees. It closes
    nothing that somebody acted on, and opens nothing that somebody closed.

Which steps there are is written in `measures.models.flags` (BY_ENGINE, BY_PEOPLE) and held by a
constraint on the history. A step is a conditional UPDATE: of two that start from the same state
one is stored, the other raises StaleFlag. Taking a flag to supervision is no state: see agenda.
"""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction
from django.db.models import F

from measures.models import Flag, FlagEvent
from measures.models.flags import BY_ENGINE, BY_PEOPLE
from sessions.models import Membership
from sessions.sealing import seal


class IllegalStep(Exception):
    """A flag does not go from here to there."""


class StaleFlag(Exception):
    """Somebody saved this flag since it was read."""


class OtherIsOpen(Exception):
    """There is an open flag about this client already: one card at a time."""


def may_move(flag: Flag, to_state: str, *, by_people: bool = True) -> bool:
    return (flag.state, to_state) in (BY_PEOPLE if by_people else BY_ENGINE)


def move(
    flag: Flag,
    to_state: str,
    *,
    now: dt.datetime,
    reason: str,
    by: Membership | None = None,
    line: str = "",
    until: dt.date | None = None,
) -> FlagEvent:
    """Take one step and write it down, both or neither. `until` is for watching alone.

    Raises IllegalStep; StaleFlag if the stored row is not as `flag` was read; OtherIsOpen.
    """
    before = flag.state
    if not may_move(flag, to_state, by_people=by is not None):
        raise IllegalStep(f"{before} -> {to_state}")
    if (to_state == Flag.State.WATCHING) != (until is not None):
        raise IllegalStep("Watching takes a day, and nothing else does.")
    as_read = Flag.objects.filter(pk=flag.pk, state=before, version=flag.version)
    try:
        with transaction.atomic():
            moved = as_read.update(state=to_state, snoozed_until=until, version=F("version") + 1)
            if not moved:
                raise StaleFlag
            event = record_event(
                flag, to_state, now=now, reason=reason, from_state=before, by=by, line=line
            )
    except IntegrityError as error:
        raise OtherIsOpen from error
    flag.state, flag.snoozed_until, flag.version = to_state, until, flag.version + 1
    return event


def record_event(
    flag: Flag,
    to_state: str,
    *,
    now: dt.datetime,
    reason: str,
    from_state: str = "",
    by: Membership | None = None,
    line: str = "",
) -> FlagEvent:
    """Write down what happened to a flag. `line` is somebody's own words, sealed."""
    return FlagEvent.objects.create(
        organization_id=flag.organization_id,
        flag=flag,
        at=now,
        by=by,
        from_state=from_state,
        to_state=to_state,
        reason=reason,
        sealed_line=seal(flag.episode.client, "line", line) if line else None,
    )
