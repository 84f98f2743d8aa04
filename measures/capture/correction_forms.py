"""The form that puts an answer right."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from measures.capture.correcting import Mistake
from sessions.forms import capitalized, form_helper
from sessions.models import Session


class MoveAnswerForm(forms.Form):
    """Where the answer belongs, and how it got here."""

    to = forms.ChoiceField(label=gettext_lazy("Where does it belong?"))
    why = forms.ChoiceField(
        label=gettext_lazy("What happened?"),
        choices=capitalized(Mistake.choices),
        widget=forms.RadioSelect,
    )

    def __init__(self, data: Any = None, *, sessions: list[Session]) -> None:
        super().__init__(data)
        self.sessions = {str(session.uuid): session for session in sessions}
        nobody = _("Nowhere of mine: only take it off")
        offered = [(key, self._name(each)) for key, each in self.sessions.items()]
        field: Any = self.fields["to"]
        field.choices = [("", "—"), *offered, ("nobody", nobody)]
        self.helper = form_helper("to", "why", submit=_("Put it right"))

    @property
    def target(self) -> Session | None:
        return self.sessions.get(self.cleaned_data["to"])

    @staticmethod
    def _name(session: Session) -> str:
        starts_at = timezone.localtime(session.starts_at)
        words = {
            "client": session.episode.client.code,
            "day": date_format(starts_at, "WEEKDAY_FORMAT"),
            "time": date_format(starts_at, "TIME_FORMAT"),
        }
        return _("%(client)s, %(day)s, %(time)s") % words
