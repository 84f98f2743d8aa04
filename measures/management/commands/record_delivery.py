"""Take in what gateways report: messages that came back, and people who answered STOP."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from measures.capture.deliveries import Event, Report, parse_bounce, parse_line, record

HELP = """
Read reports from stdin, one to a line: "bounced" or "stopped" (or "delivered"), "mail" or "sms",
and the address, or what the gateway calls the message. With --bounce, read one delivery report as a
mail server writes it. Sending to that client's address ends, and the front desk sees it. The same
report twice does no harm; one that is about nobody here is only counted.
"""
LARGEST = 1_000_000  # bytes of a returned mail


class Command(BaseCommand):
    help = " ".join(HELP.split())

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--bounce", action="store_true", help="Read one returned mail, as a mail server pipes."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        bad: list[int] = []
        reports = _bounce() if options["bounce"] else _lines(bad)
        counts: Counter[str] = Counter()
        for report in reports:
            counts[report.event if self._take(report) else "nobody"] += 1
        self.stdout.write(
            f"Came back: {counts[Event.BOUNCED]}. Stopped: {counts[Event.STOPPED]}. "
            f"Delivered: {counts[Event.DELIVERED]}. About nobody here: {counts['nobody']}."
        )
        if bad:
            numbers = ", ".join(map(str, bad))
            raise CommandError(
                f"Not understood: line {numbers}. A line is such as: stopped sms +15555550100. "
                "The other lines were taken in."
            )

    def _take(self, report: Report) -> bool:
        return record(report, timezone.now()) > 0 or report.event == Event.DELIVERED


def _lines(bad: list[int]) -> Iterator[Report]:
    """What every line says; the numbers of those that say nothing go to `bad`."""
    for number, line in enumerate(sys.stdin, start=1):
        if line.strip():
            try:
                yield parse_line(line)
            except ValueError:
                bad.append(number)


def _bounce() -> list[Report]:
    return parse_bounce(sys.stdin.buffer.read(LARGEST))
