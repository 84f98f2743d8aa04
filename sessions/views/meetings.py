"""The calendar: schedule a session, or start one now."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sessions.access import StaffRequest, get_editable, note_seen
from sessions.forms import ScheduleForm
from sessions.models import Client, Episode
from sessions.services import TimeTaken, schedule_session, start_session


@require_safe
def session_pick(request: StaffRequest) -> HttpResponse:
    """Log a session: whose? A walk-in starts with the next tap."""
    episodes = list(
        Episode.objects.editable_by(request.viewer)
        .select_related("client")
        .order_by("client__code")
    )
    note_seen(request, (episode.client_id for episode in episodes))
    return render(request, "sessions/session_pick.html", {"episodes": episodes})


@require_POST
def session_start(request: StaffRequest, uuid: str) -> HttpResponse:
    episode = get_editable(request, Episode.objects.all(), uuid=uuid)
    session = start_session(episode=episode, now=request.now)
    return redirect("session_log", uuid=session.uuid)


@require_http_methods(["GET", "HEAD", "POST"])
def session_schedule(request: StaffRequest, uuid: str) -> HttpResponse:
    """Put a session on a client's calendar, with one of their counselors."""
    client = get_editable(request, Client.objects.all(), uuid=uuid)
    form = ScheduleForm(request.POST or None, viewer=request.viewer, client=client)
    if request.method == "POST" and form.is_valid():
        try:
            schedule_session(**form.cleaned_data)
        except TimeTaken:
            form.add_error("starts_at", _("There is a session with this client at that time."))
        else:
            messages.success(request, _("Scheduled."))
            return redirect("client", uuid=client.uuid)
    return render(request, "sessions/session_schedule.html", {"client": client, "form": form})
