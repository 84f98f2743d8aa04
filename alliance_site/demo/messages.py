"""The demo's messages: who agreed to them, one that is open, and one that did not arrive."""

from __future__ import annotations

import datetime as dt

from measures.capture.asking import ask_about
from measures.capture.gateway_errors import AddressRefused
from measures.capture.intake_texts import VERSION
from measures.capture.letters import Letter
from measures.capture.outbox import send_due
from sessions.agreements import agree
from sessions.models import Client, Consent, Session
from sessions.sealing import Identity, seal_identity, unseal_identity

OWN_WORDS = ("Bluebird", "", "Maple", "")


class PostOffice:
    """Takes every message and keeps none; knows nobody at mail addresses."""

    def open(self) -> None:
        """Always there."""

    def send(self, letter: Letter) -> str:
        if "@" in letter.to:
            raise AddressRefused
        return ""

    def close(self) -> None:
        """Never shut."""


def agree_to_messages(client: Client, contact_by: str, agreed_at: dt.datetime) -> None:
    """What a client said at intake. The numbers are reserved for stories, the addresses as well."""
    number = client.pk % 100
    name = unseal_identity(client).name
    email, phone = f"{client.code.lower()}@demo.example", f"+131255501{number:02}"
    client.sealed_identity = seal_identity(client, Identity(name, email, phone))
    client.contact_by = contact_by
    client.own_word = OWN_WORDS[number % len(OWN_WORDS)]
    client.save(update_fields=["sealed_identity", "contact_by", "own_word"])
    for purpose in (Consent.Purpose.ASKED, Consent.Purpose.CONTACT):
        agree(
            client=client,
            purpose=purpose,
            text_version=f"{VERSION} {client.language}",
            how="in person",
            now=agreed_at,
        )


def ask_by_message(session: Session) -> None:
    """Ask about a session as it was logged, and send the message a little later."""
    logged_at = session.starts_at + dt.timedelta(minutes=50)
    if ask_about(session=session, now=logged_at) is None:
        return
    sent_at = session.starts_at + dt.timedelta(minutes=70)
    office = PostOffice()
    gateways = {"mail": office, "sms": office}
    send_due(gateways=gateways, clock=lambda: sent_at, batch=1, stop=lambda: False)
