"""One counselor's agenda for supervision. It writes itself, in the order of the meeting."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.core.paginator import Page, Paginator
from django.db.models import Q

from measures.insight import sentences
from measures.insight.absences import absence_of, unanswered_sessions
from measures.insight.chips import did_chip, sort_key
from measures.insight.flag_states import Step, open_standing, standing_of
from measures.insight.history import History, histories, outlines
from measures.insight.outline import AnyOutline
from measures.insight.read_models import CaseRow, case_row
from measures.models import Action, AgendaItem, Flag, Rating
from measures.repair.actions import text_of
from sessions.access import Viewer
from sessions.models import Episode, Membership
from sessions.sealing import unseal

TALKS = 2  # the oldest, then at most one more
CALLS = 3
FIRST_SESSIONS = 3
SILENT_FOR = 4
SETTLED_DAYS = 14
WORDS_DAYS = 60
ENDED_DAYS = 14
CASES_PER_PAGE = 40


@dataclass(frozen=True, slots=True)
class AgreedAction:
    """Something agreed, in words."""

    action: Action
    code: str
    text: str
    is_mine: bool


@dataclass(frozen=True, slots=True)
class Talk:
    """One case to talk about: what changed, and the client's words where they are shared."""

    episode: Episode
    flag: Flag
    sentence: str
    words: str
    language: str
    days: int
    # Where it stands: what was done, and what two more ratings say.
    label: str
    # What was tried: the day of the last talk about it, and what the two agreed.
    talked_on: dt.date | None
    agreed: str


@dataclass(frozen=True, slots=True)
class Pick:
    """A case the counselor takes to supervision, and the question they bring with it."""

    episode: Episode
    note: str


@dataclass(frozen=True, slots=True)
class Agenda:
    """The meeting of one counselor and a supervisor, codes only."""

    counselor: Membership
    open_actions: list[AgreedAction]
    ended_actions: list[AgreedAction]
    picks: list[Pick]
    talks: list[Talk]
    more_talks: int
    calls: list[Episode]
    beginners: list[Episode]
    settled: list[Episode]
    silent: list[Episode]
    # Every case of the counselor's, most concern first, a page at a time.
    cases: Page[CaseRow]

    @property
    def episodes(self) -> Iterable[Episode]:
        """Every case it names."""
        yield from (pick.episode for pick in self.picks)
        yield from (talk.episode for talk in self.talks)
        for each in (*self.open_actions, *self.ended_actions):
            if each.action.episode is not None:
                yield each.action.episode
        for group in (self.calls, self.beginners, self.settled, self.silent):
            yield from group


def agenda_of(viewer: Viewer, counselor: Membership, page: str | None = None) -> Agenda:
    """What the two have to talk about, as far as this viewer may know. `page`: of all cases."""
    cases = outlines(viewer, _episodes(viewer, counselor))
    flagged = histories(viewer, [each.episode for each in cases if each.open_flag is not None])
    waiting = sorted(filter(_waits, flagged), key=_raised_at)
    settled = _settled(viewer, counselor)
    return Agenda(
        counselor=counselor,
        open_actions=actions_of(viewer, Q(counselor=counselor, done_at__isnull=True)),
        ended_actions=actions_of(
            viewer, Q(counselor=counselor, done_at__gte=viewer.now - dt.timedelta(days=ENDED_DAYS))
        ),
        picks=_picks(viewer, counselor),
        talks=_talks(viewer, counselor, waiting[:TALKS]),
        more_talks=max(0, len(waiting) - TALKS),
        calls=[each.episode for each in cases if _is_to_be_called(each)][:CALLS],
        beginners=[each.episode for each in cases if 0 < len(each.held) <= FIRST_SESSIONS],
        settled=[each.episode for each in cases if each.episode.pk in settled],
        silent=[
            each.episode
            for each in cases
            if each.pause is None and len(unanswered_sessions(each)) >= SILENT_FOR
        ],
        cases=_page_of(viewer, cases, page),
    )


