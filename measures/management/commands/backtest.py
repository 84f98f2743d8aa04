"""Try the trend engine on ratings of one's own, without a database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from measures.interchange.backtest import (
    WEEKLY_CLIENTS,
    Assessed,
    RaterSummary,
    assess_rows,
    check_output,
    summarize,
    write_flags,
)
from measures.interchange.rating_rows import (
    LAST_SESSION,
    RATERS,
    FileRefused,
    RatingRows,
    read_rating_rows,
)
from measures.management.progress import progress
from measures.trend import PRESETS, FlagKind, Sensitivity

HELP = f"""
Say which of your past ratings would have been flagged. No database is used or needed.

RATINGS.csv has a header that names the columns episode, session, respect, understanding and
goals, in any order; other columns are ignored. Optional: rater ({" or ".join(RATERS)}; blank or
no such column: {RATERS[0]}) and date (as 2026-11-23; checked, and not used). Ratings are 0 to 10
with a decimal point; blank is not answered. The session is its number among the sessions held in
that episode, from 1 to {LAST_SESSION:,}. A number left out is a session held and not rated: after
1, 2 comes 5 if two sessions were held without a rating, otherwise 3. Rows may stand in any order;
blank rows are skipped. The file is UTF-8.
"""
OUTPUT_HELP = """
Write a line for every row read, by episode, rater and session: what was expected, the flag, the
facets that drive it (joined by +), the number of the session it began at, the status. Empty is
what cannot be computed, or no flag. The file is written whole or not at all. An earlier output of
this command is replaced, any other file is not. Without this, only the summary is printed.
"""
HONEST = (
    "Flags in old ratings say how often you would have been asked to look, not whether a bond "
    "really weakened."
)
KINDS = {
    FlagKind.DECLINE: "decline",
    FlagKind.SHARP_DROP: "sharp drop",
    FlagKind.FACET: "one facet",
}
PER_WEEK = f"  per counselor and week, {WEEKLY_CLIENTS} clients a week"
UNKNOWN = "-"


class Command(BaseCommand):
    help = " ".join(HELP.split())
    requires_system_checks = ()  # they are about the site, and this needs none

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ratings", metavar="RATINGS.csv", type=Path)
        parser.add_argument(
            "--sensitivity",
            choices=[each.value for each in Sensitivity],
            default=Sensitivity.STANDARD.value,
            help="How readily a rating is flagged (standard).",
        )
        parser.add_argument(
            "--preset",
            choices=list(PRESETS),
            default="client",
            metavar="NAME",
            help="Whose ratings the client's are taken to be like: "
            f"{', '.join(PRESETS)} (client). The counselor's are always assessed as such.",
        )
        parser.add_argument(
            "--output", metavar="FLAGS.csv", type=Path, help=" ".join(OUTPUT_HELP.split())
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._backtest(options["ratings"], options["output"], options)
        except FileRefused as refusal:
            raise CommandError(f"{refusal}\nNothing was written.") from refusal

    def _backtest(self, source: Path, output: Path | None, options: dict[str, Any]) -> None:
        if output is not None:
            check_output(output, source)
        with progress(self.stderr, "Rows read") as advance:
            rows = read_rating_rows(source, advance=advance)
        with progress(self.stderr, "Rows assessed", len(rows)) as advance:
            assessed = assess_rows(
                rows,
                parameters={
                    "client": PRESETS[options["preset"]],
                    "counselor": PRESETS["counselor"],
                },
                sensitivity=Sensitivity(options["sensitivity"]),
                advance=advance,
            )
        if output is not None:
            with progress(self.stderr, "Rows written", len(rows)) as advance:
                write_flags(rows, assessed, output, advance=advance)
        self._report(rows, assessed, options["sensitivity"])
        if output is not None:
            self.stdout.write(f"\n{len(rows):,} rows written to {str(output)!r}.")

    def _report(self, rows: RatingRows, assessed: Assessed, sensitivity: str) -> None:
        summaries = summarize(rows, assessed)
        self.stdout.write(f"{len(rows):,} rows, {len(rows.names):,} episodes. ", ending="")
        self.stdout.write(f"Sensitivity {sensitivity}.\n\n")
        for label, cell in _lines():
            cells = "".join(f"{cell(summary):>12}" for summary in summaries)
            self.stdout.write(f"{label:<50}{cells}".rstrip())
        self.stdout.write("")
        for rater, versions in assessed.versions.items():
            self.stdout.write(f"{rater.capitalize()}: {versions}.")
        self.stdout.write(f"\n{HONEST}")


def _lines() -> list[tuple[str, Callable[[RaterSummary], str]]]:
    """The summary, line by line: what it is, and how it is told of one rater."""
    return [
        ("", lambda each: each.rater),
        ("Episodes", lambda each: f"{each.episodes:,}"),
        ("  too short to say anything", lambda each: f"{each.too_short:,}"),
        ("Ratings", lambda each: f"{each.ratings:,}"),
        ("  with too few answers for a score", lambda each: f"{each.without_score:,}"),
        ("Sessions held and not rated", lambda each: f"{each.unrated:,}"),
        ("", lambda _: ""),
        ("Flagged ratings", lambda each: f"{each.flagged:,}"),
        *((f"  {label}", _kind(kind)) for kind, label in KINDS.items()),
        ("  per 100 ratings", lambda each: _number(each.per_100(each.flagged))),
        (PER_WEEK, lambda each: _number(each.per_week(each.flagged))),
        ("Episodes flagged at least once", lambda each: f"{each.episodes_flagged:,}"),
        ("  share of all episodes", lambda each: _share(each.share_flagged)),
        ("", lambda _: ""),
        ("Runs of flagged ratings, one after the other", lambda each: f"{each.runs:,}"),
        ("  per 100 ratings", lambda each: _number(each.per_100(each.runs))),
        (PER_WEEK, lambda each: _number(each.per_week(each.runs))),
        ("  ratings in the longest", lambda each: f"{each.longest_run:,}"),
        ("Repairs: back to usual after a flag", lambda each: f"{each.repairs:,}"),
    ]


def _kind(kind: FlagKind) -> Callable[[RaterSummary], str]:
    return lambda each: f"{each.kinds[kind]:,}"


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.2f}"


def _share(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.0%}"
