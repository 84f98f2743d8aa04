"""Calls to those who did not come, in one tap each."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sessions.access import StaffRequest, get_editable
from sessions.contacts import DID, record_contact, withdraw_contact
from sessions.models import Contact, Episode


@require_POST
def contact_add(request: StaffRequest, uuid: str) -> HttpResponse:
    episode = get_editable(request, Episode.objects.select_related("client"), uuid=uuid)
    did = request.POST.get("did", "")
    if did not in DID:
        messages.error(request, _("Choose what came of it."))
        return _back(request, episode)
    contact = record_contact(
        episode=episode, did=did, by=request.viewer.membership, now=request.now
    )
    messages.success(request, f"{episode.client.code}: {_said(contact)}")
    return _back(request, episode)


@require_POST
def contact_undo(request: StaffRequest, uuid: str) -> HttpResponse:
    """A slip of the finger: as if it had not been tapped."""
    contact = get_editable(request, Contact.objects.select_related("episode__client"), uuid=uuid)
    withdraw_contact(contact=contact, now=request.now)
    code = contact.episode.client.code
    messages.info(request, _("%(client)s: taken back.") % {"client": code})
    return _back(request, contact.episode)


def _said(contact: Contact) -> str:
    return str(capfirst(contact.get_outcome_display())) + "."


def _back(request: StaffRequest, episode: Episode) -> HttpResponse:
    """To the page it was tapped on: the client's, or Today's calls."""
    if request.POST.get("on") == "episode":
        return redirect("episode", uuid=episode.uuid)
    return redirect(reverse("today") + "#calls")
