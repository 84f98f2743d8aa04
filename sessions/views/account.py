"""One's own account: what somebody decides for themselves, and nobody for them."""

from __future__ import annotations

import datetime as dt

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from sessions.access import StaffRequest
from sessions.forms import AccountForm, PinForm
from sessions.pins import set_pin
from sessions.tries import Limit

# Whoever finds a page left open cannot use it to find out the password.
PASSWORD_TRIES = Limit("password for a PIN", most=5, within=dt.timedelta(minutes=15))


@require_http_methods(["GET", "HEAD", "POST"])
def account(request: StaffRequest) -> HttpResponse:
    is_sent = request.method == "POST"
    member = request.viewer.membership
    form = AccountForm(request.POST if is_sent else None, instance=member.user, membership=member)
    if is_sent and form.is_valid():
        translation.activate(form.save().language or get_language() or "en")
        messages.success(request, _("Saved."))
        return redirect("account")
    return render(request, "account/account.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def pin(request: StaffRequest) -> HttpResponse:
    """Set or change the PIN that takes a handed-over tablet back. Asks for the password."""
    member = request.viewer.membership
    form = PinForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and _is_own_password(request, form):
        try:
            set_pin(member, form.cleaned_data["pin"])
        except ValidationError as problem:
            form.add_error("pin", problem)
        else:
            messages.success(request, _("Your PIN is set."))
            return redirect("account")
    return render(request, "account/pin.html", {"form": form, "has_pin": bool(member.pin_hash)})


def _is_own_password(request: StaffRequest, form: PinForm) -> bool:
    user = request.viewer.membership.user
    if not PASSWORD_TRIES.take(str(user.pk), request.now):
        form.add_error("password", _("Too many tries. Wait 15 minutes, or change your password."))
        return False
    if not user.check_password(form.cleaned_data["password"]):
        form.add_error("password", _("This is not your password."))
        return False
    PASSWORD_TRIES.give_back(str(user.pk))
    return True
