"""Somebody with a link and a browser, and nothing else."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.test import Client as Browser

from measures.capture.services import MadeLink
from measures.models import RatingLink, RatingRequest
from sessions.models import Episode, Session
from tests import factories

GIVEN = {"respect": "8", "understanding": "6", "goals": "skip", "note_for": "counselor"}


@dataclass(frozen=True, slots=True)
class LinkHolder:
    made: MadeLink
    browser: Browser

    @property
    def request(self) -> RatingRequest:
        return self.made.link.request

    @property
    def session(self) -> Session:
        return self.request.session

    @property
    def address(self) -> str:
        return f"/rate/{self.made.token}"

    def path(self, page: str = "") -> str:
        return f"/rate/r/{self.request.uuid}/{page}"

    def open(self) -> Any:
        """Follow the link, as a tap on it does."""
        return self.browser.get(self.address)

    def get(self, page: str = "") -> Any:
        return self.browser.get(self.path(page))

    def post(self, page: str = "questions/", **fields: Any) -> Any:
        return self.browser.post(self.path(page), fields)

    def review(self, **fields: Any) -> Any:
        return self.post(**{**GIVEN, "step": "review", **fields})

    def send(self, **fields: Any) -> Any:
        return self.post(**{**GIVEN, "step": "send", **fields})

    def decline(self) -> Any:
        return self.post("decline/", sure="yes")


def invite(
    episode: Episode,
    now: dt.datetime,
    channel: str = RatingLink.Channel.LINK,
    *,
    days_ago: float = 0,
    browser: Browser | None = None,
) -> LinkHolder:
    """Hold a session, invite the client, and hand them the link, `days_ago` days before now."""
    then = now - dt.timedelta(days=days_ago)
    session = factories.make_session(episode, then - dt.timedelta(hours=1))
    return LinkHolder(factories.invite(session, then, channel), browser or Browser())
