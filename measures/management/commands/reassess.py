"""Bring stored assessments up to the engine, the parameters and the sensitivity of today."""

from __future__ import annotations

import sys
from argparse import ArgumentTypeError
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from measures.capture.parameters import BrokenParameterSet
from measures.capture.rating_tables import BATCH
from measures.capture.reassessing import Changes, current_parameters, reassess
from measures.management.organizations import find_organization
from measures.management.progress import progress
from measures.models import Assessment
from measures.trend import ENGINE
from sessions.models import Episode, Organization

HELP = """
Assess every episode anew, open or closed, whose assessments are missing, failed, or come from
another engine, other parameters or another sensitivity than today's. First it says what would
change, and asks. Every episode is done in a moment of its own while people go on working; a run
that was interrupted goes on where it ended. Flags follow as after any rating; no mail is sent.
"""
NOBODY_HERE = (
    "There is no terminal to ask on. Nothing was written: use --dry-run to see what would "
    "change, or --yes to write without being asked."
)
INTERRUPTED = "Interrupted. What was done until now stands; the same command does the rest."
FAILED = "What the engine failed on is in the log. What was stored there stands; run it again."
LARGEST_BATCH = 5_000  # SQLite takes some 30,000 values in a query
STATUSES = dict(Assessment.Status.choices)


class Command(BaseCommand):
    help = " ".join(HELP.split())

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--organization", metavar="NAME", help="Only this one (all).")
        parser.add_argument(
            "--dry-run", action="store_true", help="Say what would change, and write nothing."
        )
        parser.add_argument("--yes", action="store_true", help="Write without being asked.")
        parser.add_argument(
            "--batch",
            type=_batch_size,
            default=BATCH,
            metavar="N",
            help=f"Episodes looked at together ({BATCH}).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        is_certain = options["dry_run"] or options["yes"]
        if not is_certain and not sys.stdin.isatty():
            raise CommandError(NOBODY_HERE)
        organizations = _organizations(options["organization"])
        self._say_standards(organizations)
        planned = self._run(organizations, options["batch"], dry_run=True)
        self._report("What would change", planned)
        if not planned.stale:
            self.stdout.write("All of it is up to date. Nothing was written.")
        elif options["dry_run"] or not (options["yes"] or _agreed()):
            self.stdout.write("Nothing was written.")
        else:
            self._write(organizations, options["batch"])

    def _write(self, organizations: Sequence[Organization], batch: int) -> None:
        try:
            done = self._run(organizations, batch, dry_run=False)
        except KeyboardInterrupt as error:
            raise CommandError(INTERRUPTED) from error
        self._report("What changed", done)

    def _say_standards(self, organizations: Sequence[Organization]) -> None:
        """Say what assessments are held to, before any is touched: all of it must be readable."""
        self.stdout.write(f"Engine: {ENGINE}.")
        for organization in organizations:
            try:
                by_rater = current_parameters(organization)
            except BrokenParameterSet as broken:
                raise CommandError(
                    f"{organization}: {broken} Nothing was written. The way back: manage.py "
                    f'fit_population "{organization}" --rater {broken.stored.rater} --use-preset'
                ) from broken
            versions = " and ".join(each.version for each in by_rater.values())
            sensitivity = organization.sensitivity
            self.stdout.write(f"{organization}: {versions}, sensitivity {sensitivity}.")
        self.stdout.write("")

    def _run(self, organizations: Sequence[Organization], batch: int, *, dry_run: bool) -> Changes:
        total = Episode.objects.filter(organization__in=organizations).count()
        changes = Changes()
        doing = "Episodes looked at" if dry_run else "Episodes done"
        with progress(self.stderr, doing, total) as advance:
            for organization in organizations:
                changes.add(
                    reassess(
                        organization=organization,
                        clock=timezone.now,
                        dry_run=dry_run,
                        batch=batch,
                        advance=advance,
                    )
                )
        return changes

    def _report(self, title: str, changes: Changes) -> None:
        self.stdout.write(f"{title}:")
        for label, count in _lines(changes):
            self.stdout.write(f"  {label:<54}{count:>10,}")
        self.stdout.write("")
        if changes.not_computed:
            self.stderr.write(FAILED)


def _batch_size(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= LARGEST_BATCH:
        raise ArgumentTypeError(f"{text!r} is not a whole number from 1 to {LARGEST_BATCH:,}")
    return int(text)


def _organizations(name: str | None) -> list[Organization]:
    return list(Organization.objects.order_by("pk")) if name is None else [find_organization(name)]


def _agreed() -> bool:
    return input("Write this? [y/N] ").strip().lower() in {"y", "yes"}


def _lines(changes: Changes) -> list[tuple[str, int]]:
    return [
        ("Episodes", changes.episodes),
        ("  assessed anew", changes.stale),
        ("  where the engine failed", changes.not_computed),
        ("Assessments rewritten or added", changes.rewritten),
        ("  with another status", changes.statuses.total()),
        *(
            (f"    {STATUSES[before]} → {STATUSES[after]}", count)
            for (before, after), count in changes.statuses.most_common()
        ),
        ("Flags raised", changes.raised),
        ("Flags withdrawn", changes.withdrawn),
        ("Flags that stay open", changes.kept),
    ]
