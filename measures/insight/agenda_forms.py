"""What is agreed in supervision, as a form."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from sessions.access import Viewer
from sessions.forms import form_helper
from sessions.models import Episode, Membership


class CaseField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """An episode, offered by the code of its client."""

    def label_from_instance(self, obj: Episode) -> str:
        return obj.client.code


class ActionForm(forms.Form):
    """What, by whom, by when; and about whom, where it is about one client."""

    text = forms.CharField(label=_("What was agreed"), max_length=200)
    episode = CaseField(
        label=_("About"),
        queryset=Episode.objects.none(),
        to_field_name="uuid",
        required=False,
        empty_label=_("the work in general"),
        error_messages={"invalid_choice": _("Choose one of the clients listed.")},
    )
    owner = forms.ModelChoiceField(
        label=_("Who does it"),
        queryset=Membership.objects.none(),
        to_field_name="uuid",
        empty_label=None,
        error_messages={"invalid_choice": _("Choose one of the two.")},
    )
    due_on = forms.DateField(
        label=_("By when"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": _("Give a date, such as 2026-11-23.")},
    )

    def __init__(self, *args: Any, viewer: Viewer, counselor: Membership, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer = viewer
        cases = Episode.objects.clinical_to(viewer).open().filter(counselor=counselor)
        about = cast("CaseField", self.fields["episode"])
        about.queryset = cases.select_related("client").order_by("client__code")
        both = Membership.objects.filter(pk__in={counselor.pk, viewer.membership.pk})
        owner = cast("forms.ModelChoiceField[Membership]", self.fields["owner"])
        owner.queryset = both.order_by("name")
        self.helper = form_helper("text", "episode", "owner", "due_on", submit=_("Save"))
        self.helper.form_tag = False
        self.helper.disable_csrf = True

    def clean_due_on(self) -> dt.date:
        day: dt.date = self.cleaned_data["due_on"]
        if day < self.viewer.today:
            raise forms.ValidationError(_("Pick today or a later day."))
        if day > self.viewer.today + dt.timedelta(days=400):
            raise forms.ValidationError(_("Pick a date within a year of today."))
        return day
