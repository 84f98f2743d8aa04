"""What the viewer agreed to do in supervision, and is due. Other pages may list it, too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from measures.models import Action
from measures.repair.actions import text_of
from sessions.access import Viewer, unexplained_to


@dataclass(frozen=True, slots=True)
class DueAction:
    """One action, opened."""

    action: Action
    text: str
    # Whether the viewer has yet to say why they open the case today.
    asks_why: bool


def due_actions(viewer: Viewer) -> list[DueAction]:
    """The open actions that are the viewer's to do by today, oldest first."""
    mine = Action.objects.to_do_by(viewer).open()
    due: Any = mine.filter(due_on__lte=viewer.today).annotate(
        asks_why=Q(episode__in=unexplained_to(viewer).values("pk"))
    )
    related = due.select_related("episode__client", "episode__counselor", "agreed_by")
    return [
        DueAction(action, text_of(action), action.asks_why)
        for action in related.order_by("due_on", "pk")
    ]
