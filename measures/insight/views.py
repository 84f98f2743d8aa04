"""Pages that show how clients are doing. They fetch, and leave the rest to the read models."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from measures.insight import read_models
from measures.insight.groups import groups_of_today
from measures.insight.sentences import honesty
from measures.insight.session_answers import session_answers as answers_about
from measures.insight.today import clients_on
from measures.insight.today import today as today_of
from measures.models import Flag
from sessions.access import StaffRequest, get_visible, note_seen
from sessions.models import ContactStop, Episode, Session


@require_safe
def today(request: StaffRequest) -> HttpResponse:
    page = today_of(request.viewer)
    note_seen(request, clients_on(page))
    context = {
        "page": page,
        "groups": groups_of_today(request.viewer),
        "stops": ContactStop.objects.editable_by(request.viewer).running().count(),
        "today": request.viewer.today,
        "own_phone": request.viewer.membership.phone or request.viewer.organization.phone,
    }
    return render(request, "measures/today.html", context)


@require_safe
def caseload(request: StaffRequest) -> HttpResponse:
    shown = "closed" if request.GET.get("show") == "closed" else "open"
    query = request.GET.get("q", "").strip()[:40]
    rows = read_models.caseload(request.viewer, closed=shown == "closed")
    found = [row for row in rows if _matches(row, query)]
    note_seen(request, (row.episode.client_id for row in rows))
    context = {
        "rows": found,
        "total": len(rows),
        "waiting": [row for row in found if _waits(row)] if shown == "open" else [],
        "shown": shown,
        "query": query,
        "honesty": honesty(request.viewer.organization),
    }
    return render(request, "measures/caseload.html", context)


@require_safe
def session_answers(request: StaffRequest, uuid: UUID) -> HttpResponse:
    """Both ratings of one session, as they come in: what a counselor returns to with the PIN."""
    viewer = request.viewer
    row = get_visible(
        request, Episode.objects.select_related("client", "counselor"), sessions__uuid=uuid
    )
    session = Session.objects.visible_to(viewer).select_related("episode__client").get(uuid=uuid)
    context = {
        "episode": row,
        "client": row.client,
        "session": session,
        "answers": answers_about(viewer, session),
        "may_edit": Episode.objects.editable_by(viewer).filter(pk=row.pk).exists(),
        "section": "caseload" if viewer.counselor else "supervision",
    }
    return render(request, "measures/session_answers.html", context)


def _matches(row: read_models.CaseRow, query: str) -> bool:
    wanted = query.casefold()
    return wanted in row.code.casefold() or wanted in row.name.casefold()


def _waits(row: read_models.CaseRow) -> bool:
    return row.flag is not None and row.flag.state == Flag.State.NEW
