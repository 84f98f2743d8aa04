"""The front desk: who comes today, and whose messages do not arrive. Never what was answered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from measures.capture.asking import (
    AlreadyAnswered,
    NotToBeAsked,
    SessionNotHeld,
    desk_states,
    open_request,
    plan_invitation,
)
from measures.capture.asking_sentences import when_it_goes
from measures.capture.outbox import late_messages
from measures.capture.staff_views import (
    already_here,
    is_withheld,
    say_why_not,
    sessions_to_ask_about,
)
from measures.capture.stopping import start_again
from measures.models import Message
from sessions.access import StaffRequest, get_editable, note_seen
from sessions.models import ContactStop, Session
from sessions.sealing import unseal_identity


@dataclass(frozen=True, slots=True)
class DeskRow:
    """One session of the day, and whether the client may be asked or is done."""

    session: Session
    name: str
    state: str
    stopped: bool


@dataclass(frozen=True, slots=True)
class StopRow:
    """One address nothing is sent to any more."""

    stop: ContactStop
    name: str

    @property
    def by_their_wish(self) -> bool:
        return self.stop.reason == ContactStop.Reason.STOPPED


@require_safe
def day(request: StaffRequest) -> HttpResponse:
    """The front desk's list: who comes today, with whom. No scores, no declines."""
    viewer = request.viewer
    sessions = list(
        Session.objects.visible_to(viewer)
        .not_cancelled()
        .starting_on(viewer.today, viewer.organization.zone)
        .select_related("episode__client", "episode__counselor")
        .order_by("starts_at", "pk")
    )
    stops = ContactStop.objects.editable_by(viewer).running()
    stopped = set(stops.values_list("client_id", flat=True))
    context = {
        "rows": _desk_rows(request, sessions, stopped),
        "today": viewer.today,
        "stops": len(stopped),
        "late": late_messages(viewer.organization, request.now),
    }
    return render(request, "measures/day.html", context)


def _desk_rows(
    request: StaffRequest, sessions: Iterable[Session], stopped: set[int]
) -> list[DeskRow]:
    note_seen(request, (session.episode.client_id for session in sessions))
    states = desk_states(sessions, request.now)
    return [
        DeskRow(
            session=session,
            name=unseal_identity(session.episode.client).name,
            state=states.get(session.pk, ""),
            stopped=session.episode.client_id in stopped,
        )
        for session in sessions
    ]


@require_safe
def messages_list(request: StaffRequest) -> HttpResponse:
    """Whose messages do not arrive any more, and why. Nothing about what was in them."""
    stops = (
        ContactStop.objects.editable_by(request.viewer)
        .running()
        .select_related("client")
        .order_by("-at", "pk")
    )
    rows = [StopRow(stop, unseal_identity(stop.client).name) for stop in stops]
    note_seen(request, (row.stop.client_id for row in rows))
    return render(request, "measures/messages.html", {"rows": rows})


@require_POST
def message_restart(request: StaffRequest, uuid: str) -> HttpResponse:
    """The address is right: write there again, and send what is open now."""
    stop = get_editable(request, ContactStop.objects.select_related("client"), uuid=uuid)
    if start_again(stop=stop, now=request.now):
        messages.success(request, _("Messages go there again."))
    else:
        messages.info(request, _("They asked us to stop. Only they can say otherwise."))
    return redirect("messages")


@require_POST
def rating_send(request: StaffRequest, uuid: str) -> HttpResponse:
    """Ask the client about a session by a message, now and by hand."""
    session = get_editable(request, sessions_to_ask_about(), uuid=uuid)
    if is_withheld(request, session):
        return already_here(request, session)
    try:
        asked = open_request(session=session, now=request.now)
    except (SessionNotHeld, NotToBeAsked, AlreadyAnswered) as refusal:
        return say_why_not(request, session, refusal)
    message = plan_invitation(request=asked, now=request.now)
    if message is None:
        text = _("No message can be sent to this client. See how they want to be asked.")
        messages.error(request, text)
    elif message.status == Message.Status.WAITING:
        messages.success(request, when_it_goes(message, request.viewer.today))
    else:
        messages.info(request, _("A message about this session went out already."))
    return redirect("client", uuid=session.episode.client.uuid)
