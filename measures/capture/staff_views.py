"""The counselor's side of capture: log a session with an own rating, invite the client."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from measures.builtin import current_version
from measures.capture import logging_sessions
from measures.capture.asking import (
    AlreadyAnswered,
    NotToBeAsked,
    SessionNotHeld,
    client_answer,
)
from measures.capture.asking_sentences import WHY_NOT, what_follows
from measures.capture.codes import KEEP_EVERY, make_code
from measures.capture.forms import SessionLogForm
from measures.capture.services import make_link, waive_blind
from measures.capture.talk_question import answer_about, flag_to_ask_about
from measures.models import FACETS, Flag, Rater, Rating, RatingLink, blind_sessions
from sessions.access import StaffRequest, get_editable, get_visible
from sessions.models import Episode, Session
from sessions.qr import qr_svg
from sessions.services import TimeTaken

# What the counselor meant to do when the own rating had to come first.
THEN = {"hand_over": "hand_over", "slip": "slip_entry"}
CHANNELS = {"link": RatingLink.Channel.LINK, "qr": RatingLink.Channel.QR}


@require_http_methods(["GET", "HEAD", "POST"])
def session_log(request: StaffRequest, uuid: str) -> HttpResponse:
    """One short form: held, missed or cancelled, and the own rating."""
    session = own_session(request, uuid)
    if session.group is not None:
        return redirect("group", uuid=session.group.uuid)
    may_rate = _rates(request) or not _own_rating(session)
    form = SessionLogForm(
        request.POST if request.method == "POST" else None,
        session=session,
        may_rate=may_rate,
        instrument_version=current_version(),
        language=get_language() or "en",
        names={"client": session.episode.client.code},
        flag=(flag := flag_to_ask_about(request.viewer, session)),
    )
    if request.method == "POST" and form.is_valid():
        response = _save(request, session, form, flag)
        if response is not None:
            return response
    status = 409 if form.is_stale else 422 if form.errors else 200
    context = {
        "session": session,
        "client": session.episode.client,
        "form": form,
        "may_rate": may_rate,
        "flag": flag,
        "then": "slip" if "slip" in (request.GET.get("then"), request.POST.get("then")) else "",
    }
    return render(request, "measures/session_log.html", context, status=status)


@require_POST
def session_waive(request: StaffRequest, uuid: str) -> HttpResponse:
    """ "Not this time": see the client's answers without an own rating."""
    session = own_session(request, uuid)
    waive_blind(session=session, now=request.now)
    messages.info(request, _("All right, not this time."))
    return redirect(_next(request, session))


@require_POST
def rating_link(request: StaffRequest, uuid: str) -> HttpResponse:
    """Make a link for the client. It is shown once: only its hash is kept."""
    session = get_editable(request, sessions_to_ask_about(), uuid=uuid)
    if is_withheld(request, session):
        return already_here(request, session)
    channel = CHANNELS.get(request.POST.get("channel", "link"), RatingLink.Channel.LINK)
    try:
        made = make_link(session=session, channel=channel, now=request.now)
    except (SessionNotHeld, NotToBeAsked, AlreadyAnswered) as refusal:
        return say_why_not(request, session, refusal)
    url = request.build_absolute_uri(reverse("rate", args=[made.token]))
    context = {
        "session": session,
        "client": session.episode.client,
        "link": made.link,
        "url": url,
        "qr": qr_svg(url),
    }
    if channel == RatingLink.Channel.QR:
        context |= _code(request, made.link)
    return render(request, "measures/rating_link.html", context)


def _code(request: StaffRequest, link: RatingLink) -> dict[str, Any]:
    """What old phones type instead of scanning: a short address, and six digits."""
    made = make_code(link=link, now=request.now)
    address = request.build_absolute_uri(reverse("code", args=[made.letters]))
    return {
        "code": made,
        "code_address": address.partition("://")[2],
        "code_every": int(KEEP_EVERY.total_seconds()),
    }


