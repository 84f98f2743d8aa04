from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from alliance_site.navigation import home_route
from sessions.access import StaffRequest


@require_safe
def home(request: StaffRequest) -> HttpResponse:
    """Everybody's front door leads to the page they use most."""
    if getattr(request, "viewer", None) is None:
        return render(request, "account/no_membership.html", status=403)
    return redirect(home_route(request.viewer))
