"""The calendar: schedule a session, or start one now."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sessions.access import StaffRequest, get_editable, note_seen
from sessions.calendar import (
    MOST_TIMES,
    AlreadyBegun,
    NotScheduled,
    Series,
    cancel_session,
    move_session,
    restore_session,
    schedule_series,
)
from sessions.calendar_forms import MoveSessionForm, ScheduleForm
from sessions.finding import unsealed
from sessions.models import Client, Episode, Session
from sessions.sealing import unseal_identity
from sessions.services import TimeTaken, schedule_session, start_session

# What is longer is nobody's version, and Python refuses to read some of it.
LONGEST_NUMBER = 10


@dataclass(frozen=True, slots=True)
class Pick:
    """Somebody to start a session with."""

    episode: Episode
    name: str

    def matches(self, query: str) -> bool:
        wanted = query.casefold()
        return wanted in self.episode.client.code.casefold() or wanted in self.name.casefold()


@require_safe
def session_pick(request: StaffRequest) -> HttpResponse:
    """Log a session: whose? A walk-in starts with the next tap."""
    episodes = list(
        Episode.objects.editable_by(request.viewer)
        .select_related("client")
        .order_by("client__code")
    )
    query = unsealed(request.GET.get("find", ""))
    picks = [Pick(each, unseal_identity(each.client).name) for each in episodes]
    found = [pick for pick in picks if pick.matches(query)]
    note_seen(request, (episode.client_id for episode in episodes))
    context = {"picks": found, "query": query, "total": len(picks)}
    return render(request, "sessions/session_pick.html", context)


@require_POST
def session_start(request: StaffRequest, uuid: str) -> HttpResponse:
    episode = get_editable(request, Episode.objects.all(), uuid=uuid)
    session = start_session(episode=episode, now=request.now)
    return redirect("session_log", uuid=session.uuid)


@require_http_methods(["GET", "HEAD", "POST"])
def session_schedule(request: StaffRequest, uuid: str) -> HttpResponse:
    """Put a session on a client's calendar, with one of their counselors."""
    client = get_editable(request, Client.objects.all(), uuid=uuid)
    form = ScheduleForm(request.POST or None, viewer=request.viewer, client=client)
    if request.method == "POST" and form.is_valid() and _schedule(request, form):
        return redirect("client", uuid=client.uuid)
    return render(request, "sessions/session_schedule.html", {"client": client, "form": form})


def _schedule(request: StaffRequest, form: ScheduleForm) -> bool:
    """Once, or every week or two; what was left out is said."""
    values = form.cleaned_data
    what = {name: values[name] for name in ("episode", "starts_at", "mode")}
    try:
        if not values["repeat"]:
            schedule_session(**what)
            messages.success(request, _("Scheduled."))
            return True
        series = schedule_series(
            **what,
            weeks=int(values["repeat"]),
            times=values["times"] or MOST_TIMES,
            until=values["until"],
        )
    except TimeTaken:
        form.add_error("starts_at", _("There is a session with this client at that time."))
        return False
    messages.success(request, _scheduled(series))
    return True


def _scheduled(series: Series) -> str:
    count = len(series.sessions)
    last = _day(series.sessions[-1].starts_at)
    said = ngettext(
        "%(n)d session is on the calendar, on %(day)s.",
        "%(n)d sessions are on the calendar, the last one on %(day)s.",
        count,
    ) % {"n": count, "day": last}
    if not series.skipped:
        return said
    left_out = ngettext(
        "Left out, since there is a session already or they are away: %(days)s.",
        "Left out, since there are sessions already or they are away: %(days)s.",
        len(series.skipped),
    ) % {"days": ", ".join(map(_day, series.skipped))}
    return f"{said} {left_out}"


def _day(moment: dt.datetime) -> str:
    return date_format(timezone.localtime(moment), "MONTH_DAY_FORMAT")


@require_http_methods(["GET", "HEAD", "POST"])
def session_move(request: StaffRequest, uuid: str) -> HttpResponse:
    """Another time for one session, or none at all."""
    session = get_editable(request, _with_client(), uuid=uuid)
    is_sent = request.method == "POST"
    form = MoveSessionForm(request.POST if is_sent else None, session=session, now=request.now)
    if is_sent and form.is_valid():
        try:
            moved = move_session(session=session, **form.cleaned_data, now=request.now)
        except TimeTaken:
            form.add_error("starts_at", _("There is a session with this client at that time."))
        except (NotScheduled, AlreadyBegun):
            return _too_late(request, session)
        else:
            at = timezone.localtime(moved.starts_at)
            words = {
                "day": date_format(at, "WEEKDAY_FORMAT"),
                "time": date_format(at, "TIME_FORMAT"),
            }
            messages.success(
                request, _("Moved to %(day)s, %(time)s. The client was not written to.") % words
            )
            return redirect("client", uuid=session.episode.client.uuid)
    context = {
        "session": session,
        "client": session.episode.client,
        "form": form,
        "may_move": _may_move(session, request),
        "following": _following(session, request),
    }
    status = 422 if form.errors else 200
    return render(request, "sessions/session_move.html", context, status=status)


@require_POST
def session_cancel(request: StaffRequest, uuid: str) -> HttpResponse:
    """Cancel one, or it and the following ones of its series."""
    session = get_editable(request, _with_client(), uuid=uuid)
    version = request.POST.get("version", "")
    try:
        count = cancel_session(
            session=session,
            version=int(version) if version.isdecimal() and len(version) < LONGEST_NUMBER else 0,
            now=request.now,
            and_following=request.POST.get("which") == "following",
        )
    except (NotScheduled, AlreadyBegun):
        return _too_late(request, session)
    text = ngettext(
        "Cancelled. The client was not written to.",
        "%(n)d sessions cancelled. The client was not written to.",
        count,
    )
    messages.success(request, text % {"n": count})
    return redirect("client", uuid=session.episode.client.uuid)


@require_POST
def session_restore(request: StaffRequest, uuid: str) -> HttpResponse:
    """Put a cancelled session back where it was."""
    session = get_editable(request, _with_client(), uuid=uuid)
    try:
        restore_session(session=session, now=request.now)
    except TimeTaken:
        messages.error(request, _("There is a session with this client at that time."))
    except NotScheduled:
        return _too_late(request, session)
    else:
        messages.success(request, _("Back on the calendar."))
    return redirect("client", uuid=session.episode.client.uuid)


def _with_client() -> QuerySet[Session]:
    related = Session.objects.select_related("organization", "episode__client")
    return related.prefetch_related("episode__pauses")


def _may_move(session: Session, request: StaffRequest) -> bool:
    return session.status == Session.Status.SCHEDULED and session.starts_at > request.now


def _following(session: Session, request: StaffRequest) -> int:
    """How many later ones of the same series there are."""
    if session.series is None:
        return 0
    rest = Session.objects.editable_by(request.viewer).scheduled().filter(series=session.series)
    return rest.filter(starts_at__gt=session.starts_at).count()


def _too_late(request: StaffRequest, session: Session) -> HttpResponse:
    messages.info(
        request, _("This session was logged, moved or cancelled meanwhile, or has begun.")
    )
    return redirect("client", uuid=session.episode.client.uuid)
