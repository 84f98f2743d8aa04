"""An answer on the wrong client's session is put right, and nothing of what was is lost."""

from __future__ import annotations

import datetime as dt
import re
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse

from measures.capture.asking import AlreadyAnswered, SessionNotHeld, open_request
from measures.capture.correcting import Mistake, NothingToMove, move_rating
from measures.capture.services import find_link
from measures.models import Assessment, Flag, Rater, Rating, RatingRequest
from measures.repair.talks import record_talk
from sessions.models import Episode, Session
from sessions.sealing import unseal
from tests import factories

DAY = dt.timedelta(days=1)
WHY = Mistake.WRONG_CLIENT


@pytest.fixture
def other(cast: SimpleNamespace) -> Episode:
    """Alice's second client."""
    return factories.make_episode(cast.alice, "T-309", cast.today)


def session_of(episode: Episode, cast: SimpleNamespace, days: int = 1) -> Session:
    return factories.make_session(episode, cast.now - days * DAY)


def move(cast: SimpleNamespace, wrong: Session, to: Session | None) -> Rating | None:
    return move_rating(session=wrong, to=to, why=WHY, by=cast.alice, now=cast.now)


def current(session: Session) -> Rating | None:
    return Rating.objects.current().by(Rater.CLIENT).filter(session=session).first()


def test_the_answer_moves_with_its_note_and_what_was_wrong_is_kept(cast, other):
    wrong, right = session_of(cast.episode, cast), session_of(other, cast)
    was = factories.rate(wrong, (8, 7, 6), now=cast.now, note="I moved out.", change_wish="plan")
    moved = move(cast, wrong, right)
    assert moved is not None
    assert (current(wrong), current(right)) == (None, moved)
    assert list(moved.facet_values) == [8, 7, 6]
    assert (moved.change_wish, moved.given_at, moved.way_in) == ("plan", was.given_at, was.way_in)
    assert unseal(other.client, "note", moved.sealed_note) == "I moved out."
    assert (moved.entered_by, moved.reason) == (cast.alice, WHY)
    was.refresh_from_db()
    assert was.superseded_at is not None
    record = Rating.objects.get(corrects=was)
    assert (record.outcome, record.entered_by, record.reason) == ("withdrawn", cast.alice, WHY)
    assert record.facet_values == (None, None, None)
    assert record.superseded_at is not None


def test_both_trends_are_worked_out_anew(cast, other):
    factories.make_course(cast.episode, [8, 8, 8, 8, 8, 8, 8], cast.now - 3 * DAY)
    factories.make_course(other, [8, 8, 8, 8, 8, 8, 8], cast.now - 3 * DAY)
    wrong, right = session_of(cast.episode, cast), session_of(other, cast)
    factories.rate(wrong, 1, now=cast.now)
    assert Flag.objects.get(episode=cast.episode, rater="client").state == Flag.State.NEW
    move(cast, wrong, right)
    assert Flag.objects.get(episode=cast.episode, rater="client").state == Flag.State.WITHDRAWN
    assert Flag.objects.get(episode=other, rater="client").state == Flag.State.NEW
    assert Assessment.objects.filter(rating__session=right, kind="none").count() == 0


def test_both_can_be_asked_and_answered_again(cast, other):
    wrong, right = session_of(cast.episode, cast), session_of(other, cast)
    made = factories.invite(wrong, cast.now)
    factories.rate(wrong, 8, now=cast.now)
    move(cast, wrong, right)
    assert find_link(made.token, cast.now) is None
    asked = open_request(session=Session.objects.get(pk=wrong.pk), now=cast.now)
    assert asked.pk != made.link.request_id
    again = factories.rate(wrong, 5, now=cast.now + dt.timedelta(minutes=1))
    assert current(wrong) == again


