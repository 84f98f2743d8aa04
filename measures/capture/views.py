"""The client's minute: by link, without an account, without anything stored until it is sent.

The token is exchanged at once for a signed cookie bound to the request's own path. Between the
steps the answers travel in the form itself, so nothing lies on the server and the browser's
Back loses nothing. Opening a link uses nothing up; the stored rating does.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.http import require_http_methods, require_safe

from measures.capture.answers import Answers
from measures.capture.asking import AlreadyAnswered, SessionNotHeld, withdraw_request
from measures.capture.forms import ClientAnswersForm
from measures.capture.services import RequestClosed, answer_of, find_link, record_rating
from measures.capture.who_sees import WhoSees, supervisors_of, who_sees_answers
from measures.models import GROUP, Rater, Rating, RatingLink, RatingRequest
from sessions.access import StaffRequest, Viewer, note_seen
from sessions.models import Membership, Organization
from sessions.sealing import unseal
from sessions.wall import set_organization

COOKIE = "rating"
SALT = "measures.capture.rating"
# Who opened a link in time may finish: a code in the room is shown for 15 minutes only.
VISIT = dt.timedelta(minutes=30)

WAYS_IN = {
    RatingLink.Channel.QR: Rating.WayIn.QR,
    RatingLink.Channel.HANDOVER: Rating.WayIn.HANDOVER,
    RatingLink.Channel.KIOSK: Rating.WayIn.KIOSK,
}


@dataclass(frozen=True, slots=True)
class Visit:
    """A client who came by a link that is good for this request."""

    link: RatingLink
    request: RatingRequest
    answered: Rating | None

    @property
    def is_open(self) -> bool:
        return self.answered is None or self.answered.outcome == Rating.Outcome.DECLINED


ClientView = Callable[[StaffRequest, Visit], HttpResponse]


@require_safe
@login_not_required
def rate(request: StaffRequest, token: str) -> HttpResponse:
    """Exchange the token for a cookie and an address without it."""
    link = find_link(token, request.now)
    if link is None:
        return closed(request)
    response = enter(request, link)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def enter(request: StaffRequest, link: RatingLink) -> HttpResponse:
    """Go on to the first page with a cookie that is good for this one request."""
    start = reverse("rate_start", args=[link.request.uuid])
    response = redirect(start)
    response.set_signed_cookie(
        COOKIE,
        str(link.pk),
        salt=SALT,
        path=start,
        max_age=int((link.expires_at + VISIT - request.now).total_seconds()),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return private(response)


def by_link(view: ClientView) -> Callable[..., HttpResponse]:
    """Let in whoever holds the cookie of this very request; everybody else reads "closed"."""

    @wraps(view)
    def wrapped(request: StaffRequest, uuid: Any) -> HttpResponse:
        visit = _visit(request, str(uuid))
        if visit is None:
            return closed(request)
        session = visit.request.session
        note_seen(request, [session.episode.client_id])
        language = _language(session.episode.client.language)
        with translation.override(language), timezone.override(session.organization.zone):
            return private(view(request, visit))

    return login_not_required(wrapped)


def closed(request: StaffRequest) -> HttpResponse:
    """One page for used, expired, withdrawn and made up, to the byte."""
    only = Organization.objects.order_by("pk")[:2]
    phone = only[0].phone if len(only) == 1 else ""
    with translation.override(request.LANGUAGE_CODE):  # the client's own would tell them apart
        page = render(request, "measures/rate/closed.html", {"phone": phone}, status=404)
    return private(page)


@require_safe
@by_link
def start(request: StaffRequest, visit: Visit) -> HttpResponse:
    """The first page says nothing about anybody."""
    if not visit.is_open:
        return closed(request)
    return render(request, "measures/rate/start.html", {"rating_request": visit.request})


@require_http_methods(["GET", "HEAD", "POST"])
@by_link
def form(request: StaffRequest, visit: Visit) -> HttpResponse:
    """The questions, the review, the sending: one address, so that Back stays in the form."""
    step = request.POST.get("step", "")
    answers_form = _form(request, visit)
    is_retry = step == "send" and answers_form.is_valid()
    if not visit.is_open and not is_retry:
        return closed(request)
    if request.method != "POST" or step == "change" or not answers_form.is_valid():
        if step == "change":
            answers_form.is_valid()
        return _ask(request, visit, answers_form)
    answers = _answers(request, visit, answers_form)
    # Without an answer it needs a tick as well, or a mail scanner could send it empty.
    is_sure = not answers.is_empty or request.POST.get("sure") == "yes"
    if step == "send" and is_sure:
        return _store(request, visit, answers)
    missing_tick = step == "send"
    return _page(
        request, visit, "review", form=answers_form, answers=answers, missing_tick=missing_tick
    )


@require_http_methods(["GET", "HEAD", "POST"])
@by_link
def decline(request: StaffRequest, visit: Visit) -> HttpResponse:
    """Declining needs a tick and a tap, so that no mail scanner does it."""
    if not visit.is_open:
        return closed(request)
    missing_tick = False
    if request.method == "POST":
        if request.POST.get("sure") == "yes":
            return _store(request, visit, Answers(declined=True))
        missing_tick = True
    return _page(request, visit, "decline", missing_tick=missing_tick)


@require_http_methods(["GET", "HEAD", "POST"])
@by_link
def not_me(request: StaffRequest, visit: Visit) -> HttpResponse:
    """Closing the link for good needs a tick, too."""
    if not visit.is_open:
        return closed(request)
    is_done = request.POST.get("sure") == "yes"
    if is_done:
        withdraw_request(request=visit.request, now=request.now)
    context = {
        "done": is_done,
        "missing_tick": request.method == "POST" and not is_done,
        "rating_request": visit.request,
    }
    return render(request, "measures/rate/not_me.html", context)


@require_safe
@by_link
def thanks(request: StaffRequest, visit: Visit) -> HttpResponse:
    """A receipt, never the answers; and the other door."""
    viewer: Viewer | None = request.viewer
    if viewer is not None:
        return closed(request)  # staff with an old link of theirs: the blind rule holds here, too
    if visit.answered is None:
        return redirect("rate_start", uuid=visit.request.uuid)
    declined = visit.answered.outcome == Rating.Outcome.DECLINED
    contact = _rights_contact(request, visit)
    return _page(request, visit, "thanks", declined=declined, contact=contact)


def _visit(request: StaffRequest, uuid: str) -> Visit | None:
    """Who holds a good cookie for this request. Judged by the database's clock."""
    link_pk = request.get_signed_cookie(COOKIE, default=None, salt=SALT)
    if link_pk is None:
        return None
    links = RatingLink.objects.filter(pk=int(link_pk), expires_at__gt=request.now - VISIT)
    link = links.first()
    if link is None:
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
    if rating_request is None or not rating_request.is_open(request.now):
        return None
    return Visit(link, rating_request, answer_of(rating_request))


