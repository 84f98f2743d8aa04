"""Saying what came of an action, from Today."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from measures.models import Action
from measures.repair.actions import end_action
from sessions.access import StaffRequest, note_seen


@require_POST
def action_end(request: StaffRequest, uuid: str) -> HttpResponse:
    """Done, or dropped; whose it is to do says so. "Not yet" needs no tap."""
    mine = Action.objects.to_do_by(request.viewer)
    action = get_object_or_404(mine.select_related("episode", "counselor"), uuid=uuid)
    if action.episode is not None:
        note_seen(request, [action.episode.client_id])
    outcome = request.POST.get("outcome", "")
    if outcome not in Action.Outcome:
        messages.error(request, _("Choose what came of it."))
    elif end_action(action=action, outcome=outcome, now=request.now):
        messages.success(request, _("Off the list."))
    if request.POST.get("back") == "agenda":
        return redirect("agenda", action.counselor.uuid)
    route = "today" if request.viewer.counselor else "supervision"
    return redirect(reverse(route))
