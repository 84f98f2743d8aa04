"""The life of a flag: from flagged sessions to runs, from runs to flags.

A flag is a run of flagged sessions of one rater. After every recompute the runs are settled
against the flags there are: a run that overlaps a flag *is* that flag.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Any

from django.db.models import F

from measures.models import Assessment, Flag
from measures.repair.states import move, record_event
from sessions.models import Episode

Span = tuple[dt.datetime, dt.datetime]
RUN_IS_GONE = "the ratings no longer show it"
EVIDENCE = ("score", "expected", "low", "high", "statistic", "limit", "probability")


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive flagged ratings: when the sessions of its ends were, and what raised it."""

    first: Assessment
    last: Assessment

    @property
    def span(self) -> Span:
        return self.first.rating.session.starts_at, self.last.rating.session.starts_at


def runs_of(assessments: Iterable[Assessment]) -> list[Run]:
    """The runs among assessments in session order. A rating that is not flagged ends a run."""
    grouped = groupby(assessments, key=lambda each: each.kind != Assessment.Kind.NONE)
    flagged = (list(group) for is_flagged, group in grouped if is_flagged)
    return [Run(group[0], group[-1]) for group in flagged]


def settle(
    *, episode: Episode, rater: str, assessments: Sequence[Assessment], now: dt.datetime
) -> None:
    """Bring the flags of one rater in line with the runs of a fresh recompute.

    `assessments`: the current ones, in session order, each with its rating and session loaded.
    A new run opens a flag, or prolongs the one that is open: one card per client. A flag nobody
    acted on whose run is gone is withdrawn; one acted on stays, and its history says so.
    """
    spans = _flags_of(episode, rater)
    runs_by_flag: dict[Flag, list[Run]] = {flag: [] for flag in spans}
    for run in runs_of(assessments):
        flag = _flag_for(run, spans)
        if flag is None:
            flag = _raise(episode, rater, run, now)
            spans[flag] = run.span
        runs_by_flag.setdefault(flag, []).append(run)
    for flag, runs in runs_by_flag.items():
        if runs:
            _follow(flag, runs)
        else:
            _run_is_gone(flag, now)


def _flags_of(episode: Episode, rater: str) -> dict[Flag, Span]:
    """The flags there are, oldest first, with the times of the sessions at their ends."""
    flags = Flag.objects.filter(episode=episode, rater=rater).exclude(state=Flag.State.WITHDRAWN)
    timed: Iterable[Any] = flags.annotate(
        first_at=F("first_rating__session__starts_at"), last_at=F("last_rating__session__starts_at")
    ).order_by("raised_at", "pk")
    return {flag: (flag.first_at, flag.last_at) for flag in timed}


def _flag_for(run: Run, spans: Mapping[Flag, Span]) -> Flag | None:
    """The flag this run is, an open one before a closed; or else the open one it joins."""
    overlapping = [flag for flag, span in spans.items() if _overlap(run.span, span)]
    still_open = [flag for flag in spans if flag.state in Flag.OPEN_STATES]
    both = (flag for flag in overlapping if flag in still_open)
    return next(chain(both, overlapping, still_open), None)


def _overlap(one: Span, other: Span) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _raise(episode: Episode, rater: str, run: Run, now: dt.datetime) -> Flag:
    first = run.first
    flag = Flag.objects.create(
        organization_id=episode.organization_id,
        episode=episode,
        rater=rater,
        kind=first.kind,
        facets=first.facets,
        first_rating=first.rating,
        last_rating=run.last.rating,
        onset=first.onset,
        evidence={name: getattr(first, name) for name in EVIDENCE},
        raised_at=now,
    )
    record_event(flag, Flag.State.NEW, now=now, reason="raised")
    return flag


def _follow(flag: Flag, runs: Sequence[Run]) -> None:
    """Move the ends of a flag to those of its runs. What raised it stays as it was."""
    flag.first_rating, flag.last_rating = runs[0].first.rating, runs[-1].last.rating
    flag.save(update_fields=["first_rating", "last_rating"])


def _run_is_gone(flag: Flag, now: dt.datetime) -> None:
    """Withdraw what nobody acted on. Of the rest the history says so, and people decide."""
    if flag.state == Flag.State.NEW and not flag.events.filter(by__isnull=False).exists():
        move(flag, Flag.State.WITHDRAWN, now=now, reason=RUN_IS_GONE)
    elif flag.is_open and _last_reason(flag) != RUN_IS_GONE:
        record_event(flag, flag.state, now=now, reason=RUN_IS_GONE, from_state=flag.state)


def _last_reason(flag: Flag) -> str:
    last = flag.events.order_by("-pk").first()
    return last.reason if last else ""