def actions_of(viewer: Viewer, which: Q) -> list[AgreedAction]:
    """Those actions, as far as the viewer may read them, the earliest due first."""
    actions = Action.objects.clinical_to(viewer).filter(which)
    related = actions.select_related("episode__client", "owner", "counselor")
    return [
        AgreedAction(
            action=action,
            code=action.episode.client.code if action.episode else "",
            text=text_of(action),
            is_mine=action.owner_id == viewer.membership.pk,
        )
        for action in related.order_by("due_on", "pk")
    ]


def _episodes(viewer: Viewer, counselor: Membership) -> Sequence[Episode]:
    own = Episode.objects.clinical_to(viewer).running(viewer.today).filter(counselor=counselor)
    return list(own.select_related("client", "counselor").order_by("pk"))


def _page_of(viewer: Viewer, cases: Sequence[AnyOutline], page: str | None) -> Page[CaseRow]:
    """Only the rows of that page are drawn."""
    shown: Any = Paginator(sorted(cases, key=sort_key), CASES_PER_PAGE).get_page(page)
    shown.object_list = [case_row(viewer, each) for each in shown]
    return cast("Page[CaseRow]", shown)


def _waits(history: History) -> bool:
    """Not yet talked about, or talked about and not better."""
    standing = open_standing(history)
    return standing is not None and standing.step in {Step.NOT_YET, Step.NOT_BETTER}


def _raised_at(history: History) -> dt.datetime:
    flag = history.open_flag
    assert flag is not None  # noqa: S101  only those that wait are sorted
    return flag.raised_at


def _talks(viewer: Viewer, counselor: Membership, waiting: Sequence[History]) -> list[Talk]:
    notes = _shared_words(viewer, counselor)
    talks = []
    for history in waiting:
        flag = history.open_flag
        if flag is None:
            continue
        rating = notes.get(history.episode.pk)
        standing = standing_of(flag, history)
        last = next((each for each in reversed(history.talks) if each.flag_id == flag.pk), None)
        talks.append(
            Talk(
                episode=history.episode,
                flag=flag,
                sentence=sentences.flag_sentence(flag, history),
                words=unseal(history.episode.client, "note", rating.sealed_note) if rating else "",
                language=rating.language if rating else "",
                days=standing.days,
                label=str(did_chip(standing).label),
                talked_on=last.talked_on if last else None,
                agreed=unseal(history.episode.client, "agreed", last.sealed_agreed) if last else "",
            )
        )
    return talks


def _shared_words(viewer: Viewer, counselor: Membership) -> dict[int, Rating]:
    """The latest note of each that both may read: what was kept to the counselor stays there."""
    since = viewer.now - dt.timedelta(days=WORDS_DAYS)
    shared = (
        Rating.objects.notes_to(viewer)
        .current()
        .filter(
            session__episode__counselor=counselor,
            given_at__gte=since,
            sealed_note__isnull=False,
            note_for=Rating.NoteFor.SUPERVISOR,
        )
    )
    related = shared.select_related("session__episode__client").order_by("given_at", "pk")
    return {rating.session.episode_id: rating for rating in related}


def _is_to_be_called(history: AnyOutline) -> bool:
    absence = absence_of(history)
    return absence is not None and not absence.got_through


def _picks(viewer: Viewer, counselor: Membership) -> list[Pick]:
    """What was taken to supervision and not yet talked about there, once for each case."""
    items = AgendaItem.objects.clinical_to(viewer).waiting().filter(episode__counselor=counselor)
    related = items.select_related("episode__client", "episode__counselor")
    by_case = {item.episode_id: item for item in related.order_by("added_at", "pk")}
    return [
        Pick(item.episode, unseal(item.episode.client, "agenda", item.sealed_note))
        for item in by_case.values()
    ]


def _settled(viewer: Viewer, counselor: Membership) -> set[int]:
    """Episodes of which somebody closed a flag as better lately."""
    since = viewer.now - dt.timedelta(days=SETTLED_DAYS)
    better = Flag.State.BETTER
    closed = Flag.objects.open_to(viewer).filter(
        episode__counselor=counselor,
        state=better,
        events__to_state=better,
        events__at__gte=since,
    )
    return set(closed.values_list("episode_id", flat=True))
