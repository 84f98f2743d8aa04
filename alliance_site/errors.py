"""Pages for what went wrong. They read nothing from the database: it may be what failed."""

import re

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

# Django's reasons where the page was one of ours: its token is old, or its cookie is gone.
OUT_OF_DATE = ("CSRF token", "CSRF cookie")
SECRET = re.compile("password|passkey|^pin", re.IGNORECASE)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "errors/400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "errors/403.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "errors/404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    return render(request, "errors/500.html", status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page was open too long, or in a browser without cookies. What was typed goes along."""
    base = "base_client.html" if request.path.startswith("/rate/") else "base_quiet.html"
    context = {"title": _("Please try again"), "base": base, "kept": _kept(request, reason)}
    return render(request, "errors/csrf.html", context, status=403)


def _kept(request: HttpRequest, reason: str) -> list[tuple[str, str]]:
    """The fields to send once more, or none: never a secret, never what another site put there."""
    if "Origin" not in request.headers or not reason.startswith(OUT_OF_DATE) or request.FILES:
        return []
    fields = [(name, value) for name, values in request.POST.lists() for value in values]
    if any(SECRET.search(name) for name, value in fields):
        return []
    return [(name, value) for name, value in fields if name != "csrfmiddlewaretoken"]
