"""Staff, roles, supervision, cover, transfer, leaving: nothing is lost, nobody locked out."""

from __future__ import annotations

import datetime as dt
import re
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from measures.models import Action, Rating, RatingRequest
from measures.repair.actions import agree_on_action
from sessions.models import Consent, Cover, Episode, Membership, Pause, Session, Supervision, User
from sessions.pausing import EpisodeClosed, pause_episode
from sessions.services import SessionNotLogged
from sessions.staffing import (
    LastAdministrator,
    LastRightsContact,
    StillNeeded,
    change_member,
    end_cover,
    end_membership,
    start_cover,
    transfer_all,
)
from sessions.transferring import AlreadyTogether, NoCounselor, transfer_episode
from tests import factories
from tests.crowds import make_crowd

DAY = dt.timedelta(days=1)
SEEN = 200


@pytest.fixture
def ada(cast: SimpleNamespace, log_in: Any) -> Browser:
    browser: Browser = log_in(cast.ada)
    return browser


def send(browser: Browser, route: str, row: Any, **fields: Any) -> Any:
    return browser.post(reverse(route, args=[row.uuid]), fields)


def status(browser: Browser, name: str, *args: Any) -> int:
    return browser.get(reverse(name, args=args)).status_code


def text_of(response: Any) -> str:
    return str(response.content.decode())


# ---- put on the staff ----


def test_who_is_invited_sets_a_password_and_is_in(cast, ada, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        fields = {"email": "Nia@Example.org", "name": "Nia", "roles": ["counselor"]}
        answer = ada.post(reverse("staff_add"), fields)
    member = Membership.objects.get(name="Nia")
    assert answer.url == reverse("staff_member", args=[member.uuid])
    assert (member.counselor, member.supervisor, member.administrator) == (True, False, False)
    [letter] = mail.outbox
    assert letter.to == ["nia@example.org"]
    assert "Alice" not in letter.body
    [link] = re.findall(r"https?://[^/]+(/account/reset/\S+)", str(letter.body))
    browser = Browser()
    form = browser.get(link, follow=True)
    words = {"password1": factories.PASSWORD + " 2", "password2": factories.PASSWORD + " 2"}
    browser.post(form.request["PATH_INFO"], words)
    assert User.objects.get(email="nia@example.org").check_password(words["password1"])
    browser.force_login(member.user)
    assert status(browser, "today") == SEEN


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"roles": []}, "Choose at least one."),
        ({"roles": ["owner"]}, "Select a valid choice."),
        ({"roles": ["rights_contact"]}, "Clients call the rights contact: give a number."),
        ({"email": "nowhere"}, "Enter a valid email address."),
        ({"name": ""}, "This field is required."),
    ],
)
def test_what_is_wrong_is_said_and_nobody_is_added(cast, ada, fields, sentence):
    given = {"email": "nia@example.org", "name": "Nia", "roles": ["counselor"], **fields}
    before = Membership.objects.count()
    answer = ada.post(reverse("staff_add"), given)
    assert answer.status_code == 422
    assert sentence in text_of(answer)
    assert Membership.objects.count() == before
    assert mail.outbox == []


def test_somebody_on_the_staff_is_not_added_twice(cast, ada):
    given = {"email": cast.alice.user.email, "name": "Alice", "roles": ["counselor"]}
    assert ada.post(reverse("staff_add"), given).status_code == 422


# ---- roles ----


def test_roles_count_from_the_next_request_on(cast, ada, log_in):
    finn = log_in(cast.finn)
    assert status(finn, "caseload") == 404
    send(ada, "staff_member", cast.finn, name="Finn", roles=["front_desk", "counselor"])
    assert status(finn, "caseload") == SEEN
    send(ada, "staff_member", cast.finn, name="Finn", roles=["front_desk"])
    assert status(finn, "caseload") == 404


def roles_of(member: Membership, *roles: str, phone: str = "") -> None:
    today = member.organization.today(dt.datetime.now(dt.UTC))
    change_member(member=member, name=member.name, phone=phone, roles=roles, today=today)


