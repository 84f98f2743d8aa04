"""Events of an episode, and its goal in the client's words."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from sessions.access import StaffRequest, get_editable
from sessions.episode_forms import EventForm, GoalForm
from sessions.models import Episode, EpisodeEvent
from sessions.sealing import unseal
from sessions.stories import add_event, change_goal


@require_http_methods(["GET", "HEAD", "POST"])
def event_add(request: StaffRequest, uuid: UUID) -> HttpResponse:
    """Date something in the client's life, of a fixed kind."""
    episode = get_editable(request, Episode.objects.select_related("client"), uuid=uuid)
    today = request.viewer.today
    form = EventForm(request.POST or None, initial={"on": today}, episode=episode, today=today)
    if request.method == "POST" and form.is_valid():
        add_event(episode=episode, **form.cleaned_data)
        messages.success(request, _("It is marked on the chart."))
        return redirect("episode", uuid=episode.uuid)
    return render(request, "sessions/event_add.html", {"episode": episode, "form": form})


@require_POST
def event_remove(request: StaffRequest, uuid: UUID) -> HttpResponse:
    event = get_editable(request, EpisodeEvent.objects.select_related("episode"), uuid=uuid)
    event.delete()
    messages.success(request, _("The mark is gone from the chart."))
    return redirect("episode", uuid=event.episode.uuid)


@require_http_methods(["GET", "HEAD", "POST"])
def goal_edit(request: StaffRequest, uuid: UUID) -> HttpResponse:
    """The goal in the client's own words; the earlier ones stay readable."""
    viewer = request.viewer
    episode = get_editable(request, Episode.objects.select_related("client"), uuid=uuid)
    goal = unseal(episode.client, "goal", episode.sealed_goal)
    form = GoalForm(request.POST or None, initial={"goal": goal, "mark": bool(goal)})
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data["goal"]
        changed = change_goal(episode=episode, goal=said, by=viewer.membership, today=viewer.today)
        if changed and said and form.cleaned_data["mark"]:
            add_event(episode=episode, kind=EpisodeEvent.Kind.NEW_GOAL, on=viewer.today)
        messages.success(request, _("Saved.") if changed else _("Nothing was changed."))
        return redirect("episode", uuid=episode.uuid)
    return render(request, "sessions/goal_edit.html", {"episode": episode, "form": form})
