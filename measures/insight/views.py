"""Pages that show how clients are doing. They fetch, and leave the rest to the read models."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from measures.insight.caseload import CLOSED, Asked
from measures.insight.caseload import caseload as caseload_of
from measures.insight.groups import groups_of_today
from measures.insight.sentences import honesty
from measures.insight.session_answers import session_answers as answers_about
from measures.insight.today import clients_on
from measures.insight.today import today as today_of
from sessions.access import StaffRequest, get_visible, note_seen
from sessions.finding import unsealed
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
    """Every choice stands in the address: it works without script, and Back keeps it."""
    given = request.GET
    asked = Asked(
        show=given.get("show", ""),
        whose=given.get("whose", ""),
        query=unsealed(given.get("find", "")),
        page=given.get("page", "1"),
    )
    page = caseload_of(request.viewer, asked)
    if "go" in given and (meant := page.meant(asked.query)) is not None:
        return redirect("episode", meant.episode.uuid)
    note_seen(request, page.everybody)
    context = {
        "page": page,
        "rows": page.rows,
        "asked": asked,
        "is_closed": asked.show == CLOSED,
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
