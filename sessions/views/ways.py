"""On with the page that a question stood in the way of."""

from __future__ import annotations

from django.utils.http import url_has_allowed_host_and_scheme

from sessions.access import StaffRequest


def page_asked_for(request: StaffRequest) -> str:
    """What the form of the question calls "next", if it is a page of this site; else nothing."""
    asked = request.POST.get("next", "")
    here = url_has_allowed_host_and_scheme(
        asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return asked if here and asked.startswith("/") else ""
