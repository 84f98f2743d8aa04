""" "Did you two talk about it?": asked where the next session is logged, about one open flag."""

from __future__ import annotations

import datetime as dt

from django.db.models import Case, Value, When
from django.utils.translation import gettext_lazy as _

from measures.models import Flag, Rater
from measures.repair.acting import Decision, Did, decide
from measures.repair.states import IllegalStep, StaleFlag
from sessions.access import Viewer
from sessions.models import Session

DID_YOU_TALK = _("Did you two talk about it?")
TALKED = [
    (Did.TALKED.value, _("Yes")),
    (Did.NOT_YET.value, _("Not yet")),
    (Did.OUTSIDE.value, _("Something outside our work")),
]
ASK_AGAIN = dt.timedelta(days=7)


def flag_to_ask_about(viewer: Viewer, session: Session) -> Flag | None:
    """What was flagged before this session and is not yet talked about, as far as one may know.

    The client's before the counselor's own: one card.
    """
    waiting = Flag.objects.editable_by(viewer).not_yet_talked_about(viewer.today)
    before = waiting.filter(
        episode=session.episode_id, first_rating__session__starts_at__lt=session.starts_at
    )
    clients_first = Case(When(rater=Rater.CLIENT, then=Value(0)), default=Value(1))
    related = before.select_related("episode__client", "episode__organization")
    return related.order_by(clients_first, "raised_at").first()


def answer_about(*, flag: Flag, session: Session, did: str, version: int, viewer: Viewer) -> bool:
    """Store the answer: talked on the day of the session, not yet, or outside our work.

    False where somebody saved the flag meanwhile: then theirs stands.
    """
    session_day = viewer.organization.today(session.starts_at)
    dated = {Did.TALKED: session_day, Did.NOT_YET: viewer.today + ASK_AGAIN}
    others = Flag.objects.editable_by(viewer).open().filter(episode=flag.episode_id)
    try:
        decide(
            flag=flag,
            decision=Decision(Did(did), on=dated.get(Did(did))),
            version=version,
            by=viewer.membership,
            now=viewer.now,
            along=list(others.exclude(pk=flag.pk).select_related("episode__client")),
        )
    except (StaleFlag, IllegalStep):
        return False
    return True
