"""Putting right what was answered or asked by mistake: by the counselor of both clients."""

from __future__ import annotations

import datetime as dt

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from measures.capture.asking import AlreadyAnswered, SessionNotHeld, withdraw_open_requests
from measures.capture.correcting import NothingToMove, move_rating
from measures.capture.correction_forms import MoveAnswerForm
from measures.capture.staff_views import own_session, sessions_to_ask_about
from measures.models import Rater, Rating, RatingRequest
from sessions.access import StaffRequest, get_editable, note_seen
from sessions.models import Episode, Session

# Slips are typed in and mistakes noticed within weeks, not months.
DAYS = 45
MOST = 200


@require_http_methods(["GET", "HEAD", "POST"])
def rating_move(request: StaffRequest, uuid: str) -> HttpResponse:
    """Put a client's answer on the session it is about. Nothing of it is shown here."""
    session = own_session(request, uuid)
    offered = _own_unanswered(request, session)
    note_seen(request, (each.episode.client_id for each in offered))
    is_sent = request.method == "POST"
    form = MoveAnswerForm(request.POST if is_sent else None, sessions=offered)
    if is_sent and form.is_valid():
        try:
            move_rating(
                session=session,
                to=form.target,
                why=form.cleaned_data["why"],
                by=request.viewer.membership,
                now=request.now,
            )
        except NothingToMove:
            messages.info(request, _("There is no answer on this session."))
        except (AlreadyAnswered, SessionNotHeld):
            form.add_error("to", _("That session was changed or answered meanwhile."))
        else:
            messages.success(request, _("Put right. What was wrong stays on record, out of sight."))
        if not form.errors:
            return redirect("episode", uuid=(form.target or session).episode.uuid)
    context = {"session": session, "client": session.episode.client, "form": form}
    status = 422 if form.errors else 200
    return render(request, "measures/rating_move.html", context, status=status)


@require_POST
def request_withdraw(request: StaffRequest, uuid: str) -> HttpResponse:
    """Close every link about a session: it went to the wrong place, or should not have gone out."""
    session = get_editable(request, sessions_to_ask_about(), uuid=uuid)
    ended = withdraw_open_requests(
        of=Q(session=session), why=RatingRequest.Withdrawn.BY_HAND, now=request.now
    )
    if ended:
        messages.success(request, _("Withdrawn. Its links open nothing any more."))
    else:
        messages.info(request, _("Nothing was open about this session."))
    return redirect("client", uuid=session.episode.client.uuid)


def _own_unanswered(request: StaffRequest, session: Session) -> list[Session]:
    """The viewer's held sessions of late that have no answer from the client, latest first."""
    viewer = request.viewer
    answered = Rating.objects.clinical_to(viewer).current().by(Rater.CLIENT)
    own = Session.objects.held().filter(
        episode__in=Episode.objects.editable_by(viewer).values("pk"),
        starts_at__gte=session.starts_at - dt.timedelta(days=DAYS),
        starts_at__lte=viewer.now,
        group__isnull=session.group_id is None,  # a group is asked other questions
    )
    waiting = own.exclude(pk__in=answered.values("session")).exclude(pk=session.pk)
    related = waiting.select_related("episode__client", "episode__organization")
    return list(related.order_by("-starts_at", "pk")[:MOST])
