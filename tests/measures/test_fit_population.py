"""`manage.py fit_population`: what is usual in one organization, and what then goes by it."""

from __future__ import annotations

import datetime as dt
import io
import math
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from measures.capture.answers import Answers
from measures.capture.fitting import closed_ratings
from measures.capture.parameters import (
    VersionTaken,
    next_version,
    parameters_of,
    store_parameters,
    version_of,
)
from measures.capture.services import record_rating
from measures.management.commands import fit_population
from measures.models import Assessment, ParameterSet, Rater, Rating
from measures.trend import CLIENT, COUNSELOR, PRESETS, Parameters
from measures.trend.fitting import FEWEST_EPISODES
from measures.trend.limits import Limits
from sessions.models import Organization, Session
from tests import factories

LONG_ENOUGH: list[float | None] = [8, 9, 8, 9, 8]
NEVER = Limits(low=(0.0, 999.0), standard=(0.0, 999.0), high=(0.0, 999.0))


class Fit:
    """In the place of the fit itself, which takes a minute. It keeps what it was given."""

    def __init__(self) -> None:
        self.given: list[Any] = []

    def __call__(
        self, version: str, ratings: Any, *, preset: Parameters, advance: Any
    ) -> Parameters:
        self.given.append(ratings)
        advance(1)
        population = replace(preset.population, mean=6.25, within=1.5)
        return replace(preset, version=version, population=population, limits=NEVER)


@pytest.fixture
def fit() -> Fit:
    return Fit()


@pytest.fixture
def closed(cast: SimpleNamespace) -> None:
    factories.make_closed(cast.alice, [LONG_ENOUGH] * 2 + [[8, 8]], cast.now)


