"""A client's visit: from the cookie of a link to whose request it is, and in which language.

The cookie is bound to the request's own path, so two links open on one device never mix. Whatever
is not good any more, or never was, reads the same page.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.text import capfirst

from measures.capture.services import answer_of
from measures.models import Rating, RatingLink, RatingRequest
from sessions.access import StaffRequest, note_seen
from sessions.languages import client_language
from sessions.models import Client, Organization, Session
from sessions.wall import set_organization

COOKIE = "rating"
LANGUAGE_COOKIE = "rating_language"
SALT = "measures.capture.rating"
# Who opened a link in time may finish: a code in the room is shown for 15 minutes only.
VISIT = dt.timedelta(minutes=30)

WAYS_IN = {
    RatingLink.Channel.QR: Rating.WayIn.QR,
    RatingLink.Channel.SLIP: Rating.WayIn.QR,
    RatingLink.Channel.HANDOVER: Rating.WayIn.HANDOVER,
    RatingLink.Channel.KIOSK: Rating.WayIn.KIOSK,
}


@dataclass(frozen=True, slots=True)
class Visit:
    """A client who came by a link that is good for this request."""

    link: RatingLink
    request: RatingRequest
    answered: Rating | None
    language: str

    @property
    def is_open(self) -> bool:
        """Whoever declined may think again, but on their own device: ours has gone to the next."""
        return self.answered is None or (self.declined and not self.on_clinic_device)

    @property
    def declined(self) -> bool:
        return self.answered is not None and self.answered.outcome == Rating.Outcome.DECLINED

    @property
    def session(self) -> Session:
        return self.request.session

    @property
    def client(self) -> Client:
        return self.session.episode.client

    @property
    def way_in(self) -> str:
        return WAYS_IN.get(RatingLink.Channel(self.link.channel), Rating.WayIn.LINK)

    @property
    def on_clinic_device(self) -> bool:
        """Whether the device goes back to the clinic: then no page leads anywhere else."""
        return self.way_in in {Rating.WayIn.HANDOVER, Rating.WayIn.KIOSK}

    def lasts(self, now: dt.datetime) -> bool:
        """While the request does. Who sent just before its end may still ask for the receipt."""
        sent = self.answered is not None and not self.declined
        if not sent or self.request.withdrawn_at is not None:
            return self.request.is_open(now)
        return now < self.request.ends_at + VISIT

    def is_over(self, now: dt.datetime) -> bool:
        """Nothing is shown or asked any more. What was sent in time may still arrive."""
        return self.link.expires_at + VISIT <= now


@dataclass(frozen=True, slots=True)
class LanguageChoice:
    """A language of the first page, in its own name."""

    code: str
    name: str
    here: bool


ClientView = Callable[[StaffRequest, Visit], HttpResponse]


def enter(request: StaffRequest, link: RatingLink) -> HttpResponse:
    """Go on to the first page with a cookie that is good for this one request."""
    start = reverse("rate_start", args=[link.request.uuid])
    response = redirect(start)
    response.set_signed_cookie(
        COOKIE,
        str(link.pk),
        salt=SALT,
        path=start,
        max_age=int((_cookie_end(link) + VISIT - request.now).total_seconds()),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return private(response)


def by_link(view: ClientView) -> Callable[..., HttpResponse]:
    """Let in whoever holds the cookie of this very request; everybody else reads "closed"."""

    @wraps(view)
    def wrapped(request: StaffRequest, uuid: Any) -> HttpResponse:
        visit = find_visit(request, str(uuid))
        if visit is None or (visit.is_over(request.now) and not _only_delivers(request)):
            return closed(request)
        session = visit.session
        note_seen(request, [session.episode.client_id])
        cast("Any", request).visit = visit  # for what every page on a tablet of ours shows
        with translation.override(visit.language), timezone.override(session.organization.zone):
            response = private(view(request, visit))
        _keep_language(request, visit, response)
        return response

    return login_not_required(wrapped)


def closed(request: StaffRequest) -> HttpResponse:
    """One page for used, expired, withdrawn and made up, to the byte."""
    only = Organization.objects.order_by("pk")[:2]
    phone = only[0].phone if len(only) == 1 else ""
    with translation.override(request.LANGUAGE_CODE):  # the client's own would tell them apart
        page = render(request, "measures/rate/closed.html", {"phone": phone}, status=404)
    return private(page)


def find_visit(request: StaffRequest, uuid: str) -> Visit | None:
    """Who holds a good cookie for this request. Judged by the database's clock."""
    link_pk = request.get_signed_cookie(COOKIE, default=None, salt=SALT)
    if link_pk is None:
        return None
    links = RatingLink.objects.filter(pk=int(link_pk), closed_at__isnull=True)
    link = links.select_related("hand_over").first()
    if link is None or _is_elsewhere(request, link):
        return None
    set_organization(link.organization_id)
    request.link_organization_id = link.organization_id
    requests = RatingRequest.objects.select_related(
        "instrument_version",
        "session__organization",
        "session__episode__client",
        "session__episode__counselor",
        "session__episode__organization",
    )
    rating_request = requests.filter(pk=link.request_id, uuid=uuid).first()
    if rating_request is None:
        return None
    language = _language(request, rating_request.session.episode.client)
    visit = Visit(link, rating_request, answer_of(rating_request), language)
    if visit.on_clinic_device and visit.is_over(request.now):
        return None
    return visit if visit.lasts(request.now) else None


