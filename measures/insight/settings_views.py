"""How soon a flag is raised, tried out before it is saved; and who put answers right. Counts."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from measures.insight import corrections as put_right
from measures.insight.settings_forms import SensitivityForm
from measures.insight.trial import WEEKLY_CLIENTS, try_out
from sessions.access import StaffRequest, note_seen
from sessions.models import Organization


@require_http_methods(["GET", "HEAD", "POST"])
def sensitivity(request: StaffRequest) -> HttpResponse:
    """What each setting would bring a counselor in a week, and how much of it by chance."""
    organization = Organization.objects.get(pk=request.viewer.organization.pk)
    is_sent = request.method == "POST"
    form = SensitivityForm(request.POST if is_sent else None, organization=organization)
    if is_sent and form.is_valid():
        organization.sensitivity = form.cleaned_data["sensitivity"]
        organization.save(update_fields=["sensitivity"])
        messages.success(request, _("Saved. It counts for each client from the next rating on."))
        return redirect("sensitivity")
    names = dict(Organization.Sensitivity.choices)
    trial = try_out(organization)
    context = {
        "form": form,
        "trial": trial,
        "rows": [(names[each.sensitivity], each) for each in trial.settings],
        "current": names[organization.sensitivity],
        "clients": WEEKLY_CLIENTS,
    }
    status = 422 if form.errors else 200
    return render(request, "measures/sensitivity.html", context, status=status)


@require_safe
def corrections(request: StaffRequest) -> HttpResponse:
    """Who put an answer right, and why: with counselors' own clients, and in numbers."""
    viewer = request.viewer
    own = put_right.own(viewer) if viewer.counselor else []
    note_seen(request, (each.session.episode.client_id for each in own))
    note_seen(request, (each.to.episode.client_id for each in own if each.to))
    context = {
        "own": own,
        "counts": put_right.counts(viewer) if viewer.administrator else [],
    }
    return render(request, "measures/corrections.html", context)
