"""Who asked for a call: for the rights contact alone.

The access log must not tell a client's counselor, who may well be the administrator, that the
client asked. So its entries about these pages name no client: whom a call was asked of, and who
took it off the list, stands on the call itself.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from measures.capture.calls import finish_call
from measures.models import CallRequest
from sessions.access import StaffRequest
from sessions.sealing import unseal, unseal_identity

SHOWN_AFTER = dt.timedelta(days=14)


@dataclass(frozen=True, slots=True)
class CallRow:
    """One call of the list, with what is needed to make it."""

    call: CallRequest
    code: str
    name: str
    phone: str
    counselor: str


@require_safe
def calls(request: StaffRequest) -> HttpResponse:
    """Calls that wait, the oldest first, and what was done in the last two weeks."""
    viewer = request.viewer
    visible = CallRequest.objects.visible_to(viewer).select_related(
        "client", "request__session__episode__counselor"
    )
    done = visible.filter(done_at__gt=viewer.now - SHOWN_AFTER).order_by("-done_at", "-pk")
    context = {
        "waiting": [_row(call) for call in visible.waiting().order_by("asked_at", "pk")],
        "done": [_row(call) for call in done],
    }
    return render(request, "measures/calls.html", context)


@require_POST
def call_done(request: StaffRequest, uuid: UUID) -> HttpResponse:
    call = get_object_or_404(CallRequest.objects.visible_to(request.viewer), uuid=uuid)
    finish_call(call=call, by=request.viewer.membership, now=request.now)
    messages.success(request, _("Off the list."))
    return redirect("calls")


def _row(call: CallRequest) -> CallRow:
    identity = unseal_identity(call.client)
    return CallRow(
        call=call,
        code=call.client.code,
        name=identity.name,
        phone=unseal(call.client, "call", call.sealed_phone) or identity.phone,
        counselor=call.request.session.episode.counselor.name,
    )
