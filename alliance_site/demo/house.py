"""What happened in the demo's house beside the sessions: who is away, who looked, who signed."""

from __future__ import annotations

import datetime as dt

from django.db.models import QuerySet

from measures.capture.correcting import Mistake, move_rating
from measures.models import Flag, Rater, Rating
from measures.repair.actions import agree_on_action
from sessions.models import CaseOpening, Episode, FairUse, Membership, Session
from sessions.openings import open_case
from sessions.pausing import pause_episode
from sessions.staffing import start_cover
from sessions.transferring import transfer_episode

DAY = dt.timedelta(days=1)
Staff = dict[str, Membership]


def furnish(staff: Staff, now: dt.datetime) -> None:
    """Something true on every page; the clients whose course tells a story keep theirs."""
    today = staff["Maria"].organization.today(now)
    _sign_fair_use(staff, now)
    _open_cases(staff, now)
    _agree_in_supervision(staff, now, today)
    _put_on_hold(staff, now, today)
    start_cover(
        member=staff["Aisha"],
        stands_in=staff["James"],
        from_on=today - DAY,
        to_on=today + 6 * DAY,
        reason="A week off.",
    )
    _put_right(staff["Aisha"], now)
    _hand_on(staff, now)


def _sign_fair_use(staff: Staff, now: dt.datetime) -> None:
    """Everybody at Oak Street has read it but one, who reads it before any page."""
    organization = staff["Ana"].organization
    FairUse.objects.create(
        organization=organization,
        text_version="1",
        signed_by="Dr. Ellen Park",
        signed_on=organization.today(now) - 20 * DAY,
        entered_by=staff["Ana"],
        entered_at=now - 20 * DAY,
    )
    everybody = Membership.objects.filter(organization=organization)
    everybody.exclude(name="Ruth").update(fair_use_read_at=now - 19 * DAY)


def _open_cases(staff: Staff, now: dt.datetime) -> None:
    """Two cases were opened last week, with a reason; their counselor reads who and why."""
    flagged = Episode.objects.filter(counselor=staff["Maria"], flags__rater=Rater.CLIENT)
    purposes = (CaseOpening.Purpose.PREPARING, CaseOpening.Purpose.ASKED)
    for episode, purpose in zip(flagged.distinct().order_by("pk"), purposes, strict=False):
        open_case(episode=episode, by=staff["Sam"], purpose=purpose, now=now - 6 * DAY)


def _agree_in_supervision(staff: Staff, now: dt.datetime, today: dt.date) -> None:
    """One thing each is to be done today: about a client, about the work, and by the supervisor."""
    flag = Flag.objects.open().filter(episode__counselor=staff["Maria"]).earliest("pk")
    agreed = (
        (staff["Maria"], "Ask what would make the mornings easier.", flag.episode),
        (staff["Sam"], "Find a room with a door that closes.", None),
    )
    for owner, text, episode in agreed:
        agree_on_action(
            counselor=staff["Maria"],
            text=text,
            owner=owner,
            due_on=today,
            by=staff["Sam"],
            now=now - 6 * DAY,
            episode=episode,
        )


def _put_on_hold(staff: Staff, now: dt.datetime, today: dt.date) -> None:
    """One client is away for a while; another was expected back, and nobody said they are."""
    for counselor, reason, back in (("Maria", "detox", 12), ("Tom", "travel", -1)):
        episode = _untold(staff[counselor]).first()
        if episode is None:
            continue
        past = episode.sessions.exclude(status=Session.Status.SCHEDULED)
        last = past.latest("starts_at").starts_at
        pause_episode(
            episode=episode,
            reason=reason,
            from_on=min(episode.organization.today(last) + DAY, today),
            expected_on=today + back * DAY,
            now=now,
        )


def _put_right(counselor: Membership, now: dt.datetime) -> None:
    """An answer was given on the wrong client's tablet, and moved to whose it was."""
    answered = Rating.objects.current().by(Rater.CLIENT).values("session")
    held = Session.objects.held().alone().filter(episode__in=_untold(counselor).values("pk"))
    wrong = held.filter(pk__in=answered).order_by("-starts_at", "pk").first()
    if wrong is None:
        return
    free = held.exclude(pk__in=answered).exclude(episode=wrong.episode_id)
    move_rating(
        session=wrong,
        to=free.order_by("-starts_at", "pk").first(),
        why=Mistake.WRONG_CLIENT,
        by=counselor,
        now=now - DAY,
    )


def _hand_on(staff: Staff, now: dt.datetime) -> None:
    """Two clients went on with a colleague: one agrees that the answers are read, one was not
    asked yet."""
    for agrees, episode in zip((True, None), _untold(staff["Tom"])[:2], strict=False):
        transfer_episode(
            episode=episode,
            to=staff["James"],
            now=now,
            agrees=agrees,
            how="in person" if agrees else "",
            unlogged_are_cancelled=True,
        )


def _untold(counselor: Membership) -> QuerySet[Episode]:
    """Open episodes of a counselor without a flag, a note, a group, or a hold."""
    own = Episode.objects.open().filter(counselor=counselor).exclude(pauses__isnull=False)
    noted = Rating.objects.filter(sealed_note__isnull=False).values("session__episode")
    grouped = Session.objects.filter(group__isnull=False).values("episode")
    plain = own.filter(flags__isnull=True).exclude(pk__in=noted).exclude(pk__in=grouped)
    related = plain.select_related("organization", "client", "counselor")
    return related.filter(sessions__status="held").distinct().order_by("pk")