def is_withheld(request: StaffRequest, session: Session) -> bool:
    """Whether something came in that the viewer may not see, yet or ever: then a decline is an
    answer like any other, also in what may follow."""
    viewer = request.viewer
    if blind_sessions(viewer).filter(pk=session.pk).exists():
        return True
    reads = Episode.objects.clinical_to(viewer).filter(pk=session.episode_id).exists()
    return not reads and client_answer(session.pk) is not None


def say_why_not(request: StaffRequest, session: Session, refusal: Exception) -> HttpResponse:
    """Why nobody is asked about this session, on the client's page."""
    if isinstance(refusal, AlreadyAnswered):
        return already_here(request, session)
    text = _("First log the session as held. Then the client can be asked.")
    if isinstance(refusal, NotToBeAsked):
        text = str(WHY_NOT[refusal.why])
    messages.error(request, text)
    return redirect("client", uuid=session.episode.client.uuid)


def already_here(request: StaffRequest, session: Session) -> HttpResponse:
    messages.info(request, _("An answer for this session is already here."))
    return redirect("client", uuid=session.episode.client.uuid)


def sessions_to_ask_about() -> QuerySet[Session]:
    return Session.objects.select_related(
        "organization", "group", "episode__client", "episode__counselor", "episode__organization"
    )


def own_session(request: StaffRequest, uuid: str) -> Session:
    """A session the viewer may rate. Keeping its place in the calendar is not enough."""
    session = get_visible(request, sessions_to_ask_about(), uuid=uuid)
    if not Episode.objects.editable_by(request.viewer).filter(pk=session.episode_id).exists():
        raise PermissionDenied
    return session


def _own_rating(session: Session) -> Rating | None:
    return Rating.objects.current().by(Rater.COUNSELOR).filter(session=session).first()


def _rates(request: StaffRequest) -> bool:
    """A second tab's answers are compared with the stored ones, never dropped in silence."""
    return any(facet in request.POST for facet in FACETS)


def _save(
    request: StaffRequest, session: Session, form: SessionLogForm, flag: Flag | None
) -> HttpResponse | None:
    """Log it and go to what comes next, or put the problem into words on the form."""
    was_rated = _own_rating(session) is not None
    try:
        logged = logging_sessions.log_session(
            session=session,
            **form.session_values(),
            answers=form.answers(),
            by=request.viewer.membership,
            now=request.now,
        )
    except logging_sessions.StaleSession:
        session.refresh_from_db(fields=["status", "starts_at", "mode", "version"])
        form.mark_stale(session)
    except AlreadyAnswered:
        form.add_error(None, _("Your rating of this session is stored already, and it stays."))
    except logging_sessions.RatedSession:
        form.add_error(
            "status",
            _(
                "The client answered about this session, so it stays held. First put the answer "
                "where it belongs, or take it off: open the answers of this session."
            ),
        )
    except logging_sessions.NotYet:
        form.add_error("starts_at", _("Pick a date that is not in the future."))
    except TimeTaken:
        form.add_error("starts_at", _("There is a session with this client at that time."))
    else:
        _note_the_talk(request, logged, form, flag)
        said = what_follows(logged, request.now)
        if was_rated and logged.status != Session.Status.HELD:
            said = _("Your own rating of it is taken off, and stays on record.")
        messages.success(request, f"{_('Saved.')} {said}".strip())
        return redirect(_next(request, logged))
    return None


def _note_the_talk(
    request: StaffRequest, session: Session, form: SessionLogForm, flag: Flag | None
) -> None:
    answer = form.talked_answer
    if flag is None or answer is None:
        return
    did, version = answer
    stored = answer_about(
        flag=flag, session=session, did=did, version=version, viewer=request.viewer
    )
    if not stored:
        messages.info(request, _("Somebody saved the flag a moment ago; that stays as it is."))


def _next(request: StaffRequest, session: Session) -> str:
    """On to the client's page, or to what rating was in the way of."""
    then = THEN.get(request.POST.get("then", ""))
    if then and session.status == Session.Status.HELD:
        return reverse(then, args=[session.uuid])
    return reverse("episode", args=[session.episode.uuid])
