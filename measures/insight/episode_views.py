"""The client page: one episode as a sentence, a chart, a table and a story."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from measures.capture.asking_sentences import what_was_asked
from measures.capture.reaching import channel_of
from measures.capture.who_sees import supervisors_of
from measures.insight import read_models
from measures.insight.chart_words import trend_sentence_for_chart
from measures.insight.charts import lowest_shown, trend_figure
from measures.insight.chips import chips_of, concern_of
from measures.insight.episode_page import events_of, key_of, table_of
from measures.insight.groups import group_line
from measures.insight.helping import Idea, ideas_without_flag
from measures.insight.history import History, histories, trend_points
from measures.insight.lane import way_marks
from measures.insight.notices import last_gap
from measures.insight.sentences import honesty, summary
from measures.models import blind_sessions
from sessions.access import StaffRequest, Viewer, get_visible
from sessions.models import Episode
from sessions.openings import openings_of
from sessions.sealing import unseal, unseal_identity


@require_safe
def episode(request: StaffRequest, uuid: UUID) -> HttpResponse:
    """The client page: sentence, chart, table, what happened, who can see it."""
    viewer = request.viewer
    row = get_visible(
        request, Episode.objects.select_related("client", "counselor", "organization"), uuid=uuid
    )
    [history] = histories(viewer, [row])
    points = trend_points(history)
    marks = way_marks(points)
    how_sure = honesty(viewer.organization)
    context = {
        "episode": row,
        "client": row.client,
        "name": unseal_identity(row.client).name,
        "goal": unseal(row.client, "goal", row.sealed_goal),
        "chips": chips_of(history),
        "summary": summary(history),
        "honesty": how_sure if history.open_flag else "",
        "open_flag": history.open_flag,
        "ideas": _without_flag(history),
        "points": points,
        "group_line": group_line(history),
        "figure": trend_figure(points, marks=marks),
        "chart_label": trend_sentence_for_chart(points),
        "floor": lowest_shown(points),
        "key": key_of(points, marks),
        "table": table_of(points, marks),
        "events": events_of(
            history,
            read_models.notes_to(viewer, episode=row),
            read_models.said_of_promises(viewer, row),
        ),
        "blind": list(blind_sessions(viewer).filter(episode=row).order_by("starts_at")),
        "may_edit": Episode.objects.editable_by(viewer).filter(pk=row.pk).exists(),
        "to_log": history.to_log(viewer.today),
        "upcoming": history.upcoming(viewer.today),
        "section": "caseload" if viewer.counselor else "supervision",
        **_asking(viewer, history),
        "rated": len(history.answered),
        "supervisors": supervisors_of(row, viewer.today),
        "openings": openings_of(viewer, row),
        "on_hold": history.pause is not None,
        "may_reopen": Episode.objects.reopenable_by(viewer).filter(pk=row.pk).exists(),
    }
    return render(request, "measures/episode.html", context)


def _without_flag(history: History) -> list[Idea]:
    """What to try where something asks for a word and there is no flag to lead to it."""
    if history.open_flag is not None or not history.answered:
        return []
    return ideas_without_flag(concern_of(history), has_gap=last_gap(history) is not None)


def _asking(viewer: Viewer, history: History) -> dict[str, Any]:
    """Which session the client may be asked about now, and how far that is."""
    session = read_models.session_to_invite(viewer, history)
    if session is None:
        return {"to_invite": None}
    asked = what_was_asked(session, viewer.now)
    by_message = None if asked else channel_of(history.episode.client, viewer.now)
    return {"to_invite": session, "asked": asked, "send_by": by_message}
