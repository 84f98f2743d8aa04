"""The client's minute: by link, without an account, without anything stored until it is sent.

The token is exchanged at once for a signed cookie bound to the request's own path. Between the
steps the answers travel in the form itself, so nothing lies on the server and the browser's
Back loses nothing. Opening a link uses nothing up; the stored rating does.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import get_token, rotate_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format, time_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from measures.capture.answers import Answers
from measures.capture.asking import AlreadyAnswered, SessionNotHeld
from measures.capture.calls import ask_for_call
from measures.capture.drafts import Keeping, keeping_for
from measures.capture.forms import ASKED_FOR, HAPPENED, WISHES, CallForm, ClientAnswersForm
from measures.capture.services import (
    Circumstances,
    RequestClosed,
    answer_of,
    close_link,
    find_link,
    record_rating,
)
from measures.capture.stopping import is_by_message, not_for_them
from measures.capture.who_sees import WhoSees, supervisors_of, who_sees_answers
from measures.models import GROUP, HandOver, Rater, Rating, RatingLink, RatingRequest
from measures.repair.talks import open_promise
from sessions.access import StaffRequest, Viewer, note_seen
from sessions.models import AnswersWith, Client, Membership, Organization, Session
from sessions.sealing import unseal, unseal_identity
from sessions.services import pause_asking
from sessions.wall import set_organization

COOKIE = "rating"
LANGUAGE_COOKIE = "rating_language"
SALT = "measures.capture.rating"
# Who opened a link in time may finish: a code in the room is shown for 15 minutes only.
VISIT = dt.timedelta(minutes=30)
# "Do not ask me for a while."
A_WHILE = dt.timedelta(weeks=4)

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
        grace = VISIT if sent and self.request.withdrawn_at is None else dt.timedelta()
        return self.request.is_open(now - grace)

    @property
    def ends_at(self) -> dt.datetime:
        return min(self.link.expires_at + VISIT, self.request.expires_at)


@dataclass(frozen=True, slots=True)
class LanguageChoice:
    """A language of the first page, in its own name."""

    code: str
    name: str
    here: bool


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
        visit = find_visit(request, str(uuid))
        if visit is None:
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


@require_safe
@by_link
def start(request: StaffRequest, visit: Visit) -> HttpResponse:
    """The first page says nothing about anybody."""
    if not visit.is_open:
        return closed(request)
    context = {
        "rating_request": visit.request,
        "languages": languages(visit.language),
        "check": _neutral_check(visit, request.now),
        "keeping": _keeping(request, visit),
    }
    return render(request, "measures/rate/start.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@by_link
def form(request: StaffRequest, visit: Visit) -> HttpResponse:
    """The questions, the review, the sending: one address, so that Back stays in the form."""
    step = request.POST.get("step", "")
    if step == "call":
        return _ask_for_call(request, visit)
    answers_form = _form(request, visit)
    is_retry = step == "send" and answers_form.is_valid() and not visit.declined
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
    return _review(request, visit, answers_form, answers, missing_tick=missing_tick)


@require_safe
@by_link
def fresh(request: StaffRequest, visit: Visit) -> HttpResponse:
    """What a script needs before it tries again: a CSRF token that is good, and its keys.

    Uses nothing up. It answers after the rating is stored, too: whoever never got the receipt
    asks for it with the same answers.
    """
    keeping = _keeping(request, visit)
    return JsonResponse(
        {
            "csrf": get_token(request),
            "is_open": visit.is_open,
            "keys": json.loads(keeping.keys) if keeping else {},
        }
    )


@require_http_methods(["GET", "HEAD", "POST"])
@by_link
def decline(request: StaffRequest, visit: Visit) -> HttpResponse:
    """Declining needs a tick and a tap, so that no mail scanner does it."""
    if request.POST.get("step") == "call":
        return _ask_for_call(request, visit)
    if not visit.is_open:
        return closed(request)
    missing_tick = False
    if request.method == "POST":
        if request.POST.get("sure") == "yes":
            if request.POST.get("pause") == "yes":
                today = visit.session.organization.today(request.now)
                pause_asking(client=visit.client, until=today + A_WHILE)
            return _store(request, visit, Answers(declined=True, language=visit.language))
        missing_tick = True
    return _page(request, visit, "decline", missing_tick=missing_tick)


@require_http_methods(["GET", "HEAD", "POST"])
@by_link
def not_me(request: StaffRequest, visit: Visit) -> HttpResponse:
    """Closing the link for good needs a tick, too."""
    if not visit.is_open:
        return closed(request)
    is_done = request.POST.get("sure") == "yes"
    if is_done and visit.on_clinic_device:
        close_link(link=visit.link, now=request.now)  # the right person may still be asked
    elif is_done:
        not_for_them(link=visit.link, now=request.now)
    context = {
        "done": is_done,
        "by_message": is_by_message(visit.link),
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
    # Said from the address, never from the row: the page must not tell a counselor who comes by
    # the same link that a call was asked for.
    was_asked = "asked" in request.GET
    return _thank(request, visit, CallForm(has_number=_has_number(visit)), was_asked=was_asked)


def _thank(
    request: StaffRequest, visit: Visit, call_form: CallForm, *, was_asked: bool = False
) -> HttpResponse:
    today = visit.session.organization.today(request.now)
    not_before = visit.client.not_asked_before
    return _page(
        request,
        visit,
        "thanks",
        status=422 if call_form.errors else 200,
        declined=visit.declined,
        contact=_rights_contact(request, visit),
        call_form=call_form,
        was_asked=was_asked,
        on_clinic_device=visit.on_clinic_device,
        not_asked_before=not_before if not_before and not_before > today else None,
    )


def _ask_for_call(request: StaffRequest, visit: Visit) -> HttpResponse:
    """The other door. It stands behind a stored answer, as the page that offers it does."""
    contact = _rights_contact(request, visit)
    viewer: Viewer | None = request.viewer
    if contact is None or visit.answered is None or viewer is not None:
        return closed(request)
    call_form = CallForm(request.POST, has_number=_has_number(visit))
    if not call_form.is_valid():
        return _thank(request, visit, call_form)
    ask_for_call(
        request=visit.request,
        contact=contact,
        now=request.now,
        calls_url=request.build_absolute_uri(reverse("calls")),
        phone=call_form.cleaned_data["phone"],
    )
    return redirect(reverse("rate_thanks", args=[visit.request.uuid]) + "?asked")


def _has_number(visit: Visit) -> bool:
    return bool(unseal_identity(visit.client).phone)


def find_visit(request: StaffRequest, uuid: str) -> Visit | None:
    """Who holds a good cookie for this request. Judged by the database's clock."""
    link_pk = request.get_signed_cookie(COOKIE, default=None, salt=SALT)
    if link_pk is None:
        return None
    links = RatingLink.objects.filter(pk=int(link_pk), expires_at__gt=request.now - VISIT)
    link = links.filter(closed_at__isnull=True).select_related("hand_over").first()
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
    return visit if visit.lasts(request.now) else None


