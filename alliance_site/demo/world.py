"""The demo's rows, made by the product's own services and dated back."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable
from zoneinfo import ZoneInfo

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import F, QuerySet

from alliance_site.demo.groups import make_group
from alliance_site.demo.house import furnish
from alliance_site.demo.messages import agree_to_messages, ask_by_message
from alliance_site.demo.plan import (
    STAFF,
    SUPERVISION,
    PlannedClient,
    PlannedSession,
    flagged_sessions,
    plan,
)
from alliance_site.demo.stories import date_events
from measures.capture.answers import Answers
from measures.capture.assessing import assess_episode
from measures.capture.services import make_link, record_rating
from measures.capture.slips import LONGEST as SLIPS_LAST
from measures.capture.slips import enter_slip, print_slips
from measures.models import CallRequest, Flag, Rater, Rating, RatingLink
from measures.repair.acting import Decision, Did, decide
from measures.repair.reading_notes import mark_read
from measures.repair.states import move
from measures.repair.talks import record_talk
from sessions.access import Viewer
from sessions.contacts import record_contact
from sessions.models import (
    AccessEntry,
    AnswersWith,
    Client,
    Episode,
    Membership,
    Organization,
    Session,
    Supervision,
    User,
)
from sessions.sealing import Identity, seal
from sessions.services import open_episode, schedule_session

PASSWORD = "try-it-out-1234"  # noqa: S105  public on purpose; the demo runs on this computer only
ZONE = ZoneInfo("America/Chicago")
Progress = Callable[[Iterable[PlannedClient]], Iterable[PlannedClient]]


# What was promised after a talk, as the client will read it.
PROMISE = {
    "en": "we start with what is on your mind",
    "es": "empezamos con lo que a usted le importa",
    "ar": "نبدأ بما يشغل بالك",
}


CALLED = ("reached", "no_answer")
# After a session begins, when each of the two answers.
MINUTES = {Rater.COUNSELOR: 50, Rater.CLIENT: 55}


def make_world(now: dt.datetime, progress: Progress) -> None:
    """Two organizations, their staff, sixty clients and 900 sessions with ratings."""
    with transaction.atomic():
        staff = _make_staff(ZONE, now)
        for planned in progress(plan(now, ZONE)):
            _make_client(planned, staff[planned.counselor], now)
        _read_older_notes(now)
        _call_after_a_missed_session(now)
        _make_promise(staff["Dana"].organization, now)
        _act_on_flags(now)
        _ask_for_call(staff["Dana"], now)
        _answer_on_paper(staff["Ben"], now)
        make_group(staff["Maria"], now)
        furnish(staff, now)


def was_used() -> bool:
    """Whether anybody entered something since the data were made."""
    return AccessEntry.objects.filter(method="POST").exists()


def client_link(now: dt.datetime, *, slider: bool = False) -> str:
    """A token that opens the form for a session that nobody answered; best after a promise."""
    way = AnswersWith.SLIDER if slider else AnswersWith.BUTTONS
    waiting = _unanswered().filter(episode__client__answers_with=way)
    promised = waiting.filter(episode__flags__talks__released_at__isnull=False)
    session = promised.first() or waiting.first()
    if session is None:
        return ""
    return make_link(session=session, channel=RatingLink.Channel.LINK, now=now).token


def _unanswered() -> QuerySet[Session]:
    """Held sessions without the client's answer, the latest first."""
    answered = Rating.objects.current().by(Rater.CLIENT).values("session")
    waiting = Session.objects.held().exclude(pk__in=answered)
    return waiting.select_related("organization").order_by("-starts_at", "pk")


def _make_staff(zone: ZoneInfo, now: dt.datetime) -> dict[str, Membership]:
    oak = _organization("Oak Street", "555-0100")
    elm = _organization("Elm House", "555-0200", answers_with=AnswersWith.SLIDER)
    started_on = now.date() - dt.timedelta(days=900)
    password = make_password(PASSWORD)  # takes its time on purpose: once for everybody

    def member(organization: Organization, name: str, **roles: object) -> Membership:
        user = User.objects.create(email=email_of(name), password=password)
        return Membership.objects.create(
            organization=organization, user=user, name=name, started_on=started_on, **roles
        )

    staff = {
        name: member(organization, name, counselor=True)
        for organization in (oak, elm)
        for name in STAFF[organization.name]
    }
    for supervisor, counselors in SUPERVISION.items():
        staff[supervisor] = member(oak, supervisor, supervisor=True)
        for counselor in counselors:
            Supervision.objects.create(
                organization=oak,
                supervisor=staff[supervisor],
                counselor=staff[counselor],
                started_on=started_on,
            )
    User.objects.filter(email=email_of("Lena")).update(language="es")
    staff["Ana"] = member(oak, "Ana", administrator=True)
    staff["Ben"] = member(oak, "Ben", front_desk=True)
    staff["Dana"] = member(oak, "Dana", rights_contact=True, phone="555-0142")
    return staff


