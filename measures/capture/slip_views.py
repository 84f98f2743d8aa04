"""Paper slips: which to print, the sheets, the code of one that came back, and what was on it.

Whoever types a slip in has read it. Afterwards no page shows it to them again: not this one, which
goes on to the next slip, and for the front desk none at all.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from measures.capture.answers import Answers
from measures.capture.asking import desk_states
from measures.capture.asking_sentences import WHY_NOT
from measures.capture.forms import WISHES
from measures.capture.handovers import OwnRatingFirst, may_hand_over
from measures.capture.slip_codes import spaced
from measures.capture.slip_forms import SlipCodeForm, SlipForm
from measures.capture.slip_sheets import asked_on, sheets_of
from measures.capture.slips import (
    NotEntered,
    NotPrinted,
    WhyNotEntered,
    WrongDay,
    days_of,
    enter_slip,
    print_slips,
    request_of,
    why_not_entered,
)
from measures.capture.who_sees import who_sees_answers
from measures.models import Helper, PaperSlip, Present, Rating, RatingRequest
from measures.models.slips import PaperSlipQuerySet
from sessions.access import StaffRequest, get_editable, note_seen
from sessions.models import Client, Episode, Session
from sessions.models.meetings import SessionQuerySet
from sessions.sealing import unseal_identity

# More than anybody's day, and few enough for an address.
MOST_AT_ONCE = 60

WHY_NOT_ENTERED = {
    WhyNotEntered.NOT_LOGGED: gettext_lazy(
        "The session is not logged as held yet. Its counselor does that first; keep the paper."
    ),
    WhyNotEntered.NOT_HELD: gettext_lazy(
        "The session of this slip was missed or cancelled. If it was held after all, its counselor "
        "changes that first; keep the paper."
    ),
    WhyNotEntered.TYPED: gettext_lazy("This slip was typed in already. Nothing was changed."),
    WhyNotEntered.ANSWERED: gettext_lazy(
        "An answer for this session is already here, and it stays. Nothing was changed."
    ),
    WhyNotEntered.WITHDRAWN: gettext_lazy(
        "Asking about this session was taken back. If the paper is still right, print the slip "
        "again, then type it in."
    ),
    WhyNotEntered.REFUSED: gettext_lazy(
        "The client does not want to be asked any more, so this is not stored."
    ),
    WhyNotEntered.CLOSED: gettext_lazy("The episode is closed, so nothing more is stored."),
    WhyNotEntered.TOO_OLD: gettext_lazy("This slip is older than 90 days, so it is not stored."),
}


@dataclass(frozen=True, slots=True)
class SlipRow:
    """One session of a day, and whether there can be a slip for it."""

    session: Session
    name: str
    is_finished: bool

    @property
    def may_be_printed(self) -> bool:
        open_ = {Session.Status.SCHEDULED, Session.Status.HELD}
        return self.session.status in open_ and not self.is_finished

    @property
    def by_paper(self) -> bool:
        """Whether this client chose to answer on paper."""
        return self.session.episode.client.answers_by == Client.AnswersBy.PAPER


# ---- printing ----


@require_http_methods(["GET", "HEAD", "POST"])
def slips(request: StaffRequest) -> HttpResponse:
    """A day's list with ticks; whoever answers on paper is ticked already.

    Posted, it prints those of `session` (any number of them), and of everybody in the `group`.
    """
    if request.method == "POST":
        return _print(request)
    viewer = request.viewer
    day = parse_day(request.GET.get("day", "")) or viewer.today
    rows = _rows(request, _to_print(request).starting_on(day, viewer.organization.zone))
    context = {
        "rows": rows,
        "day": day,
        "any": any(row.may_be_printed for row in rows),
        "section": "day" if viewer.front_desk else "today",
    }
    return render(request, "measures/slips.html", context)


def parse_day(text: str) -> dt.date | None:
    """A day somebody may mean: the first and the last there are begin and end in no other zone."""
    try:
        day = parse_date(text)
    except ValueError:  # such as February 30
        return None
    return day if day and dt.date.min.year < day.year < dt.date.max.year else None


def _rows(request: StaffRequest, sessions: Iterable[Session]) -> list[SlipRow]:
    sessions = list(sessions)
    note_seen(request, (session.episode.client_id for session in sessions))
    states = desk_states(sessions, request.now)
    return [
        SlipRow(
            session=session,
            name=unseal_identity(session.episode.client).name,
            is_finished=states.get(session.pk) == "finished",
        )
        for session in sessions
    ]


def _to_print(request: StaffRequest) -> SessionQuerySet:
    sessions = Session.objects.editable_by(request.viewer).not_cancelled()
    related = ("organization", "episode__client", "episode__counselor", "episode__organization")
    return sessions.select_related(*related).order_by("starts_at", "pk")


def _print(request: StaffRequest) -> HttpResponse:
    asked = Q(uuid__in=uuids(request.POST.getlist("session")))
    asked |= Q(group__uuid__in=uuids(request.POST.getlist("group")))
    sessions = list(_to_print(request).filter(asked)[:MOST_AT_ONCE])
    if not sessions:
        messages.error(request, _("Choose for whom to print a slip."))
        return redirect("slips")
    note_seen(request, (session.episode.client_id for session in sessions))
    printed = print_slips(sessions=sessions, by=request.viewer.membership, now=request.now)
    for refused in printed.refused:
        messages.error(request, _why_not_printed(refused))
    if not printed.slips:
        return redirect("slips")
    chosen = [("session", str(slip.session.uuid)) for slip in printed.slips]
    return redirect(f"{reverse('slips_sheet')}?{urlencode(chosen)}")


def _why_not_printed(refused: NotPrinted) -> str:
    code = refused.session.episode.client.code
    return _("No slip for %(code)s. %(why)s") % {"code": code, "why": WHY_NOT[refused.why]}


def uuids(texts: Iterable[str]) -> list[UUID]:
    """Those that are some; what somebody else typed into the address is left out."""
    found = []
    for text in texts:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


@require_safe
def slips_sheet(request: StaffRequest) -> HttpResponse:
    """Two slips to a page, each in its client's language. Reading it again prints the same ones."""
    viewer = request.viewer
    chosen = uuids(request.GET.getlist("session"))[:MOST_AT_ONCE]
    mine = _slips(request).editable_by(viewer).filter(session__uuid__in=chosen)
    rows = list(mine.order_by("session__starts_at", "pk"))
    if not rows:
        return redirect("slips")
    note_seen(request, (row.session.episode.client_id for row in rows))
    sessions = [row.session_id for row in rows]
    requests = RatingRequest.objects.visible_to(viewer).filter(session__in=sessions).order_by("pk")
    context = {
        "sheets": sheets_of(rows, requests, viewer.today),
        "wishes": [label for _value, label in WISHES],
        "helpers": [_("nobody"), *Helper.labels],
        "present": Present.labels,
        "section": "day" if viewer.front_desk else "today",
    }
    return render(request, "measures/slips_sheet.html", context)


