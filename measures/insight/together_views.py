"""The shared screen: see insight/together.py."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.views.decorators.http import require_safe

from measures.insight.history import histories
from measures.insight.together import together as own_answers
from sessions.access import StaffRequest, get_editable
from sessions.languages import client_language
from sessions.models import Episode, Session


@require_safe
def together(request: StaffRequest, uuid: UUID) -> HttpResponse:
    """The client's own line, in the client's language, with one way out: back where one was."""
    row = get_editable(
        request, Episode.objects.select_related("client", "counselor", "organization"), uuid=uuid
    )
    [history] = histories(request.viewer, [row])
    language = client_language(row.client.language)
    with translation.override(language):
        context = {
            "counselor": row.counselor.name,
            "together": own_answers(request.viewer, history),
            "back": _back(row, history.sessions, request.GET.get("session", "")),
        }
        response = render(request, "measures/together.html", context)
    response.headers["Content-Language"] = language
    return response


def _back(episode: Episode, sessions: list[Session], asked: str) -> str:
    """The answers about the session one came from, if it is one of this client's."""
    session = next((each for each in sessions if str(each.uuid) == asked), None)
    if session is None:
        return reverse("episode", args=[episode.uuid])
    return reverse("session_answers", args=[session.uuid])