def email_of(name: str) -> str:
    return f"{name.lower()}@demo.example"


def _organization(name: str, phone: str, **settings: str) -> Organization:
    return Organization.objects.create(
        name=name,
        sender_name=name,
        phone=phone,
        time_zone=str(ZONE),
        mfa_required=False,
        crisis_text="If you need help now, call or text 988. In danger, call 911.",
        crisis_text_es=(
            "Si necesita ayuda ahora, llame al 988 (oprima 2) o mande AYUDA al 988. "
            "En peligro, llame al 911."
        ),
        crisis_text_ar="للمساعدة الآن: 988، هاتفيًا أو برسالة نصية. عند الخطر: 911.",
        **settings,
    )


def _make_client(planned: PlannedClient, counselor: Membership, now: dt.datetime) -> None:
    episode = open_episode(
        counselor=counselor,
        code=planned.code,
        identity=Identity(name=planned.name),
        goal=planned.goal,
        language=planned.language,
        today=planned.sessions[0].starts_at.date(),
    )
    slides_from = _slides_from(planned, episode)
    flagged = {rater: flagged_sessions(planned.sessions, rater) for rater in Rater}
    for number, session in enumerate(planned.sessions):
        _make_session(episode, session, slides=slides_from is not None and number >= slides_from)
        # Only then is there anything to raise; a whole course is assessed at its end.
        is_last = number == len(planned.sessions) - 1
        for rater in Rater:
            if is_last or number in flagged[rater]:
                at = session.starts_at + dt.timedelta(minutes=MINUTES[rater])
                assess_episode(episode=episode, rater=rater, now=at)
        _talk_about_old_flags(episode, session.starts_at, now)
    date_events(planned, episode)
    if planned.contact_by:
        opened_at = planned.sessions[0].starts_at
        agree_to_messages(episode.client, planned.contact_by, opened_at)
    if planned.asked_lately:
        ask_by_message(episode.sessions.held().order_by("-starts_at")[0])
    schedule_session(episode=episode, starts_at=planned.next_at, mode=Session.Mode.IN_PERSON)


def _slides_from(planned: PlannedClient, episode: Episode) -> int | None:
    """From which session on the client answers with the slider: everybody where the organization
    chose it, and one of Maria's clients who changed over lately."""
    if episode.client.answers_with == AnswersWith.SLIDER:
        return 0
    if (planned.counselor, planned.kind) != ("Maria", "rising"):
        return None
    Client.objects.filter(pk=episode.client_id).update(answers_with=AnswersWith.SLIDER)
    return max(0, len(planned.sessions) - 5)


def _read_older_notes(now: dt.datetime) -> None:
    """All but the latest of each counselor's notes were read."""
    notes = Rating.objects.filter(sealed_note__isnull=False).order_by("-given_at", "pk")
    latest: set[int] = set()
    for rating in notes.select_related("session__episode__counselor"):
        counselor = rating.session.episode.counselor
        if counselor.pk in latest:
            mark_read(rating=rating, member=counselor, now=now)
        latest.add(counselor.pk)


def _call_after_a_missed_session(now: dt.datetime) -> None:
    """Two of those who did not come were called since: one was reached, one did not answer."""
    missed = Session.objects.filter(status=Session.Status.MISSED).order_by("-starts_at", "pk")
    for session, did in zip(missed.select_related("episode__counselor"), CALLED, strict=False):
        at = min(session.starts_at + dt.timedelta(hours=5), now)
        record_contact(episode=session.episode, did=did, by=session.episode.counselor, now=at)


def _make_promise(organization: Organization, now: dt.datetime) -> None:
    """One client was promised something, and has not said yet whether it happened."""
    flagged = _unanswered().filter(
        organization=organization,
        episode__flags__rater=Rater.CLIENT,
        episode__flags__first_rating__session__starts_at__lt=F("starts_at") - dt.timedelta(days=7),
    )
    session = flagged.select_related("episode__counselor").first()
    if session is None:
        return
    talked_on = organization.today(session.starts_at) - dt.timedelta(days=7)
    counselor = session.episode.counselor
    flag = Flag.objects.filter(episode=session.episode, rater=Rater.CLIENT).earliest("raised_at")
    if flag.state not in Flag.OPEN_STATES:  # talked about long ago; now once more
        move(flag, Flag.State.TALKED, now=now, reason="opened again", by=counselor)
    flags = Flag.objects.filter(episode=session.episode, rater=Rater.CLIENT)
    flag = flags.open().first() or flags.exclude(state=Flag.State.WITHDRAWN).latest("raised_at")
    if not flag.is_open:
        move(flag, Flag.State.TALKED, now=now, reason="reopen", by=counselor)
    record_talk(
        flag=flag,
        by=counselor,
        talked_on=talked_on,
        now=now,
        client_text=PROMISE,
        wish="slower",
    )


