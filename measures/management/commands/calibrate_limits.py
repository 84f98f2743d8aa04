"""Work out again what the trend engine is shipped with: limits and honest probabilities."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from measures import trend
from measures.management.progress import progress
from measures.trend.calibration import LIVES, SHIPPED, STEADY_PEOPLE, presets_as_text

PRESETS = Path(trend.__file__).parent / "data" / "presets.json"


class Command(BaseCommand):
    help = (
        "Work out the limits and probabilities of the trend engine's presets, and write them to "
        f"{PRESETS.name} in its folder. Needed after a change of the engine. The same engine "
        "gives the same file. Takes a minute or two; uses no database."
    )
    requires_system_checks = ()  # they are about the site, and this needs none

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check",
            action="store_true",
            help="Write nothing; fail if the file is not what the engine gives.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        total = len(SHIPPED) * (STEADY_PEOPLE + 2 * LIVES)
        with progress(self.stderr, "People made up and assessed", total) as advance:
            text = presets_as_text(advance=advance)
        if PRESETS.read_text(encoding="utf-8") == text:
            self.stdout.write("The presets are what the engine gives.")
        elif options["check"]:
            raise CommandError(
                f"{PRESETS.name} is not what the engine gives. Run calibrate_limits without "
                "--check, and the benchmarks after it."
            )
        else:
            try:
                PRESETS.write_text(text, encoding="utf-8")
            except OSError as error:
                raise CommandError(f"{PRESETS} cannot be written: {error.strerror}.") from error
            self.stdout.write(f"Written: {PRESETS.name}. Run the benchmarks before you ship it.")
