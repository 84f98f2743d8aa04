"""The tablet one sits at: whether it is handed to clients, and how to pin it to one page."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from sessions import tablets
from sessions.access import StaffRequest


@require_http_methods(["GET", "HEAD", "POST"])
def tablet(request: StaffRequest) -> HttpResponse:
    organization = request.viewer.organization
    if request.method != "POST":
        response = render(request, "sessions/tablet.html")
        if tablets.is_marked(request, organization):
            tablets.mark(response, organization)
        return response
    response = redirect("tablet")
    if request.POST.get("mark") == "yes":
        tablets.mark(response, organization)
        messages.success(request, _("This tablet can now be handed to clients."))
    else:
        tablets.unmark(response)
        messages.success(request, _("This device is not handed to clients any more."))
    return response
