"""The clinic's tablet: six digits, three questions, and back to where it began."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from measures.capture.codes import TooManyTries, open_code_on
from measures.capture.forms import DigitsForm
from measures.capture.services import close_link
from measures.capture.visits import closed, enter, find_visit, forget_visit, languages, private
from measures.models import RatingLink
from sessions.access import StaffRequest
from sessions.models import Device
from sessions.views.devices import no_kiosk


@require_http_methods(["GET", "HEAD", "POST"])
@login_not_required
def kiosk(request: StaffRequest) -> HttpResponse:
    """Asks for the digits that the counselor or the front desk gives out."""
    device = request.device
    if device is None:
        return no_kiosk(request)
    if request.user.is_authenticated:
        logout(request)
    language = request.GET.get("language", "")
    known = language if language in dict(settings.LANGUAGES) else request.LANGUAGE_CODE
    with translation.override(known):
        return private(_ask(request, device, known))


def _ask(request: StaffRequest, device: Device, language: str) -> HttpResponse:
    form = DigitsForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        link = _open(request, device, form)
        if link is not None:
            rotate_token(request)  # nothing of one client is shared with the next
            return enter(request, link)
    context = {"form": form, "languages": languages(language)}
    return render(request, "measures/kiosk.html", context, status=422 if form.errors else 200)


def _open(request: StaffRequest, device: Device, form: DigitsForm) -> RatingLink | None:
    """The link to rate by on this tablet, or the reason on the form."""
    request.link_organization_id = device.organization_id
    try:
        link = open_code_on(device=device, digits=form.cleaned_data["digits"], now=request.now)
    except TooManyTries:
        form.add_error("digits", _("Too many wrong tries. Ask for help at the front desk."))
        return None
    if link is None:
        form.refuse()
    return link


@require_POST
@login_not_required
def leave(request: StaffRequest, uuid: UUID) -> HttpResponse:
    """Done, or nobody there any more: the tablet is left as if nobody had been at it."""
    visit = find_visit(request, str(uuid))
    if visit is None and request.device is None:
        return closed(request)
    if visit is not None and not visit.on_clinic_device:
        return redirect("rate_start", uuid=uuid)
    if visit is not None:
        close_link(link=visit.link, now=request.now)
    rotate_token(request)
    response = redirect("kiosk" if request.device else "handed")
    forget_visit(response, str(uuid))
    response.headers["Clear-Site-Data"] = '"storage"'
    return private(response)
