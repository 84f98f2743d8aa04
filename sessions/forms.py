"""Forms parse. What follows from them is done by services."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, ClassVar, cast

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout, Submit
from django import forms
from django.conf import settings
from django.core.validators import RegexValidator
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from sessions.access import Viewer
from sessions.calendar import MOST_TIMES
from sessions.lexicon import telling_words
from sessions.models import (
    AnswersWith,
    Client,
    Episode,
    EpisodeEvent,
    Membership,
    Organization,
    Pause,
    Session,
    User,
)


def capitalized(choices: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Choices as they stand on buttons; their labels are made for the middle of a sentence."""
    return [(value, capfirst(label)) for value, label in choices]


def own_names(languages: Iterable[tuple[str, Any]]) -> list[tuple[str, str]]:
    """Each language as it calls itself: whoever looks for theirs may not read this one."""
    return [(code, capfirst(get_language_info(code)["name_local"])) for code, _name in languages]


SENDER_LENGTH = 24  # with a host of 30 letters, a text message is then one in any wording
code_validator = RegexValidator(
    r"\A[A-Za-z0-9][A-Za-z0-9._-]*\Z", _("Use letters, digits, dots and dashes, such as T-308.")
)


def form_helper(*layout: Any, submit: str | Any) -> FormHelper:
    """One shape for every staff form: fields, then the one primary button."""
    helper = FormHelper()
    helper.form_method = "post"
    helper.attrs = {"novalidate": ""}
    helper.error_text_inline = True
    helper.layout = Layout(*layout, Submit("save", submit))
    return helper


class LocalDateTimeField(forms.DateTimeField):
    """A date and time as the browser's own control gives it, in the organization's time zone."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        errors = {"invalid": _("Give a date and a time, such as 2026-11-23 09:00.")}
        super().__init__(widget=widget, error_messages=errors, **kwargs)


class AnswersWithField(forms.ChoiceField):
    """One way per client. A change is an act, and the chart will show it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label=_("How they answer"),
            choices=capitalized(AnswersWith.choices),
            widget=forms.RadioSelect,
            **kwargs,
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


class DayField(forms.DateField):
    """A date as the browser's own control gives it."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        errors = {"invalid": _("Give a date, such as 2026-11-23.")}
        super().__init__(widget=widget, error_messages=errors, **kwargs)


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
        help_text=_("If it repeats. Or say until which day."),
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


class MoveForm(forms.Form):
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


class OrganizationForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Organization
        fields: ClassVar = [
            "name",
            "sender_name",
            "phone",
            "time_zone",
            "language",
            "request_days",
            "reminder_days",
            "days_between",
            "send_from",
            "send_until",
            "answers_with",
            "crisis_text",
            "crisis_text_es",
            "crisis_text_ar",
        ]
        widgets: ClassVar = {
            "answers_with": forms.RadioSelect,
            "send_from": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "send_until": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }
        labels: ClassVar = {
            "name": _("Name"),
            "sender_name": _("Sender clients see"),
            "phone": _("Phone clients can call"),
            "time_zone": _("Time zone"),
            "request_days": _("Days a link stays open"),
            "reminder_days": _("Days until the one reminder"),
            "days_between": _("Days between two sessions a client is asked about"),
            "send_from": _("Messages go out from"),
            "send_until": _("Messages go out until"),
            "answers_with": _("How new clients answer"),
            "language": _("Language"),
            "crisis_text": _("Whom to call right away, in English"),
            "crisis_text_es": _("Whom to call right away, in Spanish"),
            "crisis_text_ar": _("Whom to call right away, in Arabic"),
        }
        help_texts: ClassVar = {
            "sender_name": _("A neutral name, without a word about health."),
            "time_zone": _("Such as America/Chicago."),
            "reminder_days": _("0: no reminder. None comes after somebody declined."),
            "days_between": _("7: at most one a week. 0: after each, as the client chose."),
            "answers_with": _("Who has begun keeps their way, until it is changed on their page."),
            "language": _("For new clients, and for whoever on the staff chose none."),
            "crisis_text": _(
                "Clients read it below their note and with “who can see this”. Who reads a "
                "language in which it is missing gets it in another."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ways = cast("forms.ChoiceField", self.fields["answers_with"])
        ways.choices = capitalized(AnswersWith.choices)
        self.fields["language"] = forms.ChoiceField(
            label=self.Meta.labels["language"],
            help_text=self.Meta.help_texts["language"],
            choices=capitalized(settings.STAFF_LANGUAGES),
        )
        self.fields["crisis_text_ar"].widget.attrs["dir"] = "auto"
        self.helper = form_helper(*self.Meta.fields, submit=_("Save"))

    def clean_sender_name(self) -> str:
        """It stands in front of every message: neutral, and short enough for one text message."""
        name = " ".join(self.cleaned_data["sender_name"].split())
        if telling := telling_words(name):
            text = _("“%(word)s” tells what this is about. Choose a neutral name.")
            raise forms.ValidationError(text, params={"word": telling[0]})
        if len(name) > SENDER_LENGTH:
            text = _("At most %(n)d letters, so that a text message stays one.")
            raise forms.ValidationError(text, params={"n": SENDER_LENGTH})
        return name

    def clean(self) -> dict[str, Any] | None:
        start, end = (self.cleaned_data.get(name) for name in ("send_from", "send_until"))
        if start is not None and end is not None and start >= end:
            self.add_error("send_until", _("This is not after the first one."))
        return super().clean()


class AccountForm(forms.ModelForm):  # type: ignore[type-arg]
    """What somebody on the staff decides for themselves."""

    language = forms.ChoiceField(
        label=_("Language of your pages and mails"),
        choices=[("", _("As my browser asks")), *own_names(settings.STAFF_LANGUAGES)],
        required=False,
        widget=forms.RadioSelect,
    )
    daily_mail = forms.BooleanField(
        label=_("Send me a mail when something is waiting"),
        help_text=_("At most one on a working day. It names nobody and holds only a link."),
        required=False,
    )

    class Meta:
        model = User
        fields: ClassVar = ["language"]

    def __init__(self, *args: Any, membership: Membership, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["daily_mail"].initial = membership.daily_mail
        self.membership = membership
        self.helper = form_helper("language", "daily_mail", submit=_("Save"))

    def save(self, commit: bool = True) -> User:
        self.membership.daily_mail = self.cleaned_data["daily_mail"]
        self.membership.save(update_fields=["daily_mail"])
        user: User = super().save(commit)
        return user


class DeviceForm(forms.Form):
    name = forms.CharField(
        label=_("Where it stands"), max_length=60, help_text=_("Such as: waiting room, left.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = form_helper("name", submit=_("Pair a tablet"))


class DigitsField(forms.CharField):
    """A PIN: hidden while it is typed, on a keyboard of digits, and not for a password manager."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"inputmode": "numeric", "autocomplete": "off", "maxlength": "8"}
        super().__init__(
            max_length=8, strip=True, widget=forms.PasswordInput(attrs=attrs), **kwargs
        )


class PinForm(forms.Form):
    """A new PIN, twice, and the password of whoever sets it."""

    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    pin = DigitsField(label=_("New PIN"), help_text=_("4 to 8 digits. Not 1234, not a year."))
    again = DigitsField(label=_("The new PIN again"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = form_helper("password", "pin", "again", submit=_("Save"))

    def clean(self) -> dict[str, Any]:
        typed = self.cleaned_data
        if "pin" in typed and "again" in typed and typed["pin"] != typed["again"]:
            self.add_error("again", _("These are not the same digits."))
        return typed
