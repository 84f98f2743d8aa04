"""Groups: planned, logged at once, asked about, and a line of their own that is never mixed in."""

from __future__ import annotations

import datetime as dt
import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

import alliance_site.transactions
from measures.capture import groups
from measures.capture.answers import Answers
from measures.capture.assessing import assess_episode
from measures.capture.groups import make_code_slips
from measures.capture.rating_tables import rating_tables
from measures.capture.services import RatedAsAGroup, waive_blind
from measures.capture.whom_to_ask import WhyNot, why_not
from measures.models import (
    Assessment,
    Flag,
    GroupRating,
    Message,
    Rater,
    Rating,
    RatingLink,
    RatingRequest,
)
from sessions.models import Client, Episode, GroupMeeting, Membership, Pause, Session
from sessions.services import close_episode
from tests import factories

# A Wednesday, 2 pm in Chicago.
NOW = dt.datetime(2026, 11, 18, 20, tzinfo=dt.UTC)
TODAY_AT_ONE = dt.datetime(2026, 11, 18, 19, tzinfo=dt.UTC)
FACT = "A rating was given"

pytestmark = pytest.mark.django_db


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> dt.datetime:
    monkeypatch.setattr(alliance_site.transactions, "database_now", lambda: NOW)
    return NOW


@pytest.fixture
def three(cast: SimpleNamespace) -> list[Episode]:
    return [factories.make_episode(cast.alice, f"G-{n}", cast.today) for n in range(3)]


@pytest.fixture
def alice(cast: SimpleNamespace, log_in: Any) -> Browser:
    browser: Browser = log_in(cast.alice)
    return browser


def local(moment: dt.datetime) -> str:
    return f"{moment.astimezone(factories.ZONE):%Y-%m-%dT%H:%M}"


def form_of(meeting: GroupMeeting, **values: Any) -> dict[str, Any]:
    """The form as it comes: everybody came."""
    came = {f"status-{each.uuid}": "held" for each in meeting.attendances.all()}
    return {
        "version": str(meeting.version),
        "starts_at": local(meeting.starts_at),
        "mode": "in_person",
        **came,
        **values,
    }


def status_field(episode: Episode) -> str:
    return f"status-{episode.sessions.get(group__isnull=False).uuid}"


def said(browser: Browser, response: Any) -> str:
    follow = browser.get(response.url) if response.status_code == 302 else response
    return re.sub(r"\s+", " ", follow.content.decode())


# ---- planning ----


def test_a_group_is_planned_with_a_session_for_everybody_ticked(cast, three, alice):
    ticked = [str(each.uuid) for each in three[:2]]
    form = {"starts_at": local(NOW), "mode": "video", "episodes": ticked}
    response = alice.post(reverse("group_plan"), form)
    meeting = GroupMeeting.objects.get()
    assert response.url == reverse("group", args=[meeting.uuid])
    sessions = list(meeting.attendances.order_by("episode_id"))
    assert [each.episode for each in sessions] == three[:2]
    assert {(each.starts_at, each.mode, each.status) for each in sessions} == {
        (NOW, "video", "scheduled")
    }


@pytest.mark.parametrize("owner", ["peers", "eves"])
def test_nobody_elses_client_can_be_ticked(cast, alice, owner):
    theirs = str(getattr(cast, owner).uuid)
    form = {"starts_at": local(NOW), "mode": "video", "episodes": [theirs]}
    response = alice.post(reverse("group_plan"), form)
    assert response.status_code == 422
    assert "Choose from your own open clients." in response.content.decode()
    assert not GroupMeeting.objects.exists()


def test_a_closed_episode_is_not_offered_and_one_on_hold_says_so(cast, three, alice):
    close_episode(episode=three[0], reason="completed", now=NOW)
    Pause.objects.create(
        organization=cast.here, episode=three[1], reason="detox", from_on=cast.today
    )
    text = alice.get(reverse("group_plan")).content.decode()
    assert str(three[0].uuid) not in text
    assert text.count("On hold") == 1
    form = {"starts_at": local(NOW), "mode": "video", "episodes": [str(three[0].uuid)]}
    assert alice.post(reverse("group_plan"), form).status_code == 422


