"""The caseload: sorted by concern, filtered by links, found by code or name, a page at a time.

Order, counts and filters are worked out from outlines, where the blind rule was applied: a hidden
answer moves no row, changes no count and is in no filter. Histories are read where a sentence is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import prefetch_related_objects
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from measures.insight import sentences
from measures.insight.absences import absence_of
from measures.insight.chips import RATINGS_SAY, Chip, Concern, chips_of, concern_of, sort_key
from measures.insight.history import histories, outlines
from measures.insight.outline import AnyOutline
from measures.insight.read_models import CaseRow, case_row
from measures.models import Flag
from sessions.access import Viewer
from sessions.finding import sealed
from sessions.models import Episode
from sessions.sealing import unseal_identity

PER_PAGE = 60
MOST_WAITING = 10
# Above so many, opening every name takes too long: lists show codes only.
MOST_NAMES = 2000
NEW_SESSIONS = 3
CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Filter:
    """One link above the list."""

    label: str | Promise
    address: str
    count: int | None
    is_on: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for. Anything unknown shows everybody active."""

    show: str = ""
    whose: str = ""
    query: str = ""
    page: str = "1"

    def address(self, **changes: str) -> str:
        find = self.query and sealed(self.query)
        values = {"show": self.show, "whose": self.whose, "find": find, **changes}
        given = {name: value for name, value in values.items() if value}
        return "?" + urlencode(given)


@dataclass(frozen=True, slots=True)
class ToTalkAbout:
    """A case whose flag waits for a conversation, in a sentence."""

    episode: Episode
    code: str
    chips: list[Chip]
    sentence: str
    flag: Flag
    days: int


@dataclass(frozen=True, slots=True)
class Caseload:
    """One page of it."""

    rows: list[CaseRow]
    page: Page[Any]
    # Not yet talked about, one sentence each; on the first page of everybody only.
    waiting: list[ToTalkAbout]
    waiting_count: int
    active: int
    filters: list[Filter]
    whose: list[Filter]
    everybody: list[int]
    has_names: bool

    def meant(self, query: str) -> CaseRow | None:
        """Whom a search from elsewhere opens at once: the whole code, or the only one found."""
        wanted = query.casefold()
        exact = [row for row in self.rows if row.code.casefold() == wanted]
        found = exact if exact or self.page.paginator.count > 1 else self.rows
        return found[0] if query and len(found) == 1 else None


def _in_state(*states: str) -> Callable[[AnyOutline], bool]:
    def is_in(history: AnyOutline) -> bool:
        flag = history.open_flag
        return flag is not None and flag.state in states

    return is_in


def _called(history: AnyOutline) -> bool:
    absence = absence_of(history)
    return absence is not None and absence.got_through


def _is_new(history: AnyOutline) -> bool:
    return len(history.held) < NEW_SESSIONS


def waits(history: AnyOutline) -> bool:
    return history.waits_for_talk


# What we did, and who is new; what the ratings say follows, in the order of the list.
SHOW: dict[str, tuple[str | Promise, Callable[[AnyOutline], bool]]] = {
    "talk": (_("Not yet talked about"), waits),
    "talked": (_("Talked about"), _in_state(Flag.State.TALKED)),
    "watching": (_("Watching"), _in_state(Flag.State.WATCHING)),
    "called": (_("Called"), _called),
    "new": (_("First three sessions"), _is_new),
}
SAYS: dict[str, Concern] = {
    concern.name.lower(): concern for concern in Concern if concern != Concern.PAUSED
}
PAUSED = "paused"


def caseload(viewer: Viewer, asked: Asked) -> Caseload:
    """One page of the viewer's clients, and of those of whom they stand in for today."""
    if asked.show == CLOSED:
        return _closed(viewer, asked)
    episodes = list(Episode.objects.editable_by(viewer).select_related("client"))
    whose = _whose(viewer, asked, episodes)
    chosen = [each for each in episodes if _is_theirs(each, viewer, asked.whose)]
    cases = sorted(outlines(viewer, chosen), key=sort_key)
    active = [each for each in cases if each.pause is None]
    has_names = len(episodes) <= MOST_NAMES
    # A search among everybody finds who is on hold, too.
    everybody = cases if asked.query else active
    shown = _shown(cases, active, asked.show) if asked.show else everybody
    found = [each for each in shown if _matches(each.episode, asked.query, has_names)]
    page = Paginator(found, PER_PAGE).get_page(asked.page)
    waiting = [each for each in active if waits(each)]
    is_first = not asked.show and not asked.query and page.number == 1
    return Caseload(
        rows=[case_row(viewer, each, with_name=has_names) for each in page],
        page=page,
        waiting=_to_talk_about(viewer, waiting[:MOST_WAITING]) if is_first else [],
        waiting_count=len(waiting),
        active=len(active),
        filters=_filters(cases, active, asked),
        whose=whose,
        everybody=[episode.client_id for episode in episodes],
        has_names=has_names,
    )


