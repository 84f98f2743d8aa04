"""Handing the tablet to the client, and taking it back with the PIN."""

from __future__ import annotations

import datetime as dt
from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from measures.capture.asking import AlreadyAnswered, NotToBeAsked, SessionNotHeld
from measures.capture.forms import AroundForm, PinEntryForm
from measures.capture.handovers import (
    OwnRatingFirst,
    find_hand_over,
    hand_over,
    may_hand_over,
    take_back,
    takes_pin,
)
from measures.capture.staff_views import own_session, say_why_not
from measures.capture.visits import enter, private
from measures.models import HandOver
from sessions import tablets
from sessions.access import StaffRequest, Viewer, viewer_for
from sessions.models import Membership, Session
from sessions.sealing import unseal_identity

# On the tablet while it is away: which hand-over it is.
COOKIE = "handed"
SALT = "measures.capture.handed"
# In the web session that a PIN began: when the log-in it continues would have ended.
ENDS = "log_in_ends_at"


@require_http_methods(["GET", "HEAD", "POST"])
def hand_over_page(request: StaffRequest, uuid: str) -> HttpResponse:
    """Own rating first, then the right client, then the tablet goes, and the log-in with it."""
    session = own_session(request, uuid)
    if not tablets.is_marked(request, request.viewer.organization):
        messages.info(request, _("First mark this tablet as one you hand to clients."))
        return redirect("tablet")
    if session.status != Session.Status.HELD:
        messages.info(request, _("First log the session as held. Then the client can be asked."))
        return redirect("session_log", uuid=session.uuid)
    form = AroundForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return _hand_over(request, session, form)
    context = {
        "session": session,
        "client": session.episode.client,
        "name": unseal_identity(session.episode.client).name,
        "is_today": request.viewer.organization.today(session.starts_at) == request.viewer.today,
        "may_go": may_hand_over(session, request.viewer),
        "form": form,
    }
    status = 422 if form.errors else 200
    return render(request, "measures/hand_over.html", context, status=status)


def _hand_over(request: StaffRequest, session: Session, form: AroundForm) -> HttpResponse:
    try:
        handed = hand_over(
            session=session,
            viewer=request.viewer,
            log_in_ends_at=_log_in_ends_at(request),
            **form.cleaned_data,
        )
    except OwnRatingFirst:
        return redirect("hand_over", uuid=session.uuid)
    except (SessionNotHeld, NotToBeAsked, AlreadyAnswered) as refusal:
        return say_why_not(request, session, refusal)
    for _message in messages.get_messages(request):
        pass  # what was to be said to the counselor is not said to the client
    logout(request)
    rotate_token(request)
    response = enter(request, handed.link)
    response.set_signed_cookie(
        COOKIE,
        handed.secret,
        salt=SALT,
        max_age=settings.SESSION_COOKIE_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@login_not_required
def handed(request: StaffRequest) -> HttpResponse:
    """The tablet is away. Whoever has the PIN gets their log-in back; others find nothing here."""
    viewer: Viewer | None = request.viewer
    row = find_hand_over(request.get_signed_cookie(COOKIE, default="", salt=SALT) or "")
    if viewer is not None or row is None:
        response = redirect("home")
        response.delete_cookie(COOKIE, samesite="Lax")
        return response
    request.link_organization_id = row.organization_id
    form = PinEntryForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        member = take_back(row=row, pin=form.cleaned_data["pin"], now=request.now)
        if member is not None:
            return _welcome_back(request, row, member)
        row.refresh_from_db(fields=["wrong_pins"])
        form.add_error("pin", _("This is not the PIN."))
    context = {"form": form, "takes_pin": takes_pin(row, request.now)}
    status = 422 if form.errors else 200
    return private(render(request, "measures/handed.html", context, status=status))


def _welcome_back(request: StaffRequest, row: HandOver, member: Membership) -> HttpResponse:
    """Log the counselor in where they were, for no longer than their log-in would have lasted."""
    login(request, member.user, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session[ENDS] = row.log_in_ends_at.isoformat()
    request.session.set_expiry(row.log_in_ends_at)
    request.viewer = cast("Viewer", viewer_for(member.user, request.now))
    response = redirect("session_answers", uuid=row.link.request.session.uuid)
    response.delete_cookie(COOKIE, samesite="Lax")
    return response


def _log_in_ends_at(request: StaffRequest) -> dt.datetime:
    """When a full log-in is due anyhow: so long after the last one, however often a PIN came in."""
    if ENDS in request.session:
        return dt.datetime.fromisoformat(request.session[ENDS])
    began = request.viewer.membership.user.last_login or request.now
    return began + dt.timedelta(seconds=settings.SESSION_COOKIE_AGE)
