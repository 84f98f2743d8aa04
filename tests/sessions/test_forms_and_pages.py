"""Opening and closing episodes, keeping identities and the calendar, settings."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.utils.formats import time_format
from django.utils.html import escape

from sessions.models import Client, Episode, Organization, Session
from sessions.sealing import Identity, unseal, unseal_identity
from sessions.services import close_episode, start_session
from sessions.signals import episodes_closed
from tests import factories

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
NUL = "Null characters are not allowed."
TOO_LONG = "Ensure this value has at most"
BAD_CODE = "Use letters, digits, dots and dashes, such as T-308."
TAKEN = "There is a session with this client at that time."


def text_of(response: Any) -> str:
    return str(response.content.decode())


def assert_stays_open(response: Any, sentence: str) -> None:
    """The form again, with a sentence. It never comes to an error page."""
    assert response.status_code in {200, 422}
    assert sentence in text_of(response)
    assert response.context["form"].errors


def local(moment: dt.datetime) -> str:
    return moment.astimezone(factories.ZONE).strftime("%Y-%m-%dT%H:%M")


@pytest.fixture
def alice(cast: Any, log_in: Any) -> Browser:
    browser: Browser = log_in(cast.alice)
    return browser


@pytest.fixture
def finn(cast: Any, log_in: Any) -> Browser:
    browser: Browser = log_in(cast.finn)
    return browser


def open_one(browser: Browser, **fields: str) -> Any:
    given = {"code": "N-001", "name": "", "language": "en", "goal": "", "answers_with": "buttons"}
    return browser.post("/episodes/open/", {**given, **fields})


def test_a_code_is_all_it_takes_to_open_an_episode(cast, alice):
    answer = open_one(alice)
    episode = Episode.objects.get(client__code="N-001")
    assert answer.headers["Location"] == f"/clients/{episode.client.uuid}/edit/"
    assert (episode.counselor, episode.organization) == (cast.alice, cast.here)
    assert (episode.opened_on, episode.closed_on) == (cast.today, None)
    assert (episode.client.sealed_identity, episode.sealed_goal) == (None, None)


def test_name_and_goal_are_sealed(cast, alice):
    open_one(alice, name="Jo Doe", goal="See my kids")
    client = Client.objects.get(code="N-001")
    assert unseal_identity(client) == Identity(name="Jo Doe")
    assert unseal(client, "goal", client.episodes.get().sealed_goal) == "See my kids"


def test_a_code_that_is_taken_is_said_and_what_was_typed_is_kept(cast, alice):
    before = Client.objects.count(), Episode.objects.count()
    answer = open_one(alice, code="B-001", name="Jo Doe", goal="See my kids")
    assert_stays_open(answer, "This code is taken. Choose another.")
    assert 'value="Jo Doe"' in text_of(answer)
    assert "See my kids</textarea>" in text_of(answer)
    assert (Client.objects.count(), Episode.objects.count()) == before


def test_elsewhere_the_same_code_is_free(cast, alice):
    assert open_one(alice, code="E-001").status_code == 302


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("code", "", "This field is required."),
        ("code", "  ", "This field is required."),
        ("code", "T 308", BAD_CODE),
        ("code", "-T308", BAD_CODE),
        ("code", "T/308", BAD_CODE),
        ("code", "T\uff13", BAD_CODE),
        ("code", HOSTILE, BAD_CODE),
        ("code", "T\x00308", NUL),
        ("code", "T" * 21, TOO_LONG),
        ("code", "T" * 10_000, TOO_LONG),
        ("name", "Jo\0", NUL),
        ("name", "J" * 121, TOO_LONG),
        ("goal", "\0", NUL),
        ("goal", "g" * 501, TOO_LONG),
        ("language", "xx", "Select a valid choice."),
        ("language", "", "This field is required."),
    ],
)
def test_what_cannot_open_an_episode_is_said(cast, alice, field, value, sentence):
    before = Client.objects.count()
    answer = open_one(alice, **{"name": "Kept", field: value})
    assert_stays_open(answer, sentence)
    assert HOSTILE not in text_of(answer)
    assert Client.objects.count() == before


@pytest.mark.parametrize("name", [HOSTILE, "\u202eoJ", "Zoë 💊", "=1+1", "{{ request }}"])
def test_a_name_is_shown_as_it_was_typed(cast, alice, finn, name):
    open_one(alice, name=name)
    client = Client.objects.get(code="N-001")
    for page in (f"/clients/{client.uuid}/", f"/clients/{client.uuid}/edit/"):
        assert escape(name) in text_of(finn.get(page))
    for page in (f"/episodes/{client.episodes.get().uuid}/", "/caseload/"):
        assert escape(name) in text_of(alice.get(page))
        assert "<script>alert" not in text_of(alice.get(page))


@pytest.mark.parametrize("member", ["sam", "ada", "finn"])
def test_only_counselors_open_episodes(cast, log_in, member):
    assert open_one(log_in(getattr(cast, member))).status_code == 404
    assert not Client.objects.filter(code="N-001").exists()


def edit(browser: Browser, client: Client, **fields: str) -> Any:
    given = {**factories.CLIENT_FORM, "name": "Jo Doe", "email": "", "phone": ""}
    return browser.post(f"/clients/{client.uuid}/edit/", {**given, **fields})


def test_the_front_desk_keeps_how_to_reach_somebody(cast, finn):
    client = cast.episode.client
    answer = edit(finn, client, email="jo@example.org", phone="555-0142")
    assert answer.headers["Location"] == f"/clients/{client.uuid}/"
    client.refresh_from_db()
    assert unseal_identity(client) == Identity("Jo Doe", "jo@example.org", "555-0142")


def test_emptied_fields_leave_nothing_behind(cast, finn):
    edit(finn, cast.episode.client, name="")
    cast.episode.client.refresh_from_db()
    assert cast.episode.client.sealed_identity is None


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("email", "jo", "Enter a valid email address."),
        ("email", "jo@example.org\0", NUL),
        ("email", "jo@example.org\nBcc: all@example.org", "Enter a valid email address."),
        ("email", "j" * 200 + "@example.org", TOO_LONG),
        ("name", "\0", NUL),
        ("name", "J" * 121, TOO_LONG),
        ("phone", "5" * 41, TOO_LONG),
        ("language", "xx", "Select a valid choice."),
    ],
)
def test_what_cannot_be_kept_of_a_client_is_said(cast, finn, field, value, sentence):
    client = cast.episode.client
    before = bytes(client.sealed_identity)
    assert_stays_open(edit(finn, client, **{"phone": "555-0142", field: value}), sentence)
    client.refresh_from_db()
    assert bytes(client.sealed_identity) == before


def test_whose_client_it_is_not_does_not_get_there(cast, alice, log_in):
    assert edit(alice, cast.peers.client).status_code == 404
    assert edit(log_in(cast.eve), cast.episode.client).status_code == 404
    assert edit(log_in(cast.sam), cast.episode.client).status_code == 404


def schedule(browser: Browser, client: Client, episode: Any, starts_at: str, **fields: str) -> Any:
    given = {"episode": str(episode), "starts_at": starts_at, "mode": "video"}
    return browser.post(f"/clients/{client.uuid}/schedule/", {**given, **fields})


def test_a_session_is_put_on_the_calendar_in_local_time(cast, finn):
    day = cast.today + dt.timedelta(days=3)
    answer = schedule(finn, cast.episode.client, cast.episode.uuid, f"{day}T09:00")
    assert answer.headers["Location"] == f"/clients/{cast.episode.client.uuid}/"
    session = Session.objects.get()
    assert session.starts_at == dt.datetime.combine(day, dt.time(9), tzinfo=factories.ZONE)
    assert (session.episode, session.mode, session.status) == (cast.episode, "video", "scheduled")
    assert time_format(dt.time(9)) in text_of(finn.get(answer.headers["Location"]))


def test_a_time_that_is_taken_is_said(cast, finn):
    starts_at = (cast.now + dt.timedelta(days=1)).replace(second=0, microsecond=0)
    factories.make_session(cast.episode, starts_at, "scheduled")
    answer = schedule(finn, cast.episode.client, cast.episode.uuid, local(starts_at))
    assert_stays_open(answer, TAKEN)
    assert f'value="{local(starts_at)}"' in text_of(answer)
    assert Session.objects.count() == 1


def test_no_episode_but_those_offered_can_be_chosen(cast, finn, alice):
    soon = local(cast.now + dt.timedelta(days=1))
    closed = factories.make_episode(cast.alice, "T-400", cast.today)
    close_episode(episode=closed, reason="completed", now=cast.now)
    foreign = [cast.peers.uuid, cast.eves.uuid, closed.uuid, uuid.uuid4()]
    for episode in [*foreign, cast.episode.pk, "abc", "\0", "' OR 1=1", "9" * 5000, ""]:
        for browser in (finn, alice):
            answer = schedule(browser, cast.episode.client, episode, soon)
            assert_stays_open(answer, 'id="error_1_id_episode"')
    assert not Session.objects.exists()


def test_a_counselor_schedules_own_clients_only(cast, alice):
    soon = local(cast.now + dt.timedelta(days=1))
    assert schedule(alice, cast.peers.client, cast.peers.uuid, soon).status_code == 404
    assert not Session.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("starts_at", "", "This field is required."),
        ("starts_at", "soon", "Give a date and a time"),
        ("starts_at", "2026-13-01T09:00", "Give a date and a time"),
        ("starts_at", "9999-12-31T23:59", "Pick a date within a year of today."),
        ("starts_at", "0001-01-01T00:00", "Pick a date within a year of today."),
        ("starts_at", "\0", "Give a date and a time"),
        ("mode", "telepathy", "Select a valid choice."),
        ("mode", "", "This field is required."),
    ],
)
def test_what_cannot_be_scheduled_is_said(cast, finn, field, value, sentence):
    given = {"starts_at": local(cast.now + dt.timedelta(days=1)), field: value}
    assert_stays_open(schedule(finn, cast.episode.client, cast.episode.uuid, **given), sentence)
    assert not Session.objects.exists()


def start(browser: Browser, episode: Episode) -> Any:
    return browser.post(f"/episodes/{episode.uuid}/start/")


def test_a_walk_in_starts_with_one_tap_and_a_second_finds_the_same(cast, alice):
    first, second = start(alice, cast.episode), start(alice, cast.episode)
    session = Session.objects.get()
    assert first.headers["Location"] == second.headers["Location"] == f"/sessions/{session.uuid}/"
    assert (session.starts_at.second, session.starts_at.microsecond) == (0, 0)
    assert abs(session.starts_at - cast.now) < dt.timedelta(minutes=5)


@pytest.mark.parametrize(("minutes", "sessions"), [(0, 1), (1, 1), (4, 1), (6, 2)])
def test_a_tap_within_five_minutes_means_the_same_session(cast, minutes, sessions):
    start_session(episode=cast.episode, now=cast.now)
    start_session(episode=cast.episode, now=cast.now + dt.timedelta(minutes=minutes))
    assert Session.objects.count() == sessions


def test_a_cancelled_one_is_not_what_is_starting(cast):
    starts_at = cast.now.replace(second=0, microsecond=0)
    factories.make_session(cast.episode, starts_at, "cancelled")
    assert start_session(episode=cast.episode, now=cast.now).status == "scheduled"


@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
def test_two_taps_at_once_are_one_session(cast):
    gate = threading.Barrier(6)
    found: list[Any] = []

    def tap() -> None:
        connection.ensure_connection()  # so that they start as one
        gate.wait()
        try:
            found.append(start_session(episode=cast.episode, now=cast.now).pk)
        finally:
            connection.close()

    taps = [threading.Thread(target=tap) for _ in range(6)]
    for each in taps:
        each.start()
    for each in taps:
        each.join()
    assert found == [Session.objects.get().pk] * 6


@pytest.mark.parametrize("member", ["bob", "sam", "finn", "eve"])
def test_nobody_else_starts_it(cast, log_in, member):
    assert start(log_in(getattr(cast, member)), cast.episode).status_code in {403, 404}
    assert not Session.objects.exists()


def close(browser: Browser, episode: Episode, reason: str) -> Any:
    return browser.post(f"/episodes/{episode.uuid}/close/", {"reason": reason})


@pytest.mark.parametrize("reason", Episode.Reason.values)
def test_an_episode_closes_with_a_reason(cast, alice, reason):
    answer = close(alice, cast.episode, reason)
    assert answer.headers["Location"] == f"/episodes/{cast.episode.uuid}/"
    cast.episode.refresh_from_db()
    assert (cast.episode.closed_on, cast.episode.reason) == (cast.today, reason)


@pytest.mark.parametrize("reason", ["", "bored", "\0", HOSTILE])
def test_without_one_it_stays_open(cast, alice, reason):
    assert_stays_open(close(alice, cast.episode, reason), 'id="error_1_id_reason"')
    cast.episode.refresh_from_db()
    assert cast.episode.closed_on is None


def test_what_was_still_to_come_is_cancelled_and_what_was_stays(cast, alice):
    for days, status in ((-7, "held"), (-3, "missed"), (7, "scheduled")):
        factories.make_session(cast.episode, cast.now + dt.timedelta(days=days), status)
    close(alice, cast.episode, "completed")
    statuses = Session.objects.order_by("starts_at").values_list("status", flat=True)
    assert list(statuses) == ["held", "missed", "cancelled"]


def test_a_closed_episode_can_be_read_and_not_changed(cast, alice):
    close(alice, cast.episode, "completed")
    assert alice.get(f"/episodes/{cast.episode.uuid}/").status_code == 200
    assert close(alice, cast.episode, "other").status_code == 403
    assert start(alice, cast.episode).status_code == 403
    cast.episode.refresh_from_db()
    assert cast.episode.reason == "completed"


def test_closing_is_announced_after_the_commit(cast, django_capture_on_commit_callbacks):
    heard: list[Episode] = []

    def hear(episodes: list[Episode], **kwargs: Any) -> None:
        heard.extend(episodes)

    episodes_closed.connect(hear)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            close_episode(episode=cast.episode, reason="completed", now=cast.now)
            assert heard == []
    finally:
        episodes_closed.disconnect(hear)
    assert heard == [cast.episode]


@pytest.fixture
def ada(cast: Any, log_in: Any) -> Browser:
    browser: Browser = log_in(cast.ada)
    return browser


def set_up(browser: Browser, **fields: str) -> Any:
    given = {
        "name": "Oak Street",
        "sender_name": "Oak Street",
        "phone": "555-0100",
        "time_zone": "America/Denver",
        "language": "es",
        "request_days": "7",
        "answers_with": "buttons",
        "crisis_text": "Call 988.",
        **factories.MESSAGE_SETTINGS,
    }
    return browser.post("/settings/", {**given, **fields})


def test_settings_are_saved(cast, ada):
    assert set_up(ada).headers["Location"] == "/settings/"
    here = Organization.objects.get(pk=cast.here.pk)
    assert (here.time_zone, here.request_days) == ("America/Denver", 7)
    assert (here.language, here.crisis_text) == ("es", "Call 988.")


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("time_zone", "Chicago", "is not a time zone we know. Try America/Chicago."),
        ("time_zone", "../../etc/passwd", "is not a time zone we know."),
        ("time_zone", "America/Chicago\0", NUL),
        ("time_zone", "x" * 65, TOO_LONG),
        ("time_zone", HOSTILE, "is not a time zone we know."),
        ("request_days", "0", "greater than or equal to 1"),
        ("request_days", "31", "less than or equal to 30"),
        ("request_days", "1e3", "Enter a whole number."),
        ("request_days", "9" * 5000, "Enter a whole number."),
        ("name", "", "This field is required."),
        ("sender_name", "x" * 41, TOO_LONG),
        ("crisis_text", "x" * 301, TOO_LONG),
        ("language", "ar", "Select a valid choice."),
    ],
)
def test_a_setting_that_cannot_be_is_said_and_nothing_is_saved(cast, ada, field, value, sentence):
    before = Organization.objects.filter(pk=cast.here.pk).values().get()
    answer = set_up(ada, **{"phone": "555-0155", field: value})
    assert_stays_open(answer, sentence)
    assert 'value="555-0155"' in text_of(answer)
    assert HOSTILE not in text_of(answer)
    assert Organization.objects.filter(pk=cast.here.pk).values().get() == before


def test_settings_are_those_of_the_own_organization(cast, log_in):
    set_up(log_in(cast.eve), name="Elm House", id=str(cast.here.pk), uuid=str(cast.here.uuid))
    cast.here.refresh_from_db()
    assert cast.here.time_zone == "America/Chicago"


def test_the_crisis_text_is_shown_as_it_was_typed(cast, ada):
    set_up(ada, crisis_text=HOSTILE)
    made = factories.invite(factories.make_session(cast.episode, cast.now), cast.now)
    browser = Browser()
    browser.get(f"/rate/{made.token}")
    page = text_of(browser.get(f"/rate/r/{made.link.request.uuid}/questions/"))
    assert escape(HOSTILE) in page
    assert HOSTILE not in page


def test_an_episode_with_a_session_nobody_logged_is_not_closed(cast, alice):
    begun = factories.make_session(cast.episode, cast.now - dt.timedelta(hours=2), "scheduled")
    ahead = factories.make_session(cast.episode, cast.now + dt.timedelta(days=2), "scheduled")
    answer = close(alice, cast.episode, "completed")
    assert "First log the session of" in answer.content.decode()
    begun.status = Session.Status.HELD
    begun.save()
    close(alice, cast.episode, "completed")
    for session in (begun, ahead, cast.episode):
        session.refresh_from_db()
    assert (begun.status, ahead.status) == ("held", "cancelled")
    assert cast.episode.reason == "completed"


def test_a_new_client_is_offered_the_language_of_the_place(cast, log_in):
    Organization.objects.filter(pk=cast.here.pk).update(language="es")
    page = text_of(log_in(cast.alice).get("/episodes/open/", headers={"Accept-Language": "en"}))
    assert '<option value="es" selected>Spanish</option>' in page
