"""Groups on a counselor's day, and the line of its own a client has in them.

The line has no band, no flags and no chips. Its questions are about a room of people, who change
from week to week, so that a fall in it says nothing about two people; the engine was made for two.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from measures.capture.forms import WISHES
from measures.insight.history import History, rater_point
from measures.insight.sentences import mark, number
from measures.insight.sparklines import sparkline
from measures.insight.trend_points import TrendPoint
from measures.models import FACETS, Rater, unrated_sessions
from sessions.access import Viewer
from sessions.models import Episode, GroupMeeting, Session


@dataclass(slots=True)
class GroupOfToday:
    """One meeting on the day's list, or of the last days and still to be rated."""

    meeting: GroupMeeting
    people: int = 0
    to_log: bool = False
    to_rate: bool = False


def groups_of_today(viewer: Viewer) -> list[GroupOfToday]:
    """The meetings of today, and held ones that wait for the one own rating; in order."""
    waiting = set(unrated_sessions(viewer).in_group().values_list("pk", flat=True))
    own = Session.objects.in_group().filter(
        episode__in=Episode.objects.editable_by(viewer).values("pk")
    )
    zone = viewer.organization.zone
    today = own.not_cancelled().starting_on(viewer.today, zone)
    shown = (today | own.not_cancelled().filter(pk__in=waiting)).select_related("group")
    rows: dict[int, GroupOfToday] = {}
    for session in shown.order_by("starts_at", "pk"):
        if session.group is None:
            continue
        row = rows.setdefault(session.group.pk, GroupOfToday(session.group))
        row.people += 1
        row.to_log = row.to_log or session.status == Session.Status.SCHEDULED
        row.to_rate = row.to_rate or session.pk in waiting
    return list(rows.values())


@dataclass(frozen=True, slots=True)
class GroupLineRow:
    """One meeting a client was to be in; figures already in words."""

    date: dt.datetime
    facets: list[str]
    client: str
    happened: str


@dataclass(frozen=True, slots=True)
class GroupLine:
    """What a client said of their groups: in a sentence, as a small line, and as a table."""

    sentence: str
    sparkline: SafeString
    rows: list[GroupLineRow]


def group_line(history: History) -> GroupLine | None:
    """None for somebody who was in no group."""
    points = list(_points(history))
    if not points:
        return None
    sentence = _sentence(points)
    return GroupLine(
        sentence=sentence,
        sparkline=sparkline(points, label=sentence),
        rows=[_row(point, wish) for point, wish in zip(points, _wishes(history), strict=True)],
    )


def _past(history: History) -> list[Session]:
    return [each for each in history.group_sessions if each.status != Session.Status.SCHEDULED]


def _points(history: History) -> Iterator[TrendPoint]:
    for session in _past(history):
        yield TrendPoint(
            number=None,
            starts_at=session.starts_at.astimezone(history.zone),
            missed=session.status == Session.Status.MISSED,
            client=rater_point(history.rating(session, Rater.CLIENT)),
        )


def _wishes(history: History) -> list[str]:
    words = dict(WISHES)
    given = (history.rating(session, Rater.CLIENT) for session in _past(history))
    return [str(words.get(each.change_wish, "")) if each else "" for each in given]


def _sentence(points: list[TrendPoint]) -> str:
    came = sum(not point.missed for point in points)
    text = ngettext("Came to %(n)d group.", "Came to %(n)d groups.", came) % {"n": came}
    scores = [point.client.score for point in points if point.client.score is not None]
    if not scores:
        return f"{text} {_('No numbers about them yet.')}"
    if len(scores) == 1:
        return f"{text} {_('The one rating is %(last)s.') % {'last': number(scores[0])}}"
    words = {"last": number(scores[-1]), "low": number(min(scores)), "high": number(max(scores))}
    return f"{text} {_('The last rating is %(last)s, all are from %(low)s to %(high)s.') % words}"


def _row(point: TrendPoint, wish: str) -> GroupLineRow:
    happened = [
        _("Missed") if point.missed else "",
        _("Chose not to answer") if point.client.declined else "",
        _("Next time: %(wish)s") % {"wish": wish} if wish else "",
    ]
    return GroupLineRow(
        date=point.starts_at,
        facets=[mark(getattr(point.client, facet)) for facet in FACETS],
        client=number(point.client.score),
        happened="; ".join(filter(None, happened)),
    )
