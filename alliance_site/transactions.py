"""One request, one transaction: view, rendering and access entry commit together, then we answer.

The database's clock is read once and handed down as `request.now`. On PostgreSQL the organization
is set for the transaction, where the row-level wall can read it. A page whose access entry cannot
be written is not sent.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone

from alliance_site.languages import speak_to
from alliance_site.policy import POLICY
from sessions.access import PurposeNeeded, StaffRequest, Viewer, viewer_for
from sessions.devices import device_of
from sessions.models import AccessEntry
from sessions.policy import VISITORS, Actor
from sessions.views.fair_use import ask_to_read
from sessions.views.openings import ask_why
from sessions.wall import set_organization

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
# Pages of the staff without a word about anybody.
BEFORE_READING = {"fair_use", "fair_use_sign", "about", "account", "account_change_password"}
View = Callable[..., HttpResponseBase]


def without_transaction(view: View) -> View:
    """Mark a view that must answer even while the database does not."""
    view.without_transaction = True  # type: ignore[attr-defined]
    return view


class RequestTransactionMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        if getattr(view, "without_transaction", False):
            return None
        staff_request = cast("StaffRequest", request)
        staff_request.seen_clients = set()
        staff_request.link_organization_id = None
        try:
            return self._answer(staff_request, view, args, kwargs)
        except (Http404, PermissionDenied) as refusal:
            _log_refusal(staff_request, 404 if isinstance(refusal, Http404) else 403)
            raise

    def _answer(
        self, request: StaffRequest, view: View, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase:
        reads_only = request.method in SAFE_METHODS
        with _transaction(reads_only=reads_only):
            _prepare(request)
            response = _rendered(request, view, args, kwargs)
            if not _entry_apart(reads_only):
                _log(request, response.status_code)
        if _entry_apart(reads_only):
            with transaction.atomic():
                _log(request, response.status_code)
        return response


def _rendered(
    request: StaffRequest, view: View, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> HttpResponseBase:
    """The answer, down to its last byte: no query runs after the transaction."""
    viewer: Viewer | None = request.viewer
    with timezone.override(viewer.organization.zone if viewer else None):
        try:
            response = _refuse(request) or _ask_first(request) or view(request, *args, **kwargs)
        except PurposeNeeded as needed:
            response = ask_why(request, needed.episode)
        if isinstance(response, HttpResponse) and hasattr(response, "render"):
            response = response.render()
    return response


def _entry_apart(reads_only: bool) -> bool:
    """On SQLite a read must not hold the one write lock: its entry follows in a moment's own."""
    return reads_only and connection.vendor == "sqlite"


@contextmanager
def _transaction(*, reads_only: bool) -> Iterator[None]:
    if not _entry_apart(reads_only):
        with transaction.atomic(durable=True):
            yield
        return
    connection.ensure_connection()  # before that, a new thread's connection has no mode
    mode = cast("Any", connection).transaction_mode
    cast("Any", connection).transaction_mode = "DEFERRED"
    try:
        with transaction.atomic(durable=True):
            cast("Any", connection).transaction_mode = mode
            yield
    finally:
        cast("Any", connection).transaction_mode = mode


def _prepare(request: StaffRequest) -> None:
    """Say who asks, before anything is read: the policy and the row-level wall both go by it."""
    request.now = database_now()
    viewer = viewer_for(request.user, request.now)
    if viewer is not None:
        set_organization(viewer.organization.pk)
    request.viewer = cast("Viewer", viewer)
    request.device = device_of(request)
    speak_to(request, request.user, viewer)


def _refuse(request: StaffRequest) -> HttpResponse | None:
    """Not for you is the same as not there; a page of yours in the wrong method is a 405."""
    methods = POLICY.methods_for(_route(request), request.viewer)
    if request.device and Actor.KIOSK not in POLICY.actors_for(_route(request)):
        return redirect("kiosk")  # a tablet for clients does nothing else, whoever types what
    if not methods:
        raise Http404
    return None if request.method in methods else HttpResponseNotAllowed(sorted(methods))


def _ask_first(request: StaffRequest) -> HttpResponse | None:
    """Who has not read the fair-use statement reads it before anything else, however they came.

    What is sent goes through: a statement signed meanwhile costs nobody what they typed. The page
    that follows asks.
    """
    viewer: Viewer | None = request.viewer
    waits = viewer is not None and viewer.has_fair_use_to_read
    if not waits or request.method not in SAFE_METHODS or _route(request) in BEFORE_READING:
        return None
    return None if VISITORS & POLICY.actors_for(_route(request)) else ask_to_read(request)


def _route(request: HttpRequest) -> str:
    return request.resolver_match.view_name if request.resolver_match else ""


def database_now() -> dt.datetime:
    """The database's clock: the same for every app server, and the start of the transaction."""
    sql = {
        "sqlite": "SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')",
        "postgresql": "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US')",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(sql)
        text: str = cursor.fetchone()[0]
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def _log(request: StaffRequest, status: int) -> None:
    """One entry; whoever comes by a link is named by no one. Visitors leave none."""
    viewer: Viewer | None = request.viewer
    membership = viewer.membership if viewer else None
    own = membership.organization_id if membership else None
    organization_id = request.link_organization_id or own
    if organization_id is None:
        return
    AccessEntry.objects.create(
        organization_id=organization_id,
        at=request.now,
        user_id=membership.user_id if membership else None,
        membership=membership,
        route=_route(request),
        method=request.method or "",
        status=status,
        clients=sorted(request.seen_clients),
    )


def _log_refusal(request: StaffRequest, status: int) -> None:
    """The view's own transaction is gone; what was refused is written in one of its own."""
    if getattr(request, "viewer", None) is not None:
        with transaction.atomic():
            _log(request, status)
