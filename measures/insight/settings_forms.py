"""The form of the sensitivity."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

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