def _to_talk_about(viewer: Viewer, cases: Sequence[AnyOutline]) -> list[ToTalkAbout]:
    """A sentence takes the whole history."""
    episodes = [each.episode for each in cases]
    prefetch_related_objects(episodes, "counselor")
    return [
        ToTalkAbout(
            episode=history.episode,
            code=history.episode.client.code,
            chips=chips_of(history),
            sentence=sentences.summary(history),
            flag=flag,
            days=(viewer.today - flag.raised_at.astimezone(history.zone).date()).days,
        )
        for history in histories(viewer, episodes)
        if (flag := history.open_flag) is not None
    ]


def _closed(viewer: Viewer, asked: Asked) -> Caseload:
    """One's own closed episodes, the latest first."""
    mine = Episode.objects.clinical_to(viewer).filter(
        closed_on__isnull=False, counselor=viewer.membership
    )
    episodes = list(mine.select_related("client").order_by("-closed_on", "-pk"))
    has_names = len(episodes) <= MOST_NAMES
    found = [each for each in episodes if _matches(each, asked.query, has_names)]
    page = Paginator(found, PER_PAGE).get_page(asked.page)
    cases = outlines(viewer, list(page))
    return Caseload(
        rows=[case_row(viewer, each, with_name=has_names) for each in cases],
        page=page,
        waiting=[],
        waiting_count=0,
        active=len(episodes),
        filters=[_closed_filter(asked), Filter(_("All active"), "?", None, is_on=False)],
        whose=[],
        everybody=[episode.client_id for episode in episodes],
        has_names=has_names,
    )


def _shown(
    cases: Sequence[AnyOutline], active: Sequence[AnyOutline], show: str
) -> list[AnyOutline]:
    if show == PAUSED:
        return [each for each in cases if each.pause is not None]
    if show in SHOW:
        _label, wanted = SHOW[show]
        return [each for each in active if wanted(each)]
    if show in SAYS:
        return [each for each in active if concern_of(each) == SAYS[show]]
    return list(active)


def _filters(
    cases: Sequence[AnyOutline], active: Sequence[AnyOutline], asked: Asked
) -> list[Filter]:
    """Links with how many each would show; those that would show nobody are left out."""
    said = Counter(map(concern_of, active))
    counted: dict[str, tuple[str | Promise, int]] = {
        show: (label, sum(map(wanted, active))) for show, (label, wanted) in SHOW.items()
    }
    counted |= {show: (RATINGS_SAY[concern].label, said[concern]) for show, concern in SAYS.items()}
    counted[PAUSED] = (RATINGS_SAY[Concern.PAUSED].label, len(cases) - len(active))
    is_known = asked.show in counted
    everybody = Filter(_("All active"), asked.address(show=""), len(active), is_on=not is_known)
    links = [
        Filter(label, asked.address(show=show), count, is_on=asked.show == show)
        for show, (label, count) in counted.items()
        if count or asked.show == show
    ]
    return [everybody, *links, _closed_filter(asked)]


def _closed_filter(asked: Asked) -> Filter:
    return Filter(_("Closed"), asked.address(show=CLOSED, whose=""), None, asked.show == CLOSED)


def _whose(viewer: Viewer, asked: Asked, episodes: Sequence[Episode]) -> list[Filter]:
    """One's own, or those of the members one stands in for; nothing where all are one's own."""
    mine = sum(each.counselor_id == viewer.membership.pk for each in episodes)
    if mine == len(episodes):
        return []
    choices = {"": (_("Everybody"), len(episodes)), "mine": (_("My own"), mine)}
    choices["cover"] = (_("I stand in"), len(episodes) - mine)
    return [
        Filter(label, asked.address(whose=whose), count, is_on=asked.whose == whose)
        for whose, (label, count) in choices.items()
    ]


def _is_theirs(episode: Episode, viewer: Viewer, whose: str) -> bool:
    is_mine = episode.counselor_id == viewer.membership.pk
    return {"mine": is_mine, "cover": not is_mine}.get(whose, True)


def _matches(episode: Episode, query: str, has_names: bool) -> bool:
    wanted = query.casefold()
    if wanted in episode.client.code.casefold():
        return True
    return has_names and wanted in unseal_identity(episode.client).name.casefold()
