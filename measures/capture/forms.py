"""Forms that parse answers. They store nothing."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from crispy_forms.helper import FormHelper
from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from measures.capture.answers import Answers
from measures.capture.talk_question import DID_YOU_TALK, TALKED
from measures.models import FACETS, Flag, Helper, InstrumentVersion, Present, Rater, Rating, Repair
from sessions.forms import DigitsField, LocalDateTimeField
from sessions.models import AnswersWith, Session
from sessions.names import isolated

if TYPE_CHECKING:
    from django.http import QueryDict

SKIP = "skip"
NUMBERS = [(str(number), str(number)) for number in range(11)]
HALVES = [(f"{number}.5", f"{number}.5") for number in range(10)]
NOTE_LENGTH = 1000

WISHES = (
    ("slower", _("Go slower")),
    ("plan", _("Have a clear plan")),
    ("listen", _("Listen more")),
    ("push_more", _("Push me more")),
    ("push_less", _("Push me less")),
    ("explain", _("Explain more")),
    ("other_topic", _("Talk about something else")),
    ("privacy", _("More privacy")),
    ("fine", _("No, it was fine")),
)
HAPPENED = (
    (Repair.ClientSays.YES.value, _("Yes")),
    (Repair.ClientSays.LITTLE.value, _("A little")),
    (Repair.ClientSays.NO.value, _("No")),
    (Repair.ClientSays.SKIPPED.value, _("Skip")),
)
HAPPENED_LABEL = _("Did that happen?")
# What each tap is called when the client is asked about it next time.
ASKED_FOR = {
    "slower": _("You asked us to go slower."),
    "plan": _("You asked for a clear plan."),
    "listen": _("You asked us to listen more."),
    "push_more": _("You asked to be pushed more."),
    "push_less": _("You asked to be pushed less."),
    "explain": _("You asked us to explain more."),
    "other_topic": _("You asked to talk about something else."),
    "privacy": _("You asked for more privacy."),
}


def _number(value: str) -> float | None:
    return None if value == SKIP else float(value)


class AnswerField(forms.TypedChoiceField):
    """Eleven buttons and "skip this one". Nothing chosen counts as skipped."""

    halves = False

    def __init__(self, wording: dict[str, str], **names: str) -> None:
        super().__init__(
            choices=[*NUMBERS, (SKIP, _("Skip this one"))],
            coerce=_number,
            empty_value=None,
            required=False,
            widget=forms.RadioSelect,
            label=wording["question"].format(**names),
            error_messages={"invalid_choice": _("Choose a number from 0 to 10, or skip this one.")},
        )
        self.wording = wording

    def valid_value(self, value: Any) -> bool:
        return super().valid_value(value) or (self.halves and value in dict(HALVES))


class NoteField(forms.CharField):
    """Lines end alike, whether a browser sends a form or a script does: the same note is the same
    answer, and as long."""

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").replace("\r\n", "\n")


class AnswersForm(forms.Form):
    """The three questions of one version, as one rater reads them."""

    rater: str

    def __init__(
        self,
        *args: Any,
        instrument_version: InstrumentVersion,
        language: str,
        names: dict[str, str],
        reader: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        reader = reader or self.rater
        names = {key: isolated(name) for key, name in names.items()}
        self.lead_in = instrument_version.lead_in(reader, language).format(**names)
        for item in instrument_version.items(reader, language):
            self.fields[item["facet"]] = AnswerField(item, **names)

    @property
    def questions(self) -> list[forms.BoundField]:
        return [self[facet] for facet in FACETS if facet in self.fields]

    def facet_answers(self) -> Answers:
        """The three questions alone, `None` where skipped or not asked."""
        given = self.cleaned_data.get
        return Answers(given("respect"), given("understanding"), given("goals"))


class ClientAnswersForm(AnswersForm):
    """The client's answers. Where the slider was used, halves are numbers, too."""

    rater = Rater.CLIENT

    input_kind = forms.ChoiceField(choices=AnswersWith.choices, required=False)
    promise = forms.UUIDField(required=False)
    happened = forms.ChoiceField(
        choices=HAPPENED,
        required=False,
        widget=forms.RadioSelect,
        label=HAPPENED_LABEL,
        error_messages={"invalid_choice": _("Choose one of these, or none.")},
    )
    change_wish = forms.ChoiceField(
        choices=WISHES,
        required=False,
        widget=forms.RadioSelect,
        label=_("Is there one thing you want to be different next time?"),
        error_messages={"invalid_choice": _("Choose one of these, or none.")},
    )
    note = NoteField(
        required=False,
        max_length=NOTE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
        label=_("Anything else? (You can leave this blank.)"),
        error_messages={
            "max_length": _("That is a little too long. %(limit_value)d letters fit."),
        },
    )
    note_for = forms.ChoiceField(
        choices=Rating.NoteFor.choices,
        required=False,
        initial=Rating.NoteFor.COUNSELOR,
        widget=forms.RadioSelect,
        label=_("Who may read your note?"),
        error_messages={"invalid_choice": _("Choose who may read your note.")},
    )

    def __init__(self, *args: Any, slider: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.slider = slider
        for field in self.fields.values():
            if isinstance(field, AnswerField):
                field.halves = self.data.get("input_kind") == AnswersWith.SLIDER

    def answers(self) -> Answers:
        is_about = self.cleaned_data["promise"] if self.cleaned_data["happened"] else None
        return replace(
            self.facet_answers(),
            input_kind=self.cleaned_data["input_kind"] or AnswersWith.BUTTONS,
            happened=self.cleaned_data["happened"] if is_about else "",
            promise=str(is_about) if is_about else "",
            change_wish=self.cleaned_data["change_wish"],
            note=self.cleaned_data["note"],
            note_for=self.cleaned_data["note_for"] or Rating.NoteFor.COUNSELOR,
        )


class DigitsForm(forms.Form):
    """The six digits of a code."""

    digits = forms.CharField(
        label=_("The six digits"),
        max_length=40,
        error_messages={"required": _("Type the six digits.")},
    )

    def refuse(self) -> None:
        """One sentence, whatever is wrong with them."""
        self.add_error("digits", _("These do not open anything. Check them, or ask for new ones."))


class CodeForm(DigitsForm):
    """Digits, and the letters of the short address where they are not in it already."""

    letters = forms.CharField(
        label=_("The letters at the end of the address"),
        max_length=20,
        error_messages={"required": _("Type the letters.")},
    )

    def __init__(self, *args: Any, letters: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.of_address = letters
        if letters:
            del self.fields["letters"]

    def clean(self) -> dict[str, Any]:
        return {"letters": self.of_address} | self.cleaned_data


class CallForm(forms.Form):
    """Ask for a call: with a number, where none is on record."""

    phone = forms.CharField(
        max_length=40,
        validators=[RegexValidator(r"\A[\d\s()+./-]{5,}\Z", _("Give a number, such as 555-0100."))],
        error_messages={"required": _("Give a number, so that we can call you.")},
    )

    def __init__(self, *args: Any, has_number: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["phone"].required = not has_number
        self.fields["phone"].label = (
            _("Another number? (You can leave this blank.)")
            if has_number
            else _("Your phone number")
        )


class AroundForm(forms.Form):
    """Who helped, and who else was in the room. Staff are asked; leaving it out is an answer."""

    helper = forms.ChoiceField(
        label=_("Who reads the questions aloud or helps?"),
        choices=[("", _("nobody")), *Helper.choices],
        required=False,
        widget=forms.RadioSelect,
    )
    present = forms.ChoiceField(
        label=_("Who else is in the room?"),
        choices=[("", _("not said")), *Present.choices],
        required=False,
        widget=forms.RadioSelect,
    )


class PinEntryForm(forms.Form):
    pin = DigitsField(label=_("PIN"))


class SessionLogForm(AnswersForm):
    """Log a session in one go: what became of it, and the counselor's own rating if it was held."""

    rater = Rater.COUNSELOR

    status = forms.ChoiceField(
        label=_("What became of it?"),
        choices=[
            (Session.Status.HELD, _("Held")),
            (Session.Status.MISSED, _("Missed")),
            (Session.Status.CANCELLED, _("Cancelled")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("Say whether it was held, missed or cancelled.")},
    )
    starts_at = LocalDateTimeField(label=_("Started at"))
    mode = forms.ChoiceField(label=_("How"), choices=Session.Mode.choices, widget=forms.RadioSelect)
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    rating_uuid = forms.UUIDField(widget=forms.HiddenInput)
    talked = forms.ChoiceField(
        label=DID_YOU_TALK,
        choices=TALKED,
        required=False,
        widget=forms.RadioSelect,
    )
    flag_version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=1)

    def __init__(
        self,
        *args: Any,
        session: Session,
        may_rate: bool,
        flag: Flag | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("initial", _initial(session))
        kwargs["initial"]["flag_version"] = flag.version if flag else None
        super().__init__(*args, **kwargs)
        if flag is None:
            del self.fields["talked"], self.fields["flag_version"]
        self.session = session
        if not may_rate:
            for facet in FACETS:
                del self.fields[facet]
        self.is_stale = False
        self.helper = FormHelper()
        self.helper.form_tag = False

    def session_values(self) -> dict[str, Any]:
        names = ("status", "starts_at", "mode", "version", "rating_uuid")
        return {name: self.cleaned_data[name] for name in names}

    @property
    def talked_answer(self) -> tuple[str, int] | None:
        """What was said about the flag, with the version it was asked about; None if nothing."""
        did = self.cleaned_data.get("talked")
        version = self.cleaned_data.get("flag_version")
        held = self.cleaned_data["status"] == Session.Status.HELD
        return (did, version) if did and version and held else None

    def mark_stale(self, session: Session) -> None:
        """Say that somebody saved first. What was typed stays; sending again decides for it."""
        self.is_stale = True
        self.add_error(None, _("Someone saved this a moment ago. Which version stays?"))
        data = cast("QueryDict", self.data).copy()
        data["version"] = str(session.version)
        self.data = data

    def clean(self) -> dict[str, Any]:
        """Marks are never dropped in silence: whoever gave some rated a session that was held."""
        status = self.cleaned_data.get("status")
        if status and status != Session.Status.HELD and self.facet_answers().given:
            self.add_error("status", _("You rated it. Was it held? Or skip all three."))
        return self.cleaned_data

    def clean_starts_at(self) -> dt.datetime:
        starts_at: dt.datetime = self.cleaned_data["starts_at"]
        if abs(starts_at - self.session.starts_at) > dt.timedelta(days=400):
            raise forms.ValidationError(_("Pick a date near the one it was planned for."))
        return starts_at

    def answers(self) -> Answers | None:
        """The counselor's own rating, or None where all three were left out."""
        answers = self.facet_answers()
        return answers if answers.given else None


def _initial(session: Session) -> dict[str, Any]:
    logged = session.status != Session.Status.SCHEDULED
    return {
        "status": session.status if logged else Session.Status.HELD,
        "starts_at": session.starts_at,
        "mode": session.mode,
        "version": session.version,
        "rating_uuid": uuid.uuid4(),
    }