def test_what_was_said_of_a_promise_to_somebody_else_is_taken_back(cast, other):
    factories.make_course(cast.episode, [8, 8, 8, 8, 8, 8, 2], cast.now - 3 * DAY)
    flag = Flag.objects.get(episode=cast.episode, rater="client")
    talk = record_talk(
        flag=flag,
        by=cast.alice,
        talked_on=cast.today - 3 * DAY,
        now=cast.now,
        client_text={"en": "we go slower"},
    )
    wrong, right = session_of(cast.episode, cast), session_of(other, cast)
    factories.rate(wrong, 8, now=cast.now, happened="yes", promise=str(talk.uuid))
    talk.refresh_from_db()
    assert talk.client_says == "yes"
    move(cast, wrong, right)
    talk.refresh_from_db()
    assert (talk.client_says, talk.said_in) == ("", None)


def test_only_taken_off_where_it_belongs_to_nobody_here(cast):
    wrong = session_of(cast.episode, cast)
    factories.rate(wrong, 8, now=cast.now)
    assert move(cast, wrong, None) is None
    assert current(wrong) is None
    with pytest.raises(NothingToMove):
        move(cast, wrong, None)


def test_nothing_is_moved_onto_another_answer_or_a_session_not_held(cast, other):
    wrong, right = session_of(cast.episode, cast), session_of(other, cast)
    rating = factories.rate(wrong, 8, now=cast.now)
    factories.rate(right, 7, now=cast.now)
    with pytest.raises(AlreadyAnswered):
        move(cast, wrong, right)
    missed = factories.make_session(other, cast.now - 3 * DAY, Session.Status.MISSED)
    with pytest.raises(SessionNotHeld):
        move(cast, wrong, missed)
    assert current(wrong) == rating
    assert Rating.objects.count() == 2


# ---- by the page ----


def page(browser: Any, session: Session) -> str:
    return str(browser.get(reverse("rating_move", args=[session.uuid])).content.decode())


def test_by_the_page_without_a_look_at_the_answer(cast, other, log_in):
    alice = log_in(cast.alice)
    wrong, right = session_of(cast.episode, cast), session_of(other, cast)
    peers = session_of(cast.peers, cast)
    factories.rate(wrong, 3.37, now=cast.now, note="I moved out.")
    text = page(alice, wrong)
    assert "T-309" in text
    assert "B-001" not in text
    assert "3.37" not in text
    assert "I moved out." not in text
    path = reverse("rating_move", args=[wrong.uuid])
    stolen = alice.post(path, {"to": str(peers.uuid), "why": WHY})
    assert stolen.status_code == 422
    assert alice.post(path, {"to": "", "why": WHY}).status_code == 422
    answer = alice.post(path, {"to": str(right.uuid), "why": WHY})
    assert answer.url == reverse("episode", args=[other.uuid])
    assert current(right) is not None
    late = alice.post(path, {"to": "nobody", "why": WHY}, follow=True)
    assert "There is no answer on this session." in late.content.decode()


def test_a_rated_session_that_was_not_held_says_what_to_do(cast, log_in):
    alice = log_in(cast.alice)
    session = session_of(cast.episode, cast)
    factories.rate(session, 8, now=cast.now)
    local = session.starts_at.astimezone(factories.ZONE).strftime("%Y-%m-%dT%H:%M")
    fields = {"status": "missed", "mode": "in_person", "starts_at": local, "version": "1"}
    uuid = "0b6b0d3c-0b5c-4a7e-9d5c-3f6f0d7f4b12"
    path = reverse("session_log", args=[session.uuid])
    answer = alice.post(path, {**fields, "rating_uuid": uuid})
    assert "First put the answer where it belongs" in answer.content.decode()
    move(cast, session, None)
    assert alice.post(path, {**fields, "rating_uuid": uuid}).status_code == 302
    assert Session.objects.get(pk=session.pk).status == Session.Status.MISSED


