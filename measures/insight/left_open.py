"""What is open of clients who go on with somebody else: asked for by the pages that transfer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from measures.insight.absences import Why
from measures.insight.history import outlines
from measures.insight.reaching_out import quiet_call_due_on, reach_out
from measures.models import (
    Action,
    AgendaItem,
    Flag,
    Repair,
    unanswered_requests,
    unrated_sessions,
    unread_notes,
)
from measures.repair.actions import agree_on_action
from sessions.access import Viewer
from sessions.leaving import OpenThings, counted
from sessions.models import Episode


def things_left_open(
    *, viewer: Viewer, episodes: QuerySet[Episode], **_kwargs: Any
) -> list[OpenThings]:
    """Receiver of `open_things`: under the rules of the counselor's own pages."""
    keys = episodes.values("pk")
    client = "episode__client"
    items = AgendaItem.objects.clinical_to(viewer).waiting()
    return [
        *_from_answers(viewer, keys),
        *_to_call(viewer, episodes),
        *counted(
            Action.objects.clinical_to(viewer).open().filter(episode__in=keys),
            client,
            _actions,
            _("For the colleague to do from then on."),
        ),
        *counted(
            items.filter(episode__in=keys),
            client,
            _agenda_items,
            _("To be talked about while both are here."),
        ),
        *counted(
            unanswered_requests(viewer.now).filter(episode__in=keys),
            client,
            _requests,
            _("What was sent closes. The next questions come after a session with the colleague."),
        ),
        *counted(
            unrated_sessions(viewer).filter(episode__in=keys, starts_at__lte=viewer.now),
            client,
            _unrated,
            _("Best rated before."),
        ),
    ]


def the_quiet_go_along(
    *, pairs: Sequence[tuple[Episode, Episode]], now: dt.datetime, **_kwargs: Any
) -> None:
    """Receiver of `episodes_transferred`: whoever has gone quiet is called by the next counselor.

    That counselor may not read whether anything was answered before, so no list of theirs could
    work the call out: it is put down as a thing to do. Who is on hold is called by nobody.
    """
    before, after = (episode.counselor for episode in pairs[0])
    viewer, next_viewer = (Viewer(each, each.organization, now) for each in (before, after))
    text = _("No answer lately when %(name)s passed this on. A short friendly call is next.")
    theirs = Episode.objects.editable_by(next_viewer).running(next_viewer.today)
    expected = set(theirs.values_list("pk", flat=True))
    next_of = {former.pk: new for former, new in pairs if new.pk in expected}
    cases = outlines(viewer, [former for former, _new in pairs if former.pk in next_of])
    for case in cases:
        due_on = quiet_call_due_on(case, viewer.today)
        if due_on is not None:
            new = next_of[case.episode.pk]
            agree_on_action(
                counselor=new.counselor,
                episode=new,
                text=text % {"name": before.name},
                owner=new.counselor,
                due_on=due_on,
                by=new.counselor,
                now=now,
            )


def _from_answers(viewer: Viewer, keys: QuerySet[Any]) -> list[OpenThings]:
    once_agreed = _("Part of the closed episode: the colleague reads it if the client agrees.")
    flags = Flag.objects.open_to(viewer).open()
    promises = Repair.objects.open_to(viewer).filter(
        client_says="", sealed_client_text__isnull=False
    )
    return [
        *counted(flags.filter(episode__in=keys), "episode__client", _flags, once_agreed),
        *counted(
            promises.filter(flag__episode__in=keys),
            "flag__episode__client",
            _promises,
            _("The form asks about it no more; the colleague reads it if the client agrees."),
        ),
        *counted(
            unread_notes(viewer).filter(session__episode__in=keys),
            "session__episode__client",
            _notes,
            _("Nobody else may read it: best read before. The colleague sees that there is one."),
        ),
    ]


def _to_call(viewer: Viewer, episodes: QuerySet[Episode]) -> list[OpenThings]:
    cases = outlines(viewer, list(episodes.select_related("client", "counselor", "organization")))
    calls = reach_out(viewer, cases)
    missed = [call for call in calls.due if call.why == Why.MISSED]
    put_off = [each.episode.client_id for each in calls.put_off]
    quiet = [call.episode.client_id for call in calls.due if call.why == Why.QUIET]
    return [
        *counted(
            [*(call.episode.client_id for call in missed), *put_off],
            "",
            _calls,
            _("The colleague is asked to call."),
        ),
        *counted(quiet, "", _quiet, _("The colleague is asked to call.")),
    ]


def _flags(n: int) -> str:
    return ngettext("%(n)d open flag.", "%(n)d open flags.", n)


def _promises(n: int) -> str:
    return ngettext(
        "%(n)d promise that the client was not asked about yet.",
        "%(n)d promises that clients were not asked about yet.",
        n,
    )


def _notes(n: int) -> str:
    return ngettext("%(n)d unread note.", "%(n)d unread notes.", n)


def _calls(n: int) -> str:
    return ngettext(
        "%(n)d client to call after a missed session.",
        "%(n)d clients to call after a missed session.",
        n,
    )


def _quiet(n: int) -> str:
    return ngettext(
        "%(n)d client who has gone quiet and should be called.",
        "%(n)d clients who have gone quiet and should be called.",
        n,
    )


def _actions(n: int) -> str:
    return ngettext(
        "%(n)d thing to do, agreed in supervision.", "%(n)d things to do, agreed in supervision.", n
    )


def _agenda_items(n: int) -> str:
    return ngettext("%(n)d case taken to supervision.", "%(n)d cases taken to supervision.", n)


def _requests(n: int) -> str:
    return ngettext(
        "%(n)d client was asked and has not answered yet.",
        "%(n)d clients were asked and have not answered yet.",
        n,
    )


def _unrated(n: int) -> str:
    return ngettext(
        "%(n)d session without an own rating.",
        "%(n)d sessions without an own rating.",
        n,
    )
