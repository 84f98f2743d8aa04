"""The trend chart in words: its accessible name, and one sentence for each session."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.template.defaultfilters import floatformat
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from measures.insight.lane import MARK_SENTENCES, Stop
from measures.insight.panels import BY_QUESTION
from measures.insight.sparklines import MOST_SESSIONS
from measures.insight.trend_points import TrendPoint


def trend_sentence_for_chart(points: Sequence[TrendPoint]) -> str:
    """Say the chart in plain words with its numbers: its accessible name."""
    drawn = points[-MOST_SESSIONS:]
    rated = [point for point in drawn if point.client.score is not None]
    if any(point.counselor.score is not None for point in drawn):
        sentences = [_("Client and counselor ratings by session.")]
    else:
        sentences = [_("Client ratings by session.")]
    sentences += _course(rated, day_format_of(drawn))
    sentences += _counts(drawn)
    return " ".join(sentences)


def stop_sentence(stop: Stop, day_format: str, *, by_question: bool = False) -> str:
    """Say one place of the chart; shown on hover and read out on the arrow keys.

    A rating that is not there is left out rather than called unanswered: it may only be hidden
    from this reader until their own is saved.
    """
    if stop.point is None:
        return " ".join(_between(stop, day_format))
    point = stop.point
    day = date_format(point.starts_at, day_format)
    if point.number is None:
        sentences = [_("%(date)s.") % {"date": day}]
    else:
        sentences = [_("Session %(number)d, %(date)s.") % {"number": point.number, "date": day}]
    if point.missed:
        sentences.append(_("Missed."))
    else:
        sentences += _by_question(point) if by_question else _rating_sentences(point)
    if point.flag:
        sentences.append(_("Flag."))
    sentences += [str(MARK_SENTENCES[mark.kind]) for mark in stop.marks]
    return " ".join(sentences)


def _between(stop: Stop, day_format: str) -> Iterator[str]:
    """What happened between two sessions, each with its own day."""
    for mark in stop.marks:
        if mark.on is not None:
            yield _("%(date)s.") % {"date": date_format(mark.on, day_format)}
        yield str(MARK_SENTENCES[mark.kind])


def _rating_sentences(point: TrendPoint) -> list[str]:
    sentences = []
    if point.client.score is not None:
        sentences.append(_("Client %(rating)s.") % {"rating": _beside_usual(point)})
    if point.counselor.score is not None:
        sentences.append(_("Counselor %(rating)s.") % {"rating": _said(point.counselor.score)})
    return sentences or [_("No rating to show.")]


def _by_question(point: TrendPoint) -> list[str]:
    """Each question as it was given, halves and wholes."""
    sentences = []
    for panel in BY_QUESTION:
        client, counselor = panel.of(point.client), panel.of(point.counselor)
        words = {
            "question": panel.title,
            "client": floatformat(client, -1),
            "counselor": floatformat(counselor, -1),
        }
        if client is not None and counselor is not None:
            sentence = _("%(question)s: client %(client)s, counselor %(counselor)s.")
        elif client is not None:
            sentence = _("%(question)s: client %(client)s.")
        elif counselor is not None:
            sentence = _("%(question)s: counselor %(counselor)s.")
        else:
            continue
        sentences.append(sentence % words)
    return sentences or [_("No rating to show.")]


def _course(rated: Sequence[TrendPoint], day_format: str) -> list[str]:
    """First, lowest and latest: the shape of the client's line in three numbers."""
    if not rated:
        return [_("No client ratings to show yet.")]
    first, last, lowest = rated[0], rated[-1], min(rated, key=_score)
    sentences = []
    if len(rated) > 1:
        sentences.append(_("The client began at %(rating)s.") % {"rating": _said(_score(first))})
    if _score(lowest) < min(_score(first), _score(last)):
        facts = {
            "rating": _beside_usual(lowest),
            "date": date_format(lowest.starts_at, day_format),
        }
        sentences.append(_("The lowest was %(rating)s, on %(date)s.") % facts)
    facts = {"rating": _beside_usual(last), "date": date_format(last.starts_at, day_format)}
    return [*sentences, _("The latest is %(rating)s, on %(date)s.") % facts]


def _beside_usual(point: TrendPoint) -> str:
    """Write the client's rating, with what is usual for this client where that is known."""
    if point.low is None or point.high is None:
        return _said(_score(point))
    return _("%(rating)s, usual %(low)s to %(high)s") % {
        "rating": _said(_score(point)),
        "low": _said(point.low),
        "high": _said(point.high),
    }


def _counts(points: Sequence[TrendPoint]) -> list[str]:
    missed = sum(point.missed for point in points)
    flags = sum(bool(point.flag) for point in points)
    sentences = []
    if missed:
        text = ngettext("%(count)d missed session.", "%(count)d missed sessions.", missed)
        sentences.append(text % {"count": missed})
    if flags:
        text = ngettext("%(count)d flag.", "%(count)d flags.", flags)
        sentences.append(text % {"count": flags})
    return sentences


def _said(value: float) -> str:
    """Write a rating as the table does: one decimal, in the reader's notation."""
    return str(floatformat(value, 1))


def day_format_of(points: Sequence[TrendPoint]) -> str:
    return "DATE_FORMAT" if spans_years(points) else "MONTH_DAY_FORMAT"


def spans_years(points: Sequence[TrendPoint]) -> bool:
    return len({point.starts_at.year for point in points}) > 1


def _score(point: TrendPoint) -> float:
    return 0.0 if point.client.score is None else point.client.score