def _act_on_flags(now: dt.datetime) -> None:
    """Of the open flags some were acted on, one of each kind; the first caseload keeps its own."""
    acts = (
        Decision(Did.NOT_YET, on=(now + dt.timedelta(days=6)).date(), line="Only five minutes."),
        Decision(Did.TALKED, on=now.date(), line="Check in first, plan later."),
        Decision(Did.OUTSIDE, line="Lost the night shift."),
        Decision(Did.NO_CONCERN, line="A bad cold."),
        Decision(Did.BRING),
    )
    waiting = Flag.objects.filter(state=Flag.State.NEW, rater=Rater.CLIENT)
    others = waiting.exclude(episode__counselor__name__in=["Maria", "Kim"])
    related = others.select_related("episode__client", "episode__counselor__organization")
    for flag, decision in zip(related.order_by("pk"), acts, strict=False):
        decide(
            flag=flag,
            decision=decision,
            version=flag.version,
            by=flag.episode.counselor,
            now=now,
        )


def _ask_for_call(contact: Membership, now: dt.datetime) -> None:
    """One client would like to talk with somebody who is not their counselor."""
    session = _unanswered().filter(organization=contact.organization).last()
    if session is None:
        return
    request = make_link(session=session, channel=RatingLink.Channel.LINK, now=now).link.request
    # By hand, not by the service: that one mails.
    CallRequest.objects.create(
        organization=contact.organization,
        client=session.episode.client,
        request=request,
        contact=contact,
        sealed_phone=seal(session.episode.client, "call", "555-0123"),
        asked_at=now,
    )


def _answer_on_paper(desk: Membership, now: dt.datetime) -> None:
    """One client answers on paper: a slip was typed in the day after, and the next one is printed.

    What they wrote is what they had answered before, so that their course stays what it was.
    """
    untouched = _unanswered().filter(
        organization=desk.organization,
        episode__rating_requests__isnull=True,
        starts_at__lt=now - dt.timedelta(days=2),
        starts_at__gt=now - SLIPS_LAST,
    )
    session = untouched.exclude(episode__flags__state=Flag.State.NEW).first()
    if session is None:
        return
    before = Rating.objects.by(Rater.CLIENT).filter(
        session__episode=session.episode_id, session__starts_at__lt=session.starts_at
    )
    last = before.latest("session__starts_at")
    Client.objects.filter(pk=session.episode.client_id).update(answers_by=Client.AnswersBy.PAPER)
    [slip] = print_slips(sessions=[session], by=desk, now=session.starts_at).slips
    enter_slip(
        slip=slip,
        viewer=Viewer(desk, desk.organization, session.starts_at + dt.timedelta(days=1)),
        answers=Answers(*last.facet_values, change_wish="plan"),
        given_on=desk.organization.today(session.starts_at),
        rating_uuid=uuid.uuid4(),
    )
    to_come = session.episode.sessions.scheduled().order_by("starts_at")
    print_slips(sessions=to_come[:1], by=desk, now=now)


def _make_session(episode: Episode, planned: PlannedSession, *, slides: bool) -> None:
    session = Session.objects.create(
        organization_id=episode.organization_id,
        episode=episode,
        starts_at=planned.starts_at,
        status=Session.Status.MISSED if planned.missed else Session.Status.HELD,
    )
    if planned.counselor:
        own = Answers(*planned.counselor)
        _rate(session, Rater.COUNSELOR, own, Rating.WayIn.STAFF)
    if planned.client:
        kind = Rating.InputKind.SLIDER if slides else Rating.InputKind.BUTTONS
        answers = Answers(
            *planned.client,
            change_wish=planned.wish,
            note=planned.note,
            input_kind=kind,
            language=episode.client.language,
        )
        _rate(session, Rater.CLIENT, answers, Rating.WayIn.LINK)


def _rate(session: Session, rater: Rater, answers: Answers, way_in: str) -> None:
    record_rating(
        session=session,
        rater=rater,
        answers=answers,
        way_in=way_in,
        now=session.starts_at + dt.timedelta(minutes=MINUTES[rater]),
        is_assessed=False,
    )


def _talk_about_old_flags(episode: Episode, at: dt.datetime, now: dt.datetime) -> None:
    """What was flagged more than a month ago was talked about and has been closed since."""
    month_ago = now - dt.timedelta(days=30)
    old = Flag.objects.open().filter(episode=episode, raised_at__lt=min(at, month_ago))
    for flag in old:
        counselor, talked_on = episode.counselor, episode.organization.today(flag.raised_at)
        record_talk(flag=flag, by=counselor, talked_on=talked_on, now=at)
        move(flag, Flag.State.BETTER, now=at, reason="better", by=counselor)
