"""Let the engine go by what is usual in one organization."""

from __future__ import annotations

import math
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from measures.capture.fitting import Fit, Fitted, closed_ratings, fit_closed
from measures.capture.parameters import (
    PRESETS_BY_RATER,
    BrokenParameterSet,
    VersionTaken,
    parameters_of,
    return_to_preset,
    store_parameters,
    version_of,
)
from measures.management.organizations import find_organization
from measures.management.progress import progress
from measures.models import Rater
from measures.trend import Parameters, Sensitivity
from measures.trend.calibration import LIVES, STEADY_PEOPLE
from measures.trend.fitting import (
    FEWEST_EPISODES,
    FEWEST_RATINGS,
    MOST_STEPS,
    TooFewEpisodes,
    fit_parameters,
)
from sessions.models import Organization
from sessions.wall import transaction_of

HELP = f"""
Work out from an organization's own closed episodes what is usual there: how high ratings begin, how
they rise, and how much evidence a flag then takes. It needs {FEWEST_EPISODES} closed episodes
with {FEWEST_RATINGS} or more ratings, and about a minute. Only ratings are read, no names or
notes. New ratings are then held against it; stored assessments are unchanged until `reassess`.
"""
STEPS = MOST_STEPS + STEADY_PEOPLE + 2 * LIVES
RISE_BY = 10  # session number
LIMITS_SHOWN = (5, 10, 20)  # session numbers


class Command(BaseCommand):
    help = " ".join(HELP.split())

    def __init__(self, *args: Any, fit: Fit = fit_parameters, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fit = fit

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organization", help="The organization's name.")
        parser.add_argument(
            "--rater",
            choices=Rater.values,
            default=Rater.CLIENT.value,
            help="Whose ratings: each rater has parameters of their own (client).",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="Say what would be stored, and store nothing."
        )
        parser.add_argument(
            "--use-preset",
            action="store_true",
            help="Fit nothing: go back to the parameters that come with the software.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        organization = find_organization(options["organization"])
        if options["use_preset"]:
            self._use_preset(organization, options["rater"], dry_run=options["dry_run"])
        else:
            self._fit(organization, options["rater"], dry_run=options["dry_run"])

    # ---- fitting ----

    def _fit(self, organization: Organization, rater: str, *, dry_run: bool) -> None:
        fitted = self._fitted(organization, rater)
        self._compare(organization, rater, fitted)
        if dry_run:
            self.stdout.write("Nothing was stored.")
            return
        try:
            store_parameters(
                organization=organization,
                rater=rater,
                parameters=fitted.parameters,
                episodes=fitted.episodes,
                now=timezone.now(),
            )
        except VersionTaken as error:
            raise CommandError(
                f"{fitted.parameters.version} was stored by somebody else in the meantime. "
                "Nothing was stored; run it again."
            ) from error
        self.stdout.write(f"Stored, and in use for ratings by the {rater} from now on.")
        self.stdout.write(_until_reassess(organization))

    def _fitted(self, organization: Organization, rater: str) -> Fitted:
        with progress(self.stderr, "Closed episodes read") as advance:
            ratings = closed_ratings(organization, rater, advance=advance)
        try:
            with progress(self.stderr, "Fitting", STEPS) as advance:
                return fit_closed(
                    ratings,
                    organization=organization,
                    rater=rater,
                    now=timezone.now(),
                    advance=advance,
                    fit=self.fit,
                )
        except TooFewEpisodes as refusal:
            raise CommandError(
                f"{organization} has {refusal.usable} closed episodes with {FEWEST_RATINGS} or "
                f"more ratings by the {rater}; {FEWEST_EPISODES} are needed. Nothing was stored."
            ) from refusal

    # ---- what it says ----

    def _compare(self, organization: Organization, rater: str, fitted: Fitted) -> None:
        before = self._in_use(organization, rater)
        sensitivity = Sensitivity(organization.sensitivity)
        self.stdout.write(
            f"{organization}, ratings by the {rater}: fitted to {fitted.episodes:,} closed "
            f"episodes with {FEWEST_RATINGS} or more ratings.\n"
            f"Before: {before.version}. After: {fitted.parameters.version}.\n"
        )
        self.stdout.write(f"{'':<66}{'before':>10}{'after':>10}")
        numbers = zip(
            _numbers(before, sensitivity), _numbers(fitted.parameters, sensitivity), strict=True
        )
        for (label, old), (_, new) in numbers:
            self.stdout.write(f"{label:<66}{old:>10.2f}{new:>10.2f}")
        self.stdout.write("")

    def _in_use(self, organization: Organization, rater: str) -> Parameters:
        try:
            with transaction_of(organization.pk):
                return parameters_of(organization, rater)
        except BrokenParameterSet as broken:
            preset = PRESETS_BY_RATER[rater]
            self.stderr.write(f"{broken} Compared with the preset {preset.version} instead.")
            return preset

    # ---- the way back ----

    def _use_preset(self, organization: Organization, rater: str, *, dry_run: bool) -> None:
        preset = PRESETS_BY_RATER[rater].version
        with transaction_of(organization.pk):
            before = version_of(organization, rater)
        if before == preset:
            self.stdout.write(f"The preset {preset} is in use already. Nothing was stored.")
        elif dry_run:
            self.stdout.write(f"{before} would give way to {preset}. Nothing was stored.")
        else:
            return_to_preset(organization=organization, rater=rater, now=timezone.now())
            self.stdout.write(f"{before} gave way to {preset} for ratings by the {rater}.")
            self.stdout.write(_until_reassess(organization))


def _until_reassess(organization: Organization) -> str:
    return (
        "Stored assessments are unchanged until: "
        f'manage.py reassess --organization "{organization}"'
    )


def _numbers(parameters: Parameters, sensitivity: Sensitivity) -> list[tuple[str, float]]:
    """What a clinical lead can make something of, in this order."""
    people = parameters.population
    limits = parameters.limits.at(sensitivity, max(LIMITS_SHOWN))
    return [
        ("First session, mean of all clients (points, 0-10)", people.mean),
        ("Rise by session 10, mean of all clients (points)", people.growth * math.log(RISE_BY)),
        ("What one session carries over to the next (correlation)", people.carry_over),
        (
            f"First flags in 100 sessions of steady clients, aimed at ({sensitivity})",
            100 * parameters.hazards.at(sensitivity),
        ),
        *(
            (
                f"Evidence it takes for a flag in session {number} ({sensitivity})",
                limits[number - 1],
            )
            for number in LIMITS_SHOWN
        ),
    ]
