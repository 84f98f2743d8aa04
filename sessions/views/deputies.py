"""Who supervises while a supervisor is away: named by that supervisor, from a day to a day."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from sessions.access import StaffRequest
from sessions.models import Cover
from sessions.models.people import on_day
from sessions.staff_forms import CoverForm, covers_of
from sessions.staffing import end_cover, start_cover

TEAM = Cover.Part.TEAM


@require_http_methods(["GET", "HEAD", "POST"])
def deputy(request: StaffRequest) -> HttpResponse:
    """The deputies of the viewer, whose deputy the viewer is, and a form to name one."""
    viewer, is_sent = request.viewer, request.method == "POST"
    me = viewer.membership
    form = CoverForm(request.POST if is_sent else None, viewer=viewer, member=me, part=TEAM)
    if is_sent and form.is_valid():
        start_cover(member=me, part=TEAM, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("deputy")
    today = on_day(viewer.today, start="from_on", end="to_on")
    absent = Cover.objects.filter(today, stands_in=me, part=TEAM)
    context = {
        "form": form,
        "deputies": covers_of(me, TEAM, viewer.today),
        "absent": list(absent.select_related("member").order_by("to_on", "pk")),
        "section": "supervision",
    }
    return render(request, "sessions/deputy.html", context, status=422 if form.errors else 200)


@require_POST
def deputy_end(request: StaffRequest, uuid: UUID) -> HttpResponse:
    own = Cover.objects.filter(member=request.viewer.membership, part=TEAM)
    row = get_object_or_404(own.select_related("stands_in"), uuid=uuid)
    end_cover(cover=row, today=request.viewer.today)
    words = {"name": row.stands_in.name}
    messages.success(request, _("%(name)s is no longer your deputy.") % words)
    return redirect("deputy")
