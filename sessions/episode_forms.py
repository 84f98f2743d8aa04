"""Opening, holding and closing an episode, and what is kept of it."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from sessions.forms import (
    AnswersWithField,
    DayField,
    capitalized,
    code_validator,
    form_helper,
)
from sessions.models import (
    Episode,
    EpisodeEvent,
    Pause,
)


class EpisodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code"),
        max_length=20,
        validators=[code_validator],
        help_text=_("What lists and charts show. Not initials, not a birth date."),
    )
    name = forms.CharField(
        label=_("Name"),
        max_length=120,
        required=False,
        help_text=_("Optional, and stored sealed. The code is enough."),
    )
    language = forms.ChoiceField(label=_("Language"), choices=capitalized(settings.LANGUAGES))
    goal = forms.CharField(
        label=_("What they want from this, in their own words"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("The client reads it again in the form."),
    )
    answers_with = AnswersWithField(
        help_text=_("Best kept: numbers given another way compare less well.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = form_helper(
            "code", "name", "language", "goal", "answers_with", submit=_("Open the episode")
        )


class EventForm(forms.Form):
    """Something dated in the client's life, of a fixed kind."""

    kind = forms.ChoiceField(
        label=_("What"),
        choices=capitalized(EpisodeEvent.Kind.choices),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what happened.")},
    )
    on = forms.DateField(
        label=_("When"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": _("Give a date, such as 2026-11-23.")},
    )

    def __init__(self, *args: Any, episode: Episode, today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.episode, self.today = episode, today
        self.fields["on"].widget.attrs["max"] = today.isoformat()
        self.helper = form_helper("kind", "on", submit=_("Mark it on the chart"))

    def clean_on(self) -> dt.date:
        on: dt.date = self.cleaned_data["on"]
        if on > self.today:
            raise forms.ValidationError(_("Pick a date that is not in the future."))
        if on < self.episode.opened_on - dt.timedelta(days=366):
            raise forms.ValidationError(_("That is more than a year before you began."))
        return on


class GoalForm(forms.Form):
    goal = forms.CharField(
        label=_("What they want from this, in their own words"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
        help_text=_("The client reads it again in the form."),
    )
    mark = forms.BooleanField(
        label=_("Mark it on the chart as a new goal"),
        required=False,
        help_text=_("Not for a slip of the pen. The earlier words stay readable either way."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = form_helper("goal", "mark", submit=_("Save"))


class CloseEpisodeForm(forms.ModelForm):  # type: ignore[type-arg]
    reason = forms.ChoiceField(
        label=_("How did it end?"),
        choices=capitalized(Episode.Reason.choices),
        widget=forms.RadioSelect,
    )

    class Meta:
        model = Episode
        fields: ClassVar = ["reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = form_helper("reason", submit=_("Close the episode"))


class PauseForm(forms.Form):
    """Where they are, since when, and when they are expected back."""

    reason = forms.ChoiceField(
        label=_("Where are they?"),
        choices=capitalized(Pause.Reason.choices),
        widget=forms.RadioSelect,
    )
    from_on = DayField(label=_("Away since"))
    expected_on = DayField(
        label=_("Expected back"),
        required=False,
        help_text=_("Leave it empty if nobody knows. The day after, you are asked."),
    )

    def __init__(
        self, data: Any = None, *, episode: Episode, today: dt.date, pause: Pause | None
    ) -> None:
        super().__init__(data, initial={"from_on": today} if pause is None else vars(pause))
        self.opened_on, self.today = episode.opened_on, today
        self.pause = pause
        if pause is not None:
            del self.fields["from_on"]  # what was cancelled since then stays so
        submit = _("Put on hold") if pause is None else _("Save")
        self.helper = form_helper(*self.fields, submit=submit)

    def clean_from_on(self) -> dt.date:
        day: dt.date = self.cleaned_data["from_on"]
        if day > self.today:
            raise forms.ValidationError(_("Put them on hold on the day they leave, not before."))
        if day < self.opened_on:
            raise forms.ValidationError(_("This is before the episode began."))
        return day

    def clean_expected_on(self) -> dt.date | None:
        day: dt.date | None = self.cleaned_data["expected_on"]
        if day is None:
            return None
        left = self.pause.from_on if self.pause else self.cleaned_data.get("from_on", self.today)
        if day <= left or day > self.today + dt.timedelta(days=3650):
            raise forms.ValidationError(_("Pick a day after they left, within ten years."))
        return day


class BackForm(forms.Form):
    """Since when they are back."""

    back_on = DayField(label=_("Back since"))

    def __init__(self, data: Any = None, *, pause: Pause, today: dt.date) -> None:
        super().__init__(data, initial={"back_on": today})
        self.pause, self.today = pause, today
        self.helper = form_helper("back_on", submit=_("They are back"))
        self.helper.form_action = reverse("episode_resume", args=[pause.episode.uuid])

    def clean_back_on(self) -> dt.date:
        day: dt.date = self.cleaned_data["back_on"]
        if not self.pause.from_on <= day <= self.today:
            raise forms.ValidationError(_("Pick a day between the one they left and today."))
        return day