def test_the_same_people_are_ticked_a_week_later_but_for_who_has_left(three, alice):
    meeting = factories.make_group(three, TODAY_AT_ONE)
    close_episode(episode=three[2], reason="completed", now=NOW)
    text = alice.get(reverse("group_plan") + f"?like={meeting.uuid}").content.decode()
    ticked = set(re.findall(r'value="([0-9a-f-]{36})" checked', text))
    assert ticked == {str(each.uuid) for each in three[:2]}
    assert local(TODAY_AT_ONE + dt.timedelta(days=7)) in text


def test_planning_twice_leads_to_the_group_that_is_there(three, alice):
    meeting = factories.make_group(three, TODAY_AT_ONE)
    form = {
        "starts_at": local(TODAY_AT_ONE), "mode": "video", "episodes": [str(three[0].uuid)]
    }  # fmt: skip
    response = alice.post(reverse("group_plan"), form)
    assert response.url == reverse("group", args=[meeting.uuid])
    assert "There is a group at that time already" in said(alice, response)
    assert GroupMeeting.objects.count() == 1


def test_who_is_somewhere_else_at_that_time_is_named_and_nothing_is_stored(three, alice):
    factories.make_session(three[1], TODAY_AT_ONE)
    ticked = [str(each.uuid) for each in three]
    form = {"starts_at": local(TODAY_AT_ONE), "mode": "video", "episodes": ticked}
    response = alice.post(reverse("group_plan"), form)
    assert "G-1 has another session at that time." in response.content.decode()
    assert not GroupMeeting.objects.exists()
    assert Session.objects.count() == 1


# ---- one screen ----


def test_everybody_is_logged_at_once_with_one_rating_of_the_meeting(cast, three, alice):
    meeting = factories.make_group(three, TODAY_AT_ONE, Session.Status.SCHEDULED)
    form = form_of(meeting, respect="7", understanding="6", goals="skip")
    form[status_field(three[1])] = "missed"
    form[status_field(three[2])] = "cancelled"
    response = alice.post(reverse("group", args=[meeting.uuid]), form)
    assert response.status_code == 302
    states = meeting.attendances.order_by("episode_id").values_list("status", flat=True)
    assert list(states) == ["held", "missed", "cancelled"]
    assert GroupRating.objects.get().facet_values == (7, 6, None)
    assert not Rating.objects.exists()


def test_a_walk_in_is_added_and_one_put_down_by_mistake_leaves(cast, three, alice):
    meeting = factories.make_group(three[:2], TODAY_AT_ONE, Session.Status.SCHEDULED)
    form = form_of(meeting, walk_ins=[str(three[2].uuid)])
    form[status_field(three[0])] = "off"
    alice.post(reverse("group", args=[meeting.uuid]), form)
    there = {each.episode_id: each.status for each in meeting.attendances.all()}
    assert there == {three[1].pk: "held", three[2].pk: "held"}
    gone = three[0].sessions.get()
    assert (gone.status, gone.group) == ("cancelled", None)


def test_who_saves_second_is_told_and_may_decide(three, alice):
    meeting = factories.make_group(three, TODAY_AT_ONE, Session.Status.SCHEDULED)
    address = reverse("group", args=[meeting.uuid])
    first, second = form_of(meeting), form_of(meeting)
    second[status_field(three[0])] = "missed"
    assert alice.post(address, first).status_code == 302
    refused = alice.post(address, second)
    assert refused.status_code == 409
    assert "Someone saved this a moment ago." in refused.content.decode()
    assert three[0].sessions.get().status == "held"
    assert alice.post(address, {**second, "version": "2"}).status_code == 302
    assert three[0].sessions.get().status == "missed"


