"""The forms of a group: plan one, and log everybody in it at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from measures.capture.answers import Answers
from measures.capture.forms import AnswersForm
from measures.capture.groups import MOST, TAKEN_OFF, Roster
from measures.models import FACETS, GROUP_COUNSELOR, Rater
from sessions.forms import LocalDateTimeField, capitalized
from sessions.models import Episode, GroupMeeting, Membership, Session

if TYPE_CHECKING:
    from django.http import QueryDict

AROUND = dt.timedelta(days=400)
CHOICES = (
    (Session.Status.HELD.value, _("Came")),
    (Session.Status.MISSED.value, _("Missed")),
    (Session.Status.CANCELLED.value, _("Cancelled")),
    (TAKEN_OFF, _("Take off the list")),
)


class ManyEpisodesField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Own open episodes, by the client's code."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            queryset=Episode.objects.none(),
            to_field_name="uuid",
            widget=forms.CheckboxSelectMultiple,
            error_messages={
                "required": _("Tick who is in the group."),
                "invalid_choice": _("Choose from your own open clients."),
                "invalid_pk_value": _("Choose from your own open clients."),
            },
            **kwargs,
        )

    def label_from_instance(self, obj: Episode) -> str:
        return obj.client.code


def _mode_field() -> forms.ChoiceField:
    return forms.ChoiceField(
        label=_("How"),
        choices=capitalized(Session.Mode.choices),
        initial=Session.Mode.IN_PERSON,
        widget=forms.RadioSelect,
    )


class GroupPlanForm(forms.Form):
    starts_at = LocalDateTimeField(label=_("Starts at"))
    mode = _mode_field()
    episodes = ManyEpisodesField(label=_("Who is in it"))

    def __init__(
        self, *args: Any, episodes: QuerySet[Episode], now: dt.datetime, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.now = now
        cast("ManyEpisodesField", self.fields["episodes"]).queryset = episodes

    def clean_starts_at(self) -> dt.datetime:
        starts_at: dt.datetime = self.cleaned_data["starts_at"]
        if abs(starts_at - self.now) > AROUND:
            raise forms.ValidationError(_("Pick a date within a year of today."))
        return starts_at

    def clean_episodes(self) -> list[Episode]:
        chosen = list(self.cleaned_data["episodes"])
        if len(chosen) > MOST:
            raise forms.ValidationError(
                ngettext("At most %(n)d person fits.", "At most %(n)d people fit.", MOST)
                % {"n": MOST}
            )
        if len({episode.counselor_id for episode in chosen}) > 1:
            raise forms.ValidationError(
                _("These have different counselors. Plan one group for each of them.")
            )
        return chosen

    @property
    def counselor(self) -> Membership:
        """Whose group it is: that of whom one stands in for, where their clients are ticked."""
        first: Episode = self.cleaned_data["episodes"][0]
        return first.counselor


class GroupLogForm(AnswersForm):
    """What became of everybody, and the one rating of the meeting, in one go."""

    rater = Rater.COUNSELOR

    starts_at = LocalDateTimeField(label=_("Started at"))
    mode = _mode_field()
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    walk_ins = ManyEpisodesField(label=_("Who else came?"), required=False)

    def __init__(
        self,
        *args: Any,
        meeting: GroupMeeting,
        sessions: Sequence[Session],
        others: QuerySet[Episode],
        may_rate: bool,
        **kwargs: Any,
    ) -> None:
        initial = {
            "starts_at": meeting.starts_at,
            "mode": sessions[0].mode if sessions else Session.Mode.IN_PERSON,
            "version": meeting.version,
        }
        super().__init__(*args, reader=GROUP_COUNSELOR, names={}, initial=initial, **kwargs)
        self.meeting, self.sessions, self.is_stale = meeting, sessions, False
        for session in sessions:
            planned = session.status == Session.Status.SCHEDULED
            self.fields[_name(session)] = forms.ChoiceField(
                label=session.episode.client.code,
                choices=CHOICES,
                initial=Session.Status.HELD if planned else session.status,
                widget=forms.RadioSelect,
                required=session.episode.closed_on is None,
                error_messages={"required": _("Say who came, and who did not.")},
            )
        cast("ManyEpisodesField", self.fields["walk_ins"]).queryset = others
        if not may_rate:
            for facet in FACETS:
                del self.fields[facet]

    def field_of(self, session: Session) -> forms.BoundField:
        return self[_name(session)]

    def clean_starts_at(self) -> dt.datetime:
        starts_at: dt.datetime = self.cleaned_data["starts_at"]
        if abs(starts_at - self.meeting.starts_at) > AROUND:
            raise forms.ValidationError(_("Pick a date near the one it was planned for."))
        return starts_at

    def clean_walk_ins(self) -> list[Episode]:
        chosen = list(self.cleaned_data["walk_ins"])
        if len(chosen) + len(self.sessions) > MOST:
            raise forms.ValidationError(
                ngettext("At most %(n)d person fits.", "At most %(n)d people fit.", MOST)
                % {"n": MOST}
            )
        return chosen

    def clean(self) -> dict[str, Any]:
        """Marks are never dropped in silence: who rated a group saw somebody in it."""
        given = self.cleaned_data
        came = [each for each in self.sessions if given.get(_name(each)) == Session.Status.HELD]
        if not self.errors and not came and not given["walk_ins"] and self.facet_answers().given:
            self.add_error(None, _("You rated it. Did nobody come? Or skip all three."))
        return given

    def values(self) -> dict[str, Any]:
        given = self.cleaned_data
        statuses = {each.pk: given[_name(each)] for each in self.sessions if given.get(_name(each))}
        answers: Answers = self.facet_answers()
        return {
            "version": given["version"],
            "starts_at": given["starts_at"],
            "mode": given["mode"],
            "roster": Roster(statuses, given["walk_ins"]),
            "answers": answers if answers.given else None,
        }

    def mark_stale(self, meeting: GroupMeeting) -> None:
        """Say that somebody saved first. What was typed stays; sending again decides for it."""
        self.is_stale = True
        self.add_error(None, _("Someone saved this a moment ago. Which version stays?"))
        data = cast("QueryDict", self.data).copy()
        data["version"] = str(meeting.version)
        self.data = data


def _name(session: Session) -> str:
    return f"status-{session.uuid}"
