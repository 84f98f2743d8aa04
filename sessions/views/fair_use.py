"""The fair-use statement: signed by the director, shown to everybody on the staff."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from sessions.access import StaffRequest
from sessions.forms import DayField, form_helper
from sessions.models import FairUse, Membership
from sessions.views.ways import page_asked_for

VERSION = "1"
FORBIDDEN = 403


class FairUseForm(forms.Form):
    """Who signed the paper, and when."""

    signed_by = forms.CharField(label=gettext_lazy("The director's name"), max_length=120)
    signed_on = DayField(label=gettext_lazy("Signed on"))

    def __init__(self, data: Any = None, *, today: dt.date) -> None:
        super().__init__(data, initial={"signed_on": today})
        self.today = today
        self.helper = form_helper("signed_by", "signed_on", submit=_("Signed"))

    def clean_signed_on(self) -> dt.date:
        day: dt.date = self.cleaned_data["signed_on"]
        if day > self.today:
            raise forms.ValidationError(_("Pick a date that is not in the future."))
        return day


@require_http_methods(["GET", "HEAD", "POST"])
def fair_use(request: StaffRequest) -> HttpResponse:
    """Read it; once, "I have read it" leads on."""
    viewer = request.viewer
    if request.method == "POST":
        Membership.objects.filter(pk=viewer.membership.pk).update(fair_use_read_at=request.now)
        return redirect(page_asked_for(request) or "home")
    return _statement(request)


def ask_to_read(request: StaffRequest) -> HttpResponse:
    """In place of the page asked for, until they have read it: the statement, and nothing else."""
    return _statement(request, back=request.get_full_path(), status=FORBIDDEN)


def _statement(request: StaffRequest, *, back: str = "", status: int = 200) -> HttpResponse:
    viewer = request.viewer
    context = {
        "statement": FairUse.objects.visible_to(viewer).in_force(),
        "is_unread": viewer.has_fair_use_to_read,
        "back": back,
    }
    return render(request, "sessions/fair_use.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def fair_use_sign(request: StaffRequest) -> HttpResponse:
    """The administrator enters who signed. Everybody is shown it once more."""
    viewer = request.viewer
    is_sent = request.method == "POST"
    form = FairUseForm(request.POST if is_sent else None, today=viewer.today)
    if is_sent and form.is_valid():
        FairUse.objects.create(
            organization=viewer.organization,
            **form.cleaned_data,
            text_version=VERSION,
            entered_by=viewer.membership,
            entered_at=request.now,
        )
        messages.success(request, _("Everybody on the staff is shown it at their next log-in."))
        return redirect("fair_use")
    statement = FairUse.objects.visible_to(viewer).in_force()
    at_work = Membership.objects.managed_by(viewer).active_on(viewer.today)
    have_read = at_work.filter(fair_use_read_at__gte=statement.entered_at) if statement else None
    context = {
        "form": form,
        "statement": statement,
        "staff": at_work.count(),
        "have_read": have_read.count() if have_read is not None else 0,
    }
    status = 422 if form.errors else 200
    return render(request, "sessions/fair_use_sign.html", context, status=status)
