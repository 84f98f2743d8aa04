"""One group of the demo: three meetings held and answered, and one today to be logged."""

from __future__ import annotations

import datetime as dt

from measures.capture.answers import Answers
from measures.capture.groups import Roster, log_group, plan_group
from measures.capture.services import record_rating
from measures.models import Rater, Rating
from sessions.models import Episode, GroupMeeting, Membership, Session

PEOPLE = 5
WEEKS = 3
OWN = Answers(8, 7, 7)
# What the people of the group gave, week by week; nothing where somebody did not answer.
GIVEN: tuple[tuple[float | None, ...], ...] = (
    (8, 7, None, 9, 6),
    (8, None, 7, 9, 7),
    (9, 7, 8, None, 7),
)


def make_group(counselor: Membership, now: dt.datetime) -> None:
    """The same hour every week; today's began a little while ago."""
    own = Episode.objects.filter(counselor=counselor, closed_on__isnull=True)
    episodes = list(own.select_related("client", "organization").order_by("client__code")[:PEOPLE])
    today = now.replace(minute=0, second=0, microsecond=0) - dt.timedelta(minutes=30)
    for week, scores in enumerate(GIVEN):
        starts_at = today - dt.timedelta(weeks=WEEKS - week)
        meeting = _plan(counselor, episodes, starts_at)
        _hold(meeting, counselor, starts_at)
        _answer(meeting, scores, starts_at)
    _plan(counselor, episodes, today)


def _plan(counselor: Membership, episodes: list[Episode], starts_at: dt.datetime) -> GroupMeeting:
    return plan_group(
        counselor=counselor,
        episodes=episodes,
        starts_at=starts_at,
        mode=Session.Mode.IN_PERSON,
    )


def _hold(meeting: GroupMeeting, counselor: Membership, starts_at: dt.datetime) -> None:
    """Everybody came."""
    sessions = list(meeting.attendances.order_by("pk"))
    statuses = {each.pk: Session.Status.HELD.value for each in sessions}
    log_group(
        meeting=meeting,
        version=1,
        starts_at=starts_at,
        mode=Session.Mode.IN_PERSON,
        roster=Roster(statuses),
        answers=OWN,
        by=counselor,
        now=starts_at + dt.timedelta(minutes=90),
    )


def _answer(
    meeting: GroupMeeting, scores: tuple[float | None, ...], starts_at: dt.datetime
) -> None:
    sessions = meeting.attendances.select_related("episode__client").order_by("pk")
    for session, score in zip(sessions, scores, strict=False):
        if score is not None:
            record_rating(
                session=session,
                rater=Rater.CLIENT,
                answers=Answers(score, score, max(score - 1, 0)),
                way_in=Rating.WayIn.QR,
                now=starts_at + dt.timedelta(hours=2),
            )
