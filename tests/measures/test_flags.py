"""The life of a flag. A pattern like "..##." says which sessions of an episode are flagged."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from types import SimpleNamespace

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from measures.models import Assessment, Flag, Rater, Rating
from measures.repair.flags import runs_of, settle
from measures.repair.states import may_move, move
from sessions.models import Session
from tests import factories

LONGEST = 8
GONE = "the ratings no longer show it"
flagged_or_not = st.text("#.", min_size=LONGEST, max_size=LONGEST)


class Course:
    """One episode with rated sessions, and an engine that says what a pattern says."""

    def __init__(self, cast: SimpleNamespace) -> None:
        self.episode, self.now, self.by = cast.episode, cast.now, cast.alice
        self.sessions = factories.make_course(cast.episode, [8.0] * LONGEST, cast.now)

    def settle(self, pattern: str, rater: Rater = Rater.CLIENT, statistic: float = 5.0) -> None:
        assessments = [
            self._assessment(session, mark == "#", rater, statistic)
            for session, mark in zip(self.sessions, pattern, strict=False)
        ]
        settle(episode=self.episode, rater=rater, assessments=assessments, now=self.now)

    def _assessment(
        self, session: Session, flagged: bool, rater: Rater, statistic: float
    ) -> Assessment:
        rating = Rating.objects.current().get(session=session, rater=rater)
        if not flagged:
            return Assessment(rating=rating)
        return Assessment(
            rating=rating,
            kind=Assessment.Kind.DECLINE,
            facets=["goals"],
            onset=session,
            statistic=statistic,
            limit=4,
        )

    def act(self, state: Flag.State) -> Flag:
        """Somebody acts on the newest flag, if they may: "better" comes after a talk."""
        flag = self.flags()[-1]
        if state == Flag.State.BETTER and flag.state == Flag.State.NEW:
            move(flag, Flag.State.TALKED, now=self.now, reason="asked", by=self.by)
        if may_move(flag, state):
            until = self.now.date() if state == Flag.State.WATCHING else None
            move(flag, state, now=self.now, reason="asked", by=self.by, until=until)
        return flag

    def flags(self) -> list[Flag]:
        return list(Flag.objects.filter(episode=self.episode).order_by("pk"))

    def span(self, flag: Flag) -> str:
        """Where the flag lies, drawn like a pattern."""
        first = self.sessions.index(flag.first_rating.session)
        last = self.sessions.index(flag.last_rating.session)
        return "." * first + "#" * (last - first + 1)


@pytest.fixture
def course(cast: SimpleNamespace) -> Course:
    return Course(cast)


def history(flag: Flag) -> list[tuple[str, str, str]]:
    return list(
        flag.events.order_by("pk").values_list("from_state", "to_state", "reason")  # append-only
    )


@given(st.text("#.", max_size=30))
def test_runs_are_the_stretches_of_flagged_ratings(pattern):
    kinds = {"#": Assessment.Kind.FACET, ".": Assessment.Kind.NONE}
    assessments = [Assessment(kind=kinds[mark]) for mark in pattern]
    found = [
        (assessments.index(run.first), assessments.index(run.last)) for run in runs_of(assessments)
    ]
    drawn = ["."] * len(pattern)
    for first, last in found:
        drawn[first : last + 1] = "#" * (last - first + 1)
    assert "".join(drawn) == pattern
    assert all(first - last > 1 for (_, last), (first, _) in pairwise(found))


def test_a_run_raises_a_flag(course):
    course.settle("..##")
    [flag] = course.flags()
    assert (flag.state, flag.kind, flag.facets) == ("new", "decline", ["goals"])
    assert (course.span(flag), flag.onset) == ("..##", course.sessions[2])
    assert history(flag) == [("", "new", "raised")]


def test_nothing_flagged_raises_nothing(course):
    course.settle("........")
    assert course.flags() == []


@pytest.mark.parametrize("later", ["..###", ".###", "..#", "...#", "####"])
def test_a_run_that_overlaps_a_flag_is_that_flag(course, later):
    course.settle("..##")
    [raised] = course.flags()
    course.settle(later)
    [flag] = course.flags()
    assert flag == raised
    assert history(flag) == [("", "new", "raised")]


def test_a_flag_follows_its_run(course):
    course.settle("..##")
    course.settle(".####")
    assert course.span(course.flags()[0]) == ".####"


def test_the_evidence_stays_as_it_was_when_raised(course):
    course.settle("..##", statistic=5)
    course.settle(".####", statistic=9)
    [flag] = course.flags()
    assert flag.evidence["statistic"] == 5
    assert flag.onset == course.sessions[2]


@pytest.mark.parametrize("state", [Flag.State.NEW, Flag.State.TALKED, Flag.State.WATCHING])
def test_a_second_run_prolongs_the_flag_that_is_open(course, state):
    course.settle("##")
    course.act(state)
    course.settle("##..##")
    [flag] = course.flags()
    assert (course.span(flag), flag.state) == ("######", state)


@pytest.mark.parametrize("state", [Flag.State.BETTER, Flag.State.OUTSIDE, Flag.State.NO_CONCERN])
def test_after_a_closed_flag_a_new_run_is_a_new_flag(course, state):
    course.settle("##")
    course.act(state)
    for _ in range(2):  # the second time both are there, and each keeps its own run
        course.settle("##..##")
    closed, opened = course.flags()
    assert (closed.state, course.span(closed)) == (state, "##")
    assert (opened.state, course.span(opened)) == ("new", "....##")


def test_a_closed_flag_whose_run_goes_on_stays_the_same_flag(course):
    course.settle("##")
    course.act(Flag.State.NO_CONCERN)
    course.settle("###")
    [flag] = course.flags()
    assert flag.state == Flag.State.NO_CONCERN


def test_a_flag_nobody_acted_on_is_withdrawn_when_its_run_is_gone(course):
    course.settle("..##")
    course.settle("........")
    [flag] = course.flags()
    assert flag.state == Flag.State.WITHDRAWN
    assert history(flag)[1:] == [("new", "withdrawn", GONE)]


def test_a_run_that_comes_back_after_that_is_a_new_flag(course):
    for pattern in ("..##", "....", "..##"):
        course.settle(pattern)
    assert [flag.state for flag in course.flags()] == ["withdrawn", "new"]


@pytest.mark.parametrize("state", [Flag.State.NEW, Flag.State.TALKED, Flag.State.WATCHING])
def test_a_flag_somebody_acted_on_stays_and_its_history_says_so_once(course, state):
    course.settle("..##")
    course.act(state)
    for _ in range(3):
        course.settle("........")
    [flag] = course.flags()
    assert (flag.state, course.span(flag)) == (state, "..##")
    assert history(flag)[2:] == [(state, state, GONE)]


def test_a_closed_flag_whose_run_is_gone_is_left_alone(course):
    course.settle("..##")
    course.act(Flag.State.BETTER)
    course.settle("........")
    [flag] = course.flags()
    assert (flag.state, len(history(flag))) == (Flag.State.BETTER, 3)


def test_each_rater_has_flags_of_their_own(course):
    course.settle("..##", Rater.CLIENT)
    course.settle(".###", Rater.COUNSELOR)
    course.settle("....", Rater.COUNSELOR)
    assert [(flag.rater, flag.state) for flag in course.flags()] == [
        ("client", "new"),
        ("counselor", "withdrawn"),
    ]


def test_settling_again_changes_nothing(course):
    course.settle(".##..#")
    before = [(flag.pk, course.span(flag), history(flag)) for flag in course.flags()]
    course.settle(".##..#")
    assert [(flag.pk, course.span(flag), history(flag)) for flag in course.flags()] == before


def test_a_session_given_another_date_takes_the_flag_along(course):
    course.settle("..##")
    moved = course.sessions[3]
    Session.objects.filter(pk=moved.pk).update(
        starts_at=course.sessions[4].starts_at + dt.timedelta(days=1)
    )
    moved.refresh_from_db()
    course.sessions.sort(key=lambda session: session.starts_at)
    course.settle("..#.#")
    [flag] = course.flags()
    assert course.span(flag) == "..###"


steps = st.lists(
    st.tuples(flagged_or_not, st.sampled_from([None, *Flag.OPEN_STATES, Flag.State.BETTER])),
    min_size=1,
    max_size=4,
)


@given(steps)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_comes_there_is_one_open_flag_at_most_and_every_run_has_one(course, story):
    with transaction.atomic():
        for pattern, then in story:
            course.settle(pattern)
            check(course, pattern)
            if then and course.flags():
                course.act(then)
        transaction.set_rollback(True)


def check(course: Course, pattern: str) -> None:
    flags = course.flags()
    still_there = [flag for flag in flags if flag.state != Flag.State.WITHDRAWN]
    assert sum(flag.state in Flag.OPEN_STATES for flag in flags) <= 1
    covered = {
        row for flag in still_there for row, mark in enumerate(course.span(flag)) if mark == "#"
    }
    assert {row for row, mark in enumerate(pattern) if mark == "#"} <= covered
    for flag in flags:
        told = history(flag)
        assert all(to == start for (_, to, _), (start, _, _) in pairwise(told))
        assert told[-1][1] == flag.state
