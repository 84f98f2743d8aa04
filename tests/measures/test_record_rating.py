"""A rating is stored, assessed and flagged in one act, and never lost or doubled."""

from __future__ import annotations

import datetime as dt
import random
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DataError, IntegrityError, InterfaceError, OperationalError

from measures.capture import assessing
from measures.capture.answers import Answers
from measures.capture.asking import AlreadyAnswered, SessionNotHeld, withdraw_request
from measures.capture.services import Receipt, RequestClosed, record_rating
from measures.models import Assessment, Flag, FlagEvent, Rater, Rating, RatingRequest
from measures.trend import CLIENT, assess
from sessions.models import Episode, Session
from sessions.sealing import unseal
from tests import factories

STEADY: list[float | None] = [9, 9, 8, 9, 9, 8, 9]
EIGHT = Answers(8, 8, 8)
DECLINED = Answers(declined=True)


@pytest.fixture
def session(cast: SimpleNamespace) -> Session:
    return factories.make_session(cast.episode, cast.now - dt.timedelta(hours=1))


@pytest.fixture
def asked(session: Session, now: dt.datetime) -> RatingRequest:
    return factories.invite(session, now).link.request


def record(session: Session, answers: Answers, now: dt.datetime, **values: Any) -> Receipt:
    values = {"rater": Rater.CLIENT, "way_in": Rating.WayIn.LINK} | values
    return record_rating(session=session, answers=answers, now=now, **values)


def stored() -> dict[str, int]:
    return {model.__name__: model.objects.count() for model in (Rating, Assessment, Flag)}


def evidence_of(episode: Episode) -> list[float | None]:
    """What is stored, in the order of the sessions."""
    rows = Assessment.objects.filter(
        rating__session__episode=episode,
        rating__rater=Rater.CLIENT,
        rating__superseded_at__isnull=True,
    )
    return list(rows.order_by("rating__session__starts_at").values_list("statistic", flat=True))


def engine_says(scores: list[float | None]) -> list[float | None]:
    """What the engine says of the same table at once; rows without a rating left out."""
    concluded = assess([[score] * 3 for score in scores], parameters=CLIENT).sessions
    return [each.statistic for each, score in zip(concluded, scores, strict=True) if score]


def test_a_rating_is_stored_assessed_and_flagged(cast, session):
    factories.make_course(cast.episode, STEADY, cast.now - dt.timedelta(days=6))
    receipt = record(session, Answers(3, 3, 3), cast.now)
    rating = Rating.objects.get(pk=receipt.rating.pk)
    assert not receipt.is_replay
    assert (rating.outcome, rating.facet_values) == ("complete", (3, 3, 3))
    assert rating.assessment.status == Assessment.Status.WEAKENING
    flag = Flag.objects.get(episode=cast.episode)
    assert (flag.first_rating, flag.state) == (rating, Flag.State.NEW)
    assert [event.reason for event in flag.events.all()] == ["raised"]


def test_if_flagging_fails_in_the_database_nothing_is_stored(cast, session, monkeypatch):
    def no_room(**kwargs: Any) -> None:
        raise OperationalError("database or disk is full")

    monkeypatch.setattr(assessing, "settle", no_room)
    with pytest.raises(OperationalError):
        record(session, EIGHT, cast.now)
    assert not any(stored().values())


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_an_error_of_the_database_does_not_pass_for_an_engine_that_failed(
    cast, session, monkeypatch, error
):
    break_engine(monkeypatch, error("deadlock detected"))
    with pytest.raises(error):
        record(session, EIGHT, cast.now)
    assert not any(stored().values())


@pytest.mark.parametrize("error", [IntegrityError, DataError])
def test_numbers_the_database_refuses_are_the_engines_failure(cast, session, monkeypatch, error):
    break_engine(monkeypatch, error("violates check constraint"))
    rating = record(session, EIGHT, cast.now).rating
    assert rating.assessment.status == Assessment.Status.FAILED


def test_the_same_answers_again_are_a_receipt(cast, session, asked):
    first = record(session, EIGHT, cast.now, request=asked)
    again = record(session, EIGHT, cast.now, request=asked)
    assert (again.rating, again.is_replay) == (first.rating, True)
    assert Rating.objects.count() == 1


def test_a_receipt_is_given_even_after_the_time_ran_out(cast, session, asked):
    record(session, EIGHT, cast.now, request=asked)
    assert record(session, EIGHT, asked.expires_at, request=asked).is_replay


