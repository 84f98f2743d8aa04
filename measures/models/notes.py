"""Whether a client's note was read, and by whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Exists, OuterRef

from measures.models.ratings import Rating
from sessions.models import Membership
from sessions.models.base import OwnedModel

if TYPE_CHECKING:
    from sessions.access import Viewer


class NoteRead(OwnedModel):
    """A member opened the note of a rating."""

    rating = models.ForeignKey(Rating, on_delete=models.PROTECT, related_name="note_reads")
    member = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    read_at = models.DateTimeField()

    client_path = "rating__session__episode__client_id"

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rating", "member"], name="note_read_once"),
        ]

    def __str__(self) -> str:
        return f"{self.rating_id} by {self.member_id}"


def unread_notes(viewer: Viewer) -> models.QuerySet[Rating]:
    """Notes to the viewer as a counselor that nobody opened who had to.

    Who stands in has what the counselor left unread, and not what they have read since.
    """
    reads = NoteRead.objects.filter(rating=OuterRef("pk"))
    by_me = reads.filter(member=viewer.membership)
    by_their_counselor = reads.filter(member=OuterRef("session__episode__counselor"))
    own = Rating.objects.notes_to(viewer).current().filter(sealed_note__isnull=False)
    return own.filter(
        ~Exists(by_me),
        ~Exists(by_their_counselor),
        session__episode__counselor__in=viewer.acts_for,
    )
