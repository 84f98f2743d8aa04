from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

from measures.models.instruments import InstrumentVersion
from sessions.models import Membership, Session
from sessions.models.base import OwnedModel

if TYPE_CHECKING:
    from sessions.access import Viewer

SLIP_CODE_LENGTH = 7


class PaperSlipQuerySet(models.QuerySet["PaperSlip"]):
    def visible_to(self, viewer: Viewer) -> Self:
        """Of those who type slips in: the front desk, and the session's counselor. To supervise
        a counselor is not enough."""
        mine = self.filter(session__in=Session.objects.visible_to(viewer).values("pk"))
        if viewer.front_desk:
            return mine
        return mine.filter(session__episode__counselor__in=viewer.acts_for)

    def editable_by(self, viewer: Viewer) -> Self:
        return self.filter(session__in=Session.objects.editable_by(viewer).values("pk"))


class PaperSlip(OwnedModel):
    """The slip of paper of one session: one to a session, however often it is printed.

    Its code is a name, not a key, so it is kept as it is printed. Whoever finds a slip can do
    nothing with the code: it opens nothing without the log-in of somebody who may type in answers
    to that very session, and they have the session on their list anyhow. A hash would hide it only
    from whoever reads the database, who reads the session beside it; and it would turn every second
    printing into another code, and make paper worthless whenever the secret key is changed.

    No row of it hangs from a request: slips are printed in the morning, requests are born when a
    session was held.
    """

    session = models.OneToOneField(Session, on_delete=models.PROTECT, related_name="paper_slip")
    slip_code = models.CharField(max_length=SLIP_CODE_LENGTH)
    # The questions as they were printed, whatever is asked by the time they come back.
    instrument_version = models.ForeignKey(
        InstrumentVersion, on_delete=models.PROTECT, related_name="+"
    )
    printed_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    # The first time: nobody answered on it before.
    printed_at = models.DateTimeField()

    objects = PaperSlipQuerySet.as_manager()
    client_path = "session__episode__client_id"

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "slip_code"], name="paper_slip_code_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"slip of session {self.session_id}"
