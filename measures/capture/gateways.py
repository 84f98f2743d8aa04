"""The two ways out: Django's mail, and the text message backend. Both fail with the same words."""

from __future__ import annotations

import smtplib
from typing import Protocol

from django.core.mail import get_connection

from measures.capture import sms
from measures.capture.gateway_errors import AddressRefused, NotTaken, Unreachable
from measures.capture.letters import Letter
from sessions.models import ContactChannel

PERMANENT = 500  # from here on, an SMTP code means: do not try again


class Gateway(Protocol):
    def open(self) -> None: ...
    def send(self, letter: Letter) -> str: ...
    def close(self) -> None: ...


class MailGateway:
    """A connection for each message: one that broke can then have taken no other along."""

    def __init__(self) -> None:
        self.connection = get_connection()

    def open(self) -> None:
        try:
            self.connection.open()
        except (OSError, smtplib.SMTPException) as error:
            raise Unreachable from error

    def send(self, letter: Letter) -> str:
        try:
            mail = letter.mail()
            mail.message()
        except (ValueError, UnicodeError) as error:  # a header that cannot be one
            raise NotTaken(for_now=False) from error
        try:
            self.connection.send_messages([mail])
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise _refusal(codes) from None  # the error holds the address
        except smtplib.SMTPSenderRefused as error:
            # It is ours, so it would be the same with every message.
            raise Unreachable from error
        except smtplib.SMTPDataError as error:
            raise NotTaken(for_now=error.smtp_code < PERMANENT) from error
        return letter.message_id

    def close(self) -> None:
        self.connection.close()


def _refusal(codes: list[int]) -> Exception:
    if all(code >= PERMANENT for code in codes):
        return AddressRefused()
    return NotTaken(for_now=True)


class SmsGateway:
    def __init__(self) -> None:
        self.backend: sms.SmsBackend | None = None

    def open(self) -> None:
        self.backend = sms.get_backend()
        self.backend.open()

    def send(self, letter: Letter) -> str:
        if self.backend is None:
            raise Unreachable
        return self.backend.send(letter.to, letter.text)

    def close(self) -> None:
        if self.backend is not None:
            self.backend.close()


def all_gateways() -> dict[str, Gateway]:
    return {ContactChannel.MAIL: MailGateway(), ContactChannel.SMS: SmsGateway()}
