"""Putting a session on the calendar, and moving it."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from sessions.access import Viewer
from sessions.calendar import MOST_TIMES
from sessions.forms import (
    DayField,
    LocalDateTimeField,
    capitalized,
    form_helper,
)
from sessions.models import (
    Client,
    Episode,
    Session,
)


class CounselorOfEpisodeField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """An episode, offered by the name of its counselor."""

    def label_from_instance(self, obj: Episode) -> str:
        return obj.counselor.name


class ScheduleForm(forms.Form):
    episode = CounselorOfEpisodeField(
        label=_("With"),
        queryset=Episode.objects.none(),
        to_field_name="uuid",
        empty_label=None,
        error_messages={"invalid_choice": _("Choose one of the counselors listed.")},
    )
    starts_at = LocalDateTimeField(label=_("Starts at"))
    mode = forms.ChoiceField(
        label=_("How"),
        choices=capitalized(Session.Mode.choices),
        initial=Session.Mode.IN_PERSON,
        widget=forms.RadioSelect,
    )
    repeat = forms.ChoiceField(
        label=_("Repeat"),
        choices=[("", _("Just once")), ("1", _("Every week")), ("2", _("Every two weeks"))],
        required=False,
        widget=forms.RadioSelect,
    )
    times = forms.IntegerField(
        label=_("How many times"),
        required=False,
        min_value=2,
        max_value=MOST_TIMES,
        help_text=_("Or say until which day."),
    )
    until = DayField(label=_("Until"), required=False)

    def __init__(self, *args: Any, viewer: Viewer, client: Client, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now, self.today_of = viewer.now, viewer.organization.today
        field = cast("CounselorOfEpisodeField", self.fields["episode"])
        field.queryset = (
            Episode.objects.schedulable_by(viewer)
            .filter(client=client)
            .select_related("counselor")
            .prefetch_related("pauses")
        )
        self.helper = form_helper(*self.fields, submit=_("Schedule"))

    def clean_starts_at(self) -> dt.datetime:
        starts_at: dt.datetime = self.cleaned_data["starts_at"]
        if abs(starts_at - self.now) > dt.timedelta(days=400):
            raise forms.ValidationError(_("Pick a date within a year of today."))
        return starts_at

    def _clean_repeat(self) -> None:
        """An end is needed, so that nobody fills a calendar by mistake."""
        values = self.cleaned_data
        starts_at, until = values.get("starts_at"), values.get("until")
        if "times" in self.errors or "until" in self.errors or not values.get("repeat"):
            return
        if values.get("times") is None and until is None:
            self.add_error("times", _("Say how many times, or until which day."))
        elif starts_at and until and until <= self.today_of(starts_at):
            self.add_error("until", _("Pick a day after the first session."))
        elif until and until > self.today_of(self.now) + dt.timedelta(days=400):
            self.add_error("until", _("Pick a date within a year of today."))

    def clean(self) -> dict[str, Any] | None:
        """Nobody is expected while they are away. The reason is not for the front desk."""
        episode, starts_at = (self.cleaned_data.get(name) for name in ("episode", "starts_at"))
        day = starts_at and self.today_of(starts_at)
        if episode is not None and day is not None and episode.is_away(day):
            text = _("They are on hold until then. First say that they are back.")
            self.add_error("starts_at", text)
        self._clean_repeat()
        return super().clean()


class MoveSessionForm(forms.Form):
    """Another time for one session."""

    starts_at = LocalDateTimeField(label=_("New time"))
    mode = forms.ChoiceField(
        label=_("How"), choices=capitalized(Session.Mode.choices), widget=forms.RadioSelect
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, session: Session, now: dt.datetime) -> None:
        initial = {
            "starts_at": session.starts_at,
            "mode": session.mode,
            "version": session.version,
        }
        super().__init__(data, initial=initial)
        self.session, self.now = session, now
        self.helper = form_helper("starts_at", "mode", "version", submit=_("Move it"))

    def clean_starts_at(self) -> dt.datetime:
        starts_at: dt.datetime = self.cleaned_data["starts_at"]
        if starts_at <= self.now:
            raise forms.ValidationError(_("Pick a time still to come."))
        if starts_at - self.now > dt.timedelta(days=400):
            raise forms.ValidationError(_("Pick a date within a year of today."))
        if starts_at == self.session.starts_at:
            raise forms.ValidationError(_("It is at that time already."))
        episode = self.session.episode
        if episode.is_away(self.session.organization.today(starts_at)):
            raise forms.ValidationError(
                _("They are on hold until then. First say that they are back.")
            )
        return starts_at