def test_the_same_form_twice_is_stored_once(three, alice):
    meeting = factories.make_group(three, TODAY_AT_ONE, Session.Status.SCHEDULED)
    form = form_of(meeting, respect="7")
    address = reverse("group", args=[meeting.uuid])
    assert [alice.post(address, form).status_code for _ in range(2)] == [302, 302]
    assert GroupRating.objects.count() == 1
    meeting.refresh_from_db()
    assert meeting.version == 2


def test_a_second_rating_of_a_group_is_refused_in_words(three, alice):
    meeting = factories.make_group(three, TODAY_AT_ONE)
    address = reverse("group", args=[meeting.uuid])
    alice.post(address, form_of(meeting, respect="7"))
    response = alice.post(address, form_of(meeting, respect="3"))
    assert "is stored already, and it stays" in response.content.decode()
    assert GroupRating.objects.get().respect == 7


def test_nothing_is_half_done(three, alice):
    """The second of three is busy at the new time: neither the others nor the rating change."""
    meeting = factories.make_group(three, TODAY_AT_ONE, Session.Status.SCHEDULED)
    other = TODAY_AT_ONE - dt.timedelta(hours=2)
    factories.make_session(three[1], other)
    form = form_of(meeting, starts_at=local(other), respect="7")
    before = factories.every_row()
    response = alice.post(reverse("group", args=[meeting.uuid]), form)
    assert "G-1 has another session at that time." in response.content.decode()
    after = factories.every_row()
    assert {name for name in after if after[name] != before[name]} <= {"AccessEntry"}


def test_who_answered_was_there(three, alice):
    meeting = factories.make_group(three, TODAY_AT_ONE)
    factories.rate(three[0].sessions.get(), 8, now=NOW)
    form = form_of(meeting)
    form[status_field(three[0])] = "missed"
    response = alice.post(reverse("group", args=[meeting.uuid]), form)
    assert "G-0 has answered" in response.content.decode()


def test_a_closed_episode_stays_as_it_is(three, alice):
    meeting = factories.make_group(three, TODAY_AT_ONE)
    close_episode(episode=three[0], reason="completed", now=NOW)
    form = form_of(meeting)
    form[status_field(three[0])] = "missed"
    response = alice.post(reverse("group", args=[meeting.uuid]), form)
    assert "The episode of G-0 is closed" in response.content.decode()
    del form[status_field(three[0])]
    assert alice.post(reverse("group", args=[meeting.uuid]), form).status_code == 302


def test_a_group_of_tomorrow_cannot_have_been_held(three, alice):
    meeting = factories.make_group(three, NOW + dt.timedelta(days=1), Session.Status.SCHEDULED)
    response = alice.post(reverse("group", args=[meeting.uuid]), form_of(meeting))
    assert "Pick a date that is not in the future." in response.content.decode()
    assert not Session.objects.held().exists()


def test_the_page_of_one_session_leads_to_its_group(three, alice):
    meeting = factories.make_group(three, TODAY_AT_ONE)
    session = three[0].sessions.get()
    for response in (
        alice.get(reverse("session_log", args=[session.uuid])),
        alice.post(reverse("session_log", args=[session.uuid]), {"respect": "3"}),
    ):
        assert response.url == reverse("group", args=[meeting.uuid])
    with pytest.raises(RatedAsAGroup):
        factories.rate(session, 3, Rater.COUNSELOR, now=NOW)


def test_a_group_shows_no_more_queries_for_fifteen_than_for_three(cast, three, alice):
    many = [factories.make_episode(cast.alice, f"H-{n}", cast.today) for n in range(15)]
    small = factories.make_group(three, TODAY_AT_ONE)
    large = factories.make_group(many, TODAY_AT_ONE - dt.timedelta(hours=2))
    counts = []
    for meeting in (small, large):
        with CaptureQueriesContext(connection) as asked:
            text = alice.get(reverse("group", args=[meeting.uuid])).content.decode()
        counts.append(len(asked))
        assert text.count("-held") >= meeting.attendances.count()
    assert counts[0] == counts[1]


# ---- who is asked ----


