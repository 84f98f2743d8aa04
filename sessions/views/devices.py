"""Tablets of the house: the administrator offers, lists and revokes them."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from sessions.access import StaffRequest
from sessions.devices import (
    find_offer,
    forget_device,
    offer_device,
    pair_device,
    remember_device,
    revoke_device,
)
from sessions.forms import DeviceForm
from sessions.models import Device
from sessions.qr import qr_svg


@require_http_methods(["GET", "HEAD", "POST"])
def devices(request: StaffRequest) -> HttpResponse:
    """The tablets in use, and a link to pair another. The link is shown once."""
    is_sent = request.method == "POST"
    form = DeviceForm(request.POST if is_sent else None)
    context = {"form": form, "rows": _rows(request)}
    if is_sent and form.is_valid():
        name = form.cleaned_data["name"]
        offered = offer_device(name=name, by=request.viewer.membership, now=request.now)
        url = request.build_absolute_uri(reverse("kiosk_pair", args=[offered.token]))
        context |= {"offered": offered.device, "url": url, "qr": qr_svg(url)}
    return render(request, "sessions/devices.html", context, status=422 if form.errors else 200)


@require_POST
def device_revoke(request: StaffRequest, uuid: str) -> HttpResponse:
    device = get_object_or_404(Device.objects.visible_to(request.viewer), uuid=uuid)
    revoke_device(device=device, now=request.now)
    messages.success(request, _("“%(name)s” opens nothing any more.") % {"name": device.name})
    return redirect("devices")


@require_http_methods(["GET", "HEAD", "POST"])
@login_not_required
def kiosk_pair(request: StaffRequest, token: str) -> HttpResponse:
    """On the tablet itself: say yes, and it is for clients. Opening the link uses nothing up."""
    device = find_offer(token, request.now)
    if device is None:
        return no_kiosk(request)
    request.link_organization_id = device.organization_id
    if request.method != "POST":
        return render(request, "sessions/kiosk_pair.html", {"device": device})
    secret = pair_device(device=device, now=request.now)
    if secret is None:
        return no_kiosk(request)
    logout(request)  # whoever set it up: a tablet for clients holds nobody's log-in
    response = redirect("kiosk")
    remember_device(response, secret)
    return response


def no_kiosk(request: StaffRequest) -> HttpResponse:
    """Never paired, revoked, or by a link that is over: one page, and nothing stays behind."""
    response = render(request, "sessions/no_kiosk.html", status=404)
    forget_device(response)
    return response


def _rows(request: StaffRequest) -> list[Device]:
    in_use = Device.objects.visible_to(request.viewer).in_use().select_related("paired_by")
    return list(in_use.order_by("name", "pk"))