def test_the_last_administrator_stays_one(cast):
    with pytest.raises(LastAdministrator):
        roles_of(cast.ada, "front_desk")
    with pytest.raises(LastAdministrator):
        end_membership(member=cast.ada, now=cast.now)
    roles_of(cast.finn, "front_desk", "administrator")
    roles_of(cast.ada, "front_desk")
    assert not Membership.objects.get(pk=cast.ada.pk).administrator


def test_a_disabled_administrator_does_not_count(cast):
    roles_of(cast.finn, "front_desk", "administrator")
    User.objects.filter(pk=cast.finn.user_id).update(is_active=False)
    with pytest.raises(LastAdministrator):
        roles_of(cast.ada, "front_desk")


def test_a_rights_contact_goes_only_when_the_next_one_is_named(cast, ada):
    answer = send(ada, "staff_member", cast.dana, name="Dana", roles=["front_desk"])
    assert "Name another rights contact first." in text_of(answer)
    with pytest.raises(LastRightsContact):
        end_membership(member=cast.dana, now=cast.now)
    roles_of(cast.finn, "front_desk", "rights_contact", phone="555-0133")
    end_membership(member=cast.dana, now=cast.now)


def test_who_has_clients_stays_a_counselor_and_who_has_a_team_a_supervisor(cast):
    with pytest.raises(StillNeeded):
        roles_of(cast.alice, "front_desk")
    with pytest.raises(StillNeeded):
        roles_of(cast.sam, "front_desk")
    factories.supervise(cast.ada, cast.alice, cast.today)
    with pytest.raises(StillNeeded):  # ada is no supervisor, so she counts for nothing
        roles_of(cast.sam, "front_desk")
    roles_of(cast.ada, "administrator", "supervisor")
    roles_of(cast.sam, "front_desk")


# ---- supervision ----


def test_supervision_begins_and_ends_with_the_next_request(cast, ada, log_in):
    sam = log_in(cast.sam)
    assert status(sam, "episode", cast.peers.uuid) == 404
    send(ada, "staff_supervision", cast.bob, supervisor=str(cast.sam.uuid))
    factories.say_why(cast.sam, cast.now)
    assert status(sam, "episode", cast.peers.uuid) == SEEN
    again = send(ada, "staff_supervision", cast.bob, supervisor=str(cast.sam.uuid))
    assert "They supervise this counselor already." in text_of(again)
    row = Supervision.objects.get(supervisor=cast.sam, counselor=cast.bob)
    send(ada, "supervision_end", row)
    assert status(sam, "episode", cast.peers.uuid) == 404


@pytest.mark.parametrize("name", ["alice", "finn", "eve", "bob"])
def test_only_a_supervisor_of_the_house_can_be_named(cast, ada, name):
    chosen = str(getattr(cast, name).uuid)
    answer = send(ada, "staff_supervision", cast.bob, supervisor=chosen)
    assert "Choose one of those listed." in text_of(answer)


# ---- cover ----


def stand_in(cast: SimpleNamespace, to: int = 0) -> Cover:
    return start_cover(
        member=cast.alice,
        stands_in=cast.bob,
        from_on=cast.today,
        to_on=cast.today + to * DAY,
        reason="",
    )


def test_who_stands_in_reads_notes_and_is_blind_until_they_rate(cast, log_in):
    bob = log_in(cast.bob)
    session = factories.make_session(cast.episode, cast.now - dt.timedelta(hours=2))
    rating = factories.rate(session, 4.37, now=cast.now, note="Please call me Jo.")
    viewer = factories.viewer_of(cast.bob, cast.now)
    assert not Rating.objects.notes_to(viewer).exists()
    stand_in(cast)
    viewer = factories.viewer_of(cast.bob, cast.now)  # a new request
    page = text_of(bob.get(reverse("episode", args=[cast.episode.uuid])))
    assert "Please call me Jo." in page
    assert "A rating was given" in page
    assert "4.37" not in page
    assert not Rating.objects.open_to(viewer).filter(pk=rating.pk).exists()
    factories.rate(session, 7, "counselor", now=cast.now)
    viewer = factories.viewer_of(cast.bob, cast.now)  # and another
    assert Rating.objects.open_to(viewer).filter(pk=rating.pk).exists()
    assert "4.37" in text_of(bob.get(reverse("episode", args=[cast.episode.uuid])))


