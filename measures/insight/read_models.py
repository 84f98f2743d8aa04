"""What each page shows, as plain values: read once, in a fixed number of queries."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.utils.safestring import SafeString
from django.utils.translation import get_language

from measures.insight import sentences
from measures.insight.chart_words import trend_sentence_for_chart
from measures.insight.chips import Chip, chips_of, days_since_contact
from measures.insight.history import History, trend_points
from measures.insight.outline import AnyOutline, score_of
from measures.insight.sparklines import sparkline
from measures.models import Rater, Rating, Repair
from measures.repair.talks import promised_in
from sessions.access import Viewer
from sessions.models import Episode, Session
from sessions.sealing import unseal, unseal_identity

INVITE_DAYS = 7


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One line of a caseload."""

    episode: Episode
    code: str
    name: str
    chips: list[Chip]
    sparkline: SafeString
    last_score: str
    days: int | None


@dataclass(frozen=True, slots=True)
class Note:
    """A client's own words."""

    episode: Episode
    code: str
    text: str
    given_at: dt.datetime
    for_supervisor: bool
    language: str
    uuid: UUID


@dataclass(frozen=True, slots=True)
class SaidOfPromise:
    """What a client said of a promise made to them: `says` is one of `Repair.ClientSays`."""

    at: dt.datetime
    says: str
    promise: str


def case_row(viewer: Viewer, case: AnyOutline, *, with_name: bool = True) -> CaseRow:
    points = trend_points(case)
    answered = case.answered
    return CaseRow(
        episode=case.episode,
        code=case.episode.client.code,
        name=unseal_identity(case.episode.client).name if with_name else "",
        chips=chips_of(case),
        sparkline=sparkline(points, label=trend_sentence_for_chart(points)),
        last_score=sentences.number(score_of(answered[-1])) if answered else "",
        days=days_since_contact(case, viewer.today),
    )


def notes_to(
    viewer: Viewer,
    *,
    since: dt.datetime | None = None,
    episode: Episode | None = None,
    own_only: bool = False,
) -> list[Note]:
    """Clients' notes, newest first. A note is shown at once: the blind rule does not hold it."""
    with_note = Rating.objects.notes_to(viewer).current().filter(sealed_note__isnull=False)
    if since is not None:
        with_note = with_note.filter(given_at__gte=since)
    if own_only:
        with_note = with_note.filter(session__episode__counselor__in=viewer.acts_for)
    if episode is not None:
        with_note = with_note.filter(session__episode=episode)
    related = with_note.select_related("session__episode__client")
    return [note_of(rating) for rating in related.order_by("-given_at")[:50]]


def note_of(rating: Rating) -> Note:
    """A note, opened. The rating comes with its session, episode and client."""
    client = rating.session.episode.client
    return Note(
        episode=rating.session.episode,
        code=client.code,
        text=unseal(client, "note", rating.sealed_note),
        given_at=rating.given_at,
        for_supervisor=rating.note_for == Rating.NoteFor.SUPERVISOR,
        language=rating.language,
        uuid=rating.uuid,
    )


def said_of_promises(viewer: Viewer, episode: Episode) -> list[SaidOfPromise]:
    """Whether what was promised happened, as the client says; hidden with the rating it is in."""
    readable = Rating.objects.open_to(viewer).filter(session__episode=episode)
    said = Repair.objects.open_to(viewer).filter(said_in__in=readable.values("pk"))
    answered = said.exclude(client_says=Repair.ClientSays.SKIPPED)
    return [
        SaidOfPromise(
            at=repair.said_in.session.starts_at,
            says=repair.client_says,
            promise=promised_in(repair, episode.client, get_language() or "en"),
        )
        for repair in answered.select_related("said_in__session")
        if repair.said_in is not None
    ]


def session_to_invite(viewer: Viewer, history: History) -> Session | None:
    """The last held session, while the client may be asked about it.

    Whoever declined may be asked again; while the answer is blind, a decline looks like any other.
    """
    if not history.held or history.pause is not None:
        return None
    last = history.held[-1]
    if viewer.now - last.starts_at > dt.timedelta(days=INVITE_DAYS):
        return None
    given = Rating.objects.clinical_to(viewer).current().by(Rater.CLIENT).filter(session=last)
    readable = history.rating(last, Rater.CLIENT)
    has_declined = readable is not None and readable.outcome == Rating.Outcome.DECLINED
    return last if has_declined or not given.exists() else None
