"""On hold and back again: the counselor says so, nobody else."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from sessions.access import StaffRequest, get_editable
from sessions.episode_forms import BackForm, PauseForm
from sessions.models import Episode, Pause
from sessions.pausing import (
    AlreadyOnHold,
    EpisodeClosed,
    MetMeanwhile,
    NotOnHold,
    change_pause,
    end_pause,
    pause_episode,
)


@require_http_methods(["GET", "HEAD", "POST"])
def episode_pause(request: StaffRequest, uuid: str) -> HttpResponse:
    """Put an episode on hold; or, where it is, say anew where they are and when they return."""
    episode = get_editable(request, Episode.objects.select_related("client"), uuid=uuid)
    pause = _pause_of(request, episode)
    is_sent = request.method == "POST"
    form = PauseForm(
        request.POST if is_sent else None,
        episode=episode,
        today=request.viewer.today,
        pause=pause,
    )
    if is_sent and form.is_valid() and (pause or _pause(request, episode, form)):
        return _change(request, episode, form) if pause else redirect("episode", uuid=uuid)
    back = BackForm(pause=pause, today=request.viewer.today) if pause else None
    context = {"episode": episode, "pause": pause, "form": form, "back": back}
    status = 422 if form.errors else 200
    return render(request, "sessions/episode_pause.html", context, status=status)


@require_POST
def episode_resume(request: StaffRequest, uuid: str) -> HttpResponse:
    """They are back: today, with one tap, or since a day."""
    episode = get_editable(request, Episode.objects.select_related("client"), uuid=uuid)
    pause = _pause_of(request, episode)
    today = request.viewer.today
    if pause is None:
        return _nobody_is_away(request, episode)
    back = BackForm(
        request.POST if "back_on" in request.POST else {"back_on": today}, pause=pause, today=today
    )
    if not back.is_valid():
        form = PauseForm(episode=episode, today=today, pause=pause)
        context = {"episode": episode, "pause": pause, "form": form, "back": back}
        return render(request, "sessions/episode_pause.html", context, status=422)
    try:
        end_pause(episode=episode, back_on=back.cleaned_data["back_on"])
    except (NotOnHold, EpisodeClosed):
        return _nobody_is_away(request, episode)
    messages.success(request, _("Welcome back. The next session asks again, as agreed."))
    return redirect("episode", uuid=uuid)


def _pause_of(request: StaffRequest, episode: Episode) -> Pause | None:
    return Pause.objects.editable_by(request.viewer).running().filter(episode=episode).first()


def _pause(request: StaffRequest, episode: Episode, form: PauseForm) -> bool:
    try:
        pause_episode(episode=episode, **form.cleaned_data, now=request.now)
    except MetMeanwhile as meeting:
        starts_at = timezone.localtime(meeting.session.starts_at)
        day = date_format(starts_at, "MONTH_DAY_FORMAT")
        form.add_error("from_on", _("A session was held on %(day)s.") % {"day": day})
    except (AlreadyOnHold, EpisodeClosed):
        form.add_error(None, _("Somebody changed this meanwhile. Open the client anew."))
    else:
        messages.success(request, _("On hold. Nothing is asked or counted until they are back."))
        return True
    return False


def _change(request: StaffRequest, episode: Episode, form: PauseForm) -> HttpResponse:
    try:
        change_pause(episode=episode, **form.cleaned_data)
    except (NotOnHold, EpisodeClosed):
        return _nobody_is_away(request, episode)
    messages.success(request, _("Saved."))
    return redirect("episode", uuid=episode.uuid)


def _nobody_is_away(request: StaffRequest, episode: Episode) -> HttpResponse:
    messages.info(request, _("This client is not on hold."))
    return redirect("episode", uuid=episode.uuid)