def test_cover_by_the_page_lasts_and_ends_as_said(cast, ada, log_in):
    bob = log_in(cast.bob)
    days = {"from_on": str(cast.today), "to_on": str(cast.today + 3 * DAY)}
    send(ada, "staff_cover", cast.alice, stands_in=str(cast.bob.uuid), **days)
    assert status(bob, "episode", cast.episode.uuid) == SEEN
    send(ada, "cover_end", Cover.objects.get())
    assert status(bob, "episode", cast.episode.uuid) == 404


def test_a_cover_that_has_not_begun_is_ended_too(cast):
    cover = start_cover(
        member=cast.alice,
        stands_in=cast.bob,
        from_on=cast.today + 5 * DAY,
        to_on=cast.today + 9 * DAY,
        reason="",
    )
    end_cover(cover=cover, today=cast.today)
    cover.refresh_from_db()
    assert cover.to_on < cast.today
    assert cover.from_on <= cover.to_on


@pytest.mark.parametrize(
    ("start", "end", "sentence"),
    [
        (2, 1, "This is before the first day."),
        (-3, -1, "This day has passed."),
        (0, 400, "At most a year."),
    ],
)
def test_days_that_cannot_be_are_said(cast, ada, start, end, sentence):
    days = {"from_on": str(cast.today + start * DAY), "to_on": str(cast.today + end * DAY)}
    answer = send(ada, "staff_cover", cast.alice, stands_in=str(cast.bob.uuid), **days)
    assert sentence in text_of(answer)
    assert not Cover.objects.exists()


# ---- transfer ----


def transfer(cast: SimpleNamespace, **values: Any) -> Episode:
    return transfer_episode(episode=cast.episode, to=cast.bob, now=cast.now, **values)


def test_a_transfer_closes_one_episode_and_opens_the_next(cast, django_capture_on_commit_callbacks):
    held = factories.make_session(cast.episode, cast.now - DAY)
    coming = factories.make_session(cast.episode, cast.now + 3 * DAY, Session.Status.SCHEDULED)
    made = factories.invite(held, cast.now)
    with django_capture_on_commit_callbacks(execute=True):
        new = transfer(cast)
    former = Episode.objects.get(pk=cast.episode.pk)
    assert (former.reason, former.closed_on) == ("transferred", cast.today)
    assert (new.continues, new.counselor, new.client) == (former, cast.bob, former.client)
    assert bytes(new.sealed_goal or b"") == bytes(former.sealed_goal or b"")
    moved = Session.objects.get(pk=coming.pk)
    assert (moved.episode, moved.status, moved.version) == (new, "scheduled", 2)
    assert Session.objects.get(pk=held.pk).episode == former
    request = RatingRequest.objects.get(pk=made.link.request_id)
    assert request.withdrawn_why == RatingRequest.Withdrawn.CLOSED


def test_the_former_reads_on_and_the_new_one_begins_with_their_own(cast, log_in):
    factories.make_course(cast.episode, [8, 8, 8], cast.now)
    alice, bob, sam = (log_in(member) for member in (cast.alice, cast.bob, cast.sam))
    new = transfer(cast)
    assert status(alice, "episode", cast.episode.uuid) == SEEN
    assert status(alice, "episode_close", cast.episode.uuid) == 403
    assert status(alice, "episode", new.uuid) == 404
    assert status(bob, "episode", new.uuid) == SEEN
    assert status(bob, "episode", cast.episode.uuid) == 404
    assert status(sam, "episode", new.uuid) == 404  # sam supervises alice, not bob


