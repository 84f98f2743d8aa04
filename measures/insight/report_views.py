"""The one-page report: as a page to print, and as a file. Both stand in the access log."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from measures.insight.history import histories
from measures.insight.report import Report, file_name, report_of
from measures.insight.report_pdf import pdf_of
from measures.insight.story import story_of
from measures.insight.svg_chart import svg_of
from sessions.access import StaffRequest, get_visible
from sessions.models import Episode


@require_safe
def report(request: StaffRequest, uuid: UUID) -> HttpResponse:
    """The page as it will be printed."""
    row, page = _report(request, uuid)
    context = {
        "episode": row,
        "client": row.client,
        "report": page,
        "chart": svg_of(page.plot, label=page.plot_label),
        "with_name": _with_name(request),
        "section": "caseload" if request.viewer.counselor else "supervision",
    }
    return render(request, "measures/report.html", context)


@require_safe
def report_file(request: StaffRequest, uuid: UUID) -> HttpResponse:
    """The same as a PDF, finished inside the transaction that writes the access entry."""
    _row, page = _report(request, uuid)
    response = HttpResponse(pdf_of(page, request.now), content_type="application/pdf")
    name = file_name(request.viewer.today)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _report(request: StaffRequest, uuid: UUID) -> tuple[Episode, Report]:
    viewer = request.viewer
    row = get_visible(
        request, Episode.objects.select_related("client", "counselor", "organization"), uuid=uuid
    )
    [history] = histories(viewer, [row])
    story = story_of(viewer, history)
    return row, report_of(viewer, history, story, with_name=_with_name(request))


def _with_name(request: StaffRequest) -> bool:
    """The code is the default; the name is asked for."""
    return request.GET.get("name") == "yes"
