"""The help page: what was done in words, and how sure the engine is at the setting in use."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from measures.capture.parameters import PRESETS_BY_RATER, parameters_or_preset
from measures.insight.chips import CALLED, OVER, WE_DID, Chip
from measures.insight.flag_states import Step
from measures.models import Rater
from measures.trend import Sensitivity
from sessions.models import Organization

# Of the changes of the simulated clients, found within three sessions at the limits that are
# shipped, in ten: the less favorable of the two simulations in measures/trend/BENCHMARK.md.
FOUND_IN_TEN = {Sensitivity.LOW: 1, Sensitivity.STANDARD: 2, Sensitivity.HIGH: 3}

DID: tuple[tuple[Chip, str | Promise], ...] = (
    (WE_DID[Step.NOT_YET], _("Nobody has said yet that the two of them talked about it.")),
    (
        WE_DID[Step.WATCHING],
        _("It was put off, or is kept in view. On that day it is asked about again."),
    ),
    (WE_DID[Step.TALKED], _("The two of them talked. After two more ratings we look again.")),
    (
        WE_DID[Step.BACK],
        _("Two more ratings came in and nothing is lower any more. Close it, or keep watching?"),
    ),
    (
        WE_DID[Step.COMING_BACK],
        _("The last rating is in the usual range again; one alone is not enough to call it back."),
    ),
    (
        WE_DID[Step.NOT_BETTER],
        _("Two more ratings came in and it is still lower. Bring it to supervision."),
    ),
    (WE_DID[Step.OUTSIDE], _("Somebody said that it is about life outside our work.")),
    (WE_DID[Step.BETTER], _("Somebody said that it is better, or that there is no concern.")),
    (
        CALLED,
        _(
            "After a silence or a missed session somebody was reached, "
            "or a neutral message was left."
        ),
    ),
    (OVER, _("The whole episode is closed.")),
)


@dataclass(frozen=True, slots=True)
class HowSure:
    """What is known at the current sensitivity, in numbers a sentence can hold.

    alarms       ratings of steady clients, of a hundred, that raise a flag at most
    right        flags, of ten, that are a real change in the answers
    found        changes, of ten, that are found within three sessions; None where not known
    """

    alarms: float
    right: int
    found: int | None


def how_sure(organization: Organization) -> HowSure:
    """The figures of the parameters in use for clients' ratings."""
    sensitivity = Sensitivity(organization.sensitivity)
    parameters = parameters_or_preset(organization, Rater.CLIENT)
    is_preset = parameters == PRESETS_BY_RATER[Rater.CLIENT]
    return HowSure(
        alarms=100 * parameters.hazards.at(sensitivity),
        right=max(1, round(10 * parameters.right.at(sensitivity))),
        found=FOUND_IN_TEN[sensitivity] if is_preset else None,
    )


def what_we_did(today: dt.date) -> list[tuple[Chip, str | Promise]]:
    """Every second chip and what it means; a day in one is today, for example."""
    day = date_format(today, "MONTH_DAY_FORMAT")
    return [
        (replace(chip, label=str(chip.label).replace("%(date)s", day)), means)
        for chip, means in DID
    ]
