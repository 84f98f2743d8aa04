"""What the viewer agreed to do in supervision, and is due. Other pages may list it, too."""

from __future__ import annotations

from dataclasses import dataclass

from measures.models import Action
from measures.repair.actions import text_of
from sessions.access import Viewer


@dataclass(frozen=True, slots=True)
class DueAction:
    """One action, opened."""

    action: Action
    text: str


def due_actions(viewer: Viewer) -> list[DueAction]:
    """The viewer's own open actions due by today, oldest first."""
    mine = Action.objects.editable_by(viewer).open().filter(owner=viewer.membership)
    due = mine.filter(due_on__lte=viewer.today).select_related("episode__client", "agreed_by")
    return [DueAction(action, text_of(action)) for action in due.order_by("due_on", "pk")]
