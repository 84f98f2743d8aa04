"""Forms parse. What follows from them is done by services."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, cast

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout, Submit
from django import forms
from django.conf import settings
from django.core.validators import RegexValidator
from django.utils.text import capfirst
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from sessions.lexicon import telling_words
from sessions.models import (
    AnswersWith,
    Membership,
    Organization,
    User,
)


def capitalized(choices: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Choices as they stand on buttons; their labels are made for the middle of a sentence."""
    return [(value, capfirst(label)) for value, label in choices]


def own_names(languages: Iterable[tuple[str, Any]]) -> list[tuple[str, str]]:
    """Each language as it calls itself: whoever looks for theirs may not read this one."""
    return [(code, capfirst(get_language_info(code)["name_local"])) for code, _name in languages]


# How a client agreed, and what they may say.
HOW = [
    ("in person", _("In person")),
    ("on paper", _("Signed on paper")),
    ("on the phone", _("On the phone")),
]
ANSWERS = [("yes", _("Yes")), ("no", _("No"))]
SAID = {True: "yes", False: "no", None: ""}

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


class DayField(forms.DateField):
    """A date as the browser's own control gives it."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        errors = {"invalid": _("Give a date, such as 2026-11-23.")}
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


class AgreementField(forms.TypedChoiceField):
    """Yes, no, or not asked yet. Once they said one of the two, "not asked yet" is not true."""

    def __init__(self, **kwargs: Any) -> None:
        known = {said: value for value, said in SAID.items()}
        super().__init__(
            required=False,
            choices=[*ANSWERS, ("", _("Not asked yet"))],
            coerce=lambda value: known[value],
            empty_value=None,
            error_messages={"required": _("Choose Yes or No.")},
            **kwargs,
        )

    def was_asked(self) -> None:
        self.choices = ANSWERS
        self.required = True


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
            # Longer than a line of the page: one that is cut off is not checked by anybody.
            **{f"crisis_text{each}": forms.Textarea({"rows": 3}) for each in ("", "_es", "_ar")},
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
