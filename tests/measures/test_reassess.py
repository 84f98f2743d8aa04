"""`manage.py reassess`: stored assessments brought up to what the engine would say today."""

from __future__ import annotations

import datetime as dt
import io
import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from measures.capture import assessing, reassessing
from measures.capture.parameters import next_version, return_to_preset, store_parameters
from measures.models import Assessment, Flag, FlagEvent, ParameterSet, Rater
from measures.repair.states import move
from measures.trend import CLIENT, COUNSELOR, ENGINE, assess
from measures.trend.limits import Limits
from sessions.models import Episode, Organization
from sessions.wall import transaction_of
from tests import factories

STEADY: list[float | None] = [9, 9, 8, 9, 9, 8, 9]
FALLING: list[float | None] = [*STEADY, 3]
NEVER = Limits(low=(0.0, 999.0), standard=(0.0, 999.0), high=(0.0, 999.0))
OLD = "engine-of-old"


@pytest.fixture
def fallen(cast: SimpleNamespace) -> Flag:
    """An episode with a flag for the client's last rating."""
    factories.make_course(cast.episode, FALLING, cast.now, own=None)
    return Flag.objects.get()


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("reassess", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def figures(said: str) -> dict[str, int]:
    """The last table of a report."""
    table = said.rpartition("What ")[2].splitlines()[1:]
    rows = (line.rpartition(" ") for line in table if line.startswith("  "))
    return {label.strip(): int(count.replace(",", "")) for label, _, count in rows}


def refusal(*arguments: str) -> str:
    before = factories.every_row()
    with pytest.raises(CommandError) as refused:
        run(*arguments)
    assert factories.every_row() == before
    return str(refused.value)


def use_own(organization: Organization, now: dt.datetime, limits: Limits = NEVER) -> str:
    """Parameters of the organization's own; unless other limits are given, nothing is a flag."""
    version = next_version(organization, "client", now)
    store_parameters(
        organization=organization,
        rater="client",
        parameters=replace(CLIENT, version=version, limits=limits),
        episodes=50,
        now=now,
    )
    return version


def age(episode: Episode | None = None) -> int:
    """Make assessments another engine's, as after an upgrade."""
    rows = Assessment.objects.all()
    if episode is not None:
        rows = rows.filter(rating__session__episode=episode)
    return rows.update(engine=OLD)


def engines(episode: Episode) -> set[str]:
    rows = Assessment.objects.filter(rating__session__episode=episode)
    return set(rows.values_list("engine", flat=True))


def parameters(episode: Episode, rater: str = "client") -> set[str]:
    rows = Assessment.objects.filter(rating__session__episode=episode, rating__rater=rater)
    return set(rows.values_list("parameters", flat=True))


# ---- what is done, and what is left alone ----


def test_where_all_is_of_today_nothing_is_done(cast, fallen):
    before = factories.every_row()
    said = run("--yes")
    assert factories.every_row() == before
    assert said.endswith("up to date. Nothing was written.\n")
    assert figures(said)["assessed anew"] == 0


@pytest.mark.django_db
def test_without_a_single_organization_there_is_nothing_to_do():
    assert figures(run("--yes"))["Episodes"] == 0


def test_assessments_of_another_engine_are_computed_again(cast, fallen):
    before = factories.every_row()
    aged = age()
    said = run("--yes")
    assert factories.every_row() == before
    assert figures(said) == {
        "Episodes": 4,
        "assessed anew": 1,
        "where the engine failed": 0,
        "Assessments rewritten or added": aged,
        "with another status": 0,
        "Flags raised": 0,
        "Flags withdrawn": 0,
        "Flags that stay open": 1,
    }


def test_both_raters_and_closed_episodes_are_done(cast):
    episodes = factories.make_closed(cast.alice, [STEADY], cast.now)
    factories.make_course(cast.episode, STEADY, cast.now)
    age()
    said = run("--yes")
    assert figures(said)["Assessments rewritten or added"] == 3 * len(STEADY)
    assert engines(cast.episode) == engines(episodes[0]) == {ENGINE}
    assert parameters(cast.episode, Rater.COUNSELOR) != parameters(cast.episode, Rater.CLIENT)


def test_only_the_rater_whose_assessments_are_stale_is_done(cast, fallen, monkeypatch):
    factories.make_course(cast.peers, STEADY[:3], cast.now)
    use_own(cast.here, cast.now)
    done = set()

    def noted(*, episode: Episode, rater: str, now: dt.datetime) -> bool:
        done.add((episode.pk, rater))
        return assessing.assess_episode(episode=episode, rater=rater, now=now)

    monkeypatch.setattr(reassessing, "assess_episode", noted)
    run("--dry-run")
    assert done == {(cast.episode.pk, "client"), (cast.peers.pk, "client")}


def test_ratings_that_were_never_assessed_are(cast):
    [episode] = factories.make_closed(cast.alice, [FALLING], cast.now)
    said = run("--yes")
    assert engines(episode) == {ENGINE}
    assert figures(said)["Assessments rewritten or added"] == len(FALLING)
    assert figures(said)["with another status"] == 0
    assert figures(said)["Flags raised"] == 1


def test_failed_assessments_are_tried_again(cast, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(assessing, "assess", no_engine)
        factories.make_course(cast.episode, STEADY[:3], cast.now, own=None)
    assert set(Assessment.objects.values_list("status", flat=True)) == {"failed"}
    said = run("--yes")
    assert not Assessment.objects.filter(status="failed").exists()
    assert figures(said)["with another status"] == 3
    assert "not computed → not enough yet" in said


def test_other_parameters_with_the_same_limits_are_others(cast, fallen):
    version = use_own(cast.here, cast.now, CLIENT.limits)
    run("--yes")
    assert parameters(cast.episode) == {version}


def test_a_rating_of_a_session_that_was_not_held_after_all_is_nobodys(cast, fallen):
    fallen.first_rating.session.episode.sessions.filter(ratings__goals=3).update(status="missed")
    assert figures(run("--dry-run"))["assessed anew"] == 0


def test_a_changed_sensitivity_makes_assessments_stale(cast, fallen):
    before = dict(Assessment.objects.values_list("rating_id", "limit"))
    Organization.objects.filter(pk=cast.here.pk).update(sensitivity="high")
    run("--yes")
    assert dict(Assessment.objects.values_list("rating_id", "limit")) != before
    assert figures(run("--dry-run"))["assessed anew"] == 0
    Organization.objects.filter(pk=cast.here.pk).update(sensitivity="standard")
    run("--yes")
    assert dict(Assessment.objects.values_list("rating_id", "limit")) == before


# ---- parameters, flags, and what is said of them ----


def test_own_parameters_withdraw_a_flag_nobody_acted_on(cast, fallen):
    version = use_own(cast.here, cast.now)
    said = run("--yes")
    fallen.refresh_from_db()
    assert fallen.state == Flag.State.WITHDRAWN
    assert parameters(cast.episode) == {version}
    done = figures(said)
    assert (done["Flags withdrawn"], done["Flags that stay open"]) == (1, 0)
    assert done["with another status"] == 1
    assert "lower than usual → " in said
    assert f"Oak Street: {version} and {COUNSELOR.version}, sensitivity standard." in said


def test_the_preset_again_raises_what_it_shows(cast, fallen):
    use_own(cast.here, cast.now)
    run("--yes")
    return_to_preset(organization=cast.here, rater="client", now=cast.now)
    assert figures(run("--yes"))["Flags raised"] == 1
    states = Flag.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == [Flag.State.WITHDRAWN, Flag.State.NEW]
    assert parameters(cast.episode) == {CLIENT.version}


def test_a_flag_somebody_acted_on_stays(cast, fallen):
    move(fallen, Flag.State.TALKED, now=cast.now, reason="asked", by=cast.alice)
    use_own(cast.here, cast.now)
    done = figures(run("--yes"))
    assert (done["Flags withdrawn"], done["Flags that stay open"]) == (0, 1)
    fallen.refresh_from_db()
    assert fallen.state == Flag.State.TALKED
    newest = FlagEvent.objects.latest("pk")
    assert (newest.flag, newest.reason) == (fallen, "the ratings no longer show it")


def test_a_dry_run_says_what_then_happens_and_writes_nothing(cast, fallen):
    factories.make_course(cast.peers, FALLING, cast.now, own=None)
    factories.make_closed(cast.alice, [STEADY, FALLING], cast.now)
    use_own(cast.here, cast.now)
    age(cast.peers)
    before = factories.every_row()
    dry = run("--dry-run")
    assert factories.every_row() == before
    assert dry.endswith("Nothing was written.\n")
    real = run("--yes")
    assert factories.every_row() != before
    assert figures(real) == figures(dry)
    assert figures(dry)["Flags withdrawn"] == 2
    assert "What would change:" in real  # before it is done
    assert "What changed:" in real


def test_batches_make_no_difference(cast, fallen):
    factories.make_closed(cast.alice, [STEADY] * 5, cast.now)
    age()
    assert figures(run("--dry-run", "--batch", "1")) == figures(run("--dry-run"))


# ---- organizations ----


@pytest.fixture
def two(cast: SimpleNamespace) -> SimpleNamespace:
    """Both organizations with stale assessments; one has parameters of its own."""
    factories.make_course(cast.episode, STEADY[:4], cast.now, own=None)
    factories.make_course(cast.eves, STEADY[:4], cast.now, own=None)
    age()
    cast.own = use_own(cast.elsewhere, cast.now)
    return cast


def test_each_organization_keeps_to_its_own_parameters(two):
    run("--yes")
    assert engines(two.episode) == engines(two.eves) == {ENGINE}
    assert parameters(two.episode) == {CLIENT.version}
    assert parameters(two.eves) == {two.own}


def test_one_organization_can_be_done_alone(two):
    said = run("--yes", "--organization", "Oak Street")
    assert engines(two.episode) == {ENGINE}
    assert engines(two.eves) == {OLD}
    assert figures(said)["Episodes"] == Episode.objects.filter(organization=two.here).count()
    assert "Elm House" not in said


def test_an_unknown_organization_is_said(cast):
    said = refusal("--yes", "--organization", "Ash Lane")
    assert said == "There is no organization named 'Ash Lane'."


def test_broken_parameters_stop_it_before_anything_is_written(two):
    ParameterSet.objects.create(
        organization=two.elsewhere,
        rater="client",
        version="broken",
        data={"version": "broken"},
        episodes=50,
        made_at=two.now,
    )
    said = refusal("--yes")
    assert "Elm House: The parameters broken cannot be read." in said
    assert 'fit_population "Elm House" --rater client --use-preset' in said
    run("--yes", "--organization", "Oak Street")
    assert engines(two.episode) == {ENGINE}


# ---- interruptions and failures ----


@pytest.fixture
def many(cast: SimpleNamespace) -> list[Episode]:
    """Six episodes with stale assessments."""
    episodes = factories.make_closed(cast.alice, [STEADY] * 6, cast.now)
    run("--yes")
    age()
    return episodes


def interrupted(monkeypatch: pytest.MonkeyPatch, error: BaseException, after: int) -> None:
    """The episode after so many fails, once what would change has been said."""
    real, done = assessing.assess_episode, []

    def failing(**values: Any) -> bool:
        done.append(values["episode"])
        computed = real(**values)
        if len(done) > 6 + after:
            raise error
        return computed

    monkeypatch.setattr(reassessing, "assess_episode", failing)


@pytest.mark.django_db(transaction=True)
def test_an_interrupted_run_goes_on_where_it_ended(many, monkeypatch):
    with monkeypatch.context() as broken:
        interrupted(broken, OperationalError("disk full"), after=3)
        with pytest.raises(OperationalError):
            run("--yes", "--batch", "2")
    assert [engines(episode) for episode in many] == [{ENGINE}] * 3 + [{OLD}] * 3
    said = run("--yes", "--batch", "2")
    assert figures(said)["assessed anew"] == 3
    assert [engines(episode) for episode in many] == [{ENGINE}] * 6


def test_whoever_interrupts_it_is_told_what_stands(many, monkeypatch):
    interrupted(monkeypatch, KeyboardInterrupt(), after=2)
    with pytest.raises(CommandError, match="What was done until now stands"):
        run("--yes")
    assert [engines(episode) for episode in many] == [{ENGINE}] * 2 + [{OLD}] * 4


@pytest.mark.django_db(transaction=True)
def test_every_episode_is_done_in_a_transaction_of_its_own(many, monkeypatch):
    depths = []

    def observed(pk: int) -> Any:
        depths.append(connection.in_atomic_block)
        return transaction_of(pk)

    monkeypatch.setattr(reassessing, "transaction_of", observed)
    run("--yes")
    assert depths == [False] * len(depths)
    assert len(depths) >= 2 * len(many)


def test_where_the_engine_fails_the_others_go_on_and_the_old_stands(many, monkeypatch, caplog):
    asked = []

    def second_fails(*args: Any, **values: Any) -> Any:
        asked.append(args)
        if len(asked) % 6 == 2:
            raise ZeroDivisionError
        return assess(*args, **values)

    monkeypatch.setattr(assessing, "assess", second_fails)
    said = run("--yes")
    assert figures(said)["where the engine failed"] == 1
    assert figures(said)["assessed anew"] == 6
    assert [engines(each) for each in many] == [{ENGINE}, {OLD}] + [{ENGINE}] * 4
    assert "The trend engine failed" in caplog.text
    monkeypatch.undo()
    assert figures(run("--yes"))["assessed anew"] == 1


def test_an_episode_erased_meanwhile_is_passed_over(many, monkeypatch):
    real = reassessing._stale_raters

    def stale(*args: Any) -> Any:
        return real(*args) | {10**9: {"client"}}

    monkeypatch.setattr(reassessing, "_stale_raters", stale)
    assert figures(run("--yes"))["assessed anew"] == 6


def test_looking_costs_as_many_queries_whatever_is_there(cast):
    factories.make_closed(cast.alice, [STEADY], cast.now)
    run("--yes")
    with CaptureQueriesContext(connection) as few:
        run("--dry-run")
    factories.make_closed(cast.alice, [STEADY * 2] * 5, cast.now)
    run("--yes")
    with CaptureQueriesContext(connection) as many:
        run("--dry-run")
    assert len(many) == len(few)


# ---- asking ----


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal())


@pytest.mark.parametrize("answer", ["y", " Yes "])
def test_on_a_terminal_it_asks_and_writes(cast, fallen, terminal, monkeypatch, answer):
    monkeypatch.setattr("builtins.input", lambda _: answer)
    age()
    assert "What changed:" in run()
    assert engines(cast.episode) == {ENGINE}


@pytest.mark.parametrize("answer", ["", "n"])
def test_without_a_clear_yes_nothing_is_written(cast, fallen, terminal, monkeypatch, answer):
    monkeypatch.setattr("builtins.input", lambda _: answer)
    age()
    before = factories.every_row()
    said = run()
    assert factories.every_row() == before
    assert "What would change:" in said
    assert said.endswith("Nothing was written.\n")


def test_where_there_is_nothing_to_write_it_does_not_ask(cast, fallen, terminal, monkeypatch):
    monkeypatch.setattr("builtins.input", no_engine)
    assert run().endswith("Nothing was written.\n")


def test_where_nobody_can_be_asked_it_refuses_and_names_the_ways(cast, fallen, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    age()
    said = refusal()
    assert "--dry-run" in said
    assert "--yes" in said


@pytest.mark.parametrize("batch", ["0", "-1", "two", "1.5", "²", "5001"])
def test_a_batch_is_a_number_of_episodes(cast, batch):
    assert "is not a whole number" in refusal("--yes", f"--batch={batch}")


def no_engine(*args: Any, **kwargs: Any) -> NoReturn:
    raise ValueError("no engine")
