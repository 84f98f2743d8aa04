"""Forms about a client who goes on with somebody else."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from sessions.access import Viewer
from sessions.forms import HOW, SAID, AgreementField
from sessions.models import Membership
from sessions.staff_forms import ColleagueField, offer


class EarlierAnswersForm(forms.Form):
    """What the client says about their answers up to now, and how they said it."""

    agrees = AgreementField(label=_("What do they say?"), widget=forms.RadioSelect)
    how = forms.ChoiceField(
        label=_("How they said so"), choices=HOW, widget=forms.RadioSelect, initial="in person"
    )

    def __init__(self, data: Any = None, *, said: bool | None) -> None:
        super().__init__(data, initial={"agrees": SAID[said]})
        if said is not None:
            self.fields["agrees"].was_asked()  # type: ignore[attr-defined]


class TransferForm(EarlierAnswersForm):
    """One client, to a colleague."""

    to = ColleagueField(label=_("Colleague"))

    def __init__(self, data: Any = None, *, viewer: Viewer, counselor: Membership) -> None:
        super().__init__(data, said=None)
        self.fields["how"].required = False  # where they were not asked
        offer(self, "to", viewer, counselor, counselor=True)
