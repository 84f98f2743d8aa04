"""The client page: one episode as a sentence, a chart, a table and a story."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from measures.capture.asking_sentences import what_was_asked
from measures.capture.reaching import channel_of
from measures.capture.who_sees import supervisors_of
from measures.insight import read_models
from measures.insight.before_you import before_you
from measures.insight.chart_words import trend_sentence_for_chart
from measures.insight.charts import lowest_shown, trend_figure
from measures.insight.chips import chips_of, concern_of
from measures.insight.episode_page import events_of, key_of, table_of
from measures.insight.groups import group_line
from measures.insight.helping import Idea, ideas_without_flag
from measures.insight.history import History, histories, trend_points
from measures.insight.notices import last_gap
from measures.insight.plot import plot
from measures.insight.report import note_line
from measures.insight.sentences import honesty, summary
from measures.insight.shown import Shown
from measures.insight.story import Story, marks_of, story_of
from measures.insight.svg_chart import svg_of
from measures.models import blind_sessions
from sessions.access import StaffRequest, Viewer, get_visible
from sessions.earlier_answers import next_reader
from sessions.models import Episode
from sessions.openings import openings_of
from sessions.sealing import unseal, unseal_identity

STORY_PAGE = 20


@require_safe
def episode(request: StaffRequest, uuid: UUID) -> HttpResponse:
    """The client page: goal, sentence, chart, table, what happened, who can see it."""
    viewer = request.viewer
    row = get_visible(
        request, Episode.objects.select_related("client", "counselor", "organization"), uuid=uuid
    )
    [history] = histories(viewer, [row])
    story = story_of(viewer, history)
    how_sure = honesty(viewer.organization)
    may_edit = Episode.objects.editable_by(viewer).filter(pk=row.pk).exists()
    context = {
        "episode": row,
        "client": row.client,
        "name": unseal_identity(row.client).name,
        "goal": unseal(row.client, "goal", row.sealed_goal),
        "goal_on": row.goal_on,
        "earlier_goals": story.earlier_goals,
        "chips": chips_of(history),
        "summary": summary(history),
        "honesty": how_sure if history.open_flag else "",
        "open_flag": history.open_flag,
        "ideas": _without_flag(history),
        "group_line": group_line(history),
        "blind": list(blind_sessions(viewer).filter(episode=row).order_by("starts_at")),
        "may_edit": may_edit,
        "to_log": history.to_log(viewer.today),
        "upcoming": history.upcoming(viewer.today),
        "section": "caseload" if viewer.counselor else "supervision",
        **_asking(viewer, history),
        **_trend(request, history, story),
        "rated": len(history.answered),
        "supervisors": supervisors_of(row, viewer.today),
        "openings": openings_of(viewer, row),
        "before": before_you(viewer, row) if may_edit else None,
        "next_reader": next_reader(row, viewer.now),
        "on_hold": history.pause is not None,
        "may_reopen": Episode.objects.reopenable_by(viewer).filter(pk=row.pk).exists(),
    }
    return render(request, "measures/episode.html", context)


def _without_flag(history: History) -> list[Idea]:
    """What to try where something asks for a word and there is no flag to lead to it."""
    if history.open_flag is not None or not history.answered:
        return []
    return ideas_without_flag(concern_of(history), has_gap=last_gap(history) is not None)


def _trend(request: StaffRequest, history: History, story: Story) -> dict[str, Any]:
    """The chart as it was asked for, the same as a table, and the story a page at a time."""
    shown = Shown.of(request.GET)
    points = trend_points(history)
    marks = marks_of(points, story, history.zone)
    events = events_of(
        history,
        story,
        points,
        read_models.notes_to(request.viewer, episode=history.episode),
        read_models.said_of_promises(request.viewer, history.episode),
    )
    how = {"by_question": shown.by_question}
    return {
        "points": points,
        "figure": trend_figure(points, marks=marks, along=shown.along, **how),
        "chart_label": trend_sentence_for_chart(points),
        "floor": lowest_shown(points, **how),
        "key": key_of(points, marks, **how),
        "table": table_of(points, marks),
        "still_chart": svg_of(
            plot(points, marks=marks, along=shown.along, **how),
            label=trend_sentence_for_chart(points),
        ),
        "note_line": note_line(history, request.viewer.today),
        "shown": shown,
        "events": Paginator(events, STORY_PAGE).get_page(shown.page),
    }


def _asking(viewer: Viewer, history: History) -> dict[str, Any]:
    """Which session the client may be asked about now, and how far that is."""
    session = read_models.session_to_invite(viewer, history)
    if session is None:
        return {"to_invite": None}
    asked = what_was_asked(session, viewer.now)
    by_message = None if asked else channel_of(history.episode.client, viewer.now)
    return {"to_invite": session, "asked": asked, "send_by": by_message}
