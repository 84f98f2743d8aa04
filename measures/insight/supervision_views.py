"""Supervision: whom to talk about and whom to reach, and one agenda for each counselor."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from measures.insight.agenda import agenda_of
from measures.insight.agenda_forms import ActionForm
from measures.insight.due import due_actions
from measures.insight.practice import practice
from measures.insight.sentences import honesty
from measures.insight.supervision import supervision_lists
from measures.repair.actions import agree_on_action
from sessions.access import StaffRequest, Viewer, note_seen
from sessions.models import CaseOpening, Membership
from sessions.openings import unexplained


@require_safe
def supervision(request: StaffRequest) -> HttpResponse:
    """The two lists over every counselor, and how asking goes in the team."""
    viewer = request.viewer
    lists = supervision_lists(viewer)
    due = due_actions(viewer)
    rows = [(row.episode, row.asks_why) for row in [*lists.talk, *lists.reach]]
    rows += [(each.action.episode, each.asks_why) for each in due if each.action.episode]
    note_seen(request, (episode.client_id for episode, _asks in rows))
    context = {
        "lists": lists,
        "due": due,
        "counselors": viewer.supervises,
        "practice": practice(viewer),
        "honesty": honesty(viewer.organization),
        "unexplained": {episode.pk for episode, asks_why in rows if asks_why},
        "purposes": CaseOpening.Purpose.choices,
    }
    return render(request, "measures/supervision.html", context)


@require_safe
def agenda(request: StaffRequest, uuid: UUID) -> HttpResponse:
    """One counselor's meeting, on a page to print; the counselor reads the same."""
    counselor = _counselor(request.viewer, uuid)
    return _agenda_page(request, counselor, _form(request.viewer, counselor))


@require_safe
def own_agenda(request: StaffRequest) -> HttpResponse:
    return redirect("agenda", request.viewer.membership.uuid)


@require_POST
def action_add(request: StaffRequest, uuid: UUID) -> HttpResponse:
    viewer = request.viewer
    counselor = _counselor(viewer, uuid)
    form = ActionForm(request.POST, viewer=viewer, counselor=counselor)
    if not form.is_valid():
        return _agenda_page(request, counselor, form)
    agree_on_action(counselor=counselor, by=viewer.membership, now=request.now, **form.cleaned_data)
    messages.success(request, _("Saved. It stands on the owner's page when it is due."))
    return redirect("agenda", counselor.uuid)


def _counselor(viewer: Viewer, uuid: UUID) -> Membership:
    """Somebody the viewer supervises, or is, or stands in for; anybody else never was."""
    reached = [*viewer.supervises, *viewer.acts_for]
    found = next((each for each in reached if each.uuid == uuid), None)
    if found is None:
        raise Http404
    return found


def _form(viewer: Viewer, counselor: Membership) -> ActionForm:
    return ActionForm(viewer=viewer, counselor=counselor, initial={"owner": counselor.uuid})


def _agenda_page(request: StaffRequest, counselor: Membership, form: ActionForm) -> HttpResponse:
    viewer = request.viewer
    found = agenda_of(viewer, counselor, request.GET.get("page"))
    cases = [*found.episodes, *(row.episode for row in found.cases)]
    note_seen(request, (episode.client_id for episode in cases))
    context = {
        "agenda": found,
        "counselor": counselor,
        "is_own": counselor == viewer.membership,
        "form": form,
        "honesty": honesty(viewer.organization),
        "section": "supervision" if viewer.supervisor else "",
        "unexplained": unexplained(viewer, cases),
        "purposes": CaseOpening.Purpose.choices,
    }
    return render(request, "measures/agenda.html", context)