def test_who_was_there_is_asked_as_they_agreed(cast, three, alice):
    for episode in three[:2]:
        factories.may_be_asked(episode.client, NOW, "sms")
    meeting = factories.make_group(three, TODAY_AT_ONE, Session.Status.SCHEDULED)
    form = form_of(meeting)
    form[status_field(three[1])] = "missed"
    text = said(alice, alice.post(reverse("group", args=[meeting.uuid]), form))
    assert [each.episode for each in RatingRequest.objects.all()] == [three[0]]
    assert row_of(three[0], text).endswith("Ready</span></p><p>The client gets a text message")
    assert "text message" not in row_of(three[1], text)


def row_of(episode: Episode, text: str) -> str:
    """The row of one client, as far as it says whether they are asked."""
    [row] = [each for each in text.split("<li>") if f">{episode.client.code}</a>" in each]
    plain = re.sub(r"<svg.*?</svg>| class=\"[^\"]*\"", "", row.partition("<fieldset")[0])
    return re.sub(r"\s+(?=<)|(?<=>)\s+", "", plain).partition(" today,")[0]


def test_why_somebody_is_asked_or_not_can_be_read_for_as_long_as_it_is_true(
    cast, three, alice, now, monkeypatch
):
    for episode in three:
        factories.may_be_asked(episode.client, NOW, "sms")
    factories.make_session(three[1], NOW + dt.timedelta(days=3), Session.Status.SCHEDULED)
    Client.objects.filter(pk=three[2].client_id).update(not_asked_before=dt.date(2026, 12, 24))
    meeting = factories.make_group(three, TODAY_AT_ONE, Session.Status.SCHEDULED)
    address = reverse("group", args=[meeting.uuid])
    alice.post(address, form_of(meeting))
    alice.get(address)  # what is said once, after saving

    def reads(days: int) -> list[str]:
        later = NOW + dt.timedelta(days=days)
        monkeypatch.setattr(alliance_site.transactions, "database_now", lambda: later)
        alice.force_login(cast.alice.user)
        page = said(alice, alice.get(address))
        return [re.sub(r".*<p>|</p>|</div>", "", row_of(each, page)) for each in three]

    not_asked = [
        "The client is asked about their own session instead.",
        "The client is not asked for a while.",
    ]
    assert reads(0) == ["The client gets a text message", *not_asked]
    Message.objects.update(status=Message.Status.SENT, done_at=NOW)
    until = "open until Sunday, November 22."
    asked = "Asked by text message on Wednesday, November 18"
    assert reads(1) == [f"{asked}, {until}", *not_asked]
    assert reads(9)[0] == f"{asked}. No answer came in time."
    factories.rate(three[0].sessions.get(), 8, now=NOW)
    assert reads(1)[0].endswith("Finished</span>")


def test_a_session_of_their_own_goes_before_the_group(cast, three):
    factories.may_be_asked(three[0].client, NOW)
    factories.make_group(three, TODAY_AT_ONE)
    of_group = three[0].sessions.get()
    assert why_not(of_group, NOW) is None
    own = factories.make_session(three[0], NOW + dt.timedelta(days=3), Session.Status.SCHEDULED)
    assert why_not(of_group, NOW) is WhyNot.OWN_FIRST
    factories.invite(of_group, NOW)
    own.status = Session.Status.HELD
    assert why_not(own, NOW + dt.timedelta(days=3)) is None  # the slip of the group takes nothing


def test_every_third_session_counts_within_its_own_line(cast, three):
    client = factories.may_be_asked(three[0].client, NOW - dt.timedelta(days=30))
    Client.objects.filter(pk=client.pk).update(cadence="nth", cadence_n=2)
    first = factories.make_session(three[0], NOW - dt.timedelta(days=20))
    factories.invite(first, NOW - dt.timedelta(days=20))
    factories.make_group(three[:1], NOW - dt.timedelta(days=15))
    second = factories.make_session(three[0], NOW - dt.timedelta(days=1))
    second.episode.client.refresh_from_db()
    assert why_not(second, NOW) is WhyNot.NOT_DUE


