"""The language of a page.

Clients' pages exist in every language; which one is the matter of the link (the client's own, or
what they tapped), and before that is known the browser's. The staff's pages are complete in some
languages only: a page is in one of these as a whole, never half in another.
"""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header

from alliance_site.policy import POLICY
from sessions.access import Viewer
from sessions.models import User
from sessions.policy import Actor


class LanguageMiddleware(LocaleMiddleware):
    """The browser's language, until it is known who asks, and for what."""

    def process_request(self, request: HttpRequest) -> None:
        speak(request, browser_language(request, dict(settings.STAFF_LANGUAGES)) or "en")

    def process_view(self, request: HttpRequest, *view: Any) -> None:
        if is_for_clients(request):
            speak(request, browser_language(request, dict(settings.LANGUAGES)) or "en")

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """A client's page says its language itself: by now nobody remembers it."""
        response = super().process_response(request, response)
        if is_for_clients(request):
            del response.headers["Content-Language"]
        return response


def speak_to(request: HttpRequest, user: User | AnonymousUser, viewer: Viewer | None) -> None:
    """On the staff's pages: the language one chose, else the browser's, else the organization's."""
    offered = dict(settings.STAFF_LANGUAGES)
    if is_for_clients(request):
        return
    wanted = (
        user.language if isinstance(user, User) else "",
        browser_language(request, offered),
        viewer.organization.language if viewer else "",
    )
    speak(request, next((code for code in wanted if code in offered), "en"))


def is_for_clients(request: HttpRequest) -> bool:
    """Whether clients use this address: what they hold is a link or our tablet, never a log-in."""
    route = request.resolver_match.view_name if request.resolver_match else ""
    return bool({Actor.LINK_HOLDER, Actor.KIOSK} & POLICY.actors_for(route))


def browser_language(request: HttpRequest, offered: dict[str, Any]) -> str | None:
    """The first of the browser's languages that is offered: "es-MX" asks for "es"."""
    header = request.headers.get("Accept-Language", "")
    asked = (tag.partition("-")[0] for tag, _ in parse_accept_lang_header(header.lower()))
    return next((code for code in asked if code in offered), None)


def speak(request: HttpRequest, language: str) -> None:
    translation.activate(language)
    cast("Any", request).LANGUAGE_CODE = language