@pytest.mark.parametrize(
    "other",
    [Answers(8, 8, 7), Answers(8, 8, 8, note="and one more thing"), Answers(8, 8), DECLINED],
)
def test_other_answers_are_refused_and_the_first_stand(cast, session, asked, other):
    first = record(session, EIGHT, cast.now, request=asked).rating
    with pytest.raises(AlreadyAnswered) as refusal:
        record(session, other, cast.now, request=asked)
    assert refusal.value.rating == first
    assert Rating.objects.get().facet_values == (8, 8, 8)


def test_declining_raises_nothing(cast, session, asked):
    factories.make_course(cast.episode, STEADY, cast.now - dt.timedelta(days=6))
    record(session, DECLINED, cast.now, request=asked)
    assert Rating.objects.get(session=session).outcome == Rating.Outcome.DECLINED
    assert not Flag.objects.exists()


def test_declining_twice_is_a_receipt(cast, session, asked):
    record(session, DECLINED, cast.now, request=asked)
    assert record(session, DECLINED, cast.now, request=asked).is_replay
    with pytest.raises(AlreadyAnswered):
        record(session, Answers(declined=True, note="still no"), cast.now, request=asked)


def test_declined_then_answered_is_a_correction(cast, session, asked):
    declined = record(session, DECLINED, cast.now, request=asked).rating
    later = cast.now + dt.timedelta(minutes=5)
    answered = record(session, EIGHT, later, request=asked).rating
    declined.refresh_from_db()
    assert (answered.corrects, answered.request) == (declined, asked)
    assert answered.reason == "answered after declining"
    assert declined.superseded_at == later
    assert list(Rating.objects.current().filter(session=session)) == [answered]


def test_after_that_the_answer_stands(cast, session, asked):
    record(session, DECLINED, cast.now, request=asked)
    record(session, EIGHT, cast.now, request=asked)
    with pytest.raises(AlreadyAnswered):
        record(session, DECLINED, cast.now, request=asked)


def test_an_expired_request_is_refused(cast, session, asked):
    with pytest.raises(RequestClosed):
        record(session, EIGHT, asked.expires_at, request=asked)
    assert not Rating.objects.exists()


def test_until_the_last_moment_it_is_not(cast, session, asked):
    last = asked.expires_at - dt.timedelta(microseconds=1000)
    assert record(session, EIGHT, last, request=asked).rating.given_at == last


def test_a_withdrawn_request_is_refused(cast, session, asked):
    withdraw_request(request=asked, now=cast.now)
    with pytest.raises(RequestClosed):
        record(session, EIGHT, cast.now, request=asked)
    assert not Rating.objects.exists()


@pytest.mark.parametrize("status", ["scheduled", "missed", "cancelled"])
def test_what_was_not_held_cannot_be_rated(cast, status):
    session = factories.make_session(cast.episode, cast.now, status)
    with pytest.raises(SessionNotHeld):
        record(session, EIGHT, cast.now)
    assert not any(stored().values())


def test_an_engine_that_fails_loses_no_rating(cast, session, monkeypatch, caplog):
    break_engine(monkeypatch, ValueError("8.25 is not a mark"))
    receipt = record(session, EIGHT, cast.now)
    assessment = Assessment.objects.get(rating=receipt.rating)
    assert assessment.status == Assessment.Status.FAILED
    assert (assessment.score, assessment.kind) == (None, Assessment.Kind.NONE)
    assert "The trend engine failed" in caplog.text


def test_what_follows_the_engine_may_fail_too(cast, session, monkeypatch):
    def broken(**kwargs: Any) -> None:
        raise KeyError("settle")

    monkeypatch.setattr(assessing, "settle", broken)
    record(session, EIGHT, cast.now)
    assert Assessment.objects.get().status == Assessment.Status.FAILED


def test_a_failing_engine_leaves_earlier_assessments_as_they_were(cast, session, monkeypatch):
    factories.make_course(cast.episode, STEADY, cast.now - dt.timedelta(days=6), own=None)
    before = evidence_of(cast.episode)
    break_engine(monkeypatch, ZeroDivisionError())
    record(session, EIGHT, cast.now)
    assert evidence_of(cast.episode) == [*before, None]


def test_the_next_rating_heals_a_failed_assessment(cast, session, monkeypatch):
    with monkeypatch.context() as broken:
        break_engine(broken, ValueError())
        record(session, EIGHT, cast.now)
    record(factories.make_session(cast.episode, cast.now), EIGHT, cast.now)
    assert not Assessment.objects.filter(status=Assessment.Status.FAILED).exists()
    assert Assessment.objects.get(rating__session=session).score == 8


