"""The state machine of a flag: which steps there are, who may take them, and what is kept."""

from __future__ import annotations

import datetime as dt
from functools import partial
from itertools import pairwise, product
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from measures.models import AgendaItem, Assessment, Flag, FlagEvent, Rating, Repair
from measures.repair.acting import Decision, Did, decide
from measures.repair.agenda import NobodySupervises, take_to_supervision
from measures.repair.flags import settle
from measures.repair.reviews import Review, Verdict, review_of
from measures.repair.states import IllegalStep, OtherIsOpen, StaleFlag, move
from sessions.models import Supervision
from sessions.sealing import unseal
from tests import factories

LOW: list[float | None] = [9, 9, 8, 9, 9, 8, 9, 3]
STATES = tuple(Flag.State.values)
# By hand: from -> where a person may take it, and the engine alone.
PEOPLE = {
    "new": {"new", "talked", "watching", "outside", "no_concern"},
    "talked": {"talked", "watching", "outside", "no_concern", "better"},
    "watching": {"talked", "watching", "outside", "no_concern", "better"},
    "outside": {"new", "talked"},
    "no_concern": {"new", "talked"},
    "better": {"new", "talked"},
    "withdrawn": set(),
}
ENGINE = {"new": {"new", "withdrawn"}, "talked": {"talked"}, "watching": {"watching"}}


@pytest.fixture
def flag(cast: SimpleNamespace) -> Flag:
    factories.make_course(cast.episode, LOW, cast.now - dt.timedelta(days=10))
    return Flag.objects.get()


def put(flag: Flag, state: str, today: dt.date) -> None:
    """Into a state, past every rule."""
    until = today if state == Flag.State.WATCHING else None
    Flag.objects.filter(pk=flag.pk).update(state=state, snoozed_until=until)
    flag.refresh_from_db()


def act(cast: SimpleNamespace, flag: Flag, did: Did, **values: Any) -> Flag:
    flag.refresh_from_db()
    dated = {Did.TALKED: cast.today, Did.NOT_YET: later(cast), Did.WATCH: later(cast)}
    given: dict[str, Any] = {"on": dated.get(did)} | values
    decision = Decision(did, **given)
    done = decide(flag=flag, decision=decision, version=flag.version, by=cast.alice, now=cast.now)
    flag.refresh_from_db()
    return done


def later(cast: SimpleNamespace) -> dt.date:
    day: dt.date = cast.today + dt.timedelta(days=7)
    return day


def test_every_step_but_the_listed_is_refused_and_leaves_everything_as_it_was(cast, flag):
    for before, after, person in product(STATES, STATES, (cast.alice, None)):
        allowed = after in (PEOPLE if person else ENGINE).get(before, set())
        with factories.undone():
            put(flag, before, cast.today)
            until = cast.today if after == Flag.State.WATCHING else None
            events = FlagEvent.objects.count()
            how = {"now": cast.now, "reason": "x", "by": person, "until": until}
            took = takes(partial(move, flag, after, **how))
            assert took is allowed, (before, after, person)
            flag.refresh_from_db()
            assert flag.state == (after if allowed else before)
            assert FlagEvent.objects.count() == events + allowed


def takes(step: Any) -> bool:
    try:
        step()
    except IllegalStep:
        return False
    return True