def run(*arguments: str, fit: Fit | None = None, name: str = "Oak Street") -> str:
    out = io.StringIO()
    command = fit_population.Command(fit=fit) if fit else fit_population.Command()
    call_command(command, name, *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def refusal(*arguments: str, **values: Any) -> str:
    before = factories.every_row()
    with pytest.raises(CommandError) as refused:
        run(*arguments, **values)
    assert factories.every_row() == before
    return str(refused.value)


def store(organization: Organization, now: dt.datetime, rater: str = "client") -> Parameters:
    preset = {"client": CLIENT, "counselor": COUNSELOR}[rater]
    parameters = replace(preset, version=next_version(organization, rater, now), limits=NEVER)
    store_parameters(
        organization=organization, rater=rater, parameters=parameters, episodes=50, now=now
    )
    return parameters


def rated(cast: SimpleNamespace) -> Rating:
    session = factories.make_session(cast.episode, cast.now - dt.timedelta(hours=1))
    return factories.rate(session, 8, now=cast.now)


# ---- fitting ----


def test_what_was_fitted_is_stored_and_in_use(cast, closed, fit):
    run(fit=fit)
    stored = ParameterSet.objects.get()
    today = cast.here.today(cast.now)
    assert stored.version == f"client-org-{today}-1"
    assert (stored.organization, stored.rater) == (cast.here, "client")
    assert (stored.episodes, stored.based_on) == (2, CLIENT.version)
    in_use = parameters_of(cast.here, "client")
    assert (in_use.version, in_use.population.mean, in_use.limits) == (stored.version, 6.25, NEVER)


def test_ratings_from_then_on_name_it_and_go_by_it(cast, closed, fit):
    factories.make_course(cast.episode, [9, 9, 8, 9, 9, 8, 9], cast.now, own=None)
    run(fit=fit)
    earlier = set(Assessment.objects.values_list("parameters", flat=True))
    assert earlier == {CLIENT.version}
    session = factories.make_session(cast.episode, cast.now)
    assessment = factories.rate(session, 2, now=cast.now).assessment
    assert assessment.parameters == version_of(cast.here, "client")
    assert (assessment.kind, assessment.limit) == ("none", 999)


def test_stored_assessments_are_as_they_were(cast, closed, fit):
    factories.make_course(cast.episode, [9, 9, 8, 9, 9, 8, 9, 3], cast.now)
    before = factories.every_row()
    said = run(fit=fit)
    after = factories.every_row()
    assert {name for name in after if after[name] != before[name]} == {"ParameterSet"}
    assert 'unchanged until: manage.py reassess --organization "Oak Street"' in said


def test_before_and_after_are_told_in_words(cast, closed, fit):
    said = run(fit=fit)
    assert "fitted to 2 closed episodes with 5 or more ratings" in said
    lines = {line[:66].strip(): line[66:].split() for line in said.splitlines()}
    mean = f"{CLIENT.population.mean:.2f}"
    assert lines["First session, mean of all clients (points, 0-10)"] == [mean, "6.25"]
    assert lines["First flags in 100 sessions of steady clients, aimed at (standard)"][0] == "1.00"
    assert lines["Evidence it takes for a flag in session 10 (standard)"][1] == "999.00"
    rise = f"{CLIENT.population.growth * math.log(10):.2f}"
    assert lines["Rise by session 10, mean of all clients (points)"] == [rise, rise]


def test_a_second_fit_is_compared_with_the_first_and_takes_its_place(cast, closed, fit):
    run(fit=fit)
    said = run(fit=fit)
    first, second = ParameterSet.objects.order_by("pk").values_list("version", flat=True)
    assert (first[-2:], second[-2:]) == ("-1", "-2")
    assert f"Before: {first}. After: {second}." in said
    assert version_of(cast.here, "client") == second


def test_a_dry_run_says_the_same_and_stores_nothing(cast, closed, fit):
    before = factories.every_row()
    dry = run("--dry-run", fit=fit)
    assert factories.every_row() == before
    assert dry.endswith("Nothing was stored.\n")
    assert run(fit=fit).startswith(dry.removesuffix("Nothing was stored.\n"))


@pytest.mark.parametrize("usable", [0, FEWEST_EPISODES - 1])
def test_too_few_episodes_are_refused_with_the_numbers(cast, usable):
    factories.make_closed(cast.alice, [LONG_ENOUGH] * usable + [[8, 8, None]], cast.now)
    said = refusal()
    assert f"has {usable} closed episodes with 5 or more ratings by the client" in said
    assert f"{FEWEST_EPISODES} are needed. Nothing was stored." in said


def test_without_any_closed_episode_it_is_refused_too(cast):
    assert "has 0 closed episodes" in refusal()
    assert "ratings by the counselor" in refusal("--rater", "counselor")


def test_an_unknown_organization_is_said(cast):
    assert refusal(name="Ash Lane") == "There is no organization named 'Ash Lane'."


def test_an_organization_is_not_guessed_among_several_of_that_name(cast):
    factories.make_organization("Oak Street")
    assert "more than one" in refusal()


def test_who_was_slower_stores_nothing(cast, closed, fit, monkeypatch):
    run(fit=fit)
    taken = version_of(cast.here, "client")
    monkeypatch.setattr("measures.capture.fitting.next_version", lambda *_: taken)
    assert "in the meantime" in refusal(fit=fit)


# ---- which ratings are read ----


def tables_read(cast: SimpleNamespace, rater: str = "client") -> list[list[list[float | None]]]:
    array = closed_ratings(cast.here, rater, advance=lambda _: None)
    return [
        [[None if math.isnan(value) else value for value in row] for row in episode]
        for episode in array.tolist()
    ]


def test_held_sessions_stand_in_order_with_gaps_where_nothing_was_rated(cast):
    factories.make_closed(cast.alice, [[9, None, 7], [5]], cast.now)
    nothing = [None] * 3
    assert tables_read(cast) == [[[9] * 3, nothing, [7] * 3], [[5] * 3, nothing, nothing]]


def test_only_current_ratings_of_held_sessions_by_that_rater_count(cast):
    [episode] = factories.make_closed(cast.alice, [[9]], cast.now)
    start = cast.now - dt.timedelta(days=300)
    declined, partial, counselors, cancelled = (
        factories.make_session(episode, start + dt.timedelta(days=day), status)
        for day, status in enumerate(["held", "held", "held", "cancelled"])
    )
    answer(declined, cast.now, Answers(declined=True))
    answer(declined, cast.now, Answers(6, 6, 6))  # what it is corrected to
    answer(partial, cast.now, Answers(4, None, 4))
    answer(counselors, cast.now, Answers(1, 1, 1), Rater.COUNSELOR)
    assert cancelled.status == Session.Status.CANCELLED
    nothing = [None] * 3
    assert tables_read(cast) == [[[9] * 3, [6] * 3, [4, None, 4], nothing]]
    assert tables_read(cast, "counselor") == [[nothing, nothing, nothing, [1] * 3]]


def test_a_rating_that_was_superseded_counts_no_more(cast):
    factories.make_closed(cast.alice, [[9, 8]], cast.now)
    Rating.objects.filter(goals=8).update(superseded_at=cast.now)
    assert tables_read(cast) == [[[9] * 3, [None] * 3]]


def test_episodes_without_any_answer_are_left_out(cast):
    [episode] = factories.make_closed(cast.alice, [[None, None]], cast.now)
    declined = factories.make_session(episode, cast.now - dt.timedelta(days=300))
    answer(declined, cast.now, Answers(declined=True))
    assert tables_read(cast) == []


def test_open_episodes_and_those_of_another_organization_are_left_out(cast, closed):
    factories.make_closed(cast.eve, [[2] * 9], cast.now)
    factories.make_course(cast.episode, [3] * 9, cast.now)
    tables = tables_read(cast)
    assert len(tables) == 3
    assert {value for table in tables for row in table for value in row} == {8, 9, None}


def test_batches_make_no_difference(cast, fit, monkeypatch):
    scores: list[list[float | None]] = [[float(each)] * 5 for each in range(8)]
    factories.make_closed(cast.alice, scores, cast.now)
    run(fit=fit)
    monkeypatch.setattr("measures.capture.rating_tables.batches_of.__defaults__", (None, 3))
    run(fit=fit)
    np.testing.assert_array_equal(*fit.given)
    assert fit.given[0][:, 0, 0].tolist() == list(range(8))


def test_nothing_about_a_person_is_read(cast, closed, fit):
    with CaptureQueriesContext(connection) as queries:
        run(fit=fit)
    read = " ".join(query["sql"] for query in queries)
    assert "measures_rating" in read
    for word in ("alliance_sessions_client", "sealed", "code", "wrapped_key", '"answers"', "_user"):
        assert word not in read, word


# ---- the way back ----


def test_the_preset_comes_back_and_the_history_stays(cast, closed, fit):
    run(fit=fit)
    fitted = version_of(cast.here, "client")
    said = run("--use-preset")
    assert f"{fitted} gave way to {CLIENT.version}" in said
    assert "reassess" in said
    assert parameters_of(cast.here, "client") is CLIENT
    assert [row.version for row in ParameterSet.objects.order_by("pk")] == [fitted, ""]
    run(fit=fit)
    assert version_of(cast.here, "client").endswith("-2")


def test_back_to_the_preset_twice_is_said(cast):
    before = factories.every_row()
    assert "in use already" in run("--use-preset")
    assert factories.every_row() == before


def test_a_dry_run_does_not_go_back(cast, now):
    fitted = store(cast.here, now)
    assert f"{fitted.version} would give way" in run("--use-preset", "--dry-run")
    assert version_of(cast.here, "client") == fitted.version


# ---- whose they are ----


def test_organizations_and_raters_have_their_own(cast, now):
    own = store(cast.here, now)
    theirs = store(cast.elsewhere, now, "counselor")
    in_use = {
        (organization.name, rater): parameters_of(organization, rater)
        for organization in (cast.here, cast.elsewhere)
        for rater in Rater.values
    }
    assert in_use == {
        ("Oak Street", "client"): own,
        ("Oak Street", "counselor"): COUNSELOR,
        ("Elm House", "client"): CLIENT,
        ("Elm House", "counselor"): theirs,
    }


def test_a_version_is_never_that_of_a_preset_and_fits_an_assessment(cast, now):
    presets = {preset.version for preset in PRESETS.values()}
    longest = Assessment._meta.get_field("parameters").max_length or 0
    for rater in Rater.values:
        version = next_version(cast.here, rater, now)
        assert version not in presets
        assert len(version) + 3 <= longest


@pytest.mark.parametrize(
    "wrong",
    [
        replace(CLIENT, population=replace(CLIENT.population, mean=math.nan), version="new"),
        CLIENT,
        PRESETS["client-high"],
    ],
)
def test_what_could_not_be_read_again_or_is_a_preset_is_not_stored(cast, now, wrong):
    values = {"organization": cast.here, "rater": "client", "episodes": 50, "now": now}
    with pytest.raises(ValueError, match=r"JSON|preset"):
        store_parameters(parameters=wrong, **values)
    assert not ParameterSet.objects.exists()


def test_a_version_is_stored_once(cast, now):
    fitted = store(cast.here, now)
    values = {"rater": "client", "episodes": 50, "now": now, "parameters": fitted}
    with pytest.raises(VersionTaken):
        store_parameters(organization=cast.here, **values)
    store_parameters(organization=cast.elsewhere, **values)


@pytest.mark.parametrize(
    "values",
    [
        {"version": "v", "data": None, "episodes": 50},
        {"version": "v", "data": {}, "episodes": 0},
        {"version": "v", "data": {}, "episodes": None},
        {"version": "", "data": {}, "episodes": 50},
        {"rater": "nobody"},
    ],
)
def test_the_database_knows_what_a_set_is(cast, now, values):
    values = {"organization": cast.here, "rater": "client", "made_at": now} | values
    with pytest.raises(IntegrityError), transaction.atomic():
        ParameterSet.objects.create(**values)


def test_a_set_stays_as_it_is(cast, now):
    store(cast.here, now)
    before = factories.every_row()
    row = ParameterSet.objects.filter(version__startswith="client-org")
    columns = [field.name for field in ParameterSet._meta.concrete_fields if field.name != "id"]
    changes: list[Any] = [row.delete, *(partial(row.update, **{name: F(name)}) for name in columns)]
    for change in changes:
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()
    assert factories.every_row() == before


# ---- broken ones ----

BROKEN: list[Any] = [
    {},
    [],
    "text",
    {"version": "broken"},
    CLIENT.as_data() | {"version": "another"},
    CLIENT.as_data() | {"version": "broken", "limits": {}},
    CLIENT.as_data() | {"version": "broken", "limits": [1, 2]},
    CLIENT.as_data() | {"version": "broken", "population": {"mood": 3}},
    CLIENT.as_data() | {"version": "broken", "population": {"mean": "high"}},
]


def break_set(organization: Organization, now: dt.datetime, data: Any = BROKEN[3]) -> None:
    ParameterSet.objects.create(
        organization=organization,
        rater="client",
        version="broken",
        data=data,
        episodes=50,
        made_at=now,
    )


@pytest.mark.parametrize("data", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_set_takes_no_rating_down(cast, now, data, caplog):
    break_set(cast.here, now, data)
    rating = rated(cast)
    rating.refresh_from_db()
    assert list(rating.facet_values) == [8, 8, 8]
    assert rating.assessment.status == Assessment.Status.FAILED
    assert rating.assessment.parameters == "broken"
    assert "The trend engine failed" in caplog.text


def test_a_broken_set_leaves_the_other_rater_and_organization_alone(cast, now):
    break_set(cast.here, now)
    session = factories.make_session(cast.episode, cast.now)
    own = factories.rate(session, 8, Rater.COUNSELOR, now=now)
    elsewhere = factories.rate(factories.make_session(cast.eves, cast.now), 8, now=now)
    assert {each.assessment.status for each in (own, elsewhere)} == {"too_early"}


def test_a_broken_set_is_replaced_by_a_fit(cast, closed, fit, now):
    break_set(cast.here, now)
    out, err = io.StringIO(), io.StringIO()
    call_command(fit_population.Command(fit=fit), "Oak Street", stdout=out, stderr=err)
    assert "broken cannot be read" in err.getvalue()
    assert parameters_of(cast.here, "client").limits == NEVER


def test_a_broken_set_is_replaced_by_the_preset(cast, now):
    break_set(cast.here, now)
    run("--use-preset")
    assert rated(cast).assessment.status == Assessment.Status.TOO_EARLY


def answer(session: Session, now: dt.datetime, answers: Answers, rater: str = Rater.CLIENT) -> None:
    record_rating(session=session, rater=rater, answers=answers, way_in=Rating.WayIn.STAFF, now=now)
