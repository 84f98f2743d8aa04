"""Forms for what was written on a paper slip, and for its code."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import replace
from typing import Any, cast

from django import forms
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from measures.capture.answers import Answers
from measures.capture.forms import AnswerField, AroundForm, ClientAnswersForm
from measures.capture.slip_codes import MistypedCode, read_code
from measures.capture.slips import Days
from measures.models import Rating


class SlipCodeForm(forms.Form):
    """The code at the top of a slip."""

    slip_code = forms.CharField(
        label=_("Code of the slip"),
        max_length=40,
        error_messages={"required": _("Type the code that stands at the top of the slip.")},
    )

    def clean_slip_code(self) -> str:
        try:
            return read_code(self.cleaned_data["slip_code"])
        except MistypedCode as error:
            text = _("A sign of this code is wrong, missing or too many. Check the paper.")
            raise forms.ValidationError(text) from error


class SlipForm(ClientAnswersForm, AroundForm):
    """Everything on a slip. What is left out was left blank."""

    ANSWERS, DECLINED, BLANK = "answers", "declined", "blank"

    what = forms.ChoiceField(
        label=_("What is on the paper?"),
        choices=[
            (ANSWERS, _("answers")),
            (DECLINED, _("“I'd rather not answer” is ticked")),
            (BLANK, _("nothing at all")),
        ],
        initial=ANSWERS,
        widget=forms.RadioSelect,
        error_messages={"required": _("Say what is on the paper.")},
    )
    given_on = forms.DateField(
        label=_("The day it was filled in"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={
            "required": _("Give the day it was filled in."),
            "invalid": _("Give a date, such as 2026-11-23."),
        },
    )
    rating_uuid = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, days: Days, today: dt.date, **kwargs: Any) -> None:
        initial = {"what": self.ANSWERS, "given_on": days.first, "rating_uuid": uuid.uuid4()}
        super().__init__(*args, initial=initial, **kwargs)
        self.days, self.today = days, today
        self.came_late = False  # something else was stored first
        for name in ("promise", "happened", "input_kind"):  # paper does not ask
            del self.fields[name]
        for question in self.questions:  # and has no halves
            cast("AnswerField", question.field).halves = False
        self.fields["helper"].label = _("Who read the questions aloud or helped?")
        self.fields["present"].label = _("Who else was in the room?")

    def clean_given_on(self) -> dt.date:
        day: dt.date = self.cleaned_data["given_on"]
        if day > self.today:
            raise forms.ValidationError(_("Pick a date that is not in the future."))
        if day < self.days.first:
            text = _("Nobody can have filled it in before %(day)s.")
            raise forms.ValidationError(text, params={"day": _named(self.days.first)})
        if day > self.days.last:
            text = _("It could be filled in until %(day)s. What came later is not stored.")
            raise forms.ValidationError(text, params={"day": _named(self.days.last)})
        return day

    def clean(self) -> dict[str, Any]:
        """Nothing is dropped in silence, and nothing stored by a slip of the hand."""
        what, given = self.cleaned_data.get("what"), not self._typed().is_empty
        if what == self.ANSWERS and not given and not self.errors:
            self.add_error("what", _("Nothing is typed in yet. Is the paper blank?"))
        if what in {self.DECLINED, self.BLANK} and given:
            self.add_error("what", _("Answers are typed in below. Which of the two is it?"))
        return self.cleaned_data

    def answers(self) -> Answers:
        declined = self.cleaned_data["what"] == self.DECLINED
        return replace(self._typed(), declined=declined)

    def circumstances(self) -> dict[str, Any]:
        names = ("given_on", "rating_uuid", "helper", "present")
        return {name: self.cleaned_data[name] for name in names}

    def _typed(self) -> Answers:
        given = self.cleaned_data.get
        return replace(
            self.facet_answers(),
            change_wish=given("change_wish") or "",
            note=given("note") or "",
            note_for=given("note_for") or Rating.NoteFor.COUNSELOR.value,
        )


def _named(day: dt.date) -> str:
    return date_format(day, "WEEKDAY_FORMAT")