def test_the_history_itself_refuses_what_may_not_happen(cast, flag):
    for before, after, person in (
        ("new", "better", cast.alice),
        ("talked", "better", None),
        ("talked", "withdrawn", None),
        ("withdrawn", "new", cast.alice),
        ("better", "watching", cast.alice),
        ("", "talked", None),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            FlagEvent.objects.create(
                organization=cast.here,
                flag=flag,
                at=cast.now,
                by=person,
                from_state=before,
                to_state=after,
            )


@pytest.mark.parametrize(("state", "until"), [("watching", False), ("talked", True)])
def test_watching_has_a_day_and_nothing_else_has(cast, flag, state, until):
    day = cast.today if until else None
    with pytest.raises(IntegrityError), transaction.atomic():
        Flag.objects.filter(pk=flag.pk).update(state=state, snoozed_until=day)
    with pytest.raises(IllegalStep):
        move(flag, state, now=cast.now, reason="x", by=cast.alice, until=day)


@pytest.mark.parametrize(
    ("did", "state", "outcome"),
    [
        (Did.OUTSIDE, "outside", "outside"),
        (Did.NO_CONCERN, "no_concern", "no_concern"),
        (Did.BETTER, "better", "back"),
        (Did.WATCH, "watching", "not_yet"),
    ],
)
def test_what_is_decided_after_a_talk_is_on_the_talk_too(cast, flag, did, state, outcome):
    act(cast, flag, Did.TALKED)
    act(cast, flag, did)
    assert (flag.state, flag.talks.get().outcome) == (state, outcome)


def test_a_line_is_kept_sealed(cast, flag):
    act(cast, flag, Did.NO_CONCERN, line="A bad night, no more.")
    event = flag.events.latest("pk")
    assert unseal(cast.episode.client, "line", event.sealed_line) == "A bad night, no more."
    assert b"night" not in bytes(event.sealed_line)
    assert event.by == cast.alice


def test_nothing_is_better_before_a_talk(cast, flag):
    act(cast, flag, Did.NOT_YET)
    with pytest.raises(IllegalStep):
        act(cast, flag, Did.BETTER)


@pytest.mark.parametrize("talked", [True, False])
def test_it_opens_again_where_it_was(cast, flag, talked):
    if talked:
        act(cast, flag, Did.TALKED)
    act(cast, flag, Did.OUTSIDE)
    act(cast, flag, Did.REOPEN)
    assert flag.state == ("talked" if talked else "new")
    with pytest.raises(IllegalStep):
        act(cast, flag, Did.REOPEN)


def test_an_old_one_does_not_open_beside_a_new_one(cast, flag):
    act(cast, flag, Did.OUTSIDE)
    rating = flag.first_rating
    Flag.objects.create(
        organization=cast.here,
        episode=cast.episode,
        rater="client",
        kind="decline",
        first_rating=rating,
        last_rating=rating,
        evidence={},
        raised_at=cast.now,
    )
    with pytest.raises(OtherIsOpen), transaction.atomic():
        act(cast, flag, Did.REOPEN)


def test_of_two_tabs_the_second_is_told(cast, flag):
    first, second = Decision(Did.OUTSIDE), Decision(Did.NO_CONCERN)
    kwargs = {"flag": flag, "version": flag.version, "by": cast.alice, "now": cast.now}
    decide(decision=first, **kwargs)
    with pytest.raises(StaleFlag):
        decide(decision=second, **kwargs)
    flag.refresh_from_db()
    assert (flag.state, flag.events.count()) == ("outside", 2)


@pytest.mark.parametrize("did", [Did.TALKED, Did.NO_CONCERN, Did.NOT_YET])
def test_the_same_form_twice_is_stored_once(cast, flag, did):
    on = {Did.TALKED: cast.today, Did.NOT_YET: later(cast)}.get(did)
    decision = Decision(did, on=on, line="We meet earlier.")
    version = flag.version
    for _ in range(2):
        decide(flag=flag, decision=decision, version=version, by=cast.alice, now=cast.now)
    assert flag.events.count() == 2
    assert Repair.objects.count() == (did == Did.TALKED)


def test_two_steps_from_the_same_reading_are_one(cast, flag):
    again = Flag.objects.get()
    move(flag, "talked", now=cast.now, reason="x", by=cast.alice)
    with pytest.raises(StaleFlag):
        move(again, "outside", now=cast.now, reason="x", by=cast.alice)
    flag.refresh_from_db()
    assert (flag.state, flag.version) == ("talked", 2)


def test_the_other_open_flag_of_the_card_goes_along(cast, flag):
    own = Flag.objects.create(
        organization=cast.here,
        episode=cast.episode,
        rater="counselor",
        kind="decline",
        first_rating=flag.first_rating,
        last_rating=flag.last_rating,
        evidence={},
        raised_at=cast.now,
    )
    talk = Decision(Did.TALKED, on=cast.today)
    decide(flag=flag, decision=talk, version=1, by=cast.alice, now=cast.now, along=[own])
    own.refresh_from_db()
    assert (own.state, Repair.objects.count()) == ("talked", 1)


def test_supervision_is_an_item_and_no_state(cast, flag):
    [item] = take_to_supervision(flag=flag, by=cast.alice, now=cast.now, note="How to begin?")
    flag.refresh_from_db()
    assert (flag.state, item.supervision.supervisor, item.flag) == ("new", cast.sam, flag)
    assert unseal(cast.episode.client, "agenda", item.sealed_note) == "How to begin?"
    take_to_supervision(flag=flag, by=cast.alice, now=cast.now)
    assert AgendaItem.objects.count() == 1
    assert flag.events.filter(reason="supervision", by=cast.alice).count() == 1


def test_where_nobody_supervises_it_goes_nowhere(cast, flag):
    Supervision.objects.all().delete()
    with pytest.raises(NobodySupervises):
        take_to_supervision(flag=flag, by=cast.alice, now=cast.now)


def test_what_is_on_the_agenda_the_engine_does_not_withdraw(cast, flag):
    take_to_supervision(flag=flag, by=cast.alice, now=cast.now)
    settle(episode=cast.episode, rater="client", assessments=[], now=cast.now)
    flag.refresh_from_db()
    assert flag.state == "new"


def concluded(*rows: tuple[str, float]) -> list[Assessment | None]:
    return [Assessment(status=status, score=score, low=7.0, high=9.0) for status, score in rows]


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        ([], Verdict.WAITING),
        ([("repaired", 8.0)], Verdict.WAITING),
        ([("recovering", 8.0), ("repaired", 8.0)], Verdict.BACK),
        ([("repaired", 8.0), ("steady", 8.0)], Verdict.BACK),
        ([("recovering", 8.0), ("recovering", 8.0)], Verdict.COMING_BACK),
        ([("recovering", 8.0), ("recovering", 6.0)], Verdict.NOT_BETTER),
        ([("weakening", 5.0), ("weakening", 5.0)], Verdict.NOT_BETTER),
        ([("repaired", 8.0), ("weakening", 5.0)], Verdict.NOT_BETTER),
    ],
)
def test_two_ratings_later_there_is_a_question(rows, verdict):
    assert review_of(concluded(*rows)) == Review(verdict, len(rows))


