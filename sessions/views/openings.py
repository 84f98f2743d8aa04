"""Before a supervisor opens a case: one question, one tap, on with the page asked for."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sessions.access import StaffRequest, get_case_to_open
from sessions.models import CaseOpening, Episode
from sessions.openings import open_case, opening_sentence
from sessions.views.ways import page_asked_for

FORBIDDEN, UNPROCESSABLE = 403, 422


def ask_why(request: StaffRequest, episode: Episode) -> HttpResponse:
    """In place of the page asked for: nothing of the case but its code, and no other client."""
    request.seen_clients.intersection_update({episode.client_id})
    return _question(request, episode, back=request.get_full_path(), status=FORBIDDEN)


@require_POST
def case_open(request: StaffRequest, uuid: UUID) -> HttpResponse:
    episode = get_case_to_open(request, uuid=uuid)
    back = page_asked_for(request) or reverse("episode", args=[episode.uuid])
    purpose = request.POST.get("purpose", "")
    if purpose not in CaseOpening.Purpose:
        wrong = _("Choose one of the four.")
        return _question(request, episode, back=back, status=UNPROCESSABLE, wrong=wrong)
    open_case(episode=episode, by=request.viewer.membership, purpose=purpose, now=request.now)
    return redirect(back)


def _question(
    request: StaffRequest, episode: Episode, *, back: str, status: int, wrong: str = ""
) -> HttpResponse:
    viewer = request.viewer
    context = {
        "episode": episode,
        "purposes": CaseOpening.Purpose.choices,
        "seen_as": opening_sentence(
            viewer.membership.name, viewer.today, CaseOpening.Purpose.PREPARING
        ),
        "back": back,
        "wrong": wrong,
        "section": "supervision",
    }
    return render(request, "sessions/case_open.html", context, status=status)
