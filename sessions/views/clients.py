"""Identity and episodes."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from sessions.access import StaffRequest, get_editable, get_visible, note_seen
from sessions.agreements import agreement
from sessions.episode_forms import CloseEpisodeForm, EpisodeForm
from sessions.models import Client, Consent, ContactStop, Episode, Session
from sessions.sealing import Identity, unseal_identity
from sessions.services import (
    CodeTaken,
    EpisodeFollowed,
    SessionNotLogged,
    close_episode,
    open_episode,
    reopen_episode,
    reopens_as_it_was,
)
from sessions.workdays import midnight


@require_safe
def client(request: StaffRequest, uuid: str) -> HttpResponse:
    """Identity and schedule. What was answered is on the episode's page."""
    viewer = request.viewer
    row = get_visible(request, Client.objects.all(), uuid=uuid)
    from_today = midnight(viewer.today, viewer.organization.zone)
    every = Session.objects.visible_to(viewer).filter(episode__client=row)
    upcoming = every.not_cancelled().filter(starts_at__gte=from_today)
    cancelled = every.filter(
        status=Session.Status.CANCELLED, starts_at__gt=viewer.now, moved_to__isnull=True
    )
    context = {
        "client": row,
        "identity": unseal_identity(row),
        "sessions": list(upcoming.select_related("episode__counselor").order_by("starts_at")[:20]),
        "cancelled": list(cancelled.order_by("starts_at", "-pk")[:20]),
        "now": viewer.now,
        "episodes": list(
            Episode.objects.clinical_to(viewer)
            .filter(client=row)
            .select_related("counselor")
            .order_by("-opened_on", "-pk")
        ),
        "agreed": agreement(row, Consent.Purpose.ASKED, request.now),
        "agreed_to_messages": agreement(row, Consent.Purpose.CONTACT, request.now),
        "on_break": row.not_asked_before is not None and row.not_asked_before > viewer.today,
        "stops": list(ContactStop.objects.visible_to(viewer).running().filter(client=row)),
        "may_edit": Client.objects.editable_by(viewer).filter(pk=row.pk).exists(),
    }
    return render(request, "sessions/client.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def episode_open(request: StaffRequest) -> HttpResponse:
    """Take on a new client."""
    here = request.viewer.organization
    usual = {"language": here.language, "answers_with": here.answers_with}
    form = EpisodeForm(request.POST or None, initial=usual)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            episode = open_episode(
                counselor=request.viewer.membership,
                code=values["code"],
                identity=Identity(name=values["name"]),
                goal=values["goal"],
                language=values["language"],
                answers_with=values["answers_with"],
                today=request.viewer.today,
            )
        except CodeTaken:
            form.add_error("code", _("This code is taken. Choose another."))
        else:
            note_seen(request, [episode.client_id])
            messages.success(request, _("The episode is open. Now go through this together."))
            return redirect("client_edit", uuid=episode.client.uuid)
    return render(request, "sessions/episode_open.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def episode_close(request: StaffRequest, uuid: str) -> HttpResponse:
    episode = get_editable(request, Episode.objects.select_related("client"), uuid=uuid)
    form = CloseEpisodeForm(request.POST or None, instance=episode)
    if request.method == "POST" and form.is_valid():
        try:
            close_episode(episode=episode, reason=form.cleaned_data["reason"], now=request.now)
        except SessionNotLogged as waiting:
            day = date_format(timezone.localtime(waiting.session.starts_at), "MONTH_DAY_FORMAT")
            form.add_error(None, _("First log the session of %(day)s.") % {"day": day})
        else:
            messages.success(request, _("The episode is closed. You can still read it."))
            return redirect("episode", uuid=episode.uuid)
    return render(request, "sessions/episode_close.html", {"episode": episode, "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def episode_reopen(request: StaffRequest, uuid: str) -> HttpResponse:
    """Somebody came back: the same episode goes on or, later, a new one that continues it."""
    viewer = request.viewer
    episode = get_visible(request, Episode.objects.select_related("client", "counselor"), uuid=uuid)
    if not Episode.objects.reopenable_by(viewer).filter(pk=episode.pk).exists():
        raise PermissionDenied
    goes_on = reopens_as_it_was(episode, viewer.today)
    if request.method != "POST":
        context = {"episode": episode, "goes_on": goes_on}
        return render(request, "sessions/episode_reopen.html", context)
    try:
        opened = reopen_episode(episode=episode, today=viewer.today)
    except EpisodeFollowed:
        messages.info(request, _("There is a newer episode with this client."))
        return redirect("client", uuid=episode.client.uuid)
    messages.success(request, _("The episode is open."))
    return redirect("episode", uuid=opened.uuid)
