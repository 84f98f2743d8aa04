"""A deputy supervises while a supervisor is away: the same cases, on those days, and no more."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.urls import reverse

from measures.capture.who_sees import supervisors_of, who_sees_answers
from measures.models import Rating
from sessions.models import Cover, Episode, Membership
from tests import factories

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def dot(cast: Any) -> Membership:
    """A second supervisor, who supervises nobody."""
    return factories.make_member(cast.here, "Dot", cast.today, supervisor=True)


def name_deputy(browser: Any, deputy: Membership, today: dt.date, first: int, last: int) -> Any:
    days = {"from_on": today + first * DAY, "to_on": today + last * DAY}
    return browser.post(reverse("deputy"), {"stands_in": deputy.uuid, **days})


def reads(member: Membership, episode: Episode, now: dt.datetime) -> bool:
    viewer = factories.viewer_of(member, now)
    return Episode.objects.clinical_to(viewer).filter(pk=episode.pk).exists()


@pytest.mark.parametrize(
    ("days", "is_open"), [((0, 0), True), ((0, 7), True), ((1, 7), False), ((-7, -1), False)]
)
def test_a_deputy_reads_the_cases_on_those_days_only(cast, log_in, dot, days, is_open):
    first, last = days
    Cover.objects.create(
        organization=cast.here,
        member=cast.sam,
        stands_in=dot,
        part=Cover.Part.TEAM,
        from_on=cast.today + first * DAY,
        to_on=cast.today + last * DAY,
    )
    assert reads(dot, cast.episode, cast.now) == is_open
    named = log_in(dot).get(reverse("supervision")).content.decode()
    assert ("Alice" in named) == is_open
    assert (supervisors_of(cast.episode, cast.today) == ["Dot", "Sam"]) == is_open


def test_a_supervisor_names_one_and_takes_it_back(cast, log_in, dot):
    sam = log_in(cast.sam)
    assert name_deputy(sam, dot, cast.today, 0, 7).url == reverse("deputy")
    assert reads(dot, cast.episode, cast.now)
    assert "Dot, " in sam.get(reverse("deputy")).content.decode()
    assert "For Sam, until" in log_in(dot).get(reverse("deputy")).content.decode()
    row = Cover.objects.get(part=Cover.Part.TEAM)
    assert log_in(dot).post(reverse("deputy_end", args=[row.uuid])).status_code == 404
    sam.post(reverse("deputy_end", args=[row.uuid]))
    assert not reads(dot, cast.episode, cast.now)


def test_a_deputy_says_why_like_the_supervisor(cast, log_in, dot):
    name_deputy(log_in(cast.sam), dot, cast.today, 0, 7)
    page = reverse("episode", args=[cast.episode.uuid])
    browser = log_in(dot)
    assert browser.get(page).status_code == 403
    why = {"purpose": "preparing", "next": page}
    assert browser.post(reverse("case_open", args=[cast.episode.uuid]), why).url == page
    assert browser.get(page).status_code == 200
    assert "Dot opened this" in log_in(cast.alice).get(page).content.decode()


def test_a_deputy_gets_the_team_and_not_the_clients(cast, log_in, dot):
    """Who is a counselor too has clients of their own: those are not handed on with the team."""
    for member in (cast.sam, dot):
        member.counselor = True
        member.save(update_fields=["counselor"])
    own = factories.make_episode(cast.sam, "S-1", cast.today)
    name_deputy(log_in(cast.sam), dot, cast.today, 0, 7)
    assert reads(dot, cast.episode, cast.now)
    assert not reads(dot, own, cast.now)


def test_nor_does_standing_in_with_the_clients_hand_on_the_team(cast, dot):
    for member in (cast.sam, dot):
        member.counselor = True
        member.save(update_fields=["counselor"])
    own = factories.make_episode(cast.sam, "S-1", cast.today)
    Cover.objects.create(
        organization=cast.here,
        member=cast.sam,
        stands_in=dot,
        from_on=cast.today,
        to_on=cast.today,
    )
    assert reads(dot, own, cast.now)
    assert not reads(dot, cast.episode, cast.now)


def test_a_counselor_who_deputizes_does_not_supervise_their_own_cases(cast, dot):
    """Alice keeps to the blind rule about her own, also while she stands in for her supervisor."""
    cast.alice.supervisor = True
    cast.alice.save(update_fields=["supervisor"])
    Cover.objects.create(
        organization=cast.here,
        member=cast.sam,
        stands_in=cast.alice,
        part=Cover.Part.TEAM,
        from_on=cast.today,
        to_on=cast.today,
    )
    session = factories.make_session(cast.episode, cast.now - dt.timedelta(hours=2))
    rating = factories.rate(session, 3, now=cast.now)
    viewer = factories.viewer_of(cast.alice, cast.now)
    assert not Rating.objects.open_to(viewer).filter(pk=rating.pk).exists()
    assert supervisors_of(cast.episode, cast.today) == ["Sam"]


def test_who_is_no_supervisor_any_more_has_no_deputy(cast, log_in, dot):
    name_deputy(log_in(cast.sam), dot, cast.today, 0, 7)
    cast.sam.supervisor, cast.sam.counselor = False, True
    cast.sam.save(update_fields=["supervisor", "counselor"])
    assert not reads(dot, cast.episode, cast.now)
    assert supervisors_of(cast.episode, cast.today) == []


def test_only_another_supervisor_can_be_named(cast, log_in, dot):
    sam = log_in(cast.sam)
    for somebody in (cast.sam, cast.bob, cast.finn, cast.eve):
        assert name_deputy(sam, somebody, cast.today, 0, 7).status_code == 422
    assert name_deputy(sam, dot, cast.today, 3, 1).status_code == 422
    assert name_deputy(sam, dot, cast.today, 0, 400).status_code == 422
    assert not Cover.objects.filter(part=Cover.Part.TEAM).exists()


def test_the_client_reads_the_name_and_that_somebody_may_stand_in(cast, log_in, dot):
    name_deputy(log_in(cast.sam), dot, cast.today, 0, 7)
    who = who_sees_answers(cast.episode, cast.today)
    assert "Dot" in who.first_line
    assert any("standing in sees the same" in line for line in who.more)
