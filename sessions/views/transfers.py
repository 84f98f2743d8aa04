"""A client goes on with a colleague; and what the next counselor may read of what was before."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from sessions.access import StaffRequest, get_editable
from sessions.earlier_answers import episode_before, keep_answer, may_next_read, text_for
from sessions.languages import client_language
from sessions.leaving import open_of
from sessions.models import Episode
from sessions.pausing import EpisodeClosed
from sessions.services import SessionNotLogged
from sessions.transfer_forms import EarlierAnswersForm, TransferForm
from sessions.transferring import AlreadyTogether, NoCounselor, transfer_episode


@require_http_methods(["GET", "HEAD", "POST"])
def episode_transfer(request: StaffRequest, uuid: str) -> HttpResponse:
    """What is open, what the client says, and to whom."""
    episode = get_editable(
        request, Episode.objects.select_related("client", "counselor__organization"), uuid=uuid
    )
    is_sent = request.method == "POST"
    form = TransferForm(
        request.POST if is_sent else None, viewer=request.viewer, counselor=episode.counselor
    )
    if is_sent and form.is_valid():
        try:
            transfer_episode(episode=episode, **form.cleaned_data, now=request.now)
        except SessionNotLogged as waiting:
            day = date_format(timezone.localtime(waiting.session.starts_at), "MONTH_DAY_FORMAT")
            form.add_error(None, _("First log the session of %(day)s.") % {"day": day})
        except AlreadyTogether:
            form.add_error("to", _("They already have an open episode with this client."))
        except (NoCounselor, EpisodeClosed):
            form.add_error(None, _("Somebody changed this meanwhile. Open the client anew."))
        else:
            messages.success(request, _("Transferred. You can go on reading what was up to now."))
            return redirect("episode", uuid=uuid)
    context = {
        "episode": episode,
        "form": form,
        "open": open_of(episode, request.now),
        **_read_to_them(episode),
    }
    status = 422 if form.errors else 200
    return render(request, "sessions/episode_transfer.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def episode_earlier(request: StaffRequest, uuid: str) -> HttpResponse:
    """The next counselor asks the client whether they may read what was answered before."""
    episode = get_editable(request, Episode.objects.select_related("client"), uuid=uuid)
    earlier = episode_before(episode)
    if earlier is None:
        raise Http404
    is_sent = request.method == "POST"
    form = EarlierAnswersForm(
        request.POST if is_sent else None, said=may_next_read(earlier, request.now)
    )
    if is_sent and form.is_valid():
        keep_answer(episode=earlier, **form.cleaned_data, now=request.now)
        messages.success(request, _("Saved."))
        return redirect("episode", uuid=uuid)
    context = {"episode": episode, "earlier": earlier, "form": form, **_read_to_them(earlier)}
    status = 422 if form.errors else 200
    return render(request, "sessions/episode_earlier.html", context, status=status)


def _read_to_them(episode: Episode) -> dict[str, object]:
    """The question to the client as it is read to them, in their language."""
    language = client_language(episode.client.language)
    return {
        "question": text_for(episode),
        "spoken": language,
        "spoken_rtl": get_language_info(language)["bidi"],
    }