def _only_delivers(request: StaffRequest) -> bool:
    """Sending what was answered in time, asking for what that takes, and reading the receipt."""
    route = request.resolver_match.view_name if request.resolver_match else ""
    is_sent = request.method == "POST" and request.POST.get("step") == "send"
    return route in {"rate_fresh", "rate_thanks"} or (route == "rate_form" and is_sent)


def _cookie_end(link: RatingLink) -> dt.datetime:
    """A code is shown for minutes, but what its own reader could not send on a bad connection may
    arrive while the request is open. A tablet of ours goes to the next."""
    is_ours = link.channel in {RatingLink.Channel.HANDOVER, RatingLink.Channel.KIOSK}
    return link.expires_at if is_ours else max(link.expires_at, link.request.expires_at)


def _is_elsewhere(request: StaffRequest, link: RatingLink) -> bool:
    """A link that was opened on a paired tablet is good there, and while the tablet is."""
    here = request.device.pk if request.device else None
    return link.device_id is not None and link.device_id != here


def _language(request: StaffRequest, client: Client) -> str:
    """What was just tapped, or earlier in this visit; else the client's own, else English."""
    offered = dict(settings.LANGUAGES)
    tapped = (request.GET.get("language"), request.COOKIES.get(LANGUAGE_COOKIE))
    known = (code for code in tapped if code in offered)
    return next(known, client_language(client.language))


def languages(current: str) -> list[LanguageChoice]:
    """Every language there is, in its own name."""
    names = {
        code: translation.get_language_info(code)["name_local"] for code, _ in settings.LANGUAGES
    }
    return [LanguageChoice(code, capfirst(name), code == current) for code, name in names.items()]


def _keep_language(request: StaffRequest, visit: Visit, response: HttpResponse) -> None:
    """A language tapped holds for this visit: on this device, for this request's own pages."""
    if request.GET.get("language") != visit.language:
        return
    response.set_cookie(
        LANGUAGE_COOKIE,
        visit.language,
        path=reverse("rate_start", args=[visit.request.uuid]),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def forget_visit(response: HttpResponse, uuid: str) -> None:
    """Take the cookies of the visit to a request off the device."""
    path = reverse("rate_start", args=[uuid])
    for name in (COOKIE, LANGUAGE_COOKIE):
        response.delete_cookie(name, path=path, samesite="Lax")


def private(response: HttpResponse) -> HttpResponse:
    # Not "no-referrer": forms would then be posted with "Origin: null" and fail the CSRF check.
    # These addresses hold no token, and nothing is told to other sites.
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
