"""Keys for what a client's own device keeps of an unfinished form.

So that a lost connection or a closed tab costs nobody their answers, `static/js/rate.js` keeps
them in the browser: for 30 minutes, and longer only while a sending is unfinished. It keeps them
sealed. The keys are derived here and go only to whoever holds the link, those for drafts only
while their half hours are recent: what is left behind on a shared phone opens for nobody later,
even where no page of ours ever came by to erase it.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
from dataclasses import dataclass

from django.utils.crypto import salted_hmac

from measures.models import RatingRequest

SALT = "measures.capture.drafts"
KEPT = dt.timedelta(minutes=30)
# A page may stay open for a while before the last answer is entered on it.
RECENT = 3


@dataclass(frozen=True, slots=True)
class Keeping:
    """What the script needs to keep a draft: `keys` as JSON, and the time there is to send.

    `seconds` is what is left until the request ends: nothing unsent is kept beyond that and the
    minutes in which the server still tells what it stored.
    """

    keys: str
    seconds: int


def keeping_for(request: RatingRequest, now: dt.datetime) -> Keeping:
    """What a page hands to the script where the device is the client's own."""
    seconds = int((request.expires_at - now).total_seconds())
    return Keeping(json.dumps(draft_keys(request, now)), max(seconds, 0))


def draft_keys(request: RatingRequest, now: dt.datetime) -> dict[str, str]:
    """AES keys in base64 by name: "unsent", and the half hours of now and just before.

    The first half hour is the current one: new drafts are sealed with it.
    """
    current = int(now.timestamp() // KEPT.total_seconds())
    half_hours = [f"h{current - back}" for back in range(RECENT)]
    return {name: _key(request, name) for name in ["unsent", *half_hours]}


def _key(request: RatingRequest, name: str) -> str:
    digest = salted_hmac(SALT, f"{request.uuid}:{name}", algorithm="sha256").digest()
    return base64.b64encode(digest).decode("ascii")
