"""A tablet that counselors hand to clients: marked by a cookie of its own, until it is unmarked.

The mark opens nothing. It says where handing over is offered, and where no title of a page may
tell who it is about, since the browser's history outlives the log-in.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from sessions.models import Organization

COOKIE = "tablet"
SALT = "sessions.tablets"
AGE = 400 * 24 * 60 * 60  # as long as browsers keep one; renewed whenever the page is opened


def is_marked(request: HttpRequest, organization: Organization) -> bool:
    value = request.get_signed_cookie(COOKIE, default="", salt=SALT)
    return value == str(organization.uuid)


def mark(response: HttpResponse, organization: Organization) -> None:
    response.set_signed_cookie(
        COOKIE,
        str(organization.uuid),
        salt=SALT,
        max_age=AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def unmark(response: HttpResponse) -> None:
    response.delete_cookie(COOKIE, samesite="Lax")
