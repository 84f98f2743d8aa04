"""One's own account: what somebody decides for themselves, and nobody for them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from sessions.access import StaffRequest
from sessions.forms import AccountForm


@require_http_methods(["GET", "HEAD", "POST"])
def account(request: StaffRequest) -> HttpResponse:
    is_sent = request.method == "POST"
    form = AccountForm(request.POST if is_sent else None, instance=request.viewer.membership.user)
    if is_sent and form.is_valid():
        translation.activate(form.save().language or get_language() or "en")
        messages.success(request, _("Saved."))
        return redirect("account")
    return render(request, "account/account.html", {"form": form})
