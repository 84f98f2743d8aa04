"""The one-page report: what of a client page may leave the house on paper.

Codes, numbers and our own words. No note, wish or goal of the client's, nothing agreed with the
staff; the blind rule holds, since everything starts from a history.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from measures.insight.chart_words import trend_sentence_for_chart
from measures.insight.charts import lowest_shown
from measures.insight.chips import chips_of
from measures.insight.episode_page import TableRow, key_of, table_of
from measures.insight.history import History, trend_points
from measures.insight.plot import Plot, plot
from measures.insight.sentences import mark, number, summary, usual
from measures.insight.story import Story, marks_of
from measures.insight.trend_points import TrendPoint
from sessions.access import Viewer
from sessions.sealing import unseal_identity

MOST_ROWS = 22  # what fits one page, letter or A4


@dataclass(frozen=True, slots=True)
class Report:
    """Everything on the page, in words."""

    heading: str
    about: list[str]
    summary: str
    chips: list[str | Promise]
    plot: Plot
    plot_label: str
    scale: str
    key: list[tuple[str, str | Promise]]
    head: list[str]
    rows: list[TableRow]
    left_out: str
    printed: str
    what_it_is: list[str]


def report_of(viewer: Viewer, history: History, story: Story, *, with_name: bool) -> Report:
    """One page about one episode; the code stands for the client unless the name is asked for."""
    points = trend_points(history)
    marks = marks_of(points, story, history.zone)
    rows = table_of(points, marks)
    floor = mark(lowest_shown(points))
    return Report(
        heading=_heading(history, with_name=with_name),
        about=_about(history, points),
        summary=summary(history),
        chips=[chip.label for chip in chips_of(history)],
        plot=plot(points, marks=marks),
        plot_label=trend_sentence_for_chart(points),
        scale=_("The scale shows %(floor)s to 10.") % {"floor": floor},
        key=key_of(points, marks),
        head=_head(),
        rows=rows[-MOST_ROWS:],
        left_out=_left_out(len(rows)),
        printed=_printed(viewer),
        what_it_is=_what_it_is(),
    )


def _heading(history: History, *, with_name: bool) -> str:
    client = history.episode.client
    name = unseal_identity(client).name if with_name else ""
    return f"{name} ({client.code})" if name else client.code


def _about(history: History, points: Sequence[TrendPoint]) -> list[str]:
    episode = history.episode
    words = {
        "name": episode.counselor.name,
        "day": date_format(episode.opened_on, "DATE_FORMAT"),
        "organization": episode.organization.name,
    }
    lines = [_("%(organization)s. With %(name)s since %(day)s.") % words]
    if episode.closed_on is not None:
        closed = {
            "day": date_format(episode.closed_on, "DATE_FORMAT"),
            "reason": episode.get_reason_display(),
        }
        lines.append(_("Closed on %(day)s: %(reason)s.") % closed)
    held = sum(not point.missed for point in points)
    rated = len(history.answered)
    sessions = ngettext("%(count)d session held.", "%(count)d sessions held.", held)
    ratings = ngettext("%(count)d rating by the client.", "%(count)d ratings by the client.", rated)
    return [*lines, f"{sessions % {'count': held}} {ratings % {'count': rated}}"]


def _head() -> list[str]:
    return [
        _("Session"),
        _("Date"),
        _("Respect"),
        _("Understanding"),
        _("Goals"),
        _("Client"),
        _("Counselor"),
        _("Usual"),
        _("What happened"),
    ]


def _left_out(rows: int) -> str:
    if rows <= MOST_ROWS:
        return ""
    return _("The last %(shown)d of %(count)d rows.") % {"shown": MOST_ROWS, "count": rows}


def _printed(viewer: Viewer) -> str:
    local = viewer.now.astimezone(viewer.organization.zone)
    words = {
        "day": date_format(local, "DATE_FORMAT"),
        "time": date_format(local, "TIME_FORMAT"),
        "name": viewer.membership.name,
    }
    return _("Printed on %(day)s, %(time)s, by %(name)s. This is in the access log.") % words


def _what_it_is() -> list[str]:
    return [
        _(
            "Three questions after a session, rated from 0 to 10 by the client and by the "
            "counselor. Our own questions, not a validated instrument, and no measure of outcome."
        ),
        _(
            "A flag compares the client's answers with their own earlier ones. It is a reason to "
            "ask, never a proof, and often wrong."
        ),
        _(
            "Left out: what the client wrote, and what was agreed. Kept in a file, this page may "
            "become part of the client's record, and a judge can order records."
        ),
    ]


def file_name(today: dt.date) -> str:
    """Neutral: no name, no code, no word about health."""
    return f"one-page-{today.isoformat()}.pdf"


def note_line(history: History, today: dt.date) -> str:
    """A line for the counselor's own note of today: the last ratings in numbers, with their day."""
    points = trend_points(history)
    rated = [point for point in points if point.client.score is not None]
    day = date_format(today, "DATE_FORMAT")
    if not rated:
        return _("No client ratings to report as of %(today)s.") % {"today": day}
    return " ".join([_last_rating(rated[-1], history, day), *_standing(history)])


def _last_rating(point: TrendPoint, history: History, today: str) -> str:
    words = {
        "number": point.number,
        "day": date_format(point.starts_at, "DATE_FORMAT"),
        "client": number(point.client.score),
        "counselor": number(point.counselor.score),
        "usual": usual(point.low, point.high),
        "count": len(history.answered),
        "today": today,
    }
    known, both = point.low is not None, point.counselor.score is not None
    if known and both:
        text = _(
            "As of %(today)s, the client's last rating was %(client)s of 10 (session %(number)d, "
            "%(day)s; usual for this client %(usual)s), the counselor's %(counselor)s."
        )
    elif known:
        text = _(
            "As of %(today)s, the client's last rating was %(client)s of 10 (session %(number)d, "
            "%(day)s; usual for this client %(usual)s)."
        )
    elif both:
        text = _(
            "As of %(today)s, the client's last rating was %(client)s of 10 (session %(number)d, "
            "%(day)s), the counselor's %(counselor)s."
        )
    else:
        text = _(
            "As of %(today)s, the client's last rating was %(client)s of 10 (session %(number)d, "
            "%(day)s)."
        )
    return text % words


def _standing(history: History) -> list[str]:
    return [f"{chip.label}." for chip in chips_of(history)]
