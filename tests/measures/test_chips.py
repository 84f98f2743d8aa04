"""The two chips beside a client: every label there is, from real rows, and the same everywhere."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.urls import reverse
from django.utils.formats import date_format

from measures.insight.absences import unanswered_sessions
from measures.insight.agenda import agenda_of
from measures.insight.chips import chips_of
from measures.insight.flag_states import label_of, open_standing
from measures.insight.history import History, histories
from measures.insight.supervision import supervision_lists
from measures.models import Action, Flag
from measures.repair.acting import Decision, Did, decide
from sessions.contacts import record_contact
from sessions.models import Session
from sessions.pausing import pause_episode
from sessions.services import close_episode
from sessions.transferring import transfer_episode
from tests import factories

DAY = dt.timedelta(days=1)
AGO = 10 * DAY
FELL: list[float | None] = [9, 9, 8, 9, 9, 8, 9, 3]
USUAL: list[float | None] = [8, 8, 9, 8, 8]

pytestmark = pytest.mark.django_db


def course(*scores: float | None) -> Callable[[Any], None]:
    return lambda cast: rated(cast, *scores)


def rated(cast: SimpleNamespace, *scores: float | None) -> None:
    factories.make_course(cast.episode, scores, cast.now - AGO)


def flag_of(cast: SimpleNamespace) -> Flag:
    return Flag.objects.get(episode=cast.episode, rater="client")


def act(cast: SimpleNamespace, did: Did, on: dt.date | None = None) -> None:
    flag = flag_of(cast)
    decide(flag=flag, decision=Decision(did, on), version=flag.version, by=cast.alice, now=cast.now)


def fell(cast: SimpleNamespace) -> None:
    rated(cast, *FELL)


def fell_and(did: Did, days: int | None = None) -> Callable[[Any], None]:
    def make(cast: SimpleNamespace) -> None:
        fell(cast)
        act(cast, did, None if days is None else cast.today + days * DAY)

    return make


def talked_then(*scores: float) -> Callable[[Any], None]:
    """Talked about nine days ago, and as many ratings since."""

    def make(cast: SimpleNamespace) -> None:
        fell(cast)
        act(cast, Did.TALKED, cast.today - 9 * DAY)
        for at, score in enumerate(scores):
            session = factories.make_session(cast.episode, cast.now - (7 - 3 * at) * DAY)
            factories.rate(session, 7, "counselor")
            factories.rate(session, score)

    return make


def closed_when_better(cast: SimpleNamespace) -> None:
    talked_then(9, 9)(cast)
    act(cast, Did.BETTER)


def missed(cast: SimpleNamespace) -> None:
    rated(cast, *USUAL)
    factories.make_session(cast.episode, cast.now - DAY, Session.Status.MISSED)


def called(cast: SimpleNamespace) -> None:
    missed(cast)
    record_contact(episode=cast.episode, did="reached", by=cast.alice, now=cast.now)


def paused(cast: SimpleNamespace) -> None:
    fell(cast)
    pause_episode(
        episode=cast.episode, reason="detox", from_on=cast.today, expected_on=None, now=cast.now
    )


def over(cast: SimpleNamespace) -> None:
    fell(cast)
    close_episode(episode=cast.episode, reason="completed", now=cast.now)
    cast.episode.refresh_from_db()


def known(cast: SimpleNamespace) -> History:
    [history] = histories(factories.viewer_of(cast.alice, cast.now), [cast.episode])
    return history


def labels(cast: SimpleNamespace) -> list[str]:
    return [str(chip.label) for chip in chips_of(known(cast))]


LOWER = "Lower than usual"
EVERY = {
    "nothing yet": (course(), ["Not enough yet"]),
    "two ratings": (course(8, 8), ["Not enough yet"]),
    "as always": (course(*USUAL), ["About the same"]),
    "better than ever": (course(7, 7.5, 7, 7.5, 7, 7.5, 7, 10), ["Higher than usual"]),
    "never higher": (course(4, 4, 4, 4, 4), ["Low from the start"]),
    "tens": (course(10, 10, 10, 10, 10, 10), ["Same top marks"]),
    "silence": (course(*USUAL, None, None, None), ["No answer lately"]),
    "did not come": (missed, ["About the same"]),
    "did not come, called": (called, ["About the same", "Called"]),
    "on hold": (paused, ["Paused"]),
    "fell": (fell, [LOWER, "Not yet talked about"]),
    "not yet": (fell_and(Did.NOT_YET, 7), [LOWER, "Watching until {week}"]),
    "looked at again": (fell_and(Did.NOT_YET, 0), [LOWER, "Not yet talked about"]),
    "talked": (fell_and(Did.TALKED, 0), [LOWER, "Talked about"]),
    "one more": (talked_then(3), [LOWER, "Talked about"]),
    "still low": (talked_then(3, 3), [LOWER, "Talked about: not better"]),
    "came back": (talked_then(9, 9), ["Back to usual", "Talked about: back to usual?"]),
    "outside": (fell_and(Did.OUTSIDE), [LOWER, "Outside our work"]),
    "no concern": (fell_and(Did.NO_CONCERN), [LOWER, "Closed"]),
    "better": (closed_when_better, ["Back to usual", "Closed"]),
    "over": (over, [LOWER, "Closed"]),
}
LINES = {
    "fell": "not yet talked about ({waited} days)",
    "not yet": "watching until {week}",
    "talked": "talked about, waiting for the next two ratings",
    "still low": "back, not better: bring it",
    "came back": "back to usual? Close it or keep watching",
}


@pytest.mark.parametrize("name", EVERY)
def test_every_label_comes_from_real_rows_and_every_page_says_the_same(cast, log_in, name):
    make, expected = EVERY[name]
    make(cast)
    week = cast.today + 7 * DAY
    said = [each.format(week=f"{week:%B} {week.day}") for each in expected]
    assert labels(cast) == said
    alice = log_in(cast.alice)
    show = {"on hold": "paused", "over": "closed"}.get(name, "")
    assert shown(alice.get(reverse("episode", args=[cast.episode.uuid]))) == said
    assert shown(alice.get(reverse("caseload"), {"show": show}))[-len(said) :] == said
    for flag in Flag.objects.filter(episode=cast.episode, rater="client"):
        is_told = flag.is_open  # of a closed one, its own page says what was done
        page = alice.get(reverse("flag", args=[flag.uuid]))
        assert shown(page) == (said if is_told else said[1:])


def shown(page: Any) -> list[str]:
    return re.findall(r'<span class="chip [^"]*"><svg.*?</svg>(.*?)</span>', page.content.decode())


@pytest.mark.parametrize("name", LINES)
def test_the_line_of_a_list_says_the_same_as_the_chip_in_more_words(cast, name):
    EVERY[name][0](cast)
    standing = open_standing(known(cast))
    assert standing is not None
    week = cast.today + 7 * DAY
    words = {"week": f"{week:%B} {week.day}", "waited": standing.days}
    assert label_of(standing) == LINES[name].format(**words)


@pytest.mark.parametrize(
    ("name", "since"), [("fell", []), ("fell", [9, 9]), ("fell", [None, None, None])]
)
def test_the_supervisors_list_has_the_chips_of_the_client_page(cast, name, since):
    """From the flag and the last rating alone: a list over a thousand clients reads no more."""
    EVERY[name][0](cast)
    for at, score in enumerate(since):
        session = factories.make_session(cast.episode, cast.now - (8 - 3 * at) * DAY)
        if score is not None:
            factories.rate(session, 7, "counselor")
            factories.rate(session, score)
    [row] = supervision_lists(factories.viewer_of(cast.sam, cast.now)).talk
    assert [str(chip.label) for chip in row.chips] == labels(cast)
    assert row.why.startswith("lower since" if since != [9, 9] else "went lower about")


def test_a_flag_that_is_still_hidden_moves_no_chip(cast):
    rated(cast, 9, 9, 8, 9, 9, 8, 9)
    before = labels(cast)
    last = factories.make_session(cast.episode, cast.now - DAY / 2)
    factories.rate(last, 1, now=cast.now)
    assert Flag.objects.exists()
    assert labels(cast) == before


# ---- no answer lately, for who is not asked after every session ----


@pytest.mark.parametrize("cadence", ["nth", "off"])
def test_only_sessions_asked_about_are_without_an_answer(cast, cadence):
    """Asked after every third session, or by hand: what nobody asked about is no silence."""
    client = cast.episode.client
    client.cadence = cadence
    client.save(update_fields=["cadence"])
    rated(cast, *USUAL, *[None] * 9)
    viewer = factories.viewer_of(cast.sam, cast.now)
    assert labels(cast) == ["About the same"]
    assert supervision_lists(viewer).reach == []
    assert agenda_of(viewer, cast.alice).silent == []
    silent = list(cast.episode.sessions.order_by("starts_at"))[-9::3]
    for session in silent[:2]:
        factories.invite(session, cast.now)
    assert labels(cast) == ["About the same"]
    factories.invite(silent[2], cast.now)
    assert labels(cast) == ["No answer lately"]
    [row] = supervision_lists(viewer).reach
    assert row.episode == cast.episode
    assert unanswered_sessions(known(cast)) == silent


def test_an_answer_about_a_group_breaks_no_silence(cast):
    """What they say of a group is a line of its own, on every page and when they go on."""
    rated(cast, *USUAL, None, None, None)
    meeting = factories.make_group([cast.episode], cast.now - 4 * DAY)
    factories.rate(meeting.attendances.get(), 8, now=cast.now)
    assert labels(cast) == ["No answer lately"]
    viewer = factories.viewer_of(cast.sam, cast.now)
    [row] = supervision_lists(viewer).reach
    assert row.why == "no answer since " + date_format(last_answer(cast), "MONTH_DAY_FORMAT")
    transfer_episode(episode=cast.episode, to=cast.bob, now=cast.now)
    assert Action.objects.get().owner == cast.bob


def last_answer(cast: SimpleNamespace) -> dt.date:
    alone = cast.episode.sessions.alone().filter(ratings__rater="client")
    day: dt.date = alone.latest("starts_at").starts_at.astimezone(cast.here.zone).date()
    return day


def test_who_is_asked_every_time_is_silent_after_three_whether_or_not_a_link_was_made(cast):
    rated(cast, *USUAL, None, None, None)
    assert labels(cast) == ["No answer lately"]
