"""The client's minute: by link, without an account, without anything stored until it is sent.

The token is exchanged at once for a cookie (`visits`). Between the steps the answers travel in the
form itself, so nothing lies on the server and the browser's Back loses nothing. Opening a link uses
nothing up; the stored rating does.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import get_token, rotate_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, time_format
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
    close_link,
    find_link,
    record_rating,
)
from measures.capture.stopping import is_by_message, not_for_them
from measures.capture.visits import Visit, by_link, closed, enter, languages
from measures.capture.who_sees import WhoSees, supervisors_of, who_sees_answers
from measures.models import GROUP, HandOver, Rater, Rating, RatingLink
from measures.repair.talks import open_promise
from sessions.access import StaffRequest, Viewer
from sessions.models import AnswersWith, Membership
from sessions.sealing import unseal, unseal_identity
from sessions.services import pause_asking

# "Do not ask me for a while."
A_WHILE = dt.timedelta(weeks=4)


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
            "is_shown": visit.is_open and not visit.is_over(request.now),
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
    return keeping_for(visit.request, request.now)


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
