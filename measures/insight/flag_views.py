"""The flag page: from "something may have changed" to "we talked about it"."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from measures.capture.who_sees import supervisors_of
from measures.insight.chart_words import trend_sentence_for_chart
from measures.insight.charts import lowest_shown, trend_figure
from measures.insight.chips import chips_beside
from measures.insight.episode_page import key_of
from measures.insight.flag_forms import CardForm
from measures.insight.flag_page import (
    look_again_on,
    steps_of,
    talks_in_words,
    wish_to_answer,
    words_of,
)
from measures.insight.flag_states import Standing, label_of, standing_of
from measures.insight.helping import AFTER_THE_TALK, BACK, facets_of, ideas_for
from measures.insight.history import History, histories, trend_points
from measures.insight.lane import way_marks
from measures.insight.ready_made import frame_for, ready_for
from measures.insight.sentences import FACET_NAMES, flag_sentence, honesty
from measures.models import AgendaItem, Flag, Rater, Repair
from measures.repair.acting import Decision, Did, decide
from measures.repair.agenda import NobodySupervises
from measures.repair.states import IllegalStep, OtherIsOpen, StaleFlag
from sessions.access import StaffRequest, get_editable, get_visible
from sessions.names import in_a_row

WITH_ALL = (
    "episode__client",
    "episode__counselor",
    "episode__organization",
    "first_rating__session",
    "last_rating__session",
    "onset",
)


@require_http_methods(["GET", "HEAD", "POST"])
def flag(request: StaffRequest, uuid: UUID) -> HttpResponse:
    """Why, the client's words, what to try, and one form."""
    if request.method == "POST":
        row = get_editable(request, Flag.objects.select_related(*WITH_ALL), uuid=uuid)
    else:
        row = get_visible(request, Flag.objects.select_related(*WITH_ALL), uuid=uuid)
    [history] = histories(request.viewer, [row.episode])
    form = _form(request, row, history)
    if request.method == "POST" and form.is_valid():
        if not form.needs_preview:
            answer = _save(request, row, history, form)
            if answer is not None:
                return answer
        else:
            form.show_preview()
    return _page(request, row, history, form)


def _form(request: StaffRequest, row: Flag, history: History) -> CardForm:
    client, today = row.episode.client, request.viewer.today
    wish = wish_to_answer(history)
    return CardForm(
        request.POST if request.method == "POST" else None,
        today=today,
        ready=ready_for(wish, facets_of(row), client.language),
        wish=wish,
        language=client.language,
        look_again=look_again_on(history, today),
        initial={"version": row.version},
    )


def _save(
    request: StaffRequest, row: Flag, history: History, form: CardForm
) -> HttpResponse | None:
    """Store it and go on, or put the problem into words on the form."""
    decision = form.decision()
    try:
        decide(
            flag=row,
            decision=decision,
            version=form.cleaned_data["version"],
            by=request.viewer.membership,
            now=request.now,
            reopen=form.cleaned_data["over"],
            along=[each for each in history.flags if each.is_open and each.pk != row.pk],
        )
    except StaleFlag:
        row.refresh_from_db(fields=["state", "snoozed_until", "version"])
        form.mark_stale(row)
        form.add_error(
            None,
            _("Someone saved this a moment ago. Here are both versions. Which one stays?"),
        )
        form.is_stale = True
    except OtherIsOpen:
        form.add_error(None, _("There is a newer one about this client. Open that one."))
    except NobodySupervises:
        form.add_error("to_supervision", _("Nobody supervises this counselor today."))
    except IllegalStep:
        form.add_error(None, _("This cannot be done now. The page shows where it stands."))
    else:
        messages.success(request, saved(decision))
        return redirect("flag", uuid=row.uuid)
    return None


def saved(decision: Decision) -> str:
    """What was stored, and what comes next."""
    if decision.did == Did.TALKED:
        return _("Saved. We look again after the next two ratings. Closing is up to you.")
    if decision.did == Did.BRING:
        return _("Saved. It is on the agenda for supervision.")
    return _("Saved.")


def _page(request: StaffRequest, row: Flag, history: History, form: CardForm) -> HttpResponse:
    viewer, episode = request.viewer, row.episode
    talks = list(Repair.objects.open_to(viewer).filter(flag=row).order_by("talked_on", "pk"))
    standing = standing_of(row, history, talks)
    may_act = Flag.objects.editable_by(viewer).filter(pk=row.pk).exists()
    status = 409 if form.is_stale else 422 if form.errors else 200
    is_withdrawn = row.state == Flag.State.WITHDRAWN
    context = {
        "flag": row,
        "episode": episode,
        "client": episode.client,
        "standing": standing,
        "label": label_of(standing),
        "chips": chips_beside(standing, history),
        "sentence": flag_sentence(row, history),
        "honesty": honesty(viewer.organization) if row.is_open else "",
        "words": words_of(viewer, row, history),
        "steps": steps_of(viewer, row),
        "talks": talks_in_words(viewer, history, talks),
        "pause": history.pause,
        "may_act": may_act,
        "shows_card": may_act and (row.is_open or form.is_stale),
        "is_withdrawn": is_withdrawn,
        "is_own": row.rater == Rater.COUNSELOR,
        "on_agenda": AgendaItem.objects.clinical_to(viewer).filter(flag=row).waiting().exists(),
        "section": "caseload" if viewer.counselor else "supervision",
        "supervisors": in_a_row(supervisors_of(episode, viewer.today)),
        **_chart(history),
        **_trying(row, standing),
        **_filling_in(row, form),
    }
    return render(request, "measures/flag.html", context, status=status)


def _chart(history: History) -> dict[str, Any]:
    points = trend_points(history)
    marks = way_marks(points)
    return {
        "points": points,
        "figure": trend_figure(points, marks=marks),
        "chart_label": trend_sentence_for_chart(points),
        "floor": lowest_shown(points),
        "key": key_of(points, marks),
    }


def _trying(row: Flag, standing: Standing) -> dict[str, Any]:
    other = row.episode.client.language != (get_language() or "en")
    named = in_a_row([str(FACET_NAMES[facet]) for facet in facets_of(row)])
    ideas = ideas_for(row, other_language=other)
    if standing.is_due and standing.is_back:
        ideas = [BACK]
    return {"ideas": ideas, "about": named, "after_the_talk": AFTER_THE_TALK}


def _filling_in(row: Flag, form: CardForm) -> dict[str, Any]:
    client, counselor = row.episode.client, row.episode.counselor
    frame = frame_for(form.wish, counselor.name, client.language)
    own = form.data.get("own_words", "") if form.is_bound else ""
    return {
        "form": form,
        "ready": ready_for(form.wish, facets_of(row), client.language),
        "frame": frame,
        "own_words": own,
        "own_preview": frame.around(own) if own else "",
        "client_language": client.language,
    }
