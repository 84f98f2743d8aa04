"""A client's page to write on: who they are, how to reach them, and how they want to be asked."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from measures.capture.intake import Agreed, keep_choices
from measures.capture.intake_forms import ClientForm, client_initial
from measures.capture.intake_texts import ASKED, CONTACT
from measures.capture.previews import preview
from measures.models import Message
from sessions.access import StaffRequest, get_editable
from sessions.agreements import agreement
from sessions.languages import client_language
from sessions.models import Client, Consent
from sessions.sealing import unseal_identity


@require_http_methods(["GET", "HEAD", "POST"])
def client_edit(request: StaffRequest, uuid: str) -> HttpResponse:
    """One form. "Show it" shows the message anew and stores nothing."""
    client = get_editable(request, Client.objects.select_related("organization"), uuid=uuid)
    form = _form(request, client)
    is_valid = request.method == "POST" and form.is_valid()
    if is_valid and "show" not in request.POST:
        _keep(request, client, form)
        messages.success(request, _("Saved."))
        return redirect("client", uuid=client.uuid)
    context = {"client": client, "form": form, **_to_read_together(request, client, form)}
    return render(request, "measures/client_edit.html", context)


def _form(request: StaffRequest, client: Client) -> ClientForm:
    agreed = {
        purpose: agreement(client, purpose, request.now)
        for purpose in (Consent.Purpose.ASKED, Consent.Purpose.CONTACT)
    }
    return ClientForm(
        request.POST if request.method == "POST" else None,
        initial=client_initial(
            client,
            unseal_identity(client),
            asked=agreed[Consent.Purpose.ASKED],
            contact=agreed[Consent.Purpose.CONTACT],
        ),
        client=client,
        organization=client.organization,
        today=request.viewer.today,
    )


def _keep(request: StaffRequest, client: Client, form: ClientForm) -> None:
    values = form.cleaned_data
    keep_choices(
        client=client,
        identity=form.identity(),
        choices=values,
        agreed=Agreed(values["asked"], values["contact"], values["how"]),
        now=request.now,
    )


def _to_read_together(request: StaffRequest, client: Client, form: ClientForm) -> dict[str, Any]:
    """What the client hears before they agree: texts and message, in their language."""
    shown = form.unsaved_client() if form.is_bound else client
    with translation.override(client_language(shown.language)):
        texts = {"asked_text": str(ASKED), "contact_text": str(CONTACT)}
        is_rtl = translation.get_language_bidi()
    letter = preview(shown, client.organization, Message.Kind.INVITATION, request.now)
    return {**texts, "letter": letter, "spoken": shown.language, "spoken_rtl": is_rtl}