# ---- typing in ----


@require_http_methods(["GET", "HEAD", "POST"])
def slip_code(request: StaffRequest) -> HttpResponse:
    """The code of a slip leads to its session: for those who may type it in."""
    form = SlipCodeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        slip = _find(request, form.cleaned_data["slip_code"])
        if slip is None:
            form.add_error("slip_code", _("No slip of yours has this code. Compare it once more."))
        elif why := _why_not(request, slip):
            form.add_error("slip_code", str(WHY_NOT_ENTERED[why]))
        else:
            return redirect("slip_entry", uuid=slip.session.uuid)
    context = {"form": form, "section": "day" if request.viewer.front_desk else "today"}
    return render(request, "measures/slip_code.html", context, status=422 if form.errors else 200)


def _find(request: StaffRequest, code: str) -> PaperSlip | None:
    """Whoever may not type it in reads the same as for a code that nothing has."""
    slip = _slips(request).filter(slip_code=code).first()
    if slip is not None:
        note_seen(request, [slip.session.episode.client_id])
    return slip


def _why_not(request: StaffRequest, slip: PaperSlip) -> WhyNotEntered | None:
    """Who counsels is led to logging the session; others are told that it comes first."""
    why = why_not_entered(slip, request.viewer)
    leads_on = why == WhyNotEntered.NOT_LOGGED and _logs(request, slip)
    return None if leads_on else why


def _logs(request: StaffRequest, slip: PaperSlip) -> bool:
    own = Episode.objects.editable_by(request.viewer)
    return own.filter(pk=slip.session.episode_id).exists()


def _slips(request: StaffRequest) -> PaperSlipQuerySet:
    return PaperSlip.objects.visible_to(request.viewer).select_related(
        "instrument_version",
        "session__organization",
        "session__episode__client",
        "session__episode__counselor",
        "session__episode__organization",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def slip_entry(request: StaffRequest, uuid: str) -> HttpResponse:
    """What is on the slip. The session's counselor rates first, or says "not this time"."""
    slip = get_editable(request, _slips(request), session__uuid=uuid)
    form = _form(request, slip)
    if request.method == "POST" and form.is_valid():
        response = _save(request, slip, form)
        if response is not None:
            return response
    elif why := _why_not(request, slip):
        messages.error(request, str(WHY_NOT_ENTERED[why]))
        return redirect("slip_code")
    session = slip.session
    is_logged = session.status == Session.Status.HELD
    may_enter = is_logged and may_hand_over(session, request.viewer)
    context = {
        "slip": slip,
        "code": spaced(slip.slip_code),
        "session": session,
        "client": session.episode.client,
        "name": unseal_identity(session.episode.client).name,
        "form": form,
        "who": who_sees_answers(session.episode, request.viewer.today),
        "is_logged": is_logged,
        "may_enter": may_enter or form.came_late,  # what was typed in stays in view
        "section": "day" if request.viewer.front_desk else "today",
    }
    return render(request, "measures/slip_entry.html", context, status=_status(form))


def _status(form: SlipForm) -> int:
    if not form.errors:
        return 200
    return 409 if form.came_late else 422


def _form(request: StaffRequest, slip: PaperSlip) -> SlipForm:
    return SlipForm(
        request.POST if request.method == "POST" else None,
        days=days_of(slip, request_of(slip.session)),
        today=request.viewer.today,
        **asked_on(slip, get_language() or "en"),
    )


def _save(request: StaffRequest, slip: PaperSlip, form: SlipForm) -> HttpResponse | None:
    """Store it and go on to the next slip, or put the problem into words on the form."""
    try:
        enter_slip(
            slip=slip,
            viewer=request.viewer,
            answers=_answers(request, slip, form),
            **form.circumstances(),
        )
    except NotEntered as refusal:
        form.came_late = True
        form.add_error(None, str(WHY_NOT_ENTERED[refusal.why]))
    except WrongDay:
        form.add_error("given_on", _("Nobody can have filled it in on that day."))
    except OwnRatingFirst:
        return redirect("slip_entry", uuid=slip.session.uuid)
    else:
        messages.success(request, _("Saved. Now the next one."))
        return redirect("slip_code")
    return None


def _answers(request: StaffRequest, slip: PaperSlip, form: SlipForm) -> Answers:
    """What was given. Where nobody supervises today, a note stays with the counselor."""
    answers = form.answers()
    if who_sees_answers(slip.session.episode, request.viewer.today).supervisors:
        return answers
    return replace(answers, note_for=Rating.NoteFor.COUNSELOR.value)
