"""What the flag page shows beside the chart: the client's words, the talk, the history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from measures.capture.forms import WISHES
from measures.insight.history import History
from measures.insight.read_models import Note, notes_to
from measures.models import Flag, FlagEvent, Rater, Rating, Repair
from measures.repair.flags import RUN_IS_GONE
from measures.repair.talks import promised_in
from sessions.access import Viewer
from sessions.models import Client, Episode
from sessions.sealing import unseal

LOOK_AGAIN = dt.timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Words:
    """What the client wrote or tapped, around the time of the flag."""

    at: dt.datetime
    text: str
    language: str
    for_supervisor: bool
    is_wish: bool


@dataclass(frozen=True, slots=True)
class Talk:
    """One talk: what was agreed, what the client could read, and what they say of it."""

    on: dt.date
    agreed: str
    promise: str
    says: str
    is_said: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of the history, in words."""

    at: dt.datetime
    what: str
    by: str
    line: str
    icon: str
    css: str


STEPS: dict[str, str | Promise] = {
    "raised": gettext_lazy("Raised"),
    "talked": gettext_lazy("Talked about"),
    "not_yet": gettext_lazy("Not yet talked about, looked at again later"),
    "watch": gettext_lazy("Keeps being watched"),
    "outside": gettext_lazy("Something outside our work"),
    "no_concern": gettext_lazy("No concern"),
    "better": gettext_lazy("Closed: it is better"),
    "reopen": gettext_lazy("Opened again"),
    "supervision": gettext_lazy("Taken to supervision"),
    RUN_IS_GONE: gettext_lazy("The ratings no longer show it"),
}
# As on the client page: a diamond is a flag and nothing else.
STEP_ICONS = {
    "raised": ("diamond-fill", "i-flag"),
    "talked": ("chat-left-text", "i-talk"),
    "not_yet": ("clock", ""),
    "watch": ("clock", ""),
    "outside": ("signpost-split", ""),
    "better": ("arrow-up-right-circle", "i-well"),
    "reopen": ("arrow-repeat", ""),
    "supervision": ("people", ""),
}
SAYS: dict[str, str | Promise] = {
    Repair.ClientSays.YES.value: gettext_lazy("%(client)s says: yes, that happened."),
    Repair.ClientSays.LITTLE.value: gettext_lazy("%(client)s says: that happened a little."),
    Repair.ClientSays.NO.value: gettext_lazy("%(client)s says: no, that did not happen."),
    Repair.ClientSays.SKIPPED.value: gettext_lazy("%(client)s skipped the question."),
}


def words_of(viewer: Viewer, flag: Flag, history: History) -> list[Words]:
    """Notes and wishes since the flag began, newest first."""
    since = (flag.onset or flag.first_rating.session).starts_at
    noted = [_from_note(note) for note in notes_to(viewer, episode=history.episode)]
    wishes = [_from_wish(rating) for rating in history.by(Rater.CLIENT) if rating.change_wish]
    recent = [each for each in [*noted, *wishes] if each.at >= since]
    return sorted(recent, key=lambda each: each.at, reverse=True)


def _from_note(note: Note) -> Words:
    return Words(note.given_at, note.text, note.language, note.for_supervisor, is_wish=False)


def _from_wish(rating: Rating) -> Words:
    text = str(dict(WISHES).get(rating.change_wish, ""))
    return Words(rating.session.starts_at, text, "", for_supervisor=False, is_wish=True)


def wish_to_answer(history: History) -> str:
    """The last thing the client wanted to be different, as far as the viewer may read it."""
    taps = [each.change_wish for each in history.by(Rater.CLIENT) if each.change_wish]
    return next((tap for tap in reversed(taps) if tap != "fine"), "")


def look_again_on(history: History, today: dt.date) -> dt.date:
    """The day after which "not yet" is asked again: that of the next session, or in a week."""
    upcoming = history.upcoming(today)
    if upcoming is None:
        return today + LOOK_AGAIN
    return min(upcoming.starts_at.astimezone(history.zone).date(), today + 4 * LOOK_AGAIN)


def talks_in_words(viewer: Viewer, history: History, talks: Sequence[Repair]) -> list[Talk]:
    """Oldest first. What the client says of one is hidden with the rating it came in."""
    client, language = history.episode.client, get_language() or "en"
    said_in = [talk.said_in_id for talk in talks]
    readable = Rating.objects.open_to(viewer).filter(pk__in=[pk for pk in said_in if pk])
    open_ones = set(readable.values_list("pk", flat=True))
    return [
        Talk(
            on=talk.talked_on,
            agreed=unseal(client, "agreed", talk.sealed_agreed),
            promise=promised_in(talk, client, language),
            says=_says(talk, client.code) if talk.said_in_id in open_ones else "",
            is_said=talk.said_in_id in open_ones,
        )
        for talk in talks
    ]


def _says(talk: Repair, code: str) -> str:
    return str(SAYS[talk.client_says]) % {"client": code}


def steps_of(viewer: Viewer, flag: Flag) -> list[Step]:
    """The history, newest first. Without a name where the engine acted."""
    events = FlagEvent.objects.filter(flag__in=Flag.objects.open_to(viewer), flag=flag)
    related = events.select_related("by").order_by("-pk")
    return [_step(event, flag.episode.client) for event in related]


def steps_by_flag(viewer: Viewer, episode: Episode) -> dict[int, list[Step]]:
    """The histories of all flags of an episode, oldest step first, by the number of the flag."""
    events = FlagEvent.objects.filter(
        flag__in=Flag.objects.open_to(viewer).filter(episode=episode).values("pk")
    )
    steps: dict[int, list[Step]] = {}
    for event in events.select_related("by").order_by("pk"):
        steps.setdefault(event.flag_id, []).append(_step(event, episode.client))
    return steps


def _step(event: FlagEvent, client: Client) -> Step:
    icon, css = STEP_ICONS.get(event.reason, ("check-circle", ""))
    return Step(
        at=event.at,
        what=str(STEPS.get(event.reason, _("Noted"))),
        by=event.by.name if event.by else "",
        line=unseal(client, "line", event.sealed_line),
        icon=icon,
        css=css,
    )