def test_slips_are_for_those_who_were_there_and_new_ones_close_the_old(cast, three, alice):
    meeting = factories.make_group(three, TODAY_AT_ONE)
    Session.objects.filter(episode=three[2]).update(status="missed")
    factories.rate(three[1].sessions.get(), 8, now=NOW)
    text = alice.post(reverse("group_codes", args=[meeting.uuid])).content.decode()
    assert 'class="code">G-0<' in text
    assert "No slip for G-1." in text
    assert 'class="code">G-2<' not in text
    [link] = RatingLink.objects.all()
    assert link.expires_at == NOW + dt.timedelta(hours=12)
    [address] = re.findall(r'class="address" dir="ltr">[^<]*/r/(\w+)<', text)
    [digits] = re.findall(r"\b(\d{3} \d{3})\b", text)
    phone = Browser()
    assert phone.post(reverse("code", args=[address]), {"digits": digits}).status_code == 302
    alice.post(reverse("group_codes", args=[meeting.uuid]))
    link.refresh_from_db()
    assert link.closed_at is not None
    again = phone.post(reverse("code", args=[address]), {"digits": digits})
    assert again.status_code == 422


# ---- a line of its own ----


def assessed(episode: Episode) -> list[dict[str, Any]]:
    rows = Assessment.objects.filter(rating__session__episode=episode).order_by("rating_id")
    flags = Flag.objects.filter(episode=episode).order_by("pk").values()
    return [dict(row) for row in (*rows.values(), *flags)]


@pytest.mark.parametrize("score", [0, 5, 10, None])
@pytest.mark.parametrize("course", [[8] * 6 + [3], [9, 8, 9, 8, 9, 8], [7, 7]])
def test_groups_change_no_assessment_no_flag_and_no_list_to_the_byte(cast, alice, course, score):
    episode = factories.make_episode(cast.alice, "L-1", cast.today)
    sessions = factories.make_course(episode, course, NOW)
    before, listed = assessed(episode), lists(alice, episode)
    tables = rating_tables([episode.pk], Rater.CLIENT)
    for session in sessions:
        meeting = factories.make_group([episode], session.starts_at + dt.timedelta(hours=3))
        waive_blind(session=meeting.attendances.get(), now=NOW)
        if score is not None:
            factories.rate(meeting.attendances.get(), score, now=NOW)
    for rater in Rater.values:
        assess_episode(episode=episode, rater=rater, now=NOW)
    assert assessed(episode) == before
    assert rating_tables([episode.pk], Rater.CLIENT) == tables
    assert lists(alice, episode) == listed


def lists(browser: Browser, episode: Episode) -> list[str]:
    """The caseload, and the client page without the line of the groups."""
    caseload = browser.get(reverse("caseload")).content.decode()
    page = browser.get(reverse("episode", args=[episode.uuid])).content.decode()
    page = re.sub(
        r'<section class="band" aria-labelledby="group-line">.*?</section>',
        "",
        page,
        flags=re.DOTALL,
    )
    return [
        re.sub(
            r'csrfmiddlewaretoken" value="\w+"|<svg hidden>.*?</svg>|\s+', "", text, flags=re.DOTALL
        )
        for text in (caseload, page)
    ]


def test_the_line_of_the_groups_is_on_the_clients_page_in_words(three, alice):
    for weeks, score in ((2, 8), (1, 6)):
        meeting = factories.make_group(three[:1], NOW - dt.timedelta(weeks=weeks))
        factories.rate(meeting.attendances.get(), score, now=NOW, change_wish="slower")
    text = alice.get(reverse("episode", args=[three[0].uuid])).content.decode()
    assert "Came to 2 groups. The last rating is 6.0, all are from 6.0 to 8.0." in text
    assert "Next time: Go slower" in text
    assert "no flag comes from them" in text
    assert "No ratings yet." in text  # of the two of them


def test_a_rating_of_a_group_is_never_assessed(three):
    meeting = factories.make_group(three, TODAY_AT_ONE)
    factories.rate(meeting.attendances.earliest("pk"), 1, now=NOW)
    assert not Assessment.objects.exists()