def test_what_could_not_be_computed_asks_nothing():
    assert review_of([*concluded(("repaired", 8.0)), None]).verdict == Verdict.WAITING


class Life(RuleBasedStateMachine):
    """People and the engine in any order, beside a model of what should be."""

    cast: SimpleNamespace

    @initialize()
    def start(self) -> None:
        self.block = factories.undone()
        self.block.__enter__()
        self.flag = Flag.objects.get()
        self.state, self.acted, self.talks = "new", False, 0

    @rule(did=st.sampled_from(list(Did)))
    def decide(self, did: Did) -> None:
        after = self._expected(did)
        took = takes(lambda: act(self.cast, self.flag, did))
        assert took is (after is not None), (self.state, did)
        if after is not None:
            self.talks = self.talks or did == Did.TALKED
            self.state, self.acted = after, True

    def _expected(self, did: Did) -> str | None:
        is_open = self.state in {"new", "talked", "watching"}
        if did == Did.REOPEN:
            closed = self.state in {"outside", "no_concern", "better"}
            return ("talked" if self.talks else "new") if closed else None
        if is_open and did == Did.BRING:
            return self.state
        if not is_open or (did == Did.BETTER and (not self.talks or self.state == "new")):
            return None
        return {"not_yet": "watching", "watch": "watching"}.get(did.value, did.value)

    @rule()
    def supervise(self) -> None:
        self.flag.refresh_from_db()
        before = AgendaItem.objects.count()
        take_to_supervision(flag=self.flag, by=self.cast.alice, now=self.cast.now)
        new = AgendaItem.objects.count() > before
        self.acted = self.acted or (new and self.state in {"new", "talked", "watching"})

    @rule(there=st.booleans())
    def engine(self, there: bool) -> None:
        if self.state == "withdrawn":
            return  # a run that comes back is another flag
        rating = Rating.objects.get(pk=self.flag.first_rating_id)
        run = Assessment(rating=rating, kind="decline", facets=[], statistic=5.0, limit=4.0)
        shown = [run] if there else []
        settle(episode=self.cast.episode, rater="client", assessments=shown, now=self.cast.now)
        if not there and self.state == "new" and not self.acted:
            self.state = "withdrawn"

    @invariant()
    def the_row_and_its_history_agree(self) -> None:
        if not hasattr(self, "flag"):
            return
        flag = Flag.objects.get()
        assert flag.state == self.state
        assert (flag.snoozed_until is not None) is (flag.state == "watching")
        told = list(flag.events.order_by("pk").values_list("from_state", "to_state", "by"))
        assert told[0][:2] == ("", "new")
        assert all(one[1] == two[0] for one, two in pairwise(told))
        assert told[-1][1] == flag.state
        for before, after, person in told[1:]:
            assert after in (PEOPLE if person else ENGINE)[before]

    def teardown(self) -> None:
        if hasattr(self, "block"):
            self.block.__exit__(None, None, None)


def test_whatever_people_and_the_engine_do_the_history_holds(cast, flag):
    Life.cast = cast
    from_class = Life.TestCase
    from_class.settings = settings(
        max_examples=25,
        stateful_step_count=12,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    from_class().runTest()