def test_where_the_client_agreed_the_new_one_reads_the_answers_and_no_note(cast, log_in):
    for days, note_for in ((9, "counselor"), (8, "supervisor")):
        session = factories.make_session(cast.episode, cast.now - days * DAY)
        factories.rate(session, 6, note=f"Words for {note_for}", note_for=note_for)
    new = transfer(cast, agrees=True, how="in person")
    bob = log_in(cast.bob)
    page = text_of(bob.get(reverse("episode", args=[cast.episode.uuid])))
    assert "6.0" in page
    assert "Words for" not in page
    assert status(bob, "episode_close", cast.episode.uuid) == 403
    third = transfer_episode(episode=new, to=cast.alice, now=cast.now, agrees=True)
    assert third.continues == new
    assert status(bob, "episode", cast.episode.uuid) == SEEN  # what they were shown stays


def test_being_on_hold_moves_along(cast):
    pause_episode(
        episode=cast.episode,
        reason="detox",
        from_on=cast.today - 3 * DAY,
        expected_on=cast.today + 9 * DAY,
        now=cast.now,
    )
    new = transfer(cast)
    ended, running = Pause.objects.order_by("pk")
    assert ended.to_on == cast.today
    assert (running.episode, running.reason, running.to_on) == (new, "detox", None)
    assert running.expected_on == cast.today + 9 * DAY


@pytest.mark.parametrize("name", ["alice", "carl", "sam", "eve"])
def test_only_another_counselor_of_the_house_takes_over(cast, name):
    with pytest.raises(NoCounselor):
        transfer_episode(episode=cast.episode, to=getattr(cast, name), now=cast.now)
    assert Episode.objects.get(pk=cast.episode.pk).closed_on is None


def test_a_client_of_both_is_not_transferred(cast):
    Episode.objects.filter(pk=cast.peers.pk).update(client=cast.episode.client)
    with pytest.raises(AlreadyTogether):
        transfer(cast)


def test_what_began_is_logged_first(cast, log_in):
    begun = factories.make_session(cast.episode, cast.now - DAY, Session.Status.SCHEDULED)
    alice = log_in(cast.alice)
    answer = send(alice, "episode_transfer", cast.episode, to=str(cast.bob.uuid))
    assert "First log the session of" in text_of(answer)
    with pytest.raises(SessionNotLogged):
        transfer(cast)
    transfer(cast, unlogged_are_cancelled=True)
    assert Session.objects.get(pk=begun.pk).status == Session.Status.CANCELLED


def test_many_who_go_on_at_once_each_keep_what_is_theirs(cast):
    episodes = [factories.make_episode(cast.alice, f"M-{n}", cast.today) for n in range(3)]
    coming = [
        factories.make_session(each, cast.now + n * DAY, Session.Status.SCHEDULED)
        for n, each in enumerate(episodes, start=1)
    ]
    due_back = [cast.today - DAY, cast.today + 9 * DAY]
    for each, day in zip(episodes, due_back, strict=False):
        Pause.objects.create(
            organization=cast.here,
            episode=each,
            reason="jail",
            from_on=cast.today - 3 * DAY,
            expected_on=day,
        )
    assert transfer_all(member=cast.alice, to=cast.bob, now=cast.now) == 4
    for session, former in zip(coming, episodes, strict=True):
        session.refresh_from_db()
        assert (session.episode.continues, session.episode.client) == (former, former.client)
        assert session.episode.counselor == cast.bob
    running = Pause.objects.running().order_by("episode")
    assert [each.episode.continues for each in running] == episodes[:2]
    assert [each.expected_on for each in running] == [None, due_back[1]]