# ---- the blind rule ----


def test_one_rating_or_a_waiver_opens_the_whole_meeting(cast, three, alice):
    for opens in ("rating", "waiver"):
        meeting = factories.make_group(
            three, TODAY_AT_ONE - dt.timedelta(hours=int(opens == "waiver"))
        )
        sessions = list(meeting.attendances.all())
        for session in sessions:
            factories.rate(session, 4.5, now=NOW)
        assert open_to(cast.alice, sessions) == 0
        assert open_to(cast.sam, sessions) == 3
        if opens == "rating":
            alice.post(reverse("group", args=[meeting.uuid]), form_of(meeting, respect="7"))
        else:
            alice.post(reverse("group_waive", args=[meeting.uuid]))
        assert open_to(cast.alice, sessions) == 3


def open_to(member: Membership, sessions: list[Session]) -> int:
    """How many of the answers about these sessions somebody may read with the next request."""
    viewer = factories.viewer_of(member, NOW)
    return Rating.objects.open_to(viewer).filter(session__in=sessions).count()


def test_until_then_the_pages_say_nothing_but_that_something_was_given(three, alice):
    meeting = factories.make_group(three, TODAY_AT_ONE)
    session = three[0].sessions.get()
    texts = []
    for score in (None, 4.43):
        if score is not None:
            factories.rate(session, score, now=NOW)
        page = alice.get(reverse("episode", args=[three[0].uuid])).content.decode()
        screen = alice.get(reverse("group", args=[meeting.uuid])).content.decode()
        texts.append((FACT in page, "Finished" in screen, ">4.4" in page + screen))
    assert texts == [(False, False, False), (True, True, False)]


def test_a_blind_group_hides_nothing_of_their_own_sessions_nor_the_other_way(cast, three):
    own = factories.make_session(three[0], TODAY_AT_ONE - dt.timedelta(hours=4))
    factories.rate(own, 7, Rater.COUNSELOR)
    factories.rate(own, 8, now=NOW)
    meeting = factories.make_group(three, TODAY_AT_ONE - dt.timedelta(hours=6))
    of_group = meeting.attendances.get(episode=three[0])
    factories.rate(of_group, 3, now=NOW)
    mine = Rating.objects.open_to(factories.viewer_of(cast.alice, NOW)).by(Rater.CLIENT)
    assert [each.session for each in mine] == [own]


def test_the_group_opens_by_itself_after_the_next_working_day(cast, three):
    meeting = factories.make_group(three, TODAY_AT_ONE)
    factories.rate(meeting.attendances.earliest("pk"), 3, now=NOW)
    for days, opened in ((1, 0), (3, 1)):
        viewer = factories.viewer_of(cast.alice, NOW + dt.timedelta(days=days))
        assert Rating.objects.open_to(viewer).count() == opened


def test_today_shows_a_group_as_one(cast, three, alice):
    meeting = factories.make_group(three, TODAY_AT_ONE, Session.Status.SCHEDULED)
    text = alice.get(reverse("today")).content.decode()
    assert text.count(reverse("group", args=[meeting.uuid])) == 2
    assert "Log and rate the group" in text
    assert text.count("G-0") <= 1  # among those in their first sessions
    Session.objects.update(status="held")
    assert "Rate the group" in alice.get(reverse("today")).content.decode()
    alice.post(reverse("group_waive", args=[meeting.uuid]))
    assert "Rate the group" not in alice.get(reverse("today")).content.decode()


def test_the_services_refuse_a_stale_form(cast, three):
    meeting = factories.make_group(three, TODAY_AT_ONE)
    with pytest.raises(groups.StaleGroup):
        groups.log_group(
            meeting=meeting,
            version=9,
            starts_at=TODAY_AT_ONE,
            mode="phone",
            roster=groups.Roster({}),
            answers=Answers(7),
            by=cast.alice,
            now=NOW,
        )
    assert not GroupRating.objects.exists()
    assert make_code_slips(sessions=[], now=NOW).slips == []
