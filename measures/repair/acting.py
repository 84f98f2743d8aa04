"""What a person decides about a card: the open flags about one client, moved together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from django.db import transaction

from measures.models import Flag, FlagEvent, Repair
from measures.repair.agenda import take_to_supervision
from measures.repair.states import IllegalStep, StaleFlag, may_move, move
from measures.repair.talks import record_talk
from sessions.models import Membership
from sessions.sealing import unseal

LONGEST_WATCH = dt.timedelta(days=60)


class Did(StrEnum):
    """The taps of the flag page."""

    TALKED = "talked"
    NOT_YET = "not_yet"
    OUTSIDE = "outside"
    NO_CONCERN = "no_concern"
    BETTER = "better"
    WATCH = "watch"
    REOPEN = "reopen"
    BRING = "supervision"


STATE_AFTER = {
    Did.TALKED: Flag.State.TALKED,
    Did.NOT_YET: Flag.State.WATCHING,
    Did.WATCH: Flag.State.WATCHING,
    Did.OUTSIDE: Flag.State.OUTSIDE,
    Did.NO_CONCERN: Flag.State.NO_CONCERN,
    Did.BETTER: Flag.State.BETTER,
}
HOW_IT_WENT = {
    Did.REOPEN: "",
    Did.NOT_YET: Repair.Outcome.NOT_YET,
    Did.WATCH: Repair.Outcome.NOT_YET,
    Did.OUTSIDE: Repair.Outcome.OUTSIDE,
    Did.NO_CONCERN: Repair.Outcome.NO_CONCERN,
    Did.BETTER: Repair.Outcome.BACK,
}


@dataclass(frozen=True, slots=True)
class Decision:
    """One filled-in card. `on`: the day of the talk, or the day until which it is watched.

    `line`: what was agreed, or why; for the staff. `client_text`, by language, is released for the
    client's eyes, and `wish` is what of theirs it answers; both only with a talk.
    """

    did: Did
    on: dt.date | None = None
    line: str = ""
    client_text: Mapping[str, str] = field(default_factory=dict)
    wish: str = ""
    to_supervision: bool = False


def decide(
    *,
    flag: Flag,
    decision: Decision,
    version: int,
    by: Membership,
    now: dt.datetime,
    along: Sequence[Flag] = (),
    reopen: bool = False,
) -> Flag:
    """Store one decision about a card: all of it or nothing.

    `reopen`: another tab closed it, and this decision stays instead.
    `version` is that of the flag when the form was opened; the same form sent twice is stored
    once. `along` are the other open flags of the card that this person may know of. Raises
    StaleFlag, IllegalStep, OtherIsOpen.
    """
    with transaction.atomic():
        current = Flag.objects.select_for_update(of=("self",)).get(pk=flag.pk)
        current.episode = flag.episode
        if current.version != version:
            if _is_the_same(current, decision, by):
                return current
            raise StaleFlag
        if reopen and not current.is_open:
            _take(current, Decision(Did.REOPEN), by, now)
        _take(current, decision, by, now)
        for other in along:
            if _goes_along(other, decision):
                move(
                    other,
                    STATE_AFTER[decision.did],
                    now=now,
                    reason=decision.did,
                    by=by,
                    until=_until(decision),
                )
        if decision.to_supervision or decision.did == Did.BRING:
            take_to_supervision(flag=current, note="", by=by, now=now)
    return current


def _take(flag: Flag, decision: Decision, by: Membership, now: dt.datetime) -> None:
    talks = Repair.objects.filter(flag=flag)
    if not flag.is_open and decision.did != Did.REOPEN:
        raise IllegalStep("A closed flag is opened again first.")
    if decision.did == Did.BRING:
        return  # an item on the agenda, no state
    if decision.did == Did.TALKED:
        if decision.on is None:
            raise IllegalStep("A talk was on some day.")
        record_talk(
            flag=flag,
            by=by,
            talked_on=decision.on,
            now=now,
            agreed=decision.line,
            client_text=decision.client_text,
            wish=decision.wish,
        )
        return
    if decision.did == Did.BETTER and not talks.exists():
        raise IllegalStep("Nobody talked about it yet.")
    move(
        flag,
        _state_after(flag, decision.did),
        now=now,
        reason=decision.did,
        by=by,
        line=decision.line,
        until=_until(decision),
    )
    talks.update(outcome=HOW_IT_WENT[decision.did])


def _state_after(flag: Flag, did: Did) -> str:
    if did == Did.REOPEN:
        if flag.is_open:
            raise IllegalStep("It is open.")
        talked = Repair.objects.filter(flag=flag).exists()
        return Flag.State.TALKED if talked else Flag.State.NEW
    return STATE_AFTER[did]


def _until(decision: Decision) -> dt.date | None:
    return decision.on if decision.did in {Did.NOT_YET, Did.WATCH} else None


def _goes_along(other: Flag, decision: Decision) -> bool:
    after = STATE_AFTER.get(decision.did)
    return after is not None and may_move(other, after)


def _is_the_same(flag: Flag, decision: Decision, by: Membership) -> bool:
    """Whether what is stored is this very form, sent before."""
    last = FlagEvent.objects.filter(flag=flag, by__isnull=False).order_by("-pk").first()
    if last is None or last.by_id != by.pk or last.reason != decision.did:
        return False
    if decision.did == Did.TALKED:
        talk = Repair.objects.filter(flag=flag).order_by("-pk").first()
        agreed = unseal(flag.episode.client, "agreed", talk.sealed_agreed) if talk else ""
        return talk is not None and (talk.talked_on, agreed) == (decision.on, decision.line)
    return unseal(flag.episode.client, "line", last.sealed_line) == decision.line
