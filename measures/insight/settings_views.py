"""How soon a flag is raised: tried out before it is saved. Counts, no individual ratings."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from measures.insight.trial import WEEKLY_CLIENTS, try_out
from sessions.access import StaffRequest
from sessions.forms import capitalized, form_helper
from sessions.models import Organization


class SensitivityForm(forms.Form):
    sensitivity = forms.ChoiceField(
        label=gettext_lazy("How soon a flag is raised"),
        choices=capitalized(Organization.Sensitivity.choices),
        widget=forms.RadioSelect,
    )

    def __init__(self, data: Any = None, *, organization: Organization) -> None:
        super().__init__(data, initial={"sensitivity": organization.sensitivity})
        self.helper = form_helper("sensitivity", submit=_("Save"))


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