def _is_elsewhere(request: StaffRequest, link: RatingLink) -> bool:
    """A link that was opened on a paired tablet is good there, and while the tablet is."""
    here = request.device.pk if request.device else None
    return link.device_id is not None and link.device_id != here


def _form(request: StaffRequest, visit: Visit) -> ClientAnswersForm:
    return ClientAnswersForm(
        request.POST if request.method == "POST" else None,
        instrument_version=visit.request.instrument_version,
        language=visit.language,
        names={"counselor": visit.session.episode.counselor.name},
        reader=GROUP if visit.session.group_id else Rater.CLIENT,
        slider=visit.client.answers_with == AnswersWith.SLIDER,
    )


def _answers(request: StaffRequest, visit: Visit, answers_form: ClientAnswersForm) -> Answers:
    """What was given. Where nobody supervises today, a note stays with the counselor."""
    answers = replace(answers_form.answers(), language=visit.language)
    session = visit.session
    if supervisors_of(session.episode, session.organization.today(request.now)):
        return answers
    return replace(answers, note_for=Rating.NoteFor.COUNSELOR.value)


def _ask(request: StaffRequest, visit: Visit, answers_form: ClientAnswersForm) -> HttpResponse:
    promise = open_promise(session=visit.session, language=visit.language)
    return _page(
        request,
        visit,
        "form",
        status=422 if answers_form.errors else 200,
        form=answers_form,
        goal=unseal(visit.client, "goal", visit.session.episode.sealed_goal),
        promise=promise,
        asked_for=ASKED_FOR.get(promise.wish, "") if promise else "",
    )