def test_a_session_held_by_mistake_withdraws_what_was_asked(cast, log_in):
    alice = log_in(cast.alice)
    session = session_of(cast.episode, cast)
    made = factories.invite(session, cast.now)
    local = session.starts_at.astimezone(factories.ZONE).strftime("%Y-%m-%dT%H:%M")
    fields = {"mode": "in_person", "starts_at": local}
    path = reverse("session_log", args=[session.uuid])
    uuid = "0b6b0d3c-0b5c-4a7e-9d5c-3f6f0d7f4b13"
    alice.post(path, {**fields, "status": "missed", "version": "1", "rating_uuid": uuid})
    request = RatingRequest.objects.get(pk=made.link.request_id)
    assert request.withdrawn_why == RatingRequest.Withdrawn.NOT_HELD
    alice.post(path, {**fields, "status": "held", "version": "2", "rating_uuid": uuid})
    assert Session.objects.get(pk=session.pk).status == Session.Status.HELD


@pytest.mark.parametrize("name", ["alice", "finn"])
def test_what_was_asked_is_withdrawn_by_hand(cast, log_in, name):
    session = session_of(cast.episode, cast)
    made = factories.invite(session, cast.now)
    path = reverse("request_withdraw", args=[session.uuid])
    browser = log_in(getattr(cast, name))
    assert "Withdrawn." in browser.post(path, follow=True).content.decode()
    request = RatingRequest.objects.get(pk=made.link.request_id)
    assert request.withdrawn_why == RatingRequest.Withdrawn.BY_HAND
    assert find_link(made.token, cast.now) is None
    assert "Nothing was open" in browser.post(path, follow=True).content.decode()


@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
def test_two_who_put_the_same_answer_right_at_once_move_it_once(now):
    cast = factories.make_cast(now)
    other = factories.make_episode(cast.alice, "T-309", cast.today)
    wrong = session_of(cast.episode, cast)
    targets = [session_of(other, cast), session_of(other, cast, days=2)]
    factories.rate(wrong, 8, now=cast.now)
    told: list[str] = []
    start = threading.Barrier(2)

    def go(to: Session) -> None:
        start.wait()
        try:
            move(cast, wrong, to)
        except NothingToMove:
            told.append("nothing")
        else:
            told.append("moved")
        finally:
            connection.close()

    both = [threading.Thread(target=go, args=[to]) for to in targets]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert sorted(told) == ["moved", "nothing"]
    assert Rating.objects.current().by(Rater.CLIENT).count() == 1


# ---- who did it, and why ----


def corrections_page(browser: Any) -> str:
    return " ".join(browser.get(reverse("corrections")).content.decode().split())


def test_the_counselor_of_both_reads_who_did_it_when_and_why(cast, other, log_in):
    wrong, right = session_of(cast.episode, cast), session_of(other, cast, days=2)
    factories.rate(wrong, 4.37, now=cast.now)
    move(cast, wrong, right)
    page = corrections_page(log_in(cast.alice))
    assert "By Alice on" in page
    assert "another client answered." in page
    assert page.index("T-308") < page.index("T-309")
    assert reverse("session_answers", args=[right.uuid]) in page
    assert "4.4" not in re.sub("<[^>]*>", "", page)
    assert "T-308" not in corrections_page(log_in(cast.bob))


def test_what_was_only_taken_off_says_so(cast, log_in):
    wrong = session_of(cast.episode, cast)
    factories.rate(wrong, 8, now=cast.now)
    move(cast, wrong, None)
    assert "It is on no session of yours any more." in corrections_page(log_in(cast.alice))


def test_an_administrator_reads_numbers_and_no_client(cast, other, log_in):
    for days in (1, 2):
        wrong = session_of(cast.episode, cast, days=days)
        factories.rate(wrong, 8, now=cast.now)
        move(cast, wrong, None)
    page = corrections_page(log_in(cast.ada))
    assert (
        '<th scope="row">Alice</th><td>Another client answered</td><td class="num">2</td>' in page
    )
    assert "T-308" not in page
    assert "Alice" not in corrections_page(log_in(cast.eve))


def test_what_went_to_somebody_elses_client_shows_the_own_half(cast, log_in):
    """After a transfer the other client is not the viewer's to see any more."""
    wrong, right = session_of(cast.episode, cast), session_of(cast.peers, cast)
    factories.rate(wrong, 8, now=cast.now)
    move(cast, wrong, right)
    page = corrections_page(log_in(cast.alice))
    assert "T-308" in page
    assert cast.peers.client.code not in page
