"""The staff, for who administers it: roles, supervision, cover, and who takes over."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sessions.access import StaffRequest
from sessions.leaving import open_with
from sessions.models import Cover, Membership, Supervision
from sessions.models.people import on_day
from sessions.services import SessionNotLogged
from sessions.staff_forms import (
    CoverForm,
    LeaveForm,
    MemberForm,
    SupervisionForm,
    covers_of,
)
from sessions.staffing import (
    LastAdministrator,
    LastRightsContact,
    StillNeeded,
    change_member,
    end_cover,
    end_membership,
    end_supervision,
    invite_member,
    leaving_of,
    start_cover,
    start_supervision,
    transfer_all,
)
from sessions.transferring import AlreadyTogether, NoCounselor

PROBLEMS: tuple[type[Exception], ...] = (
    LastAdministrator,
    LastRightsContact,
    StillNeeded,
    NoCounselor,
    AlreadyTogether,
    SessionNotLogged,
)


@require_safe
def staff(request: StaffRequest) -> HttpResponse:
    """Everybody at work today, and former members whose clients still wait for somebody."""
    viewer = request.viewer
    everybody = Membership.objects.managed_by(viewer)
    at_work = everybody.active_on(viewer.today)
    covers = Cover.objects.filter(
        on_day(viewer.today, start="from_on", end="to_on"), organization=viewer.organization
    )
    with_clients = covers.filter(part=Cover.Part.CLIENTS)
    waiting = everybody.exclude(pk__in=at_work.values("pk")).annotate(
        clients=Count("episodes", filter=Q(episodes__closed_on__isnull=True))
    )
    context = {
        "rows": list(at_work.select_related("user").order_by("name")),
        "waiting": list(waiting.filter(clients__gt=0).order_by("name")),
        "covered": set(with_clients.values_list("member", flat=True)),
        "covers": list(covers.select_related("member", "stands_in").order_by("to_on", "pk")),
        "supervisions": list(
            Supervision.objects.filter(on_day(viewer.today), organization=viewer.organization)
            .select_related("supervisor", "counselor")
            .order_by("counselor__name", "supervisor__name")
        ),
    }
    return render(request, "sessions/staff.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def staff_add(request: StaffRequest) -> HttpResponse:
    """Put somebody on the staff, and mail them the way in."""
    is_sent = request.method == "POST"
    form = MemberForm(request.POST if is_sent else None)
    if is_sent and form.is_valid():
        try:
            member = invite_member(
                organization=request.viewer.organization,
                **form.cleaned_data,
                today=request.viewer.today,
                address=request.build_absolute_uri("/").rstrip("/"),
            )
        except ValidationError as problem:
            put(problem, form)
        else:
            text = _("%(name)s is on the staff. A mail with a link to set a password is going out.")
            messages.success(request, text % {"name": member.name})
            return redirect("staff_member", uuid=member.uuid)
    return render(
        request, "sessions/staff_add.html", {"form": form}, status=422 if form.errors else 200
    )


@require_http_methods(["GET", "HEAD", "POST"])
def staff_member(request: StaffRequest, uuid: str) -> HttpResponse:
    """One member: what they do here, who supervises them, who stands in."""
    member = _member(request, uuid)
    is_sent = request.method == "POST"
    form = MemberForm(request.POST if is_sent else None, member=member)
    if is_sent and form.is_valid():
        try:
            change_member(member=member, **form.cleaned_data, today=request.viewer.today)
        except ValidationError as problem:
            put(problem, form)
        except PROBLEMS as problem:
            form.add_error("roles", why_not(problem))
        else:
            messages.success(request, _("Saved. It counts from their next click on."))
            return redirect("staff_member", uuid=member.uuid)
    return _page(request, member, form=form)


@require_POST
def staff_supervision(request: StaffRequest, uuid: str) -> HttpResponse:
    """Name a supervisor for a counselor, from today."""
    member = _member(request, uuid)
    form = SupervisionForm(request.POST, viewer=request.viewer, member=member)
    if form.is_valid():
        supervisor = form.cleaned_data["supervisor"]
        try:
            start_supervision(supervisor=supervisor, counselor=member, today=request.viewer.today)
        except ValidationError:
            form.add_error("supervisor", _("They supervise this counselor already."))
        else:
            messages.success(request, _("Saved."))
            return redirect("staff_member", uuid=member.uuid)
    return _page(request, member, supervision=form)


@require_POST
def supervision_end(request: StaffRequest, uuid: str) -> HttpResponse:
    rows = Supervision.objects.filter(organization=request.viewer.organization)
    row = get_object_or_404(rows.select_related("counselor", "supervisor"), uuid=uuid)
    end_supervision(supervision=row, today=request.viewer.today)
    names = {"supervisor": row.supervisor.name, "counselor": row.counselor.name}
    text = _("%(supervisor)s no longer sees the clients of %(counselor)s.")
    messages.success(request, text % names)
    return redirect("staff_member", uuid=row.counselor.uuid)


@require_POST
def staff_cover(request: StaffRequest, uuid: str) -> HttpResponse:
    """Have a colleague stand in for a counselor, from a day to a day."""
    member = _member(request, uuid)
    form = CoverForm(request.POST, viewer=request.viewer, member=member)
    if form.is_valid():
        start_cover(member=member, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("staff_member", uuid=member.uuid)
    return _page(request, member, cover=form)


@require_POST
def cover_end(request: StaffRequest, uuid: str) -> HttpResponse:
    rows = Cover.objects.filter(organization=request.viewer.organization)
    row = get_object_or_404(rows.select_related("member", "stands_in"), uuid=uuid)
    end_cover(cover=row, today=request.viewer.today)
    names = {"stand_in": row.stands_in.name, "counselor": row.member.name}
    messages.success(request, _("%(stand_in)s no longer stands in for %(counselor)s.") % names)
    return redirect("staff_member", uuid=row.member.uuid)


@require_http_methods(["GET", "HEAD", "POST"])
def staff_leave(request: StaffRequest, uuid: str) -> HttpResponse:
    """Somebody leaves: what is there, who takes it over, and the log-in ends."""
    member = _member(request, uuid)
    leaving = leaving_of(member, today=request.viewer.today)
    is_sent = request.method == "POST"
    form = LeaveForm(
        request.POST if is_sent else None,
        viewer=request.viewer,
        member=member,
        has_clients=bool(leaving.episodes),
        has_team=bool(leaving.alone),
    )
    if is_sent and form.is_valid():
        try:
            end_membership(member=member, now=request.now, **_who_takes_over(form))
        except PROBLEMS as problem:
            form.add_error(None, why_not(problem))
        else:
            text = _("%(name)s has left. Nothing opens for them any more.")
            messages.success(request, text % {"name": member.name})
            return redirect("staff" if member != request.viewer.membership else "home")
    context = {
        "member": member,
        "leaving": leaving,
        "form": form,
        "open": open_with(member, request.now),
    }
    status = 422 if form.errors else 200
    return render(request, "sessions/staff_leave.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def staff_transfer(request: StaffRequest, uuid: str) -> HttpResponse:
    """All open episodes of a member go on with a colleague. They are counted, not named."""
    member = _member(request, uuid, former=True)
    leaving = leaving_of(member, today=request.viewer.today)
    is_sent = request.method == "POST"
    form = LeaveForm(
        request.POST if is_sent else None,
        viewer=request.viewer,
        member=member,
        has_clients=True,
        has_team=False,
        is_leaving=False,
    )
    if is_sent and form.is_valid():
        try:
            count = transfer_all(member=member, to=form.cleaned_data["colleague"], now=request.now)
        except PROBLEMS as problem:
            form.add_error(None, why_not(problem))
        else:
            text = _("Transferred: %(count)d.") % {"count": count}
            messages.success(request, text)
            return redirect("staff")
    context = {
        "member": member,
        "leaving": leaving,
        "form": form,
        "open": open_with(member, request.now),
    }
    status = 422 if form.errors else 200
    return render(request, "sessions/staff_transfer.html", context, status=status)


def put(problem: ValidationError, form: Form) -> None:
    """What the rows refused, beside the fields where there are such, else on top."""
    if not hasattr(problem, "error_dict"):
        form.add_error(None, problem)
        return
    for name, errors in problem.error_dict.items():
        form.add_error(name if name in form.fields else None, errors)


def why_not(problem: Exception) -> str:
    """Why somebody cannot leave, or do something else here."""
    sentences = {
        LastAdministrator: _("Nobody else is an administrator. Give the role to somebody first."),
        LastRightsContact: _(
            "Clients must have somebody to call who is not their counselor. Name another rights "
            "contact first."
        ),
        StillNeeded: _(
            "They have open episodes, or counselors whom nobody else supervises. Somebody has to "
            "take over first: transfer them, or name another supervisor."
        ),
        NoCounselor: _("Choose somebody else: this person cannot take over."),
        AlreadyTogether: _(
            "A client already has an open episode with that colleague. Close one of the two first, "
            "or choose somebody else."
        ),
        SessionNotLogged: _("First log the sessions that have begun."),
    }
    return sentences[type(problem)]


def _member(request: StaffRequest, uuid: str, *, former: bool = False) -> Membership:
    rows = Membership.objects.managed_by(request.viewer).select_related("user", "organization")
    return get_object_or_404(rows if former else rows.active_on(request.viewer.today), uuid=uuid)


def _who_takes_over(form: LeaveForm) -> dict[str, Any]:
    given = form.cleaned_data
    by = {"transfer": "to", "cover": "stands_in"}.get(given.get("how", ""), "to")
    return {
        by: given.get("colleague"),
        "until": given.get("until"),
        "supervisor": given.get("supervisor"),
    }


def _page(request: StaffRequest, member: Membership, **sent: Form) -> HttpResponse:
    viewer = request.viewer
    running = Supervision.objects.filter(on_day(viewer.today))
    forms: dict[str, Form] = {
        "form": MemberForm(member=member),
        "supervision": SupervisionForm(viewer=viewer, member=member),
        "cover": CoverForm(viewer=viewer, member=member),
        **sent,
    }
    context = {
        **forms,
        "member": member,
        "supervised_by": list(running.filter(counselor=member).select_related("supervisor")),
        "supervises": list(running.filter(supervisor=member).select_related("counselor")),
        "covers": covers_of(member, Cover.Part.CLIENTS, viewer.today),
        "deputies": covers_of(member, Cover.Part.TEAM, viewer.today),
        "leaving": leaving_of(member, today=viewer.today),
    }
    status = 422 if any(form.errors for form in sent.values()) else 200
    return render(request, "sessions/staff_member.html", context, status=status)
