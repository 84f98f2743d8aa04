"""What came of a flag: the talk, what the client may read of it, and whether it happened."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction

from measures.models import Flag, Rating, Repair
from measures.repair.states import IllegalStep, move
from sessions.models import Client, Membership, Session
from sessions.sealing import seal, unseal


@dataclass(frozen=True, slots=True)
class Promise:
    """What the client was told would change, in their language, and what they had asked for."""

    repair: uuid.UUID
    text: str
    wish: str


def record_talk(
    *,
    flag: Flag,
    by: Membership,
    talked_on: dt.date,
    now: dt.datetime,
    agreed: str = "",
    client_text: Mapping[str, str] | None = None,
    wish: str = "",
) -> Repair:
    """Store that a flag was talked about, what was agreed, and what the client may read of it.

    `agreed` is for the staff. `client_text` holds the sentence released for the client's own eyes
    by language ("we start with what is on your mind"); the form asks "did that happen?" in these
    languages only. `wish` is the tap it answers. Recording again replaces what the client has not
    answered yet; what they answered stays, and this is the next talk about the same flag.
    Raises IllegalStep for a flag that is closed, StaleFlag.
    """
    texts = {language: text for language, text in (client_text or {}).items() if text}
    client = flag.episode.client
    with transaction.atomic():
        stored = Flag.objects.select_for_update().get(pk=flag.pk)
        stored.episode = flag.episode
        if not stored.is_open:
            raise IllegalStep("A closed flag is opened again first.")
        move(stored, Flag.State.TALKED, now=now, reason="talked", by=by)
        flag.state, flag.version = stored.state, stored.version
        flag.snoozed_until = None
        repair, _ = Repair.objects.update_or_create(
            flag=flag,
            client_says="",
            defaults={
                "organization_id": flag.organization_id,
                "talked_on": talked_on,
                "sealed_agreed": seal(client, "agreed", agreed),
                "wish": wish,
                "sealed_client_text": seal(client, "promise", json.dumps(texts) if texts else ""),
                "released_at": now if texts else None,
            },
        )
    return repair


def open_promise(*, session: Session, language: str) -> Promise | None:
    """What to ask about at this session: the last talk before it, while it has no answer.

    None where nothing was released in that language, and in a group: what was promised there would
    be about the two of them, and the first answer is the one that counts.
    """
    if session.group_id is not None:
        return None
    day = session.organization.today(session.starts_at)
    talks = Repair.objects.filter(
        flag__episode=session.episode_id, talked_on__lt=day, released_at__isnull=False
    )
    last = talks.order_by("-talked_on", "-pk").first()
    if last is None or last.client_says:
        return None
    text = _in(language, _texts(last, session.episode.client))
    return Promise(last.uuid, text, last.wish) if text else None


def promised_in(repair: Repair, client: Client, language: str) -> str:
    """The sentence a client was given, for the staff: in their language, or in any there is."""
    texts = _texts(repair, client)
    return _in(language, texts) or next(iter(texts.values()), "")


def told_in(repair: Repair, client: Client, language: str) -> str:
    """The same for the client's own eyes: in that language or not at all."""
    return _in(language, _texts(repair, client))


def _texts(repair: Repair, client: Client) -> dict[str, str]:
    sealed = unseal(client, "promise", repair.sealed_client_text)
    texts: dict[str, str] = json.loads(sealed) if sealed else {}
    return texts


def _in(language: str, texts: Mapping[str, str]) -> str:
    return texts.get(language) or texts.get(language.split("-", maxsplit=1)[0]) or ""


def say_whether_it_happened(*, rating: Rating, promise: str, says: str) -> None:
    """Keep the client's answer on the talk it is about. The first answer stands."""
    talks = Repair.objects.filter(uuid=promise, flag__episode=rating.session.episode_id)
    talks.filter(client_says="").update(client_says=says, said_in=rating)
