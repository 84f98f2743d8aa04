"""The page behind the stop link of a mail: without a log-in, and without anything ending by itself.

Opening it changes nothing. It takes a choice and a tap, since scanners open links and press
buttons, and whoever is silenced by one would never know.
"""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_http_methods

from measures.capture.stopping import no_more_messages, not_for_them
from measures.capture.tokens import hash_token
from measures.capture.visits import closed
from measures.models import RatingLink
from sessions.access import StaffRequest, note_seen
from sessions.languages import client_language
from sessions.wall import set_organization

ACTS = {"stop": no_more_messages, "not_me": not_for_them}


@require_http_methods(["GET", "HEAD", "POST"])
@login_not_required
def stop(request: StaffRequest, token: str) -> HttpResponse:
    """Stop the messages to an address, or say that it is somebody else's."""
    link = _link(request, token)
    if link is None:
        return closed(request)
    client = link.request.episode.client
    note_seen(request, [client.pk])
    act = ACTS.get(request.POST.get("what", ""))
    if act is not None:
        act(link=link, now=request.now)
    context = {
        "done": act is not None,
        "missing_choice": request.method == "POST" and act is None,
        "token": token,
    }
    language = client_language(client.language)
    with translation.override(language):
        return render(request, "measures/rate/stop.html", context)


def _link(request: StaffRequest, token: str) -> RatingLink | None:
    """The link a stop token came with. It works for as long as anybody keeps the mail."""
    link = RatingLink.objects.filter(stop_hash=hash_token(token)).first()
    if link is None:
        return None
    set_organization(link.organization_id)
    request.link_organization_id = link.organization_id
    related = RatingLink.objects.select_related("request__episode__client")
    return related.get(pk=link.pk)