def test_a_late_rating_is_assessed_in_the_order_of_the_sessions(cast):
    scores = [*STEADY, None, 3, 9]
    sessions = factories.make_course(cast.episode, scores, cast.now, own=None)
    late = sessions[7]
    record(late, Answers(4, 4, 4), cast.now, way_in=Rating.WayIn.PAPER)
    assert evidence_of(cast.episode) == pytest.approx(engine_says([*STEADY, 4, 3, 9]), nan_ok=False)


def test_a_session_that_came_in_between_moves_those_after_it(cast):
    sessions = factories.make_course(cast.episode, [*STEADY, 5], cast.now, own=None)
    between = sessions[3].starts_at + dt.timedelta(days=1)
    record(factories.make_session(cast.episode, between), Answers(2, 2, 2), cast.now)
    assert evidence_of(cast.episode) == pytest.approx(engine_says([9, 9, 8, 9, 2, 9, 8, 9, 5]))


@pytest.mark.parametrize("seed", range(3))
def test_the_order_in_which_ratings_come_in_does_not_matter(cast, seed):
    scores: list[float | None] = [9, 9, 8, 9, 3, 3, 9, 8, 2, 2]
    starts = [cast.now - dt.timedelta(days=7 * (len(scores) - each)) for each in range(len(scores))]
    rated = [
        (factories.make_session(cast.episode, starts_at), score)
        for starts_at, score in zip(starts, scores, strict=True)
    ]
    random.Random(seed).shuffle(rated)
    for session, score in rated:
        record(session, Answers(score, score, score), cast.now)
    assert evidence_of(cast.episode) == pytest.approx(engine_says(scores))


def test_the_two_raters_are_assessed_apart(cast, session):
    record(session, EIGHT, cast.now)
    record(session, Answers(2, 2, 2), cast.now, rater=Rater.COUNSELOR)
    by_rater = Assessment.objects.values_list("rating__rater", "score", "parameters")
    assert {rater: score for rater, score, _ in by_rater} == {"client": 8, "counselor": 2}
    assert len({parameters for _, _, parameters in by_rater}) == 2


@pytest.mark.parametrize(
    ("facets", "outcome", "score"),
    [
        ((8, 6, None), "partial", 7),
        ((8, None, None), "partial", None),
        ((None, None, None), "partial", None),
        ((0, 0, 0), "complete", 0),
    ],
)
def test_a_facet_that_was_skipped_stays_unknown(cast, session, facets, outcome, score):
    rating = record(session, Answers(*facets), cast.now).rating
    rating.refresh_from_db()
    assert (rating.facet_values, rating.outcome) == (facets, outcome)
    assert rating.assessment.score == score


def test_a_note_is_stored_sealed_and_for_whom_the_client_chose(cast, session):
    answers = Answers(8, 8, 8, note="Slower, please", note_for="supervisor", change_wish="slower")
    rating = record(session, answers, cast.now).rating
    rating.refresh_from_db()
    assert rating.sealed_note is not None
    assert b"Slower" not in bytes(rating.sealed_note)
    assert unseal(cast.episode.client, "note", rating.sealed_note) == "Slower, please"
    assert (rating.note_for, rating.change_wish) == ("supervisor", "slower")


def test_a_form_filled_in_for_another_session_brings_no_clash(cast, session):
    """Its uuid names the rating of another session already: this is no retry of that."""
    other = record(session, EIGHT, cast.now, rater=Rater.COUNSELOR).rating
    second = factories.make_session(cast.episode, cast.now)
    staff = {"rater": Rater.COUNSELOR, "way_in": Rating.WayIn.STAFF}
    rating = record(second, EIGHT, cast.now, rating_uuid=other.uuid, **staff).rating
    assert rating.uuid != other.uuid
    assert Rating.objects.count() == 2


def test_every_step_of_a_flag_is_in_its_history(cast, session):
    factories.make_course(cast.episode, STEADY, cast.now - dt.timedelta(days=6))
    record(session, Answers(3, 3, 3), cast.now)
    next_one = factories.make_session(cast.episode, cast.now)
    record(next_one, Answers(3, 3, 3), cast.now)
    assert Flag.objects.get().last_rating.session == next_one
    assert FlagEvent.objects.count() == 1


def break_engine(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise error

    monkeypatch.setattr(assessing, "assess", broken)
