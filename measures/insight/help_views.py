"""What waits for somebody, and what the pages mean: for everybody on the staff."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from measures.insight.chips import RATINGS_SAY
from measures.insight.help import how_sure, what_we_did
from measures.insight.sentences import honesty
from measures.insight.waiting import waiting_for
from sessions.access import StaffRequest


@require_safe
def waiting(request: StaffRequest) -> HttpResponse:
    """Where the daily mail leads: counts and links, nobody's name or answers."""
    return render(request, "measures/waiting.html", {"waiting": waiting_for(request.viewer)})


@require_safe
def help_page(request: StaffRequest) -> HttpResponse:
    organization = request.viewer.organization
    context = {
        "chips": {concern.name.lower(): chip for concern, chip in RATINGS_SAY.items()},
        "did": what_we_did(request.viewer.today),
        "sure": how_sure(organization),
        "honesty": honesty(organization),
    }
    return render(request, "measures/help.html", context)
