"""A counselor's groups: plan one, log it on one screen, hand out slips. No score is shown here."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from measures.builtin import current_version
from measures.capture import groups
from measures.capture.asking import desk_states
from measures.capture.asking_sentences import WHY_NOT, about_asking
from measures.capture.group_forms import GroupLogForm, GroupPlanForm
from measures.capture.logging_sessions import NotYet
from measures.capture.services import waive_group
from measures.models import FACETS, GroupRating
from sessions.access import StaffRequest, note_seen
from sessions.models import Episode, GroupMeeting, Session
from sessions.models.clients import EpisodeQuerySet
from sessions.qr import qr_svg
from sessions.sealing import unseal_identity

WEEK = dt.timedelta(days=7)
# What stands against saving, about one of them.
ABOUT: dict[type[groups.AboutClient], Any] = {
    groups.ClientBusy: gettext_lazy("%(code)s has another session at that time."),
    groups.ClientAnswered: gettext_lazy(
        "%(code)s has answered, so they stay on the list as having come."
    ),
    groups.ClientGone: gettext_lazy(
        "The episode of %(code)s is closed, so what is stored for them stays."
    ),
}


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One client of the group: how it went, whether they are done, asked, or why not. No score."""

    session: Session
    name: str
    field: forms.BoundField
    state: str
    asked: str


@dataclass(frozen=True, slots=True)
class PrintedCode:
    """One slip as it is printed."""

    code: str
    qr: SafeString
    address: str
    digits: str
    until: dt.datetime
    language: str


# ---- planning ----


@require_http_methods(["GET", "HEAD", "POST"])
def group_plan(request: StaffRequest) -> HttpResponse:
    """When, how, and who; the people of an earlier group with one tap."""
    episodes = _own_episodes(request)
    past = list(_meetings(request).order_by("-starts_at")[:3])
    form = GroupPlanForm(
        request.POST if request.method == "POST" else None,
        episodes=episodes,
        now=request.now,
        initial=_as_before(request) or {"starts_at": request.now, "mode": Session.Mode.IN_PERSON},
    )
    if request.method == "POST" and form.is_valid():
        response = _plan(request, form)
        if response is not None:
            return response
    shown = list(episodes)
    note_seen(request, (episode.client_id for episode in shown))
    context = {
        "form": form,
        "episodes": [(str(each.uuid), each, _is_on_hold(request, each)) for each in shown],
        "chosen": {str(value) for value in form["episodes"].value() or []},
        "past": past,
        "section": "today",
    }
    return render(request, "measures/group_plan.html", context, status=422 if form.errors else 200)


def _plan(request: StaffRequest, form: GroupPlanForm) -> HttpResponse | None:
    try:
        meeting = groups.plan_group(counselor=form.counselor, **form.cleaned_data)
    except groups.GroupTimeTaken as taken:
        messages.info(request, _("There is a group at that time already: this one."))
        return redirect("group", uuid=taken.meeting.uuid)
    except groups.ClientBusy as busy:
        form.add_error("episodes", str(ABOUT[type(busy)]) % {"code": busy.code})
        return None
    return redirect("group", uuid=meeting.uuid)


def _own_episodes(request: StaffRequest) -> EpisodeQuerySet:
    own = Episode.objects.editable_by(request.viewer)
    related = own.select_related("client", "counselor", "organization").prefetch_related("pauses")
    return related.order_by("client__code")


def _is_on_hold(request: StaffRequest, episode: Episode) -> bool:
    return any(pause.covers(request.viewer.today) for pause in episode.pauses.all())


def _meetings(request: StaffRequest) -> Any:
    return GroupMeeting.objects.visible_to(request.viewer)


def _as_before(request: StaffRequest) -> dict[str, Any] | None:
    """The same people a week on, as far as their episodes are open."""
    try:
        meeting = _meetings(request).filter(uuid=UUID(request.GET.get("like", ""))).first()
    except ValueError:
        return None
    if meeting is None:
        return None
    of_meeting = Session.objects.visible_to(request.viewer).filter(group=meeting)
    before = list(of_meeting.select_related("episode"))
    return {
        "starts_at": meeting.starts_at + WEEK,
        "mode": before[0].mode if before else Session.Mode.IN_PERSON,
        "episodes": [each.episode.uuid for each in before if each.episode.closed_on is None],
    }


# ---- one screen for the group ----