def _review(
    request: StaffRequest,
    visit: Visit,
    answers_form: ClientAnswersForm,
    answers: Answers,
    *,
    missing_tick: bool,
) -> HttpResponse:
    return _page(
        request,
        visit,
        "review",
        status=422 if missing_tick else 200,
        form=answers_form,
        answers=answers,
        wish=dict(WISHES).get(answers.change_wish, ""),
        happened=dict(HAPPENED).get(answers.happened, ""),
        missing_tick=missing_tick,
    )


def _store(request: StaffRequest, visit: Visit, answers: Answers) -> HttpResponse:
    try:
        record_rating(
            session=visit.session,
            rater=Rater.CLIENT,
            answers=answers,
            way_in=visit.way_in,
            now=request.now,
            request=visit.request,
            around=_around(visit.link),
        )
    except AlreadyAnswered as earlier:
        return _page(request, visit, "answered", status=409, stored_at=earlier.rating.stored_at)
    except (RequestClosed, SessionNotHeld):
        return closed(request)
    if visit.on_clinic_device:
        rotate_token(request)  # a changed cookie drops pages the browser kept for Back
    return redirect("rate_thanks", uuid=visit.request.uuid)


def _around(link: RatingLink) -> Circumstances | None:
    """What the counselor said when handing the tablet over. On their own device nobody is asked."""
    row: HandOver | None = getattr(link, "hand_over", None)
    return Circumstances(row.helper, row.present) if row else None


def _neutral_check(visit: Visit, now: dt.datetime) -> str:
    """On a tablet of ours: what tells the right person that it is for them, and others nothing."""
    if not visit.on_clinic_device:
        return ""
    session = visit.request.session
    starts_at = timezone.localtime(session.starts_at)
    words = {"day": date_format(starts_at, "WEEKDAY_FORMAT"), "time": time_format(starts_at)}
    if starts_at.date() == session.organization.today(now):
        return _("This is about today, %(time)s.") % words
    return _("This is about %(day)s, %(time)s.") % words


def _page(
    request: StaffRequest, visit: Visit, name: str, *, status: int = 200, **context: Any
) -> HttpResponse:
    today = visit.session.organization.today(request.now)
    who: WhoSees = who_sees_answers(visit.session.episode, today)
    context |= {"who": who, "rating_request": visit.request, "session": visit.session}
    context["keeping"] = _keeping(request, visit)
    return render(request, f"measures/rate/{name}.html", context, status=status)


def _keeping(request: StaffRequest, visit: Visit) -> Keeping | None:
    """Keys for drafts, on a client's own device only: not where somebody of the staff is."""
    viewer: Viewer | None = request.viewer
    if viewer or visit.on_clinic_device:
        return None
    return keeping_for(visit.request, visit.ends_at, request.now)


def _rights_contact(request: StaffRequest, visit: Visit) -> Membership | None:
    """Somebody to talk to who is not the counselor."""
    organization = visit.session.organization
    return (
        Membership.objects.active_on(organization.today(request.now))
        .filter(organization=organization, rights_contact=True)
        .select_related("user", "organization")
        .exclude(pk=visit.session.episode.counselor_id)
        .order_by("pk")
        .first()
    )


def _language(request: StaffRequest, client: Client) -> str:
    """What was just tapped, or earlier in this visit; else the client's own, else English."""
    offered = dict(settings.LANGUAGES)
    wanted = (request.GET.get("language"), request.COOKIES.get(LANGUAGE_COOKIE), client.language)
    return next((code for code in wanted if code in offered), "en")


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
