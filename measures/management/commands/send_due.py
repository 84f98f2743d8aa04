"""Send the messages that are due: invitations and reminders, by mail and by text message."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentTypeError
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import close_old_connections
from django.utils import timezone

from measures.capture.gateways import all_gateways
from measures.capture.outbox import Sent, send_due, would_send
from measures.insight.daily_mail import Mailed, mail_what_waits, would_mail
from measures.models import Message
from sessions.models import ContactChannel

HELP = """
Send the messages that are due, each at most once, and say how many. Run it every minute or so from
cron or a systemd timer, or let it stay with --loop; several at once, on several machines, do no
harm. On working days it also mails whoever on the staff has something waiting, at most once a day.
Names, addresses and texts are never printed.
"""
BATCH = 500
EVERY = 60
NO_URL = (
    "ALLIANCE_URL is not set, so that links would lead nowhere. Set it to the address people "
    "reach this at, such as https://oak.example. Nothing was sent."
)
DOWN = {
    ContactChannel.MAIL: "The mail gateway cannot be reached, or takes no mail: see EMAIL_URL.",
    ContactChannel.SMS: (
        "The gateway for text messages cannot be reached, or none is set: see ALLIANCE_SMS_BACKEND."
    ),
}
THEY_WAIT = "Its messages wait, and the next run tries again."
Status = Message.Status


class Command(BaseCommand):
    help = " ".join(HELP.split())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.told_to_stop = threading.Event()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="Say what would be sent, and send nothing."
        )
        parser.add_argument("--loop", action="store_true", help="Stay, and look again and again.")
        parser.add_argument(
            "--every",
            type=_positive,
            default=EVERY,
            metavar="SECONDS",
            help=f"How long to wait in between, with --loop ({EVERY}).",
        )
        parser.add_argument(
            "--batch",
            type=_positive,
            default=BATCH,
            metavar="N",
            help=f"Messages a run looks at, at most ({BATCH}).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.ALLIANCE_URL:
            raise CommandError(NO_URL)
        if options["dry_run"]:
            now = timezone.now()
            self._say("Would be sent", would_send(now, options["batch"]))
            self._say_to_staff(Mailed(sent=would_mail(now)))
        elif options["loop"]:
            self._loop(options["every"], options["batch"])
        elif down := self._once(options["batch"]):
            raise CommandError(" ".join([*down, THEY_WAIT]))

    def _once(self, batch: int) -> list[str]:
        """One run; what to say of the gateways that were not there."""
        sent = send_due(
            gateways=all_gateways(),
            clock=timezone.now,
            batch=batch,
            stop=self.told_to_stop.is_set,
        )
        self._say("Sent", sent)
        mailed = mail_what_waits(
            gateway=all_gateways()[ContactChannel.MAIL],
            clock=timezone.now,
            stop=self.told_to_stop.is_set,
        )
        self._say_to_staff(mailed)
        if mailed.is_down:
            sent.down.add(ContactChannel.MAIL)
        return [DOWN[ContactChannel(channel)] for channel in sorted(sent.down)]

    def _loop(self, every: int, batch: int) -> None:
        """Until somebody says stop; the message in hand is finished first."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self.told_to_stop.set())
        while not self.told_to_stop.is_set():
            for sentence in self._once(batch):
                self.stderr.write(f"{sentence} {THEY_WAIT}")
            close_old_connections()
            self.told_to_stop.wait(every)

    def _say_to_staff(self, mailed: Mailed) -> None:
        self.stdout.write(f"To the staff: {mailed.sent}. Failed: {mailed.failed}.")

    def _say(self, what: str, sent: Sent) -> None:
        counts = sent.counts
        mails, texts = (sent.by_channel[each] for each in ContactChannel)
        self.stdout.write(
            f"{what}: {counts[Status.SENT]} (mail {mails}, text messages {texts}). "
            f"Later: {counts[Status.WAITING]}. Not needed any more: {counts[Status.SKIPPED]}. "
            f"Failed: {counts[Status.FAILED]}. May not have arrived: {counts[Status.UNSURE]}."
        )


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)
