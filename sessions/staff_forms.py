"""Forms about the staff: who is on it, who supervises, who stands in, and who takes over."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from sessions.access import Viewer
from sessions.forms import DayField, form_helper
from sessions.models import Cover, Membership
from sessions.services import ROLES

ROLE_NAMES = {
    "counselor": _("Counselor: has clients of their own"),
    "supervisor": _("Supervisor: reads the answers of the clients of whom they supervise"),
    "administrator": _("Administrator: staff and settings, no answers"),
    "front_desk": _("Front desk: names, calendar and links, no answers"),
    "rights_contact": _("Rights contact: whom clients can call who is not their counselor"),
}


class ColleagueField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """Somebody at work today, by name."""

    def __init__(self, **kwargs: Any) -> None:
        errors = {"invalid_choice": _("Choose one of those listed.")}
        super().__init__(
            queryset=Membership.objects.none(),
            to_field_name="uuid",
            empty_label=_("Choose somebody"),
            error_messages=errors,
            **kwargs,
        )

    def label_from_instance(self, obj: Membership) -> str:
        return obj.name


def offer(form: forms.Form, name: str, viewer: Viewer, but: Membership, **role: bool) -> None:
    """Fill a field with the colleagues of somebody that have a role today."""
    working = Membership.objects.active_on(viewer.today).filter(
        organization=viewer.organization, **role
    )
    field = cast("ColleagueField", form.fields[name])
    field.queryset = working.exclude(pk=but.pk).order_by("name")


class MemberForm(forms.Form):
    email = forms.EmailField(
        label=_("E-mail"), help_text=_("They log in with it, and get a link to set a password.")
    )
    name = forms.CharField(
        label=_("Name"), max_length=60, help_text=_("As clients say it: it stands in their form.")
    )
    roles = forms.MultipleChoiceField(
        label=_("What they do here"),
        choices=list(ROLE_NAMES.items()),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one.")},
    )
    phone = forms.CharField(
        label=_("Phone"),
        max_length=40,
        required=False,
        help_text=_("Clients read that of the rights contact."),
    )

    def __init__(self, data: Any = None, *, member: Membership | None = None) -> None:
        held = [role for role in ROLES if getattr(member, role, False)]
        initial = {"name": member.name, "phone": member.phone, "roles": held} if member else {}
        super().__init__(data, initial=initial)
        if member is not None:
            del self.fields["email"]
        submit = _("Save") if member else _("Put on the staff")
        self.helper = form_helper(*self.fields, submit=submit)

    def clean(self) -> dict[str, Any] | None:
        given = self.cleaned_data
        if "rights_contact" in given.get("roles", ()) and not given.get("phone"):
            self.add_error("phone", _("Clients call the rights contact: give a number."))
        return super().clean()


class SupervisionForm(forms.Form):
    supervisor = ColleagueField(label=_("Supervisor"))

    def __init__(self, data: Any = None, *, viewer: Viewer, member: Membership) -> None:
        super().__init__(data)
        offer(self, "supervisor", viewer, member, supervisor=True)
        self.helper = form_helper("supervisor", submit=_("Let them supervise"))


# Who can stand in: somebody who does the same work.
ROLE_FOR = {Cover.Part.CLIENTS: "counselor", Cover.Part.TEAM: "supervisor"}


class CoverForm(forms.Form):
    stands_in = ColleagueField(label=_("Who stands in"))
    from_on = DayField(label=_("From"))
    to_on = DayField(label=_("To"), help_text=_("Both days count."))
    reason = forms.CharField(label=_("Why"), max_length=200, required=False)

    def __init__(
        self,
        data: Any = None,
        *,
        viewer: Viewer,
        member: Membership,
        part: Cover.Part = Cover.Part.CLIENTS,
    ) -> None:
        super().__init__(data, initial={"from_on": viewer.today})
        self.today = viewer.today
        offer(self, "stands_in", viewer, member, **{ROLE_FOR[part]: True})
        self.helper = form_helper(*self.fields, submit=_("Let them stand in"))

    def clean(self) -> dict[str, Any] | None:
        start, end = (self.cleaned_data.get(name) for name in ("from_on", "to_on"))
        if start and end and end < start:
            self.add_error("to_on", _("This is before the first day."))
        elif end and end < self.today:
            self.add_error("to_on", _("This day has passed."))
        elif start and end and (end - start).days > 366:
            self.add_error("to_on", _("At most a year. After that, somebody takes over for good."))
        return super().clean()


class LeaveForm(forms.Form):
    """Who takes over from somebody who leaves: only what there is to take over is asked."""

    how = forms.ChoiceField(
        label=_("Their clients"),
        choices=[
            ("transfer", _("go on with a colleague: each episode closes, and a new one begins")),
            ("cover", _("stay as they are, and a colleague stands in for now")),
        ],
        widget=forms.RadioSelect,
    )
    colleague = ColleagueField(label=_("Which colleague?"))
    until = DayField(
        label=_("If they stand in: until"),
        required=False,
        help_text=_("After that day, transfer the clients."),
    )
    supervisor = ColleagueField(label=_("Who supervises instead?"))

    def __init__(
        self,
        data: Any = None,
        *,
        viewer: Viewer,
        member: Membership,
        has_clients: bool,
        has_team: bool,
        is_leaving: bool = True,
    ) -> None:
        super().__init__(data)
        self.today = viewer.today
        offer(self, "colleague", viewer, member, counselor=True)
        offer(self, "supervisor", viewer, member, supervisor=True)
        if not has_clients:
            for name in ("how", "colleague", "until"):
                del self.fields[name]
        if not has_team:
            del self.fields["supervisor"]
        if not is_leaving:
            for name in ("how", "until"):
                del self.fields[name]
        submit = _("End the log-in now") if is_leaving else _("Transfer all of them")
        self.helper = form_helper(*self.fields, submit=submit)

    def clean(self) -> dict[str, Any] | None:
        until: dt.date | None = self.cleaned_data.get("until")
        if self.cleaned_data.get("how") == "cover":
            if until is None or until < self.today:
                self.add_error("until", _("Say until which day."))
            elif (until - self.today).days > 366:
                self.add_error("until", _("At most a year. After that, transfer the clients."))
        return super().clean()


def covers_of(member: Membership, part: Cover.Part, today: dt.date) -> list[Cover]:
    """Who stands in for somebody, today or later."""
    running = Cover.objects.filter(member=member, part=part, to_on__gte=today)
    return list(running.select_related("stands_in").order_by("from_on", "pk"))