@require_http_methods(["GET", "HEAD", "POST"])
def group(request: StaffRequest, uuid: UUID) -> HttpResponse:
    """Everybody in it, each with one tap; at most one own rating, for the meeting."""
    meeting = _own_meeting(request, uuid)
    sessions = _sessions(request, meeting)
    there = {session.episode_id for session in sessions}
    others = _own_episodes(request).filter(counselor=meeting.counselor).exclude(pk__in=there)
    rated = GroupRating.objects.filter(meeting=meeting).exists()
    form = GroupLogForm(
        request.POST if request.method == "POST" else None,
        meeting=meeting,
        sessions=sessions,
        others=others,
        # A second tab's answers are compared with the stored ones, never dropped in silence.
        may_rate=not rated or any(facet in request.POST for facet in FACETS),
        instrument_version=current_version(),
        language=get_language() or "en",
    )
    if request.method == "POST" and form.is_valid():
        response = _save(request, meeting, form)
        if response is not None:
            return response
    states = desk_states(sessions, request.now)
    asked = about_asking(sessions, request.now)
    walk_ins = list(others)
    note_seen(request, (episode.client_id for episode in walk_ins))
    context = {
        "meeting": meeting,
        "form": form,
        "rows": [
            RosterRow(
                each,
                unseal_identity(each.episode.client).name,
                form.field_of(each),
                states.get(each.pk, ""),
                asked[each.pk],
            )
            for each in sessions
        ],
        "others": [(str(each.uuid), each, _is_on_hold(request, each)) for each in walk_ins],
        "chosen": {str(value) for value in form["walk_ins"].value() or []},
        "rated": rated,
        "held": any(each.status == Session.Status.HELD for each in sessions),
        "section": "today",
    }
    status = 409 if form.is_stale else 422 if form.errors else 200
    return render(request, "measures/group.html", context, status=status)


def _own_meeting(request: StaffRequest, uuid: UUID) -> GroupMeeting:
    meeting: GroupMeeting | None = (
        _meetings(request).select_related("counselor", "organization").filter(uuid=uuid).first()
    )
    if meeting is None:
        raise Http404
    return meeting


def _sessions(request: StaffRequest, meeting: GroupMeeting) -> list[Session]:
    """Who is in it, as far as the viewer may read each of them."""
    readable = Episode.objects.clinical_to(request.viewer).values("pk")
    mine = Session.objects.visible_to(request.viewer).filter(group=meeting, episode__in=readable)
    related = ("organization", "episode__client", "episode__counselor", "episode__organization")
    sessions = list(mine.select_related(*related).order_by("episode__client__code", "pk"))
    note_seen(request, (session.episode.client_id for session in sessions))
    return sessions


def _save(request: StaffRequest, meeting: GroupMeeting, form: GroupLogForm) -> HttpResponse | None:
    """Log everybody, or put the problem into words on the form."""
    try:
        groups.log_group(
            meeting=meeting, **form.values(), by=request.viewer.membership, now=request.now
        )
    except groups.StaleGroup:
        meeting.refresh_from_db(fields=["version"])
        form.mark_stale(meeting)
    except groups.GroupTimeTaken:
        form.add_error("starts_at", _("You have another group at that time."))
    except groups.GroupRated:
        form.add_error(None, _("Your rating of this group is stored already, and it stays."))
    except groups.AboutClient as refusal:
        form.add_error(None, str(ABOUT[type(refusal)]) % {"code": refusal.code})
    except NotYet:
        form.add_error("starts_at", _("Pick a date that is not in the future."))
    else:
        messages.success(request, _("Saved."))
        return redirect("group", uuid=meeting.uuid)
    return None


@require_POST
def group_waive(request: StaffRequest, uuid: UUID) -> HttpResponse:
    """ "Not this time", once for the whole meeting."""
    meeting = _own_meeting(request, uuid)
    waive_group(meeting=meeting.pk, now=request.now)
    messages.info(request, _("All right, not this time."))
    return redirect("group", uuid=meeting.uuid)


@require_POST
def group_codes(request: StaffRequest, uuid: UUID) -> HttpResponse:
    """Slips for everybody's own phone, shown once: only hashes are kept."""
    meeting = _own_meeting(request, uuid)
    sessions = _sessions(request, meeting)
    held = [each for each in sessions if each.status == Session.Status.HELD]
    open_ = [each for each in held if each.episode.closed_on is None]
    made = groups.make_code_slips(sessions=open_, now=request.now)
    for refused in made.refused:
        code = refused.session.episode.client.code
        text = _("No slip for %(code)s. %(why)s") % {"code": code, "why": WHY_NOT[refused.why]}
        messages.info(request, text)
    if not made.slips:
        messages.info(request, _("Nobody needs a slip now."))
        return redirect("group", uuid=meeting.uuid)
    context = {
        "meeting": meeting,
        "slips": [_printed(request, slip) for slip in made.slips],
        "section": "today",
    }
    return render(request, "measures/group_codes.html", context)


def _printed(request: StaffRequest, slip: groups.CodeSlip) -> PrintedCode:
    url = request.build_absolute_uri(reverse("rate", args=[slip.made.token]))
    address = request.build_absolute_uri(reverse("code", args=[slip.code.letters]))
    client = slip.session.episode.client
    return PrintedCode(
        code=client.code,
        qr=qr_svg(url),
        address=address.partition("://")[2],
        digits=slip.code.spaced,
        until=slip.made.link.expires_at,
        language=client.language,
    )
