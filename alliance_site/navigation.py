"""What the top of every page shows: the pages of one's roles, and whether this is the demo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from alliance_site.policy import POLICY
from sessions import tablets
from sessions.access import Viewer

PAGES: tuple[tuple[str, Promise], ...] = (
    ("today", _("Today")),
    ("caseload", _("Caseload")),
    ("supervision", _("Supervision")),
    ("day", _("Day list")),
    ("calls", _("Calls")),
    ("settings", _("Settings")),
)


@dataclass(frozen=True, slots=True)
class Page:
    route: str
    label: Promise


def pages_for(viewer: Viewer) -> list[Page]:
    """The pages of the top navigation that the policy opens for this viewer."""
    return [
        Page(route, label) for route, label in PAGES if "GET" in POLICY.methods_for(route, viewer)
    ]


def home_route(viewer: Viewer) -> str:
    """The first page of one's own."""
    return next((page.route for page in pages_for(viewer)), "about")


def _section(path: str) -> str:
    """The page of the top navigation that this one lies below; a view may know better."""
    return next((route for route, _ in PAGES if path.startswith(reverse(route))), "")


def navigation(request: HttpRequest) -> dict[str, Any]:
    viewer = getattr(request, "viewer", None)
    route = request.resolver_match.view_name if request.resolver_match else ""
    is_marked = viewer is not None and tablets.is_marked(request, viewer.organization)
    return {
        "viewer": viewer,
        "pages": pages_for(viewer) if viewer else [],
        "route": route,
        "section": _section(request.path),
        "tablet_marked": is_marked,
        "tablet_title": dict(PAGES).get(route, "Alliance"),
        "is_demo": settings.DEMO,
        "may_read_help": bool(viewer and POLICY.methods_for("help", viewer)),
        "may_log_sessions": bool(viewer and viewer.counselor),
    }
