"""A search on its way from a form to an address without words."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from sessions.access import StaffRequest
from sessions.finding import sealed

# The lists that can be searched; the first is where a search from anywhere else leads.
LISTS = ("caseload", "session_pick")
# What a form may carry along to its list, and how long that is at most.
ALONG = ("show", "whose", "go")
LONGEST_CHOICE = 80


@require_POST
def find(request: StaffRequest) -> HttpResponse:
    """Lead to the list, with the words sealed. What was not typed by hand is left out."""
    given = request.POST
    route = given.get("list", "")
    asked = {name: given[name][:LONGEST_CHOICE] for name in ALONG if given.get(name)}
    if given.get("q", "").strip():
        asked["find"] = sealed(given["q"])
    query = f"?{urlencode(asked)}" if asked else ""
    return redirect(reverse(route if route in LISTS else LISTS[0]) + query)
