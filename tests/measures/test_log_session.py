"""Logging a session: what became of it, and the counselor's own rating, in one form."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils.formats import time_format

from measures.capture import assessing
from measures.capture.correcting import Mistake, move_rating
from measures.models import Assessment, Flag, Rater, Rating
from sessions.models import Session
from tests import factories

FACETS = ("respect", "understanding", "goals")
EIGHT = dict.fromkeys(FACETS, "8")
HOSTILE = "<script>alert(1)</script>"


class LogForm:
    """Alice with the form of one of her sessions open in a browser."""

    def __init__(self, browser: Browser, session: Session) -> None:
        self.browser, self.session = browser, session
        page = self.get()
        form = page.context["form"]
        self.opened_with = {
            "status": "held",
            "starts_at": local(session.starts_at),
            "mode": session.mode,
            "version": str(form["version"].value()),
            "rating_uuid": str(form["rating_uuid"].value()),
        }

    @property
    def path(self) -> str:
        return f"/sessions/{self.session.uuid}/"

    def get(self) -> Any:
        return self.browser.get(self.path)

    def save(self, **changes: Any) -> Any:
        return self.browser.post(self.path, {**self.opened_with, **changes})

    def stored(self) -> Session:
        return Session.objects.get(pk=self.session.pk)


def local(moment: dt.datetime) -> str:
    """As the browser's control gives it, in the organization's time zone."""
    return moment.astimezone(factories.ZONE).strftime("%Y-%m-%dT%H:%M")


def text_of(response: Any) -> str:
    return str(response.content.decode())


def assert_stays_open(response: Any, sentence: str, status: int = 422) -> None:
    assert response.status_code == status
    assert sentence in text_of(response)


@pytest.fixture
def session(cast: SimpleNamespace) -> Session:
    starts_at = (cast.now - dt.timedelta(hours=1)).replace(second=0, microsecond=0)
    return factories.make_session(cast.episode, starts_at, "scheduled")


@pytest.fixture
def form(cast: SimpleNamespace, log_in: Any, session: Session) -> LogForm:
    return LogForm(log_in(cast.alice), session)


def test_held_with_the_own_rating(cast, form):
    saved = form.save(**EIGHT)
    assert saved.headers["Location"] == f"/episodes/{cast.episode.uuid}/"
    assert (form.stored().status, form.stored().version) == ("held", 2)
    rating = Rating.objects.get()
    assert (rating.rater, rating.way_in) == (Rater.COUNSELOR, Rating.WayIn.STAFF)
    assert (rating.facet_values, rating.entered_by) == ((8, 8, 8), cast.alice)
    assert str(rating.uuid) == form.opened_with["rating_uuid"]
    assert rating.assessment.score == 8


@pytest.mark.parametrize("status", ["missed", "cancelled"])
def test_what_was_not_held_is_stored_without_a_rating(form, status):
    form.save(status=status)
    assert form.stored().status == status
    assert not Rating.objects.exists()


@pytest.mark.parametrize("status", ["missed", "cancelled"])
def test_marks_are_not_dropped_in_silence(form, status):
    answer = form.save(status=status, **EIGHT)
    assert_stays_open(answer, "You rated it. Was it held?")
    assert (form.stored().status, Rating.objects.count()) == ("scheduled", 0)


def test_the_rating_can_come_later(form, log_in, cast):
    form.save()
    assert (form.stored().status, Rating.objects.count()) == ("held", 0)
    later = LogForm(form.browser, form.session)
    later.save(respect="7", understanding="skip")
    assert Rating.objects.get().facet_values == (7, None, None)


def test_once_rated_the_form_asks_no_more(form):
    form.save(**EIGHT)
    assert "Your own rating" not in text_of(form.get())


@pytest.mark.parametrize("status", ["missed", "cancelled"])
def test_a_session_the_client_answered_about_stays_held(form, cast, status):
    """Until the answer was put where it belongs; the own rating goes with the session."""
    form.save(**EIGHT)
    factories.rate(form.stored(), 8, Rater.CLIENT)
    answer = LogForm(form.browser, form.stored()).save(status=status)
    assert_stays_open(answer, "The client answered about this session, so it stays held.")
    assert form.stored().status == "held"
    assert Rating.objects.current().count() == 2
    move_rating(
        session=form.stored(), to=None, why=Mistake.WRONG_CLIENT, by=cast.alice, now=cast.now
    )
    LogForm(form.browser, form.stored()).save(status=status)
    assert form.stored().status == status
    assert not Rating.objects.current().exists()


@pytest.mark.parametrize("status", ["missed", "cancelled"])
def test_a_session_logged_by_mistake_is_undone_and_the_own_rating_stays_on_record(
    form, cast, status
):
    form.save(**EIGHT)
    was = Rating.objects.get()
    answer = LogForm(form.browser, form.stored()).save(status=status)
    assert answer.status_code == 302
    assert form.stored().status == status
    was.refresh_from_db()
    assert was.superseded_at is not None
    record = Rating.objects.get(corrects=was)
    assert (record.outcome, record.entered_by, record.reason) == (
        "withdrawn",
        cast.alice,
        "not held",
    )
    assert not Rating.objects.current().exists()
    page = form.browser.get(answer.url).content.decode()
    assert "Your own rating of it is taken off, and stays on record." in page
    # It took place after all: it is rated anew.
    LogForm(form.browser, form.stored()).save(status="held", **EIGHT)
    assert Rating.objects.current().by(Rater.COUNSELOR).count() == 1


def test_a_flag_of_own_ratings_goes_with_the_session_that_was_none(form, cast):
    factories.make_course(cast.episode, [8] * 8, cast.now - dt.timedelta(days=2), own=9)
    form.save(respect="1", understanding="1", goals="1")
    assert Flag.objects.get(rater="counselor").state == "new"
    LogForm(form.browser, form.stored()).save(status="cancelled")
    assert Flag.objects.get(rater="counselor").state == "withdrawn"


@pytest.mark.parametrize("status", ["held", "missed"])
def test_what_lies_ahead_was_neither_held_nor_missed(form, cast, status):
    tomorrow = local(cast.now + dt.timedelta(days=1))
    marks = EIGHT if status == "held" else {}
    answer = form.save(status=status, starts_at=tomorrow, **marks)
    assert_stays_open(answer, "Pick a date that is not in the future.")
    assert (form.stored().status, Rating.objects.count()) == ("scheduled", 0)


def test_what_lies_ahead_can_be_cancelled(form, cast):
    form.save(status="cancelled", starts_at=local(cast.now + dt.timedelta(days=1)))
    assert form.stored().status == "cancelled"


def test_later_today_is_today(form, cast):
    """Logging a minute early is no mistake."""
    tonight = cast.now.astimezone(factories.ZONE).replace(hour=23, minute=59)
    form.save(starts_at=local(tonight))
    assert form.stored().status == "held"


def test_a_time_is_read_in_the_time_zone_of_the_organization(form, cast):
    day = cast.today - dt.timedelta(days=3)
    form.save(starts_at=f"{day}T09:00")
    expected = dt.datetime.combine(day, dt.time(9), tzinfo=factories.ZONE)
    assert form.stored().starts_at == expected
    assert f'value="{day}T09:00"' in text_of(form.get())
    assert time_format(dt.time(9)) in text_of(form.get())


def test_somebody_who_saved_first_is_not_overwritten(form):
    LogForm(form.browser, form.session).save(status="missed", mode="video")
    answer = form.save(mode="phone", **EIGHT)
    assert_stays_open(answer, "Someone saved this a moment ago. Which version stays?", 409)
    assert "Stored a moment ago: missed" in text_of(answer)
    assert "by video" in text_of(answer)
    assert pressed(answer) >= {"status-held", "mode-phone", "respect-8", "goals-8"}
    assert (form.stored().status, Rating.objects.count()) == ("missed", 0)


def test_sending_again_after_seeing_both_stands(form):
    LogForm(form.browser, form.session).save(status="missed")
    answer = form.save(**EIGHT)
    shown = answer.context["form"]
    again = form.save(
        **EIGHT, version=shown["version"].value(), rating_uuid=shown["rating_uuid"].value()
    )
    assert again.status_code == 302
    assert (form.stored().status, form.stored().version) == ("held", 3)
    assert Rating.objects.get().facet_values == (8, 8, 8)


def test_two_who_say_the_same_do_not_disagree(form):
    LogForm(form.browser, form.session).save()
    assert form.save().status_code == 302
    assert form.stored().version == 2


def pressed(response: Any) -> set[str]:
    inputs = re.findall(
        r'<input class="btn-check"[^>]*id="([^"]+)"[^>]* checked>', text_of(response)
    )
    return set(inputs)


def test_sent_twice_is_stored_once(form):
    assert [form.save(**EIGHT).status_code for _ in range(2)] == [302, 302]
    assert (form.stored().version, Rating.objects.count()) == (2, 1)


def test_another_rating_from_a_second_tab_is_not_dropped_in_silence(form):
    second_tab = LogForm(form.browser, form.session)
    form.save(**EIGHT)
    answer = second_tab.save(**{**EIGHT, "goals": "2"})
    assert_stays_open(answer, "Your rating of this session is stored already, and it stays.")
    assert "goals-2" in pressed(answer)
    assert Rating.objects.get().facet_values == (8, 8, 8)


def test_of_that_second_tab_nothing_is_stored_by_halves(form, cast):
    second_tab = LogForm(form.browser, form.session)
    form.save(**EIGHT)
    stored = LogForm(form.browser, form.stored()).opened_with
    second_tab.save(mode="phone", version=stored["version"], **{**EIGHT, "goals": "2"})
    assert form.stored().mode == "in_person"


def test_a_time_that_is_taken_is_said(form, cast):
    other = form.session.starts_at - dt.timedelta(days=1)
    factories.make_session(cast.episode, other)
    answer = form.save(starts_at=local(other), **EIGHT)
    assert_stays_open(answer, "There is a session with this client at that time.")
    assert (form.stored().starts_at, Rating.objects.count()) == (form.session.starts_at, 0)


def test_the_time_of_a_cancelled_one_is_free(form, cast):
    other = form.session.starts_at - dt.timedelta(days=1)
    factories.make_session(cast.episode, other, "cancelled")
    form.save(starts_at=local(other))
    assert form.stored().starts_at == other


def test_a_session_that_moves_is_assessed_in_its_new_place(form, cast):
    scores: list[float | None] = [9, 9, 8, 9, 9, 3]
    factories.make_course(cast.episode, scores, cast.now - dt.timedelta(days=2), own=None)
    form.save()
    factories.rate(form.stored(), 9)
    first = Session.objects.order_by("starts_at").earliest("starts_at")
    before_all = local(first.starts_at - dt.timedelta(days=1))
    LogForm(form.browser, form.stored()).save(starts_at=before_all)
    in_order = Assessment.objects.order_by("rating__session__starts_at")
    assert in_order[0].status == Assessment.Status.TOO_EARLY
    assert in_order[0].rating.session == form.stored()


@pytest.mark.parametrize("member", ["bob", "finn", "ada", "sam", "eve"])
def test_only_the_own_counselor_logs(cast, log_in, session, member):
    browser = log_in(getattr(cast, member))
    answers = [
        browser.get(f"/sessions/{session.uuid}/"),
        browser.post(f"/sessions/{session.uuid}/"),
    ]
    # Sam may read of the session, but not change it; a page that is not for you is not there.
    assert {answer.status_code for answer in answers} <= {403, 404}
    assert Session.objects.get(pk=session.pk).version == 1


def test_somebody_elses_session_is_not_there_to_the_byte(cast, log_in, session):
    bob = log_in(cast.bob)
    foreign = bob.get(f"/sessions/{session.uuid}/")
    never = bob.get(f"/sessions/{uuid.uuid4()}/")
    assert foreign.status_code == 404
    assert foreign.content == never.content


def test_a_closed_episode_is_only_to_read(cast, form):
    cast.episode.closed_on, cast.episode.reason = cast.today, "completed"
    cast.episode.save()
    assert form.save().status_code == 403
    assert form.stored().version == 1


@pytest.mark.parametrize("value", ["11", "-1", "7.5", "abc", "1e1", "\uff17", "7\0", HOSTILE])
def test_a_mark_that_is_none_is_refused_and_the_rest_kept(form, value):
    answer = form.save(**{**EIGHT, "understanding": value})
    assert_stays_open(answer, "Choose a number from 0 to 10, or skip this one.")
    assert {"respect-8", "goals-8", "status-held"} <= pressed(answer)
    assert (form.stored().status, Rating.objects.count()) == ("scheduled", 0)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("status", "", "Say whether it was held, missed or cancelled."),
        ("status", "scheduled", "Select a valid choice."),
        ("status", "held\0", "Select a valid choice."),
        ("mode", "", "This field is required."),
        ("mode", "telepathy", "Select a valid choice."),
        ("starts_at", "", "This field is required."),
        ("starts_at", "yesterday", "Give a date and a time"),
        ("starts_at", "2026-02-30T09:00", "Give a date and a time"),
        ("starts_at", "\0", "Give a date and a time"),
        ("starts_at", "0001-01-01T00:00", "Pick a date near the one it was planned for."),
        ("starts_at", "9999-12-31T23:59", "Pick a date near the one it was planned for."),
        ("starts_at", "9" * 5000, "Give a date and a time"),
        ("version", "", "Something needs another look."),
        ("version", "1.5", "Something needs another look."),
        ("version", "-1", "Something needs another look."),
        ("version", "9" * 5000, "Something needs another look."),
        ("version", "\0", "Something needs another look."),
        ("rating_uuid", "", "Something needs another look."),
        ("rating_uuid", "7", "Something needs another look."),
        ("rating_uuid", HOSTILE, "Something needs another look."),
    ],
)
def test_what_does_not_fit_is_said_and_the_rest_is_kept(form, field, value, sentence):
    answer = form.save(**{**EIGHT, field: value})
    assert_stays_open(answer, sentence)
    assert {f"{facet}-8" for facet in FACETS} <= pressed(answer)
    assert HOSTILE not in text_of(answer)
    assert (form.stored().status, Rating.objects.count()) == ("scheduled", 0)


def test_a_version_that_never_was_is_a_disagreement(form):
    assert_stays_open(form.save(version="7"), "Someone saved this a moment ago.", 409)


def test_a_time_of_day_that_does_not_exist_is_refused(form, cast, session):
    """When the clocks go forward, 2:30 does not happen."""
    Session.objects.filter(pk=session.pk).update(
        starts_at=dt.datetime(2026, 3, 1, 15, tzinfo=dt.UTC)
    )
    answer = form.save(starts_at="2026-03-08T02:30")
    assert answer.status_code == 422
    assert form.stored().status == "scheduled"


def test_a_rating_of_somebody_else_cannot_be_named(form, cast):
    other = factories.make_session(cast.peers, cast.now - dt.timedelta(days=1))
    theirs = factories.rate(other, 3, Rater.COUNSELOR)
    assert form.save(**EIGHT, rating_uuid=str(theirs.uuid)).status_code == 302
    theirs.refresh_from_db()
    assert list(theirs.facet_values) == [3, 3, 3]
    assert Rating.objects.get(session=form.session).facet_values == (8, 8, 8)


def test_fields_nobody_asked_for_change_nothing(form, cast):
    form.save(**EIGHT, episode=cast.peers.pk, rater="client", organization=cast.elsewhere.pk)
    assert form.stored().episode == cast.episode
    assert Rating.objects.get().rater == Rater.COUNSELOR


def test_an_engine_that_fails_does_not_stop_the_day(form, monkeypatch):
    def broken(*args: Any, **kwargs: Any) -> None:
        raise ValueError

    monkeypatch.setattr(assessing, "assess", broken)
    assert form.save(**EIGHT).status_code == 302
    assert Assessment.objects.get().status == Assessment.Status.FAILED


def test_without_a_csrf_token_nothing_is_stored(cast, session):
    strict = Browser(enforce_csrf_checks=True)
    strict.force_login(cast.alice.user)
    answer = LogForm(strict, session).save(**EIGHT)
    assert_stays_open(answer, "What you typed is still there.", 403)
    assert not Rating.objects.exists()


def test_not_this_time_waives_the_blind_rule_once(form, cast):
    form.save()
    for _ in range(2):
        answer = form.browser.post(f"{form.path}waive/")
        assert answer.headers["Location"] == f"/episodes/{cast.episode.uuid}/"
    assert form.stored().blind_waived_at is not None
