"""What a client chooses at intake, and may change on any day: how to be asked, and how often."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from django import forms
from django.conf import settings
from django.utils.formats import time_format
from django.utils.translation import gettext_lazy as _

from measures.capture.gsm import length_of
from measures.capture.intake import KEPT
from measures.capture.previews import sample_text
from measures.models import Message
from sessions.forms import HOW, SAID, AgreementField, AnswersWithField, capitalized
from sessions.lexicon import telling_words
from sessions.models import Client, ContactChannel, Organization
from sessions.phones import normalized_phone
from sessions.sealing import Identity

WORD_LENGTH = 20
LINK = re.compile(r"[@/\\]|\w\.\w|www|https?:", re.IGNORECASE)
# Shorter than an hour, and nothing might ever go out.
SHORTEST = dt.timedelta(hours=1)


class ClockField(forms.TimeField):
    """A time of day, with the browser's own control."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
        errors = {"invalid": _("Give a time, such as 17:00.")}
        super().__init__(required=False, widget=widget, error_messages=errors, **kwargs)


class ClientForm(forms.Form):
    """Identity, the way to be reached, and what the client wants of being asked."""

    name = forms.CharField(label=_("Name"), max_length=120, required=False)
    language = forms.ChoiceField(label=_("Language"), choices=capitalized(settings.LANGUAGES))
    answers_with = AnswersWithField(
        help_text=_("A change is marked on the chart: numbers given another way compare less well.")
    )
    answers_by = forms.ChoiceField(
        label=_("Where they answer"), choices=capitalized(Client.AnswersBy.choices)
    )
    cadence = forms.ChoiceField(
        label=_("How often they are asked"), choices=capitalized(Client.Cadence.choices)
    )
    cadence_n = forms.IntegerField(
        label=_("If every few: every how many"), min_value=2, max_value=12, required=False
    )
    not_asked_before = forms.DateField(
        label=_("Not before"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("If they do not want to be asked for a while. Leave it empty to ask again."),
        error_messages={"invalid": _("Give a date, such as 2026-11-23.")},
    )
    contact_by = forms.ChoiceField(label=_("They come by"), choices=(), required=False)
    email = forms.EmailField(label=_("E-mail address"), max_length=200, required=False)
    phone = forms.CharField(label=_("Phone number"), max_length=40, required=False)
    contact_days = forms.ChoiceField(
        label=_("On these days"), choices=capitalized(Client.ContactDays.choices)
    )
    contact_from = ClockField(label=_("From"))
    contact_until = ClockField(label=_("Until"))
    own_word = forms.CharField(
        label=_("Their own word"),
        max_length=WORD_LENGTH,
        required=False,
        help_text=_("It stands in front of each message, so that they know it is for them."),
    )
    asked = AgreementField(label=_("Do they agree to be asked?"))
    contact = AgreementField(label=_("Do they agree to get messages?"))
    how = forms.ChoiceField(label=_("How they said so"), choices=HOW)

    def __init__(
        self, *args: Any, client: Client, organization: Organization, today: dt.date, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.client, self.organization, self.today = client, organization, today
        self.fields["contact_by"].choices = self._ways()  # type: ignore[attr-defined]
        for name in ("asked", "contact"):
            field = self.fields[name]
            if self.initial[name] and isinstance(field, AgreementField):
                field.was_asked()

    def _ways(self) -> list[tuple[str, Any]]:
        """No text messages without a gateway, but for whoever chose them while there was one."""
        ways = [("", _("None")), *capitalized(ContactChannel.choices)]
        if settings.ALLIANCE_SMS_BACKEND or self.client.contact_by == ContactChannel.SMS:
            return ways
        return [way for way in ways if way[0] != ContactChannel.SMS]

    def identity(self) -> Identity:
        values = self.cleaned_data
        return Identity(values["name"], values["email"], values["phone"])

    def unsaved_client(self) -> Client:
        """The client as the form says, to show what they would get. Never stored."""
        given = self.cleaned_data.get
        return Client(
            language=given("language") or self.client.language,
            own_word=given("own_word") or "",
            contact_by=given("contact_by") or "",
        )

    def clean_not_asked_before(self) -> dt.date | None:
        day: dt.date | None = self.cleaned_data["not_asked_before"]
        if day is not None and day > self.today + dt.timedelta(days=366):
            raise forms.ValidationError(_("Pick a date within a year of today."))
        return day

    def clean_own_word(self) -> str:
        word = " ".join(self.cleaned_data["own_word"].split())
        if telling := telling_words(word):
            text = _("“%(word)s” may tell others what this is about. Choose another.")
            raise forms.ValidationError(text, params={"word": telling[0]})
        if LINK.search(word):
            raise forms.ValidationError(_("Only a word or two, no address and no link."))
        return word

    def clean(self) -> dict[str, Any]:
        self._check_address()
        self._check_times()
        self._check_rest()
        if "own_word" in self.cleaned_data and "language" in self.cleaned_data:
            self._check_length()
        return self.cleaned_data

    def _check_address(self) -> None:
        """Where messages go has to be there, and a number has to be one."""
        way = self.cleaned_data.get("contact_by")
        if way == ContactChannel.MAIL and not self.cleaned_data.get("email"):
            self._complain("email", _("Give the address, or choose no messages."))
        if way == ContactChannel.SMS and "phone" in self.cleaned_data:
            number = normalized_phone(self.cleaned_data["phone"])
            self.cleaned_data["phone"] = number
            if not number:
                text = _("Give the number with + and the country code, such as +1 312 555 0142.")
                self.add_error("phone", text)

    def _complain(self, field: str, text: Any) -> None:
        """One sentence about a field is enough."""
        if field not in self.errors:
            self.add_error(field, text)

    def _check_times(self) -> None:
        start, end = (self.cleaned_data.get(name) for name in ("contact_from", "contact_until"))
        if {"contact_from", "contact_until"} & self.errors.keys() or (start, end) == (None, None):
            return
        if start is None or end is None:
            self.add_error("contact_until", _("Give both times, or neither."))
        elif start >= end:
            self.add_error("contact_until", _("This is not after the first one."))
        elif _between(self._latest(start), self._earliest(end)) < SHORTEST:
            hours = (self.organization.send_from, self.organization.send_until)
            text = _("Messages go out from %(start)s to %(end)s. Leave an hour of that.")
            params = dict(zip(("start", "end"), map(time_format, hours), strict=True))
            self.add_error("contact_until", forms.ValidationError(text, params=params))

    def _latest(self, start: dt.time) -> dt.time:
        return max(start, self.organization.send_from)

    def _earliest(self, end: dt.time) -> dt.time:
        return min(end, self.organization.send_until)

    def _check_rest(self) -> None:
        given = self.cleaned_data.get
        if given("cadence") == Client.Cadence.NTH and given("cadence_n") is None:
            self._complain("cadence_n", _("Give a number from 2 to 12."))
        if given("contact") and not given("contact_by"):
            text = _("Choose where messages go, or choose No below.")
            self._complain("contact_by", text)

    def _check_length(self) -> None:
        """A word that makes two messages of one is too long, or has letters that cost too much."""
        for kind in Message.Kind.values:
            with_it, without = (
                length_of(sample_text(client, self.organization, kind)).parts
                for client in (
                    self.unsaved_client(),
                    Client(language=self.cleaned_data["language"], own_word="A"),
                )
            )
            if with_it > without:
                text = _("With this word one message becomes two. Choose a shorter, plainer one.")
                self.add_error("own_word", text)
                return


def _between(start: dt.time, end: dt.time) -> dt.timedelta:
    day = dt.date(2000, 1, 1)
    return dt.datetime.combine(day, end) - dt.datetime.combine(day, start)


def client_initial(
    client: Client, identity: Identity, *, asked: bool | None, contact: bool | None
) -> dict[str, Any]:
    """What the form opens with: the client as stored."""
    return {name: getattr(client, name) for name in (*KEPT, "cadence_n")} | {
        "name": identity.name,
        "email": identity.email,
        "phone": identity.phone,
        "asked": SAID[asked],
        "contact": SAID[contact],
        "how": "in person",
    }
