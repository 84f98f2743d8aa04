"""What two people said about one session, side by side, and how the client's answer came in."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from measures.capture.forms import WISHES
from measures.insight.sentences import FACET_NAMES, mark
from measures.models import FACETS, Helper, Present, Rater, Rating, blind_sessions
from sessions.access import Viewer
from sessions.models import Session
from sessions.sealing import unseal

WAYS_IN = {
    Rating.WayIn.LINK: gettext_lazy("Answered by link."),
    Rating.WayIn.QR: gettext_lazy("Answered by QR code, or by its digits."),
    Rating.WayIn.HANDOVER: gettext_lazy("Answered on a tablet that was handed over."),
    Rating.WayIn.KIOSK: gettext_lazy("Answered on a tablet of the house."),
}
HELPERS = {
    Helper.STAFF: gettext_lazy("Somebody else on the staff helped."),
    Helper.FAMILY: gettext_lazy("Family or a friend helped."),
    Helper.INTERPRETER: gettext_lazy("An interpreter helped."),
}
IN_THE_ROOM = {
    Present.NOBODY: gettext_lazy("Nobody else was in the room."),
    Present.COUNSELOR: gettext_lazy("The counselor was in the room."),
    Present.OTHERS: gettext_lazy("Somebody else was in the room."),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One question: what the client gave, and what the counselor gave."""

    label: str
    client: str
    counselor: str


@dataclass(frozen=True, slots=True)
class SessionAnswers:
    """`client` and `counselor` are None where there is nothing (yet) that this viewer may read."""

    client: Rating | None
    counselor: Rating | None
    is_blind: bool
    lines: list[Line]
    wish: str
    note: str
    note_language: str
    came_in: str

    @property
    def declined(self) -> bool:
        return self.client is not None and self.client.outcome == Rating.Outcome.DECLINED


def session_answers(viewer: Viewer, session: Session) -> SessionAnswers:
    readable = Rating.objects.open_to(viewer).current().filter(session=session)
    by_rater = {rating.rater: rating for rating in readable.select_related("entered_by")}
    client = by_rater.get(Rater.CLIENT)
    counselor = by_rater.get(Rater.COUNSELOR)
    noted = _noted(viewer, session)
    return SessionAnswers(
        client=client,
        counselor=counselor,
        is_blind=blind_sessions(viewer).filter(pk=session.pk).exists(),
        lines=[_line(facet, client, counselor) for facet in FACETS],
        wish=str(dict(WISHES).get(client.change_wish, "")) if client else "",
        note=unseal(session.episode.client, "note", noted.sealed_note) if noted else "",
        note_language=noted.language if noted else "",
        came_in=_came_in(client) if client else "",
    )


def _line(facet: str, client: Rating | None, counselor: Rating | None) -> Line:
    return Line(
        label=capfirst(str(FACET_NAMES[facet])),
        client=mark(getattr(client, facet, None)),
        counselor=mark(getattr(counselor, facet, None)),
    )


def _noted(viewer: Viewer, session: Session) -> Rating | None:
    """A note is not held back by the blind rule, but keeps to whom it was written for."""
    notes = Rating.objects.notes_to(viewer).current().filter(session=session)
    related = notes.select_related("session__episode__client")
    return related.filter(sealed_note__isnull=False).first()


def _came_in(rating: Rating) -> str:
    """Whole sentences, one after the other: each is translated by itself."""
    sentences = [
        _on_paper(rating)
        if rating.way_in == Rating.WayIn.PAPER
        else WAYS_IN.get(Rating.WayIn(rating.way_in), ""),
        HELPERS.get(Helper(rating.helper), "") if rating.helper in Helper.values else "",
        IN_THE_ROOM.get(Present(rating.present), "") if rating.present in Present.values else "",
    ]
    return " ".join(str(each) for each in sentences if each)


def _on_paper(rating: Rating) -> str:
    given, stored = (
        date_format(timezone.localtime(at), "WEEKDAY_FORMAT")
        for at in (rating.given_at, rating.stored_at)
    )
    if rating.entered_by is None:
        return _("Answered on paper on %(day)s.") % {"day": given}
    return _("Answered on paper on %(day)s, typed in by %(name)s on %(typed)s.") % {
        "day": given,
        "name": rating.entered_by.name,
        "typed": stored,
    }