def test_a_caseload_of_any_size_is_handed_on_by_as_many_queries(
    cast, django_capture_on_commit_callbacks
):
    """Nobody waits before a page that does not move: 300 clients took half a minute."""
    nia = factories.make_member(cast.here, "Nia", cast.today, counselor=True)
    counts = []
    for clients, (before, after) in ((2, (cast.alice, nia)), (20, (nia, cast.bob))):
        episodes = make_crowd([before], clients, 2, cast.now, code=before.name)
        agree_on_action(
            counselor=before,
            episode=episodes[0],
            text="Call the clinic",
            owner=before,
            due_on=cast.today,
            by=cast.sam,
            now=cast.now,
        )
        with (
            CaptureQueriesContext(connection) as asked,
            django_capture_on_commit_callbacks(execute=True),
        ):
            assert transfer_all(member=before, to=after, now=cast.now) > clients
        counts.append(len(asked))
    assert counts[1] <= counts[0], counts


def test_the_database_holds_whose_answers_a_consent_is_about(cast):
    transfer(cast, agrees=True)
    given = Consent.objects.filter(purpose=Consent.Purpose.EARLIER)
    with pytest.raises(IntegrityError), transaction.atomic():
        given.update(episode=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        given.update(purpose=Consent.Purpose.CARE)


# ---- leaving ----


def test_nobody_leaves_while_somebody_has_to_take_over(cast):
    with pytest.raises(StillNeeded) as problem:
        end_membership(member=cast.alice, now=cast.now)
    assert problem.value.leaving.episodes == 1
    with pytest.raises(StillNeeded) as problem:
        end_membership(member=cast.sam, now=cast.now)
    assert problem.value.leaving.alone == [cast.alice]
    assert (
        Membership.objects.filter(pk__in=[cast.alice.pk, cast.sam.pk], ended_on=None).count() == 2
    )


def test_who_leaves_is_out_with_the_next_request_and_the_clients_go_on(cast, ada, log_in):
    alice, bob = log_in(cast.alice), log_in(cast.bob)
    page = text_of(ada.get(reverse("staff_leave", args=[cast.alice.uuid])))
    assert "1 open episode" in page
    assert "T-308" not in page
    fields = {"how": "transfer", "colleague": str(cast.bob.uuid)}
    assert send(ada, "staff_leave", cast.alice, **fields).status_code == 302
    assert status(alice, "episode", cast.episode.uuid) == 404
    assert status(alice, "home") == 403
    new = Episode.objects.get(continues=cast.episode)
    assert status(bob, "episode", new.uuid) == SEEN
    assert not Supervision.objects.filter(counselor=cast.alice, ended_on=None).exists()


def test_with_cover_the_episodes_stay_as_they_are(cast, ada, log_in):
    bob = log_in(cast.bob)
    until = str(cast.today + 20 * DAY)
    fields = {"how": "cover", "colleague": str(cast.bob.uuid)}
    missing = send(ada, "staff_leave", cast.alice, **fields)
    assert "Say until which day." in text_of(missing)
    send(ada, "staff_leave", cast.alice, **fields, until=until)
    assert Episode.objects.get(pk=cast.episode.pk).closed_on is None
    assert status(bob, "episode", cast.episode.uuid) == SEEN
    page = text_of(ada.get(reverse("staff")))
    assert "Left, with clients" in page
    assert "Somebody stands in." in page
    send(ada, "staff_transfer", cast.alice, colleague=str(cast.bob.uuid))
    # carl left before, and his client still waits
    rest = text_of(ada.get(reverse("staff")))
    assert "Nobody stands in: nobody sees these clients." in rest
    assert Episode.objects.filter(continues=cast.episode, counselor=cast.bob).exists()


def test_who_supervised_a_counselor_who_left_goes_on_while_somebody_stands_in(cast, log_in):
    until = cast.today + dt.timedelta(days=20)
    end_membership(member=cast.alice, now=cast.now, stands_in=cast.bob, until=until)
    factories.say_why(cast.sam, cast.now)
    assert status(log_in(cast.sam), "episode", cast.episode.uuid) == SEEN
    [kept] = Supervision.objects.filter(supervisor=cast.sam, counselor=cast.alice)
    assert kept.ended_on == until
    transfer_all(member=Membership.objects.get(pk=cast.alice.pk), to=cast.bob, now=cast.now)
    kept.refresh_from_db()
    assert kept.ended_on < cast.today


def test_a_team_goes_on_with_the_supervisor_named(cast, ada):
    send(ada, "staff_leave", cast.sam, supervisor=str(cast.rita.uuid))
    assert Supervision.objects.filter(
        supervisor=cast.rita, counselor=cast.alice, ended_on=None
    ).exists()
    assert not Membership.objects.active_on(cast.today).filter(pk=cast.sam.pk).exists()


def agreed(cast: SimpleNamespace, counselor: Membership, owner: Membership) -> Action:
    return agree_on_action(
        counselor=counselor,
        text="Call the clinic",
        owner=owner,
        due_on=cast.today,
        by=cast.sam,
        now=cast.now,
    )


def test_what_a_supervisor_had_to_do_goes_to_the_next_one(cast):
    action = agreed(cast, cast.alice, cast.sam)
    end_membership(member=cast.sam, now=cast.now, supervisor=cast.rita)
    action.refresh_from_db()
    assert (action.owner, action.done_at) == (cast.rita, None)


def test_what_was_agreed_with_a_counselor_ends_with_a_transfer_and_stays_for_a_stand_in(cast):
    kept, ended = agreed(cast, cast.alice, cast.alice), agreed(cast, cast.bob, cast.bob)
    end_membership(member=cast.alice, now=cast.now, stands_in=cast.bob, until=cast.today + 9 * DAY)
    nia = factories.make_member(cast.here, "Nia", cast.today, counselor=True)
    end_membership(member=cast.bob, now=cast.now, to=nia)
    kept.refresh_from_db()
    ended.refresh_from_db()
    assert kept.done_at is None
    assert ended.outcome == Action.Outcome.DROPPED


def test_half_a_leave_is_none(cast):
    """The second client cannot be transferred, so the first is not, and nobody left."""
    second = factories.make_episode(cast.alice, "T-309", cast.today)
    Episode.objects.filter(pk=cast.peers.pk).update(client=second.client)
    with pytest.raises(AlreadyTogether):
        end_membership(member=cast.alice, now=cast.now, to=cast.bob)
    assert Episode.objects.open().filter(counselor=cast.alice).count() == 2
    assert not Episode.objects.filter(continues__isnull=False).exists()
    assert Membership.objects.get(pk=cast.alice.pk).ended_on is None


def test_who_began_today_can_leave_today(cast):
    member = factories.make_member(cast.here, "Nia", cast.today, front_desk=True)
    Membership.objects.filter(pk=member.pk).update(started_on=cast.today)
    end_membership(member=member, now=cast.now)
    assert not Membership.objects.active_on(cast.today).filter(pk=member.pk).exists()


# ---- two at once ----


@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_end_each_other_at_once_leave_one(now):
    cast = factories.make_cast(now)
    other = factories.make_member(cast.here, "Abe", cast.today, administrator=True)
    told: list[str] = []
    start = threading.Barrier(2)

    def end(member: Membership) -> None:
        start.wait()
        try:
            end_membership(member=member, now=now)
        except LastAdministrator:
            told.append("stays")
        else:
            told.append("left")
        finally:
            connection.close()

    both = [threading.Thread(target=end, args=[member]) for member in (cast.ada, other)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert sorted(told) == ["left", "stays"]


@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
def test_two_transfers_at_once_make_one_new_episode(now):
    cast = factories.make_cast(now)
    told: list[str] = []
    start = threading.Barrier(2)

    def go() -> None:
        start.wait()
        try:
            transfer(cast)
        except EpisodeClosed:
            told.append("closed")
        else:
            told.append("transferred")
        finally:
            connection.close()

    both = [threading.Thread(target=go) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert sorted(told) == ["closed", "transferred"]
    assert Episode.objects.filter(continues=cast.episode).count() == 1


def test_who_closes_an_episode_is_led_to_a_transfer(cast, log_in):
    page = text_of(log_in(cast.alice).get(reverse("episode_close", args=[cast.episode.uuid])))
    assert reverse("episode_transfer", args=[cast.episode.uuid]) in page