def _form(request: StaffRequest, visit: Visit) -> ClientAnswersForm:
    session = visit.request.session
    episode = session.episode
    return ClientAnswersForm(
        request.POST if request.method == "POST" else None,
        instrument_version=visit.request.instrument_version,
        language=_language(episode.client.language),
        names={"counselor": episode.counselor.name},
        reader=GROUP if session.group_id else Rater.CLIENT,
    )


def _answers(request: StaffRequest, visit: Visit, answers_form: ClientAnswersForm) -> Answers:
    """What was given. Where nobody supervises today, a note stays with the counselor."""
    answers = answers_form.answers()
    session = visit.request.session
    if supervisors_of(session.episode, session.organization.today(request.now)):
        return answers
    return replace(answers, note_for=Rating.NoteFor.COUNSELOR.value)


def _ask(request: StaffRequest, visit: Visit, answers_form: ClientAnswersForm) -> HttpResponse:
    episode = visit.request.session.episode
    goal = unseal(episode.client, "goal", episode.sealed_goal)
    status = 422 if answers_form.errors else 200
    return _page(request, visit, "form", status=status, form=answers_form, goal=goal)


def _store(request: StaffRequest, visit: Visit, answers: Answers) -> HttpResponse:
    try:
        record_rating(
            session=visit.request.session,
            rater=Rater.CLIENT,
            answers=answers,
            way_in=WAYS_IN.get(RatingLink.Channel(visit.link.channel), Rating.WayIn.LINK),
            now=request.now,
            request=visit.request,
        )
    except AlreadyAnswered as earlier:
        return _page(request, visit, "answered", status=409, stored_at=earlier.rating.stored_at)
    except (RequestClosed, SessionNotHeld):
        return closed(request)
    return redirect("rate_thanks", uuid=visit.request.uuid)


def _page(
    request: StaffRequest, visit: Visit, name: str, *, status: int = 200, **context: Any
) -> HttpResponse:
    episode = visit.request.session.episode
    today = visit.request.session.organization.today(request.now)
    who: WhoSees = who_sees_answers(episode, today)
    context |= {"who": who, "rating_request": visit.request, "session": visit.request.session}
    return render(request, f"measures/rate/{name}.html", context, status=status)


def _rights_contact(request: StaffRequest, visit: Visit) -> Membership | None:
    """Somebody to talk to who is not the counselor."""
    organization = visit.request.session.organization
    return (
        Membership.objects.active_on(organization.today(request.now))
        .filter(organization=organization, rights_contact=True)
        .exclude(pk=visit.request.session.episode.counselor_id)
        .order_by("pk")
        .first()
    )


def _language(language: str) -> str:
    """The client's language where the form speaks it, else English."""
    return language if language in dict(settings.LANGUAGES) else "en"


def private(response: HttpResponse) -> HttpResponse:
    # Not "no-referrer": forms would then be posted with "Origin: null" and fail the CSRF check.
    # These addresses hold no token, and nothing is told to other sites.
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
