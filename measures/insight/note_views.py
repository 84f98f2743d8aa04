"""One client's note on a page of its own. Opening it from Today says that it was read."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from measures.insight.read_models import note_of
from measures.models import NoteRead, Rating
from measures.repair.reading_notes import mark_read
from sessions.access import StaffRequest, get_visible


@require_safe
def note(request: StaffRequest, uuid: str) -> HttpResponse:
    rating = _note(request, uuid)
    mine = NoteRead.objects.filter(rating=rating, member=request.viewer.membership)
    context = {
        "note": note_of(rating),
        "session": rating.session,
        "uuid": rating.uuid,
        "is_read": mine.exists(),
        "section": "today" if request.viewer.counselor else "supervision",
    }
    return render(request, "measures/note.html", context)


@require_POST
def note_read(request: StaffRequest, uuid: str) -> HttpResponse:
    """Open it: read from now on, for this member."""
    rating = _note(request, uuid)
    mark_read(rating=rating, member=request.viewer.membership, now=request.now)
    return redirect("note", uuid=rating.uuid)


def _note(request: StaffRequest, uuid: str) -> Rating:
    """A note to this viewer: the blind rule does not hold it, the client's choice does."""
    notes = Rating.objects.notes_to(request.viewer).current().filter(sealed_note__isnull=False)
    return get_visible(request, notes.select_related("session__episode__client"), uuid=uuid)
