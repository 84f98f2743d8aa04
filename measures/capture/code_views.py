"""The short address for phones that cannot scan: six digits lead where the QR code leads."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import time_format
from django.views.decorators.http import require_http_methods, require_POST

from measures.capture.codes import keep_alive, open_code
from measures.capture.forms import CodeForm
from measures.capture.staff_views import is_withheld
from measures.capture.visits import enter, private
from sessions.access import StaffRequest, get_editable
from sessions.models import Session


@require_http_methods(["GET", "HEAD", "POST"])
@login_not_required
def code(request: StaffRequest, letters: str = "") -> HttpResponse:
    """Type the digits. Wrong, expired and used are one answer, to the byte."""
    form = CodeForm(request.POST if request.method == "POST" else None, letters=letters)
    if request.method == "POST" and form.is_valid():
        link = open_code(
            letters=form.cleaned_data["letters"],
            digits=form.cleaned_data["digits"],
            address=get_adapter().get_client_ip(request),
            now=request.now,
        )
        if link is not None:
            request.link_organization_id = link.organization_id
            return enter(request, link)
        form.refuse()
    status = 422 if form.errors else 200
    return private(render(request, "measures/rate/code.html", {"form": form}, status=status))


@require_POST
def code_keep(request: StaffRequest, uuid: str) -> JsonResponse:
    """The page that shows a code says it is still open: until when is the code good now?"""
    session = get_editable(request, Session.objects.select_related("episode"), uuid=uuid)
    letters = request.POST.get("letters", "")
    row = None
    if not is_withheld(request, session):
        row = keep_alive(session=session, letters=letters, now=request.now)
    until = time_format(timezone.localtime(row.expires_at), "TIME_FORMAT") if row else ""
    return JsonResponse({"open": row is not None, "until": until})
