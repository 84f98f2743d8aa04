"""What is filled in on the card. The form parses; `measures.repair.acting` decides."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from measures.insight.ready_made import Ready, in_every_language
from measures.models import Flag
from measures.repair.acting import LONGEST_WATCH, Decision, Did

LINE_LENGTH = 200
READS_LENGTH = 120
OWN_WORDS, NOTHING = "own", ""
TAPS: tuple[tuple[Did, str | Promise], ...] = (
    (Did.TALKED, _("Talked about")),
    (Did.NOT_YET, _("Not yet")),
    (Did.OUTSIDE, _("Something outside our work")),
    (Did.NO_CONCERN, _("No concern")),
)
LATER = (Did.BETTER, Did.WATCH, Did.REOPEN, Did.BRING)


class CardForm(forms.Form):
    """One tap is enough; everything else may stay empty."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    # Told of another version, and saved again: this one stays, even where that one closed it.
    over = forms.BooleanField(required=False, widget=forms.HiddenInput)
    did = forms.ChoiceField(
        label=_("What you did about this"),
        choices=TAPS,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one of the four.")},
    )
    talked_on = forms.DateField(
        label=_("When you talked"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date", "class": "form-control"}, format="%Y-%m-%d"),
        error_messages={"invalid": _("Give a date, such as 2026-11-23.")},
    )
    until = forms.DateField(
        label=_("Ask me again on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date", "class": "form-control"}, format="%Y-%m-%d"),
        error_messages={"invalid": _("Give a date, such as 2026-11-23.")},
    )
    line = forms.CharField(
        label=_("What we agreed, or why"), required=False, max_length=LINE_LENGTH
    )
    reads = forms.ChoiceField(required=False, widget=forms.RadioSelect)
    own_words = forms.CharField(required=False, max_length=READS_LENGTH)
    # Their own words as they were last shown: what nobody saw in its place is not released.
    previewed = forms.CharField(required=False, max_length=READS_LENGTH, widget=forms.HiddenInput)
    to_supervision = forms.BooleanField(label=_("Take to supervision"), required=False)

    def __init__(
        self,
        *args: Any,
        today: dt.date,
        ready: Sequence[Ready],
        wish: str,
        language: str,
        look_again: dt.date,
        **kwargs: Any,
    ) -> None:
        initial = {"talked_on": today, "until": look_again, "reads": NOTHING}
        kwargs["initial"] = initial | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)
        self.today, self.wish, self.language, self.look_again = today, wish, language, look_again
        choices = [(each.key, each.text) for each in ready]
        cast("forms.ChoiceField", self.fields["reads"]).choices = [
            (NOTHING, _("Nothing")),
            *choices,
            (OWN_WORDS, _("In my own words")),
        ]
        self.needs_preview = self.is_stale = False
        later = [(did.value, did.value) for did in LATER]
        self.taps = list(TAPS)
        cast("forms.ChoiceField", self.fields["did"]).choices = [*TAPS, *later]

    def clean_talked_on(self) -> dt.date:
        day: dt.date = self.cleaned_data["talked_on"] or self.today
        if day > self.today:
            raise forms.ValidationError(_("Pick a date that is not in the future."))
        if day < self.today - dt.timedelta(days=365):
            raise forms.ValidationError(_("Pick a date within the last year."))
        return day

    def clean_until(self) -> dt.date:
        day: dt.date = self.cleaned_data["until"] or self.look_again
        if not self.today < day <= self.today + LONGEST_WATCH:
            raise forms.ValidationError(_("Pick a date after today, within two months."))
        return day

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if given.get("reads") == OWN_WORDS and not given.get("own_words"):
            self.add_error("own_words", _("Write what they will read, or choose a sentence."))
        if given.get("reads") and given.get("did") not in {Did.TALKED, None}:
            self.add_error("reads", _("Only what you talked about can be told to the client."))
        if given.get("reads") == OWN_WORDS and given.get("own_words") and not self.errors:
            self.needs_preview = given["own_words"] != given.get("previewed")
        return given

    def show_preview(self) -> None:
        """The words are on the page now, as they will be read; saving again releases them."""
        data = cast("Any", self.data).copy()
        data["previewed"] = self.cleaned_data["own_words"]
        self.data = data

    def mark_stale(self, flag: Flag) -> None:
        """Somebody saved first. What was typed stays; sending again decides for it."""
        data = cast("Any", self.data).copy()
        data["version"], data["over"] = str(flag.version), "on"
        self.data = data

    def decision(self) -> Decision:
        given = self.cleaned_data
        did = Did(given["did"])
        talked = did == Did.TALKED
        dated = {Did.TALKED: given["talked_on"], Did.NOT_YET: given["until"]}
        dated[Did.WATCH] = given["until"]
        texts = self._texts(given["reads"]) if talked else {}
        return Decision(
            did=did,
            on=dated.get(did),
            line=given["line"],
            client_text=texts,
            wish=self.wish if texts else "",
            to_supervision=given["to_supervision"],
        )

    def _texts(self, reads: str) -> dict[str, str]:
        if not reads:
            return {}
        if reads == OWN_WORDS:
            return {self.language: self.cleaned_data["own_words"]}
        return in_every_language(reads)
