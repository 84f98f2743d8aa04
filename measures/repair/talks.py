"""What came of a flag: the talk, what the client may read of it, and whether it happened."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction

from measures.models import Flag, Rating, Repair
from measures.repair.flags import record_event
from sessions.models import Client, Membership, Session
from sessions.sealing import seal, unseal


class AlreadySaid(Exception):
    """The client has answered about this talk; what they answered about stays as it was."""


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
    languages only. `wish` is the tap it answers. A flag has one talk on record: recording again
    replaces what the client has not answered yet, and raises AlreadySaid afterwards.
    """
    texts = {language: text for language, text in (client_text or {}).items() if text}
    client = flag.episode.client
    with transaction.atomic():
        flag = Flag.objects.select_for_update().get(pk=flag.pk)
        earlier = Repair.objects.filter(flag=flag).first()
        if earlier is not None and earlier.client_says:
            raise AlreadySaid
        repair, _ = Repair.objects.update_or_create(
            flag=flag,
            defaults={
                "organization_id": flag.organization_id,
                "talked_on": talked_on,
                "sealed_agreed": seal(client, "agreed", agreed),
                "wish": wish,
                "sealed_client_text": seal(client, "promise", json.dumps(texts) if texts else ""),
                "released_at": now if texts else None,
            },
        )
        if flag.state == Flag.State.NEW:
            record_event(
                flag, Flag.State.TALKED, now=now, reason="talked", from_state=flag.state, by=by
            )
            flag.state = Flag.State.TALKED
            flag.save(update_fields=["state"])
    return repair


def open_promise(*, session: Session, language: str) -> Promise | None:
    """What to ask about at this session: the last talk before it, while it has no answer.

    None where nothing was released in that language.
    """
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
