"""Text messages: what a gateway has to look like, and two that are no gateway at all.

ALLIANCE_SMS_BACKEND names the class, as EMAIL_BACKEND does for mail. To write one for a gateway,
inherit from `SmsBackend` and write `send`; `open` and `close` surround each message.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string

from measures.capture.gateway_errors import Unreachable


class SmsBackend:
    def open(self) -> None:
        """Reach the gateway. Raises Unreachable, and then no message is lost."""

    def send(self, to: str, text: str) -> str:
        """Hand one message over. `to` is a number such as +13125550142, `text` may need several
        parts outside the GSM alphabet. Returns the gateway's name for it, which delivery reports
        use, or "".

        Raises AddressRefused where nothing will ever arrive at that number, NotTaken where the
        gateway did not take this message, Unreachable where it took nothing at all. Any other error
        leaves the message "unsure", since it may have gone out, and it is not sent again.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Leave the gateway. Called after every message, sent or not."""


@dataclass(frozen=True, slots=True)
class Text:
    to: str
    text: str


class ConsoleBackend(SmsBackend):
    """Writes to the terminal: for the demo and for trying things, never for real numbers."""

    def send(self, to: str, text: str) -> str:
        sys.stdout.write(f"\nText message to {to}\n{text}\n")
        sys.stdout.flush()
        return ""


outbox: list[Text] = []


class MemoryBackend(SmsBackend):
    """Keeps what was sent in `outbox`: for tests."""

    def send(self, to: str, text: str) -> str:
        outbox.append(Text(to, text))
        return f"memory-{len(outbox)}"


def get_backend() -> SmsBackend:
    """The backend of the settings. Raises Unreachable where there is none."""
    if not settings.ALLIANCE_SMS_BACKEND:
        raise Unreachable
    backend: SmsBackend = import_string(settings.ALLIANCE_SMS_BACKEND)()
    return backend
