"""The administrator's page, and what everybody should know about the product."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from sessions.access import StaffRequest
from sessions.forms import OrganizationForm
from sessions.models import Episode, FairUse, Membership, Organization, Session


@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: StaffRequest) -> HttpResponse:
    """Staff and settings. Counts, no individual ratings."""
    organization = Organization.objects.get(pk=request.viewer.organization.pk)
    form = OrganizationForm(request.POST or None, instance=organization)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("settings")
    context = {
        "form": form,
        "staff": Membership.objects.managed_by(request.viewer)
        .active_on(request.viewer.today)
        .count(),
        "open_episodes": Episode.objects.open().filter(organization=organization).count(),
        "held_sessions": Session.objects.held().filter(organization=organization).count(),
    }
    return render(request, "sessions/settings.html", context)


@require_safe
def about(request: StaffRequest) -> HttpResponse:
    statement = FairUse.objects.visible_to(request.viewer).in_force()
    return render(request, "sessions/about.html", {"statement": statement})
